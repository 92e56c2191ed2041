//! What a key can mean.

use super::detail::Tab;

/// A part of a delivery that can be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copyable {
    Payload,
    Headers,
    EventId,
    Signature,
    Curl,
}

impl Copyable {
    /// What was copied, for the notice.
    pub fn title(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Headers => "headers",
            Self::EventId => "event id",
            Self::Signature => "signature",
            Self::Curl => "curl command (without the signature)",
        }
    }
}

/// A movement: of the selection in the list, of the window elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Left,
    Right,
}

/// A part of a delivery that a filter can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet {
    Kind,
    EventId,
    Signature,
    Cause,
    Provider,
    Method,
    Path,
    Status,
    Source,
    Peer,
}

/// Whether deliveries with a value are wanted, or those without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    With,
    Without,
}

/// To the one after or to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Next,
    Previous,
}

/// Whether something gets more room or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grow {
    More,
    Less,
}

/// An editing of the line that is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    EraseLeft,
    EraseRight,
    EraseWord,
    EraseAll,
    CursorLeft,
    CursorRight,
    CursorStart,
    CursorEnd,
}

/// Everything that a user can ask for; bound to keys by [`super::keymap::BINDINGS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Move(Move),
    /// Another delivery, while the detail keeps the focus.
    PreviousDelivery,
    NextDelivery,
    Follow,
    SwitchFocus,
    OpenDetail,
    Back,
    Show(Tab),
    PreviousTab,
    NextTab,
    Zoom,
    /// Side by side, or one above the other.
    Arrange,
    /// More or less room for the list.
    Resize(Grow),
    Privacy,
    Palette,
    Filter,
    /// Narrows the list to deliveries with a value of the selected one, or without it; which
    /// value, a second key says.
    Like(Wanted),
    Facet(Facet),
    ClearFilter,
    Views,
    SaveView,
    Resend,
    ResendTo,
    TrySecret,
    CopyMenu,
    Copy(Copyable),
    SendSample,
    ToggleMouse,
    Help,
    Redraw,
    Suspend,
    Quit,
    /// Takes what was typed.
    Submit,
    /// Leaves what has the keys now.
    Cancel,
    Edit(Edit),
    /// Goes on with what is being typed.
    Complete(Turn),
    /// A filter that was in force before.
    History(Turn),
}
