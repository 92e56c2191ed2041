//! Actions on deliveries in the list: marks, removals, sort orders, jumps.

use super::{notify, with_selected};
use crate::app::action::{Direction, ListAction};
use crate::app::effect::Effect;
use crate::app::list::JumpTarget;
use crate::app::model::{Confirm, Menu, Mode, Model};
use crate::app::notice::Notice;
use crate::app::removals::Removals;
use crate::app::scope::Scope;
use crate::app::sort::{SortKey, SortOrder};
use crate::filter::Filter;
use crate::ops::annotate::Annotation;
use crate::units;

pub(super) fn act(model: &mut Model, what: ListAction) -> Vec<Effect> {
    match what {
        ListAction::Mark => return mark(model),
        ListAction::Unmark => return unmark(model),
        ListAction::Remove(which) => ask_removal(model, which),
        ListAction::Undo => return undo(model),
        ListAction::SortMenu => with_selected(model, |model| model.mode = Mode::Menu(Menu::SORT)),
        ListAction::Sort(column) => sort(model, column),
        ListAction::Match(turn) => seek_match(model, turn),
        ListAction::Bad(turn) => {
            seek(model, JumpTarget::Bad, turn, "delivery with a bad signature");
        }
        ListAction::Marked(turn) => seek(model, JumpTarget::Marked, turn, "marked delivery"),
    }
    Vec::new()
}

fn mark(model: &mut Model) -> Vec<Effect> {
    let Some((id, marked)) = model.list.selected().map(|row| (row.id, row.badges.marked)) else {
        notify(model, Notice::info("no delivery is selected yet"));
        return Vec::new();
    };
    // Go on to the next row, to mark several in a row.
    model.list.move_by(1);
    vec![Effect::Annotate(Annotation::Mark { ids: vec![id], marked: !marked })]
}

fn unmark(model: &mut Model) -> Vec<Effect> {
    let ids = model.list.marked_ids();
    if ids.is_empty() {
        notify(model, Notice::info("nothing is marked"));
        return Vec::new();
    }
    vec![Effect::Annotate(Annotation::Mark { ids, marked: false })]
}

/// Asks for confirmation before a removal, with the number of deliveries.
fn ask_removal(model: &mut Model, which: Scope) {
    // Marked deliveries take precedence over the selected one.
    let marked = which == Scope::Selected && model.list.marked() > 0;
    let which = if marked { Scope::Marked } else { which };
    let count = model.list.which(which).len();
    let what = match which {
        Scope::Selected => "the selected delivery".to_owned(),
        Scope::Marked => format!("{} marked", units::format_count(count as u64)),
        Scope::Shown => format!("all {} that are shown", units::format_count(count as u64)),
        Scope::All => format!("all {} deliveries", units::format_count(count as u64)),
    };
    let yes = Removals::remove(&model.list, which);
    if yes.is_empty() {
        notify(model, Notice::info("there is nothing to remove"));
        return;
    }
    let key = model.keymap.key_of(crate::app::Action::List(ListAction::Undo));
    let undo = key.map_or_else(String::new, |key| format!(" {key} brings back until you quit"));
    model.mode =
        Mode::Confirm(Confirm { question: format!("remove {what}?{undo}"), yes, no: Vec::new() });
}

fn undo(model: &mut Model) -> Vec<Effect> {
    if model.removals.is_empty() {
        notify(model, Notice::info("nothing was removed since the start"));
    }
    model.removals.undo()
}

/// Sorts by a column; reverses the order if it is already sorted by it.
pub(super) fn sort(model: &mut Model, by: SortKey) {
    let order = model.list.order();
    let descending = if order.by == by { !order.descending } else { by == SortKey::Size };
    model.list.sort(SortOrder { by, descending });
    let way = if descending { "falling" } else { "rising" };
    notify(model, Notice::info(format!("sorted by {}, {way}", by.title())));
}

fn seek(model: &mut Model, sought: JumpTarget<'_>, turn: Direction, what: &str) {
    if !model.list.seek(sought, turn == Direction::Next) {
        let way = if turn == Direction::Next { "below" } else { "above" };
        notify(model, Notice::info(format!("there is no {what} {way}")));
    }
}

/// Goes to the next match of the current filter or, if there is none, of the last one.
fn seek_match(model: &mut Model, turn: Direction) {
    let text = if model.search.is_on() { model.search.text() } else { model.history.latest() };
    let Ok(filter) = text.parse::<Filter>() else { return };
    if filter.is_all() {
        notify(model, Notice::info("there was no filter yet; / types one"));
        return;
    }
    let now = model.now;
    seek(model, JumpTarget::Passing(&filter, now), turn, "match");
}
