//! The list of deliveries. Only the visible rows are rendered.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::text::fit;
use crate::app::columns::{ColumnPlacement, ListColumn, SIGNS};
use crate::app::layout::Areas;
use crate::app::pane::badges::signs;
use crate::app::pane::{self, clock, sign_of};
use crate::app::sort::SortOrder;
use crate::app::theme::Theme;
use crate::app::{Focus, ListRow, Model, StyleClass};
use crate::payload::escape;
use crate::units;

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, areas: &Areas) {
    let columns = pane::list_columns(model, areas);
    frame.render_widget(head(model, &columns, theme), areas.list_head);
    let height = usize::from(areas.list.height);
    let mut drawn = 0;
    for ((row, selected), place) in model.list.window(height).zip(areas.list.rows()) {
        draw_row(model, theme, frame, (&row, selected, &columns), place);
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
        let name = if room < column.as_str().len() { "" } else { column.as_str() };
        let name = if sorted { format!("{name}{arrow}") } else { name.to_owned() };
        text.push_str(&cell(*column, &name, *width));
    }
    Line::styled(text, theme.style(StyleClass::Dim).add_modifier(Modifier::UNDERLINED))
}

fn draw_row(
    model: &Model,
    theme: Theme,
    frame: &mut Frame<'_>,
    (row, selected, columns): (&ListRow<'_>, bool, &[ColumnPlacement]),
    place: Rect,
) {
    let focused = model.focus == Focus::List;
    let base = match (selected, focused) {
        (true, true) => Style::new().add_modifier(Modifier::REVERSED),
        (true, false) => Style::new().add_modifier(Modifier::BOLD),
        (false, _) => Style::new(),
    };
    // On the reversed line, a color would become a patch of background.
    let plain = selected && focused;
    let span = |role: StyleClass, text: String| {
        let style = if plain { Style::new() } else { theme.style(role) };
        Span::styled(text, style)
    };
    let mut spans = vec![span(StyleClass::Accent, if selected { "▌" } else { " " }.to_owned())];
    spans.extend(signs(row.badges).map(|(sign, role)| span(role, sign.to_string())));
    for ColumnPlacement { column, width, .. } in columns {
        let (role, text) = text(model, row, *column, *width);
        spans.push(span(role, cell(*column, &escape(&text), *width)));
    }
    frame.buffer_mut().set_style(place, base);
    frame.render_widget(Line::from(spans).style(base), place);
}

/// Returns the text of a column for a delivery.
fn text(
    model: &Model,
    row: &ListRow<'_>,
    column: ListColumn,
    width: usize,
) -> (StyleClass, String) {
    match column {
        ListColumn::Id => (StyleClass::Dim, row.id.to_string()),
        ListColumn::Time => (StyleClass::Dim, clock(model, row.received_at, width)),
        ListColumn::Type => kind(model, row),
        ListColumn::Signature => {
            let (sign, role) = sign_of(row.status);
            let word = if width > 1 { format!("{sign} {}", row.status) } else { sign.to_string() };
            (role, word)
        }
        ListColumn::EventId => {
            let id = row.event_id.unwrap_or_default();
            (StyleClass::Dim, model.shown_value(id).into_owned())
        }
        ListColumn::Provider => (StyleClass::Plain, row.provider.to_owned()),
        ListColumn::Method => (StyleClass::Plain, row.method.to_owned()),
        ListColumn::Path => (StyleClass::Plain, model.shown_value(row.target).into_owned()),
        ListColumn::Cause => (StyleClass::Warn, row.cause.unwrap_or_default().to_owned()),
        ListColumn::Source => (StyleClass::Dim, row.source.as_str().to_owned()),
        ListColumn::Size => (StyleClass::Plain, units::format_size(row.body_size)),
        ListColumn::Answer => match row.response {
            Some(0) if row.client_gone => (StyleClass::Bad, "gone".to_owned()),
            Some(0) => (StyleClass::Bad, "none".to_owned()),
            Some(status) if status >= 400 => (StyleClass::Bad, status.to_string()),
            Some(status) => (StyleClass::Plain, status.to_string()),
            None if model.routing.is_held(row.id) => (StyleClass::Warn, "held".to_owned()),
            None => (StyleClass::Dim, "…".to_owned()),
        },
    }
}

/// Returns the event type or, if absent, the method and path.
fn kind(model: &Model, row: &ListRow<'_>) -> (StyleClass, String) {
    let target = model.shown_value(row.target);
    if let Some(code) = row.refused {
        return (StyleClass::Bad, format!("⊘ {code} {} {target}", row.method));
    }
    match row.kind {
        Some(kind) => (StyleClass::Strong, model.shown_name(kind).into_owned()),
        None => (StyleClass::Plain, format!("{} {target}", row.method)),
    }
}

/// Pads or truncates a text to its column, followed by a space.
fn cell(column: ListColumn, text: &str, width: usize) -> String {
    let text = fit(text, width);
    if column.is_right() {
        let kept = text.trim_end();
        return format!("{}{kept} ", " ".repeat(width.saturating_sub(kept.width())));
    }
    format!("{text} ")
}
