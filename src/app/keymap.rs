//! Key bindings. Execution, help, hints, palette, documentation, and configuration all read one
//! table.

mod key;
mod table;

use super::action::Action;
use crate::words::words;

pub use key::{Key, KeyCode, KeyError};
pub use table::BINDINGS;

words! {
    /// Where a binding applies.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum KeyContext {
        /// In the dashboard, in any pane.
        Anywhere = "anywhere",
        List = "list",
        Detail = "detail",
        /// In the payload and the raw request, before the bindings of all detail tabs.
        Document = "payload",
        /// In the diff, before the bindings of all detail tabs.
        Diff = "diff",
        /// After the copy key.
        Copy = "copy",
        /// After the copy key and the key for programs.
        Snippet = "snippet",
        /// After a key that narrows the filter.
        Facet = "facet",
        /// On the page of rules and paused requests.
        Answers = "answers",
        /// After the key that responds to a paused request.
        Release = "release",
        /// On the page with the URL for senders.
        Address = "address",
        /// After the sort key.
        Sort = "sort",
        /// After the export key.
        Export = "export",
        /// While a confirmation is pending.
        Confirm = "confirm",
        Help = "help",
        Palette = "palette",
        /// While a target is typed, before the bindings of all prompts.
        Target = "target",
        /// While a filter is typed, before the bindings of all prompts.
        Filter = "filter",
        Prompt = "prompt",
    }
}

impl KeyContext {
    pub fn title(self) -> &'static str {
        match self {
            Self::Anywhere => "Anywhere",
            Self::List => "In the list",
            Self::Detail => "In the detail",
            Self::Document => "In the payload",
            Self::Diff => "In the comparison",
            Self::Copy => "After y",
            Self::Snippet => "After y and d",
            Self::Facet => "After = or !",
            Self::Answers => "On the page of rules",
            Self::Release => "After p",
            Self::Address => "On the page of the URL",
            Self::Target => "While typing a target",
            Self::Sort => "After o",
            Self::Export => "After x",
            Self::Confirm => "When asked",
            Self::Help => "In this help",
            Self::Palette => "In the palette",
            Self::Filter => "While typing a filter",
            Self::Prompt => "While typing",
        }
    }
}

/// Keys bound to an action in a context.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    pub context: KeyContext,
    /// Name in the configuration, unique within a context.
    pub name: &'static str,
    /// Default keys. Hints show the first one; a binding without keys is available in the palette.
    pub keys: &'static [Key],
    pub action: Action,
    /// Description for the help screen.
    pub help: &'static str,
    /// Label for the hint line and its priority (the largest number is dropped first); most
    /// bindings have none.
    pub hint: Option<(&'static str, u8)>,
}

/// Reason why a configured binding is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RebindError {
    #[error("unknown key context `{place}`: expected one of {known}")]
    Place { place: String, known: String },
    #[error("unknown action `{name}` in [keys.{place}]: expected one of {known}")]
    Name { place: String, name: String, known: String },
    #[error("`{key}` in [keys.{place}] is bound to both `{one}` and `{other}`; change one of them")]
    Clash { place: &'static str, key: String, one: &'static str, other: &'static str },
    #[error("no key leaves [keys.{place}]; bind a key to `{name}`")]
    Locked { place: &'static str, name: &'static str },
}

/// Keys of every binding: defaults, or those configured instead.
#[derive(Debug, Clone)]
pub struct Keymap {
    /// Keys in the order of [`BINDINGS`].
    keys: Vec<Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { keys: BINDINGS.iter().map(|binding| binding.keys.to_vec()).collect() }
    }
}

impl Keymap {
    /// Returns the key to show for an action in a context; empty if it has none.
    pub fn key_in(&self, context: KeyContext, action: Action) -> String {
        let mut rows = self.rows();
        let found = rows.find(|(one, _)| one.context == context && one.action == action);
        let key = found.and_then(|(_, keys)| keys.first());
        key.map(ToString::to_string).unwrap_or_default()
    }

    /// Iterates over the bindings with their current keys.
    pub fn rows(&self) -> impl Iterator<Item = (&'static Binding, &[Key])> {
        BINDINGS.iter().zip(self.keys.iter().map(Vec::as_slice))
    }

    /// Returns the action bound to a key in the first context that binds it.
    pub fn resolve(&self, contexts: &[KeyContext], key: Key) -> Option<Action> {
        contexts.iter().find_map(|context| {
            let found = self
                .rows()
                .find(|(binding, keys)| binding.context == *context && keys.contains(&key));
            found.map(|(binding, _)| binding.action)
        })
    }

    /// Returns the key to show for an action.
    pub fn key_of(&self, action: Action) -> Option<Key> {
        let mut of_action = self.rows().filter(|(binding, _)| binding.action == action);
        of_action.find_map(|(_, keys)| keys.first().copied())
    }

