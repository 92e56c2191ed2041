//! ASCII replacements for terminals that cannot show our symbols.

use ratatui::buffer::{Buffer, Cell};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Character set of the terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Glyphs {
    #[default]
    Unicode,
    Ascii,
}

/// Symbols and their ASCII replacements.
const PLAIN: [(char, char); 47] = [
    ('✓', '+'),
    ('✗', 'x'),
    ('⧗', '~'),
    ('·', '-'),
    ('•', '*'),
    ('●', '*'),
    ('○', 'o'),
    ('‖', '|'),
    ('▌', '>'),
    ('▸', '>'),
    ('▾', 'v'),
    ('↻', '@'),
    ('◆', '#'),
    ('✎', '"'),
    ('⋯', '.'),
    ('▶', '>'),
    ('⊘', '0'),
    ('≠', '!'),
    ('△', '^'),
    ('→', '>'),
    ('←', '<'),
    ('↑', '^'),
    ('↓', 'v'),
    ('⇄', '='),
    ('…', '.'),
    ('›', '>'),
    ('×', 'x'),
    ('│', '|'),
    ('─', '-'),
    ('┌', '+'),
    ('┐', '+'),
    ('└', '+'),
    ('┘', '+'),
    ('├', '+'),
    ('┤', '+'),
    ('▁', '_'),
    ('▂', '_'),
    ('▃', '.'),
    ('▄', '.'),
    ('▅', ':'),
    ('▆', ':'),
    ('▇', '|'),
    ('█', '#'),
    ('’', '\''),
    ('‘', '\''),
    ('“', '"'),
    ('”', '"'),
];

impl Glyphs {
    /// Determines the character set from the locale (`LC_ALL`, `LC_CTYPE`, `LANG`, in POSIX order).
    /// The Linux console has few glyphs in any locale.
    pub fn from_environment() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
        Self::for_terminal(locale.as_deref(), set("TERM").as_deref())
    }

    fn for_terminal(locale: Option<&str>, terminal: Option<&str>) -> Self {
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        // Without a locale, assume UTF-8 as most terminals support it.
        let other = !locale.is_empty() && !locale.contains("utf-8") && !locale.contains("utf8");
        let bare = matches!(locale.as_str(), "c" | "posix");
        if (other && !bare) || terminal == Some("linux") { Self::Ascii } else { Self::Unicode }
    }

    /// Replaces the symbols that the terminal cannot show.
    pub(super) fn settle(self, buffer: &mut Buffer) {
        for at in 0..buffer.content.len() {
            let symbol = buffer.content.get(at).map_or("", Cell::symbol);
            if let Some(shown) = settled(symbol) {
                spread(&mut buffer.content, at, &shown);
            }
        }
        if self == Self::Unicode {
            return;
        }
        for at in 0..buffer.content.len() {
            let symbol = buffer.content.get(at).map_or("", Cell::symbol);
            if !symbol.is_ascii() {
                let shown = plain(symbol);
                spread(&mut buffer.content, at, &shown);
            }
        }
    }
}

/// Writes a text to a cell and to those that the symbol there covers. If all of it were in one cell, it
/// would pass for a wide character, whose second half terminals erase with the first.
fn spread(cells: &mut [Cell], mut at: usize, text: &str) {
    let style = cells.get(at).map(Cell::style).unwrap_or_default();
    for character in text.chars() {
        if let Some(cell) = cells.get_mut(at) {
            cell.set_char(character).set_style(style);
        }
        at += character.width().unwrap_or(0).max(1);
    }
}

/// Replaces a symbol about whose width terminals disagree, so that no cell is left behind when it
/// is overwritten: flags by their letters, and sequences such as keycaps, skin tones, and
/// characters with a selector by their first character. None if terminals agree.
fn settled(symbol: &str) -> Option<String> {
    let mut letters = symbol.chars();
    let first = letters.next()?;
    let flag = |one: char| {
        let letter = u32::from(one).checked_sub(0x1f1e6).filter(|at| *at < 26)?;
        char::from_u32(u32::from('A') + letter)
    };
    if flag(first).is_some() {
        let shown: String = symbol.chars().filter_map(flag).collect();
        let missing = symbol.width().saturating_sub(shown.len());
        return Some(shown + &" ".repeat(missing));
    }
    letters.next()?;
    let alone: usize = symbol.chars().map(|one| one.width().unwrap_or(0)).sum();
    if alone == symbol.width() && !symbol.contains('\u{fe0f}') {
        return None;
    }
    let missing = symbol.width().saturating_sub(first.width().unwrap_or(0));
    Some(format!("{first}{}", " ".repeat(missing)))
}

/// Returns the ASCII replacement for a symbol, of the same width.
fn plain(symbol: &str) -> String {
    let first = symbol.chars().next().unwrap_or(' ');
    let known = PLAIN.iter().find(|(sign, _)| *sign == first).map(|(_, sign)| *sign);
    known.unwrap_or('?').to_string().repeat(symbol.width().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the columns that the next frame draws to erase a line.
    fn erased(line: &str, glyphs: Glyphs) -> Vec<u16> {
        let mut shown = Buffer::with_lines([line]);
        glyphs.settle(&mut shown);
        let blank = Buffer::empty(shown.area);
        shown.diff(&blank).into_iter().map(|(column, ..)| column).collect()
    }

    #[test]
    fn nothing_of_a_replaced_symbol_is_left_behind() {
        assert_eq!(erased("🇨🇭", Glyphs::Unicode), [0, 1]);
        assert_eq!(erased("\u{611b}", Glyphs::Ascii), [0, 1]);
    }

    #[test]
    fn locale_selects_the_glyphs() {
        let glyphs = Glyphs::for_terminal;
        assert_eq!(glyphs(Some("en_GB.UTF-8"), Some("xterm")), Glyphs::Unicode);
        assert_eq!(glyphs(Some("de_DE.ISO-8859-1"), Some("xterm")), Glyphs::Ascii);
        assert_eq!(glyphs(Some("en_GB.utf8"), Some("linux")), Glyphs::Ascii);
        assert_eq!(glyphs(None, None), Glyphs::Unicode);
        assert_eq!(glyphs(Some("C"), Some("xterm-256color")), Glyphs::Unicode);
    }

    #[test]
    fn symbols_of_disputed_width_become_plain_ones() {
        for (symbol, shown) in [
            ("🇨🇭", Some("CH")),
            ("🇭", Some("H")),
            ("1\u{fe0f}\u{20e3}", Some("1 ")),
            ("❤\u{fe0f}", Some("❤ ")),
            ("👍🏽", Some("👍")),
            ("é", None),
            ("e\u{301}", None),
            ("漢", None),
            ("🐅", None),
        ] {
            assert_eq!(settled(symbol).as_deref(), shown, "{symbol}");
        }
    }

    #[test]
    fn replacements_have_the_same_width() {
        assert_eq!(plain("✓"), "+");
        assert_eq!(plain("漢"), "??");
        assert_eq!(plain("é"), "?");
        for (sign, _) in PLAIN {
            assert_eq!(sign.to_string().width().max(1), 1, "{sign}");
        }
    }
}
