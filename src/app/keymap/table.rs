//! Table of all key bindings: context, name, keys, action, and help text.

use std::sync::LazyLock;

use super::{Binding, Key, KeyCode, KeyContext};
use crate::app::action::{
    Action, Ask, Copyable, DiffAction, Direction, DocumentAction as In, Facet as Of, FilterAction,
    Fold, LineEdit, ListAction as Entry, Move, Polarity, ReleaseDecision, ResendAction, ResizeBy,
    ResponseAction,
};
use crate::app::scope::Scope;
use crate::app::sort::SortKey as By;
use crate::app::tab::TABS;

const fn bind(
    context: KeyContext,
    name: &'static str,
    keys: &'static [Key],
    action: Action,
    help: &'static str,
) -> Binding {
    Binding { context, name, keys, action, help, hint: None }
}

const fn hinted(binding: Binding, word: &'static str, priority: u8) -> Binding {
    Binding { hint: Some((word, priority)), ..binding }
}

const fn c(character: char) -> Key {
    Key::char(character)
}

const fn k(code: KeyCode) -> Key {
    Key::plain(code)
}

/// Copies a format without signatures and credentials.
const fn plain(format: &'static str) -> Action {
    Action::Copy(Copyable::As { format, signed: false })
}

const fn release(decision: ReleaseDecision) -> Action {
    Action::Answering(ResponseAction::Release(decision))
}

const fn always(script: &'static str) -> Action {
    Action::Answering(ResponseAction::Always(script))
}

use KeyContext::{
    Address, Answers, Anywhere, Confirm, Detail, Document, Export, Facet, Filter, Help, List,
    Palette, Prompt, Release, Snippet, Sort, Target,
};

/// All bindings, in the order of the help page.
pub static BINDINGS: LazyLock<Vec<Binding>> = LazyLock::new(|| {
    let tabs =
        TABS.iter().map(|row| bind(Anywhere, row.name, row.keys, Action::Show(row.tab), row.help));
    BEFORE_TABS.iter().copied().chain(tabs).chain(AFTER_TABS.iter().copied()).collect()
});

