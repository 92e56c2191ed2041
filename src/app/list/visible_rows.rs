//! The rows that pass the filter, in order.

use std::cmp::Ordering;
use std::collections::VecDeque;

use hashbrown::HashSet;

use super::sort::{compare, sorted};
use crate::app::index::{Index, RowClass, RowRef};
use crate::app::sort::{SortKey, SortOrder};
use crate::delivery::DeliveryId;

/// Up to this many rows are removed one by one; otherwise one pass over all rows removes them.
const FEW: usize = 16;

/// Ids in ascending order; a descending list is read from the end.
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

    /// Returns the row at a position, counted from above.
    pub(super) fn at(&self, place: usize) -> Option<DeliveryId> {
        self.ids.get(self.mirrored(place)?).copied()
    }

    /// Converts between the ascending position and the one counted from above.
    fn mirrored(&self, at: usize) -> Option<usize> {
        if self.order.descending { (self.ids.len()).checked_sub(at + 1) } else { Some(at) }
    }

    pub(super) fn newest(&self, index: &Index) -> Option<DeliveryId> {
        match self.order.by {
            SortKey::Time => self.ids.back().copied(),
            _ => index.cells(RowClass::Any).rev().find(RowRef::is_shown).map(|cell| cell.id()),
        }
    }

    /// Returns the position of a row, counted from above.
    pub(super) fn place(&self, id: DeliveryId, index: &Index) -> Option<usize> {
        self.mirrored(self.search(id, index).ok()?)
    }

    /// Returns the row at the position where a row is or would be; the last one if that is the end.
    pub(super) fn nearest(&self, id: DeliveryId, index: &Index) -> Option<DeliveryId> {
        let last = self.ids.len().checked_sub(1)?;
        let at = match self.search(id, index) {
            Ok(at) => at,
            Err(at) if self.order.descending => at.saturating_sub(1),
            Err(at) => at.min(last),
        };
        self.ids.get(at).copied()
    }

    /// Returns the ascending position at which a row is or would be.
    fn search(&self, id: DeliveryId, index: &Index) -> Result<usize, usize> {
        if self.order.by == SortKey::Time {
            // Fast path: the newest row is the most frequent lookup.
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

    /// Inserts rows that were hidden.
    pub(super) fn insert(&mut self, mut ids: Vec<DeliveryId>, index: &Index) {
        ids.sort_unstable_by(|one, other| self.compare(*one, *other, index));
        let (Some(&first), Some(&last)) = (ids.first(), ids.last()) else { return };
        let (from, to) = (self.place_for(first, index), self.place_for(last, index));
        // Move only the shorter side.
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

    /// Merges two sorted runs of ids.
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

    /// Removes rows. Each must be shown and still in the index.
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

    /// Clears the rows before they are pushed again from the index.
    pub(super) fn clear(&mut self) {
        self.ids.clear();
    }

    /// Appends the next row in ascending id order; call [`VisibleRows::resort`] afterwards.
    pub(super) fn push(&mut self, id: DeliveryId) {
        self.ids.push_back(id);
    }

    /// Sorts the rows that the index marks as shown.
    pub(super) fn sort(&mut self, order: SortOrder, index: &Index) {
        if self.order.by != order.by {
            self.ids = sorted(order.by, index).into();
        }
        self.order = order;
    }

    /// Sorts the pushed rows in the current order.
    pub(super) fn resort(&mut self, index: &Index) {
        if self.order.by != SortKey::Time {
            self.ids = sorted(self.order.by, index).into();
        }
    }
}
