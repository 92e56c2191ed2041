//! Deliveries of the same event, of which a grouped list shows the last one.

use hashbrown::{HashMap, HashSet};

use crate::delivery::{DeliveryId, Summary};

/// Events that were delivered more than once.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Retries in ascending order, by the first delivery of their event.
    retries: HashMap<DeliveryId, Vec<DeliveryId>>,
    /// First delivery of the event, by retry.
    firsts: HashMap<DeliveryId, DeliveryId>,
}

impl Groups {
    /// Adds a delivery; returns the one before it if it is now the last one of its event.
    pub(super) fn add(&mut self, row: &Summary) -> Option<DeliveryId> {
        let first = row.duplicate_of?;
        let last = self.last(first);
        let retries = self.retries.entry(first).or_default();
        if let Err(at) = retries.binary_search(&row.id) {
            retries.insert(at, row.id);
            self.firsts.insert(row.id, first);
        }
        (last < row.id).then_some(last)
    }

    /// Removes deliveries, given in ascending order; true if one of them was a retry.
    pub(super) fn remove(&mut self, ids: &[DeliveryId]) -> bool {
        let firsts: HashSet<DeliveryId> =
            ids.iter().filter_map(|id| self.firsts.remove(id)).collect();
        // Once for each event: one with very many retries may lose them all.
        for first in &firsts {
            if let Some(retries) = self.retries.get_mut(first) {
                retries.retain(|one| ids.binary_search(one).is_err());
                if retries.is_empty() {
                    self.retries.remove(first);
                }
            }
        }
        !firsts.is_empty()
    }

    fn retries_of(&self, id: DeliveryId) -> &[DeliveryId] {
        let first = self.firsts.get(&id).unwrap_or(&id);
        self.retries.get(first).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the last delivery of the same event.
    pub(super) fn last(&self, id: DeliveryId) -> DeliveryId {
        self.retries_of(id).last().copied().unwrap_or(id)
    }

    pub(super) fn is_superseded(&self, id: DeliveryId) -> bool {
        self.last(id) != id
    }

    /// Returns the number of deliveries of the same event.
    pub(super) fn count(&self, id: DeliveryId) -> usize {
        self.retries_of(id).len() + 1
    }
}
