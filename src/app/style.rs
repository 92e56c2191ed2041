//! Styled text. The theme alone decides how a style class looks.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::payload::escape;
use crate::words::words;
use crate::work;

words! {
    /// Style class of a piece of text.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum StyleClass {
        Plain = "plain",
        /// Less important text: labels, units, punctuation.
        Dim = "dim",
        Strong = "strong",
        /// A name: a JSON key, a header, a field.
        Name = "name",
        /// A JSON string.
        Text = "text",
        Number = "number",
        /// `true`, `false`, `null`.
        Literal = "literal",
        Good = "good",
        Bad = "bad",
        Warn = "warn",
        /// Emphasis: the focused pane, a key to press.
        Accent = "accent",
        /// Search match.
        Found = "found",
    }
}

impl StyleClass {
    /// Returns true if the text is a value of a delivery, which is masked on a shared screen.
    pub fn is_value(self) -> bool {
        matches!(self, Self::Text | Self::Number | Self::Found)
    }
}

/// Masks a text but keeps its form: `Ab-7` becomes `Xx-0`.
pub(super) fn masked(text: &str) -> String {
    let mask = |character: char| match character {
        '0'..='9' => '0',
        _ if character.is_uppercase() => 'X',
        _ if character.is_alphanumeric() => 'x',
        _ => character,
    };
    text.chars().map(mask).collect()
}

/// Masks quotations in backticks unless they are plain words: the sentence itself is advice, but a
/// quotation may come from a delivery.
fn masked_quotes(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(at, part)| match at % 2 {
        1 if !is_plain_name(part) => masked(part),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

/// Returns true if a name consists of plain words, as event types, keys, and headers usually do,
/// and so reveals nothing about a person.
pub(super) fn is_plain_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphabetic() || b"_-.:/ ".contains(&byte);
    name.len() <= 64 && name.bytes().all(fits)
}

/// Piece of text with one style class. Every constructor makes the text safe for the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StyledSpan {
    pub role: StyleClass,
    text: String,
}

impl StyledSpan {
    pub fn new(role: StyleClass, text: &str) -> Self {
        work::count(text.len());
        Self { role, text: escape(text).into_owned() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Masks the span if it is a value.
    #[must_use]
    pub fn masked(self) -> Self {
        match self.role {
            role if role.is_value() => Self { role, text: masked(&self.text) },
            role => Self { role, text: masked_quotes(&self.text) },
        }
    }

    /// Masks the span if it is a name that is not made of plain words, such as a key of a map of
    /// people.
    fn masked_name(self) -> Self {
        match self.role {
            StyleClass::Name if !is_plain_name(&self.text) => {
                Self { role: self.role, text: masked(&self.text) }
            }
            _ => self,
        }
    }
}

/// Line of styled text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StyledLine(Vec<StyledSpan>);

impl StyledLine {
    pub fn new(role: StyleClass, text: impl AsRef<str>) -> Self {
        Self::default().with(role, text)
    }

    #[must_use]
    pub fn with(mut self, role: StyleClass, text: impl AsRef<str>) -> Self {
        self.0.push(StyledSpan::new(role, text.as_ref()));
        self
    }

    /// Masks the values of the line.
    #[must_use]
    pub fn masked(self) -> Self {
        Self(self.0.into_iter().map(StyledSpan::masked).collect())
    }

    /// Masks the values of the line, and names that are not made of plain words.
    #[must_use]
    pub fn masked_with_names(self) -> Self {
        Self(self.0.into_iter().map(|span| span.masked().masked_name()).collect())
    }

    /// Appends another line.
    #[must_use]
    pub fn joined(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Applies one style class to the whole line.
    #[must_use]
    pub fn toned(self, role: StyleClass) -> Self {
        Self(self.0.into_iter().map(|span| StyledSpan { role, ..span }).collect())
    }

    pub fn spans(&self) -> &[StyledSpan] {
        &self.0
    }

    /// Returns the width in columns.
    pub fn width(&self) -> usize {
        self.0.iter().map(|span| span.text.width()).sum()
    }

    /// Returns the first `columns` columns of the line.
    #[must_use]
    pub fn truncated(self, columns: usize) -> Self {
        let mut left = columns;
        let mut out = Self::default();
        for span in self.0 {
            let fits = |grapheme: &&str| {
                let rest = left.checked_sub(grapheme.width());
                left = rest.unwrap_or(0);
                rest.is_some()
            };
            let end: usize = span.text.graphemes(true).take_while(fits).map(str::len).sum();
            let is_cut = end < span.text.len();
            let text = span.text.get(..end).unwrap_or_default().to_owned();
            out.0.push(StyledSpan { role: span.role, text });
            if is_cut {
                break;
            }
        }
        out
    }

    /// Wraps the line to `width` columns, preferably at spaces, and indents every line after the
    /// first.
    pub fn wrap(self, width: usize, indent: usize) -> Vec<Self> {
        if self.width() <= width || width <= indent + 1 {
            return vec![self];
        }
        let mut lines = vec![Self::default()];
        let mut used = 0;
        // A run is broken only if it is longer than a line, and then between words if possible.
        let runs = self.0.iter().flat_map(|span| runs(&span.text).map(|run| (span.role, run)));
        let pieces = runs.flat_map(|(role, run)| {
            let fits = run.width() <= width - indent;
            let whole = fits.then_some(run).into_iter();
            let broken = (!fits).then(|| words(run)).into_iter().flatten();
            whole.chain(broken).map(move |piece| (role, piece))
        });
        for (role, word) in pieces {
            let columns = word.width();
            if used + columns > width && columns <= width - indent && used > indent {
                lines.push(Self::new(StyleClass::Plain, " ".repeat(indent)));
                used = indent;
                if word.trim().is_empty() {
                    continue;
                }
            }
            used = push_broken(&mut lines, role, word, used, width, indent);
        }
        lines
    }

    /// Appends text, extending the last span if it has the same style class.
    fn push(&mut self, role: StyleClass, text: &str) {
        match self.0.last_mut() {
            Some(last) if last.role == role => last.text.push_str(text),
            _ => self.0.push(StyledSpan { role, text: text.to_owned() }),
        }
    }
}

/// Splits text into spaces and what is between them.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_blank = rest.chars().next()?.is_whitespace();
        let end = rest.find(|c: char| c.is_whitespace() != is_blank).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(run)
    })
}

