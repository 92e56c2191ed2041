//! What keys mean. Execution, help, hints, palette, README and configuration read one table.

mod key;
mod table;

use super::action::Action;

pub use key::{Key, KeyCode, KeyError};
pub use table::BINDINGS;

/// Where a binding holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// In the dashboard, whichever pane has the focus.
    Anywhere,
    List,
    Detail,
    /// In the payload and in the raw request, before what holds in every detail.
    Document,
    /// In the comparison, before what holds in every detail.
    Diff,
    /// After the key that begins copying.
    Copy,
    /// After the key that begins copying, and the one for programs.
    Snippet,
    /// After a key that narrows the list.
    Facet,
    /// After the key that sorts.
    Sort,
    /// After the key that exports.
    Export,
    /// On the page of rules and held deliveries.
    Answers,
    /// On the page of the address for senders.
    Address,
    /// While something is to be confirmed.
    Confirm,
    Help,
    Palette,
    /// While a target is typed, before what holds for every line that is typed.
    Target,
    /// While a filter is typed, before what holds for every line that is typed.
    Filter,
    Prompt,
}

impl Context {
    pub const ALL: [Self; 18] = [
        Self::Anywhere,
        Self::List,
        Self::Detail,
        Self::Document,
        Self::Diff,
        Self::Copy,
        Self::Snippet,
        Self::Facet,
        Self::Answers,
        Self::Address,
        Self::Sort,
        Self::Export,
        Self::Confirm,
        Self::Help,
        Self::Palette,
        Self::Target,
        Self::Filter,
        Self::Prompt,
    ];

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
            Self::Answers => "Among answers",
            Self::Address => "At the address",
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

    /// The word for it in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::List => "list",
            Self::Detail => "detail",
            Self::Document => "payload",
            Self::Diff => "diff",
            Self::Copy => "copy",
            Self::Snippet => "snippet",
            Self::Facet => "facet",
            Self::Answers => "answers",
            Self::Address => "address",
            Self::Target => "target",
            Self::Sort => "sort",
            Self::Export => "export",
            Self::Confirm => "confirm",
            Self::Help => "help",
            Self::Palette => "palette",
            Self::Filter => "filter",
            Self::Prompt => "prompt",
        }
    }
}

/// Keys that mean an action in a context.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    pub context: Context,
    /// What a configuration calls it; one name in a context.
    pub name: &'static str,
    /// The keys if nothing else is configured. The first one is the one shown in hints; without
    /// any it is reached by the palette.
    pub keys: &'static [Key],
    pub action: Action,
    /// What it does, for the help screen.
    pub help: &'static str,
    /// A word or two for the hint line and how much it matters there (1 goes last); most
    /// bindings have no hint.
    pub hint: Option<(&'static str, u8)>,
}

/// Why a configured binding cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RebindError {
    #[error("there is no place `{place}` for keys; they are {known}")]
    Place { place: String, known: String },
    #[error("nothing is called `{name}` in [keys.{place}]; there are {known}")]
    Name { place: String, name: String, known: String },
    #[error("`{key}` in [keys.{place}] means both `{one}` and `{other}`; bind one of them anew")]
    Clash { place: &'static str, key: String, one: &'static str, other: &'static str },
    #[error("no key leaves [keys.{place}]; give `{name}` one")]
    Locked { place: &'static str, name: &'static str },
}

/// The keys of every binding: the table's, or what was configured in their place.
#[derive(Debug, Clone)]
pub struct Keymap {
    /// Beside [`BINDINGS`], row by row.
    keys: Vec<Vec<Key>>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { keys: BINDINGS.iter().map(|binding| binding.keys.to_vec()).collect() }
    }
}

impl Keymap {
    /// Every binding with the keys that it has now.
    pub fn rows(&self) -> impl Iterator<Item = (&'static Binding, &[Key])> {
        BINDINGS.iter().zip(self.keys.iter().map(Vec::as_slice))
    }

    /// The action that a key means in the first of the contexts that binds it.
    pub fn resolve(&self, contexts: &[Context], key: Key) -> Option<Action> {
        contexts.iter().find_map(|context| {
            let found = self
                .rows()
                .find(|(binding, keys)| binding.context == *context && keys.contains(&key));
            found.map(|(binding, _)| binding.action)
        })
    }