    /// Replaces the keys of a binding; an empty list unbinds it.
    pub fn rebind(&mut self, place: &str, name: &str, keys: Vec<Key>) -> Result<(), RebindError> {
        let context = KeyContext::from_word(place);
        let context = context.ok_or_else(|| RebindError::Place {
            place: place.to_owned(),
            known: KeyContext::ALL.map(KeyContext::as_str).join(", "),
        })?;
        let at = BINDINGS
            .iter()
            .position(|binding| binding.context == context && binding.name == name)
            .ok_or_else(|| RebindError::Name {
                place: place.to_owned(),
                name: name.to_owned(),
                known: names(context).join(", "),
            })?;
        if let Some(row) = self.keys.get_mut(at) {
            *row = keys;
        }
        Ok(())
    }

    /// Returns every conflict between bindings.
    pub fn check(&self) -> Vec<RebindError> {
        let rows: Vec<_> = self.rows().collect();
        let mut found = Vec::new();
        for (at, (one, keys)) in rows.iter().enumerate() {
            let behind = rows.iter().skip(at + 1);
            for (other, theirs) in behind.filter(|(other, _)| other.context == one.context) {
                let shared = keys.iter().filter(|key| theirs.contains(key));
                found.extend(shared.map(|key| RebindError::Clash {
                    place: one.context.as_str(),
                    key: key.to_string(),
                    one: one.name,
                    other: other.name,
                }));
            }
            if matches!(one.action, Action::Cancel | Action::Quit) && keys.is_empty() {
                found.push(RebindError::Locked { place: one.context.as_str(), name: one.name });
            }
        }
        found
    }
}

/// Returns the names of the bindings in a context.
pub fn names(context: KeyContext) -> Vec<&'static str> {
    let of_context = BINDINGS.iter().filter(|binding| binding.context == context);
    of_context.map(|binding| binding.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::{Move, ResendAction};

    fn resolve(contexts: &[KeyContext], key: Key) -> Option<Action> {
        Keymap::default().resolve(contexts, key)
    }

    #[test]
    fn keys_and_names_are_unique_per_context() {
        assert_eq!(Keymap::default().check(), []);
        for (at, binding) in BINDINGS.iter().enumerate() {
            assert!(!binding.help.is_empty(), "{binding:?}");
            let same =
                |other: &&Binding| other.context == binding.context && other.name == binding.name;
            assert_eq!(BINDINGS[at + 1..].iter().find(same).map(|other| other.name), None);
        }
    }

    #[test]
    fn every_context_has_a_key_to_leave() {
        let esc = Key::plain(KeyCode::Esc);
        for contexts in [
            &[KeyContext::Copy][..],
            &[KeyContext::Snippet],
            &[KeyContext::Facet],
            &[KeyContext::Answers],
            &[KeyContext::Address],
            &[KeyContext::Release],
            &[KeyContext::Sort],
            &[KeyContext::Export],
            &[KeyContext::Confirm],
            &[KeyContext::Help],
            &[KeyContext::Target, KeyContext::Prompt],
            &[KeyContext::Palette, KeyContext::Prompt],
            &[KeyContext::Filter, KeyContext::Prompt],
        ] {
            assert_eq!(resolve(contexts, esc), Some(Action::Cancel), "{contexts:?}");
        }
        let browsing = [KeyContext::List, KeyContext::Anywhere];
        assert_eq!(resolve(&browsing, Key::char('q')), Some(Action::Quit));
    }

    #[test]
    fn nearer_context_wins() {
        let key = Key::char('l');
        let detail = [KeyContext::Detail, KeyContext::Anywhere];
        assert_eq!(resolve(&detail, key), Some(Action::Move(Move::Right)));
        assert_eq!(resolve(&[KeyContext::List, KeyContext::Anywhere], key), Some(Action::NextTab));
        assert_eq!(resolve(&detail, Key::char('~')), None);
    }

    #[test]
    fn keys_are_rebound_and_conflicts_reported() {
        let mut keymap = Keymap::default();
        let key = Key::char('~');
        let resend = Action::Sending(ResendAction::Again);
        keymap.rebind("anywhere", "resend", vec![key]).unwrap();
        let browsing = [KeyContext::List, KeyContext::Anywhere];
        assert_eq!(keymap.resolve(&browsing, key), Some(resend));
        assert_eq!(keymap.resolve(&browsing, Key::char('r')), None);
        assert_eq!(keymap.key_of(resend), Some(key));
        let wrong = keymap.rebind("nowhere", "resend", Vec::new()).unwrap_err().to_string();
        assert!(wrong.contains("`nowhere`") && wrong.contains("anywhere, list"), "{wrong}");
        let wrong = keymap.rebind("anywhere", "resned", Vec::new()).unwrap_err().to_string();
        assert!(wrong.contains("`resned`") && wrong.contains("resend"), "{wrong}");
        keymap.rebind("anywhere", "filter", vec![key]).unwrap();
        keymap.rebind("anywhere", "quit", Vec::new()).unwrap();
        let found: Vec<String> = keymap.check().iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("`~`") && found[1].contains("`quit`"), "{found:?}");
    }
}