/// Splits text into words and the spaces between them. Closing punctuation belongs to the preceding
/// word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let closes =
        |word: &str| word.chars().all(|c| matches!(c, ',' | ';' | ':' | '.' | '?' | '!' | ')'));
    let blank = |word: &str| word.trim().is_empty();
    let mut rest = text.split_word_bound_indices().peekable();
    std::iter::from_fn(move || {
        let (start, word) = rest.next()?;
        let mut end = start + word.len();
        while let Some((_, next)) = rest.next_if(|(_, next)| !blank(word) && closes(next)) {
            end += next.len();
        }
        text.get(start..end)
    })
}

/// Appends a word, breaking it at full lines; returns the columns used on the last line.
fn push_broken(
    lines: &mut Vec<StyledLine>,
    role: StyleClass,
    word: &str,
    mut used: usize,
    width: usize,
    indent: usize,
) -> usize {
    for grapheme in word.graphemes(true) {
        let columns = grapheme.width();
        if used + columns > width {
            lines.push(StyledLine::new(StyleClass::Plain, " ".repeat(indent)));
            used = indent;
        }
        if let Some(line) = lines.last_mut() {
            line.push(role, grapheme);
        }
        used += columns;
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: usize) -> Vec<String> {
        let lines = StyledLine::new(StyleClass::Plain, text).wrap(width, 2);
        lines.iter().map(|line| line.spans().iter().map(StyledSpan::text).collect()).collect()
    }

    #[test]
    fn wraps_at_spaces_and_breaks_long_words() {
        assert_eq!(wrapped("one two three", 8), ["one two ", "  three"]);
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "  ef", "  gh", "  ij"]);
        assert_eq!(wrapped("漢字漢字", 5), ["漢字", "  漢", "  字"]);
        assert_eq!(wrapped("short", 20), ["short"]);
        assert_eq!(wrapped("one two, (six).", 7), ["one ", "  two, ", "  (", "  six)."]);
        assert_eq!(wrapped("use `do it` or (see)", 10), ["use `do ", "  it` or ", "  (see)"]);
    }

    #[test]
    fn spans_are_safe_for_a_terminal() {
        assert_eq!(
            StyledSpan::new(StyleClass::Plain, "a\u{1b}[0m\u{202e}").text(),
            "a\\x1b[0m\\u{202e}"
        );
    }
}