    /// The key to be named for an action.
    pub fn key_of(&self, action: Action) -> Option<Key> {
        let mut of_action = self.rows().filter(|(binding, _)| binding.action == action);
        of_action.find_map(|(_, keys)| keys.first().copied())
    }

    /// The key to be named for an action in a context; empty if it has none.
    pub fn key_in(&self, context: Context, action: Action) -> String {
        let mut rows = self.rows();
        let found = rows.find(|(one, _)| one.context == context && one.action == action);
        let key = found.and_then(|(_, keys)| keys.first());
        key.map(ToString::to_string).unwrap_or_default()
    }

    /// Gives a binding other keys, or none.
    pub fn rebind(&mut self, place: &str, name: &str, keys: Vec<Key>) -> Result<(), RebindError> {
        let context = Context::ALL.into_iter().find(|context| context.name() == place);
        let context = context.ok_or_else(|| RebindError::Place {
            place: place.to_owned(),
            known: Context::ALL.map(Context::name).join(", "),
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

    /// Everything that keeps the bindings from working together.
    pub fn check(&self) -> Vec<RebindError> {
        let rows: Vec<_> = self.rows().collect();
        let mut found = Vec::new();
        for (at, (one, keys)) in rows.iter().enumerate() {
            let behind = rows.iter().skip(at + 1);
            for (other, theirs) in behind.filter(|(other, _)| other.context == one.context) {
                let shared = keys.iter().filter(|key| theirs.contains(key));
                found.extend(shared.map(|key| RebindError::Clash {
                    place: one.context.name(),
                    key: key.to_string(),
                    one: one.name,
                    other: other.name,
                }));
            }
            if matches!(one.action, Action::Cancel | Action::Quit) && keys.is_empty() {
                found.push(RebindError::Locked { place: one.context.name(), name: one.name });
            }
        }
        found
    }
}

/// What can be bound in a context.
pub fn names(context: Context) -> Vec<&'static str> {
    let of_context = BINDINGS.iter().filter(|binding| binding.context == context);
    of_context.map(|binding| binding.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::{Move, ResendAction};

    fn resolve(contexts: &[Context], key: Key) -> Option<Action> {
        Keymap::default().resolve(contexts, key)
    }

    #[test]
    fn the_table_has_one_meaning_for_each_key_and_one_name_for_each_meaning() {
        assert_eq!(Keymap::default().check(), []);
        for (at, binding) in BINDINGS.iter().enumerate() {
            assert!(!binding.help.is_empty(), "{binding:?}");
            let same =
                |other: &&Binding| other.context == binding.context && other.name == binding.name;
            assert_eq!(BINDINGS[at + 1..].iter().find(same).map(|other| other.name), None);
        }
    }

    #[test]
    fn every_context_can_be_left() {
        let esc = Key::plain(KeyCode::Esc);
        for contexts in [
            &[Context::Copy][..],
            &[Context::Snippet],
            &[Context::Facet],
            &[Context::Answers],
            &[Context::Address],
            &[Context::Sort],
            &[Context::Export],
            &[Context::Confirm],
            &[Context::Help],
            &[Context::Target, Context::Prompt],
            &[Context::Palette, Context::Prompt],
            &[Context::Filter, Context::Prompt],
        ] {
            assert_eq!(resolve(contexts, esc), Some(Action::Cancel), "{contexts:?}");
        }
        let browsing = [Context::List, Context::Anywhere];
        assert_eq!(resolve(&browsing, Key::char('q')), Some(Action::Quit));
    }

    #[test]
    fn the_nearer_context_wins() {
        let key = Key::char('l');
        let detail = [Context::Detail, Context::Anywhere];
        assert_eq!(resolve(&detail, key), Some(Action::Move(Move::Right)));
        assert_eq!(resolve(&[Context::List, Context::Anywhere], key), Some(Action::NextTab));
        assert_eq!(resolve(&detail, Key::char('~')), None);
    }

    #[test]
    fn keys_are_bound_anew_and_mistakes_are_told() {
        let mut keymap = Keymap::default();
        let key = Key::char('~');
        let resend = Action::Sending(ResendAction::Again);
        keymap.rebind("anywhere", "resend", vec![key]).unwrap();
        let browsing = [Context::List, Context::Anywhere];
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
