//! Variants of a text: JSON escapes and character sets.

use std::fmt::Write as _;

/// Escapes characters outside ASCII as `\uXXXX`, as cautious JSON writers do.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// Replaces `\uXXXX` of characters outside ASCII by the characters.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    while let Some(at) = rest.find('\\') {
        let (before, here) = rest.split_at(at);
        out.push_str(before);
        let first = unit(here);
        let second = here.get(6..).and_then(unit);
        let pair = char::decode_utf16(first.into_iter().chain(second)).next().and_then(Result::ok);
        let (length, letter) = match pair {
            Some(letter) if !letter.is_ascii() => (6 * letter.len_utf16(), Some(letter)),
            // Two-character escapes are skipped whole, or `\\u` would be misread.
            _ => (2, None),
        };
        let length = here.char_indices().map(|(at, _)| at).find(|at| *at >= length);
        let length = length.unwrap_or(here.len());
        let (escape, after) = here.split_at(length);
        match letter {
            Some(letter) => out.push(letter),
            None => out.push_str(escape),
        }
        rest = after;
    }
    out + rest
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
pub(super) fn encode_latin(text: &str, windows: bool) -> Option<Vec<u8>> {
    text.chars()
        .map(|letter| {
            let special = CP1252.iter().find(|(_, known)| windows && *known == letter);
            special.map_or_else(|| u8::try_from(u32::from(letter)).ok(), |(byte, _)| Some(*byte))
        })
        .collect()
}

/// Decodes bytes of Latin-1 or Windows-1252.
pub(super) fn decode_latin(bytes: &[u8], windows: bool) -> String {
    let read = |byte: &u8| {
        let special = CP1252.iter().find(|(known, _)| windows && known == byte);
        special.map_or(char::from(*byte), |(_, letter)| *letter)
    };
    bytes.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unescapes_what_it_escapes() {
        let text = "a ’ 🐅 \\n \\\\u2019";
        assert_eq!(escaped(text), "a \\u2019 \\ud83d\\udc05 \\n \\\\u2019");
        assert_eq!(unescaped(&escaped(text)), text);
        assert_eq!(unescaped("\\u00"), "\\u00");
        assert_eq!(unescaped("\\’"), "\\’");
    }

    #[test]
    fn decodes_what_it_encodes() {
        assert_eq!(encode_latin("é€", true).unwrap(), b"\xe9\x80");
        assert_eq!(encode_latin("é€", false), None);
        assert_eq!(decode_latin(b"\xe9\x80", true), "é€");
    }
}
