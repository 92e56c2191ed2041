//! The list of deliveries. Only the visible rows are rendered.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::text::fit_with;
use crate::app::columns::{ColumnPlacement, ListColumn, SIGNS};
use crate::app::layout::Areas;
use crate::app::pane;
use crate::app::pane::badges::signs;
use crate::app::pane::cells::text;
use crate::app::sort::SortOrder;
use crate::app::theme::Theme;
use crate::app::{Focus, ListRow, Model, StyleClass};
use crate::payload::escape;

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, areas: &Areas) {
    let columns = pane::list_columns(model, areas);
    frame.render_widget(head(model, &columns, theme), areas.list_head);
    let height = usize::from(areas.list.height);
    let mut drawn = 0;
    let range = model.range.and_then(|from| model.list.range_lines(from)).unwrap_or(0..0);
    for ((row, selected), place) in model.list.window(height).zip(areas.list.rows()) {
        let state = match (selected, range.contains(&drawn)) {
            (true, _) => RowState::Selected,
            (false, true) => RowState::InRange,
            (false, false) => RowState::Plain,
        };
        draw_row(model, theme, frame, &row, state, &columns, place);
        drawn += 1;
    }
    if drawn == 0 && height > 0 {
        let text = if model.search.is_running() {
            " searching …"
        } else {
            " No matches. Esc clears the filter"
        };
        let place = Rect { height: 1, ..areas.list };
        frame.render_widget(Line::styled(text, theme.style(StyleClass::Dim)), place);
    }
    for place in areas.divider.rows() {
        frame.render_widget(Line::styled("│", theme.style(StyleClass::Dim)), place);
    }
}

/// Renders the column names, with an arrow at the sort column.
fn head(model: &Model, columns: &[ColumnPlacement], theme: Theme) -> Line<'static> {
    let order = model.list.order();
    let mut text = " ".repeat(SIGNS);
    for ColumnPlacement { column, width, .. } in columns {
        let arrow = if order.descending { "↓" } else { "↑" };
        let sorted = column.order() == Some(order.by) && order != SortOrder::default();
        // The arrow is never cut; a narrow column has it alone, and the title names it.
        let room = width.saturating_sub(usize::from(sorted));
        let name = column.header();
        // A right-aligned name may begin above the column to its left.
        let free = text.len() - text.trim_end().len();
        let borrowed = name.len().saturating_sub(room);
        if column.is_right() && (1..free).contains(&borrowed) && !sorted {
            text.truncate(text.len() - borrowed);
            text.push_str(&cell(*column, name, *width + borrowed));
            continue;
        }
        let name = if room < name.len() { name.get(..room.min(3)).unwrap_or("") } else { name };
        let name = if name.len() < 3 && *column != ListColumn::Id { "" } else { name };
        let name = if sorted { format!("{name}{arrow}") } else { name.to_owned() };
        text.push_str(&cell(*column, &name, *width));
    }
    Line::styled(text, theme.style(StyleClass::Dim).add_modifier(Modifier::UNDERLINED))
}

/// Relation of a row to the selection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RowState {
    Plain,
    /// In the range that is being marked.
    InRange,
    Selected,
}

fn draw_row(
    model: &Model,
    theme: Theme,
    frame: &mut Frame<'_>,
    row: &ListRow<'_>,
    state: RowState,
    columns: &[ColumnPlacement],
    place: Rect,
) {
    let selected = state == RowState::Selected;
    let focused = model.focus == Focus::List;
    let base = match (selected, focused, theme.selection()) {
        (true, true, Some(color)) => Style::new().bg(color),
        (true, true, None) => Style::new().add_modifier(Modifier::REVERSED),
        (true, false, _) => Style::new().add_modifier(Modifier::BOLD),
        (false, ..) => Style::new(),
    };
    // In reverse video, dim text would be unreadable; what is good or bad keeps its color.
    let is_reversed = selected && focused && theme.selection().is_none();
    let keeps = |role| matches!(role, StyleClass::Good | StyleClass::Bad | StyleClass::Warn);
    let span = |role: StyleClass, text: String| {
        let style = if is_reversed && !keeps(role) { Style::new() } else { theme.style(role) };
        Span::styled(text, style)
    };
    let mark = match state {
        RowState::Selected => "▌",
        RowState::InRange => "│",
        RowState::Plain => " ",
    };
    let mut spans = vec![span(StyleClass::Accent, mark.to_owned())];
    spans.extend(signs(row.badges).map(|(sign, role)| span(role, sign.to_string())));
    for ColumnPlacement { column, width, .. } in columns {
        let (role, text) = text(model, row, *column, *width);
        spans.push(span(role, cell(*column, &escape(&text), *width)));
    }
    frame.buffer_mut().set_style(place, base);
    frame.render_widget(Line::from(spans).style(base), place);
}

/// Pads or truncates a text to its column, followed by a space.
fn cell(column: ListColumn, text: &str, width: usize) -> String {
    let text = fit_with(text, width, '›');
    if column.is_right() {
        let kept = text.trim_end();
        return format!("{}{kept} ", " ".repeat(width.saturating_sub(kept.width())));
    }
    format!("{text} ")
}
