//! Protects the terminal from the contents of deliveries: characters that could move the cursor,
//! reorder text, or hide are written as visible escapes.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns whether a character must not reach the terminal: controls (C0, DEL, C1), zero-width
/// characters, and those that change the direction of text (Unicode TR 36 section 3.1).
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            u32::from(character),
            0x00AD                    // soft hyphen
            | 0x034F                  // combining grapheme joiner
            | 0x061C                  // Arabic letter mark
            | 0x115F..=0x1160 | 0x3164 | 0xFFA0 // Hangul fillers
            | 0x17B4..=0x17B5         // invisible Khmer vowels
            | 0x180B..=0x180F         // Mongolian selectors and vowel separator
            | 0x200B..=0x200F         // zero width, direction marks
            | 0x2028..=0x202E         // line separators, embeddings, overrides
            | 0x2060..=0x206F         // word joiner, isolates, deprecated formats
            | 0xFEFF                  // byte order mark
            | 0xFFF0..=0xFFFB         // interlinear annotation
            | 0x1D173..=0x1D17A       // musical formats
            | 0xE0000..=0xE0FFF       // tags, variation selectors supplement
        )
}

/// Returns text that is safe to display: `\x1b` for a control character, `\u{202e}` for an
/// invisible one.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        push_visible(&mut out, character);
    }
    Cow::Owned(out)
}

/// Appends a character, or its escape if it is unsafe.
pub fn push_visible(out: &mut String, character: char) {
    // Writing to a String cannot fail.
    let _ = match character {
        '\t' => write!(out, "\\t"),
        '\n' => write!(out, "\\n"),
        '\r' => write!(out, "\\r"),
        _ if !is_unsafe(character) => {
            out.push(character);
            Ok(())
        }
        _ if u32::from(character) < 0x100 => write!(out, "\\x{:02x}", u32::from(character)),
        _ => write!(out, "\\u{{{:x}}}", u32::from(character)),
    };
}

/// Returns any bytes as text that is safe to display, with `\xff` for bytes that are not UTF-8.
pub fn visible_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        out.push_str(&escape(chunk.valid()));
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Returns up to `reach` bytes on either side of an offset, safe to display, with `…` if more
/// follows.
pub fn around(bytes: &[u8], offset: usize, reach: usize) -> String {
    let from = offset.saturating_sub(reach);
    let to = (offset + reach).min(bytes.len());
    let start = if from > 0 { "…" } else { "" };
    let end = if to < bytes.len() { "…" } else { "" };
    let shown = visible_bytes(bytes.get(from..to).unwrap_or_default());
    format!("{start}{shown}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unsafe_characters_are_escaped() {
        assert_eq!(escape("a\u{1b}[2Jb\u{9b}"), "a\\x1b[2Jb\\x9b");
        assert_eq!(escape("\u{202e}gnp.exe\u{200b}"), "\\u{202e}gnp.exe\\u{200b}");
        assert_eq!(escape("tab\tline\n"), "tab\\tline\\n");
        let plain = "naïve 漢字 ✅ I’m";
        assert!(matches!(escape(plain), Cow::Borrowed(same) if same == plain));
    }

    #[test]
    fn escaped_text_has_no_control_characters() {
        let all: String = (0..0x3000).filter_map(char::from_u32).collect();
        assert!(!escape(&all).chars().any(is_unsafe));
    }
}
