//! The one table of bindings. Execution, the help screen, the hint line and the README read it.

mod key;

use super::action::{Action, Copyable, Edit, Move};
use super::detail::Tab;

pub use key::{Key, KeyCode};

/// Where a binding holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// In the dashboard, whichever pane has the focus.
    Anywhere,
    List,
    Detail,
    /// After the key that begins copying.
    Copy,
    Help,
    Prompt,
}

impl Context {
    pub const ALL: [Self; 6] =
        [Self::Anywhere, Self::List, Self::Detail, Self::Copy, Self::Help, Self::Prompt];

    pub fn title(self) -> &'static str {
        match self {
            Self::Anywhere => "Anywhere",
            Self::List => "In the list",
            Self::Detail => "In the detail",
            Self::Copy => "After y",
            Self::Help => "In this help",
            Self::Prompt => "While typing",
        }
    }
}

/// Keys that mean an action in a context.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    pub context: Context,
    /// The first one is the one shown in hints.
    pub keys: &'static [Key],
    pub action: Action,
    /// What it does, for the help screen.
    pub help: &'static str,
    /// A word or two for the hint line and how much it matters there (1 goes last); most
    /// bindings have no hint.
    pub hint: Option<(&'static str, u8)>,
}

const fn bind(
    context: Context,
    keys: &'static [Key],
    action: Action,
    help: &'static str,
) -> Binding {
    Binding { context, keys, action, help, hint: None }
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

use Context::{Anywhere, Detail, Help, List, Prompt};

/// Every binding there is, in the order in which help shows them.
#[rustfmt::skip] // a row is a line, so that the table can be read as one
pub const BINDINGS: &[Binding] = &[
    hinted(bind(Anywhere, &[c('/')], Action::Filter, "filter the list: words, type:, sig:, …"), "filter", 2),
    hinted(bind(Anywhere, &[c('r')], Action::Resend, "resend the exact bytes, to the forward target or the last one used"), "resend", 3),
    bind(Anywhere, &[c('R')], Action::ResendTo, "resend to a URL that is asked for"),
    hinted(bind(Anywhere, &[c('y')], Action::CopyMenu, "copy: a second key says what"), "copy", 4),
    bind(Anywhere, &[c('S')], Action::TrySecret, "try another secret on this delivery; it is typed unseen and kept nowhere"),
    bind(Anywhere, &[c('m')], Action::ToggleMark, "mark this delivery, or take the mark away"),
    hinted(bind(Anywhere, &[c('s')], Action::SendSample, "send a signed sample event to this listener"), "sample", 7),
    hinted(bind(Anywhere, &[c('f')], Action::Follow, "follow the newest delivery, or stop following"), "follow", 6),
    hinted(bind(Anywhere, &[k(KeyCode::Tab), k(KeyCode::BackTab)], Action::SwitchFocus, "go to the other pane"), "pane", 5),
    bind(Anywhere, &[c('1')], Action::Show(Tab::Payload), "show the payload"),
    bind(Anywhere, &[c('2')], Action::Show(Tab::Headers), "show the headers"),
    bind(Anywhere, &[c('3')], Action::Show(Tab::Signature), "show the signature and what is wrong with it"),
    bind(Anywhere, &[c('4')], Action::Show(Tab::Timeline), "show the answers: to the sender, and from targets"),
    bind(Anywhere, &[c(']')], Action::NextTab, "next tab of the detail"),
    bind(Anywhere, &[c('[')], Action::PreviousTab, "previous tab of the detail"),
    hinted(bind(Anywhere, &[c('z')], Action::Zoom, "give the focused pane the whole screen, or take it back"), "zoom", 8),
    bind(Anywhere, &[c('M')], Action::ToggleMouse, "let go of the mouse to select text, or take it back"),
    bind(Anywhere, &[k(KeyCode::Esc)], Action::Back, "back: from zoom, from the detail, from a filter"),
    hinted(bind(Anywhere, &[c('?')], Action::Help, "show these keys"), "help", 1),
    bind(Anywhere, &[Key::ctrl('l')], Action::Redraw, "draw the screen anew"),
    bind(Anywhere, &[Key::ctrl('z')], Action::Suspend, "suspend; fg comes back"),
    hinted(bind(Anywhere, &[c('q'), Key::ctrl('c')], Action::Quit, "quit"), "quit", 1),
    bind(List, &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "next delivery"),
    bind(List, &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "previous delivery"),
    bind(List, &[k(KeyCode::PageDown), Key::ctrl('f'), Key::ctrl('d')], Action::Move(Move::PageDown), "a page down"),
    bind(List, &[k(KeyCode::PageUp), Key::ctrl('b'), Key::ctrl('u')], Action::Move(Move::PageUp), "a page up"),
    bind(List, &[k(KeyCode::Home), c('g')], Action::Move(Move::First), "the oldest delivery"),
    bind(List, &[k(KeyCode::End), c('G')], Action::Move(Move::Last), "the newest delivery, and follow"),
    bind(List, &[k(KeyCode::Right), c('l')], Action::NextTab, "next tab of the detail"),
    bind(List, &[k(KeyCode::Left), c('h')], Action::PreviousTab, "previous tab of the detail"),
    bind(List, &[k(KeyCode::Enter)], Action::OpenDetail, "go to the detail"),
    bind(Detail, &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "scroll down"),
    bind(Detail, &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "scroll up"),
    bind(Detail, &[k(KeyCode::PageDown), Key::ctrl('f'), Key::ctrl('d'), c(' ')], Action::Move(Move::PageDown), "a page down"),
    bind(Detail, &[k(KeyCode::PageUp), Key::ctrl('b'), Key::ctrl('u')], Action::Move(Move::PageUp), "a page up"),
    bind(Detail, &[k(KeyCode::Home), c('g')], Action::Move(Move::First), "to the top"),
    bind(Detail, &[k(KeyCode::End), c('G')], Action::Move(Move::Last), "to the end"),
    bind(Detail, &[k(KeyCode::Right), c('l')], Action::Move(Move::Right), "scroll to the right"),
    bind(Detail, &[k(KeyCode::Left), c('h')], Action::Move(Move::Left), "scroll to the left"),
    bind(Detail, &[c('J')], Action::NextDelivery, "next delivery, staying here"),
    bind(Detail, &[c('K')], Action::PreviousDelivery, "previous delivery, staying here"),
    hinted(bind(Context::Copy, &[c('p'), c('y')], Action::Copy(Copyable::Payload), "the payload, byte for byte where it is text"), "payload", 1),
    hinted(bind(Context::Copy, &[c('h')], Action::Copy(Copyable::Headers), "the headers, a line each, without the signature"), "headers", 2),
    hinted(bind(Context::Copy, &[c('i')], Action::Copy(Copyable::EventId), "the event id"), "event id", 3),
    hinted(bind(Context::Copy, &[c('s')], Action::Copy(Copyable::Signature), "the signature header's value"), "signature", 4),
    hinted(bind(Context::Copy, &[c('c')], Action::Copy(Copyable::Curl), "a curl command that sends it here again, without the signature"), "curl", 1),
    hinted(bind(Context::Copy, &[k(KeyCode::Esc), c('q'), Key::ctrl('c')], Action::Cancel, "copy nothing"), "cancel", 1),
    bind(Help, &[k(KeyCode::Down), c('j')], Action::Move(Move::Down), "scroll down"),
    bind(Help, &[k(KeyCode::Up), c('k')], Action::Move(Move::Up), "scroll up"),
    bind(Help, &[k(KeyCode::PageDown), c(' ')], Action::Move(Move::PageDown), "a page down"),
    bind(Help, &[k(KeyCode::PageUp)], Action::Move(Move::PageUp), "a page up"),
    hinted(bind(Help, &[k(KeyCode::Esc), c('?'), c('q'), Key::ctrl('c')], Action::Cancel, "close the help"), "close", 1),
    hinted(bind(Prompt, &[k(KeyCode::Enter)], Action::Submit, "take what is typed"), "take", 1),
    hinted(bind(Prompt, &[k(KeyCode::Esc), Key::ctrl('c')], Action::Cancel, "leave things as they were"), "cancel", 1),
    bind(Prompt, &[k(KeyCode::Backspace), Key::ctrl('h')], Action::Edit(Edit::EraseLeft), "erase to the left"),
    bind(Prompt, &[k(KeyCode::Delete), Key::ctrl('d')], Action::Edit(Edit::EraseRight), "erase to the right"),
    bind(Prompt, &[Key::ctrl('w')], Action::Edit(Edit::EraseWord), "erase a word"),
    hinted(bind(Prompt, &[Key::ctrl('u')], Action::Edit(Edit::EraseAll), "erase all"), "erase", 3),
    bind(Prompt, &[k(KeyCode::Left), Key::ctrl('b')], Action::Edit(Edit::CursorLeft), "cursor left"),
    bind(Prompt, &[k(KeyCode::Right), Key::ctrl('f')], Action::Edit(Edit::CursorRight), "cursor right"),
    bind(Prompt, &[k(KeyCode::Home), Key::ctrl('a')], Action::Edit(Edit::CursorStart), "cursor to the start"),
    bind(Prompt, &[k(KeyCode::End), Key::ctrl('e')], Action::Edit(Edit::CursorEnd), "cursor to the end"),
];

/// The action that a key means in the first of the contexts that binds it.
pub fn resolve(contexts: &[Context], key: Key) -> Option<Action> {
    contexts.iter().find_map(|context| {
        let of_context = |binding: &&Binding| binding.context == *context;
        let binding =
            BINDINGS.iter().filter(of_context).find(|binding| binding.keys.contains(&key))?;
        Some(binding.action)
    })
}

/// The hints of the contexts, in the table's order.
pub fn hints(contexts: &[Context]) -> impl Iterator<Item = (Key, &'static str, u8)> {
    BINDINGS.iter().filter(|binding| contexts.contains(&binding.context)).filter_map(|binding| {
        let (word, priority) = binding.hint?;
        Some((*binding.keys.first()?, word, priority))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_context() {
        for (at, binding) in BINDINGS.iter().enumerate() {
            assert!(!binding.keys.is_empty() && !binding.help.is_empty());
            for other in &BINDINGS[at + 1..] {
                let clash = binding.context == other.context
                    && binding.keys.iter().any(|key| other.keys.contains(key));
                assert!(!clash, "{binding:?} and {other:?}");
            }
        }
    }

    #[test]
    fn every_context_can_be_left() {
        for context in [Context::Copy, Help, Prompt] {
            assert_eq!(resolve(&[context], k(KeyCode::Esc)), Some(Action::Cancel), "{context:?}");
        }
        assert_eq!(resolve(&[List, Anywhere], c('q')), Some(Action::Quit));
    }

    #[test]
    fn the_nearer_context_wins() {
        assert_eq!(resolve(&[Detail, Anywhere], c('l')), Some(Action::Move(Move::Right)));
        assert_eq!(resolve(&[List, Anywhere], c('l')), Some(Action::NextTab));
        assert_eq!(resolve(&[List, Anywhere], c('x')), None);
    }
}
