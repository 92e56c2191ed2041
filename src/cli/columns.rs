//! Text in columns: limited to the terminal's width, unlimited in a pipe.

use std::io::{self, IsTerminal as _};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Returns the width of the terminal on standard output, if it is a terminal.
pub(super) fn terminal_width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns))
}

/// Pads the text with spaces or truncates it with an ellipsis to exactly `width` columns.
pub(super) fn fitted(text: &str, width: usize) -> String {
    let have = text.width();
    if have <= width {
        return format!("{text}{}", " ".repeat(width - have));
    }
    let mut out = String::new();
    let mut used = 0;
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        used += wide;
        out.push(character);
    }
    if used < width {
        out.push('…');
        used += 1;
    }
    out.push_str(&" ".repeat(width - used));
    out
}

/// Draws a bar for `part` of `whole`, at most `width` columns wide, in eighths of a column.
pub(super) fn bar(part: u64, whole: u64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let steps = u128::from(part) * width as u128 * 8 / u128::from(whole.max(1));
    let steps = usize::try_from(steps).unwrap_or(usize::MAX).min(width * 8);
    // A nonzero part is always visible.
    let steps = if part > 0 { steps.max(1) } else { steps };
    format!("{}{}", "█".repeat(steps / 8), EIGHTHS.get(steps % 8).unwrap_or(&""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitted_text_has_the_exact_width() {
        for (text, width, fits) in [
            ("abc", 5, "abc  "),
            ("abcdef", 4, "abc…"),
            ("日本語", 4, "日… "),
            ("日本語", 6, "日本語"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(fitted(text, width), fits);
        }
    }

    #[test]
    fn bars_are_proportional() {
        assert_eq!(bar(8, 8, 4), "████");
        assert_eq!(bar(1, 2, 4), "██");
        assert_eq!(bar(1, 1000, 4), "▏");
        assert_eq!(bar(0, 0, 4), "");
        assert_eq!(bar(3, 64, 8), "▍");
    }
}