/// Bindings listed before those of the tabs.
#[rustfmt::skip] // one binding per line
const BEFORE_TABS: &[Binding] = &[
    hinted(bind(Anywhere, "filter", &[c('/')], Action::Ask(Ask::Filter), "filter the list: words, type:, sig:, …"), "filter", 2),
    bind(Anywhere, "like", &[c('=')], Action::Narrow(FilterAction::Like(Polarity::With)), "filter by a value of the selected delivery (next key picks the field)"),
    bind(Anywhere, "unlike", &[c('!')], Action::Narrow(FilterAction::Like(Polarity::Without)), "exclude a value of the selected delivery (next key picks the field)"),
    bind(Anywhere, "only-failed", &[c('F')], Action::Narrow(FilterAction::Failed), "show only failed signatures, or all again"),
    bind(Anywhere, "clear-filter", &[c('0')], Action::Narrow(FilterAction::Clear), "clear the filter"),
    bind(Anywhere, "views", &[c('V')], Action::Narrow(FilterAction::Views), "choose a saved filter"),
    bind(Anywhere, "save-view", &[Key::ctrl('s')], Action::Ask(Ask::ViewName), "save the filter under a name, in hookglass.toml"),
    hinted(bind(Anywhere, "resend", &[c('r')], Action::Sending(ResendAction::Again), "resend to the forward target or the last URL used, re-signed if a secret is set"), "resend", 3),
    bind(Anywhere, "resend-to", &[c('R')], Action::Sending(ResendAction::To), "resend to another URL, any number of times, at an interval"),
    bind(Anywhere, "resend-all", &[Key::ctrl('r')], Action::Sending(ResendAction::Batch), "resend all marked deliveries, or all shown ones if none are marked"),
    bind(Anywhere, "stop-resending", &[Key::ctrl('x')], Action::Sending(ResendAction::Stop), "stop resending"),
    hinted(bind(Anywhere, "edit", &[c('e')], Action::Sending(ResendAction::Edit), "edit in $VISUAL or $EDITOR, then send as a new delivery"), "edit", 6),
    bind(Anywhere, "edit-to", &[c('E')], Action::Sending(ResendAction::EditTo), "edit, then send to another URL"),
    hinted(bind(Anywhere, "answers", &[c('A')], Action::Answering(ResponseAction::Show), "show response rules and paused requests"), "responses", 8),
    bind(Anywhere, "respond", &[c('p')], Action::Answering(ResponseAction::ReleaseMenu), "respond to a paused request (next key picks how)"),
    bind(Anywhere, "rule-from-delivery", &[], Action::Answering(ResponseAction::RuleFromRow), "add a response rule for deliveries like the selected one"),
    bind(Anywhere, "copy-address", &[c('Y')], Action::CopyAddress, "copy the webhook URL: the tunnel's, else this listener's"),
    bind(Anywhere, "show-address", &[c('Q')], Action::ShowAddress, "show the webhook URL and its QR code"),
    hinted(bind(Anywhere, "copy", &[c('y')], Action::CopyMenu, "copy (next key picks what)"), "copy", 4),
    bind(Anywhere, "new-provider", &[c('W')], Action::Ask(Ask::NewProvider), "describe the sender of this delivery as a provider in hookglass.toml"),
    bind(Anywhere, "try-secret", &[c('S')], Action::Ask(Ask::Secret), "verify this delivery with another secret (not echoed, not stored)"),
    bind(Anywhere, "set-secret", &[], Action::Ask(Ask::NewSecret), "use another secret until you quit, and verify again (not echoed, not stored)"),
    bind(Anywhere, "reload-secrets", &[], Action::ReloadSecrets, "read the secrets of the configuration and of files again, and verify again"),
    hinted(bind(Anywhere, "mark", &[c('m')], Action::List(Entry::Mark), "mark or unmark the delivery or the range, and go to the next delivery"), "mark", 7),
    hinted(bind(Anywhere, "export", &[c('x')], Action::ExportMenu, "export marked deliveries, or the selected one (next key picks the format)"), "export", 6),
    bind(Anywhere, "unmark-all", &[], Action::List(Entry::Unmark), "unmark all deliveries"),
    bind(Anywhere, "note", &[c('a')], Action::Ask(Ask::Note), "add a note to this delivery"),
    bind(Anywhere, "remove", &[c('D'), k(KeyCode::Delete)], Action::List(Entry::Remove(Scope::Selected)), "remove the selected delivery, or the marked ones after a question"),
    bind(Anywhere, "remove-shown", &[], Action::List(Entry::Remove(Scope::Shown)), "remove all deliveries that match the filter"),
    bind(Anywhere, "clear", &[], Action::List(Entry::Remove(Scope::All)), "remove all deliveries"),
    bind(Anywhere, "undo", &[c('U')], Action::List(Entry::Undo), "undo the last removal"),
    bind(Anywhere, "sample", &[c('s')], Action::SendSample, "send a signed sample event to this listener"),
    bind(Anywhere, "follow", &[c('f')], Action::Follow, "follow new deliveries, or stop following"),
    hinted(bind(Anywhere, "other-pane", &[k(KeyCode::Tab), k(KeyCode::BackTab)], Action::SwitchFocus, "switch to the other pane"), "pane", 5),
];

