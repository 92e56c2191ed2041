//! Serializes a JSON value as a language does.

use std::fmt::Write as _;
use std::ops::Range;

use super::read::{JsonValue, JsonValueKind, Member};
use super::{JsonLibrary, number};

/// A token of the reserialized body, and the token of the original body that it came from; none for
/// separators and closing brackets.
pub(super) struct OutputToken {
    pub(super) range: Range<usize>,
    pub(super) source: Option<usize>,
}

pub(super) struct JsonWriter {
    language: JsonLibrary,
    pub(super) text: String,
    pub(super) tokens: Vec<OutputToken>,
}

impl JsonWriter {
    pub(super) fn new(language: JsonLibrary) -> Self {
        Self { language, text: String::new(), tokens: Vec::new() }
    }

    fn push(&mut self, source: Option<usize>, token: &str) {
        let start = self.text.len();
        self.text.push_str(token);
        self.tokens.push(OutputToken { range: start..self.text.len(), source });
    }

    /// Writes a comma or a colon.
    fn separate(&mut self, mark: &str) {
        self.push(None, mark);
        if self.language == JsonLibrary::Python {
            self.text.push(' ');
        }
    }

    /// Appends a value; `None` if the language fails.
    pub(super) fn value(&mut self, JsonValue { source, kind }: JsonValue<'_>) -> Option<()> {
        match kind {
            JsonValueKind::Literal(text) => self.push(Some(source), text),
            JsonValueKind::Number(text) => {
                self.push(Some(source), &number::written(self.language, text)?);
            }
            JsonValueKind::Text(text) => self.push(Some(source), &quoted(self.language, &text)),
            JsonValueKind::List(values) => self.list(source, values)?,
            JsonValueKind::Object(entries) if self.becomes_list(&entries) => {
                self.list(source, entries.into_iter().map(|entry| entry.value).collect())?;
            }
            JsonValueKind::Object(entries) => self.object(source, entries)?,
        }
        Some(())
    }

    /// PHP has one type for objects and lists, and writes the keys 0, 1, 2, and so on as a list.
    fn becomes_list(&self, entries: &[Member<'_>]) -> bool {
        let mut keys = entries.iter().enumerate();
        self.language == JsonLibrary::Php
            && keys.all(|(place, entry)| entry.key == place.to_string())
    }

    fn list(&mut self, source: usize, values: Vec<JsonValue<'_>>) -> Option<()> {
        self.push(Some(source), "[");
        for (place, value) in values.into_iter().enumerate() {
            if place > 0 {
                self.separate(",");
            }
            self.value(value)?;
        }
        self.push(None, "]");
        Some(())
    }

    fn object(&mut self, source: usize, mut entries: Vec<Member<'_>>) -> Option<()> {
        match self.language {
            JsonLibrary::JavaScript => entries.sort_by_key(|entry| array_index(&entry.key)),
            JsonLibrary::Go => entries.sort_by(|one, other| one.key.cmp(&other.key)),
            JsonLibrary::Python | JsonLibrary::Php | JsonLibrary::Ruby => {}
        }
        self.push(Some(source), "{");
        for (place, Member { source, key, value }) in entries.into_iter().enumerate() {
            if place > 0 {
                self.separate(",");
            }
            self.push(Some(source), &quoted(self.language, &key));
            self.separate(":");
            self.value(value)?;
        }
        self.push(None, "}");
        Some(())
    }
}

/// Returns the sort key of an object key. `JavaScript` puts keys that are array indexes first, in
/// ascending order. The greatest index is one below the greatest `u32`, which therefore represents
/// all other keys.
fn array_index(key: &str) -> u32 {
    key.parse().ok().filter(|index: &u32| index.to_string() == key).unwrap_or(u32::MAX)
}

fn quoted(language: JsonLibrary, text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '/' if language == JsonLibrary::Php => quoted.push_str("\\/"),
            _ if needs_escape(language, char) => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(quoted, "\\u{unit:04x}");
                }
            }
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

fn needs_escape(language: JsonLibrary, char: char) -> bool {
    char < ' '
        || match language {
            // Python's set of plain characters ends before the delete character.
            JsonLibrary::Python => char > '~',
            JsonLibrary::Php => !char.is_ascii(),
            JsonLibrary::Go => matches!(char, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'),
            JsonLibrary::JavaScript | JsonLibrary::Ruby => false,
        }
}
