//! What a role looks like.

use ratatui::style::{Color, Modifier, Style};

use crate::app::Role;

/// The sixteen colours of the terminal's own palette, so that it looks right in dark and light;
/// or no colour at all.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    colour: bool,
}

impl Theme {
    pub fn new(colour: bool) -> Self {
        Self { colour }
    }

    /// No colour if `NO_COLOR` is set to anything (<https://no-color.org>).
    pub fn from_environment() -> Self {
        Self::new(std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
    }

    pub fn style(self, role: Role) -> Style {
        let (colour, modifier) = match role {
            Role::Plain => (Color::Reset, Modifier::empty()),
            Role::Dim => (Color::Reset, Modifier::DIM),
            Role::Strong => (Color::Reset, Modifier::BOLD),
            Role::Name => (Color::Blue, Modifier::empty()),
            Role::Text => (Color::Green, Modifier::empty()),
            Role::Number | Role::Literal => (Color::Magenta, Modifier::empty()),
            Role::Good => (Color::Green, Modifier::BOLD),
            Role::Bad => (Color::Red, Modifier::BOLD),
            Role::Warn => (Color::Yellow, Modifier::BOLD),
            Role::Accent => (Color::Cyan, Modifier::BOLD),
        };
        let style = Style::new().add_modifier(modifier);
        if self.colour { style.fg(colour) } else { style }
    }
}
