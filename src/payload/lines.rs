//! Text in lines as received, with an index of where each begins.

use bytestring::ByteString;

use super::span::{DisplayRow, SpanKind};

/// Lines of text.
#[derive(Debug, Clone)]
pub(super) struct LineIndex {
    text: ByteString,
    /// Start of each line; texts of 4 GiB and more are not displayed as lines.
    starts: Vec<u32>,
    kind: SpanKind,
}

impl LineIndex {
    pub(super) fn new(text: ByteString, kind: SpanKind) -> Self {
        let newlines = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        let starts = std::iter::once(0).chain(newlines).filter(|start| *start < text.len());
        let starts = starts.filter_map(|start| u32::try_from(start).ok()).collect();
        Self { text, starts, kind }
    }

    pub(super) fn text(&self) -> &ByteString {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Returns a line without its line end.
    pub(super) fn show(&self, at: usize, base: usize) -> Option<DisplayRow<'_>> {
        let start = *self.starts.get(at)? as usize;
        let end = self.starts.get(at + 1).map_or(self.text.len(), |next| *next as usize);
        let line = self.text.get(start..end)?;
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut out = DisplayRow::new(0);
        out.source(self.kind, line, base + start);
        Some(out)
    }

    pub(super) fn row_at(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start as usize <= byte).saturating_sub(1)
    }
}

/// Names and values, one pair per row.
#[derive(Debug, Clone)]
pub(super) struct FormFields {
    text: ByteString,
    /// Start and end of each name; its value follows, up to the next name.
    names: Vec<(usize, usize)>,
    between: &'static str,
}

impl FormFields {
    pub(super) fn new(pairs: &[(String, String)], between: &'static str) -> Self {
        let mut text = String::new();
        let mut names = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            names.push((text.len(), text.len() + name.len()));
            text.push_str(name);
            text.push_str(value);
        }
        Self { text: text.into(), names, between }
    }

    pub(super) fn text(&self) -> &ByteString {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn show(&self, at: usize, base: usize) -> Option<DisplayRow<'_>> {
        let (start, end) = *self.names.get(at)?;
        let next = self.names.get(at + 1).map_or(self.text.len(), |next| next.0);
        let mut out = DisplayRow::new(0);
        out.source(SpanKind::Key, self.text.get(start..end)?, base + start);
        out.laid(SpanKind::Punctuation, self.between);
        out.source(SpanKind::String, self.text.get(end..next)?, base + end);
        Some(out)
    }

    pub(super) fn row_at(&self, byte: usize) -> usize {
        self.names.partition_point(|name| name.0 <= byte).saturating_sub(1)
    }
}
