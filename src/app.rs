//! The dashboard's state machine: an [`Event`] changes the [`Model`] and returns [`Effect`]s. The
//! model is everything there is to draw.
//!
//! Nothing here waits, fails, or uses a clock, a file, a socket, or a terminal library; time enters
//! as [`Event::Tick`]. Layout is a function that both the update and the view call.

mod action;
mod active_filter;
pub mod badges;
pub mod columns;
pub mod detail;
pub mod diff;
pub mod document_view;
mod effect;
mod event;
mod filter_prompt;
pub mod footer;
pub mod hints;
mod index;
pub mod keymap;
pub mod layout;
pub mod list;
mod model;
mod notice;
pub mod palette;
pub mod pane;
mod prompt;
mod rate;
mod removals;
mod resend;
pub mod routing;
mod scope;
pub mod sort;
mod style;
pub mod tab;
pub mod target_responses;
pub mod theme;
mod update;
pub mod which_key;

pub use action::{
    Action, Ask, Copyable, DiffAction, Direction, DocumentAction, Facet, FilterAction, Fold,
    LineEdit, ListAction, Move, Polarity, ReleaseDecision, ResendAction, ResizeBy, ResponseAction,
    Setting,
};
pub use detail::Loaded;
pub use effect::{DocumentTab, Effect};
pub use event::{Event, Mouse, MouseKind};
pub use filter_prompt::FilterPrompt;
pub use index::{ListRow, RowBadges};
pub use layout::Focus;
pub use model::{
    Confirm, HelpPage, Menu, Mode, Model, OpenPrompt, Preferences, PromptComment, Session,
};
pub use notice::{Notice, NoticeKind};
pub use prompt::Prompt;
pub use rate::Rate;
pub use removals::Removals;
pub use resend::{EditDecision, ResendProgress, ResendRequest, TargetPrompt, TargetPurpose};
pub use scope::Scope;
pub use style::{StyleClass, StyledLine, StyledSpan, is_plain_name, masked};
pub use update::update;
