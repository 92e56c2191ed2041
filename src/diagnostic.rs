//! A mistake in a text that a user wrote: its place, the reason, and a suggestion.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use crate::payload::escape;

/// One mistake in a text, in the same shape for filters, response rules, and the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Bytes of the text; empty where something is missing.
    pub span: Range<usize>,
    /// Sentence that states the mistake and what is expected.
    pub message: String,
    /// Text to put in place of the span.
    pub suggestion: Option<String>,
    line: usize,
    column: usize,
}

impl Diagnostic {
    /// Reports `message` about `span` of `source`.
    pub fn at(source: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let (line, column) = position(source, span.start);
        Self { span, message: message.into(), suggestion: None, line, column }
    }

    #[must_use]
    pub fn suggest(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }

    /// Returns the mistake with its position in `whole`, of which the text is the part from byte
    /// `start`.
    #[must_use]
    pub fn within(self, whole: &str, start: usize) -> Self {
        let span = self.span.start + start..self.span.end + start;
        let (line, column) = position(whole, span.start);
        Self { span, line, column, ..self }
    }

    /// Returns the line in which the span begins, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Returns the column in which the span begins, in characters from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Returns the message with its suggestion, without the position.
    pub fn advice(&self) -> String {
        let message = escape(self.message.trim_end());
        match &self.suggestion {
            Some(suggestion) => format!("{message}; did you mean `{}`?", escape(suggestion)),
            None => message.into_owned(),
        }
    }

    /// Returns the source line with carets below the span.
    pub fn excerpt(&self, source: &str) -> String {
        let (start, line) = line_of(source, self.span.start);
        let span = self.span.start.saturating_sub(start)..self.span.end.saturating_sub(start);
        format!("{}\n{}", escape(line), carets(line, &span))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 1 {
            write!(f, "line {}, ", self.line)?;
        }
        write!(f, "column {}: {}", self.column, self.advice())
    }
}

impl std::error::Error for Diagnostic {}

/// Returns spaces and carets to print below a line, so that the carets are below `span`.
///
/// Counts display columns of the escaped line, which may differ from bytes and characters.
pub fn carets(line: &str, span: &Range<usize>) -> String {
    let before = escape(line.get(..span.start).unwrap_or(line)).width();
    let marked = escape(line.get(span.clone()).unwrap_or_default()).width().max(1);
    format!("{}{}", " ".repeat(before), "^".repeat(marked))
}

/// Returns the line and column of a byte, both from 1.
fn position(source: &str, offset: usize) -> (usize, usize) {
    let before = source.get(..offset).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let (_, current) = before.rsplit_once('\n').unwrap_or(("", before));
    (line, current.chars().count() + 1)
}

/// Returns the line that contains a byte, and the byte at which the line begins.
fn line_of(source: &str, offset: usize) -> (usize, &str) {
    let before = source.get(..offset).unwrap_or(source);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = source.get(start..).unwrap_or_default();
    (start, rest.split('\n').next().unwrap_or_default())
}

/// Returns the candidate that `word` was probably meant to be: one that it begins or that begins
/// it, else one at a small edit distance.
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

/// Returns the number of insertions, deletions, replacements, and swaps of neighbors between two
/// words.
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
    fn carets_are_below_wide_and_escaped_characters() {
        let source = "漢\u{1b} typ:x";
        let mistake = Diagnostic::at(source, 5..9, "no");
        assert_eq!(mistake.excerpt(source), "漢\\x1b typ:x\n       ^^^^");
    }

    #[test]
    fn a_caret_follows_the_end_of_the_text() {
        assert_eq!(Diagnostic::at("a", 1..1, "no").excerpt("a"), "a\n ^");
    }

    #[test]
    fn the_text_names_the_column_and_the_suggestion() {
        let mistake = Diagnostic::at("漢\u{1b} typ:x", 5..9, "no").suggest(Some("x".to_owned()));
        assert_eq!(mistake.to_string(), "column 4: no; did you mean `x`?");
    }

    #[test]
    fn only_the_line_of_the_mistake_is_shown() {
        let source = "a = 1\nb = ü2\nc";
        let mistake = Diagnostic::at(source, 12..13, "no");
        assert_eq!(mistake.to_string(), "line 2, column 6: no");
        assert_eq!(mistake.excerpt(source), "b = ü2\n     ^");
    }

    #[test]
    fn a_part_is_placed_within_the_whole() {
        let mistake = Diagnostic::at("typ:x", 0..4, "no").within("ü typ:x", 3);
        assert_eq!((mistake.span.clone(), mistake.column()), (3..7, 3));
    }
}
