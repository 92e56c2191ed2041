//! The dashboard's state machine: an [`Event`] changes the [`Model`] and returns [`Effect`]s. The
//! model is everything there is to draw.
//!
//! Nothing here waits, fails, or uses a clock, a file, a socket, or a terminal library; time enters
//! as [`Event::Tick`]. Layout is a function that both the update and the view call.

mod action;
mod active_filter;
pub(crate) mod badges;
pub(crate) mod columns;
pub(crate) mod detail;
pub mod diff;
pub mod document_view;
mod effect;
mod event;
mod filter_prompt;
pub(crate) mod footer;
pub(crate) mod hints;
mod index;
pub mod keymap;
pub mod layout;
pub mod list;
mod model;
mod notice;
pub(crate) mod palette;
pub(crate) mod pane;
mod prompt;
mod rate;
mod removals;
mod resend;
pub mod routing;
mod scope;
pub mod sort;
mod style;
pub mod tab;
pub(crate) mod target_responses;
pub mod theme;
mod update;
pub(crate) mod which_key;

pub use action::{Action, Copyable, Move, ReleaseDecision, ResendAction, Setting};
pub use detail::Loaded;
pub use effect::{DecodeRequest, Effect};
pub use event::{Event, Mouse, MouseKind};
pub(crate) use index::ListRow;
pub use layout::Focus;
pub use model::{HelpPage, Mode, Model, Preferences, PromptComment, Session};
pub use notice::Notice;
pub use prompt::Prompt;
pub use removals::Removals;
pub use resend::{EditDecision, ResendRequest};
pub use scope::Scope;
pub use style::{StyleClass, StyledLine, StyledSpan};
pub use update::update;
