//! Rows as displayed: spans of text, each with its kind. Colors are applied elsewhere.

use std::borrow::Cow;
use std::ops::Range;

/// Kind of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// White space that was added, not sent.
    Blank,
    /// Name of a member, a field, or a header, without quotes.
    Key,
    /// Text of a string without quotes, or value of a field.
    String,
    Number,
    /// `true`, `false`, `null`.
    Literal,
    /// Quotes, braces, commas, and the signs around tags.
    Punctuation,
    /// Name of an XML element with its attributes.
    Tag,
    /// Text without a kind of its own.
    Text,
    /// Text that is invalid in its place.
    Error,
    /// Text that was added: a count, an offset, the title of a part.
    Remark,
}

/// A part of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<'d> {
    pub kind: SpanKind,
    /// Text of the body, possibly unsafe; pass it through [`super::escape()`] before displaying it.
    pub text: Cow<'d, str>,
    /// Position in the document; none for text that was added.
    pub at: Option<usize>,
}

/// A row ready to be displayed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DisplayRow<'d> {
    /// Spaces to the left, limited for deep levels.
    pub indent: usize,
    pub pieces: Vec<Span<'d>>,
}

/// Deeper levels are not indented further, because deep nesting would leave the screen.
const MAX_INDENT: usize = 64;

impl<'d> DisplayRow<'d> {
    pub(super) fn new(depth: usize) -> Self {
        Self { indent: depth.min(MAX_INDENT) * 2, pieces: Vec::with_capacity(8) }
    }

    /// Adds text of the document unless it is empty.
    pub(super) fn source(&mut self, kind: SpanKind, text: &'d str, at: usize) {
        if !text.is_empty() {
            self.pieces.push(Span { kind, text: Cow::Borrowed(text), at: Some(at) });
        }
    }

    /// Adds text that is not in the document.
    pub(super) fn laid(&mut self, kind: SpanKind, text: impl Into<Cow<'d, str>>) {
        self.pieces.push(Span { kind, text: text.into(), at: None });
    }

    /// Adds text that is not in the document before the other pieces.
    pub(super) fn lead(&mut self, kind: SpanKind, text: impl Into<Cow<'d, str>>) {
        self.pieces.insert(0, Span { kind, text: text.into(), at: None });
    }

    /// Returns the text of the row, indented.
    pub fn text(&self) -> String {
        let mut out = " ".repeat(self.indent);
        out.extend(self.pieces.iter().map(|piece| &*piece.text));
        out
    }

    /// Returns the length of [`Self::text`] in bytes, without building it.
    pub fn len(&self) -> usize {
        self.indent + self.pieces.iter().map(|piece| piece.text.len()).sum::<usize>()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the range of document bytes in [`Self::text`]; `None` if none of them is shown.
    pub fn shown(&self, source: &Range<usize>) -> Option<Range<usize>> {
        let mut column = self.indent;
        let mut found: Option<Range<usize>> = None;
        for piece in &self.pieces {
            let length = piece.text.len();
            if let Some(at) = piece.at {
                let start = source.start.clamp(at, at + length) - at + column;
                let end = source.end.clamp(at, at + length) - at + column;
                if start < end {
                    found = Some(found.map_or(start, |known| known.start)..end);
                }
            }
            column += length;
        }
        found
    }

    /// Removes up to `columns` columns of one byte each from the left, and returns their number, so
    /// that text scrolled away need not be measured.
    #[must_use]
    pub fn scrolled(mut self, columns: usize) -> (Self, usize) {
        let mut left = columns - columns.min(self.indent);
        self.indent -= columns.min(self.indent);
        for piece in &mut self.pieces {
            let plain = |byte: &u8| *byte == b' ' || byte.is_ascii_graphic();
            let taken = piece.text.bytes().take(left).take_while(|byte| plain(byte)).count();
            // A combining mark stays with its letter.
            let taken = match piece.text.get(taken..) {
                Some(rest) if rest.starts_with(|next: char| !next.is_ascii()) => {
                    taken.saturating_sub(1)
                }
                _ => taken,
            };
            let is_whole = taken == piece.text.len();
            piece.text = match &piece.text {
                Cow::Borrowed(text) => Cow::Borrowed(text.get(taken..).unwrap_or_default()),
                Cow::Owned(text) => Cow::Owned(text.get(taken..).unwrap_or_default().to_owned()),
            };
            piece.at = piece.at.map(|at| at + taken);
            left -= taken;
            if !is_whole {
                break;
            }
        }
        self.pieces.retain(|piece| !piece.text.is_empty());
        (self, columns - left)
    }

    /// Limits the row to about `bytes` to the right, so that text wider than the screen need not be
    /// measured. Does not cut characters.
    #[must_use]
    pub fn clipped(mut self, bytes: usize) -> Self {
        let mut left = bytes.saturating_sub(self.indent);
        for piece in &mut self.pieces {
            if piece.text.len() > left {
                let end = piece.text.floor_char_boundary(left);
                piece.text = match &piece.text {
                    Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or_default()),
                    Cow::Owned(text) => Cow::Owned(text.get(..end).unwrap_or_default().to_owned()),
                };
            }
            left -= piece.text.len().min(left);
        }
        self.pieces.retain(|piece| !piece.text.is_empty());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> DisplayRow<'static> {
        let mut row = DisplayRow::new(1);
        row.source(SpanKind::Key, "key", 10);
        row.laid(SpanKind::Blank, " ");
        row.source(SpanKind::String, "naïve", 20);
        row
    }

    #[test]
    fn bytes_of_the_document_are_found_in_the_row() {
        let row = row();
        assert_eq!((row.text().as_str(), row.len()), ("  key naïve", 12));
        assert_eq!(row.shown(&(10..12)), Some(2..4));
        assert_eq!(row.shown(&(12..22)), Some(4..8));
        assert_eq!(row.shown(&(0..100)), Some(2..12));
        assert_eq!((row.shown(&(13..20)), row.shown(&(26..30))), (None, None));
    }

    #[test]
    fn both_ends_are_cut_at_characters() {
        assert_eq!(row().clipped(9).text(), "  key na");
        assert_eq!(row().clipped(3).text(), "  k");
        let (scrolled, columns) = row().scrolled(4);
        assert_eq!((scrolled.text().as_str(), columns), ("y naïve", 4));
        assert_eq!(scrolled.shown(&(12..13)), Some(0..1));
        let (scrolled, columns) = row().scrolled(1);
        assert_eq!((scrolled.text().as_str(), columns), (" key naïve", 1));
        let (scrolled, columns) = row().scrolled(50);
        assert_eq!((scrolled.text().as_str(), columns), ("aïve", 7));
    }
}
