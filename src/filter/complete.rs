//! Completions for a filter that is being typed.

use std::ops::Range;

use super::builder::spelled_in;
use super::field::{FIELDS, FilterField};

/// Replacements for the word at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Bytes of the input to replace; the range ends at the cursor.
    pub span: Range<usize>,
    /// Field names with their colon, or values of the field, in the order of the tables.
    pub words: Vec<String>,
}

/// Completes a field name or one of its values, up to `cursor` (in bytes). `seen` returns the
/// values of a field found in deliveries; fixed values of a field are known here.
pub fn complete(input: &str, cursor: usize, seen: &impl Fn(&str) -> Vec<String>) -> Completion {
    let typed = input.get(..cursor).unwrap_or(input);
    let start = term_start(typed);
    let term = typed.get(start..).unwrap_or_default();
    let (from, words) = match term.split_once(':') {
        Some((name, value)) => {
            let from = value.rfind([',', '!']).map_or(0, |at| at + 1);
            let words =
                FilterField::named(name).map(|field| values(field, seen)).unwrap_or_default();
            (start + name.len() + 1 + from, words)
        }
        None if term.starts_with('.') => (start, paths(term, seen)),
        None => (start, names()),
    };
    let begun = typed.get(from..).unwrap_or_default();
    Completion { span: from..typed.len(), words: fitting(words, begun) }
}

fn values(field: &FilterField, seen: &impl Fn(&str) -> Vec<String>) -> Vec<String> {
    match field.words() {
        words if words.is_empty() => {
            seen(field.name).iter().map(|value| spelled_in(field.name, value)).collect()
        }
        words => words.into_iter().map(ToOwned::to_owned).collect(),
    }
}

/// Returns the next step of the paths into bodies that begin as typed, with a colon after a whole
/// path.
fn paths(typed: &str, seen: &impl Fn(&str) -> Vec<String>) -> Vec<String> {
    let mut words = Vec::new();
    for path in seen(".") {
        let Some(rest) = path.strip_prefix(typed) else { continue };
        // A dot in a quoted key ends no step.
        let mut is_quoted = typed.matches('"').count() % 2 == 1;
        let end = rest.char_indices().find(|(at, letter)| {
            is_quoted ^= *letter == '"';
            *letter == '.' && !is_quoted && *at > 0
        });
        let word = match end {
            Some((end, _)) => path.get(..typed.len() + end).unwrap_or(&path).to_owned(),
            None => format!("{path}:"),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

fn names() -> Vec<String> {
    let names = FIELDS.iter().map(|field| field.name).filter(|name| *name != ".");
    names
        .map(|name| if name.ends_with('.') { name.to_owned() } else { format!("{name}:") })
        .collect()
}

fn fitting(mut words: Vec<String>, begun: &str) -> Vec<String> {
    let begun = begun.to_ascii_lowercase();
    words.retain(|word| {
        let word = word.to_ascii_lowercase();
        word.trim_start_matches('"').starts_with(begun.trim_start_matches('"')) && word != begun
    });
    words
}

/// Returns the start of the term at the end of the text, after a negation or an opening
/// parenthesis.
fn term_start(typed: &str) -> usize {
    let mut start = 0;
    let mut quote = None;
    let mut characters = typed.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if quote != Some('\'') => drop(characters.next()),
            '"' | '\'' if quote == Some(character) => quote = None,
            _ if quote.is_some() => {}
            '"' => quote = Some('"'),
            // Elsewhere it is an apostrophe.
            '\'' if opens_program(typed, start, at) => quote = Some('\''),
            _ if character.is_whitespace() || character == '(' => start = at + character.len_utf8(),
            '-' if at == start => start = at + 1,
            _ => {}
        }
    }
    start
}

fn opens_program(typed: &str, start: usize, at: usize) -> bool {
    let before = typed.get(start..at).unwrap_or_default();
    before.eq_ignore_ascii_case("jq:") || before.eq_ignore_ascii_case("jq:!")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(field: &str) -> Vec<String> {
        match field {
            "type" => ["message.created", "a b"].map(ToOwned::to_owned).to_vec(),
            "." => {
                let paths = [".id", ".payload.contact.name", ".payload.contact.age", ".\"a.b\".c"];
                paths.map(ToOwned::to_owned).to_vec()
            }
            _ => Vec::new(),
        }
    }

    fn completed(input: &str) -> Vec<String> {
        let Completion { span, words } = complete(input, input.len(), &seen);
        let before = input.get(..span.start).unwrap();
        words.iter().map(|word| format!("{before}{word}")).collect()
    }

    #[test]
    fn offers_fields_and_their_words() {
        assert_eq!(completed("ty"), ["type:"]);
        assert_eq!(
            completed("x (-S"),
            ["x (-sig:", "x (-status:", "x (-size:", "x (-since:", "x (-shape:", "x (-source:"]
        );
        assert_eq!(completed("hea"), ["header."]);
        assert_eq!(completed("j"), ["jq:"]);
        assert_eq!(completed("jq:'.a or (.b' sou"), ["jq:'.a or (.b' source:"]);
        assert_eq!(completed("it's sou"), ["it's source:"]);
        assert_eq!(completed("sig:mis"), ["sig:missing", "sig:mismatch"]);
        assert_eq!(completed("sig:!missing,ex"), ["sig:!missing,expired"]);
        assert_eq!(completed("dup:"), ["dup:yes", "dup:no", "dup:differs"]);
        assert_eq!(completed("source:r"), ["source:resend", "source:replay"]);
        assert_eq!(completed("type:mess"), ["type:message.created"]);
        assert_eq!(completed("type:x,a"), ["type:x,\"a b\""]);
        assert_eq!(completed("").len(), FIELDS.len() - 1);
    }

    #[test]
    fn offers_paths_step_by_step() {
        assert_eq!(completed("."), [".id:", ".payload", ".\"a.b\""]);
        assert_eq!(completed("x -.pay"), ["x -.payload"]);
        assert_eq!(completed(".payload."), [".payload.contact"]);
        assert_eq!(
            completed(".payload.contact."),
            [".payload.contact.name:", ".payload.contact.age:"]
        );
        assert_eq!(completed(".\"a"), [".\"a.b\""]);
    }

    #[test]
    fn offers_nothing_for_unknown_values() {
        for input in [
            "zzz",
            "type:n",
            "nope:",
            "sig:verified",
            "\"a si",
            ".nope",
            "body:\"x sig:",
            "jq:'.a sig:mis",
        ] {
            assert_eq!(completed(input), Vec::<String>::new(), "{input}");
        }
    }

    #[test]
    fn reads_only_text_before_the_cursor() {
        let completion = complete("ty sig:x", 2, &seen);
        assert_eq!(completion, Completion { span: 0..2, words: vec!["type:".to_owned()] });
        assert_eq!(complete("é", 1, &seen).span, 0..2);
    }
}
