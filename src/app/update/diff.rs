//! Actions in the diff.

use super::notify;
use crate::app::action::{DiffAction, Move};
use crate::app::diff::{DiffBasis, DiffRequest, DiffView};
use crate::app::model::Model;
use crate::app::notice::Notice;
use crate::app::tab::Tab;
use crate::delivery::DeliveryId;

pub(super) fn act(model: &mut Model, what: DiffAction) {
    match what {
        DiffAction::Choose => choose(model),
        DiffAction::Change(turn) => {
            if !model.comparing.change(turn) {
                notify(model, Notice::info("No differences outside ignored fields"));
            }
        }
    }
}

/// Compares the marked deliveries. If they are already compared, returns to the predecessor.
fn choose(model: &mut Model) {
    let by_marks = DiffView::by_marks(&model.list);
    let is_shown = model.detail.tab == Tab::Diff;
    let again = is_shown && model.comparing.choice == by_marks;
    model.comparing.choice = if again { DiffBasis::Before } else { by_marks };
    if is_shown && by_marks == DiffBasis::Before {
        let why = "Mark one delivery to compare it with the selected one, or mark two";
        notify(model, Notice::info(why));
    }
    model.detail.show(Tab::Diff);
}

pub(super) fn scroll(model: &mut Model, by: isize) {
    let step = if by < 0 { Move::Up } else { Move::Down };
    for _ in 0..by.unsigned_abs() {
        model.comparing.travel(step, 1);
    }
}

/// Returns the comparison to compute for the selected delivery, if the diff is visible.
pub(super) fn wanted(model: &mut Model, selected: DeliveryId) -> Option<DiffRequest> {
    if model.detail.tab != Tab::Diff {
        return None;
    }
    let wish = model.comparing.wish(selected);
    model.comparing.want(wish).then_some(wish)
}
