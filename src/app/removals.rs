//! Removals, which can be undone until the program ends.

use super::effect::Effect;
use super::list::List;
use super::scope::Scope;
use crate::delivery::DeliveryId;
use crate::ops::annotate::Annotation;

impl List {
    /// Returns the deliveries in scope, in ascending id order.
    pub fn which(&self, which: Scope) -> Vec<DeliveryId> {
        match which {
            Scope::Selected => self.selected().map(|row| row.id).into_iter().collect(),
            Scope::Marked => self.marked_ids(),
            Scope::Shown => self.shown_ids(),
            Scope::All => self.ids(),
        }
    }
}

/// Removals of this session, the latest last.
///
/// The list is updated through the store, like for removals by other processes.
#[derive(Debug, Default)]
pub struct Removals {
    done: Vec<Vec<DeliveryId>>,
}

impl Removals {
    /// Requests the removal of deliveries; no effects if there are none.
    pub fn remove(list: &List, which: Scope) -> Vec<Effect> {
        let ids = list.which(which);
        if ids.is_empty() { Vec::new() } else { vec![Effect::Annotate(Annotation::Remove(ids))] }
    }

    /// Records a removal.
    pub fn push(&mut self, ids: Vec<DeliveryId>) {
        self.done.push(ids);
    }

    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// Requests the latest removal to be undone; no effects if there is none.
    pub fn undo(&mut self) -> Vec<Effect> {
        let undone = self.done.pop().map(Annotation::Restore);
        undone.map(Effect::Annotate).into_iter().collect()
    }
}
