//! The list of deliveries: only the rows on the screen are looked at.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::text::fit;
use crate::app::columns::{Column, Placed, SIGNS, placed};
use crate::app::layout::Areas;
use crate::app::list::Order;
use crate::app::pane::badges::signs;
use crate::app::pane::{clock, sign_of};
use crate::app::theme::Theme;
use crate::app::{Focus, Model, Role, Row, masked};
use crate::payload::visible;
use crate::units;

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, areas: &Areas) {
    let columns = placed(&model.columns, usize::from(areas.list.width));
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
            " nothing passes the filter; Esc clears it"
        };
        let place = Rect { height: 1, ..areas.list };
        frame.render_widget(Line::styled(text, theme.style(Role::Dim)), place);
    }
    for place in areas.divider.rows() {
        frame.render_widget(Line::styled("│", theme.style(Role::Dim)), place);
    }
}

/// The names of the columns, with an arrow at the one that the list is sorted by.
fn head(model: &Model, columns: &[Placed], theme: Theme) -> Line<'static> {
    let order = model.list.order();
    let mut text = " ".repeat(SIGNS);
    for Placed { column, width, .. } in columns {
        let arrow = if order.descending { "↓" } else { "↑" };
        let sorted = column.order() == Some(order.by) && order != Order::default();
        let name = if *width < column.name().len() { "" } else { column.name() };
        let name = if sorted { format!("{name}{arrow}") } else { name.to_owned() };
        text.push_str(&cell(*column, &name, *width));
    }
    Line::styled(text, theme.style(Role::Dim).add_modifier(Modifier::UNDERLINED))
}

fn draw_row(
    model: &Model,
    theme: Theme,
    frame: &mut Frame<'_>,
    (row, selected, columns): (&Row<'_>, bool, &[Placed]),
    place: Rect,
) {
    let focused = model.focus == Focus::List;
    let base = match (selected, focused) {
        (true, true) => Style::new().add_modifier(Modifier::REVERSED),
        (true, false) => Style::new().add_modifier(Modifier::BOLD),
        (false, _) => Style::new(),
    };
    // On the reversed line a colour would become a patch of background; the signs remain.
    let plain = selected && focused;
    let span = |role: Role, text: String| {
        let style = if plain { Style::new() } else { theme.style(role) };
        Span::styled(text, style)
    };
    let mut spans = vec![span(Role::Accent, if selected { "▌" } else { " " }.to_owned())];
    spans.extend(signs(row.badges).map(|(sign, role)| span(role, sign.to_string())));
    for Placed { column, width, .. } in columns {
        let (role, text) = text(model, row, *column, *width);
        let text =
            if model.is_masked() && *column == Column::EventId { masked(&text) } else { text };
        spans.push(span(role, cell(*column, &visible(&text), *width)));
    }
    frame.buffer_mut().set_style(place, base);
    frame.render_widget(Line::from(spans).style(base), place);
}

/// What a column says of a delivery.
fn text(model: &Model, row: &Row<'_>, column: Column, width: usize) -> (Role, String) {
    match column {
        Column::Id => (Role::Dim, row.id.to_string()),
        Column::Time => (Role::Dim, clock(row.received_at, model.now, &model.zone)),
        Column::Type => kind(row),
        Column::Signature => {
            let (sign, role) = sign_of(row.status);
            let word = if width > 1 { format!("{sign} {}", row.status) } else { sign.to_string() };
            (role, word)
        }
        Column::EventId => (Role::Dim, row.event_id.unwrap_or_default().to_owned()),
        Column::Provider => (Role::Plain, row.provider.to_owned()),
        Column::Method => (Role::Plain, row.method.to_owned()),
        Column::Path => (Role::Plain, row.target.to_owned()),
        Column::Cause => (Role::Warn, row.cause.unwrap_or_default().to_owned()),
        Column::Source => (Role::Dim, row.source.as_str().to_owned()),
        Column::Size => (Role::Plain, units::size(row.body_size)),
        Column::Answer => match row.response {
            Some(0) => (Role::Bad, "none".to_owned()),
            Some(status) if status >= 400 => (Role::Bad, status.to_string()),
            Some(status) => (Role::Plain, status.to_string()),
            None if model.onward.is_held(row.id) => (Role::Warn, "held".to_owned()),
            None => (Role::Dim, "…".to_owned()),
        },
    }
}

/// What a delivery is, in the column of the type: where it has none, the request itself.
fn kind(row: &Row<'_>) -> (Role, String) {
    if let Some(code) = row.refused {
        return (Role::Bad, format!("⊘ {code} {} {}", row.method, row.target));
    }
    match row.kind {
        Some(kind) => (Role::Strong, kind.to_owned()),
        None => (Role::Plain, format!("{} {}", row.method, row.target)),
    }
}

/// A text in the columns of its own, with a blank behind.
fn cell(column: Column, text: &str, width: usize) -> String {
    let text = fit(text, width);
    if column.is_right() {
        let kept = text.trim_end();
        return format!("{}{kept} ", " ".repeat(width.saturating_sub(kept.width())));
    }
    format!("{text} ")
}
