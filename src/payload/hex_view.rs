//! Bytes as offset, hexadecimal and text, sixteen a line.

use std::fmt::Write as _;

pub(super) fn render(body: &[u8]) -> String {
    let mut out = String::with_capacity(body.len() * 5);
    for (row, chunk) in body.chunks(16).enumerate() {
        let text: String = chunk
            .iter()
            .map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '.' })
            .collect();
        let (left, right) = chunk.split_at(chunk.len().min(8));
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{:08x}  {:<23}  {:<23}  {text}", row * 16, hex(left), hex(right));
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn shows_offset_bytes_and_text() {
        let shown = super::render(b"\x00abcdefgh\xff");
        assert_eq!(
            shown,
            "00000000  00 61 62 63 64 65 66 67  68 ff                    .abcdefgh.\n"
        );
    }
}