/// Bindings listed after those of the tabs.
#[rustfmt::skip] // one binding per line
const AFTER_TABS: &[Binding] = &[
    bind(Anywhere, "compare", &[c('d')], Action::Differ(DiffAction::Choose), "compare two marked deliveries, or the marked one with this one; again: with the previous one"),
    bind(Anywhere, "next-tab", &[c(']')], Action::NextTab, "next tab"),
    bind(Anywhere, "previous-tab", &[c('[')], Action::PreviousTab, "previous tab"),
    hinted(bind(Anywhere, "zoom", &[c('z')], Action::Zoom, "zoom the focused pane, or restore both panes"), "zoom", 8),
    bind(Anywhere, "arrange", &[c('|')], Action::Arrange, "arrange panes side by side or stacked"),
    bind(Anywhere, "third-pane", &[], Action::ThirdPane, "show or hide the third pane (Signature or Timeline, from 180 columns)"),
    bind(Anywhere, "save-layout", &[], Action::SaveLayout, "save the arrangement of the panes, in hookglass.toml"),
    bind(Anywhere, "narrower", &[c('<')], Action::Resize(ResizeBy::Less), "shrink the list"),
    bind(Anywhere, "wider", &[c('>')], Action::Resize(ResizeBy::More), "enlarge the list"),
    bind(Anywhere, "privacy", &[c('P')], Action::Privacy, "mask values for a shared screen, or show them again"),
    bind(Anywhere, "mouse", &[c('M')], Action::ToggleMouse, "release the mouse to select text, or capture it again"),
    bind(Anywhere, "back", &[k(KeyCode::Esc)], Action::Back, "go back: close zoom, leave the detail, clear the filter"),
    hinted(bind(Anywhere, "palette", &[c(':'), Key::ctrl('p')], Action::Palette, "find and run any command"), "commands", 4),
    hinted(bind(Anywhere, "help", &[c('?')], Action::Help, "show keys"), "help", 1),
    bind(Anywhere, "redraw", &[Key::ctrl('l')], Action::Redraw, "redraw the screen"),
    bind(Anywhere, "suspend", &[Key::ctrl('z')], Action::Suspend, "suspend (fg resumes)"),
    hinted(bind(Anywhere, "quit", &[c('q'), Key::ctrl('c')], Action::Quit, "quit; asks if requests are paused or a tunnel runs"), "quit", 1),
    bind(List, "down", &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "next delivery"),
    bind(List, "up", &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "previous delivery"),
    bind(List, "page-down", &[k(KeyCode::PageDown), Key::ctrl('f')], Action::Move(Move::PageDown), "page down"),
    bind(List, "page-up", &[k(KeyCode::PageUp), Key::ctrl('b')], Action::Move(Move::PageUp), "page up"),
    bind(List, "half-page-down", &[Key::ctrl('d')], Action::Move(Move::HalfPageDown), "half a page down"),
    bind(List, "half-page-up", &[Key::ctrl('u')], Action::Move(Move::HalfPageUp), "half a page up"),
    bind(List, "first", &[k(KeyCode::Home), c('g')], Action::Move(Move::First), "oldest delivery"),
    bind(List, "last", &[k(KeyCode::End), c('G')], Action::Move(Move::Last), "newest delivery, and follow"),
    bind(List, "next-tab", &[k(KeyCode::Right), c('l')], Action::NextTab, "next tab"),
    bind(List, "previous-tab", &[k(KeyCode::Left), c('h')], Action::PreviousTab, "previous tab"),
    bind(List, "mark-here", &[c(' ')], Action::List(Entry::Mark), "mark or unmark the delivery or the range"),
    bind(List, "range", &[c('v')], Action::List(Entry::Range), "start a range of deliveries to mark, or end it"),
    hinted(bind(List, "sort", &[c('o')], Action::List(Entry::SortMenu), "sort (next key picks the column; again reverses)"), "sort", 9),
    bind(List, "group", &[c('O')], Action::List(Entry::Group), "group retries: one row per event, its last delivery; or show all again"),
    bind(List, "jump", &[c('#')], Action::Ask(Ask::Jump), "go to a delivery number or a time"),
    bind(List, "next-match", &[c('n')], Action::List(Entry::Match(Direction::Next)), "next match of the current or last filter"),
    bind(List, "previous-match", &[c('N')], Action::List(Entry::Match(Direction::Previous)), "previous match of the current or last filter"),
    hinted(bind(List, "next-bad", &[c('b')], Action::List(Entry::Bad(Direction::Next)), "next failed signature"), "failed", 6),
    bind(List, "previous-bad", &[c('B')], Action::List(Entry::Bad(Direction::Previous)), "previous failed signature"),
    bind(List, "next-marked", &[c('\'')], Action::List(Entry::Marked(Direction::Next)), "next marked delivery"),
    bind(List, "previous-marked", &[c('"')], Action::List(Entry::Marked(Direction::Previous)), "previous marked delivery"),
    bind(List, "open", &[k(KeyCode::Enter)], Action::OpenDetail, "open the detail"),
    bind(Detail, "down", &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "scroll down"),
    bind(Detail, "up", &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "scroll up"),
    bind(Detail, "page-down", &[k(KeyCode::PageDown), Key::ctrl('f'), c(' ')], Action::Move(Move::PageDown), "page down"),
    bind(Detail, "page-up", &[k(KeyCode::PageUp), Key::ctrl('b')], Action::Move(Move::PageUp), "page up"),
    bind(Detail, "half-page-down", &[Key::ctrl('d')], Action::Move(Move::HalfPageDown), "half a page down"),
    bind(Detail, "half-page-up", &[Key::ctrl('u')], Action::Move(Move::HalfPageUp), "half a page up"),
    hinted(bind(Detail, "leave", &[c('q')], Action::Back, "back to the list"), "back", 1),
    bind(Detail, "first", &[k(KeyCode::Home), c('g')], Action::Move(Move::First), "go to the top"),
    bind(Detail, "last", &[k(KeyCode::End), c('G')], Action::Move(Move::Last), "go to the end"),
    bind(Detail, "right", &[k(KeyCode::Right), c('l')], Action::Move(Move::Right), "scroll right"),
    bind(Detail, "left", &[k(KeyCode::Left), c('h')], Action::Move(Move::Left), "scroll left"),
    bind(Detail, "next-delivery", &[c('J')], Action::NextDelivery, "next delivery"),
    bind(Detail, "previous-delivery", &[c('K')], Action::PreviousDelivery, "previous delivery"),
    hinted(bind(Document, "find", &[c('/')], Action::Ask(Ask::Find), "search: text, or /regex/"), "search", 2),
    bind(Document, "next-hit", &[c('n')], Action::Document(In::Hit(Direction::Next)), "next hit"),
    bind(Document, "previous-hit", &[c('N')], Action::Document(In::Hit(Direction::Previous)), "previous hit"),
    bind(Document, "open", &[k(KeyCode::Right), c('l')], Action::Move(Move::Right), "unfold or decode, or go to the first child"),
    bind(Document, "close", &[k(KeyCode::Left), c('h')], Action::Move(Move::Left), "fold, or go to the parent"),
    hinted(bind(Document, "fold", &[k(KeyCode::Enter), c('o')], Action::Document(In::Fold(Fold::Toggle)), "fold or unfold; decode a string (base64, JSON, JWT, …)"), "fold", 3),
    bind(Document, "fold-all", &[c('O')], Action::Document(In::Fold(Fold::ToggleAll)), "fold or unfold recursively"),
    bind(Document, "fold-less", &[c('-')], Action::Document(In::Fold(Fold::Less)), "fold one more level"),
    bind(Document, "fold-more", &[c('+')], Action::Document(In::Fold(Fold::More)), "unfold one more level"),
    bind(Document, "next-sibling", &[c('}')], Action::Document(In::Sibling(Direction::Next)), "next sibling"),
    bind(Document, "previous-sibling", &[c('{')], Action::Document(In::Sibling(Direction::Previous)), "previous sibling"),
    bind(Document, "next-same-key", &[c('*')], Action::Document(In::SameKey(Direction::Next)), "next value of the same key"),
    bind(Document, "previous-same-key", &[c('#')], Action::Document(In::SameKey(Direction::Previous)), "previous value of the same key"),
    bind(Document, "unescaped", &[c('u')], Action::Document(In::Unescaped), "show the string without escapes"),
    bind(Document, "right", &[c('L')], Action::Document(In::Sideways(Direction::Next)), "scroll right"),
    bind(Document, "left", &[c('H')], Action::Document(In::Sideways(Direction::Previous)), "scroll left"),
    bind(Document, "wrap", &[c('w')], Action::Document(In::Wrap), "wrap long lines, or truncate them"),
    bind(Document, "hex", &[c('X')], Action::Document(In::Hex), "show the body in hex"),
    hinted(bind(KeyContext::Diff, "next-change", &[c('n')], Action::Differ(DiffAction::Change(Direction::Next)), "next change"), "next change", 2),
    bind(KeyContext::Diff, "previous-change", &[c('N')], Action::Differ(DiffAction::Change(Direction::Previous)), "previous change"),
    hinted(bind(KeyContext::Copy, "value", &[c('v')], Action::Copy(Copyable::Value), "value under the cursor, without escapes"), "value", 2),
    bind(KeyContext::Copy, "subtree", &[c('t')], Action::Copy(Copyable::Subtree), "value under the cursor, as received"),
    bind(KeyContext::Copy, "key", &[c('k')], Action::Copy(Copyable::Key), "key under the cursor"),
    bind(KeyContext::Copy, "path", &[c('.')], Action::Copy(Copyable::Path), "path under the cursor, in filter syntax"),
    bind(KeyContext::Copy, "jq-path", &[c('j')], Action::Copy(Copyable::JqPath), "path under the cursor, in jq syntax"),
    hinted(bind(KeyContext::Copy, "payload", &[c('p'), c('y')], plain("payload"), "payload, byte for byte if it is text"), "payload", 1),
    hinted(bind(KeyContext::Copy, "headers", &[c('h')], plain("headers"), "headers, without signatures and secrets"), "headers", 2),
    hinted(bind(KeyContext::Copy, "event-id", &[c('i')], plain("event-id"), "event id"), "event id", 3),
    hinted(bind(KeyContext::Copy, "signature", &[c('s')], plain("signature"), "value of the signature header"), "signature", 4),
    hinted(bind(KeyContext::Copy, "signed-payload", &[c('b')], Action::Copy(Copyable::SignedPayload), "bytes that the signature covers"), "signed bytes", 6),
    hinted(bind(KeyContext::Copy, "expected-signature", &[c('e')], Action::Copy(Copyable::ExpectedSignature), "signature that your secret makes"), "expected", 6),
    bind(KeyContext::Copy, "url", &[c('u')], plain("url"), "request URL"),
    bind(KeyContext::Copy, "confirm-url", &[c('U')], plain("confirm-url"), "URL that confirms a subscription (Amazon SNS)"),
    hinted(bind(KeyContext::Copy, "curl", &[c('c')], plain("curl"), "curl command, without signature and secrets"), "curl", 1),
    bind(KeyContext::Copy, "formatted", &[c('P')], plain("pretty"), "payload, formatted"),
    hinted(bind(KeyContext::Copy, "httpie", &[c('H')], plain("httpie"), "HTTPie command"), "HTTPie", 5),
    hinted(bind(KeyContext::Copy, "xh", &[c('x')], plain("xh"), "xh command"), "xh", 6),
    hinted(bind(KeyContext::Copy, "raw", &[c('r')], plain("http"), "raw HTTP: head and body"), "raw HTTP", 5),
    hinted(bind(KeyContext::Copy, "program", &[c('d')], Action::SnippetMenu, "program that verifies it (next key: language)"), "program", 3),
    hinted(bind(KeyContext::Copy, "signed", &[c('w')], Action::CopySigned, "with or without signature and credentials"), "with signature", 4),
    hinted(bind(KeyContext::Copy, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "cancel"), "cancel", 1),
    hinted(bind(Snippet, "node", &[c('n')], plain("node"), "Node"), "Node", 1),
    hinted(bind(Snippet, "python", &[c('p')], plain("python"), "Python"), "Python", 1),
    hinted(bind(Snippet, "go", &[c('g')], plain("go"), "Go"), "Go", 1),
    hinted(bind(Snippet, "ruby", &[c('r')], plain("ruby"), "Ruby"), "Ruby", 1),
    hinted(bind(Snippet, "php", &[c('h')], plain("php"), "PHP"), "PHP", 1),
    hinted(bind(Snippet, "rust", &[c('u')], plain("rust"), "Rust"), "Rust", 1),
    hinted(bind(Snippet, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "cancel"), "cancel", 1),
    hinted(bind(Facet, "type", &[c('t')], Action::Narrow(FilterAction::Facet(Of::Kind)), "event type"), "type", 1),
    hinted(bind(Facet, "signature", &[c('s')], Action::Narrow(FilterAction::Facet(Of::Signature)), "verdict"), "signature", 1),
    hinted(bind(Facet, "cause", &[c('c')], Action::Narrow(FilterAction::Facet(Of::Cause)), "cause"), "cause", 3),
    hinted(bind(Facet, "event-id", &[c('i')], Action::Narrow(FilterAction::Facet(Of::EventId)), "event id"), "event id", 2),
    hinted(bind(Facet, "provider", &[c('p')], Action::Narrow(FilterAction::Facet(Of::Provider)), "provider"), "provider", 2),
    hinted(bind(Facet, "path", &[c('u')], Action::Narrow(FilterAction::Facet(Of::Path)), "request target"), "path", 4),
    hinted(bind(Facet, "method", &[c('m')], Action::Narrow(FilterAction::Facet(Of::Method)), "method"), "method", 5),
    hinted(bind(Facet, "answer", &[c('a')], Action::Narrow(FilterAction::Facet(Of::Status)), "response status"), "status", 3),
    hinted(bind(Facet, "source", &[c('o')], Action::Narrow(FilterAction::Facet(Of::Source)), "source"), "source", 6),
    hinted(bind(Facet, "peer", &[c('f')], Action::Narrow(FilterAction::Facet(Of::Peer)), "client address"), "client", 6),
    hinted(bind(Facet, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "cancel"), "cancel", 1),
    hinted(bind(Sort, "time", &[c('t')], Action::List(Entry::Sort(By::Time)), "by time"), "time", 1),
    hinted(bind(Sort, "type", &[c('y')], Action::List(Entry::Sort(By::Type)), "by type"), "type", 1),
    hinted(bind(Sort, "verdict", &[c('v')], Action::List(Entry::Sort(By::Verdict)), "by verdict"), "verdict", 1),
    hinted(bind(Sort, "event-id", &[c('i')], Action::List(Entry::Sort(By::EventId)), "by event id"), "event id", 2),
    hinted(bind(Sort, "size", &[c('s')], Action::List(Entry::Sort(By::Size)), "by size, largest first"), "size", 1),
    hinted(bind(Sort, "answer", &[c('a')], Action::List(Entry::Sort(By::Answer)), "by response status"), "status", 2),
    hinted(bind(Sort, "latency", &[c('l')], Action::List(Entry::Sort(By::Latency)), "by latency, slowest first"), "latency", 2),
    hinted(bind(Sort, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "cancel"), "cancel", 1),
    hinted(bind(Export, "fixture", &[c('f')], Action::Export("fixture", Scope::Selected), "test fixtures"), "fixture", 1),
    hinted(bind(Export, "jsonl", &[c('j')], Action::Export("jsonl", Scope::Selected), "JSON Lines"), "jsonl", 2),
    hinted(bind(Export, "har", &[c('h')], Action::Export("har", Scope::Selected), "HAR archive"), "har", 2),
    hinted(bind(Export, "http", &[c('t')], Action::Export("http", Scope::Selected), ".http file"), "http", 2),
    hinted(bind(Export, "curl", &[c('c')], Action::Export("curl", Scope::Selected), "curl commands"), "curl", 2),
    hinted(bind(Export, "fixture-shown", &[c('F')], Action::Export("fixture", Scope::Shown), "all shown as test fixtures"), "all as fixture", 3),
    hinted(bind(Export, "jsonl-shown", &[c('J')], Action::Export("jsonl", Scope::Shown), "all shown as JSON Lines"), "all as jsonl", 4),
    hinted(bind(Export, "har-shown", &[c('H')], Action::Export("har", Scope::Shown), "all shown as a HAR archive"), "all as har", 4),
    hinted(bind(Export, "http-shown", &[c('T')], Action::Export("http", Scope::Shown), "all shown as an .http file"), "all as http", 4),
    hinted(bind(Export, "curl-shown", &[c('C')], Action::Export("curl", Scope::Shown), "all shown as curl commands"), "all as curl", 4),
    hinted(bind(Export, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "cancel"), "cancel", 1),
    hinted(bind(Confirm, "yes", &[c('y'), k(KeyCode::Enter)], Action::Submit, "yes"), "yes", 1),
    hinted(bind(Confirm, "no", &[c('n'), k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "no"), "no", 1),
    bind(Answers, "down", &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "next row"),
    bind(Answers, "up", &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "previous row"),
    bind(Answers, "first", &[k(KeyCode::Home), c('g')], Action::Move(Move::First), "first row"),
    bind(Answers, "last", &[k(KeyCode::End), c('G')], Action::Move(Move::Last), "last row"),
    hinted(bind(Answers, "add", &[c('a'), c('+')], Action::Ask(Ask::Rule), "add a rule before the others"), "add", 2),
    hinted(bind(Answers, "remove", &[c('d'), k(KeyCode::Delete)], Action::Answering(ResponseAction::Remove), "remove the selected rule"), "remove", 4),
    hinted(bind(Answers, "edit", &[c('e'), k(KeyCode::Enter)], Action::Answering(ResponseAction::EditRule), "edit the selected rule"), "edit", 4),
    hinted(bind(Answers, "toggle", &[c(' '), c('t')], Action::Answering(ResponseAction::ToggleRule), "switch the selected rule off or on"), "on/off", 4),
    hinted(bind(Answers, "move-up", &[c('K')], Action::Answering(ResponseAction::MoveRule(Direction::Previous)), "move the selected rule up"), "up", 5),
    hinted(bind(Answers, "move-down", &[c('J')], Action::Answering(ResponseAction::MoveRule(Direction::Next)), "move the selected rule down"), "down", 5),
    hinted(bind(Answers, "reset", &[c('0')], Action::Answering(ResponseAction::Reset), "restore the rules from startup"), "reset", 5),
    hinted(bind(Answers, "release-200", &[c('2')], release(ReleaseDecision::Respond(200)), "respond to the selected or the oldest paused request with 200"), "respond 200", 3),
    hinted(bind(Answers, "release-400", &[c('4')], release(ReleaseDecision::Respond(400)), "respond with 400"), "400", 3),
    hinted(bind(Answers, "release-500", &[c('5')], release(ReleaseDecision::Respond(500)), "respond with 500"), "500", 3),
    hinted(bind(Answers, "release-forward", &[c('f')], release(ReleaseDecision::Forward), "forward the paused request to the targets"), "forward", 3),
    hinted(bind(Answers, "release-close", &[c('c')], release(ReleaseDecision::Close), "close its connection without a response"), "close", 3),
    bind(Answers, "all-200", &[c('O')], always("200"), "respond to every delivery with 200"),
    bind(Answers, "all-500", &[c('E')], always("500"), "respond to every delivery with 500"),
    bind(Answers, "all-timeout", &[c('T')], always("timeout"), "never respond"),
    bind(Answers, "all-close", &[c('C')], always("close"), "close every connection without a response"),
    bind(Answers, "all-hold", &[c('H')], always("hold"), "pause every request"),
    hinted(bind(Answers, "help", &[c('?')], Action::Help, "show keys"), "help", 2),
    hinted(bind(Answers, "cancel", &[k(KeyCode::Esc), c('q'), c('A'), Key::ctrl('c')], Action::Cancel, "back to the deliveries"), "back", 1),
    hinted(bind(Release, "200", &[c('2'), c('p')], release(ReleaseDecision::Respond(200)), "respond with 200"), "200", 1),
    hinted(bind(Release, "400", &[c('4')], release(ReleaseDecision::Respond(400)), "respond with 400"), "400", 1),
    hinted(bind(Release, "500", &[c('5')], release(ReleaseDecision::Respond(500)), "respond with 500"), "500", 1),
    hinted(bind(Release, "forward", &[c('f')], release(ReleaseDecision::Forward), "forward it to the targets, and respond as they do"), "forward", 1),
    hinted(bind(Release, "close", &[c('c')], release(ReleaseDecision::Close), "close its connection without a response"), "close", 1),
    hinted(bind(Release, "edit", &[c('e')], Action::Sending(ResendAction::Edit), "edit it, and send it as a new delivery"), "edit", 1),
    hinted(bind(Release, "rule", &[c('r')], Action::Answering(ResponseAction::RuleFromRow), "add a rule for deliveries like it"), "rule", 1),
    hinted(bind(Release, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "cancel"), "cancel", 1),
    hinted(bind(Address, "copy", &[c('y'), c('Y')], Action::CopyAddress, "copy the URL"), "copy", 1),
    hinted(bind(Address, "cancel", &[k(KeyCode::Esc), c('q'), c('Q'), Key::ctrl('c')], Action::Cancel, "back to the deliveries"), "back", 1),
    hinted(bind(Help, "find", &[c('/')], Action::Ask(Ask::Help), "show only lines with some words"), "search", 1),
    bind(Help, "first", &[k(KeyCode::Home), c('g')], Action::Move(Move::First), "go to the top"),
    bind(Help, "last", &[k(KeyCode::End), c('G')], Action::Move(Move::Last), "go to the end"),
    bind(Help, "down", &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "scroll down"),
    bind(Help, "up", &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "scroll up"),
    bind(Help, "page-down", &[k(KeyCode::PageDown), Key::ctrl('f'), Key::ctrl('d'), c(' ')], Action::Move(Move::PageDown), "page down"),
    bind(Help, "page-up", &[k(KeyCode::PageUp), Key::ctrl('b'), Key::ctrl('u')], Action::Move(Move::PageUp), "page up"),
    hinted(bind(Help, "cancel", &[k(KeyCode::Esc), c('?'), c('q'), Key::ctrl('c')], Action::Cancel, "close the help"), "close", 1),
    hinted(bind(Palette, "run", &[k(KeyCode::Enter)], Action::Submit, "run the selected command"), "run", 1),
    bind(Palette, "down", &[k(KeyCode::Down), k(KeyCode::Tab), Key::ctrl('n')], Action::Move(Move::Down), "next command"),
    bind(Palette, "up", &[k(KeyCode::Up), k(KeyCode::BackTab), Key::ctrl('p')], Action::Move(Move::Up), "previous command"),
    bind(Filter, "complete", &[k(KeyCode::Tab)], Action::Complete(Direction::Next), "next completion"),
    bind(Filter, "complete-back", &[k(KeyCode::BackTab)], Action::Complete(Direction::Previous), "previous completion"),
    bind(Filter, "edit-current", &[Key::ctrl('e')], Action::EditCurrent, "put the current or last filter into an empty line"),
    bind(Filter, "earlier", &[k(KeyCode::Up), Key::ctrl('p')], Action::History(Direction::Previous), "previous filter in the history"),
    bind(Filter, "later", &[k(KeyCode::Down), Key::ctrl('n')], Action::History(Direction::Next), "next filter in the history"),
    hinted(bind(Target, "signing", &[k(KeyCode::Tab)], Action::Sending(ResendAction::Signing), "re-sign, or send the exact bytes"), "signing", 1),
    bind(Target, "earlier", &[k(KeyCode::Up), Key::ctrl('p')], Action::History(Direction::Previous), "previous URL in the history"),
    bind(Target, "later", &[k(KeyCode::Down), Key::ctrl('n')], Action::History(Direction::Next), "next URL in the history"),
    hinted(bind(Prompt, "take", &[k(KeyCode::Enter)], Action::Submit, "confirm"), "confirm", 1),
    hinted(bind(Prompt, "cancel", &[k(KeyCode::Esc), Key::ctrl('c')], Action::Cancel, "cancel"), "cancel", 1),
    bind(Prompt, "erase-left", &[k(KeyCode::Backspace), Key::ctrl('h')], Action::Edit(LineEdit::EraseLeft), "delete the character before the cursor"),
    bind(Prompt, "erase-right", &[k(KeyCode::Delete), Key::ctrl('d')], Action::Edit(LineEdit::EraseRight), "delete the character under the cursor"),
    bind(Prompt, "erase-word", &[Key::ctrl('w')], Action::Edit(LineEdit::EraseWord), "delete the word before the cursor"),
    hinted(bind(Prompt, "erase-all", &[Key::ctrl('u')], Action::Edit(LineEdit::EraseAll), "clear the line"), "erase", 3),
    bind(Prompt, "cursor-left", &[k(KeyCode::Left), Key::ctrl('b')], Action::Edit(LineEdit::CursorLeft), "move left"),
    bind(Prompt, "cursor-right", &[k(KeyCode::Right), Key::ctrl('f')], Action::Edit(LineEdit::CursorRight), "move right"),
    bind(Prompt, "cursor-start", &[k(KeyCode::Home), Key::ctrl('a')], Action::Edit(LineEdit::CursorStart), "go to the start of the line"),
    bind(Prompt, "cursor-end", &[k(KeyCode::End), Key::ctrl('e')], Action::Edit(LineEdit::CursorEnd), "go to the end of the line"),
];
