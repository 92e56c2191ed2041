//! State of the dashboard.

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
use super::palette::PaletteOffers;
use super::rate::Rate;
use super::removals::Removals;
use super::resend::ResendState;
use super::routing::{PublicAddress, Routing, RoutingChoice};
use super::style::{StyleClass, StyledLine, StyledSpan, is_plain_name, masked};
use super::tab::{Tab, TabContent};
use super::theme::Theme;
use crate::delivery::DeliveryId;

pub(super) use mode::{Confirm, Menu, OpenPrompt};
pub use mode::{Mode, PromptComment};

/// Text over the panes, below a line with its title and position.
#[derive(Debug, Clone)]
pub struct HelpPage {
    pub title: String,
    /// Every line of the page.
    pub(super) all: Vec<StyledLine>,
    pub lines: Vec<StyledLine>,
    /// First line on the screen.
    pub top: usize,
    /// Columns by which the rest of a wrapped line is indented.
    pub indent: usize,
    /// Minimum width of a column of text, if a wide screen has several.
    pub column: Option<usize>,
}

/// Part of a page on the screen.
#[derive(Debug)]
pub struct ShownPage {
    /// Title and position.
    pub head: StyledLine,
    /// Lines of each column, from left to right.
    pub columns: Vec<Vec<StyledLine>>,
    /// Width of a column with the gap after it.
    pub width: usize,
}

impl HelpPage {
    pub fn new(title: impl Into<String>, lines: Vec<StyledLine>) -> Self {
        let all = lines.clone();
        Self { title: title.into(), all, lines, top: 0, indent: 0, column: None }
    }

    /// Returns the number of columns on a screen of this width.
    pub fn columns(&self, width: usize) -> usize {
        self.column.map_or(1, |least| width / least.max(1)).clamp(1, 3)
    }

    fn wrapped(&self, width: usize) -> Vec<StyledLine> {
        let column = (width / self.columns(width)).saturating_sub(2);
        self.lines.iter().flat_map(|line| line.clone().wrap(column, self.indent)).collect()
    }

    /// Clamps the first line so that the text fills the screen.
    pub fn settle(&mut self, width: usize, height: usize) {
        let shown = height.saturating_sub(1) * self.columns(width);
        self.top = self.top.min(self.wrapped(width).len().saturating_sub(shown));
    }

    /// Returns the part of the page on a screen of this size, read column by column.
    pub fn shown(&self, width: usize, height: usize) -> ShownPage {
        let (lines, height) = (self.wrapped(width), height.saturating_sub(1).max(1));
        let columns = self.columns(width);
        let last = (self.top + height * columns).min(lines.len());
        let mut head = StyledLine::new(StyleClass::Strong, &self.title);
        if height * columns < lines.len() {
            let position = format!("  {} to {last} of {}", self.top + 1, lines.len());
            head = head.with(StyleClass::Dim, position);
        }
        let parts = lines.get(self.top..last).unwrap_or_default().chunks(height);
        let columns = parts.map(<[StyledLine]>::to_vec).collect();
        ShownPage { head, columns, width: width / self.columns(width) }
    }

    /// Returns the page with all its lines.
    #[must_use]
    pub fn whole(&self) -> Self {
        Self { lines: self.all.clone(), top: 0, ..self.clone() }
    }

    /// Returns the page with only the lines that contain every word of a text, below their
    /// headings.
    #[must_use]
    pub fn matching(&self, text: &str) -> Self {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let is_match = |line: &StyledLine| {
            let shown: String = line.spans().iter().map(StyledSpan::text).collect();
            let shown = shown.to_lowercase();
            words.iter().all(|word| shown.contains(word))
        };
        let mut lines = Vec::new();
        for section in self.all.split(|line| line.width() == 0) {
            let Some((heading, entries)) = section.split_first() else { continue };
            let found: Vec<StyledLine> =
                entries.iter().filter(|line| is_match(line)).cloned().collect();
            if is_match(heading) && !words.is_empty() {
                lines.extend(section.iter().cloned());
            } else if !found.is_empty() {
                lines.push(heading.clone());
                lines.extend(found);
            } else {
                continue;
            }
            lines.push(StyledLine::default());
        }
        Self { lines, top: 0, ..self.clone() }
    }
}

/// Introduction to the demo, shown until the first key.
const DEMO: &str =
    "Demo: signed samples, some tampered with. b next failure · 3 why · r resend · ? keys · q quit";

