//! The diff of two deliveries: both sides next to each other if there is room, else one below the
//! other.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use super::text;
use crate::app::pane::diff::{DiffCell, GUTTER, half, lines};
use crate::app::theme::Theme;
use crate::app::{Focus, Model, StyleClass};

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    let half = u16::try_from(half(width)).unwrap_or(area.width);
    for (shown, row) in lines(model, width, usize::from(area.height)).iter().zip(area.rows()) {
        match &shown.new {
            None => cell(&shown.cell, theme, frame, row),
            Some(new) => {
                let divider = Rect { x: row.x + half, width: 1, ..row };
                cell(&shown.cell, theme, frame, Rect { width: half, ..row });
                frame.render_widget(Line::styled("│", theme.style(StyleClass::Dim)), divider);
                cell(new, theme, frame, Rect { x: row.x + half + 1, width: half, ..row });
            }
        }
        if shown.has_cursor && model.focus == Focus::Detail {
            let mark = Rect { x: row.x.saturating_sub(1), width: 1, ..row };
            frame.render_widget(Line::styled("▌", theme.style(StyleClass::Accent)), mark);
            frame.buffer_mut().set_style(row, Style::new().add_modifier(Modifier::BOLD));
        }
    }
}

fn cell(cell: &DiffCell, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let gutter = area.width.min(u16::try_from(GUTTER).unwrap_or(0));
    frame.render_widget(text::line(&cell.sign, theme), Rect { width: gutter, ..area });
    let rest = Rect { x: area.x + gutter, width: area.width - gutter, ..area };
    let clipped = text::clipped(&cell.line, cell.left, usize::from(rest.width), theme);
    frame.render_widget(clipped, rest);
}
