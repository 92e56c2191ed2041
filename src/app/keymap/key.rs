//! Keys, as reported by the terminal and as written by people.

use std::fmt;
use std::str::FromStr;

/// Key without modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyCode {
    Char(char),
    Function(u8),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
}

/// Pressed key. Shift is part of the character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    pub code: KeyCode,
    pub ctrl: bool,
    pub alt: bool,
}

/// Names of keys. The first is shown; the others are accepted in the configuration.
const NAMES: [(KeyCode, &[&str]); 15] = [
    (KeyCode::Char(' '), &["Space"]),
    (KeyCode::Enter, &["Enter", "return"]),
    (KeyCode::Esc, &["Esc", "escape"]),
    (KeyCode::Tab, &["Tab"]),
    (KeyCode::BackTab, &["Shift-Tab", "backtab"]),
    (KeyCode::Backspace, &["Backspace"]),
    (KeyCode::Delete, &["Del", "delete"]),
    (KeyCode::Up, &["↑", "up"]),
    (KeyCode::Down, &["↓", "down"]),
    (KeyCode::Left, &["←", "left"]),
    (KeyCode::Right, &["→", "right"]),
    (KeyCode::Home, &["Home"]),
    (KeyCode::End, &["End"]),
    (KeyCode::PageUp, &["PgUp", "pageup"]),
    (KeyCode::PageDown, &["PgDn", "pagedown"]),
];

impl Key {
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    pub const fn char(character: char) -> Self {
        Self::plain(KeyCode::Char(character))
    }

    pub const fn ctrl(character: char) -> Self {
        Self { code: KeyCode::Char(character), ctrl: true, alt: false }
    }

    /// Returns the character that the key types, if any.
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(character) if !self.ctrl && !self.alt => Some(character),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        if self.alt {
            f.write_str("Alt-")?;
        }
        let known = NAMES.iter().find(|(code, _)| *code == self.code);
        match (known, self.code) {
            (Some((_, names)), _) => f.write_str(names.first().copied().unwrap_or_default()),
            (None, KeyCode::Char(character)) => write!(f, "{character}"),
            (None, KeyCode::Function(number)) => write!(f, "F{number}"),
            (None, _) => Ok(()),
        }
    }
}

/// Error in the text of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid key `{0}`: expected a character (`r`, `R`, `?`) or e.g. ctrl-r, alt-x, space, enter, \
     esc, tab, shift-tab, up, pageup, home, del, f5"
)]
pub struct KeyError(String);

impl FromStr for Key {
    type Err = KeyError;

    /// Parses a key as written in the configuration; names are case-insensitive.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (mut ctrl, mut alt, mut rest) = (false, false, text);
        loop {
            let cut = |prefix: &str| {
                let (start, after) = rest.split_at_checked(prefix.len())?;
                (start.eq_ignore_ascii_case(prefix) && !after.is_empty()).then_some(after)
            };
            if let Some(after) = cut("ctrl-").or_else(|| cut("c-")) {
                (ctrl, rest) = (true, after);
            } else if let Some(after) = cut("alt-").or_else(|| cut("m-")) {
                (alt, rest) = (true, after);
            } else {
                break;
            }
        }
        let code = code(rest).ok_or_else(|| KeyError(text.to_owned()))?;
        let code = match code {
            KeyCode::Char(character) if ctrl => KeyCode::Char(character.to_ascii_lowercase()),
            code => code,
        };
        Ok(Self { code, ctrl, alt })
    }
}

fn code(name: &str) -> Option<KeyCode> {
    let same = |known: &&str| known.to_lowercase() == name.to_lowercase();
    if let Some((code, _)) = NAMES.iter().find(|(_, names)| names.iter().any(&same)) {
        return Some(*code);
    }
    let mut characters = name.chars();
    match (characters.next(), characters.as_str()) {
        (Some(character), "") if !character.is_control() => Some(KeyCode::Char(character)),
        (Some('f' | 'F'), number) => {
            let number = number.parse().ok().filter(|number| (1..=12).contains(number));
            number.map(KeyCode::Function)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displayed_keys_parse_back() {
        let codes = NAMES.iter().map(|(code, _)| *code);
        let codes = codes.chain([KeyCode::Char('r'), KeyCode::Char('?'), KeyCode::Function(5)]);
        for code in codes.chain([KeyCode::Char('-')]) {
            for (ctrl, alt) in [(false, false), (true, false), (false, true), (true, true)] {
                let key = Key { code, ctrl, alt };
                assert_eq!(key.to_string().parse(), Ok(key), "{key}");
            }
        }
    }

    #[test]
    fn aliases_parse_and_invalid_names_do_not() {
        assert_eq!("CTRL-R".parse(), Ok(Key::ctrl('r')));
        assert_eq!("c-r".parse(), Ok(Key::ctrl('r')));
        assert_eq!("R".parse(), Ok(Key::char('R')));
        assert_eq!("up".parse(), Ok(Key::plain(KeyCode::Up)));
        for wrong in ["", "rr", "f13", "f0", "ctrl-", "super-x", "\u{1b}"] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong}");
        }
    }
}
