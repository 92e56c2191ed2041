//! Bytes line by line with invisible bytes escaped: those that are not text, and line ends.

use bytes::Bytes;

use super::span::{DisplayRow, SpanKind};
use super::visible_bytes;

/// Maximum number of bytes in a row without line ends.
const MAX_ROW_LENGTH: usize = 16 << 10;

/// Bytes in rows: lines, and parts of very long lines.
#[derive(Debug, Clone)]
pub(super) struct RawLines {
    bytes: Bytes,
    /// Start of each row.
    starts: Vec<usize>,
}

impl RawLines {
    pub(super) fn new(bytes: Bytes) -> Self {
        let mut starts = Vec::new();
        let ends = memchr::memchr_iter(b'\n', &bytes).map(|at| at + 1).chain([bytes.len()]);
        let mut start = 0;
        for end in ends {
            while start < end {
                starts.push(start);
                start = end.min(start + MAX_ROW_LENGTH);
            }
        }
        Self { bytes, starts }
    }

    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(super) fn show(&self, at: usize, base: usize) -> Option<DisplayRow<'_>> {
        let start = *self.starts.get(at)?;
        let end = self.starts.get(at + 1).copied().unwrap_or(self.bytes.len());
        let line = self.bytes.get(start..end)?;
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let mut out = DisplayRow::new(0);
        match std::str::from_utf8(text) {
            Ok(text) => out.source(SpanKind::String, text, base + start),
            Err(_) => out.laid(SpanKind::String, visible_bytes(text)),
        }
        let line_end = line.get(text.len()..).filter(|end| !end.is_empty());
        if let Some(line_end) = line_end {
            out.laid(SpanKind::Remark, visible_bytes(line_end));
        }
        Some(out)
    }

    pub(super) fn row_at(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use crate::payload::Document;

    #[test]
    fn line_ends_and_binary_bytes_are_visible() {
        let document = Document::raw("POST / HTTP/1.1\r\n\r\na\nb\r".into());
        let lines: Vec<String> =
            (0..document.row_count()).filter_map(|row| document.line(row)).collect();
        assert_eq!(lines, [r"POST / HTTP/1.1\r\n", r"\r\n", r"a\n", r"b\r"]);
        let document = Document::raw((&b"\xff\x00x"[..]).into());
        assert_eq!(document.line(0).as_deref(), Some(r"\xff\x00x"));
        assert_eq!(Document::raw(bytes::Bytes::new()).row_count(), 0);
    }

    #[test]
    fn a_row_is_found_by_its_bytes() {
        let document = Document::raw("a\nbc\n\nd".into());
        let rows: Vec<usize> = (0..7).map(|byte| document.row_at(byte)).collect();
        assert_eq!(rows, [0, 0, 1, 1, 1, 2, 3]);
        let long = Document::raw(vec![b'x'; (32 << 10) + 1].into());
        assert_eq!(long.row_count(), 3);
    }
}
