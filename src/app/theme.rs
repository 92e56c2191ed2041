//! Themes as data: one line per style class, in a file or in the configuration.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

use super::style::StyleClass;

/// Style of every class.
///
/// The default theme uses the 16 colors of the terminal's own palette, so that it fits dark and
/// light terminals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    styles: [Style; StyleClass::ALL.len()],
    background: Option<Color>,
    selection: Option<Color>,
}

/// Built-in themes other than the default one.
const FILES: [(&str, &str); 3] = [
    ("night", include_str!("../../assets/themes/night.toml")),
    ("ember", include_str!("../../assets/themes/ember.toml")),
    ("day", include_str!("../../assets/themes/day.toml")),
];

/// Name of the default theme, which uses only the terminal's own colors.
const DEFAULT: &str = "ansi";

/// Mistake in a theme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    #[error("unknown theme `{name}`: expected one of {known}")]
    Unknown { name: String, known: String },
    #[error("unknown theme role `{role}`: expected background, selection, {known}")]
    Role { role: String, known: String },
    #[error(
        "invalid style `{word}` for `{role}`: expected a color (`#82aaff`, `red`, `light-blue`, \
         `reset`) or bold, dim, italic, underlined, or reversed"
    )]
    Word { role: String, word: String },
}

impl Default for Theme {
    fn default() -> Self {
        let style = |colour: Color, modifier| Style::new().fg(colour).add_modifier(modifier);
        let of = |role| match role {
            StyleClass::Plain => style(Color::Reset, Modifier::empty()),
            StyleClass::Dim => style(Color::Reset, Modifier::DIM),
            StyleClass::Strong => style(Color::Reset, Modifier::BOLD),
            StyleClass::Name => style(Color::Blue, Modifier::empty()),
            StyleClass::Text => style(Color::Cyan, Modifier::empty()),
            StyleClass::Number | StyleClass::Literal => style(Color::Magenta, Modifier::empty()),
            StyleClass::Good => style(Color::Green, Modifier::BOLD),
            StyleClass::Bad => style(Color::Red, Modifier::BOLD),
            StyleClass::Warn => style(Color::Yellow, Modifier::BOLD),
            StyleClass::Accent => style(Color::Cyan, Modifier::BOLD),
            StyleClass::Found => style(Color::Magenta, Modifier::REVERSED),
        };
        Self { styles: StyleClass::ALL.map(of), background: None, selection: None }
    }
}

impl Theme {
    /// Returns the names of the built-in themes, the default one first.
    pub fn names() -> Vec<&'static str> {
        std::iter::once(DEFAULT).chain(FILES.iter().map(|(name, _)| *name)).collect()
    }

    /// Returns a built-in theme.
    pub fn named(name: &str) -> Result<Self, ThemeError> {
        if name == DEFAULT {
            return Ok(Self::default());
        }
        let unknown =
            || ThemeError::Unknown { name: name.to_owned(), known: Self::names().join(", ") };
        let (_, text) = FILES.iter().find(|(known, _)| *known == name).ok_or_else(unknown)?;
        // A test in this module checks that the built-in files parse.
        let lines: BTreeMap<String, String> = toml::from_str(text).unwrap_or_default();
        Self::read(&lines)
    }

    /// Parses a theme: a color and attributes for each style class. Classes that are left out look
    /// as in the default theme.
    pub fn read(lines: &BTreeMap<String, String>) -> Result<Self, ThemeError> {
        let mut theme = Self::default();
        for (name, words) in lines {
            let style = style(name, words)?;
            match name.as_str() {
                "background" => theme.background = style.fg,
                "selection" => theme.selection = style.fg,
                _ => theme.set(name, style)?,
            }
        }
        Ok(theme)
    }

    fn set(&mut self, name: &str, style: Style) -> Result<(), ThemeError> {
        let at = StyleClass::ALL.iter().position(|role| role.as_str() == name);
        let at = at.ok_or_else(|| ThemeError::Role {
            role: name.to_owned(),
            known: StyleClass::ALL.map(StyleClass::as_str).join(", "),
        })?;
        if let Some(slot) = self.styles.get_mut(at) {
            *slot = style;
        }
        Ok(())
    }

    /// Removes all colors; bold, dim, and symbols remain.
    #[must_use]
    pub fn without_color(mut self) -> Self {
        (self.background, self.selection) = (None, None);
        for style in &mut self.styles {
            (style.fg, style.bg) = (None, None);
        }
        self
    }

    pub fn style(&self, role: StyleClass) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// Returns the background of the selected row; none for reverse video.
    pub fn selection(&self) -> Option<Color> {
        self.selection
    }

    /// Returns the background color; none for the terminal's own.
    pub fn background(&self) -> Option<Color> {
        self.background
    }
}

fn style(role: &str, words: &str) -> Result<Style, ThemeError> {
    let mut style = Style::new();
    for word in words.split_whitespace() {
        let modifier = match word {
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underlined" => Modifier::UNDERLINED,
            "reversed" => Modifier::REVERSED,
            colour => {
                let wrong = |_| ThemeError::Word { role: role.to_owned(), word: colour.to_owned() };
                style = style.fg(colour.parse::<Color>().map_err(wrong)?);
                continue;
            }
        };
        style = style.add_modifier(modifier);
    }
    Ok(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_themes_color_every_style_class() {
        for (name, text) in FILES {
            let lines: BTreeMap<String, String> = toml::from_str(text).unwrap();
            assert_eq!(lines.len(), StyleClass::ALL.len() + 2, "{name}");
            let theme = Theme::named(name).unwrap();
            assert!(theme.background().is_some(), "{name}");
            for (at, role) in StyleClass::ALL.into_iter().enumerate() {
                assert_eq!(role as usize, at);
                let colour = theme.style(role).fg;
                assert!(matches!(colour, Some(Color::Rgb(..))), "{name} {role:?}");
            }
        }
    }

    #[test]
    fn errors_list_the_valid_names() {
        let read = |role: &str, words: &str| {
            let lines = BTreeMap::from([(role.to_owned(), words.to_owned())]);
            Theme::read(&lines).map_err(|error| error.to_string())
        };
        let style = read("bad", "light-red bold").unwrap().style(StyleClass::Bad);
        assert_eq!(style, Style::new().fg(Color::LightRed).add_modifier(Modifier::BOLD));
        assert!(read("bda", "red").unwrap_err().contains("bad"));
        assert!(read("bad", "#12").unwrap_err().contains("`#12` for `bad`"));
        assert!(Theme::named("nihgt").unwrap_err().to_string().contains("night"));
    }

    #[test]
    fn attributes_remain_without_color() {
        let theme = Theme::named("night").unwrap().without_color();
        assert_eq!(theme.background(), None);
        let strong = theme.style(StyleClass::Strong);
        assert_eq!((strong.fg, strong.add_modifier), (None, Modifier::BOLD));
    }
}
