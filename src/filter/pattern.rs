//! Text patterns: literal, with wildcards, or a regular expression.
//!
//! All three are compiled by the regex engine, which finds a literal in a large body
//! case-insensitively without a lowercase copy, and takes linear time for any wildcards.

mod prefilter;

use std::fmt::{self, Write as _};

use regex::bytes::{Regex, RegexBuilder};

use super::error::ParseError;
use super::number::Number;
use crate::payload::path::write_quoted;
use prefilter::{Anchor, Prefilter};

/// Maximum size of a compiled pattern; counted repetitions reach it quickly.
const SIZE_LIMIT: usize = 1 << 20;

/// Words with a meaning unless quoted.
const RESERVED: [&str; 5] = ["and", "or", "not", "empty", "exists"];

/// Way in which text is compared with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MatchMode {
    /// The whole text; case-sensitive if the pattern has uppercase letters.
    Whole,
    /// The whole text, case-insensitive.
    AnyCase,
    /// Like `Whole`, but a leading slash does not begin a regex.
    Path,
    /// Any part of the text; case-sensitive if the pattern has uppercase letters.
    Part,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Text(String),
    Glob(Vec<Piece>),
    /// Text between the slashes.
    Regex(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// `*`
    Any,
    /// `?`
    One,
}

/// A pattern; prints as a value or a word that parses as the same pattern.
#[derive(Debug, Clone)]
pub(super) struct TextPattern {
    wanted: Wanted,
    manner: MatchMode,
    regex: Regex,
    quick: Option<Prefilter>,
    /// Value of an unquoted number, which JSON may write in another way.
    number: Option<Number>,
}

impl PartialEq for TextPattern {
    fn eq(&self, other: &Self) -> bool {
        self.wanted == other.wanted
            && self.manner == other.manner
            && self.number.is_some() == other.number.is_some()
    }
}

impl TextPattern {
    /// Creates a pattern in which every character is literal.
    pub(super) fn literal(text: &str, manner: MatchMode) -> Result<Self, ParseError> {
        Self::compile(Wanted::Text(text.to_owned()), manner)
    }

    /// Creates a pattern from unquoted text: `*` and `?` are wildcards, and a backslash makes the
    /// punctuation or white space after it literal.
    pub(super) fn plain(raw: &str, manner: MatchMode) -> Result<Self, ParseError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut characters = raw.chars().peekable();
        while let Some(character) = characters.next() {
            let wild = match character {
                '*' => Piece::Any,
                '?' => Piece::One,
                '\\' => {
                    text.push(characters.next_if(|next| is_escapable(*next)).unwrap_or('\\'));
                    continue;
                }
                _ => {
                    text.push(character);
                    continue;
                }
            };
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(wild);
        }
        if pieces.is_empty() {
            let number = if manner == MatchMode::Whole { Number::parse(raw) } else { None };
            return Ok(Self { number, ..Self::compile(Wanted::Text(text), manner)? });
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Self::compile(Wanted::Glob(pieces), manner)
    }

    /// Returns the only text that matches, but for its case.
    pub(super) fn exact(&self) -> Option<&str> {
        match &self.wanted {
            Wanted::Text(text) if self.manner != MatchMode::Part => Some(text),
            Wanted::Text(_) | Wanted::Glob(_) | Wanted::Regex(_) => None,
        }
    }

    /// Returns the beginning of every text that matches, but for its case.
    pub(super) fn prefix(&self) -> Option<&str> {
        match &self.wanted {
            Wanted::Glob(pieces) if self.manner != MatchMode::Part => match pieces.first() {
                Some(Piece::Text(text)) => Some(text),
                Some(Piece::Any | Piece::One) => Some(""),
                None => None,
            },
            Wanted::Text(_) | Wanted::Glob(_) | Wanted::Regex(_) => None,
        }
    }

    /// Creates a pattern from a regular expression, anchored only where it says so.
    pub(super) fn regex(source: &str, manner: MatchMode) -> Result<Self, ParseError> {
        Self::compile(Wanted::Regex(source.to_owned()), manner)
    }

    fn compile(wanted: Wanted, manner: MatchMode) -> Result<Self, ParseError> {
        let mut source = wanted.to_regex();
        if manner != MatchMode::Part && !matches!(wanted, Wanted::Regex(_)) {
            source = format!(r"\A{source}\z");
        }
        let any_case = manner == MatchMode::AnyCase || !wanted.has_upper_case();
        let regex = RegexBuilder::new(&source)
            .case_insensitive(any_case)
            .size_limit(SIZE_LIMIT)
            .build()
            .map_err(|error| explain(&error))?;
        let quick = if manner == MatchMode::Part { None } else { wanted.prefilter(any_case) };
        Ok(Self { wanted, manner, regex, quick, number: None })
    }

