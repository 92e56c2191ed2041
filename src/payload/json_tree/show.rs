//! Spans of a row of JSON, exactly as sent.

use super::{COMMA, JsonKind, JsonTree, KEY};
use crate::payload::json::string_end;
use crate::payload::span::{DisplayRow, Span, SpanKind};
use crate::work;

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
        let end = self.key_end(start, row.value as usize)?;
        Some((self.slice(start + 1, end - 1), start + 1))
    }

    /// Returns the end of a key. Found from its value, because keys may be long, and every frame
    /// needs those on the screen.
    fn key_end(&self, start: usize, value: usize) -> Option<usize> {
        let before = |text: &str| text.len() - trailing_space(text);
        let colon = before(self.slice(start, value)).checked_sub(1);
        let colon = colon.filter(|at| self.slice(start + at, start + at + 1) == ":");
        let end = colon.map(|at| before(self.slice(start, start + at)));
        let end = end.filter(|at| *at > 1 && self.slice(start + at - 1, start + at) == "\"");
        match end {
            Some(at) => Some(start + at),
            // Beyond the space that is looked at.
            None => string_end(self.text.as_bytes(), start).ok(),
        }
    }

    fn show_key<'t>(&'t self, out: &mut DisplayRow<'t>, at: usize, base: usize) {
        let Some((key, start)) = self.key_text(at) else { return };
        let end = start + key.len();
        out.source(SpanKind::Punctuation, self.slice(start - 1, start), base + start - 1);
        out.source(SpanKind::Key, key, base + start);
        out.source(SpanKind::Punctuation, self.slice(end, end + 1), base + end);
        let colon = end + 1 + white(self.slice(end + 1, self.text.len()));
        self.show_sign(out, ":", colon, base);
        out.laid(SpanKind::Blank, " ");
    }

    fn show_comma<'t>(&'t self, out: &mut DisplayRow<'t>, marks: u8, end: usize, base: usize) {
        if marks & COMMA != 0 {
            let at = end + white(self.slice(end, self.text.len()));
            self.show_sign(out, ",", at, base);
        }
    }

    /// Shows a sign, which is elsewhere if there is more space before it than is looked at.
    fn show_sign(&self, out: &mut DisplayRow<'_>, sign: &'static str, at: usize, base: usize) {
        let at = (self.slice(at, at + 1) == sign).then_some(base + at);
        out.pieces.push(Span { kind: SpanKind::Punctuation, text: sign.into(), at });
    }
}

/// Maximum length of white space that is looked at.
const MAX_SPACE: usize = 4 << 10;

fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Returns the length of leading white space, up to a limit.
fn white(text: &str) -> usize {
    let length = text.bytes().take(MAX_SPACE).take_while(|byte| is_white(*byte)).count();
    work::count(length);
    length
}

/// Returns the length of trailing white space, up to a limit.
fn trailing_space(text: &str) -> usize {
    let length = text.bytes().rev().take(MAX_SPACE).take_while(|byte| is_white(*byte)).count();
    work::count(length);
    length
}
