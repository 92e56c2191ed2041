//! Every binding: what is meant, in which context, by which keys, in words.

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

/// A copy without signatures and credentials.
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
    Palette, Prompt, Snippet, Sort, Target,
};

/// Every binding, in the order in which help shows them.
pub static BINDINGS: LazyLock<Vec<Binding>> = LazyLock::new(|| {
    let tabs =
        TABS.iter().map(|row| bind(Anywhere, row.name, row.keys, Action::Show(row.tab), row.help));
    BEFORE_TABS.iter().copied().chain(tabs).chain(AFTER_TABS.iter().copied()).collect()
});

/// The bindings before those of the tabs.
#[rustfmt::skip] // a row is a line, so that the table can be read as one
const BEFORE_TABS: &[Binding] = &[
    hinted(bind(Anywhere, "filter", &[c('/')], Action::Ask(Ask::Filter), "filter the list: words, type:, sig:, …"), "filter", 2),
    bind(Anywhere, "like", &[c('=')], Action::Narrow(FilterAction::Like(Polarity::With)), "only those with a value of this one; a second key says which"),
    bind(Anywhere, "unlike", &[c('!')], Action::Narrow(FilterAction::Like(Polarity::Without)), "only those without it"),
    bind(Anywhere, "clear-filter", &[c('0')], Action::Narrow(FilterAction::Clear), "show all deliveries again"),
    bind(Anywhere, "views", &[c('V')], Action::Narrow(FilterAction::Views), "choose a saved view"),
    bind(Anywhere, "save-view", &[Key::ctrl('s')], Action::Ask(Ask::ViewName), "save the filter as a view with a name, in hookglass.toml"),
    hinted(bind(Anywhere, "resend", &[c('r')], Action::Sending(ResendAction::Again), "resend to the forward target or the last one used, signed anew where there is a secret"), "resend", 3),
    bind(Anywhere, "resend-to", &[c('R')], Action::Sending(ResendAction::To), "resend to a URL that is asked for, with a number of times and an interval"),
    bind(Anywhere, "resend-all", &[Key::ctrl('r')], Action::Sending(ResendAction::Batch), "resend the marked deliveries, or else all that are shown"),
    bind(Anywhere, "stop-resending", &[Key::ctrl('x')], Action::Sending(ResendAction::Stop), "end what is being resent"),
    hinted(bind(Anywhere, "edit", &[c('e')], Action::Sending(ResendAction::Edit), "change it in your editor ($VISUAL, $EDITOR), then resend it as a delivery of its own"), "edit", 6),
    bind(Anywhere, "edit-to", &[c('E')], Action::Sending(ResendAction::EditTo), "the same, to a URL that is asked for"),
    hinted(bind(Anywhere, "answers", &[c('A')], Action::Answering(ResponseAction::Show), "rules that answer deliveries, and senders that are held"), "answers", 8),
    bind(Anywhere, "copy-address", &[c('Y')], Action::CopyAddress, "copy the URL for senders: the tunnel's, or this listener's"),
    bind(Anywhere, "show-address", &[c('Q')], Action::ShowAddress, "show the URL for senders, also as a QR code"),
    hinted(bind(Anywhere, "copy", &[c('y')], Action::CopyMenu, "copy: a second key says what"), "copy", 4),
    bind(Anywhere, "try-secret", &[c('S')], Action::Ask(Ask::Secret), "try another secret on this delivery; it is typed unseen and kept nowhere"),
    bind(Anywhere, "mark", &[c('m')], Action::List(Entry::Mark), "mark this delivery and go to the next, or take the mark away"),
    hinted(bind(Anywhere, "export", &[c('x')], Action::ExportMenu, "export the marked deliveries, or the selected one; a second key says how"), "export", 6),
    bind(Anywhere, "unmark-all", &[], Action::List(Entry::Unmark), "take all marks away"),
    bind(Anywhere, "note", &[c('a')], Action::Ask(Ask::Note), "write a note on this delivery"),
    bind(Anywhere, "remove", &[c('D'), k(KeyCode::Delete)], Action::List(Entry::Remove(Scope::Selected)), "remove the marked deliveries, or the selected one"),
    bind(Anywhere, "remove-shown", &[], Action::List(Entry::Remove(Scope::Shown)), "remove all that pass the filter"),
    bind(Anywhere, "clear", &[], Action::List(Entry::Remove(Scope::All)), "remove all deliveries"),
    bind(Anywhere, "undo", &[c('U')], Action::List(Entry::Undo), "bring back what was removed last"),
    hinted(bind(Anywhere, "sample", &[c('s')], Action::SendSample, "send a signed sample event to this listener"), "sample", 7),
    hinted(bind(Anywhere, "follow", &[c('f')], Action::Follow, "follow the newest delivery, or stop following"), "follow", 6),
    hinted(bind(Anywhere, "other-pane", &[k(KeyCode::Tab), k(KeyCode::BackTab)], Action::SwitchFocus, "go to the other pane"), "pane", 5),
];

