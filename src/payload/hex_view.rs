//! Renders bytes as offset, hexadecimal, and text, 16 per row, or 8 on a narrow screen. Rows are
//! created on demand.

use std::borrow::Cow;

use bytes::Bytes;

use super::span::{DisplayRow, Span, SpanKind};

/// Bytes of a row that are shown as one group.
const GROUP: usize = 8;

/// Columns of a row of two groups.
const WIDE: usize = 76;

/// Bytes shown as rows.
#[derive(Debug, Clone)]
pub(super) struct HexRows {
    pub(super) bytes: Bytes,
    /// Groups of a row: one, or two.
    groups: usize,
}

impl HexRows {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self { bytes, groups: 2 }
    }

    /// Returns the same bytes in rows that fit `width` columns.
    pub(super) fn fitted(&self, width: usize) -> Self {
        Self { bytes: self.bytes.clone(), groups: if width < WIDE { 1 } else { 2 } }
    }

    pub(super) fn fits(&self, width: usize) -> bool {
        (self.groups == 1) == (width < WIDE)
    }

    fn width(&self) -> usize {
        self.groups * GROUP
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len().div_ceil(self.width())
    }

    /// Returns the row that shows a byte.
    pub(super) fn row_at(&self, byte: usize) -> usize {
        byte / self.width()
    }

    /// Returns a row such as `00000010  61 62 …  63 …  abc…`; `base` is the offset of the body in
    /// the document. The text has one character per byte, so hits can be highlighted in it.
    pub(super) fn show(&self, row: usize, base: usize) -> Option<DisplayRow<'static>> {
        let start = row.checked_mul(self.width())?;
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let shown = rest.get(..self.width()).unwrap_or(rest);
        let text: String = shown
            .iter()
            .map(
                |&byte| {
                    if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' }
                },
            )
            .collect();
        let mut out = DisplayRow::new(0);
        out.laid(SpanKind::Remark, format!("{start:08x}  "));
        for group in 0..self.groups {
            let bytes = shown.chunks(GROUP).nth(group).unwrap_or_default();
            out.laid(SpanKind::Number, format!("{:<23}  ", hex(bytes)));
        }
        let (kind, at) = (SpanKind::Text, Some(base + start));
        out.pieces.push(Span { kind, text: Cow::Owned(text), at });
        Some(out)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(hex: &HexRows) -> Vec<String> {
        (0..hex.len()).map(|at| hex.show(at, 0).unwrap().text()).collect()
    }

    #[test]
    fn shows_offset_bytes_and_text() {
        let hex = HexRows::new(Bytes::from_static(b"\x00abcdef h\xffjklmnop"));
        assert_eq!(
            rows(&hex),
            [
                "00000000  00 61 62 63 64 65 66 20  68 ff 6a 6b 6c 6d 6e 6f  .abcdef h.jklmno",
                "00000010  70                                                p"
            ]
        );
        assert_eq!((hex.show(2, 0), hex.show(usize::MAX, 0), hex.row_at(16)), (None, None, 1));
        assert_eq!(hex.show(1, 100).unwrap().shown(&(116..117)), Some(60..61));
    }

    #[test]
    fn a_narrow_screen_has_eight_bytes_per_row() {
        let hex = HexRows::new(Bytes::from_static(b"abcdefghij")).fitted(50);
        assert_eq!(
            rows(&hex),
            [
                "00000000  61 62 63 64 65 66 67 68  abcdefgh",
                "00000008  69 6a                    ij"
            ]
        );
        assert_eq!((hex.row_at(8), hex.fits(50), hex.fits(80)), (1, true, false));
    }
}
