//! The lines at the bottom without a prompt: a question, a menu, or key hints; and messages above
//! them.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::text;
use crate::app::theme::Theme;
use crate::app::{Model, StyledLine, footer};

/// Draws the messages and returns the area below them.
pub(super) fn messages(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) -> Rect {
    let lines = footer::messages(model, usize::from(area.width));
    let used = draw_lines(&lines, theme, frame, area);
    Rect { y: area.y + used, height: area.height - used, ..area }
}

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    draw_lines(&footer::keys(model, usize::from(area.width)), theme, frame, area);
}

fn draw_lines(lines: &[StyledLine], theme: Theme, frame: &mut Frame<'_>, area: Rect) -> u16 {
    let mut used = 0;
    for (line, row) in lines.iter().zip(area.rows()) {
        frame.render_widget(text::clipped(line, 0, usize::from(area.width), theme), row);
        used += 1;
    }
    used
}
