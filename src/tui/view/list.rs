//! The list of deliveries: only the rows on the screen are looked at.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::text::fit;
use crate::app::layout::Areas;
use crate::app::pane::{clock, sign_of};
use crate::app::theme::Theme;
use crate::app::{Focus, Model, Role, Row};
use crate::payload::visible;
use crate::units;

/// The widths of the columns; one that has no room is 0.
struct Columns {
    kind: usize,
    signature: usize,
    event: usize,
    size: usize,
    answer: usize,
}

const TIME: usize = 8;

impl Columns {
    /// What a list of `width` columns has room for, the type first.
    fn new(width: usize) -> Self {
        let mut left = width.saturating_sub(1 + TIME + 2 + 1);
        let mut take = |wanted: usize, keep: usize| {
            let fits = left >= wanted + 1 + keep;
            left -= if fits { wanted + 1 } else { 0 };
            if fits { wanted } else { 0 }
        };
        // The sign of the verdict is always there; its word only where there is room.
        let sign = take(1, 0);
        let answer = take(6, 14);
        let size = take(6, 18);
        let event = take(17, 20);
        let word = take(9, 24);
        let signature = if word > 0 { sign + 1 + word } else { sign };
        Self { kind: left, signature, event, size, answer }
    }
}

pub(super) fn draw(model: &Model, theme: Theme, frame: &mut Frame<'_>, areas: &Areas) {
    let columns = Columns::new(usize::from(areas.list.width));
    frame.render_widget(head(&columns, theme), areas.list_head);
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

fn head(columns: &Columns, theme: Theme) -> Line<'static> {
    let signature = if columns.signature > 1 { "signature" } else { "" };
    let text = format!(
        " {} {} {}{}{}{} ",
        fit("time", TIME + 1),
        fit("type", columns.kind),
        fit(signature, columns.signature),
        cell("event id", columns.event),
        right_cell("size", columns.size),
        right_cell("answer", columns.answer),
    );
    Line::styled(text, theme.style(Role::Dim).add_modifier(Modifier::UNDERLINED))
}

fn draw_row(
    model: &Model,
    theme: Theme,
    frame: &mut Frame<'_>,
    (row, selected, columns): (&Row<'_>, bool, &Columns),
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
    let (sign, verdict) = sign_of(row.status);
    let word = if columns.signature > 1 {
        fit(&format!("{sign} {}", row.status), columns.signature)
    } else {
        sign.to_string()
    };
    let repeat = match (row.badges.marked, row.badges.duplicate) {
        (true, _) => "◆",
        (false, true) => "↻",
        (false, false) => " ",
    };
    let held = row.response.is_none() && model.onward.is_held(row.id);
    let answer = match row.response {
        _ if held => "held".to_owned(),
        None => "…".to_owned(),
        Some(status) => status.to_string(),
    };
    let answered = match row.response {
        Some(400..) => Role::Bad,
        _ if held => Role::Warn,
        _ => Role::Plain,
    };
    let (kind_role, kind) = kind(row);
    let line = Line::from(vec![
        span(Role::Accent, if selected { "▌" } else { " " }.to_owned()),
        span(Role::Dim, fit(&clock(row.received_at, model.now, &model.zone), TIME)),
        span(Role::Warn, repeat.to_owned()),
        span(kind_role, format!(" {}", fit(&visible(&kind), columns.kind))),
        span(verdict, format!(" {word}")),
        span(Role::Dim, cell(&visible(row.event_id.unwrap_or("")), columns.event)),
        span(Role::Plain, right_cell(&units::size(row.body_size), columns.size)),
        span(answered, right_cell(&answer, columns.answer)),
        span(Role::Plain, " ".to_owned()),
    ]);
    frame.buffer_mut().set_style(place, base);
    frame.render_widget(line.style(base), place);
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

/// A column with a blank before it, or nothing.
fn cell(text: &str, width: usize) -> String {
    if width == 0 { String::new() } else { format!(" {}", fit(text, width)) }
}

fn right_cell(text: &str, width: usize) -> String {
    if width == 0 { String::new() } else { format!(" {text:>width$}") }
}
