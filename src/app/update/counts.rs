//! Counts in front of a movement: `5j`. A digit also switches to a tab, so a count expires after a
//! moment; a movement that uses it restores the tab from before.

use jiff::SignedDuration;

use super::act_on_panes;
use crate::app::action::{Action, FilterAction, ListAction, Move};
use crate::app::effect::Effect;
use crate::app::keymap::Key;
use crate::app::layout::Focus;
use crate::app::model::{Model, PendingCount};
use crate::app::tab::Tab;
use crate::delivery::DeliveryId;

/// Time after which a digit only meant its tab.
const EXPIRY: SignedDuration = SignedDuration::from_secs(1);

/// Larger counts are cut.
const MOST: usize = 99_999;

/// Handles a digit or a counted movement; none if the key is anything else.
pub(super) fn press(model: &mut Model, key: Key, action: Option<Action>) -> Option<Vec<Effect>> {
    let pending = model.pending.take();
    let is_free =
        matches!(action, None | Some(Action::Show(_) | Action::Narrow(FilterAction::Clear)));
    let typed = if is_free { key.typed() } else { None };
    let digit = typed.and_then(|letter| letter.to_digit(10));
    let digit = digit.and_then(|digit| usize::try_from(digit).ok());
    match (digit, pending) {
        (Some(digit), Some(pending)) => {
            let count = (pending.count * 10 + digit).min(MOST);
            model.pending = Some(PendingCount { count, at: model.now, ..pending });
            // Further digits show their tabs as well, but none clears the filter.
            (!matches!(action, Some(Action::Show(_)))).then(Vec::new)
        }
        (Some(count @ 1..), None) => {
            model.pending = Some(PendingCount { count, tab: model.detail.tab, at: model.now });
            action.is_none().then(Vec::new)
        }
        // Arrow keys take no count, because they are often pressed right after switching tabs.
        (None, Some(pending)) if key.typed().is_some() => {
            let action = action.filter(|action| is_counted(*action))?;
            restore(model, pending.tab);
            Some(repeat(model, action, pending.count))
        }
        _ => None,
    }
}

/// Discards digits that were not followed by a movement.
pub(super) fn tick(model: &mut Model) {
    let now = model.now;
    model.pending = model.pending.filter(|pending| now.duration_since(pending.at) <= EXPIRY);
}

fn restore(model: &mut Model, tab: Tab) {
    if model.detail.tab != tab {
        model.detail.show(tab);
    }
}

fn is_counted(action: Action) -> bool {
    matches!(
        action,
        Action::Move(_)
            | Action::NextDelivery
            | Action::PreviousDelivery
            | Action::List(ListAction::Bad(_) | ListAction::Marked(_) | ListAction::Match(_))
    )
}

fn repeat(model: &mut Model, action: Action, count: usize) -> Vec<Effect> {
    let steps = isize::try_from(count).unwrap_or(isize::MAX);
    match (model.focus, action) {
        (Focus::List, Action::Move(Move::Down)) => model.list.move_by(steps),
        (Focus::List, Action::Move(Move::Up)) => model.list.move_by(-steps),
        // As in editors, a count in front of this key is a line number.
        (Focus::List, Action::Move(Move::First | Move::Last)) => {
            model.list.jump_to_id(DeliveryId(i64::try_from(count).unwrap_or(i64::MAX)));
        }
        _ => return (0..count).flat_map(|_| act_on_panes(model, action)).collect(),
    }
    Vec::new()
}
