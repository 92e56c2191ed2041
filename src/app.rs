//! The pure core of the dashboard: what happened comes in as an [`Event`], what is to be done
//! goes out as [`Effect`]s, and the [`Model`] is all that there is to draw.
//!
//! Nothing here waits, fails, or knows a clock, a file, a socket or a terminal library; time
//! enters as [`Event::Tick`]. Layout is a function that the update and the view both call.

mod action;
pub mod answers;
pub mod columns;
pub mod comparing;
pub mod detail;
mod filtering;
pub mod hints;
mod index;
pub mod keymap;
pub mod layout;
pub mod list;
mod message;
mod model;
pub mod onward;
pub mod palette;
pub mod pane;
mod prompt;
mod rate;
pub mod reading;
mod removals;
mod role;
mod search;
mod sending;
pub mod theme;
mod update;

pub use action::{
    Action, Answering, Copyable, Decision, Differ, Edit, ExportForm, Facet, Fold, Grow, InDocument,
    InList, Move, Narrow, Sending, Turn, Wanted,
};
pub use filtering::Filtering;
pub use index::{Badges, Row};
pub use message::{Effect, Event, Loaded, Mouse, MouseKind, Notice, NoticeKind, Within};
pub use model::{Confirm, Focus, Mode, Model, Page, Preferences, Session};
pub use prompt::Prompt;
pub use rate::Rate;
pub use removals::{Removals, Scope};
pub use role::{Marked, Role, Span, masked};
pub use sending::{Order, Pace, Purpose, Tally, Targeting};
pub use update::update;