/// Facts that do not change while the dashboard runs.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// URL to send to, e.g. `http://127.0.0.1:4400`.
    pub url: String,
    /// The provider as it writes its name.
    pub provider: String,
    /// Environment variable to set if no secret is configured.
    pub secret_env: String,
    /// Names of the configured secrets, the current one first.
    pub secrets: Vec<String>,
    pub forward: Option<String>,
    /// Location of the store, for display.
    pub keeps: String,
    /// Set for the demo, in which samples arrive by themselves.
    pub demo: bool,
    /// Set if the certificate of a target is not checked.
    pub insecure: bool,
    /// Filter at startup.
    pub filter: String,
}

/// The user's settings for the dashboard.
#[derive(Debug, Clone, Default)]
pub struct Preferences {
    pub keymap: Keymap,
    /// Names and filters of saved views.
    pub views: Vec<(String, String)>,
    /// Values ignored in comparisons.
    pub volatile: Volatile,
    /// Columns of the list; empty for the default ones.
    pub columns: Vec<ListColumn>,
    /// The user's own themes by name.
    pub themes: Vec<(String, Theme)>,
    pub arrangement: Arrangement,
}

/// Everything that is drawn.
#[derive(Debug)]
pub struct Model {
    pub session: Session,
    pub keymap: Keymap,
    /// Names and filters of saved views.
    pub views: Vec<(String, String)>,
    pub columns: Vec<ListColumn>,
    /// All themes by name.
    pub themes: Vec<(String, Theme)>,
    /// Theme chosen in the palette.
    pub theme: Option<Theme>,
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
    /// Reason why the store cannot save deliveries.
    pub trouble: Option<String>,
    /// Target of the last resend.
    pub(super) target: Option<String>,
    pub sendings: ResendState,
    pub routing: Routing,
    /// Number of searches in documents so far.
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

/// Settings that are on or off.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub(super) struct Flags {
    pub(super) masked: bool,
    /// Wrap rows that are too wide.
    pub(super) wrapped: bool,
    pub(super) mouse_released: bool,
    /// Set while the divider between the panes is being moved.
    pub(super) dragging: bool,
    /// The next copy includes its signature.
    pub(super) copy_signed: bool,
    pub(super) done: bool,
}

impl Model {
    /// Shows rules and paused requests, with the selected delivery chosen if it is paused.
    pub(super) fn show_responses(&mut self) {
        let selected = self.list.selected().map(|row| RoutingChoice::Held(row.id));
        let choices = self.routing.choices();
        let chosen = choices.iter().position(|choice| Some(*choice) == selected);
        self.mode = Mode::Answers(chosen.unwrap_or(0));
    }

    pub fn new(
        session: Session,
        preferences: Preferences,
        size: Size,
        now: Timestamp,
        zone: TimeZone,
    ) -> Self {
        let target = session.forward.clone();
        let notice = session.demo.then(|| {
            let until = now.saturating_add(SignedDuration::from_mins(1)).unwrap_or(now);
            (Notice::info(DEMO), until)
        });
        let filter = session.filter.clone();
        let Preferences { keymap, views, columns, themes, arrangement, volatile: _ } = preferences;
        let built_in = Theme::names().into_iter();
        let built_in =
            built_in.filter_map(|name| Some((name.to_owned(), Theme::named(name).ok()?)));
        let themes = built_in.chain(themes).collect();
        let columns = if columns.is_empty() { ListColumn::USUAL.to_vec() } else { columns };
        let mut model = Self {
            session,
            keymap,
            views,
            columns,
            themes,
            theme: None,
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
            arrangement,
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
        };
        if !filter.is_empty() {
            // The list is empty, so there is nothing to search yet.
            let _ = model.search.apply(&filter, &mut model.list, now);
        }
        model
    }

    /// Returns the entries of the palette besides the commands.
    pub fn palette_offers(&self) -> PaletteOffers<'_> {
        PaletteOffers { views: &self.views, themes: &self.themes }
    }

    /// Returns the contexts in which a key is looked up, nearest first.
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

    /// Returns true if values are masked, for a screen that others see.
    pub fn is_masked(&self) -> bool {
        self.flags.masked
    }

    /// Returns a value of a delivery as the screen may show it: masked in privacy mode.
    pub fn shown_value<'t>(&self, value: &'t str) -> Cow<'t, str> {
        if self.is_masked() { masked(value).into() } else { value.into() }
    }

    /// Returns a name that a sender chose, such as an event type. In privacy mode, it is masked
    /// unless it is made of plain words.
    pub fn shown_name<'t>(&self, name: &'t str) -> Cow<'t, str> {
        if is_plain_name(name) { name.into() } else { self.shown_value(name) }
    }

    /// Returns the URL for senders: the public one, or else the listener's own.
    pub fn address(&self) -> &str {
        match &self.routing.public {
            PublicAddress::Up(url) => url,
            PublicAddress::None | PublicAddress::Starting | PublicAddress::Failed(_) => {
                &self.session.url
            }
        }
    }

    /// Returns true if the next copy includes its signature.
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
