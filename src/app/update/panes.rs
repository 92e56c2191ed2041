//! The panes: focus, movement, scrolling, sizes, and what they hide.

use super::{diff, document, filter, notify, prompts};
use crate::app::action::{Action, Move, ResizeBy};
use crate::app::effect::Effect;
use crate::app::layout::{Areas, Focus, THREE_PANES};
use crate::app::model::{Confirm, Mode, Model};
use crate::app::notice::Notice;
use crate::app::pane;
use crate::app::sort::SortOrder;
use crate::app::tab::Tab;
use crate::units;

/// Resizes the list.
pub(super) fn resize(model: &mut Model, grow: ResizeBy) {
    let Some(areas) = model.areas() else { return };
    let (now, step) = if areas.is_stacked() {
        (areas.list_head.height + areas.list.height, 2)
    } else {
        (areas.list.width, 6)
    };
    model.arrangement.list = Some(match grow {
        ResizeBy::More => now.saturating_add(step),
        ResizeBy::Less => now.saturating_sub(step),
    });
}

/// Shows or hides the third pane, with a notice if it does not fit.
pub(super) fn third(model: &mut Model) {
    let shown = model.areas().is_some_and(|areas| areas.side.area() > 0);
    model.arrangement.third = if shown { Some(false) } else { None };
    if !shown && model.areas().is_none_or(|areas| areas.side.area() == 0) {
        let text = format!("The third pane takes {THREE_PANES} columns, with panes side by side");
        notify(model, Notice::info(text));
    }
}

pub(super) fn privacy(model: &mut Model) {
    model.flags.masked = !model.flags.masked;
    notify(
        model,
        Notice::info(if model.flags.masked {
            "Values are masked on this screen, but not in copies and resends"
        } else {
            "Values are shown again"
        }),
    );
}

/// Scrolls a text over the panes.
pub(super) fn scroll_page(model: &mut Model, action: Action) {
    let Some(Areas { body, .. }) = model.areas() else { return };
    let Mode::Page(page) = &mut model.mode else { return };
    if let Action::Move(step) = action {
        let lines = usize::from(body.height.saturating_sub(1));
        let lines = lines * page.columns(usize::from(body.width));
        page.top = page.top.saturating_add_signed(lines_of(step, lines));
    } else if action == Action::Cancel {
        model.mode = Mode::Browse;
    } else if let Action::Ask(what) = action {
        prompts::open(model, what);
    }
}

/// Scrolls the detail by lines.
pub(super) fn scroll(model: &mut Model, by: isize) {
    let Some(areas) = model.areas() else { return };
    if model.detail.tab.is_document() {
        document::scroll(model, by);
        return;
    }
    if model.detail.tab == Tab::Diff {
        diff::scroll(model, by);
        return;
    }
    let lines = pane::line_count(model, usize::from(areas.detail.width.saturating_sub(1)));
    model.detail.scroll(by, lines, usize::from(areas.detail.height));
}

/// Starts or stops following. A notice reports the change to the time order, which following
/// requires.
pub(super) fn follow(model: &mut Model, following: bool) {
    let sorted = model.list.order() != SortOrder::default();
    model.list.follow(following);
    if following && sorted {
        notify(model, Notice::info("Sorted by time again to follow the newest delivery"));
    }
}

pub(super) fn travel(model: &mut Model, step: Move) -> Vec<Effect> {
    let Some(areas) = model.areas() else { return Vec::new() };
    match (model.focus, step) {
        (Focus::List, Move::Last) => follow(model, true),
        (Focus::List, _) => {
            let by = lines_of(step, usize::from(areas.list.height));
            model.list.move_by(by);
            // The last row is where new deliveries appear.
            let is_last = by > 0 && model.list.below_selected() == 0;
            if is_last && model.list.order() == SortOrder::default() {
                model.list.follow(true);
            }
        }
        (Focus::Detail, _) if model.detail.tab.is_document() => {
            return document::travel(model, step);
        }
        (Focus::Detail, _) if model.detail.tab == Tab::Diff => {
            model.comparing.travel(step, usize::from(areas.detail.height));
        }
        (Focus::Detail, _) => {
            let height = usize::from(areas.detail.height);
            let lines = pane::line_count(model, usize::from(areas.detail.width.saturating_sub(1)));
            model.detail.travel(lines_of(step, height), lines, height);
        }
    }
    Vec::new()
}

/// Returns the lines a movement covers on a screen of `height` lines; a page keeps one line
/// visible.
fn lines_of(step: Move, height: usize) -> isize {
    let page = isize::try_from(height).unwrap_or(isize::MAX).saturating_sub(1).max(1);
    let half = page / 2 + page % 2;
    // Exceeds any list, but can be added to a position without overflow.
    let all = isize::MAX / 2;
    match step {
        Move::Up => -1,
        Move::Down => 1,
        Move::PageUp => -page,
        Move::PageDown => page,
        Move::HalfPageUp => -half,
        Move::HalfPageDown => half,
        Move::First => -all,
        Move::Last => all,
        Move::Left | Move::Right => 0,
    }
}

/// Quits, after a question if someone depends on this process.
pub(super) fn quit(model: &mut Model) {
    let held = model.routing.held.len() as u64;
    let paused = match held {
        0 => None,
        1 => Some("1 paused request is closed without a response".to_owned()),
        many => Some(format!("{} paused requests are closed", units::format_count(many))),
    };
    let tunnel = model.routing.has_tunnel.then(|| "the tunnel's URL is lost".to_owned());
    let losses: Vec<String> = paused.into_iter().chain(tunnel).collect();
    if losses.is_empty() {
        model.flags.done = true;
        return;
    }
    let question = format!("Quit? {}.", capitalized(&losses.join(", and ")));
    model.mode = Mode::Confirm(Confirm { question, yes: vec![Effect::Quit], no: Vec::new() });
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// Leaves the innermost mode or pane.
pub(super) fn back(model: &mut Model) -> Vec<Effect> {
    if model.range.take().is_some() {
        return Vec::new();
    }
    if model.arrangement.zoomed {
        model.arrangement.zoomed = false;
    } else if model.focus == Focus::Detail {
        model.focus = Focus::List;
    } else if model.search.is_on() {
        return filter::put_in_force(model, "");
    }
    Vec::new()
}

pub(super) fn toggle_mouse(model: &mut Model) -> Vec<Effect> {
    let released = !model.flags.mouse_released;
    model.flags.mouse_released = released;
    let text = if released {
        "Mouse released for text selection (M to capture it again)"
    } else {
        "Mouse captured: it clicks and scrolls"
    };
    notify(model, Notice::info(text));
    vec![Effect::CaptureMouse(!released)]
}
