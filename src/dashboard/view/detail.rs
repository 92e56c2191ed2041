//! The detail of the selected delivery.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use super::{Painter, text};
use crate::app::document_view::{FindState, highlighted, shown_masked};
use crate::app::layout::Areas;
use crate::app::tab::TabContent;
use crate::app::theme::Theme;
use crate::app::{Focus, Model, StyleClass, pane};
use crate::payload::escape;
use crate::units;

pub(super) fn draw(model: &Model, painter: &mut Painter, frame: &mut Frame<'_>, areas: &Areas) {
    let theme = painter.theme;
    tabs(model, theme, frame, areas.tabs);
    if let Some(reason) = &model.detail.failure {
        let reason = format!(" cannot show this delivery: {}", escape(reason));
        frame.render_widget(Line::styled(reason, theme.style(StyleClass::Bad)), areas.detail);
        return;
    }
    match model.detail.tab.content() {
        TabContent::Document => document(model, painter, frame, areas.detail),
        TabContent::Diff => super::diff::draw(model, theme, frame, indented(areas.detail)),
        TabContent::Lines => {
            let lines = pane::lines(model, usize::from(areas.detail.width.saturating_sub(1)));
            let first = model.detail.first_line(lines.len(), usize::from(areas.detail.height));
            let rows = indented(areas.detail).rows();
            let focused = model.focus == Focus::Detail;
            for ((at, shown), row) in lines.iter().enumerate().skip(first).zip(rows) {
                frame.render_widget(text::line(&shown.line, theme), row);
                if focused && at == model.detail.cursor() {
                    cursor(theme, frame, row);
                }
            }
        }
    }
}

/// Draws the third pane: the signature, or the timeline next to it.
pub(super) fn side(model: &Model, theme: Theme, frame: &mut Frame<'_>, areas: &Areas) {
    if areas.side.area() == 0 || model.detail.failure.is_some() {
        return;
    }
    for place in areas.side_divider.rows() {
        frame.render_widget(Line::styled("│", theme.style(StyleClass::Dim)), place);
    }
    let tab = model.detail.tab.beside();
    let title = format!(" {}", tab.title());
    frame.render_widget(Line::styled(title, theme.style(StyleClass::Dim)), areas.side_head);
    let inside = indented(areas.side);
    let width = usize::from(inside.width);
    for (shown, row) in pane::lines_of(model, tab, width).iter().zip(inside.rows()) {
        frame.render_widget(text::clipped(&shown.line, 0, width, theme), row);
    }
}

fn tabs(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let focused = model.focus == Focus::Detail;
    let tabs = pane::tab_places(model, area);
    for (tab, label, place) in &tabs {
        let chosen = *tab == model.detail.tab;
        let mut style = theme.style(if chosen { StyleClass::Accent } else { StyleClass::Dim });
        if chosen && focused {
            style = style.add_modifier(Modifier::REVERSED);
        } else if chosen {
            style = style.add_modifier(Modifier::UNDERLINED);
        }
        frame.render_widget(Line::styled(format!(" {label} "), style), *place);
    }
    let used: u16 = tabs.iter().map(|(.., place)| place.width).sum::<u16>() + 2;
    let rest =
        Rect { x: area.x + used.min(area.width), width: area.width.saturating_sub(used), ..area };
    let room = usize::from(rest.width);
    let facts = facts(model, room);
    let facts = match facts {
        // The end of a path is its most specific part; other facts are useless when cut.
        Facts::Path(path) => text::fit_end(&path, room),
        Facts::Words(words) if words.chars().count() <= room => words,
        Facts::Words(_) => String::new(),
    };
    let line = Line::styled(facts, theme.style(StyleClass::Dim)).alignment(Alignment::Right);
    frame.render_widget(line, rest);
}

/// Summary on the line of tabs: progress of the search, path of the cursor, form and size.
enum Facts {
    Path(String),
    Words(String),
}

/// `room` is the number of columns.
fn facts(model: &Model, room: usize) -> Facts {
    if model.detail.loaded.is_none() {
        return Facts::Words(String::new());
    }
    Facts::Words(match model.detail.tab.content() {
        TabContent::Document => {
            let Some((document, reading)) = model.detail.reading() else {
                return Facts::Words(String::new());
            };
            if let Some(finding) = &reading.finding {
                return Facts::Words(found(finding));
            }
            let is_shown = model.focus == Focus::Detail && reading.cursor > 0;
            let path = is_shown.then(|| document.path_end(reading.cursor, room)).flatten();
            if let Some(path) = path {
                return Facts::Path(format!("{} ", escape(&model.shown_name(&path))));
            }
            let size = units::format_size(document.wire().len() as u64);
            let (form, rows) = (document.form().as_str(), document.row_count());
            format!("{form} {size}, {} lines ", units::format_count(rows as u64))
        }
        TabContent::Diff => format!("{} ", escape(&pane::diff::facts(model))),
        TabContent::Lines => pane::facts(model),
    })
}

fn found(finding: &FindState) -> String {
    let count = units::format_count(finding.search.count() as u64);
    let at = finding.at.map_or(0, |at| at + 1);
    let more = if finding.search.is_done() { "" } else { "+" };
    format!("/{} {} of {count}{more} ", escape(&finding.typed), units::format_count(at as u64))
}

fn document(model: &Model, painter: &mut Painter, frame: &mut Frame<'_>, area: Rect) {
    let theme = painter.theme;
    let (Some((document, reading)), Some(window)) = (model.detail.reading(), pane::viewport(model))
    else {
        return;
    };
    let mut area = indented(area);
    for note in pane::note_lines(model, window.width) {
        let width = usize::from(area.width);
        let row = Rect { height: area.height.min(1), ..area };
        frame.render_widget(text::clipped(&note, 0, width, theme), row);
        area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    }
    let focused = model.focus == Focus::Detail;
    let lines = if model.is_masked() {
        // Without highlighting, which would reveal what is masked.
        shown_masked(reading, document, window)
    } else {
        let rows = reading.top..reading.top.saturating_add(window.height);
        let tokens = painter.highlighter.tokens(document, rows);
        let lines = highlighted(reading, document, window, &model.zone, tokens);
        painter.is_guess = !painter.highlighter.is_settled();
        lines
    };
    for (shown, row) in lines.into_iter().zip(area.rows()) {
        let line = shown.line;
        let width = usize::from(row.width);
        frame.render_widget(text::clipped(&line, shown.left, width, theme), row);
        if focused && shown.row == reading.cursor {
            cursor(theme, frame, row);
        }
    }
}

/// Marks the row under the cursor, in the column between the divider and the text.
fn cursor(theme: Theme, frame: &mut Frame<'_>, row: Rect) {
    let mark = Rect { x: row.x.saturating_sub(1), width: 1, ..row };
    frame.render_widget(Line::styled("▌", theme.style(StyleClass::Accent)), mark);
    frame.buffer_mut().set_style(row, Style::new().add_modifier(Modifier::BOLD));
}

/// Text does not touch the divider.
fn indented(area: Rect) -> Rect {
    Rect { x: area.x + area.width.min(1), width: area.width.saturating_sub(1), ..area }
}
