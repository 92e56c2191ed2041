//! Protects the terminal from the contents of deliveries: characters that could move the cursor,
//! reorder text, or hide are written as visible escapes.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// Characters that a terminal interprets or shows as nothing, by their properties in Unicode:
/// controls, formats (TR 36 section 3.1: bidirectional, zero width, tags, shorthand, hieroglyphs),
/// separators of lines, and those that are ignored or blank by design. Format characters with a
/// glyph of their own, such as Arabic number signs, are left out.
const UNSAFE: &str = r"[\p{Cc}[\p{Cf}--\p{Prepended_Concatenation_Mark}]\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\x{2800}\x{13441}\x{13442}\x{16FE4}\x{1D159}]";

/// Characters that a variation selector can turn into text or an emoji.
const BASES: &str = r"\p{Emoji}";

/// Selectors of the text and the emoji form of the character before.
const SELECTORS: [char; 2] = ['\u{fe0e}', '\u{fe0f}'];

static UNSAFE_RANGES: LazyLock<Vec<(char, char)>> = LazyLock::new(|| ranges(UNSAFE));
static BASE_RANGES: LazyLock<Vec<(char, char)>> = LazyLock::new(|| ranges(BASES));

/// Returns the ranges of a class in ascending order. An invalid class fails this module's tests.
fn ranges(class: &str) -> Vec<(char, char)> {
    let parsed = regex_syntax::parse(class).map(regex_syntax::hir::Hir::into_kind);
    match parsed {
        Ok(HirKind::Class(Class::Unicode(class))) => {
            class.iter().map(|range| (range.start(), range.end())).collect()
        }
        _ => Vec::new(),
    }
}

fn is_in(ranges: &[(char, char)], character: char) -> bool {
    let at = ranges.partition_point(|(_, end)| *end < character);
    ranges.get(at).is_some_and(|(start, _)| *start <= character)
}

/// Returns whether a character must not reach the terminal.
fn is_unsafe(character: char) -> bool {
    match character {
        ' '..='~' => false,
        _ => is_in(&UNSAFE_RANGES, character),
    }
}

/// Returns text that is safe to display: `\x1b` for a control character, `\u{202e}` for an
/// invisible one. A selector of an emoji's form stays after a character that has such a form.
pub fn escape(text: &str) -> Cow<'_, str> {
    if is_printable_ascii(text.as_bytes()) || !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut last = ' ';
    for character in text.chars() {
        if SELECTORS.contains(&character) && is_in(&BASE_RANGES, last) {
            out.push(character);
        } else {
            push_visible(&mut out, character);
        }
        last = character;
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

/// Returns whether all bytes are printable. Testing all of them is faster than stopping at the
/// first other one.
fn is_printable_ascii(text: &[u8]) -> bool {
    text.iter().fold(true, |all, byte| all & matches!(byte, b' '..=b'~'))
}

/// Appends a character, or its escape if it is unsafe.
fn push_visible(out: &mut String, character: char) {
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
        let all: String = (0..0x11_0000).filter_map(char::from_u32).collect();
        assert!(!escape(&all).chars().any(|one| is_unsafe(one) && !SELECTORS.contains(&one)));
    }

    #[test]
    fn invisible_characters_are_found_by_their_properties() {
        let invisible = [
            0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x180B, 0x180E, 0x200B, 0x200D, 0x200F,
            0x2028, 0x2029, 0x202A, 0x2060, 0x2065, 0x206F, 0x2800, 0x3164, 0xFDD0, 0xFE00, 0xFE0D,
            0xFEFF, 0xFFA0, 0xFFF0, 0xFFF9, 0xFFFB, 0xFFFE, 0xFFFF, 0x13430, 0x1343F, 0x13441,
            0x16FE4, 0x1BCA0, 0x1BCA3, 0x1D159, 0x1D173, 0x1FFFE, 0xE0001, 0xE007F, 0xE0100,
            0xE0FFF,
        ];
        for code in invisible {
            let text = format!("a{}b", char::from_u32(code).unwrap());
            assert!(escape(&text).is_ascii(), "{code:x}");
        }
        for visible in
            ["\u{600}", "\u{6dd}", "\u{110bd}", "é", "漢", "\u{e000}", "\u{a0}", "👍🏽", "🇨🇭"]
        {
            assert_eq!(escape(visible), visible);
        }
    }

    #[test]
    fn a_selector_stays_only_after_a_base_that_takes_it() {
        assert_eq!(escape("❤\u{fe0f} ☎\u{fe0e}"), "❤\u{fe0f} ☎\u{fe0e}");
        assert_eq!(escape("a\u{fe0f}\u{fe0f}"), "a\\u{fe0f}\\u{fe0f}");
        assert_eq!(escape("❤\u{fe0f}\u{fe0f}\u{fe00}"), "❤\u{fe0f}\\u{fe0f}\\u{fe00}");
    }
}
