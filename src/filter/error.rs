//! What is wrong with a filter, and where.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use crate::payload::visible;

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// The bytes of the input that are wrong.
    pub span: Range<usize>,
    /// The column that they begin at, counted in characters from 1.
    pub column: usize,
    pub message: String,
    /// What was perhaps meant.
    pub suggestion: Option<String>,
}

impl FilterError {
    pub(super) fn new(input: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let before = input.get(..span.start).unwrap_or(input);
        let column = before.chars().count() + 1;
        Self { span, column, message: message.into(), suggestion: None }
    }

    pub(super) fn suggesting(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }

    /// The input, and below it a caret under what is wrong.
    pub fn caret(&self, input: &str) -> String {
        let before = visible(input.get(..self.span.start).unwrap_or(input)).width();
        let wrong = visible(input.get(self.span.clone()).unwrap_or_default()).width().max(1);
        format!("  {}\n  {}{}", visible(input), " ".repeat(before), "^".repeat(wrong))
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "filter, column {}: {}", self.column, self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FilterError {}

/// The known word that is nearest to a mistyped one, if one is near.
pub(super) fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let near = |known: &'w str| (distance(word, known), known);
    known.into_iter().map(near).min().filter(|(edits, _)| *edits <= 2).map(|(_, known)| known)
}

/// How many letters have to be put in, taken out or changed.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (at, left) in one.chars().enumerate() {
        let mut diagonal = at;
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
        let mut before = at + 1;
        for (cell, right) in row.iter_mut().skip(1).zip(other.chars()) {
            let changed = diagonal + usize::from(left != right);
            diagonal = *cell;
            *cell = changed.min(diagonal + 1).min(before + 1);
            before = *cell;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        let pairs = [("typ", "type"), ("sgi", "sig"), ("", "ab"), ("same", "same")];
        assert_eq!(pairs.map(|(one, other)| distance(one, other)), [1, 2, 2, 0]);
        assert_eq!(nearest("typ", ["sig", "type"]), Some("type"));
        assert_eq!(nearest("nothing", ["sig", "type"]), None);
    }

    #[test]
    fn the_caret_stands_under_what_is_wrong() {
        let error = FilterError::new("漢 typ:x", 4..7, "m");
        assert_eq!(error.column, 3);
        assert_eq!(error.caret("漢 typ:x"), "  漢 typ:x\n     ^^^");
    }
}
