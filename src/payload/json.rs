//! Reads JSON without building a value: a [`Lexer`] for the tokens, and a [`JsonReader`] that also
//! checks their order. They are used wherever the bytes of JSON must be kept: rows of a document,
//! pointers, redaction, compacting, and the limits for jq.

#![expect(
    clippy::inline_always,
    reason = "calls with results in memory take three times as long as the steps themselves"
)]

mod lexer;

use std::ops::Range;

use super::BOM;

pub(in crate::payload) use lexer::string_end;
pub use lexer::{JsonError, Lexer, Token, TokenKind};

/// One step through a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonEvent {
    /// A key of the innermost object.
    Key,
    /// A string, number, or literal.
    Scalar,
    /// `{` or `[`.
    Open,
    /// `}` or `]`.
    Close,
}

/// Items that the grammar allows next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Value,
    /// The first key or item, or the end of the container.
    First,
    /// The colon after a key, and the value.
    Colon,
    /// A comma, the end of the container, or the end of the text.
    Next,
    /// Nothing: reading failed.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Object,
    Array,
}

/// Iterator over the keys and values of one JSON value. It checks the grammar, does not recurse,
/// and takes one byte of memory per level of nesting. After an error it ends.
#[derive(Debug, Clone)]
pub struct JsonReader<'t> {
    lexer: Lexer<'t>,
    open: Vec<Container>,
    expected: Expected,
    commas: usize,
}

impl<'t> JsonReader<'t> {
    /// Reads a text, after its byte order mark if it has one.
    pub fn new(bytes: &'t [u8]) -> Self {
        Self::within(bytes, start(bytes)..bytes.len())
    }

    /// Reads only a part of the bytes. Positions still count from the start of all of them.
    pub fn within(bytes: &'t [u8], part: Range<usize>) -> Self {
        Self::from(Lexer::within(bytes, part))
    }

    /// Returns the number of open containers.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Returns the number of commas read so far.
    pub(in crate::payload) fn commas(&self) -> usize {
        self.commas
    }

    /// Returns the position of the next unread byte.
    pub(in crate::payload) fn position(&self) -> usize {
        self.lexer.position()
    }

    pub fn is_in_array(&self) -> bool {
        self.open.last() == Some(&Container::Array)
    }

    fn error(&self, reason: &'static str) -> JsonError {
        JsonError { at: self.lexer.position(), reason }
    }

    #[inline(always)]
    fn step(&mut self) -> Result<Option<(JsonEvent, Token)>, JsonError> {
        let first = self.lexer.peek();
        let container = self.open.last().copied();
        match (self.expected, container) {
            (Expected::Failed, _) => Ok(None),
            (Expected::First, Some(container)) if first == Some(closing(container)) => {
                self.close(closing(container)).map(Some)
            }
            (Expected::First, Some(Container::Object)) => self.key(first).map(Some),
            (Expected::First | Expected::Value, _) => self.value(first).map(Some),
            (Expected::Colon, _) => self.member_value(first).map(Some),
            (Expected::Next, None) => match first {
                None => Ok(None),
                Some(_) => Err(self.error("expected only whitespace after the value")),
            },
            (Expected::Next, Some(container)) => self.after_value(container, first),
        }
    }

    #[inline(always)]
    fn key(&mut self, first: Option<u8>) -> Result<(JsonEvent, Token), JsonError> {
        if first != Some(b'"') {
            return Err(self.error("expected a key in double quotes"));
        }
        let key = self.lexer.token(b'"')?;
        self.expected = Expected::Colon;
        Ok((JsonEvent::Key, key))
    }

    #[inline(always)]
    fn member_value(&mut self, first: Option<u8>) -> Result<(JsonEvent, Token), JsonError> {
        if first != Some(b':') {
            return Err(self.error("expected a colon after the key"));
        }
        self.lexer.token(b':')?;
        let first = self.lexer.peek();
        self.value(first)
    }

    #[inline(always)]
    fn value(&mut self, first: Option<u8>) -> Result<(JsonEvent, Token), JsonError> {
        let first = first.ok_or_else(|| self.error("expected a value, found the end"))?;
        if matches!(first, b'}' | b']' | b',' | b':') {
            return Err(self.error(lexer::NO_VALUE));
        }
        let token = self.lexer.token(first)?;
        let container = match token.kind {
            TokenKind::ObjectStart => Container::Object,
            TokenKind::ArrayStart => Container::Array,
            _ => {
                self.expected = Expected::Next;
                return Ok((JsonEvent::Scalar, token));
            }
        };
        self.open.push(container);
        self.expected = Expected::First;
        Ok((JsonEvent::Open, token))
    }

