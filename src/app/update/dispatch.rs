//! Dispatches actions while the panes have the focus.

use super::prompts::export_target;
use super::{diff, document, filter, list, notify, prompts, resend, rules, with_selected};
use crate::app::action::{Action, Copyable, Move, ResizeBy};
use crate::app::effect::Effect;
use crate::app::index::ListRow;
use crate::app::layout::Focus;
use crate::app::model::{HelpPage, Menu, Mode, Model};
use crate::app::notice::Notice;
use crate::app::palette::Palette;
use crate::app::pane;
use crate::app::sort::SortOrder;
use crate::app::tab::Tab;
use crate::formats::{CopyNeeds, copy_format};

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Move(step) => travel(model, step),
        Action::PreviousDelivery => model.list.move_by(-1),
        Action::NextDelivery => model.list.move_by(1),
        Action::Follow => follow(model, !model.list.is_following()),
        Action::SwitchFocus => {
            model.focus = if model.focus == Focus::List { Focus::Detail } else { Focus::List };
        }
        Action::OpenDetail => model.focus = Focus::Detail,
        Action::Back => return back(model),
        Action::Show(tab) => model.detail.show(tab),
        Action::PreviousTab => model.detail.show(model.detail.tab.previous()),
        Action::NextTab => model.detail.show(model.detail.tab.next()),
        Action::Zoom => model.arrangement.zoomed = !model.arrangement.zoomed,
        Action::Arrange => {
            let stacked = model.arrangement.is_stacked(model.size.width);
            (model.arrangement.stacked, model.arrangement.list) = (Some(!stacked), None);
        }
        Action::Document(what) => document::act(model, what),
        Action::Differ(what) => diff::act(model, what),
        Action::Resize(grow) => resize(model, grow),
        Action::Privacy => privacy(model),
        Action::Palette => model.mode = Mode::Palette(Palette::default()),
        Action::Narrow(narrow) => return filter::act(model, narrow),
        Action::Sending(what) => return resend::act(model, what),
        Action::Answering(what) => return rules::act(model, what),
        Action::Ask(what) => prompts::open(model, what),
        Action::Copy(what) => return copy(model, what),
        Action::CopyMenu => with_selected(model, |model| {
            model.flags.copy_signed = false;
            model.mode = Mode::Menu(Menu::COPY);
        }),
        Action::CopySigned => {
            model.flags.copy_signed = !model.flags.copy_signed;
            model.mode = Mode::Menu(Menu::COPY);
        }
        Action::SnippetMenu => with_selected(model, |model| model.mode = Mode::Menu(Menu::SNIPPET)),
        Action::CopyAddress => return rules::copy_address(model),
        Action::ShowAddress => model.mode = Mode::Address,
        Action::List(what) => return list::act(model, what),
        Action::ExportMenu => with_selected(model, |model| model.mode = Mode::Menu(Menu::EXPORT)),
        Action::Export(form, which) => export_target::open(model, form, which),
        Action::SendSample => return vec![Effect::SendSample],
        Action::ToggleMouse => return toggle_mouse(model),
        Action::Help => {
            let lines = pane::help::lines(&model.keymap, model.contexts());
            model.mode = Mode::Page(HelpPage { title: "keys".to_owned(), lines, top: 0 });
        }
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Quit => model.flags.done = true,
        // Handled by other modes.
        Action::Submit
        | Action::Cancel
        | Action::Edit(_)
        | Action::Complete(_)
        | Action::History(_) => {}
    }
    Vec::new()
}

/// Resizes the list.
fn resize(model: &mut Model, grow: ResizeBy) {
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

fn privacy(model: &mut Model) {
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

fn copy(model: &mut Model, what: Copyable) -> Vec<Effect> {
    let signed = std::mem::take(&mut model.flags.copy_signed);
    let what = if signed { what.with_signature() } else { what };
    if matches!(
        what,
        Copyable::Value | Copyable::Key | Copyable::Path | Copyable::JqPath | Copyable::Subtree
    ) {
        return document::copy(model, what);
    }
    let Some(row) = model.list.selected() else { return Vec::new() };
    match missing(&row, what) {
        Some(missing) => {
            notify(
                model,
                Notice::failed(format!("Nothing was copied: this delivery has {missing}")),
            );
            Vec::new()
        }
        None => vec![Effect::Copy { id: row.id, what }],
    }
}

/// Returns the missing part that prevents copying, if any.
fn missing(row: &ListRow<'_>, what: Copyable) -> Option<&'static str> {
    let needs = match what {
        Copyable::As { format, .. } => copy_format(format)?.needs,
        Copyable::Address => CopyNeeds::Nothing,
        Copyable::Value | Copyable::Key | Copyable::Path | Copyable::JqPath | Copyable::Subtree => {
            CopyNeeds::Body
        }
    };
    match needs {
        CopyNeeds::Nothing => None,
        CopyNeeds::Body => (row.body_size == 0).then_some("no body"),
        CopyNeeds::EventId => row.event_id.is_none().then_some("no event id"),
        CopyNeeds::Whole => row.refused.is_some().then_some("been refused, so it is incomplete"),
    }
}

/// Scrolls a text over the panes.
pub(super) fn page(model: &mut Model, action: Action) {
    let height = model.areas().map_or(1, |areas| usize::from(areas.body.height));
    let Mode::Page(page) = &mut model.mode else { return };
    if let Action::Move(step) = action {
        page.top = page.top.saturating_add_signed(lines_of(step, height));
    } else if action == Action::Cancel {
        model.mode = Mode::Browse;
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

/// Starts or stops following. Following sorts by time, which is said because it changes the order.
fn follow(model: &mut Model, following: bool) {
    let sorted = model.list.order() != SortOrder::default();
    model.list.follow(following);
    if following && sorted {
        notify(model, Notice::info("Sorted by time again to follow the newest delivery"));
    }
}

fn travel(model: &mut Model, step: Move) {
    let Some(areas) = model.areas() else { return };
    match (model.focus, step) {
        (Focus::List, Move::Last) => follow(model, true),
        (Focus::List, _) => {
            model.list.move_by(lines_of(step, usize::from(areas.list.height)));
        }
        (Focus::Detail, _) if model.detail.tab.is_document() => document::travel(model, step),
        (Focus::Detail, _) if model.detail.tab == Tab::Diff => {
            model.comparing.travel(step, usize::from(areas.detail.height));
        }
        (Focus::Detail, _) => scroll(model, lines_of(step, usize::from(areas.detail.height))),
    }
}

/// Returns the lines a movement covers on a screen of `height` lines; a page keeps one line
/// visible.
fn lines_of(step: Move, height: usize) -> isize {
    let page = isize::try_from(height).unwrap_or(isize::MAX).saturating_sub(1).max(1);
    // Exceeds any list, but can be added to a position without overflow.
    let all = isize::MAX / 2;
    match step {
        Move::Up => -1,
        Move::Down => 1,
        Move::PageUp => -page,
        Move::PageDown => page,
        Move::First => -all,
        Move::Last => all,
        Move::Left | Move::Right => 0,
    }
}

/// Leaves the innermost mode or pane.
fn back(model: &mut Model) -> Vec<Effect> {
    if model.arrangement.zoomed {
        model.arrangement.zoomed = false;
    } else if model.focus == Focus::Detail {
        model.focus = Focus::List;
    } else if model.search.is_on() {
        return filter::put_in_force(model, "");
    }
    Vec::new()
}

fn toggle_mouse(model: &mut Model) -> Vec<Effect> {
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
