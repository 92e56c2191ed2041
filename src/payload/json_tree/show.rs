//! Spans of a row of JSON, exactly as sent.

use super::{COMMA, JsonKind, JsonTree, KEY};
use crate::payload::json::string_end;
use crate::payload::span::{DisplayRow, SpanKind};

impl JsonTree {
    /// Returns a row; `base` is the offset of the tree's text in the document.
    pub(in crate::payload) fn show(&self, at: usize, base: usize) -> Option<DisplayRow<'_>> {
        let row = self.row(at)?;
        let mut out = DisplayRow::new(usize::from(row.depth));
        self.show_key(&mut out, at, base);
        let (value, end) = (row.value as usize, row.tail as usize);
        let mut put = |kind, start: usize, end: usize| {
            out.source(kind, self.slice(start, end), base + start);
        };
        let end = match row.kind {
            JsonKind::Object | JsonKind::Array | JsonKind::ObjectEnd | JsonKind::ArrayEnd => {
                put(SpanKind::Punctuation, value, value + 1);
                value + 1
            }
            JsonKind::EmptyObject | JsonKind::EmptyArray => {
                put(SpanKind::Punctuation, value, value + 1);
                put(SpanKind::Punctuation, end - 1, end);
                end
            }
            JsonKind::String => {
                put(SpanKind::Punctuation, value, value + 1);
                put(SpanKind::String, value + 1, end - 1);
                put(SpanKind::Punctuation, end - 1, end);
                end
            }
            JsonKind::Number => {
                put(SpanKind::Number, value, end);
                end
            }
            JsonKind::Literal => {
                put(SpanKind::Literal, value, end);
                end
            }
            JsonKind::Broken => {
                put(SpanKind::Error, value, end);
                end
            }
        };
        self.show_comma(&mut out, row.marks, end, base);
        Some(out)
    }

    /// Returns a container as one row, with a preview of its members.
    pub(in crate::payload) fn show_folded(&self, at: usize, base: usize) -> Option<DisplayRow<'_>> {
        let Some(last) = self.last(at) else { return self.show(at, base) };
        let row = self.row(at)?;
        let mut out = DisplayRow::new(usize::from(row.depth));
        self.show_key(&mut out, at, base);
        self.preview(&mut out, at, base);
        if let Some(end) = self.row(last).filter(|end| end.kind.is_end()) {
            self.show_comma(&mut out, end.marks, end.value as usize + 1, base);
        }
        Some(out)
    }

    /// Returns the text of a row's key as sent, without quotes, and its start.
    pub(super) fn key_text(&self, at: usize) -> Option<(&str, usize)> {
        let row = self.row(at).filter(|row| row.marks & KEY != 0)?;
        let start = row.start as usize;
        let end = string_end(self.text.as_bytes(), start).ok()?;
        Some((self.slice(start + 1, end - 1), start + 1))
    }

    fn show_key<'t>(&'t self, out: &mut DisplayRow<'t>, at: usize, base: usize) {
        let Some((key, start)) = self.key_text(at) else { return };
        let end = start + key.len();
        out.source(SpanKind::Punctuation, self.slice(start - 1, start), base + start - 1);
        out.source(SpanKind::Key, key, base + start);
        out.source(SpanKind::Punctuation, self.slice(end, end + 1), base + end);
        let colon = end + 1 + white(self.slice(end + 1, self.text.len()));
        out.source(SpanKind::Punctuation, self.slice(colon, colon + 1), base + colon);
        out.laid(SpanKind::Blank, " ");
    }

    fn show_comma<'t>(&'t self, out: &mut DisplayRow<'t>, marks: u8, end: usize, base: usize) {
        if marks & COMMA != 0 {
            let at = end + white(self.slice(end, self.text.len()));
            out.source(SpanKind::Punctuation, self.slice(at, at + 1), base + at);
        }
    }
}

/// Returns the length of leading white space.
fn white(text: &str) -> usize {
    let is_white = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    text.bytes().take_while(|byte| is_white(byte)).count()
}
