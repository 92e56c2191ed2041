//! Cuts a filter into words, brackets and quotes.

use std::ops::Range;

use super::FilterError;

/// A piece of a filter, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) span: Range<usize>,
    pub(super) kind: TokenKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    Open,
    Close,
    /// `-` before a term.
    Minus,
    Word(Word),
}

/// A run of letters and quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// What it says; of each character, whether it was quoted and so means nothing special.
    pub(super) letters: Vec<(char, bool)>,
}

impl Word {
    pub(super) fn text(&self) -> String {
        self.letters.iter().map(|(letter, _)| letter).collect()
    }

    /// Whether it was typed plainly, as this.
    pub(super) fn is(&self, plain: &str) -> bool {
        self.letters.iter().all(|(_, quoted)| !quoted) && self.text().eq_ignore_ascii_case(plain)
    }

    /// What stands before and behind the first plain colon.
    pub(super) fn split_colon(&self) -> Option<(String, Vec<(char, bool)>)> {
        let at = self.letters.iter().position(|letter| *letter == (':', false))?;
        let (name, value) = self.letters.split_at_checked(at)?;
        let name = name.iter().map(|(letter, _)| letter).collect();
        Some((name, value.get(1..)?.to_vec()))
    }
}

pub(super) fn tokens(input: &str) -> Result<Vec<Token>, FilterError> {
    let mut found = Vec::new();
    let mut rest = input.char_indices().peekable();
    while let Some(&(start, letter)) = rest.peek() {
        let single = match letter {
            _ if letter.is_whitespace() => {
                rest.next();
                continue;
            }
            '(' => Some(TokenKind::Open),
            ')' => Some(TokenKind::Close),
            '-' => Some(TokenKind::Minus),
            _ => None,
        };
        if let Some(kind) = single {
            rest.next();
            found.push(Token { span: start..start + 1, kind });
            continue;
        }
        let mut word = Word::default();
        let mut end = input.len();
        while let Some(&(at, letter)) = rest.peek() {
            if letter.is_whitespace() || matches!(letter, '(' | ')') {
                end = at;
                break;
            }
            rest.next();
            match letter {
                '"' => quoted(input, at, &mut rest, &mut word)?,
                _ => word.letters.push((letter, false)),
            }
        }
        found.push(Token { span: start..end, kind: TokenKind::Word(word) });
    }
    Ok(found)
}

/// Reads up to the closing quote; a backslash takes the next character as it is.
fn quoted(
    input: &str,
    start: usize,
    rest: &mut impl Iterator<Item = (usize, char)>,
    word: &mut Word,
) -> Result<(), FilterError> {
    while let Some((_, letter)) = rest.next() {
        let letter = match letter {
            '"' => return Ok(()),
            '\\' => rest.next().map_or('\\', |(_, letter)| letter),
            _ => letter,
        };
        word.letters.push((letter, true));
    }
    Err(FilterError::new(input, start..input.len(), "the quote is not closed"))
}
