//! All that the dashboard knows.

mod mode;

use std::borrow::Cow;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::active_filter::ActiveFilter;
use super::columns::{ContentWidths, ListColumn};
use super::detail::Detail;
use super::diff::{DiffView, Volatile};
use super::filter_prompt::{FilterHistory, SeenValues};
use super::keymap::{KeyContext, Keymap};
use super::layout::{Arrangement, Focus, Size};
use super::list::List;
use super::notice::Notice;
use super::rate::Rate;
use super::removals::Removals;
use super::resend::ResendState;
use super::routing::{PublicAddress, Routing};
use super::style::{StyledLine, is_plain_name, masked};
use super::tab::{Tab, TabContent};
use crate::delivery::DeliveryId;

pub use mode::{Confirm, Menu, Mode, OpenPrompt, PromptComment};

/// A text over the panes, and its first line on the screen.
#[derive(Debug, Clone)]
pub struct HelpPage {
    pub title: String,
    pub lines: Vec<StyledLine>,
    pub top: usize,
}

impl HelpPage {
    /// Lines on a screen of this width in columns.
    pub fn shown(&self, width: usize) -> Vec<StyledLine> {
        const INDENT: usize = 25;
        self.lines.iter().flat_map(|line| line.clone().wrap(width, INDENT)).collect()
    }
}

/// Introduction to the demo, shown until the first key.
const DEMO: &str =
    "Demo: signed samples, some tampered with. b next failure · 3 why · r resend · ? keys · q quit";

/// What stays the same from start to end.
#[derive(Debug, Clone)]
pub struct Session {
    /// URL to send to, e.g. `http://127.0.0.1:4400`.
    pub url: String,
    /// The provider as it writes its name.
    pub provider: String,
    /// The variable to set where no secret is configured.
    pub secret_env: String,
    /// Names of the configured secrets, the current one first.
    pub secrets: Vec<String>,
    pub forward: Option<String>,
    /// Where deliveries are kept, in words.
    pub keeps: String,
    /// Whether samples arrive by themselves.
    pub demo: bool,
    /// The certificate of a target is not checked.
    pub insecure: bool,
}

/// What the user set up for the dashboard.
#[derive(Debug, Clone, Default)]
pub struct Preferences {
    pub keymap: Keymap,
    /// Names and filters of saved views.
    pub views: Vec<(String, String)>,
    /// What is muted where deliveries are compared.
    pub volatile: Volatile,
    /// The columns of the list; nothing for the usual ones.
    pub columns: Vec<ListColumn>,
}

/// All that there is to draw.
#[derive(Debug)]
pub struct Model {
    pub session: Session,
    pub keymap: Keymap,
    /// Names and filters of saved views.
    pub views: Vec<(String, String)>,
    pub columns: Vec<ListColumn>,
    /// Widths of the cells that have been on the screen.
    pub content: ContentWidths,
    pub size: Size,
    pub now: Timestamp,
    pub zone: TimeZone,
    pub list: List,
    pub search: ActiveFilter,
    pub detail: Detail,
    pub comparing: DiffView,
    pub mode: Mode,
    pub focus: Focus,
    pub arrangement: Arrangement,
    pub rate: Rate,
    pub(super) seen: SeenValues,
    pub(super) history: FilterHistory,
    pub removals: Removals,
    /// The newest delivery so far. Later ones are arrivals; earlier ones were read or restored.
    pub(super) newest: Option<DeliveryId>,
    pub(super) notice: Option<(Notice, Timestamp)>,
    /// Why the store cannot take deliveries.
    pub trouble: Option<String>,
    /// Where the last resend went.
    pub(super) target: Option<String>,
    pub sendings: ResendState,
    pub routing: Routing,
    /// How many searches in documents there were.
    pub(super) searches: u64,
    pub(super) flags: Flags,
    /// Start of a range of deliveries to mark.
    pub range: Option<DeliveryId>,
    pub(super) pending: Option<PendingCount>,
}

/// Digits typed in front of a movement.
#[derive(Debug, Clone, Copy)]
pub(super) struct PendingCount {
    pub(super) count: usize,
    /// Tab from before the first digit.
    pub(super) tab: Tab,
    pub(super) at: Timestamp,
}

