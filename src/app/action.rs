//! What a key can mean.

use super::scope::Scope;
use super::sort::SortKey;
use super::tab::Tab;

/// A part of a delivery that can be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copyable {
    /// The value under the cursor: a string without its quotes and escapes.
    Value,
    Key,
    Path,
    JqPath,
    /// The value under the cursor as it was sent, with all that is in it.
    Subtree,
    /// One of [`crate::formats::COPY_FORMATS`] by its name, with signatures and credentials or
    /// without.
    As {
        format: &'static str,
        signed: bool,
    },
    /// The URL that senders are given.
    Address,
}

impl Copyable {
    /// What was copied, for the notice.
    pub fn title(self) -> &'static str {
        match self {
            Self::As { format, .. } => format_title(format),
            Self::Address => "URL for senders",
            Self::Value => "value",
            Self::Key => "key",
            Self::Path => "path",
            Self::JqPath => "jq path",
            Self::Subtree => "value as it was sent",
        }
    }

    /// The same with signatures and credentials, if it can have them.
    #[must_use]
    pub fn with_signature(self) -> Self {
        match self {
            Self::As { format, .. } => Self::As { format, signed: true },
            other => other,
        }
    }
}

fn format_title(name: &'static str) -> &'static str {
    let found = crate::formats::copy_format(name);
    found.map_or(name, |format| format.title.strip_prefix("verify in ").unwrap_or(format.title))
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
pub enum Polarity {
    With,
    Without,
}

/// What is folded, and what opens again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    Toggle,
    /// With everything inside.
    ToggleAll,
    /// One level less shows.
    Less,
    /// One level more shows.
    More,
}

/// What changes which deliveries are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterAction {
    /// Only deliveries with a value of the selected one, or without it; which
    /// value, a second key says.
    Like(Polarity),
    Facet(Facet),
    Clear,
    Views,
}

/// What can be done with deliveries as entries of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListAction {
    /// Marks the selected one, or takes its mark away.
    Mark,
    /// Takes all marks away.
    Unmark,
    /// Removes deliveries after a question.
    Remove(Scope),
    /// Brings the last removal back.
    Undo,
    /// Asks by what to sort.
    SortMenu,
    Sort(SortKey),
    /// To the next one that passes the filter in force or the last one.
    Match(Direction),
    Bad(Direction),
    Marked(Direction),
}

/// What can be done in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentAction {
    /// Rows that are too wide go on in the next line, or are cut.
    Wrap,
    /// The body in hexadecimal as it came.
    Hex,
    Fold(Fold),
    Sibling(Direction),
    SameKey(Direction),
    Sideways(Direction),
    /// Shows the string under the cursor without its escapes.
    Unescaped,
    Hit(Direction),
}

/// What can be done with two deliveries beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffAction {
    /// Compares those that are marked, or again the selected one with the one before it.
    Choose,
    Change(Direction),
}

/// To the one after or to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Next,
    Previous,
}

/// Whether something gets more room or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResizeBy {
    More,
    Less,
}

/// An editing of the line that is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEdit {
    EraseLeft,
    EraseRight,
    EraseWord,
    EraseAll,
    CursorLeft,
    CursorRight,
    CursorStart,
    CursorEnd,
}

/// What sends deliveries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResendAction {
    /// To the last target.
    Again,
    /// To a target that is asked for.
    To,
    /// The marked ones, or all that are shown.
    Batch,
    /// Changes between a new signature and the one of before.
    Signing,
    /// Ends what is being sent.
    Stop,
    /// Changed in an editor, to the last target.
    Edit,
    EditTo,
}

/// What becomes of a delivery that was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseDecision {
    Answer(u16),
    Forward,
    Close,
}

/// What changes how deliveries are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseAction {
    Show,
    /// Puts a rule first that needs no typing.
    Always(&'static str),
    Remove,
    /// The rules of the start hold again.
    Reset,
    Release(ReleaseDecision),
}

/// What a prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Filter,
    /// A text to search for in the document.
    Find,
    /// A number or a time to go to.
    Jump,
    Note,
    Rule,
    Secret,
    /// A name for the filter in force.
    ViewName,
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
    Document(DocumentAction),
    Differ(DiffAction),
    /// More or less room for the list.
    Resize(ResizeBy),
    Privacy,
    Palette,
    Narrow(FilterAction),
    Sending(ResendAction),
    Answering(ResponseAction),
    Ask(Ask),
    CopyMenu,
    /// The languages of programs that verify a delivery.
    SnippetMenu,
    /// Copies signatures and credentials along, or no longer does.
    CopySigned,
    Copy(Copyable),
    CopyAddress,
    ShowAddress,
    List(ListAction),
    ExportMenu,
    /// The marked ones or the selected one, or all that are shown, in one of
    /// [`crate::formats::EXPORT_FORMATS`] by its name.
    Export(&'static str, Scope),
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
    Edit(LineEdit),
    /// Goes on with what is being typed.
    Complete(Direction),
    /// A filter that was in force before.
    History(Direction),
}
