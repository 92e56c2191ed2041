//! The command palette: commands and saved views by name.

use super::action::{Action, FilterAction, ListAction, Polarity};
use super::columns::ListColumn;
use super::keymap::{Binding, KeyContext, Keymap};
use super::prompt::Prompt;
use super::theme::Theme;

/// Contexts whose commands the palette offers; the others apply only while something is typed.
const OFFERED: [KeyContext; 10] = [
    KeyContext::Anywhere,
    KeyContext::List,
    KeyContext::Detail,
    KeyContext::Document,
    KeyContext::Diff,
    KeyContext::Copy,
    KeyContext::Snippet,
    KeyContext::Facet,
    KeyContext::Sort,
    KeyContext::Export,
];

/// Words of titles, and other names for the same.
const SYNONYMS: [(&str, &[&str]); 18] = [
    ("remove", &["delete", "discard", "trash"]),
    ("undo", &["restore", "undelete"]),
    ("resend", &["replay", "retry", "redeliver", "send"]),
    ("respond", &["release", "resume", "continue", "intercept", "reply"]),
    ("answers", &["rules", "responses", "mock", "stub", "intercept", "pause", "hold"]),
    ("privacy", &["hide", "mask", "redact"]),
    ("arrange", &["layout", "split"]),
    ("zoom", &["maximize", "full"]),
    ("mark", &["select", "tag"]),
    ("theme", &["colors", "dark", "light"]),
    ("views", &["bookmarks", "saved"]),
    ("find", &["search", "grep"]),
    ("filter", &["search", "grep"]),
    ("note", &["comment", "annotate"]),
    ("help", &["keys", "shortcuts", "bindings"]),
    ("address", &["url", "link"]),
    ("group", &["retries", "duplicates", "collapse"]),
    ("secret", &["key", "password", "rotate"]),
];

/// Prefix of saved views.
pub(crate) const VIEW: &str = "view ";

/// Typed text and the selected match.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Palette {
    pub prompt: Prompt,
    /// Index among the matches.
    pub chosen: usize,
}

impl Palette {
    /// Returns the first visible match on `height` lines.
    pub fn top(&self, height: usize) -> usize {
        (self.chosen + 1).saturating_sub(height)
    }
}

/// Command or saved view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PaletteEntry {
    pub title: String,
    pub help: String,
    /// Keys that run the same command, as shown.
    pub keys: String,
    pub run: PaletteCommand,
}

/// Action of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PaletteCommand {
    Action(Action),
    /// Applies the filter of a view.
    View(String),
    /// Uses the theme with this name.
    Theme(String),
    /// Shows or hides a column of the list.
    Column(ListColumn),
}

/// Entries of the palette besides the commands.
#[derive(Debug, Clone, Copy)]
pub struct PaletteOffers<'m> {
    /// Names and filters of saved views.
    pub views: &'m [(String, String)],
    pub themes: &'m [(String, Theme)],
}

