//! JSON tokens by the grammar of RFC 8259, as ranges of the bytes they were read from.

use std::ops::Range;

use crate::work;

/// Kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Comma,
    Colon,
    /// A string, quotes included.
    String,
    Number,
    /// `true`, `false`, or `null`.
    Literal,
}

/// One token and the bytes it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
}

impl Token {
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// Byte at which a text stops being JSON, and the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError {
    /// The unexpected byte, or the end of the text.
    pub at: usize,
    pub reason: &'static str,
}

pub(super) const NO_VALUE: &str = "expected a value";

/// Iterator over the tokens of a text. It checks each token, but not their order: that is the
/// job of [`super::JsonReader`]. It allocates nothing, and stops at the first error.
#[derive(Debug, Clone)]
pub struct Lexer<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Lexer<'t> {
    pub fn new(bytes: &'t [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Reads only a part of the bytes. Positions still count from the start of all of them.
    pub fn within(bytes: &'t [u8], part: Range<usize>) -> Self {
        Self { bytes: bytes.get(..part.end).unwrap_or(bytes), at: part.start }
    }

    /// Returns the position of the next unread byte.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Skips white space and returns the first byte of the next token.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Reads the token that begins with the byte [`Self::peek`] returned.
    #[inline(always)]
    pub(super) fn token(&mut self, first: u8) -> Result<Token, JsonError> {
        let start = self.at;
        let (kind, end) = match first {
            b'{' => (TokenKind::ObjectStart, start + 1),
            b'}' => (TokenKind::ObjectEnd, start + 1),
            b'[' => (TokenKind::ArrayStart, start + 1),
            b']' => (TokenKind::ArrayEnd, start + 1),
            b',' => (TokenKind::Comma, start + 1),
            b':' => (TokenKind::Colon, start + 1),
            b'"' => (TokenKind::String, string_end(self.bytes, start)?),
            b'-' | b'0'..=b'9' => (TokenKind::Number, number_end(self.bytes, start)?),
            b't' | b'f' | b'n' => (TokenKind::Literal, literal_end(self.bytes, start)?),
            _ => return Err(JsonError { at: start, reason: NO_VALUE }),
        };
        self.at = end;
        Ok(Token { kind, start, end })
    }
}

impl Iterator for Lexer<'_> {
    type Item = Result<Token, JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.peek()?;
        let token = self.token(first);
        if token.is_err() {
            self.at = self.bytes.len();
        }
        Some(token)
    }
}

/// Returns the end of the string whose opening quote is at `start`.
pub(in crate::payload) fn string_end(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    let mut at = start + 1;
    loop {
        at = plain_end(bytes, at);
        let reason = match bytes.get(at) {
            Some(b'"') => {
                work::count(at - start);
                return Ok(at + 1);
            }
            Some(b'\\') => {
                at = escape_end(bytes, at)?;
                continue;
            }
            Some(_) => "control character in a string must be escaped",
            None => "unclosed string",
        };
        return Err(JsonError { at, reason });
    }
}

/// Skips everything but quotes, backslashes, and control characters, eight bytes at a time.
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES * 0x80;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = control | zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5C));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| *byte >= 0x20 && !matches!(byte, b'"' | b'\\')) {
        at += 1;
    }
    at
}

fn escape_end(bytes: &[u8], at: usize) -> Result<usize, JsonError> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match bytes.get(at + 2..at + 6) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at + 6),
            _ => Err(JsonError { at, reason: "\\u needs four hexadecimal digits" }),
        },
        _ => Err(JsonError { at, reason: "invalid escape" }),
    }
}

fn number_end(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        match rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len()) {
            0 => Err(JsonError { at: from, reason: "expected a digit" }),
            count => Ok(from + count),
        }
    };
    let byte = |at: usize| bytes.get(at).copied();
    let mut at = start + usize::from(byte(start) == Some(b'-'));
    at = if byte(at) == Some(b'0') { at + 1 } else { digits(at)? };
    if byte(at) == Some(b'.') {
        at = digits(at + 1)?;
    }
    if matches!(byte(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(byte(at + 1), Some(b'+' | b'-')));
        at = digits(at + 1 + sign)?;
    }
    ended(bytes, at, "invalid number")
}

fn literal_end(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    const REASON: &str = "expected true, false or null";
    let rest = bytes.get(start..).unwrap_or_default();
    let found = ["true", "false", "null"].iter().find(|word| rest.starts_with(word.as_bytes()));
    let word = found.ok_or(JsonError { at: start, reason: REASON })?;
    ended(bytes, start + word.len(), REASON)
}

/// Checks that a number or literal is not followed by more letters or digits.
fn ended(bytes: &[u8], at: usize, reason: &'static str) -> Result<usize, JsonError> {
    match bytes.get(at) {
        Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'_') => {
            Err(JsonError { at, reason })
        }
        _ => Ok(at),
    }
}
