//! Every binding: what is meant, in which context, by which keys, in words.

use super::{Binding, Context, Key, KeyCode};
use crate::app::action::{
    Action, Answering, Copyable, Decision, Edit, Facet as Of, Fold, Grow, InDocument as In, Move,
    Narrow, Sending, Turn, Wanted,
};
use crate::app::detail::Tab;

const fn bind(
    context: Context,
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

const fn release(decision: Decision) -> Action {
    Action::Answering(Answering::Release(decision))
}

const fn always(script: &'static str) -> Action {
    Action::Answering(Answering::Always(script))
}

use Context::{
    Address, Answers, Anywhere, Confirm, Detail, Document, Facet, Filter, Help, List, Palette,
    Prompt, Snippet, Target,
};

/// Every binding there is, in the order in which help shows them.
#[rustfmt::skip] // a row is a line, so that the table can be read as one
pub const BINDINGS: &[Binding] = &[
    hinted(bind(Anywhere, "filter", &[c('/')], Action::Narrow(Narrow::Type), "filter the list: words, type:, sig:, …"), "filter", 2),
    bind(Anywhere, "like", &[c('=')], Action::Narrow(Narrow::Like(Wanted::With)), "only those with a value of this one; a second key says which"),
    bind(Anywhere, "unlike", &[c('!')], Action::Narrow(Narrow::Like(Wanted::Without)), "only those without it"),
    bind(Anywhere, "clear-filter", &[c('0')], Action::Narrow(Narrow::Clear), "show all deliveries again"),
    bind(Anywhere, "views", &[c('V')], Action::Narrow(Narrow::Views), "choose a saved view"),
    bind(Anywhere, "save-view", &[Key::ctrl('s')], Action::Narrow(Narrow::Save), "save the filter as a view with a name, in hookglass.toml"),
    hinted(bind(Anywhere, "resend", &[c('r')], Action::Sending(Sending::Again), "resend to the forward target or the last one used, signed anew where there is a secret"), "resend", 3),
    bind(Anywhere, "resend-to", &[c('R')], Action::Sending(Sending::To), "resend to a URL that is asked for, with a number of times and an interval"),
    bind(Anywhere, "resend-all", &[c('B')], Action::Sending(Sending::Batch), "resend the marked deliveries, or else all that are shown"),
    bind(Anywhere, "stop-resending", &[Key::ctrl('x')], Action::Sending(Sending::Stop), "end what is being resent"),
    hinted(bind(Anywhere, "edit", &[c('e')], Action::Sending(Sending::Edit), "change it in your editor ($VISUAL, $EDITOR), then resend it as a delivery of its own"), "edit", 6),
    bind(Anywhere, "edit-to", &[c('E')], Action::Sending(Sending::EditTo), "the same, to a URL that is asked for"),
    hinted(bind(Anywhere, "answers", &[c('A')], Action::Answering(Answering::Show), "rules that answer deliveries, and senders that are held"), "answers", 8),
    bind(Anywhere, "copy-address", &[c('U')], Action::CopyAddress, "copy the URL for senders: the tunnel's, or this listener's"),
    bind(Anywhere, "show-address", &[c('Q')], Action::ShowAddress, "show the URL for senders, also as a QR code"),
    hinted(bind(Anywhere, "copy", &[c('y')], Action::CopyMenu, "copy: a second key says what"), "copy", 4),
    bind(Anywhere, "try-secret", &[c('S')], Action::TrySecret, "try another secret on this delivery; it is typed unseen and kept nowhere"),
    bind(Anywhere, "mark", &[c('m')], Action::ToggleMark, "mark this delivery, or take the mark away"),
    hinted(bind(Anywhere, "sample", &[c('s')], Action::SendSample, "send a signed sample event to this listener"), "sample", 7),
    hinted(bind(Anywhere, "follow", &[c('f')], Action::Follow, "follow the newest delivery, or stop following"), "follow", 6),
    hinted(bind(Anywhere, "other-pane", &[k(KeyCode::Tab), k(KeyCode::BackTab)], Action::SwitchFocus, "go to the other pane"), "pane", 5),
    bind(Anywhere, "payload", &[c('1')], Action::Show(Tab::Payload), "show the payload"),
    bind(Anywhere, "headers", &[c('2')], Action::Show(Tab::Headers), "show the headers"),
    bind(Anywhere, "signature", &[c('3')], Action::Show(Tab::Signature), "show the signature and what is wrong with it"),
    bind(Anywhere, "timeline", &[c('4')], Action::Show(Tab::Timeline), "show the answers: to the sender, and from targets"),
    bind(Anywhere, "raw", &[c('5')], Action::Show(Tab::Raw), "show the request as it was on the wire"),
    bind(Anywhere, "next-tab", &[c(']')], Action::NextTab, "next tab of the detail"),
    bind(Anywhere, "previous-tab", &[c('[')], Action::PreviousTab, "previous tab of the detail"),
    hinted(bind(Anywhere, "zoom", &[c('z')], Action::Zoom, "give the focused pane the whole screen, or take it back"), "zoom", 8),
    bind(Anywhere, "arrange", &[c('v')], Action::Arrange, "set the panes side by side or one above the other"),
    bind(Anywhere, "narrower", &[c('<')], Action::Resize(Grow::Less), "make the list smaller"),
    bind(Anywhere, "wider", &[c('>')], Action::Resize(Grow::More), "make the list larger"),
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
    hinted(bind(Document, "find", &[c('/')], Action::Document(In::Find), "search in the whole of it: text, or /a regex/"), "search", 2),
    bind(Document, "next-hit", &[c('n')], Action::Document(In::Hit(Turn::Next)), "next hit"),
    bind(Document, "previous-hit", &[c('N')], Action::Document(In::Hit(Turn::Previous)), "previous hit"),
    bind(Document, "open", &[k(KeyCode::Right), c('l')], Action::Move(Move::Right), "unfold, or go into what is unfolded"),
    bind(Document, "close", &[k(KeyCode::Left), c('h')], Action::Move(Move::Left), "fold, or go out to what is around it"),
    hinted(bind(Document, "fold", &[k(KeyCode::Enter), c('o')], Action::Document(In::Fold(Fold::Toggle)), "fold or unfold"), "fold", 3),
    bind(Document, "fold-all", &[c('O')], Action::Document(In::Fold(Fold::ToggleAll)), "fold or unfold with everything inside"),
    bind(Document, "fold-less", &[c('-')], Action::Document(In::Fold(Fold::Less)), "show one level less; the first time, the outermost alone"),
    bind(Document, "fold-more", &[c('+')], Action::Document(In::Fold(Fold::More)), "show one level more"),
    bind(Document, "next-sibling", &[c('}')], Action::Document(In::Sibling(Turn::Next)), "next beside it"),
    bind(Document, "previous-sibling", &[c('{')], Action::Document(In::Sibling(Turn::Previous)), "previous beside it"),
    bind(Document, "next-same-key", &[c('*')], Action::Document(In::SameKey(Turn::Next)), "next with the same key"),
    bind(Document, "previous-same-key", &[c('#')], Action::Document(In::SameKey(Turn::Previous)), "previous with the same key"),
    bind(Document, "unescaped", &[c('u')], Action::Document(In::Unescaped), "show the string without its escapes"),
    bind(Document, "right", &[c('L')], Action::Document(In::Sideways(Turn::Next)), "scroll to the right"),
    bind(Document, "left", &[c('H')], Action::Document(In::Sideways(Turn::Previous)), "scroll to the left"),
    bind(Document, "wrap", &[c('w')], Action::Document(In::Wrap), "break rows that are too wide, or cut them"),
    bind(Document, "hex", &[c('X')], Action::Document(In::Hex), "the body as it came, in hexadecimal"),
    hinted(bind(Context::Copy, "value", &[c('v')], Action::Copy(Copyable::Value), "the value under the cursor, without escapes"), "value", 2),
    bind(Context::Copy, "subtree", &[c('t')], Action::Copy(Copyable::Subtree), "the value under the cursor as it was sent"),
    bind(Context::Copy, "key", &[c('k')], Action::Copy(Copyable::Key), "the key under the cursor"),
    bind(Context::Copy, "path", &[c('.')], Action::Copy(Copyable::Path), "the path under the cursor, as filters read it"),
    bind(Context::Copy, "jq-path", &[c('j')], Action::Copy(Copyable::JqPath), "the path under the cursor, as jq reads it"),
    hinted(bind(Context::Copy, "payload", &[c('p'), c('y')], Action::Copy(Copyable::Payload), "the payload, byte for byte where it is text"), "payload", 1),
    hinted(bind(Context::Copy, "headers", &[c('h')], Action::Copy(Copyable::Headers), "the headers, a line each, without the signature"), "headers", 2),
    hinted(bind(Context::Copy, "event-id", &[c('i')], Action::Copy(Copyable::EventId), "the event id"), "event id", 3),
    hinted(bind(Context::Copy, "signature", &[c('s')], Action::Copy(Copyable::Signature), "the signature header's value"), "signature", 4),
    hinted(bind(Context::Copy, "curl", &[c('c')], Action::Copy(Copyable::Curl), "a curl command that sends it here again, without the signature"), "curl", 1),
    bind(Context::Copy, "formatted", &[c('P')], plain("pretty"), "the payload as it is shown"),
    hinted(bind(Context::Copy, "httpie", &[c('H')], plain("httpie"), "an HTTPie command that sends it here again"), "HTTPie", 5),
    hinted(bind(Context::Copy, "xh", &[c('x')], plain("xh"), "an xh command that sends it here again"), "xh", 6),
    hinted(bind(Context::Copy, "raw", &[c('r')], plain("http"), "head and body as on the wire"), "raw HTTP", 5),
    hinted(bind(Context::Copy, "program", &[c('d')], Action::SnippetMenu, "a program that verifies it; a third key says in which language"), "program", 3),
    hinted(bind(Context::Copy, "signed", &[c('w')], Action::CopySigned, "with the signature and credentials, or without"), "with signature", 4),
    hinted(bind(Context::Copy, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "copy nothing"), "cancel", 1),
    hinted(bind(Snippet, "node", &[c('n')], plain("node"), "Node"), "Node", 1),
    hinted(bind(Snippet, "python", &[c('p')], plain("python"), "Python"), "Python", 1),
    hinted(bind(Snippet, "go", &[c('g')], plain("go"), "Go"), "Go", 1),
    hinted(bind(Snippet, "ruby", &[c('r')], plain("ruby"), "Ruby"), "Ruby", 1),
    hinted(bind(Snippet, "php", &[c('h')], plain("php"), "PHP"), "PHP", 1),
    hinted(bind(Snippet, "rust", &[c('u')], plain("rust"), "Rust"), "Rust", 1),
    hinted(bind(Snippet, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "copy nothing"), "cancel", 1),
    hinted(bind(Facet, "type", &[c('t')], Action::Narrow(Narrow::Facet(Of::Kind)), "the event type"), "type", 1),
    hinted(bind(Facet, "signature", &[c('s')], Action::Narrow(Narrow::Facet(Of::Signature)), "the verdict"), "signature", 1),
    hinted(bind(Facet, "cause", &[c('c')], Action::Narrow(Narrow::Facet(Of::Cause)), "the cause of the verdict"), "cause", 3),
    hinted(bind(Facet, "event-id", &[c('i')], Action::Narrow(Narrow::Facet(Of::EventId)), "the event id: its deliveries"), "event id", 2),
    hinted(bind(Facet, "provider", &[c('p')], Action::Narrow(Narrow::Facet(Of::Provider)), "the provider"), "provider", 2),
    hinted(bind(Facet, "path", &[c('u')], Action::Narrow(Narrow::Facet(Of::Path)), "the request target"), "path", 4),
    hinted(bind(Facet, "method", &[c('m')], Action::Narrow(Narrow::Facet(Of::Method)), "the method"), "method", 5),
    hinted(bind(Facet, "answer", &[c('a')], Action::Narrow(Narrow::Facet(Of::Status)), "the answer to the sender"), "answer", 3),
    hinted(bind(Facet, "source", &[c('o')], Action::Narrow(Narrow::Facet(Of::Source)), "how it came here"), "source", 6),
    hinted(bind(Facet, "peer", &[c('f')], Action::Narrow(Narrow::Facet(Of::Peer)), "whom it came from"), "from", 6),
    hinted(bind(Facet, "cancel", &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "leave the filter as it is"), "cancel", 1),
    bind(Answers, "down", &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "the next one"),
    bind(Answers, "up", &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "the one before"),
    bind(Answers, "first", &[k(KeyCode::Home), c('g')], Action::Move(Move::First), "the first one"),
    bind(Answers, "last", &[k(KeyCode::End), c('G')], Action::Move(Move::Last), "the last one"),
    hinted(bind(Answers, "add", &[c('a'), c('+')], Action::Answering(Answering::Add), "type a rule; it comes before the others"), "add", 2),
    hinted(bind(Answers, "remove", &[c('d'), k(KeyCode::Delete)], Action::Answering(Answering::Remove), "remove the chosen rule"), "remove", 4),
    hinted(bind(Answers, "reset", &[c('0')], Action::Answering(Answering::Reset), "the rules of the start again"), "reset", 5),
    hinted(bind(Answers, "release-200", &[c('2')], release(Decision::Answer(200)), "answer the chosen held sender with 200, or the one that waits longest"), "200", 3),
    hinted(bind(Answers, "release-400", &[c('4')], release(Decision::Answer(400)), "answer it with 400"), "400", 3),
    hinted(bind(Answers, "release-500", &[c('5')], release(Decision::Answer(500)), "answer it with 500"), "500", 3),
    hinted(bind(Answers, "release-forward", &[c('f')], release(Decision::Forward), "let it go on to the targets"), "forward", 3),
    hinted(bind(Answers, "release-close", &[c('c')], release(Decision::Close), "close its connection without an answer"), "close", 3),
    bind(Answers, "all-200", &[c('O')], always("200"), "from now on answer every delivery with 200"),
    bind(Answers, "all-500", &[c('E')], always("500"), "from now on answer every delivery with 500"),
    bind(Answers, "all-timeout", &[c('T')], always("timeout"), "from now on answer none"),
    bind(Answers, "all-close", &[c('C')], always("close"), "from now on close every connection without an answer"),
    bind(Answers, "all-hold", &[c('H')], always("hold"), "from now on hold every sender"),
    hinted(bind(Answers, "help", &[c('?')], Action::Help, "show these keys"), "help", 2),
    hinted(bind(Answers, "cancel", &[k(KeyCode::Esc), c('q'), c('A'), Key::ctrl('c')], Action::Cancel, "back to the deliveries"), "back", 1),
    hinted(bind(Address, "copy", &[c('y'), c('U')], Action::CopyAddress, "copy it"), "copy", 1),
    hinted(bind(Address, "cancel", &[k(KeyCode::Esc), c('q'), c('Q'), Key::ctrl('c')], Action::Cancel, "back to the deliveries"), "back", 1),
    bind(Confirm, "yes", &[c('y')], Action::Submit, "do it"),
    bind(Confirm, "no", &[k(KeyCode::Esc), c('n'), c('q'), Key::ctrl('c')], Action::Cancel, "leave it"),
    bind(Help, "down", &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "scroll down"),
    bind(Help, "up", &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "scroll up"),
    bind(Help, "page-down", &[k(KeyCode::PageDown), c(' ')], Action::Move(Move::PageDown), "a page down"),
    bind(Help, "page-up", &[k(KeyCode::PageUp)], Action::Move(Move::PageUp), "a page up"),
    hinted(bind(Help, "cancel", &[k(KeyCode::Esc), c('?'), c('q'), Key::ctrl('c')], Action::Cancel, "close the help"), "close", 1),
    hinted(bind(Palette, "run", &[k(KeyCode::Enter)], Action::Submit, "run the chosen command"), "run", 1),
    bind(Palette, "down", &[k(KeyCode::Down), k(KeyCode::Tab), Key::ctrl('n')], Action::Move(Move::Down), "next command"),
    bind(Palette, "up", &[k(KeyCode::Up), k(KeyCode::BackTab), Key::ctrl('p')], Action::Move(Move::Up), "previous command"),
    bind(Filter, "complete", &[k(KeyCode::Tab)], Action::Complete(Turn::Next), "go on with the next field or value that fits"),
    bind(Filter, "complete-back", &[k(KeyCode::BackTab)], Action::Complete(Turn::Previous), "go back to the one before"),
    bind(Filter, "earlier", &[k(KeyCode::Up), Key::ctrl('p')], Action::History(Turn::Previous), "an earlier filter"),
    bind(Filter, "later", &[k(KeyCode::Down), Key::ctrl('n')], Action::History(Turn::Next), "a later filter"),
    hinted(bind(Target, "signing", &[k(KeyCode::Tab)], Action::Sending(Sending::Signing), "signed anew, or exactly as it came"), "signing", 1),
    bind(Target, "earlier", &[k(KeyCode::Up), Key::ctrl('p')], Action::History(Turn::Previous), "an earlier target"),
    bind(Target, "later", &[k(KeyCode::Down), Key::ctrl('n')], Action::History(Turn::Next), "a later target"),
    hinted(bind(Prompt, "take", &[k(KeyCode::Enter)], Action::Submit, "take what is typed"), "take", 1),
    hinted(bind(Prompt, "cancel", &[k(KeyCode::Esc), Key::ctrl('c')], Action::Cancel, "leave things as they were"), "cancel", 1),
    bind(Prompt, "erase-left", &[k(KeyCode::Backspace), Key::ctrl('h')], Action::Edit(Edit::EraseLeft), "erase to the left"),
    bind(Prompt, "erase-right", &[k(KeyCode::Delete), Key::ctrl('d')], Action::Edit(Edit::EraseRight), "erase to the right"),
    bind(Prompt, "erase-word", &[Key::ctrl('w')], Action::Edit(Edit::EraseWord), "erase a word"),
    hinted(bind(Prompt, "erase-all", &[Key::ctrl('u')], Action::Edit(Edit::EraseAll), "erase all"), "erase", 3),
    bind(Prompt, "cursor-left", &[k(KeyCode::Left), Key::ctrl('b')], Action::Edit(Edit::CursorLeft), "cursor left"),
    bind(Prompt, "cursor-right", &[k(KeyCode::Right), Key::ctrl('f')], Action::Edit(Edit::CursorRight), "cursor right"),
    bind(Prompt, "cursor-start", &[k(KeyCode::Home), Key::ctrl('a')], Action::Edit(Edit::CursorStart), "cursor to the start"),
    bind(Prompt, "cursor-end", &[k(KeyCode::End), Key::ctrl('e')], Action::Edit(Edit::CursorEnd), "cursor to the end"),
];
