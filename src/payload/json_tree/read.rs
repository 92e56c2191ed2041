//! Builds rows from text in one pass over [`json::JsonReader`].

use std::ops::Range;

use bytestring::ByteString;

use super::{COMMA, JsonKind, JsonTree, KEY, MAX_ROWS, NONE, Row};
use crate::payload::json::{self, JsonError, JsonEvent, Token, TokenKind};

/// Reason why reading ended before the text did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::payload) struct Fault {
    /// Byte that does not fit.
    pub(in crate::payload) at: usize,
    /// Start of the part that was not read: the member that holds the byte.
    pub(in crate::payload) from: usize,
    pub(in crate::payload) what: &'static str,
}

/// The only fault that is not the sender's mistake.
pub(in crate::payload) const TOO_MANY: &str = "more rows than can be shown";

struct Builder<'t> {
    bytes: &'t [u8],
    rows: Vec<Row>,
    /// Open container; meanwhile its `tail` counts its members.
    open: u32,
    roots: u32,
}

impl JsonTree {
    /// Reads one value. With a fault, the rows are those before it.
    pub(in crate::payload) fn read(text: ByteString) -> (Self, Option<Fault>) {
        let mut builder = Builder::new(&text);
        let fault = builder.value(0..text.len()).err();
        if fault.is_some() {
            builder.close_all();
        }
        let Builder { rows, roots, .. } = builder;
        (Self { text, rows, roots: roots as usize }, fault)
    }

    /// Reads one value per line; a line that is not JSON becomes one broken row. Returns the first
    /// fault as well, and where reading ended if there are too many rows.
    pub(in crate::payload) fn read_lines(text: ByteString) -> (Self, Option<Fault>, usize) {
        let mut builder = Builder::new(&text);
        let (mut first, mut end) = (None, text.len());
        let mut start = 0;
        for stop in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
            if let Some(fault) = builder.line(start..stop) {
                first = first.or(Some(fault));
                if fault.what == TOO_MANY {
                    end = start;
                    break;
                }
            }
            start = stop + 1;
        }
        let Builder { rows, roots, .. } = builder;
        (Self { text, rows, roots: roots as usize }, first, end)
    }
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        // Most payloads have about one row per 30 bytes, and growing is cheap in comparison.
        let rows = Vec::with_capacity((text.len() / 32).min(MAX_ROWS));
        Self { bytes: text.as_bytes(), rows, open: NONE, roots: 0 }
    }

    fn line(&mut self, line: Range<usize>) -> Option<Fault> {
        let content = self.bytes.get(line.clone())?;
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let blank = content.iter().position(|byte| !is_blank(byte))?;
        let begin = line.start + blank;
        let end = begin + content.get(blank..).unwrap_or_default().trim_ascii_end().len();
        let (rows, roots) = (self.rows.len(), self.roots);
        let fault = self.value(line).err()?;
        // A line is read completely or not at all: its partial rows would appear to belong to the
        // next line.
        self.rows.truncate(rows);
        (self.open, self.roots) = (NONE, roots);
        match self.push(begin, begin, JsonKind::Broken, end) {
            Ok(()) => Some(fault),
            Err(error) => Some(Fault { at: begin, from: begin, what: error.reason }),
        }
    }

    /// Reads the one value in a part of the text.
    fn value(&mut self, part: Range<usize>) -> Result<(), Fault> {
        let mut reader = json::JsonReader::within(self.bytes, part);
        let mut key: Option<usize> = None;
        let mut commas = 0;
        while let Some(step) = reader.next() {
            if reader.commas() > commas {
                commas = reader.commas();
                self.mark_comma();
            }
            // The start of a string is needed for an error inside it.
            let from = key.unwrap_or_else(|| reader.position());
            let (event, token) =
                step.map_err(|JsonError { at, reason }| Fault { at, from, what: reason })?;
            if event == JsonEvent::Key {
                key = Some(token.start);
                continue;
            }
            let start = key.unwrap_or(token.start);
            self.row(event, start, token).map_err(|JsonError { at, reason }| Fault {
                at,
                from: start,
                what: reason,
            })?;
            key = None;
        }
        Ok(())
    }

    fn row(&mut self, event: JsonEvent, start: usize, token: Token) -> Result<(), JsonError> {
        let kind = match (event, token.kind) {
            (JsonEvent::Close, _) => return self.close(token),
            (_, TokenKind::ObjectStart) => JsonKind::Object,
            (_, TokenKind::ArrayStart) => JsonKind::Array,
            (_, TokenKind::String) => JsonKind::String,
            (_, TokenKind::Number) => JsonKind::Number,
            _ => JsonKind::Literal,
        };
        if event == JsonEvent::Scalar {
            return self.push(start, token.start, kind, token.end);
        }
        let row = self.rows.len();
        self.push(start, token.start, kind, 0)?;
        self.open = u32::try_from(row).unwrap_or(NONE);
        Ok(())
    }

    fn mark_comma(&mut self) {
        if let Some(last) = self.rows.last_mut() {
            last.marks |= COMMA;
        }
    }

    fn close(&mut self, token: Token) -> Result<(), JsonError> {
        let end = self.rows.len();
        let at = self.open as usize;
        let Some(container) = self.rows.get_mut(at) else { return Ok(()) };
        self.open = container.parent;
        if end == at + 1 {
            container.kind = match container.kind {
                JsonKind::Object => JsonKind::EmptyObject,
                _ => JsonKind::EmptyArray,
            };
            container.tail = offset(token.end);
            return Ok(());
        }
        let kind = match container.kind {
            JsonKind::Object => JsonKind::ObjectEnd,
            _ => JsonKind::ArrayEnd,
        };
        let ordinal = container.tail;
        container.tail = offset(end);
        let (start, tail) = (offset(token.start), offset(at));
        let row = Row { start, value: start, tail, ordinal, kind, marks: 0, ..*container };
        if end >= MAX_ROWS {
            // Restored so that `close_all` finds the container open.
            self.open = tail;
            return Err(JsonError { at: token.start, reason: TOO_MANY });
        }
        self.rows.push(row);
        Ok(())
    }

    fn push(
        &mut self,
        start: usize,
        value: usize,
        kind: JsonKind,
        tail: usize,
    ) -> Result<(), JsonError> {
        if self.rows.len() >= MAX_ROWS {
            return Err(JsonError { at: value, reason: TOO_MANY });
        }
        let (ordinal, depth, marks) = if let Some(open) = self.rows.get_mut(self.open as usize) {
            open.tail += 1;
            let marks = if open.kind == JsonKind::Object { KEY } else { 0 };
            (open.tail - 1, open.depth.saturating_add(1), marks)
        } else {
            self.roots += 1;
            (self.roots - 1, 0, 0)
        };
        let (start, value, tail) = (offset(start), offset(value), offset(tail));
        self.rows.push(Row { start, value, tail, parent: self.open, ordinal, depth, kind, marks });
        Ok(())
    }

    /// Extends containers that are still open to the last row.
    fn close_all(&mut self) {
        let last = u32::try_from(self.rows.len().saturating_sub(1)).unwrap_or(NONE);
        while let Some(open) = self.rows.get_mut(self.open as usize) {
            open.tail = last;
            self.open = open.parent;
        }
    }
}

/// Texts of 4 GiB and more are never read as JSON.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
