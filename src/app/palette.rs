//! Every command by its name: typed in part, chosen, run.

use super::action::Action;
use super::keymap::{Binding, Context, Key, Keymap};
use super::prompt::Prompt;

/// Contexts whose commands can be run from the palette; the others hold while something is typed.
const OFFERED: [Context; 4] = [Context::Anywhere, Context::List, Context::Detail, Context::Copy];

/// What is typed, and which of the commands that fit is chosen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Palette {
    pub prompt: Prompt,
    /// Counted from the top of the commands that fit.
    pub chosen: usize,
}

impl Palette {
    /// The first command that is shown of those that fit, where `height` lines are there.
    pub fn top(&self, height: usize) -> usize {
        (self.chosen + 1).saturating_sub(height)
    }
}

/// A command that fits what is typed.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    pub binding: &'static Binding,
    /// The key that does the same.
    pub key: Option<Key>,
}

/// The commands that fit what is typed, the best ones first.
pub fn commands(keymap: &Keymap, typed: &str) -> Vec<Command> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let mut found: Vec<(usize, Command)> = Vec::new();
    for (binding, keys) in keymap.rows() {
        let known = found.iter().any(|(_, other)| other.binding.action == binding.action);
        if known || !OFFERED.contains(&binding.context) || binding.action == Action::Cancel {
            continue;
        }
        if let Some(rank) = rank(binding, &words) {
            found.push((rank, Command { binding, key: keys.first().copied() }));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, command)| command).collect()
}

/// How far a command is from the words; nothing if one of them does not fit at all.
fn rank(binding: &Binding, words: &[String]) -> Option<usize> {
    let title = title(binding).to_lowercase();
    let help = binding.help.to_lowercase();
    let mut sum = 0;
    for word in words {
        sum += match (title.find(word.as_str()), help.find(word.as_str())) {
            (Some(0), _) => 0,
            (Some(at), _) if title.get(..at).is_some_and(|before| before.ends_with(' ')) => 1,
            (Some(_), _) => 2,
            (None, Some(_)) => 4,
            (None, None) if is_scattered(word, &title) => 8,
            (None, None) => return None,
        };
    }
    Some(sum)
}

/// Whether the letters of a word stand in a text in their order.
fn is_scattered(word: &str, text: &str) -> bool {
    let mut letters = text.chars();
    word.chars().all(|wanted| letters.any(|letter| letter == wanted))
}

/// What a command is called.
pub fn title(binding: &Binding) -> String {
    let name = binding.name.replace('-', " ");
    match binding.context {
        Context::Copy => format!("copy {name}"),
        Context::List | Context::Detail => format!("{}: {name}", binding.context.name()),
        Context::Anywhere
        | Context::Help
        | Context::Palette
        | Context::Filter
        | Context::Prompt => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(typed: &str) -> Vec<String> {
        let found = commands(&Keymap::default(), typed);
        found.iter().map(|command| title(command.binding)).collect()
    }

    #[test]
    fn finds_by_part_of_name_or_help_or_by_scattered_letters() {
        assert_eq!(titles("resend")[0], "resend");
        assert_eq!(titles("copy cur")[0], "copy curl");
        assert!(titles("qit").contains(&"quit".to_owned()));
        assert!(titles("another secret").contains(&"try secret".to_owned()));
        assert_eq!(titles("no such thing"), Vec::<String>::new());
    }

    #[test]
    fn every_command_of_the_dashboard_is_offered_once() {
        let found = commands(&Keymap::default(), "");
        for binding in crate::app::keymap::BINDINGS {
            let wanted = OFFERED.contains(&binding.context) && binding.action != Action::Cancel;
            let count = found.iter().filter(|one| one.binding.action == binding.action).count();
            assert!(!wanted || count == 1, "{binding:?}: {count}");
        }
    }
}