/// The bindings after those of the tabs.
#[rustfmt::skip] // a row is a line, so that the table can be read as one
const AFTER_TABS: &[Binding] = &[
    bind(Anywhere, "compare", &[c('d')], Action::Differ(DiffAction::Choose), "compare two marked deliveries, or the marked one with this one; again: with the one before it"),
    bind(Anywhere, "next-tab", &[c(']')], Action::NextTab, "next tab of the detail"),
    bind(Anywhere, "previous-tab", &[c('[')], Action::PreviousTab, "previous tab of the detail"),
    hinted(bind(Anywhere, "zoom", &[c('z')], Action::Zoom, "give the focused pane the whole screen, or take it back"), "zoom", 8),
    bind(Anywhere, "arrange", &[c('v')], Action::Arrange, "set the panes side by side or one above the other"),
    bind(Anywhere, "narrower", &[c('<')], Action::Resize(ResizeBy::Less), "make the list smaller"),
    bind(Anywhere, "wider", &[c('>')], Action::Resize(ResizeBy::More), "make the list larger"),
    bind(Anywhere, "privacy", &[c('P')], Action::Privacy, "mask values and keep their shapes, for a shared screen; again shows them"),
    bind(Anywhere, "mouse", &[c('M')], Action::ToggleMouse, "let go of the mouse to select text, or take it back"),
    bind(Anywhere, "back", &[k(KeyCode::Esc)], Action::Back, "back: from zoom, from the detail, from a filter"),
    hinted(bind(Anywhere, "palette", &[c(':'), Key::ctrl('p')], Action::Palette, "find and run any command by its name"), "commands", 4),
    hinted(bind(Anywhere, "help", &[c('?')], Action::Help, "show these keys"), "help", 1),
    bind(Anywhere, "redraw", &[Key::ctrl('l')], Action::Redraw, "draw the screen anew"),
    bind(Anywhere, "suspend", &[Key::ctrl('z')], Action::Suspend, "suspend; fg comes back"),
    hinted(bind(Anywhere, "quit", &[c('q'), Key::ctrl('c')], Action::Quit, "quit"), "quit", 1),
    bind(List, "down", &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "next delivery"),
    bind(List, "up", &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "previous delivery"),
    bind(List, "page-down", &[k(KeyCode::PageDown), Key::ctrl('f'), Key::ctrl('d')], Action::Move(Move::PageDown), "a page down"),
    bind(List, "page-up", &[k(KeyCode::PageUp), Key::ctrl('b'), Key::ctrl('u')], Action::Move(Move::PageUp), "a page up"),
    bind(List, "first", &[k(KeyCode::Home), c('g')], Action::Move(Move::First), "the oldest delivery"),
    bind(List, "last", &[k(KeyCode::End), c('G')], Action::Move(Move::Last), "the newest delivery, and follow"),
    bind(List, "next-tab", &[k(KeyCode::Right), c('l')], Action::NextTab, "next tab of the detail"),
    bind(List, "previous-tab", &[k(KeyCode::Left), c('h')], Action::PreviousTab, "previous tab of the detail"),
    hinted(bind(List, "sort", &[c('o')], Action::List(Entry::SortMenu), "sort: a second key says by what; again turns it round"), "sort", 9),
    bind(List, "jump", &[c('#')], Action::Ask(Ask::Jump), "go to a number or a time"),
    bind(List, "next-match", &[c('n')], Action::List(Entry::Match(Direction::Next)), "next that passes the filter, or the last one that was in force"),
    bind(List, "previous-match", &[c('N')], Action::List(Entry::Match(Direction::Previous)), "previous one"),
    bind(List, "next-bad", &[c('b')], Action::List(Entry::Bad(Direction::Next)), "next with a bad signature"),
    bind(List, "previous-bad", &[c('B')], Action::List(Entry::Bad(Direction::Previous)), "previous with a bad signature"),
    bind(List, "next-marked", &[c('\'')], Action::List(Entry::Marked(Direction::Next)), "next marked one"),
    bind(List, "previous-marked", &[c('"')], Action::List(Entry::Marked(Direction::Previous)), "previous marked one"),
    bind(List, "open", &[k(KeyCode::Enter)], Action::OpenDetail, "go to the detail"),
    bind(Detail, "down", &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "scroll down"),
    bind(Detail, "up", &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "scroll up"),
    bind(Detail, "page-down", &[k(KeyCode::PageDown), Key::ctrl('f'), Key::ctrl('d'), c(' ')], Action::Move(Move::PageDown), "a page down"),
    bind(Detail, "page-up", &[k(KeyCode::PageUp), Key::ctrl('b'), Key::ctrl('u')], Action::Move(Move::PageUp), "a page up"),
    bind(Detail, "first", &[k(KeyCode::Home), c('g')], Action::Move(Move::First), "to the top"),
    bind(Detail, "last", &[k(KeyCode::End), c('G')], Action::Move(Move::Last), "to the end"),
    bind(Detail, "right", &[k(KeyCode::Right), c('l')], Action::Move(Move::Right), "scroll to the right"),
    bind(Detail, "left", &[k(KeyCode::Left), c('h')], Action::Move(Move::Left), "scroll to the left"),
    bind(Detail, "next-delivery", &[c('J')], Action::NextDelivery, "next delivery, staying here"),
    bind(Detail, "previous-delivery", &[c('K')], Action::PreviousDelivery, "previous delivery, staying here"),
    hinted(bind(Document, "find", &[c('/')], Action::Ask(Ask::Find), "search in the whole of it: text, or /a regex/"), "search", 2),
    bind(Document, "next-hit", &[c('n')], Action::Document(In::Hit(Direction::Next)), "next hit"),
    bind(Document, "previous-hit", &[c('N')], Action::Document(In::Hit(Direction::Previous)), "previous hit"),
    bind(Document, "open", &[k(KeyCode::Right), c('l')], Action::Move(Move::Right), "unfold, or go into what is unfolded"),
    bind(Document, "close", &[k(KeyCode::Left), c('h')], Action::Move(Move::Left), "fold, or go out to what is around it"),
    hinted(bind(Document, "fold", &[k(KeyCode::Enter), c('o')], Action::Document(In::Fold(Fold::Toggle)), "fold or unfold"), "fold", 3),
    bind(Document, "fold-all", &[c('O')], Action::Document(In::Fold(Fold::ToggleAll)), "fold or unfold with everything inside"),
    bind(Document, "fold-less", &[c('-')], Action::Document(In::Fold(Fold::Less)), "show one level less; the first time, the outermost alone"),
    bind(Document, "fold-more", &[c('+')], Action::Document(In::Fold(Fold::More)), "show one level more"),
    bind(Document, "next-sibling", &[c('}')], Action::Document(In::Sibling(Direction::Next)), "next beside it"),
    bind(Document, "previous-sibling", &[c('{')], Action::Document(In::Sibling(Direction::Previous)), "previous beside it"),
    bind(Document, "next-same-key", &[c('*')], Action::Document(In::SameKey(Direction::Next)), "next with the same key"),
    bind(Document, "previous-same-key", &[c('#')], Action::Document(In::SameKey(Direction::Previous)), "previous with the same key"),
    bind(Document, "unescaped", &[c('u')], Action::Document(In::Unescaped), "show the string without its escapes"),
    bind(Document, "right", &[c('L')], Action::Document(In::Sideways(Direction::Next)), "scroll to the right"),
    bind(Document, "left", &[c('H')], Action::Document(In::Sideways(Direction::Previous)), "scroll to the left"),
    bind(Document, "wrap", &[c('w')], Action::Document(In::Wrap), "break rows that are too wide, or cut them"),
    bind(Document, "hex", &[c('X')], Action::Document(In::Hex), "the body as it came, in hexadecimal"),
    hinted(bind(KeyContext::Diff, "next-change", &[c('n')], Action::Differ(DiffAction::Change(Direction::Next)), "next change"), "next change", 2),
    bind(KeyContext::Diff, "previous-change", &[c('N')], Action::Differ(DiffAction::Change(Direction::Previous)), "previous change"),
    hinted(bind(KeyContext::Copy, "value", &[c('v')], Action::Copy(Copyable::Value), "the value under the cursor, without escapes"), "value", 2),
    bind(KeyContext::Copy, "subtree", &[c('t')], Action::Copy(Copyable::Subtree), "the value under the cursor as it was sent"),
    bind(KeyContext::Copy, "key", &[c('k')], Action::Copy(Copyable::Key), "the key under the cursor"),
    bind(KeyContext::Copy, "path", &[c('.')], Action::Copy(Copyable::Path), "the path under the cursor, as filters read it"),
    bind(KeyContext::Copy, "jq-path", &[c('j')], Action::Copy(Copyable::JqPath), "the path under the cursor, as jq reads it"),
    hinted(bind(KeyContext::Copy, "payload", &[c('p'), c('y')], plain("payload"), "the payload, byte for byte where it is text"), "payload", 1),
    hinted(bind(KeyContext::Copy, "headers", &[c('h')], plain("headers"), "the header lines, without signatures and credentials"), "headers", 2),
    hinted(bind(KeyContext::Copy, "event-id", &[c('i')], plain("event-id"), "the event id"), "event id", 3),
    hinted(bind(KeyContext::Copy, "signature", &[c('s')], plain("signature"), "the signature header's value"), "signature", 4),
    bind(KeyContext::Copy, "url", &[c('u')], plain("url"), "the URL that the request was sent to"),
    hinted(bind(KeyContext::Copy, "curl", &[c('c')], plain("curl"), "a curl command that sends it here again, without signatures and credentials"), "curl", 1),
    bind(KeyContext::Copy, "formatted", &[c('P')], plain("pretty"), "the payload as it is shown"),
    hinted(bind(KeyContext::Copy, "httpie", &[c('H')], plain("httpie"), "an HTTPie command that sends it here again"), "HTTPie", 5),
    hinted(bind(KeyContext::Copy, "xh", &[c('x')], plain("xh"), "an xh command that sends it here again"), "xh", 6),
    hinted(bind(KeyContext::Copy, "raw", &[c('r')], plain("http"), "head and body as on the wire"), "raw HTTP", 5),
    hinted(bind(KeyContext::Copy, "program", &[c('d')], Action::SnippetMenu, "a program that verifies it; a third key says in which language"), "program", 3),
    hinted(bind(KeyContext::Copy, "signed", &[c('w')], Action::CopySigned, "with the signature and credentials, or without"), "with signature", 4),
    hinted(bind(KeyContext::Copy, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "copy nothing"), "cancel", 1),
    hinted(bind(Snippet, "node", &[c('n')], plain("node"), "Node"), "Node", 1),
    hinted(bind(Snippet, "python", &[c('p')], plain("python"), "Python"), "Python", 1),
    hinted(bind(Snippet, "go", &[c('g')], plain("go"), "Go"), "Go", 1),
    hinted(bind(Snippet, "ruby", &[c('r')], plain("ruby"), "Ruby"), "Ruby", 1),
    hinted(bind(Snippet, "php", &[c('h')], plain("php"), "PHP"), "PHP", 1),
    hinted(bind(Snippet, "rust", &[c('u')], plain("rust"), "Rust"), "Rust", 1),
    hinted(bind(Snippet, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "copy nothing"), "cancel", 1),
    hinted(bind(Facet, "type", &[c('t')], Action::Narrow(FilterAction::Facet(Of::Kind)), "the event type"), "type", 1),
    hinted(bind(Facet, "signature", &[c('s')], Action::Narrow(FilterAction::Facet(Of::Signature)), "the verdict"), "signature", 1),
    hinted(bind(Facet, "cause", &[c('c')], Action::Narrow(FilterAction::Facet(Of::Cause)), "the cause of the verdict"), "cause", 3),
    hinted(bind(Facet, "event-id", &[c('i')], Action::Narrow(FilterAction::Facet(Of::EventId)), "the event id: its deliveries"), "event id", 2),
    hinted(bind(Facet, "provider", &[c('p')], Action::Narrow(FilterAction::Facet(Of::Provider)), "the provider"), "provider", 2),
    hinted(bind(Facet, "path", &[c('u')], Action::Narrow(FilterAction::Facet(Of::Path)), "the request target"), "path", 4),
    hinted(bind(Facet, "method", &[c('m')], Action::Narrow(FilterAction::Facet(Of::Method)), "the method"), "method", 5),
    hinted(bind(Facet, "answer", &[c('a')], Action::Narrow(FilterAction::Facet(Of::Status)), "the answer to the sender"), "answer", 3),
    hinted(bind(Facet, "source", &[c('o')], Action::Narrow(FilterAction::Facet(Of::Source)), "how it came here"), "source", 6),
    hinted(bind(Facet, "peer", &[c('f')], Action::Narrow(FilterAction::Facet(Of::Peer)), "whom it came from"), "from", 6),
    hinted(bind(Facet, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "leave the filter as it is"), "cancel", 1),
    hinted(bind(Sort, "time", &[c('t')], Action::List(Entry::Sort(By::Time)), "by time"), "time", 1),
    hinted(bind(Sort, "type", &[c('y')], Action::List(Entry::Sort(By::Type)), "by type"), "type", 1),
    hinted(bind(Sort, "verdict", &[c('v')], Action::List(Entry::Sort(By::Verdict)), "by verdict"), "verdict", 1),
    hinted(bind(Sort, "event-id", &[c('i')], Action::List(Entry::Sort(By::EventId)), "by event id"), "event id", 2),
    hinted(bind(Sort, "size", &[c('s')], Action::List(Entry::Sort(By::Size)), "by size, the largest first"), "size", 1),
    hinted(bind(Sort, "answer", &[c('a')], Action::List(Entry::Sort(By::Answer)), "by answer"), "answer", 2),
    hinted(bind(Sort, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "leave the order as it is"), "cancel", 1),
    hinted(bind(Export, "fixture", &[c('f')], Action::Export("fixture", Scope::Selected), "as fixtures for tests"), "fixture", 1),
    hinted(bind(Export, "jsonl", &[c('j')], Action::Export("jsonl", Scope::Selected), "as JSON lines"), "jsonl", 2),
    hinted(bind(Export, "har", &[c('h')], Action::Export("har", Scope::Selected), "as an HTTP Archive"), "har", 2),
    hinted(bind(Export, "http", &[c('t')], Action::Export("http", Scope::Selected), "as .http requests for editors"), "http", 2),
    hinted(bind(Export, "curl", &[c('c')], Action::Export("curl", Scope::Selected), "as curl commands"), "curl", 2),
    hinted(bind(Export, "fixture-shown", &[c('F')], Action::Export("fixture", Scope::Shown), "all that are shown as fixtures"), "all shown", 3),
    bind(Export, "jsonl-shown", &[c('J')], Action::Export("jsonl", Scope::Shown), "all that are shown as JSON lines"),
    bind(Export, "har-shown", &[c('H')], Action::Export("har", Scope::Shown), "all that are shown as an HTTP Archive"),
    bind(Export, "http-shown", &[c('T')], Action::Export("http", Scope::Shown), "all that are shown as .http requests"),
    bind(Export, "curl-shown", &[c('C')], Action::Export("curl", Scope::Shown), "all that are shown as curl commands"),
    hinted(bind(Export, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "export nothing"), "cancel", 1),
    hinted(bind(Confirm, "yes", &[c('y'), k(KeyCode::Enter)], Action::Submit, "yes"), "yes", 1),
    hinted(bind(Confirm, "no", &[c('n'), k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "no"), "no", 1),
    bind(Answers, "down", &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "the next one"),
    bind(Answers, "up", &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "the one before"),
    bind(Answers, "first", &[k(KeyCode::Home), c('g')], Action::Move(Move::First), "the first one"),
    bind(Answers, "last", &[k(KeyCode::End), c('G')], Action::Move(Move::Last), "the last one"),
    hinted(bind(Answers, "add", &[c('a'), c('+')], Action::Ask(Ask::Rule), "type a rule; it comes before the others"), "add", 2),
    hinted(bind(Answers, "remove", &[c('d'), k(KeyCode::Delete)], Action::Answering(ResponseAction::Remove), "remove the chosen rule"), "remove", 4),
    hinted(bind(Answers, "reset", &[c('0')], Action::Answering(ResponseAction::Reset), "the rules of the start again"), "reset", 5),
    hinted(bind(Answers, "release-200", &[c('2')], release(ReleaseDecision::Answer(200)), "answer the chosen held sender with 200, or the one that waits longest"), "200", 3),
    hinted(bind(Answers, "release-400", &[c('4')], release(ReleaseDecision::Answer(400)), "answer it with 400"), "400", 3),
    hinted(bind(Answers, "release-500", &[c('5')], release(ReleaseDecision::Answer(500)), "answer it with 500"), "500", 3),
    hinted(bind(Answers, "release-forward", &[c('f')], release(ReleaseDecision::Forward), "let it go on to the targets"), "forward", 3),
    hinted(bind(Answers, "release-close", &[c('c')], release(ReleaseDecision::Close), "close its connection without an answer"), "close", 3),
    bind(Answers, "all-200", &[c('O')], always("200"), "from now on answer every delivery with 200"),
    bind(Answers, "all-500", &[c('E')], always("500"), "from now on answer every delivery with 500"),
    bind(Answers, "all-timeout", &[c('T')], always("timeout"), "from now on answer none"),
    bind(Answers, "all-close", &[c('C')], always("close"), "from now on close every connection without an answer"),
    bind(Answers, "all-hold", &[c('H')], always("hold"), "from now on hold every sender"),
    hinted(bind(Answers, "help", &[c('?')], Action::Help, "show these keys"), "help", 2),
    hinted(bind(Answers, "cancel", &[k(KeyCode::Esc), c('q'), c('A'), Key::ctrl('c')], Action::Cancel, "back to the deliveries"), "back", 1),
    hinted(bind(Address, "copy", &[c('y'), c('Y')], Action::CopyAddress, "copy it"), "copy", 1),
    hinted(bind(Address, "cancel", &[k(KeyCode::Esc), c('q'), c('Q'), Key::ctrl('c')], Action::Cancel, "back to the deliveries"), "back", 1),
    bind(Help, "down", &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "scroll down"),
    bind(Help, "up", &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "scroll up"),
    bind(Help, "page-down", &[k(KeyCode::PageDown), c(' ')], Action::Move(Move::PageDown), "a page down"),
    bind(Help, "page-up", &[k(KeyCode::PageUp)], Action::Move(Move::PageUp), "a page up"),
    hinted(bind(Help, "cancel", &[k(KeyCode::Esc), c('?'), c('q'), Key::ctrl('c')], Action::Cancel, "close the help"), "close", 1),
    hinted(bind(Palette, "run", &[k(KeyCode::Enter)], Action::Submit, "run the chosen command"), "run", 1),
    bind(Palette, "down", &[k(KeyCode::Down), k(KeyCode::Tab), Key::ctrl('n')], Action::Move(Move::Down), "next command"),
    bind(Palette, "up", &[k(KeyCode::Up), k(KeyCode::BackTab), Key::ctrl('p')], Action::Move(Move::Up), "previous command"),
    bind(Filter, "complete", &[k(KeyCode::Tab)], Action::Complete(Direction::Next), "go on with the next field or value that fits"),
    bind(Filter, "complete-back", &[k(KeyCode::BackTab)], Action::Complete(Direction::Previous), "go back to the one before"),
    bind(Filter, "earlier", &[k(KeyCode::Up), Key::ctrl('p')], Action::History(Direction::Previous), "an earlier filter"),
    bind(Filter, "later", &[k(KeyCode::Down), Key::ctrl('n')], Action::History(Direction::Next), "a later filter"),
    hinted(bind(Target, "signing", &[k(KeyCode::Tab)], Action::Sending(ResendAction::Signing), "signed anew, or exactly as it came"), "signing", 1),
    bind(Target, "earlier", &[k(KeyCode::Up), Key::ctrl('p')], Action::History(Direction::Previous), "an earlier target"),
    bind(Target, "later", &[k(KeyCode::Down), Key::ctrl('n')], Action::History(Direction::Next), "a later target"),
    hinted(bind(Prompt, "take", &[k(KeyCode::Enter)], Action::Submit, "take what is typed"), "take", 1),
    hinted(bind(Prompt, "cancel", &[k(KeyCode::Esc), Key::ctrl('c')], Action::Cancel, "leave things as they were"), "cancel", 1),
    bind(Prompt, "erase-left", &[k(KeyCode::Backspace), Key::ctrl('h')], Action::Edit(LineEdit::EraseLeft), "erase to the left"),
    bind(Prompt, "erase-right", &[k(KeyCode::Delete), Key::ctrl('d')], Action::Edit(LineEdit::EraseRight), "erase to the right"),
    bind(Prompt, "erase-word", &[Key::ctrl('w')], Action::Edit(LineEdit::EraseWord), "erase a word"),
    hinted(bind(Prompt, "erase-all", &[Key::ctrl('u')], Action::Edit(LineEdit::EraseAll), "erase all"), "erase", 3),
    bind(Prompt, "cursor-left", &[k(KeyCode::Left), Key::ctrl('b')], Action::Edit(LineEdit::CursorLeft), "cursor left"),
    bind(Prompt, "cursor-right", &[k(KeyCode::Right), Key::ctrl('f')], Action::Edit(LineEdit::CursorRight), "cursor right"),
    bind(Prompt, "cursor-start", &[k(KeyCode::Home), Key::ctrl('a')], Action::Edit(LineEdit::CursorStart), "cursor to the start"),
    bind(Prompt, "cursor-end", &[k(KeyCode::End), Key::ctrl('e')], Action::Edit(LineEdit::CursorEnd), "cursor to the end"),
];
