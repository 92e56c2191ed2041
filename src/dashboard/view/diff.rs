//! The diff of two deliveries, side by side.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use super::text;
use crate::app::pane::diff::{GUTTER, lines};
use crate::app::theme::Theme;
use crate::app::{Focus, Model, StyleClass};

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let gutter = area.width.min(u16::try_from(GUTTER).unwrap_or(0));
    let width = usize::from(area.width - gutter);
    let shown = lines(model, width, usize::from(area.height));
    for (shown, row) in shown.into_iter().zip(area.rows()) {
        let sign = Rect { width: gutter, ..row };
        frame.render_widget(text::line(&shown.sign, theme), sign);
        let rest = Rect { x: row.x + gutter, width: row.width - gutter, ..row };
        frame.render_widget(text::clipped(&shown.line, shown.left, width, theme), rest);
        if shown.has_cursor && model.focus == Focus::Detail {
            let mark = Rect { x: row.x.saturating_sub(1), width: 1, ..row };
            frame.render_widget(Line::styled("▌", theme.style(StyleClass::Accent)), mark);
            frame.buffer_mut().set_style(row, Style::new().add_modifier(Modifier::BOLD));
        }
    }
}
