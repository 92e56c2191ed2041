//! The rows that pass the filter, in their order.

use std::cmp::Ordering;
use std::collections::VecDeque;

use hashbrown::HashSet;

use super::sort::{compare, sorted};
use crate::app::index::{Index, RowClass, RowRef};
use crate::app::sort::{SortKey, SortOrder};
use crate::delivery::DeliveryId;

/// So many are taken out one by one; to take out more, all are looked at.
const FEW: usize = 16;

/// Ids in a rising order; a descending one is read from the end.
#[derive(Debug, Default)]
pub(super) struct VisibleRows {
    ids: VecDeque<DeliveryId>,
    order: SortOrder,
}

impl VisibleRows {
    pub(super) fn order(&self) -> SortOrder {
        self.order
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// What stands at a place, counted from above.
    pub(super) fn at(&self, place: usize) -> Option<DeliveryId> {
        self.ids.get(self.mirrored(place)?).copied()
    }

    /// From rising to from above, and back.
    fn mirrored(&self, at: usize) -> Option<usize> {
        if self.order.descending { (self.ids.len()).checked_sub(at + 1) } else { Some(at) }
    }

    pub(super) fn newest(&self, index: &Index) -> Option<DeliveryId> {
        match self.order.by {
            SortKey::Time => self.ids.back().copied(),
            _ => index.cells(RowClass::Any).rev().find(RowRef::is_shown).map(|cell| cell.id()),
        }
    }

    /// Where a row stands, counted from above.
    pub(super) fn place(&self, id: DeliveryId, index: &Index) -> Option<usize> {
        self.mirrored(self.search(id, index).ok()?)
    }

    /// What stands where a row would stand, or behind; the last one if there is nothing behind.
    pub(super) fn nearest(&self, id: DeliveryId, index: &Index) -> Option<DeliveryId> {
        let last = self.ids.len().checked_sub(1)?;
        let at = match self.search(id, index) {
            Ok(at) => at,
            Err(at) if self.order.descending => at.saturating_sub(1),
            Err(at) => at.min(last),
        };
        self.ids.get(at).copied()
    }

    /// Where a row stands or would stand when rising.
    fn search(&self, id: DeliveryId, index: &Index) -> Result<usize, usize> {
        if self.order.by == SortKey::Time {
            // Mostly one asks for the newest.
            if self.ids.back() == Some(&id) {
                return Ok(self.ids.len() - 1);
            }
            return self.ids.binary_search(&id);
        }
        let Some(wanted) = index.get(id) else { return Err(self.ids.len()) };
        self.ids.binary_search_by(|other| match index.get(*other) {
            Some(other) => compare(self.order.by, &other, &wanted),
            None => Ordering::Less,
        })
    }

    /// Takes rows in that were not shown.
    pub(super) fn insert(&mut self, mut ids: Vec<DeliveryId>, index: &Index) {
        ids.sort_unstable_by(|one, other| self.compare(*one, *other, index));
        let (Some(&first), Some(&last)) = (ids.first(), ids.last()) else { return };
        let (from, to) = (self.place_for(first, index), self.place_for(last, index));
        // Only the shorter side of the new ones is moved.
        if to < self.ids.len() - from {
            let before = self.ids.drain(..to).collect();
            let merged = self.merge(before, ids, index);
            merged.into_iter().rev().for_each(|id| self.ids.push_front(id));
        } else {
            let after = self.ids.drain(from..).collect();
            let merged = self.merge(after, ids, index);
            self.ids.extend(merged);
        }
    }

    fn compare(&self, one: DeliveryId, other: DeliveryId, index: &Index) -> Ordering {
        if self.order.by == SortKey::Time {
            return one.cmp(&other);
        }
        match (index.get(one), index.get(other)) {
            (Some(one), Some(other)) => compare(self.order.by, &one, &other),
            _ => one.cmp(&other),
        }
    }

    fn place_for(&self, id: DeliveryId, index: &Index) -> usize {
        self.search(id, index).unwrap_or_else(|at| at)
    }

    /// Two runs of ids, each in order, as one.
    fn merge(
        &self,
        one: Vec<DeliveryId>,
        other: Vec<DeliveryId>,
        index: &Index,
    ) -> Vec<DeliveryId> {
        let mut merged = Vec::with_capacity(one.len() + other.len());
        let (mut one, mut other) = (one.into_iter().peekable(), other.into_iter().peekable());
        while let (Some(&left), Some(&right)) = (one.peek(), other.peek()) {
            let left_first = self.compare(left, right, index).is_lt();
            merged.extend(if left_first { one.next() } else { other.next() });
        }
        merged.extend(one.chain(other));
        merged
    }

    /// Takes rows out; each is one that is shown, and still known.
    pub(super) fn remove(&mut self, ids: &[DeliveryId], index: &Index) {
        let mut places: Vec<usize> =
            ids.iter().filter_map(|id| self.search(*id, index).ok()).collect();
        places.sort_unstable();
        let (Some(&first), Some(&last)) = (places.first(), places.last()) else { return };
        if last - first + 1 == places.len() {
            self.ids.drain(first..=last);
        } else if places.len() <= FEW {
            for place in places.into_iter().rev() {
                self.ids.remove(place);
            }
        } else {
            let gone: HashSet<DeliveryId> = ids.iter().copied().collect();
            self.ids.retain(|id| !gone.contains(id));
        }
    }

    /// Forgets all, to be given what the index calls shown.
    pub(super) fn clear(&mut self) {
        self.ids.clear();
    }

    /// Takes the next row, given by rising id; [`VisibleRows::resort`] puts an end to it.
    pub(super) fn push(&mut self, id: DeliveryId) {
        self.ids.push_back(id);
    }

    /// Sorts anew what the index calls shown.
    pub(super) fn sort(&mut self, order: SortOrder, index: &Index) {
        if self.order.by != order.by {
            self.ids = sorted(order.by, index).into();
        }
        self.order = order;
    }

    /// Puts what was pushed into the order in force.
    pub(super) fn resort(&mut self, index: &Index) {
        if self.order.by != SortKey::Time {
            self.ids = sorted(self.order.by, index).into();
        }
    }
}