    #[inline(always)]
    fn after_value(
        &mut self,
        container: Container,
        first: Option<u8>,
    ) -> Result<Option<(JsonEvent, Token)>, JsonError> {
        match first {
            Some(b',') => {
                self.lexer.token(b',')?;
                self.commas += 1;
                let first = self.lexer.peek();
                match container {
                    Container::Object => self.key(first).map(Some),
                    Container::Array => self.value(first).map(Some),
                }
            }
            Some(byte) if byte == closing(container) => self.close(byte).map(Some),
            Some(_) if container == Container::Object => Err(self.error("expected a comma or }")),
            Some(_) => Err(self.error("expected a comma or ]")),
            None => Err(self.error("unclosed object or array")),
        }
    }

    #[inline(always)]
    fn close(&mut self, byte: u8) -> Result<(JsonEvent, Token), JsonError> {
        let token = self.lexer.token(byte)?;
        self.open.pop();
        self.expected = Expected::Next;
        Ok((JsonEvent::Close, token))
    }
}

impl<'t> From<Lexer<'t>> for JsonReader<'t> {
    fn from(lexer: Lexer<'t>) -> Self {
        Self { lexer, open: Vec::new(), expected: Expected::Value, commas: 0 }
    }
}

impl Iterator for JsonReader<'_> {
    type Item = Result<(JsonEvent, Token), JsonError>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            self.expected = Expected::Failed;
        }
        step.transpose()
    }
}

fn closing(container: Container) -> u8 {
    match container {
        Container::Object => b'}',
        Container::Array => b']',
    }
}

/// Returns whether a text is one valid JSON value.
pub fn is_valid(bytes: &[u8]) -> bool {
    JsonReader::new(bytes).all(|step| step.is_ok())
}

/// Returns where a text begins, after its byte order mark if it has one.
fn start(bytes: &[u8]) -> usize {
    if bytes.starts_with(BOM) { BOM.len() } else { 0 }
}

/// Writes valid JSON without the white space between its tokens.
pub fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let whole = start(text.as_bytes())..text.len();
    for token in Lexer::within(text.as_bytes(), whole).map_while(Result::ok) {
        out.push_str(text.get(token.range()).unwrap_or_default());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts on both sides of every rule of the grammar.
    const TEXTS: [&str; 44] = [
        "",
        " ",
        "1",
        " 1 ",
        "-0",
        "-",
        "01",
        "1.",
        "1.5",
        ".5",
        "1e",
        "1e5",
        "1E+05",
        "1-",
        "1a",
        "true",
        "True",
        "truefalse",
        "nul",
        "\"\"",
        "\"",
        "\"\\",
        "\"\\u00e9\"",
        "\"\\u00eg\"",
        "\"\\x\"",
        "\"\n\"",
        "\"\u{7f}é\"",
        "\"\\ud800\"",
        "[]",
        "[",
        "]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1]]",
        "[1}",
        "{}",
        "{\"a\":1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" : [ {} ] , \"b\":2}",
        "{} {}",
    ];

    #[test]
    fn the_grammar_is_that_of_serde_json() {
        for text in TEXTS {
            let expected = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            assert_eq!(is_valid(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn every_prefix_of_a_value_is_incomplete() {
        let text = r#"{"a":[1.5e3,"x\u00e9\"",true,null,{}],"b":{"c":[]}}"#;
        for end in 0..text.len() {
            assert!(!is_valid(&text.as_bytes()[..end]), "{end}");
        }
        assert!(is_valid(text.as_bytes()));
    }

    #[test]
    fn a_byte_order_mark_is_left_out_of_compact_json() {
        assert_eq!(compact("\u{feff}[1, 2]"), "[1,2]");
    }

    #[test]
    fn an_error_is_reported_once() {
        let mut reader = JsonReader::new(b"[1 2]");
        let errors: Vec<_> = reader.by_ref().filter_map(Result::err).collect();
        assert_eq!(errors, [JsonError { at: 3, reason: "expected a comma or ]" }]);
        assert_eq!(reader.next(), None);
    }

    #[test]
    fn depth_costs_only_memory() {
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        assert!(is_valid(deep.as_bytes()));
    }

    #[test]
    fn only_white_space_between_tokens_is_removed() {
        assert_eq!(compact("{ \"a \\\" b\" :\n[ 1.0 , \"\\\\\" ]\t}"), r#"{"a \" b":[1.0,"\\"]}"#);
    }
}
