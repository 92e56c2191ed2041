//! The detail of the selected delivery.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Modifier;
use ratatui::text::Line;

use super::super::highlight::Window;
use super::{Painter, text};
use crate::app::detail::Tab;
use crate::app::layout::Areas;
use crate::app::theme::Theme;
use crate::app::{Focus, Model, Role, pane};
use crate::payload::visible;
use crate::units;

pub(super) fn draw(model: &Model, painter: &mut Painter, frame: &mut Frame<'_>, areas: &Areas) {
    let theme = painter.theme;
    tabs(model, theme, frame, areas.tabs);
    if let Some(reason) = &model.detail.failure {
        let reason = format!(" this delivery cannot be shown: {}", visible(reason));
        frame.render_widget(Line::styled(reason, theme.style(Role::Bad)), areas.detail);
        return;
    }
    if model.detail.tab == Tab::Payload {
        payload(model, painter, frame, areas.detail);
        return;
    }
    let lines = pane::lines(model, usize::from(areas.detail.width.saturating_sub(1)));
    for (line, row) in lines.iter().skip(model.detail.top).zip(indented(areas.detail).rows()) {
        frame.render_widget(text::line(line, theme), row);
    }
}

fn tabs(model: &Model, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let focused = model.focus == Focus::Detail;
    for (tab, place) in Tab::places(area) {
        let chosen = tab == model.detail.tab;
        let mut style = theme.style(if chosen { Role::Accent } else { Role::Dim });
        if chosen && focused {
            style = style.add_modifier(Modifier::REVERSED);
        } else if chosen {
            style = style.add_modifier(Modifier::UNDERLINED);
        }
        frame.render_widget(Line::styled(format!(" {} ", tab.title()), style), place);
    }
    let used: u16 = Tab::places(area).map(|(_, place)| place.width).sum::<u16>() + 2;
    let rest =
        Rect { x: area.x + used.min(area.width), width: area.width.saturating_sub(used), ..area };
    let facts = facts(model);
    if facts.chars().count() <= usize::from(rest.width) {
        let line = Line::styled(facts, theme.style(Role::Dim)).alignment(Alignment::Right);
        frame.render_widget(line, rest);
    }
}

/// What there is to know of the payload at a glance: its form, its size, how far down we are.
fn facts(model: &Model) -> String {
    let Some(loaded) = model.detail.loaded.as_deref() else { return String::new() };
    let size = units::size(loaded.delivery.summary.body_size);
    let lines = loaded.document.row_count();
    let form = loaded.document.form().as_str();
    match model.detail.tab {
        Tab::Payload if model.detail.top > 0 => {
            format!("{form} {size}, line {} of {lines} ", model.detail.top + 1)
        }
        Tab::Payload => format!("{form} {size}, {lines} lines "),
        Tab::Headers => format!("{} headers ", loaded.delivery.head.headers.len()),
        Tab::Signature => String::new(),
        Tab::Timeline => format!("delivery {} ", loaded.delivery.summary.id),
    }
}

fn payload(model: &Model, painter: &mut Painter, frame: &mut Frame<'_>, area: Rect) {
    let Some(loaded) = &model.detail.loaded else { return };
    let theme = painter.theme;
    let mut area = indented(area);
    if let Some(note) = pane::note(loaded).filter(|_| model.detail.top == 0) {
        let line = Line::styled(visible(note).into_owned(), theme.style(Role::Warn));
        frame.render_widget(line, Rect { height: area.height.min(1), ..area });
        area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    }
    let (left, width) = (model.detail.left, usize::from(area.width));
    let window = Window {
        top: model.detail.top,
        height: usize::from(area.height),
        columns: left.saturating_add(width),
    };
    for (line, row) in painter.highlighter.lines(loaded, window).iter().zip(area.rows()) {
        let line = if model.is_masked() { line.clone().masked() } else { line.clone() };
        frame.render_widget(text::clipped(&line, left, width, theme), row);
    }
}

/// Text does not touch the divider.
fn indented(area: Rect) -> Rect {
    Rect { x: area.x + area.width.min(1), width: area.width.saturating_sub(1), ..area }
}
