//! The same text in another character set, decoded with a wrong one, or with lost characters.

use unicode_normalization::UnicodeNormalization as _;

use super::Accept;
use crate::signature::Cause;

/// Replaces bytes that are not UTF-8.
const REPLACEMENT: char = '\u{fffd}';

/// Largest body in which every pair of bytes is tried for two lost characters.
const PAIRS: usize = 4 << 10;

/// Most question marks that may be lost characters.
const MAX_QUESTION_MARKS: usize = 4;

/// Tries the same text in another character set, in another normalization form, or with the
/// characters that were lost.
pub(super) fn bodies(body: &[u8], text: Option<&str>, accept: &mut Accept<'_>) -> bool {
    // ASCII in UTF-16 is valid UTF-8 with NUL characters.
    if body.contains(&0) && utf_16(body, accept) {
        return true;
    }
    if body.is_ascii() {
        return body.len() <= PAIRS && text.is_some_and(|text| question_marks(text, accept));
    }
    let found = [true, false].into_iter().any(|windows| {
        let (name, utf_8) = (if windows { "Windows-1252" } else { "Latin-1" }, "UTF-8");
        let mut accept = |from: &str, to: &str, bytes: &[u8]| {
            let how = format_args!("the body was converted from {from} to {to}");
            accept(Cause::BodyCharset, how, bytes)
        };
        let narrowed = text.and_then(|text| encode_latin(text, windows));
        narrowed.is_some_and(|bytes| accept(name, utf_8, &bytes))
            || accept(utf_8, name, decode_latin(body, windows).as_bytes())
    });
    if found {
        return true;
    }
    let Some(text) = text else { return utf_16(body, accept) };
    lost(text, accept) || replaced(text, accept) || normalized(text, accept)
}

/// Tries a body in UTF-16 that was signed in UTF-8.
pub(super) fn utf_16(body: &[u8], accept: &mut Accept<'_>) -> bool {
    let of = |read: fn([u8; 2]) -> u16| {
        let units = body.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(read);
        String::from_utf16_lossy(&units.collect::<Vec<u16>>())
    };
    [of(u16::from_le_bytes), of(u16::from_be_bytes)].iter().any(|text| {
        let how = format_args!("the body was converted from UTF-8 to UTF-16");
        let bare = text.trim_start_matches('\u{feff}');
        accept(Cause::BodyCharset, how, bare.as_bytes())
    })
}

fn normalized(text: &str, accept: &mut Accept<'_>) -> bool {
    let mut accept = |form: &str, text: String| {
        let how = format_args!("the body was signed in the Unicode normalization form {form}");
        accept(Cause::BodyUnicodeForm, how, text.as_bytes())
    };
    accept("NFC", text.nfc().collect()) || accept("NFD", text.nfd().collect())
}

/// Tries the text with its characters outside ASCII lost before it was signed.
fn replaced(text: &str, accept: &mut Accept<'_>) -> bool {
    let mut accept = |by: &str, text: String| {
        let how = format_args!("characters outside ASCII were {by} before the body was signed");
        accept(Cause::BodyCharset, how, text.as_bytes())
    };
    let mapped = |by: &dyn Fn(char) -> String| {
        let keep = |letter: char| if letter.is_ascii() { letter.to_string() } else { by(letter) };
        text.chars().map(keep).collect::<String>()
    };
    accept("replaced by `?`", mapped(&|_| "?".to_owned()))
        || accept("replaced by `?`", mapped(&|letter| "?".repeat(letter.len_utf8())))
        || accept("replaced by U+FFFD", mapped(&|_| REPLACEMENT.to_string()))
        || accept("dropped", mapped(&|_| String::new()))
}

/// A text with gaps, each of which lost bytes fill.
struct Gaps<'t> {
    pieces: Vec<&'t [u8]>,
    out: Vec<u8>,
}

impl<'t> Gaps<'t> {
    fn new(pieces: Vec<&'t [u8]>) -> Self {
        Self { pieces, out: Vec::new() }
    }

    /// Returns the text with its gaps filled, in order.
    fn filled<'f>(&mut self, mut fill: impl FnMut(usize) -> &'f [u8]) -> &[u8] {
        self.out.clear();
        for (at, piece) in self.pieces.iter().enumerate() {
            if at > 0 {
                self.out.extend_from_slice(fill(at - 1));
            }
            self.out.extend_from_slice(piece);
        }
        &self.out
    }
}

/// Tries the bytes that one or two U+FFFD replaced, and the same bytes for all of them.
fn lost(text: &str, accept: &mut Accept<'_>) -> bool {
    let pieces: Vec<&[u8]> = text.split(REPLACEMENT).map(str::as_bytes).collect();
    let count = pieces.len() - 1;
    if count == 0 {
        return false;
    }
    let mut gaps = Gaps::new(pieces);
    let mut accept = |gaps: &[u8]| {
        let how = format_args!("bytes that are not UTF-8 were replaced by U+FFFD");
        accept(Cause::BodyCharset, how, gaps)
    };
    let bytes = || 0x80..=0xff_u8;
    if bytes().map(|byte| [byte]).any(|byte| accept(gaps.filled(|_| &byte))) {
        return true;
    }
    if text.len() > PAIRS {
        return false;
    }
    match count {
        1 => cut_sequences().any(|sequence| accept(gaps.filled(|_| &sequence))),
        2 => {
            let mut pairs = bytes().flat_map(|one| bytes().map(move |other| [[one], [other]]));
            pairs.any(|[one, other]| accept(gaps.filled(|at| if at == 0 { &one } else { &other })))
        }
        // Each byte of a character was replaced.
        _ => [2, 3].into_iter().any(|length| {
            let run = REPLACEMENT.to_string().repeat(length);
            let pieces: Vec<&[u8]> = text.split(run.as_str()).map(str::as_bytes).collect();
            let is_whole = count == (pieces.len() - 1) * length;
            let mut gaps = Gaps::new(pieces);
            is_whole && characters(length).any(|text| accept(gaps.filled(|_| text.as_bytes())))
        }),
    }
}