/// What is on or off.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "things that are on or off by themselves")]
pub(super) struct Flags {
    pub(super) masked: bool,
    /// Rows that are too wide are broken.
    pub(super) wrapped: bool,
    pub(super) mouse_released: bool,
    /// The divider between the panes is being moved.
    pub(super) dragging: bool,
    /// What is copied next has its signature with it.
    pub(super) copy_signed: bool,
    pub(super) done: bool,
}

impl Model {
    pub fn new(
        session: Session,
        preferences: Preferences,
        size: Size,
        (now, zone): (Timestamp, TimeZone),
    ) -> Self {
        let target = session.forward.clone();
        let notice = session.demo.then(|| {
            let until = now.saturating_add(SignedDuration::from_mins(1)).unwrap_or(now);
            (Notice::info(DEMO), until)
        });
        let Preferences { keymap, views, columns, volatile: _ } = preferences;
        let columns = if columns.is_empty() { ListColumn::USUAL.to_vec() } else { columns };
        Self {
            session,
            keymap,
            views,
            columns,
            content: ContentWidths::default(),
            size,
            now,
            zone,
            list: List::default(),
            search: ActiveFilter::default(),
            detail: Detail::default(),
            comparing: DiffView::default(),
            mode: Mode::default(),
            focus: Focus::default(),
            arrangement: Arrangement::default(),
            rate: Rate::default(),
            seen: SeenValues::default(),
            history: FilterHistory::default(),
            removals: Removals::default(),
            newest: None,
            notice,
            trouble: None,
            target,
            sendings: ResendState::default(),
            routing: Routing::default(),
            searches: 0,
            flags: Flags::default(),
            range: None,
            pending: None,
        }
    }

    /// Where a key is looked up, nearest first.
    pub fn contexts(&self) -> &'static [KeyContext] {
        match (&self.mode, self.focus) {
            (Mode::Browse, Focus::List) => &[KeyContext::List, KeyContext::Anywhere],
            (Mode::Browse, Focus::Detail) => match self.detail.tab.content() {
                TabContent::Document => {
                    &[KeyContext::Document, KeyContext::Detail, KeyContext::Anywhere]
                }
                TabContent::Diff => &[KeyContext::Diff, KeyContext::Detail, KeyContext::Anywhere],
                TabContent::Lines => &[KeyContext::Detail, KeyContext::Anywhere],
            },
            (Mode::Menu(menu), _) => menu.contexts,
            (Mode::Prompt(prompt), _) => prompt.contexts(),
            (Mode::Palette(_), _) => &[KeyContext::Palette, KeyContext::Prompt],
            (Mode::Confirm(_), _) => &[KeyContext::Confirm],
            (Mode::Page(_), _) => &[KeyContext::Help],
            (Mode::Answers(_), _) => &[KeyContext::Answers],
            (Mode::Address, _) => &[KeyContext::Address],
        }
    }

    pub fn is_done(&self) -> bool {
        self.flags.done
    }

    /// Whether values are masked, for a screen that others see.
    pub fn is_masked(&self) -> bool {
        self.flags.masked
    }

    /// Returns a value of a delivery as the screen may show it: masked in privacy mode.
    pub fn shown_value<'t>(&self, value: &'t str) -> Cow<'t, str> {
        if self.is_masked() { masked(value).into() } else { value.into() }
    }

    /// Returns a name that a sender chose, such as an event type. In privacy mode, it is masked unless
    /// it is made of plain words.
    pub fn shown_name<'t>(&self, name: &'t str) -> Cow<'t, str> {
        if is_plain_name(name) { name.into() } else { self.shown_value(name) }
    }

    /// The URL that senders are given: the public one, or else the listener's own.
    pub fn address(&self) -> &str {
        match &self.routing.public {
            PublicAddress::Up(url) => url,
            PublicAddress::None | PublicAddress::Starting | PublicAddress::Failed(_) => {
                &self.session.url
            }
        }
    }

    /// Whether what is copied next has its signature with it.
    pub fn copies_signed(&self) -> bool {
        self.flags.copy_signed
    }

    pub fn is_mouse_released(&self) -> bool {
        self.flags.mouse_released
    }

    pub fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref().map(|(notice, _)| notice)
    }
}
