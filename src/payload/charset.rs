//! Decodes bytes to text by the byte order mark, the declared charset, or UTF-8.

use bytes::Bytes;
use bytestring::ByteString;
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Decoded text, with a note about how it was decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DecodedText {
    pub(super) content: ByteString,
    pub(super) note: Option<String>,
    /// Set if some bytes could not be decoded.
    lossy: bool,
}

/// Decodes text; `None` if the bytes are binary. With `guess`, bytes that are neither UTF-8 nor
/// binary are decoded as Windows-1252, as browsers do.
pub(super) fn read(body: &Bytes, label: Option<&str>, guess: bool) -> Option<DecodedText> {
    if let Some((encoding, length)) = Encoding::for_bom(body) {
        let rest = body.slice(length..);
        let note = format!("{}, by its byte order mark", encoding.name());
        // Binary formats may begin with the same two bytes.
        if let Some(text) = decode(&rest, encoding, Some(note)).filter(|text| !text.lossy) {
            return Some(text);
        }
    }
    let declared = label.map(|label| (label, Encoding::for_label(label.trim().as_bytes())));
    match declared {
        Some((_, Some(encoding))) if encoding != UTF_8 => {
            let note = (!body.is_ascii()).then(|| format!("read as {}", encoding.name()));
            return decode(body, encoding, note);
        }
        Some((label, None)) => {
            let mut text = read(body, None, guess)?;
            let known = text.note.map(|note| format!("; {note}")).unwrap_or_default();
            text.note = Some(format!("unknown charset {label:?}{known}"));
            return Some(text);
        }
        _ => {}
    }
    if let Ok(text) = ByteString::try_from(body.clone()) {
        return Some(DecodedText { content: text, note: None, lossy: false });
    }
    let is_binary = memchr::memchr(0, body).is_some();
    let note = "the body is not UTF-8; read as windows-1252".to_owned();
    (guess && !is_binary).then(|| decode(body, WINDOWS_1252, Some(note))).flatten()
}

fn decode(body: &Bytes, encoding: &'static Encoding, note: Option<String>) -> Option<DecodedText> {
    if encoding == UTF_8 {
        let text = ByteString::try_from(body.clone()).ok()?;
        return Some(DecodedText { content: text, note, lossy: false });
    }
    let (text, lossy) = encoding.decode_without_bom_handling(body);
    let note = match (note, lossy) {
        (Some(note), true) => Some(format!("{note}, with invalid bytes")),
        (note, _) => note,
    };
    Some(DecodedText { content: text.into_owned().into(), note, lossy })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &'static [u8], label: Option<&str>, guess: bool) -> Option<(String, String)> {
        let found = read(&Bytes::from_static(body), label, guess)?;
        Some((found.content.to_string(), found.note.unwrap_or_default()))
    }

    fn said(text: &str, note: &str) -> (String, String) {
        (text.to_owned(), note.to_owned())
    }

    #[test]
    fn byte_order_mark_charset_and_utf_8_are_tried_in_order() {
        let read = |body, label| text(body, label, false).unwrap();
        let mark = |name: &str| format!("{name}, by its byte order mark");
        assert_eq!(read(b"\xef\xbb\xbfa", Some("latin1")), said("a", &mark("UTF-8")));
        assert_eq!(read(b"\xff\xfea\0", None), said("a", &mark("UTF-16LE")));
        assert_eq!(read(b"\xe9", Some("ISO-8859-1")), said("é", "read as windows-1252"));
        assert_eq!(read(b"\x82\xa0", Some("shift_jis")), said("あ", "read as Shift_JIS"));
        assert_eq!(read(b"a", Some("ISO-8859-1")), said("a", ""));
        assert_eq!(read("é".as_bytes(), Some("utf-8")), said("é", ""));
        let lossy = "read as Shift_JIS, with invalid bytes";
        assert_eq!(read(b"\x82", Some("sjis")), said("\u{fffd}", lossy));
    }

    #[test]
    fn binary_bytes_are_not_decoded() {
        assert_eq!(text(b"\xe9", None, false), None);
        assert_eq!(text(b"\xff\xfe\xfd", None, false), None);
        assert_eq!(text(b"\xe9\0", None, true), None);
        let guessed = said("é", "the body is not UTF-8; read as windows-1252");
        assert_eq!(text(b"\xe9", Some("utf-8"), true), Some(guessed));
        let unknown = said("a", "unknown charset \"klingon\"");
        assert_eq!(text(b"a", Some("klingon"), true), Some(unknown));
    }
}
