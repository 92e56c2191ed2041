//! The lines at the bottom without a prompt: a question, a menu, a notice, or key hints.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::text;
use crate::app::theme::Theme;
use crate::app::{Model, footer};

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    for (line, row) in footer::lines(model, width).iter().zip(area.rows()) {
        frame.render_widget(text::clipped(line, 0, width, theme), row);
    }
}