/// Returns sequences of UTF-8 without their last bytes, each of which one U+FFFD replaces.
fn cut_sequences() -> impl Iterator<Item = [u8; 2]> {
    (0xe0..=0xf4_u8).flat_map(|lead| (0x80..=0xbf_u8).map(move |next| [lead, next]))
}

/// Returns the characters of two or three bytes.
fn characters(length: usize) -> impl Iterator<Item = String> {
    let range = if length == 2 { 0x80..=0x7ff_u32 } else { 0x800..=0xffff };
    range.filter_map(char::from_u32).map(String::from)
}

/// Tries the characters that a question mark may have replaced.
fn question_marks(text: &str, accept: &mut Accept<'_>) -> bool {
    let pieces: Vec<&[u8]> = text.split('?').map(str::as_bytes).collect();
    let count = pieces.len() - 1;
    if count == 0 || count > MAX_QUESTION_MARKS {
        return false;
    }
    let mut gaps = Gaps::new(pieces);
    let mut accept = |text: &[u8]| {
        let how = format_args!("characters outside ASCII were replaced by `?`");
        accept(Cause::BodyCharset, how, text)
    };
    let common = || ('\u{a0}'..='\u{ff}').chain("–—‘’“”•…€™".chars());
    let mut buffer = [0; 4];
    for letter in common() {
        let letter = letter.encode_utf8(&mut buffer).as_bytes();
        let which = (0..count).chain(std::iter::once(count));
        for which in which {
            let is_lost = |at: usize| which == count || at == which;
            if accept(gaps.filled(|at| if is_lost(at) { letter } else { b"?" })) {
                return true;
            }
        }
    }
    // Each byte of a character was replaced.
    let pieces: Vec<&[u8]> = text.split("??").map(str::as_bytes).collect();
    let mut gaps = Gaps::new(pieces);
    text.contains("??") && characters(2).any(|text| accept(gaps.filled(|_| text.as_bytes())))
}

/// Characters 0x80 to 0x9f of Windows-1252; the others are Latin-1.
const CP1252: [(u8, char); 27] = [
    (0x80, '€'),
    (0x82, '‚'),
    (0x83, 'ƒ'),
    (0x84, '„'),
    (0x85, '…'),
    (0x86, '†'),
    (0x87, '‡'),
    (0x88, 'ˆ'),
    (0x89, '‰'),
    (0x8a, 'Š'),
    (0x8b, '‹'),
    (0x8c, 'Œ'),
    (0x8e, 'Ž'),
    (0x91, '‘'),
    (0x92, '’'),
    (0x93, '“'),
    (0x94, '”'),
    (0x95, '•'),
    (0x96, '–'),
    (0x97, '—'),
    (0x98, '˜'),
    (0x99, '™'),
    (0x9a, 'š'),
    (0x9b, '›'),
    (0x9c, 'œ'),
    (0x9e, 'ž'),
    (0x9f, 'Ÿ'),
];

/// Encodes a text as Latin-1 or Windows-1252; none if it has other characters.
fn encode_latin(text: &str, windows: bool) -> Option<Vec<u8>> {
    text.chars()
        .map(|letter| {
            let special = CP1252.iter().find(|(_, known)| windows && *known == letter);
            special.map_or_else(|| u8::try_from(u32::from(letter)).ok(), |(byte, _)| Some(*byte))
        })
        .collect()
}

/// Decodes bytes of Latin-1 or Windows-1252.
fn decode_latin(bytes: &[u8], windows: bool) -> String {
    let read = |byte: &u8| {
        let special = CP1252.iter().find(|(known, _)| windows && known == byte);
        special.map_or(char::from(*byte), |(_, letter)| *letter)
    };
    bytes.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(received: &[u8], signed: &[u8]) -> bool {
        let text = std::str::from_utf8(received).ok();
        bodies(received, text, &mut |_, _, body| body == signed)
    }

    #[test]
    fn finds_lost_bytes() {
        let received = |count| format!("[\"a{}\"]", "\u{fffd}".repeat(count));
        assert!(finds(received(1).as_bytes(), b"[\"a\xeb\"]"));
        assert!(finds(received(1).as_bytes(), b"[\"a\xe2\x82\"]"));
        assert!(finds(received(2).as_bytes(), b"[\"a\xe9\xff\"]"));
        assert!(finds(received(3).as_bytes(), "[\"a€\"]".as_bytes()));
        assert!(finds(received(4).as_bytes(), "[\"aëë\"]".as_bytes()));
    }

    #[test]
    fn finds_characters_behind_question_marks() {
        assert!(finds(b"[\"Zo?\",\"why?\"]", "[\"Zoë\",\"why?\"]".as_bytes()));
        assert!(finds(b"[\"Zo??\"]", "[\"Zoш\"]".as_bytes()));
        assert!(finds("[\"Zoë\"]".as_bytes(), b"[\"Zo?\"]"));
    }

    #[test]
    fn decodes_what_it_encodes() {
        assert_eq!(encode_latin("é€", true).unwrap(), b"\xe9\x80");
        assert_eq!(encode_latin("é€", false), None);
        assert_eq!(decode_latin(b"\xe9\x80", true), "é€");
    }
}
