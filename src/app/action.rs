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
    Filter,
    Resend,
    ResendTo,
    TrySecret,
    CopyMenu,
    Copy(Copyable),
    ToggleMark,
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
}
