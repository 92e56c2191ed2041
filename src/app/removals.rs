//! What was removed, so that it can be brought back until the end.

use super::effect::Effect;
use super::list::List;
use super::scope::Scope;
use crate::delivery::DeliveryId;
use crate::ops::annotate::Annotation;

impl List {
    /// The deliveries that are meant, by rising id.
    pub fn which(&self, which: Scope) -> Vec<DeliveryId> {
        match which {
            Scope::Selected => self.selected().map(|row| row.id).into_iter().collect(),
            Scope::Marked => self.marked_ids(),
            Scope::Shown => self.shown_ids(),
            Scope::All => self.ids(),
        }
    }
}

/// The removals of this run, the last one at the end.
///
/// The list itself learns from the store what is gone or back, as from anybody else's removal.
#[derive(Debug, Default)]
pub struct Removals {
    done: Vec<Vec<DeliveryId>>,
}

impl Removals {
    /// Asks for deliveries to be removed; nothing where none are meant.
    pub fn remove(list: &List, which: Scope) -> Vec<Effect> {
        let ids = list.which(which);
        if ids.is_empty() { Vec::new() } else { vec![Effect::Annotate(Annotation::Remove(ids))] }
    }

    /// Notes that deliveries were removed.
    pub fn push(&mut self, ids: Vec<DeliveryId>) {
        self.done.push(ids);
    }

    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// Asks for the last removal to be undone; nothing where there is none.
    pub fn undo(&mut self) -> Vec<Effect> {
        let undone = self.done.pop().map(Annotation::Restore);
        undone.map(Effect::Annotate).into_iter().collect()
    }
}
