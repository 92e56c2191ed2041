//! Reads a JSON body and keeps the position of each value.

use std::collections::HashMap;
use std::iter::Enumerate;
use std::ops::Range;
use std::slice::Iter;

use super::{JsonLibrary, number};
use crate::payload::json::{Lexer, Token};

/// Returns the range of each token of a valid text.
pub(super) fn tokens(text: &str) -> Vec<Range<usize>> {
    Lexer::new(text.as_bytes()).map_while(Result::ok).map(Token::range).collect()
}

/// A value, and the token of the body that it began with.
pub(super) struct JsonValue<'b> {
    pub(super) source: usize,
    pub(super) kind: JsonValueKind<'b>,
}

pub(super) enum JsonValueKind<'b> {
    /// `true`, `false`, or `null`.
    Literal(&'b str),
    Number(&'b str),
    Text(String),
    List(Vec<JsonValue<'b>>),
    Object(Vec<Member<'b>>),
}

pub(super) struct Member<'b> {
    pub(super) source: usize,
    pub(super) key: String,
    pub(super) value: JsonValue<'b>,
}

/// Reads the value of a valid text from its tokens; `None` if it is nested too deeply, or if the
/// language refuses a string or a number.
pub(super) fn value<'b>(
    language: JsonLibrary,
    body: &'b str,
    tokens: &[Range<usize>],
) -> Option<JsonValue<'b>> {
    ValueReader { language, body, tokens: tokens.iter().enumerate() }.value(depth(language))
}

/// Returns the maximum nesting. Ruby's limit is 100; the others get the limit of `serde_json`,
/// which bounds the recursion here.
fn depth(language: JsonLibrary) -> usize {
    if language == JsonLibrary::Ruby { 100 } else { 127 }
}

struct ValueReader<'b, 't> {
    language: JsonLibrary,
    body: &'b str,
    tokens: Enumerate<Iter<'t, Range<usize>>>,
}

impl<'b> ValueReader<'b, '_> {
    fn token(&mut self) -> Option<(usize, &'b str)> {
        let (source, range) = self.tokens.next()?;
        Some((source, self.body.get(range.clone())?))
    }

    fn value(&mut self, depth: usize) -> Option<JsonValue<'b>> {
        let (source, text) = self.token()?;
        self.value_from(source, text, depth)
    }

    fn value_from(&mut self, source: usize, text: &'b str, depth: usize) -> Option<JsonValue<'b>> {
        let kind = match text.as_bytes().first()? {
            b'[' => JsonValueKind::List(self.list(depth.checked_sub(1)?)?),
            b'{' => JsonValueKind::Object(self.object(depth.checked_sub(1)?)?),
            // Half of a surrogate pair cannot be read.
            b'"' => JsonValueKind::Text(serde_json::from_str(text).ok()?),
            b't' | b'f' | b'n' => JsonValueKind::Literal(text),
            _ if number::refused(self.language, text) => return None,
            _ => JsonValueKind::Number(text),
        };
        Some(JsonValue { source, kind })
    }

    fn list(&mut self, depth: usize) -> Option<Vec<JsonValue<'b>>> {
        let mut values = Vec::new();
        loop {
            match self.token()? {
                (_, "]") => return Some(values),
                (_, ",") => {}
                (source, text) => values.push(self.value_from(source, text, depth)?),
            }
        }
    }

    /// Reads an object. In every language a repeated key keeps its first position and its last
    /// value.
    fn object(&mut self, depth: usize) -> Option<Vec<Member<'b>>> {
        let mut entries: Vec<Member<'b>> = Vec::new();
        let mut places = HashMap::new();
        loop {
            let (source, key) = match self.token()? {
                (_, "}") => return Some(entries),
                (_, ",") => continue,
                (source, text) => (source, serde_json::from_str::<String>(text).ok()?),
            };
            let _colon = self.token()?;
            let value = self.value(depth)?;
            let place = *places.entry(key.clone()).or_insert(entries.len());
            match entries.get_mut(place) {
                Some(entry) => entry.value = value,
                None => entries.push(Member { source, key, value }),
            }
        }
    }
}