/// Returns the matching entries, best first.
pub(crate) fn entries(
    keymap: &Keymap,
    offers: PaletteOffers<'_>,
    typed: &str,
) -> Vec<PaletteEntry> {
    let view = typed.strip_prefix(VIEW);
    let words = view.unwrap_or(typed).split_whitespace().map(str::to_lowercase);
    let words: Vec<String> = words.collect();
    let mut found: Vec<(usize, PaletteEntry)> = Vec::new();
    // With the view prefix, only views match.
    let commands = keymap.rows().filter(|(binding, _)| view.is_none() && is_offered(binding));
    let commands = commands.map(|(binding, keys)| {
        let key = keys.first().map(ToString::to_string).unwrap_or_default();
        let before = group(binding.context).0.iter().filter_map(|action| keymap.key_of(*action));
        let keys = before.map(|key| key.to_string()).chain([key]);
        PaletteEntry {
            title: title(binding),
            help: binding.help.to_owned(),
            keys: keys.collect::<Vec<_>>().join(" "),
            run: PaletteCommand::Action(binding.action),
        }
    });
    let views = offers.views.iter().map(|(name, filter)| PaletteEntry {
        title: format!("{VIEW}{name}"),
        help: filter.clone(),
        keys: String::new(),
        run: PaletteCommand::View(filter.clone()),
    });
    let settings = if view.is_none() { settings(offers.themes) } else { Vec::new() };
    for entry in commands.chain(settings).chain(views) {
        if found.iter().any(|(_, other)| other.run == entry.run && other.title == entry.title) {
            continue;
        }
        found.extend(rank(&entry, &words).map(|rank| (rank, entry)));
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// Returns the themes and columns.
fn settings(themes: &[(String, Theme)]) -> Vec<PaletteEntry> {
    let entry = |title: String, help: &str, run| PaletteEntry {
        title,
        help: help.to_owned(),
        keys: String::new(),
        run,
    };
    let themes = themes.iter().map(|(name, _)| {
        let help = "use this theme now and later (saved in hookglass.toml)";
        entry(format!("theme {name}"), help, PaletteCommand::Theme(name.clone()))
    });
    let columns = ListColumn::ALL.into_iter().map(|column| {
        let help = "show or hide this column of the list (saved in hookglass.toml)";
        entry(format!("column {}", column.as_str()), help, PaletteCommand::Column(column))
    });
    themes.chain(columns).collect()
}

fn is_offered(binding: &Binding) -> bool {
    OFFERED.contains(&binding.context) && binding.action != Action::Cancel
}

/// Returns the actions whose keys open a context, and the start of its commands' titles.
fn group(context: KeyContext) -> (&'static [Action], &'static str) {
    match context {
        KeyContext::Copy => (&[Action::CopyMenu], "copy "),
        KeyContext::Snippet => (&[Action::CopyMenu, Action::SnippetMenu], "copy a program for "),
        KeyContext::Facet => (&[Action::Narrow(FilterAction::Like(Polarity::With))], "filter by "),
        KeyContext::Export => (&[Action::ExportMenu], "export "),
        KeyContext::Sort => (&[Action::List(ListAction::SortMenu)], "sort by "),
        KeyContext::List => (&[], "list: "),
        KeyContext::Detail => (&[], "detail: "),
        KeyContext::Document => (&[], "payload: "),
        KeyContext::Diff => (&[], "diff: "),
        KeyContext::Anywhere
        | KeyContext::Confirm
        | KeyContext::Help
        | KeyContext::Palette
        | KeyContext::Answers
        | KeyContext::Release
        | KeyContext::Address
        | KeyContext::Target
        | KeyContext::Filter
        | KeyContext::Prompt => (&[], ""),
    }
}

/// Ranks an entry for the words, 0 being best; none if a word does not match.
fn rank(entry: &PaletteEntry, words: &[String]) -> Option<usize> {
    let title = entry.title.to_lowercase();
    let synonyms = SYNONYMS.iter().filter(|(known, _)| title.split(' ').any(|word| word == *known));
    let synonyms: Vec<&str> = synonyms.flat_map(|(_, words)| words.iter().copied()).collect();
    let help = entry.help.to_lowercase();
    let mut sum = 0;
    for word in words {
        if word.len() > 2 && synonyms.iter().any(|synonym| synonym.starts_with(word.as_str())) {
            continue;
        }
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

/// Returns true if the letters of a word occur in a text in order.
fn is_scattered(word: &str, text: &str) -> bool {
    let mut letters = text.chars();
    word.chars().all(|wanted| letters.any(|letter| letter == wanted))
}

/// Returns the title of a command.
fn title(binding: &Binding) -> String {
    format!("{}{}", group(binding.context).1, binding.name.replace('-', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(typed: &str) -> Vec<String> {
        let views = [("bad ones".to_owned(), "sig:!verified".to_owned())];
        let themes = [("night".to_owned(), Theme::default())];
        let offers = PaletteOffers { views: &views, themes: &themes };
        let found = entries(&Keymap::default(), offers, typed);
        found.into_iter().map(|entry| entry.title).collect()
    }

    #[test]
    fn finds_by_part_of_name_or_help_or_by_subsequence() {
        assert_eq!(titles("resend")[0], "resend");
        assert_eq!(titles("copy cur")[0], "copy curl");
        assert!(titles("qit").contains(&"quit".to_owned()));
        assert!(titles("another secret").contains(&"try secret".to_owned()));
        assert_eq!(titles("view bad"), ["view bad ones"]);
        assert_eq!(titles("no such thing"), Vec::<String>::new());
    }

    #[test]
    fn finds_by_other_names() {
        assert_eq!(titles("delete")[0], "remove");
        assert_eq!(titles("replay")[0], "resend");
        assert_eq!(titles("shortcuts"), ["help"]);
    }

    #[test]
    fn themes_and_columns_are_offered() {
        assert_eq!(titles("theme night")[0], "theme night");
        assert_eq!(titles("column prov")[0], "column provider");
    }

    #[test]
    fn offers_every_command_of_the_dashboard() {
        let offers = PaletteOffers { views: &[], themes: &[] };
        let found = entries(&Keymap::default(), offers, "");
        for binding in crate::app::keymap::BINDINGS.iter().filter(|binding| is_offered(binding)) {
            let run = PaletteCommand::Action(binding.action);
            assert!(found.iter().any(|entry| entry.run == run), "{binding:?}");
        }
        let curl = found.iter().find(|entry| entry.title == "copy curl").unwrap();
        assert_eq!(curl.keys, "y c");
    }
}
