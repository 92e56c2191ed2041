//! Actions on deliveries in the list: marks, removals, sort orders, jumps.

use super::{naming, notify, with_selected};
use crate::app::action::{Action, Direction, ListAction};
use crate::app::effect::Effect;
use crate::app::keymap::KeyContext;
use crate::app::list::{JumpTarget, Seek};
use crate::app::model::{Confirm, Menu, Mode, Model};
use crate::app::notice::Notice;
use crate::app::removals::Removals;
use crate::app::scope::Scope;
use crate::app::sort::{SortKey, SortOrder};
use crate::filter::Filter;
use crate::ops::annotate::Annotation;

pub(super) fn act(model: &mut Model, what: ListAction) -> Vec<Effect> {
    match what {
        ListAction::Mark => return mark(model),
        ListAction::Range => range(model),
        ListAction::Unmark => return unmark(model),
        ListAction::Remove(which) => return remove(model, which),
        ListAction::Undo => return undo(model),
        ListAction::Group => return group(model),
        ListAction::SortMenu => with_selected(model, |model| model.mode = Mode::Menu(Menu::SORT)),
        ListAction::Sort(column) => sort(model, column),
        ListAction::Match(turn) => seek_match(model, turn),
        ListAction::Bad(turn) => {
            seek(model, JumpTarget::Bad, turn, "failed signature");
        }
        ListAction::Marked(turn) => seek(model, JumpTarget::Marked, turn, "marked delivery"),
    }
    Vec::new()
}

fn mark(model: &mut Model) -> Vec<Effect> {
    let Some((id, marked)) = model.list.selected().map(|row| (row.id, row.badges.marked)) else {
        notify(model, Notice::info("No delivery is selected"));
        return Vec::new();
    };
    if let Some(from) = model.range.take() {
        return vec![Effect::Annotate(Annotation::Mark {
            ids: model.list.between(from, id),
            marked: true,
        })];
    }
    // Go on to the next row, to mark several in a row.
    model.list.move_by(1);
    vec![Effect::Annotate(Annotation::Mark { ids: vec![id], marked: !marked })]
}

/// Starts a range at the selected delivery, or ends the current one.
fn range(model: &mut Model) {
    let selected = model.list.selected().map(|row| row.id);
    model.range = if model.range.is_some() { None } else { selected };
    if model.range.is_some() {
        let key = model.keymap.key_in(KeyContext::Anywhere, Action::List(ListAction::Mark));
        notify(model, Notice::info(format!("Range: move to its other end, {key} marks it")));
    }
}

/// Shows one row per event, or every delivery again.
fn group(model: &mut Model) -> Vec<Effect> {
    let grouped = !model.list.is_grouped();
    model.list.group(grouped);
    notify(
        model,
        Notice::info(if grouped {
            "Retries are grouped: each event shows its last delivery"
        } else {
            "All deliveries are shown"
        }),
    );
    model.search.again(&mut model.list, model.now)
}

fn unmark(model: &mut Model) -> Vec<Effect> {
    let ids = model.list.marked_ids();
    if ids.is_empty() {
        notify(model, Notice::info("Nothing is marked"));
        return Vec::new();
    }
    vec![Effect::Annotate(Annotation::Mark { ids, marked: false })]
}

/// Removes one delivery at once, since it can be undone; several after a question. A delivery that
/// the filter hides is not removed without one.
fn remove(model: &mut Model, which: Scope) -> Vec<Effect> {
    // Marked deliveries take precedence over the selected one.
    let marked = which == Scope::Selected && model.list.marked() > 0;
    let which = if marked { Scope::Marked } else { which };
    let ids = model.list.which(which);
    let yes = Removals::remove(&model.list, which);
    if yes.is_empty() {
        notify(model, Notice::info("Nothing to remove"));
        return Vec::new();
    }
    let what = naming::deliveries(model, &ids, which);
    if ids.len() == 1 && model.list.count_hidden(&ids) == 0 {
        model.removals.name(&ids, what);
        return yes;
    }
    let key = model.keymap.key_of(Action::List(ListAction::Undo));
    let undo = key.map_or_else(String::new, |key| format!(" {key} undoes until you quit."));
    let question = format!("Remove {what}?{undo}");
    model.removals.name(&ids, what);
    model.mode = Mode::Confirm(Confirm { question, yes, no: Vec::new() });
    Vec::new()
}

fn undo(model: &mut Model) -> Vec<Effect> {
    if model.removals.is_empty() {
        notify(model, Notice::info("Nothing to undo"));
    }
    model.removals.undo()
}

/// Sorts by a column; reverses the order if it is already sorted by it.
pub(super) fn sort(model: &mut Model, by: SortKey) {
    let order = model.list.order();
    let descending = if order.by == by {
        !order.descending
    } else {
        matches!(by, SortKey::Size | SortKey::Latency)
    };
    model.list.sort(SortOrder { by, descending });
    let way = if descending { "descending" } else { "ascending" };
    notify(model, Notice::info(format!("Sorted by {}, {way}", by.title())));
}

fn seek(model: &mut Model, sought: JumpTarget<'_>, turn: Direction, what: &str) {
    let is_down = turn == Direction::Next;
    let notice = match (model.list.seek(sought, is_down), is_down) {
        (Seek::Found, _) => return,
        (Seek::Wrapped, true) => format!("No more {} below; continued at the top", plural(what)),
        (Seek::Wrapped, false) => {
            format!("No more {} above; continued at the bottom", plural(what))
        }
        (Seek::NotFound, _) => format!("No other {what} is shown"),
    };
    notify(model, Notice::info(notice));
}

fn plural(what: &str) -> &str {
    match what {
        "failed signature" => "failed signatures",
        "marked delivery" => "marked deliveries",
        _ => "matches",
    }
}

/// Goes to the next match of the current filter or, if there is none, of the last one.
fn seek_match(model: &mut Model, turn: Direction) {
    let text = if model.search.is_on() { model.search.text() } else { model.history.latest() };
    let Ok(filter) = Filter::draft(text) else { return };
    if filter.is_all() {
        notify(model, Notice::info("No filter yet: type one after /"));
        return;
    }
    let now = model.now;
    seek(model, JumpTarget::Passing(&filter, now), turn, "match");
}
