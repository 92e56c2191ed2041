//! Where two bodies first differ, in words.

use crate::payload::around;

/// Bytes shown on either side of the difference.
const AROUND: usize = 12;

/// Says where the body that came first differs from the one that verifies, and how.
pub(super) fn difference(came: &[u8], signed: &[u8]) -> String {
    let offset = came.iter().zip(signed).take_while(|(one, other)| one == other).count();
    let before = came.get(..offset).unwrap_or_default();
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    format!(
        "first difference at byte {offset} (line {line}): came `{}`, signed was `{}`",
        around(came, offset, AROUND),
        around(signed, offset, AROUND)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_byte_line_and_what_stands_there() {
        let told = difference(b"{\"a\":1}\r\n", b"{\"a\":1}\n");
        assert_eq!(
            told,
            "first difference at byte 7 (line 1): came `{\"a\":1}\\r\\n`, signed was `{\"a\":1}\\n`"
        );
        let told = difference(b"one\ntwo\xff three and more", b"one\ntwo\xfe");
        assert!(told.contains("byte 7 (line 2)"), "{told}");
        assert!(told.contains("\\xff three and") && told.contains("two\\xfe"), "{told}");
    }
}
