//! Mouse input.

use ratatui::layout::Position;

use super::{act, document, list, panes};
use crate::app::columns::{self, ListColumn};
use crate::app::effect::Effect;
use crate::app::event::{Mouse, MouseKind};
use crate::app::footer;
use crate::app::hints::{Hint, hints};
use crate::app::layout::Areas;
use crate::app::layout::Focus;
use crate::app::model::{Mode, Model};
use crate::app::pane;
use crate::app::tab::TabContent;
use crate::app::which_key;

/// Lines per wheel step.
const WHEEL: isize = 3;

pub(super) fn point(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    let at = Position::new(mouse.column, mouse.row);
    // The areas as they were drawn, with the notice that the click dismisses.
    let Some(areas) = model.areas() else { return Vec::new() };
    let messages = footer::messages(model, usize::from(areas.hints.width)).len();
    if mouse.kind == MouseKind::Click {
        model.notice = None;
    }
    match mouse.kind {
        MouseKind::Release => model.flags.dragging = false,
        MouseKind::Drag => drag(model, &areas, at),
        MouseKind::WheelUp => turn(model, &areas, at, -WHEEL),
        MouseKind::WheelDown => turn(model, &areas, at, WHEEL),
        MouseKind::Click => return click(model, &areas, at, messages),
    }
    Vec::new()
}

fn click(model: &mut Model, areas: &Areas, at: Position, messages: usize) -> Vec<Effect> {
    if areas.hints.contains(at) {
        let (column, row) = (usize::from(at.x - areas.hints.x), usize::from(at.y - areas.hints.y));
        // The hints are below the messages.
        let Some(row) = row.checked_sub(messages) else { return Vec::new() };
        let shown = hints(model, usize::from(areas.hints.width));
        let is_hit =
            |hint: &Hint| hint.row == row && (hint.x..hint.x + hint.width).contains(&column);
        let hit = shown.into_iter().find(is_hit);
        return hit.map(|hint| act(model, hint.action)).unwrap_or_default();
    }
    if let Some(popup) = which_key::popup(model, areas) {
        if let Some(action) = popup.at(at) {
            return act(model, action);
        }
        model.mode = Mode::Browse;
        return Vec::new();
    }
    if let Mode::Palette(palette) = &mut model.mode {
        let Some(line) = areas.palette_line(at) else {
            model.mode = Mode::Browse;
            return Vec::new();
        };
        palette.chosen = palette.top(areas.palette_height()) + line;
        return act(model, crate::app::action::Action::Submit);
    }
    if !matches!(model.mode, Mode::Browse) {
        // An open prompt ignores the mouse.
    } else if areas.list.contains(at) {
        model.focus = Focus::List;
        model.list.select_line(usize::from(at.y - areas.list.y));
    } else if areas.list_head.contains(at) {
        let columns = pane::list_columns(model, areas);
        let column = columns::at(&columns, usize::from(at.x - areas.list_head.x));
        if let Some(by) = column.and_then(ListColumn::order) {
            list::sort(model, by);
        }
    } else if areas.detail.contains(at) {
        model.focus = Focus::Detail;
        let line = usize::from(at.y - areas.detail.y);
        match model.detail.tab.content() {
            TabContent::Diff => model.comparing.select_line(line),
            TabContent::Document => document::select_line(model, line),
            TabContent::Lines => {
                let width = usize::from(areas.detail.width.saturating_sub(1));
                let lines = pane::line_count(model, width);
                model.detail.select_line(line, lines, usize::from(areas.detail.height));
            }
        }
    } else if let Some((tab, ..)) =
        pane::tab_places(model, areas.tabs).into_iter().find(|(.., place)| place.contains(at))
    {
        model.detail.show(tab);
    } else if areas.side.contains(at) || areas.side_head.contains(at) {
        model.focus = Focus::Detail;
        model.detail.show(model.detail.tab.beside());
    } else if areas.divider.contains(at) || (areas.is_stacked() && areas.tabs.contains(at)) {
        model.flags.dragging = true;
    }
    Vec::new()
}

/// Moves the divider to the mouse position.
fn drag(model: &mut Model, areas: &Areas, at: Position) {
    if model.flags.dragging {
        model.arrangement.list = Some(if areas.is_stacked() {
            at.y.saturating_sub(areas.body.y)
        } else {
            at.x.saturating_sub(areas.body.x)
        });
    }
}

fn turn(model: &mut Model, areas: &Areas, at: Position, by: isize) {
    match &mut model.mode {
        Mode::Page(page) => page.top = page.top.saturating_add_signed(by),
        Mode::Browse if areas.list.contains(at) => {
            model.focus = Focus::List;
            model.list.move_by(by);
        }
        Mode::Browse if areas.detail.contains(at) => {
            model.focus = Focus::Detail;
            panes::scroll(model, by);
        }
        Mode::Browse
        | Mode::Menu(_)
        | Mode::Prompt(_)
        | Mode::Palette(_)
        | Mode::Confirm(_)
        | Mode::Answers(_)
        | Mode::Address => {}
    }
}
