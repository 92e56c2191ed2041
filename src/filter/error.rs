//! What is wrong with a filter, where, and what was probably meant.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use crate::payload::escape;

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// The bytes of the input that it is about; empty where something is missing.
    pub span: Range<usize>,
    /// What is wrong and what was expected.
    pub message: String,
    /// What could stand in place of the span.
    pub suggestion: Option<String>,
    column: usize,
}

/// An error that does not know yet where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ParseError {
    pub(super) message: String,
    pub(super) suggestion: Option<String>,
}

impl ParseError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), suggestion: None }
    }

    pub(super) fn suggest(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }

    pub(super) fn at(self, input: &str, span: Range<usize>) -> FilterError {
        let before = input.get(..span.start).unwrap_or(input);
        let column = before.chars().count() + 1;
        FilterError { span, message: self.message, suggestion: self.suggestion, column }
    }
}

impl FilterError {
    /// Where the span begins, counted in characters from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The input on one line, and under the span a line of carets.
    ///
    /// Both lines are safe to show, and the carets stand right where characters are wide.
    pub fn caret(&self, input: &str) -> String {
        let before = escape(input.get(..self.span.start).unwrap_or(input)).width();
        let marked = escape(input.get(self.span.clone()).unwrap_or_default()).width().max(1);
        format!("{}\n{}{}", escape(input), " ".repeat(before), "^".repeat(marked))
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, escape(&self.message))?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{}`?", escape(suggestion)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FilterError {}

/// The candidate that `word` was probably meant to be: one that it begins or that begins it,
/// else one that is few slips of the finger away.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_lowercase();
    let slips = match word.chars().count() {
        0 => return None,
        1..=4 => 1,
        _ => 2,
    };
    let rank = |candidate: &str| {
        if candidate.starts_with(&word) || (candidate.len() > 1 && word.starts_with(candidate)) {
            return Some(0);
        }
        Some(distance(&word, candidate)).filter(|&found| found <= slips)
    };
    let ranked = candidates.into_iter().filter_map(|candidate| Some((rank(candidate)?, candidate)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, replacements and swaps of neighbours lie between two words.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let mut previous = None;
    for (row, character) in from.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, &wanted) in to.iter().enumerate() {
            let cell = |line: &[usize], at: usize| line.get(at).copied().unwrap_or(usize::MAX - 1);
            let replaced = cell(&last, column) + usize::from(character != wanted);
            let mut best =
                replaced.min(cell(&last, column + 1) + 1).min(cell(&current, column) + 1);
            let left = column.checked_sub(1).and_then(|left| to.get(left));
            if previous == Some(wanted) && left == Some(&character) {
                best = best.min(cell(&before_last, column - 1) + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
        previous = Some(character);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_slips() {
        assert_eq!(distance("type", "type"), 0);
        assert_eq!(distance("tpye", "type"), 1);
        assert_eq!(distance("typ", "type"), 1);
        assert_eq!(distance("", "type"), 4);
        assert_eq!(distance("mismach", "missing"), 4);
    }

    #[test]
    fn proposes_only_what_is_near() {
        let words = ["type", "sig", "status", "id"];
        assert_eq!(nearest("typ", words), Some("type"));
        assert_eq!(nearest("TPYE", words), Some("type"));
        assert_eq!(nearest("signature", words), Some("sig"));
        assert_eq!(nearest("sttaus", words), Some("status"));
        assert_eq!(nearest("jq", words), None);
        assert_eq!(nearest("", words), None);
    }

    #[test]
    fn carets_stand_under_wide_and_escaped_characters() {
        let input = "漢\u{1b} typ:x";
        let error = ParseError::new("no").at(input, 5..9);
        assert_eq!(error.caret(input), "漢\\x1b typ:x\n       ^^^^");
        assert_eq!(error.to_string(), "column 4: no");
        let end = ParseError::new("no").suggest(Some("x".to_owned())).at("a", 1..1);
        assert_eq!(end.caret("a"), "a\n ^");
        assert_eq!(end.to_string(), "column 2: no; did you mean `x`?");
    }
}
