//! All that the dashboard knows.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::detail::Detail;
use super::keymap::Context;
use super::layout::{Areas, Size, areas};
use super::list::List;
use super::message::Notice;
use super::prompt::Prompt;
use super::rate::Rate;
use super::removals::Removals;
use super::search::Search;

/// Which pane the keys go to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    List,
    Detail,
}

/// What the keys mean at the moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Mode {
    #[default]
    Browse,
    /// The next key says what to copy.
    Copy,
    Help {
        top: usize,
    },
    /// A filter is being typed; `before` is the one to go back to.
    Filter {
        prompt: Prompt,
        before: String,
        error: Option<String>,
    },
    /// The URL to resend to is being typed.
    Target {
        prompt: Prompt,
    },
    /// A secret to try is being typed, unseen.
    Secret {
        prompt: Prompt,
    },
}

/// What stays the same from start to end.
#[derive(Debug, Clone)]
pub struct Session {
    /// Where to send to, for instance `http://127.0.0.1:4400`.
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
}

/// All that there is to draw.
#[derive(Debug)]
pub struct Model {
    pub session: Session,
    pub size: Size,
    pub now: Timestamp,
    pub zone: TimeZone,
    pub list: List,
    pub search: Search,
    pub detail: Detail,
    pub mode: Mode,
    pub focus: Focus,
    pub rate: Rate,
    pub removals: Removals,
    pub(super) notice: Option<(Notice, Timestamp)>,
    /// Why the store cannot take deliveries.
    pub trouble: Option<String>,
    /// Where the last resend went.
    pub(super) target: Option<String>,
    pub(super) flags: Flags,
}

/// What is on or off.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "three things that are on or off by themselves")]
pub(super) struct Flags {
    pub(super) zoomed: bool,
    pub(super) mouse_released: bool,
    pub(super) done: bool,
}

impl Model {
    pub fn new(session: Session, size: Size, now: Timestamp, zone: TimeZone) -> Self {
        let target = session.forward.clone();
        Self {
            session,
            size,
            now,
            zone,
            list: List::default(),
            search: Search::default(),
            detail: Detail::default(),
            mode: Mode::default(),
            focus: Focus::default(),
            rate: Rate::default(),
            removals: Removals::default(),
            notice: None,
            trouble: None,
            target,
            flags: Flags::default(),
        }
    }

    /// Where things stand; `None` if the screen is too small.
    pub fn areas(&self) -> Option<Areas> {
        areas(self.size, self.focus, self.flags.zoomed)
    }

    /// Where a key is looked up, nearest first.
    pub fn contexts(&self) -> &'static [Context] {
        match (&self.mode, self.focus) {
            (Mode::Browse, Focus::List) => &[Context::List, Context::Anywhere],
            (Mode::Browse, Focus::Detail) => &[Context::Detail, Context::Anywhere],
            (Mode::Copy, _) => &[Context::Copy],
            (Mode::Help { .. }, _) => &[Context::Help],
            (Mode::Filter { .. } | Mode::Target { .. } | Mode::Secret { .. }, _) => {
                &[Context::Prompt]
            }
        }
    }

    pub fn is_done(&self) -> bool {
        self.flags.done
    }

    pub fn is_zoomed(&self) -> bool {
        self.flags.zoomed
    }

    pub fn is_mouse_released(&self) -> bool {
        self.flags.mouse_released
    }

    pub fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref().map(|(notice, _)| notice)
    }
}
