//! First difference of two bodies, in words.

use crate::payload::around;

/// Bytes shown before and after the difference.
const AROUND: usize = 12;

/// Describes the first difference between the body received and the one that verifies.
pub(super) fn difference(received: &[u8], signed: &[u8]) -> String {
    let offset = received.iter().zip(signed).take_while(|(one, other)| one == other).count();
    let before = received.get(..offset).unwrap_or_default();
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    format!(
        "first difference at byte {offset} (line {line}): came `{}`, signed was `{}`",
        around(received, offset, AROUND),
        around(signed, offset, AROUND)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_byte_line_and_content() {
        let text = difference(b"{\"a\":1}\r\n", b"{\"a\":1}\n");
        assert_eq!(
            text,
            "first difference at byte 7 (line 1): came `{\"a\":1}\\r\\n`, signed was `{\"a\":1}\\n`"
        );
        let text = difference(b"one\ntwo\xff three and more", b"one\ntwo\xfe");
        assert!(text.contains("byte 7 (line 2)"), "{text}");
        assert!(text.contains("\\xff three and") && text.contains("two\\xfe"), "{text}");
    }
}
