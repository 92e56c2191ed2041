//! Removals, which can be undone until the program ends.

use super::effect::Effect;
use super::list::List;
use super::scope::Scope;
use crate::delivery::DeliveryId;
use crate::ops::annotate::Annotation;
use crate::units;

/// Maximum number of remembered names. A removal without a name is counted.
const NAMES: usize = 100;

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
    /// Names of removals for notices, kept because their rows are gone by then.
    names: Vec<(RemovalKey, String)>,
}

/// First delivery of a removal and the number of deliveries.
type RemovalKey = (Option<DeliveryId>, usize);

fn key(ids: &[DeliveryId]) -> RemovalKey {
    (ids.first().copied(), ids.len())
}

impl Removals {
    /// Requests the removal of deliveries; no effects if there are none.
    pub fn remove(list: &List, which: Scope) -> Vec<Effect> {
        let ids = list.which(which);
        if ids.is_empty() { Vec::new() } else { vec![Effect::Annotate(Annotation::Remove(ids))] }
    }

    /// Remembers the name of deliveries that are about to be removed.
    pub(super) fn name(&mut self, ids: &[DeliveryId], name: String) {
        self.names.retain(|(known, _)| *known != key(ids));
        self.names.push((key(ids), name));
        if self.names.len() > NAMES {
            self.names.remove(0);
        }
    }

    /// Returns the name of removed deliveries, or else their number.
    pub(super) fn name_of(&self, ids: &[DeliveryId]) -> String {
        let known = self.names.iter().find(|(known, _)| *known == key(ids));
        known.map_or_else(|| counted(ids.len()), |(_, name)| name.clone())
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

fn counted(count: usize) -> String {
    match count {
        1 => "1 delivery".to_owned(),
        _ => format!("{} deliveries", units::format_count(count as u64)),
    }
}
