//! Actions that keys are bound to.

use super::columns::ListColumn;
use super::layout::Arrangement;
use super::scope::Scope;
use super::sort::SortKey;
use super::tab::Tab;

/// Part of a delivery that can be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copyable {
    /// The value under the cursor; a string without quotes and escapes.
    Value,
    Key,
    Path,
    JqPath,
    /// The value under the cursor as it was sent, including everything inside.
    Subtree,
    /// A format of [`crate::formats::COPY_FORMATS`] by name, with or without signatures and
    /// credentials.
    As {
        format: &'static str,
        signed: bool,
    },
    /// The bytes that the signature covers.
    SignedPayload,
    /// The signature that the current secret makes.
    ExpectedSignature,
    /// The URL that senders are given.
    Address,
}

impl Copyable {
    /// Returns the name of the copied part for the notice.
    pub fn title(self) -> &'static str {
        match self {
            Self::As { format, .. } => format_title(format),
            Self::SignedPayload => "signed payload",
            Self::ExpectedSignature => "expected signature",
            Self::Address => "URL for senders",
            Self::Value => "value",
            Self::Key => "key",
            Self::Path => "path",
            Self::JqPath => "jq path",
            Self::Subtree => "value as it was sent",
        }
    }

    /// Returns the variant with signatures and credentials, if there is one.
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

/// Movement of the selection in the list, or of the viewport elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    HalfPageUp,
    HalfPageDown,
    First,
    Last,
    Left,
    Right,
}

/// Part of a delivery that a filter can match.
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

/// Include or exclude deliveries with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polarity {
    With,
    Without,
}

/// Folding and unfolding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    Toggle,
    /// Including everything inside.
    ToggleAll,
    /// Shows one level less.
    Less,
    /// Shows one level more.
    More,
}

/// Changes to the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterAction {
    /// Only deliveries with, or without, a value of the selected one; the next key picks the field.
    Like(Polarity),
    Facet(Facet),
    /// Adds `sig:failed` to the filter, or removes it.
    Failed,
    Clear,
    Views,
}

/// Actions on deliveries in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListAction {
    /// Marks the selected delivery, or removes its mark.
    Mark,
    /// Starts a range at the selected delivery, or ends the current one.
    Range,
    /// Removes all marks.
    Unmark,
    /// Removes deliveries, after confirmation if there are several.
    Remove(Scope),
    /// Undoes the last removal.
    Undo,
    /// Shows one row per event, its last delivery, or all deliveries.
    Group,
    /// Opens the menu of sort columns.
    SortMenu,
    Sort(SortKey),
    /// Selects the next match of the current filter or, if there is none, of the last one.
    Match(Direction),
    Bad(Direction),
    Marked(Direction),
}

/// Actions in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentAction {
    /// Toggles wrapping of long rows.
    Wrap,
    /// Shows the raw body in hexadecimal.
    Hex,
    Fold(Fold),
    Sibling(Direction),
    SameKey(Direction),
    Sideways(Direction),
    /// Shows the string under the cursor without escapes.
    Unescaped,
    Hit(Direction),
}

/// Actions in the diff of two deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffAction {
    /// Compares the marked deliveries, or returns to comparing the selected one with its
    /// predecessor.
    Choose,
    Change(Direction),
}

/// Next or previous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Next,
    Previous,
}

/// Larger or smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResizeBy {
    More,
    Less,
}

/// Edit of the typed line.
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

/// Actions that resend deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResendAction {
    /// Resends to the last target.
    Again,
    /// Prompts for a target.
    To,
    /// Resends the marked deliveries, or all that are shown.
    Batch,
    /// Switches between re-signing and the original signature.
    Signing,
    /// Stops the running resend.
    Stop,
    /// Edits the delivery first, then resends it to the last target.
    Edit,
    EditTo,
}

/// Decision on a paused request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseDecision {
    Respond(u16),
    Forward,
    Close,
}

/// Changes to the responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseAction {
    Show,
    /// Inserts a predefined rule at the front.
    Always(&'static str),
    Remove,
    /// Restores the rules from startup.
    Reset,
    /// Opens the menu of responses to a paused request.
    ReleaseMenu,
    Release(ReleaseDecision),
    /// Prompts for a rule for deliveries like the selected one.
    RuleFromRow,
    /// Prompts for a new text of the selected rule.
    EditRule,
    /// Moves the selected rule up or down.
    MoveRule(Direction),
    /// Switches the selected rule off or on.
    ToggleRule,
}

/// Kind of prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Filter,
    /// Searches for a text in the document.
    Find,
    /// Goes to a delivery number or a time.
    Jump,
    Note,
    Rule,
    /// Names the provider of the selected delivery, to describe it in the configuration.
    NewProvider,
    /// Tries a secret on the selected delivery.
    Secret,
    /// Uses a secret from now on.
    NewSecret,
    /// Searches in the help.
    Help,
    /// Names the current filter to save it.
    ViewName,
}

/// Setting that is saved in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    Theme(String),
    Columns(Vec<ListColumn>),
    Layout(Arrangement),
}

/// Every action of the user, bound to keys by [`super::keymap::BINDINGS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Move(Move),
    /// Selects another delivery while the detail keeps the focus.
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
    /// Switches between side by side and stacked panes.
    Arrange,
    /// Shows or hides the third pane.
    ThirdPane,
    /// Saves the arrangement of the panes.
    SaveLayout,
    Document(DocumentAction),
    Differ(DiffAction),
    /// Resizes the list.
    Resize(ResizeBy),
    Privacy,
    Palette,
    Narrow(FilterAction),
    Sending(ResendAction),
    Answering(ResponseAction),
    Ask(Ask),
    CopyMenu,
    /// Opens the menu of languages for verifier programs.
    SnippetMenu,
    /// Toggles copying of signatures and credentials.
    CopySigned,
    Copy(Copyable),
    CopyAddress,
    ShowAddress,
    List(ListAction),
    ExportMenu,
    /// Exports the marked or selected deliveries, or all that are shown, in a format of
    /// [`crate::formats::EXPORT_FORMATS`] by name.
    Export(&'static str, Scope),
    SendSample,
    /// Reads the configured secrets again.
    ReloadSecrets,
    ToggleMouse,
    Help,
    Redraw,
    Suspend,
    Quit,
    /// Submits the prompt.
    Submit,
    /// Leaves the current mode.
    Cancel,
    Edit(LineEdit),
    /// Completes the typed word.
    Complete(Direction),
    /// Recalls an earlier filter.
    History(Direction),
    /// Puts the current filter into an empty line; otherwise goes to the end of the line.
    EditCurrent,
}