    /// Returns the number that the pattern is; none if it is quoted.
    pub(super) fn number(&self) -> Option<&Number> {
        self.number.as_ref()
    }

    /// Returns the text if the pattern matches only that.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.wanted {
            Wanted::Text(text) => Some(text),
            Wanted::Glob(_) | Wanted::Regex(_) => None,
        }
    }

    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        let quickly = self.quick.as_ref().and_then(|quick| quick.test(text));
        quickly.unwrap_or_else(|| self.regex.is_match(text))
    }

    /// Returns an expression that is found in every text that contains a match; `None` if the
    /// pattern has no literal part.
    pub(super) fn literal_part(&self) -> Option<Regex> {
        let literal = match &self.wanted {
            Wanted::Text(text) => text,
            Wanted::Glob(pieces) => {
                let texts = pieces.iter().filter_map(|piece| match piece {
                    Piece::Text(text) => Some(text),
                    Piece::Any | Piece::One => None,
                });
                texts.max_by_key(|text| text.len())?
            }
            Wanted::Regex(_) => return None,
        };
        let any_case = self.manner == MatchMode::AnyCase || !self.wanted.has_upper_case();
        // Header values that are not UTF-8 are read as Latin-1.
        if literal.is_empty() || !literal.is_ascii() {
            return None;
        }
        RegexBuilder::new(&regex::escape(literal)).case_insensitive(any_case).build().ok()
    }

    /// Returns false if none of the texts, which are separated by line ends, matches.
    pub(super) fn may_stand_in(&self, texts: &[u8]) -> bool {
        match &self.wanted {
            Wanted::Text(text) if self.manner == MatchMode::Part && !text.contains('\n') => {
                self.regex.is_match(texts)
            }
            _ => true,
        }
    }
}

impl Wanted {
    fn prefilter(&self, any_case: bool) -> Option<Prefilter> {
        match self {
            Self::Text(text) => Prefilter::new(text, Anchor::Alone, any_case),
            Self::Glob(pieces) => match pieces.as_slice() {
                [Piece::Text(text), Piece::Any] => Prefilter::new(text, Anchor::First, any_case),
                [Piece::Any, Piece::Text(text)] => Prefilter::new(text, Anchor::Last, any_case),
                _ => None,
            },
            Self::Regex(_) => None,
        }
    }

    fn to_regex(&self) -> String {
        match self {
            Self::Text(text) => regex::escape(text),
            Self::Glob(pieces) => pieces.iter().map(Piece::to_regex).collect(),
            Self::Regex(source) => source.clone(),
        }
    }

    fn has_upper_case(&self) -> bool {
        let upper = |text: &str| text.chars().any(char::is_uppercase);
        match self {
            Self::Text(text) => upper(text),
            Self::Glob(pieces) => {
                pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if upper(text)))
            }
            Self::Regex(source) => {
                // The letter of a class such as `\S` does not count as upper case.
                let mut characters = source.chars();
                while let Some(character) = characters.next() {
                    if character == '\\' {
                        characters.next();
                    } else if character.is_uppercase() {
                        return true;
                    }
                }
                false
            }
        }
    }
}

impl Piece {
    fn to_regex(&self) -> String {
        match self {
            Self::Text(text) => regex::escape(text),
            // Matches any bytes, including invalid UTF-8.
            Self::Any => r"(?s-u:.)*".to_owned(),
            Self::One => r"(?s:.)".to_owned(),
        }
    }
}

fn explain(error: &regex::Error) -> ParseError {
    if let regex::Error::CompiledTooBig(_) = error {
        return ParseError::new("the pattern is too large");
    }
    // The library draws the expression; its last line is the message.
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    ParseError::new(format!("invalid regex: {}", last.strip_prefix("error: ").unwrap_or(last)))
}

fn is_escapable(character: char) -> bool {
    character.is_ascii_punctuation() || character.is_whitespace()
}

fn is_plain(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '/' | '@')
}

/// Returns whether unquoted text may begin with a character: not one that begins a path, a regex,
/// or a negation.
fn may_begin(character: char, manner: MatchMode) -> bool {
    character.is_alphanumeric()
        || character == '_'
        || (character == '/' && manner == MatchMode::Path)
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

impl TextPattern {
    /// Writes the pattern; text without quotes only if `may_be_bare`.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, may_be_bare: bool) -> fmt::Result {
        match &self.wanted {
            Wanted::Text(text) => {
                let is_quoted_number = self.manner == MatchMode::Whole
                    && self.number.is_none()
                    && Number::parse(text).is_some();
                let plain = may_be_bare
                    && !is_quoted_number
                    && text.chars().next().is_some_and(|first| may_begin(first, self.manner))
                    && text.chars().all(is_plain)
                    && !text.contains("..")
                    && !RESERVED.iter().any(|word| word.eq_ignore_ascii_case(text));
                if plain { f.write_str(text) } else { write_quoted(f, text) }
            }
            Wanted::Glob(pieces) => {
                for (at, piece) in pieces.iter().enumerate() {
                    match piece {
                        Piece::Any => f.write_char('*')?,
                        Piece::One => f.write_char('?')?,
                        Piece::Text(text) => write_escaped(f, text, self.manner, at == 0)?,
                    }
                }
                Ok(())
            }
            Wanted::Regex(source) => write!(f, "/{source}/"),
        }
    }
}

