//! ASCII replacements for terminals that cannot show our symbols.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr as _;

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
    ('\u{202f}', ' '),
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
        if self == Self::Unicode {
            return;
        }
        for cell in &mut buffer.content {
            if !cell.symbol().is_ascii() {
                let symbol = plain(cell.symbol());
                cell.set_symbol(&symbol);
            }
        }
    }
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
    fn replacements_have_the_same_width() {
        assert_eq!(plain("✓"), "+");
        assert_eq!(plain("漢"), "??");
        assert_eq!(plain("é"), "?");
        for (sign, _) in PLAIN {
            assert_eq!(sign.to_string().width().max(1), 1, "{sign}");
        }
    }
}
