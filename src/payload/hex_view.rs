//! Renders bytes as offset, hexadecimal, and text, 16 per row. Rows are created on demand.

use std::borrow::Cow;

use super::span::{DisplayRow, Span, SpanKind};

const WIDTH: usize = 16;

pub(super) fn row_count(body: &[u8]) -> usize {
    body.len().div_ceil(WIDTH)
}

/// Returns the row that shows a byte.
pub(super) fn row_at(byte: usize) -> usize {
    byte / WIDTH
}

/// Returns the bytes of a row.
pub(super) fn bytes(body: &[u8], row: usize) -> Option<&[u8]> {
    let start = row.checked_mul(WIDTH)?;
    let rest = body.get(start..).filter(|rest| !rest.is_empty())?;
    Some(rest.get(..WIDTH).unwrap_or(rest))
}

/// Returns a row such as `00000010  61 62 …  63 …  abc…`; `base` is the offset of the body in the
/// document. The text has one character per byte, so hits can be highlighted in it.
pub(super) fn show(body: &[u8], row: usize, base: usize) -> Option<DisplayRow<'static>> {
    let shown = bytes(body, row)?;
    let (left, right) = shown.split_at(shown.len().min(WIDTH / 2));
    let text: String = shown
        .iter()
        .map(|&byte| if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' })
        .collect();
    let mut out = DisplayRow::new(0);
    out.laid(SpanKind::Remark, format!("{:08x}  ", row * WIDTH));
    out.laid(SpanKind::Number, format!("{:<23}  {:<23}  ", hex(left), hex(right)));
    let (kind, at) = (SpanKind::Text, Some(base + row * WIDTH));
    out.pieces.push(Span { kind, text: Cow::Owned(text), at });
    Some(out)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_offset_bytes_and_text() {
        let body = b"\x00abcdef h\xffjklmnop";
        let rows: Vec<_> =
            (0..row_count(body)).map(|at| show(body, at, 0).unwrap().text()).collect();
        assert_eq!(
            rows,
            [
                "00000000  00 61 62 63 64 65 66 20  68 ff 6a 6b 6c 6d 6e 6f  .abcdef h.jklmno",
                "00000010  70                                                p"
            ]
        );
        assert_eq!((show(body, 2, 0), show(body, usize::MAX, 0), row_at(16)), (None, None, 1));
        assert_eq!(show(body, 1, 100).unwrap().shown(&(116..117)), Some(60..61));
    }
}