fn write_escaped(
    f: &mut fmt::Formatter<'_>,
    text: &str,
    manner: MatchMode,
    is_first: bool,
) -> fmt::Result {
    for (at, character) in text.chars().enumerate() {
        let plain = is_plain(character) && (at > 0 || !is_first || may_begin(character, manner));
        if !plain && is_escapable(character) {
            f.write_char('\\')?;
        }
        f.write_char(character)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(raw: &str, manner: MatchMode) -> TextPattern {
        TextPattern::plain(raw, manner).unwrap()
    }

    fn hits(raw: &str, manner: MatchMode, text: &str) -> bool {
        plain(raw, manner).is_match(text.as_bytes())
    }

    #[test]
    fn wildcards_cover_the_whole_or_a_part() {
        assert!(hits("message.*", MatchMode::Whole, "message.updated"));
        assert!(!hits("message.*", MatchMode::Whole, "x message.updated"));
        assert!(hits("message.*d", MatchMode::Part, "x message.updated y"));
        assert!(hits("a?c", MatchMode::Whole, "aéc") && !hits("a?c", MatchMode::Whole, "ac"));
        assert!(!hits("a.c", MatchMode::Whole, "abc"));
        assert!(hits(r"a\*c", MatchMode::Whole, "a*c") && !hits(r"a\*c", MatchMode::Whole, "abc"));
        assert!(plain("a*c", MatchMode::Part).is_match(b"\xff a \xff\n c"));
    }

    #[test]
    fn the_prefilter_agrees_with_the_regex_engine() {
        let texts =
            ["", "k", "K", "\u{212a}", "kit", "KIT", "tik", "ſ", "s", "skit", "ki", "é", "É"];
        for raw in ["k", "K", "k*", "*k", "kit", "Kit*", "*kit", "s*", "é", "É*", "*"] {
            for manner in [MatchMode::Whole, MatchMode::AnyCase] {
                let pattern = plain(raw, manner);
                for text in texts {
                    let (quick, slow) = (pattern.is_match(text.as_bytes()), &pattern.regex);
                    assert_eq!(quick, slow.is_match(text.as_bytes()), "{raw} {text}");
                }
            }
        }
    }

    #[test]
    fn upper_case_makes_a_pattern_case_sensitive() {
        assert!(hits("kev", MatchMode::Part, "xKEVx") && !hits("Kev", MatchMode::Part, "xKEVx"));
        assert!(hits("é", MatchMode::Part, "É") && !hits("É", MatchMode::Part, "é"));
        assert!(hits("POST", MatchMode::AnyCase, "post"));
        let class = TextPattern::regex(r"a\Sc", MatchMode::Part).unwrap();
        assert!(class.is_match(b"xABC"));
        assert!(!TextPattern::regex("aB", MatchMode::Part).unwrap().is_match(b"ab"));
    }

    #[test]
    fn printed_patterns_parse_as_the_same_pattern() {
        for raw in ["message.updated", "a*", r"\-a?", r"\ *\)", "/a*", r"*\**", r"\a*", "*\u{a0}"] {
            let pattern = plain(raw, MatchMode::Whole);
            assert_eq!(plain(&pattern.to_string(), MatchMode::Whole), pattern, "{raw}");
        }
        assert_eq!(plain("/hooks/*", MatchMode::Path).to_string(), "/hooks/*");
        assert_eq!(plain("/hooks/*", MatchMode::Whole).to_string(), r"\/hooks/*");
        assert_eq!(plain("or", MatchMode::Part).to_string(), "\"or\"");
        assert_eq!(plain("a\"b\\", MatchMode::Part).to_string(), r#""a\"b\\""#);
    }

    #[test]
    fn reports_invalid_regexes() {
        let error = TextPattern::regex("a(b", MatchMode::Part).unwrap_err();
        assert_eq!(error.message, "invalid regex: unclosed group");
        let error = TextPattern::regex("(a{1000}){1000}", MatchMode::Part).unwrap_err();
        assert_eq!(error.message, "the pattern is too large");
    }
}
