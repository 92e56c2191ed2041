//! Pairs the items of two arrays.

use std::collections::{HashMap, VecDeque};

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Budget for finding inserted items. Comparing two ranges takes up to the square of their lengths;
/// ranges over the budget are compared index by index.
#[derive(Debug)]
pub(super) struct Effort(usize);

impl Default for Effort {
    /// Takes about 0.1 s.
    fn default() -> Self {
        Self(50_000_000)
    }
}

impl Effort {
    fn affords(&mut self, length: usize) -> bool {
        let left = length.checked_mul(length).and_then(|cost| self.0.checked_sub(cost));
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// Outcome for an item, in the order of the newer array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Same(usize, usize),
    /// The same item at another index.
    Moved(usize, usize),
    /// Two items with the same identity, or at the same index.
    Paired(usize, usize),
    Added(usize),
    Removed(usize),
}

/// Items of an array: their digests, and their identities if they have any.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) digests: Vec<u64>,
    pub(super) identities: Vec<Option<u64>>,
}

/// Pairs the items of two arrays. Returns true if the arrays were too long to find inserted items.
pub(super) fn paired(old: &Items, new: &Items, effort: &mut Effort) -> (Vec<Item>, bool) {
    let (anchors, is_coarse) = anchors(&old.digests, &new.digests, effort);
    let mut pairs =
        Pairs { used: vec![false; old.digests.len()], found: vec![None; new.digests.len()] };
    for (before, after) in &anchors {
        pairs.take(*before, *after, Item::Same);
    }
    let digests = |items: &Items| items.digests.iter().copied().map(Some).collect::<Vec<_>>();
    pairs.by_name(&digests(old), &digests(new), Item::Moved);
    pairs.by_name(&old.identities, &new.identities, Item::Paired);
    let mut from = (0, 0);
    for to in anchors.into_iter().chain([(old.digests.len(), new.digests.len())]) {
        pairs.by_place(from, to);
        from = (to.0 + 1, to.1 + 1);
    }
    (pairs.listed(), is_coarse)
}

/// Indexes of equal items in the same order.
pub(super) fn anchors(
    old: &[u64],
    new: &[u64],
    effort: &mut Effort,
) -> (Vec<(usize, usize)>, bool) {
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - head;
    let ends = old.iter().rev().zip(new.iter().rev()).take(rest);
    let tail = ends.take_while(|(old, new)| old == new).count();
    let middle = |all: &[u64]| all.get(head..all.len() - tail).unwrap_or_default().to_vec();
    let (before, after) = (middle(old), middle(new));
    let mut out: Vec<(usize, usize)> = (0..head).map(|at| (at, at)).collect();
    let is_coarse = !effort.affords(before.len() + after.len());
    if is_coarse {
        let places = before.iter().zip(&after).enumerate();
        out.extend(
            places.filter(|(_, (old, new))| old == new).map(|(at, _)| (head + at, head + at)),
        );
    } else {
        for op in capture_diff_slices(Algorithm::Myers, &before, &after) {
            if let DiffOp::Equal { old_index, new_index, len } = op {
                out.extend((0..len).map(|at| (head + old_index + at, head + new_index + at)));
            }
        }
    }
    let (old_tail, new_tail) = (old.len() - tail, new.len() - tail);
    out.extend((0..tail).map(|at| (old_tail + at, new_tail + at)));
    (out, is_coarse)
}

struct Pairs {
    used: Vec<bool>,
    found: Vec<Option<Item>>,
}

impl Pairs {
    fn take(&mut self, old: usize, new: usize, item: fn(usize, usize) -> Item) {
        if let (Some(used), Some(found)) = (self.used.get_mut(old), self.found.get_mut(new)) {
            (*used, *found) = (true, Some(item(old, new)));
        }
    }

    fn is_free(&self, old: usize) -> bool {
        self.used.get(old) == Some(&false)
    }

    fn is_unpaired(&self, new: usize) -> bool {
        self.found.get(new) == Some(&None)
    }

    fn by_name(
        &mut self,
        old: &[Option<u64>],
        new: &[Option<u64>],
        item: fn(usize, usize) -> Item,
    ) {
        let mut known: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for (at, name) in old.iter().enumerate() {
            if let Some(name) = name
                && self.is_free(at)
            {
                known.entry(*name).or_default().push_back(at);
            }
        }
        for (at, name) in new.iter().enumerate() {
            if self.is_unpaired(at)
                && let Some(name) = name
                && let Some(partner) = known.get_mut(name).and_then(VecDeque::pop_front)
            {
                self.take(partner, at, item);
            }
        }
    }

    fn by_place(&mut self, from: (usize, usize), to: (usize, usize)) {
        let mut after = from.1..to.1;
        for before in from.0..to.0 {
            if !self.is_free(before) {
                continue;
            }
            let Some(partner) = after.find(|at| self.is_unpaired(*at)) else { return };
            self.take(before, partner, Item::Paired);
        }
    }

    /// Lists all items in the order of the newer array. A removed item comes before the next one
    /// that was kept.
    fn listed(self) -> Vec<Item> {
        let free = self.used.iter().enumerate().filter(|(_, used)| !**used);
        let mut gone = free.map(|(at, _)| at).peekable();
        let mut out = Vec::with_capacity(self.found.len());
        for (at, item) in self.found.iter().enumerate() {
            if let Some(Item::Same(here, _) | Item::Paired(here, _)) = item {
                while let Some(before) = gone.next_if(|gone| gone < here) {
                    out.push(Item::Removed(before));
                }
            }
            out.push(item.unwrap_or(Item::Added(at)));
        }
        out.extend(gone.map(Item::Removed));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(old: &[u64], new: &[u64]) -> Vec<Item> {
        let plain =
            |all: &[u64]| Items { digests: all.to_vec(), identities: vec![None; all.len()] };
        paired(&plain(old), &plain(new), &mut Effort::default()).0
    }

    #[test]
    fn items_are_inserted_removed_and_moved() {
        use Item::{Added, Moved, Paired, Removed, Same};
        assert_eq!(listed(&[1, 2], &[9, 1, 2]), [Added(0), Same(0, 1), Same(1, 2)]);
        assert_eq!(listed(&[1, 2, 3], &[1, 3]), [Same(0, 0), Removed(1), Same(2, 1)]);
        assert_eq!(listed(&[1, 2, 3], &[1, 9, 3]), [Same(0, 0), Paired(1, 1), Same(2, 2)]);
        assert_eq!(listed(&[1, 2, 3], &[2, 3, 1]), [Same(1, 0), Same(2, 1), Moved(0, 2)]);
        assert_eq!(listed(&[], &[1]), [Added(0)]);
    }

    #[test]
    fn an_identity_pairs_changed_and_moved_items() {
        let old = Items { digests: vec![1, 2], identities: vec![Some(7), Some(8)] };
        let new = Items { digests: vec![3, 4], identities: vec![Some(8), Some(7)] };
        assert_eq!(
            paired(&old, &new, &mut Effort::default()).0,
            [Item::Paired(1, 0), Item::Paired(0, 1)]
        );
    }

    #[test]
    fn long_arrays_are_compared_index_by_index() {
        let old: Vec<u64> = (0..10_000).collect();
        let new: Vec<u64> =
            (0..10_000).map(|at| if at % 2 == 0 { at } else { at + 50_000 }).collect();
        let mut effort = Effort::default();
        let (long, is_coarse) = anchors(&old, &new, &mut effort);
        assert_eq!((long.len(), is_coarse), (5_000, true));
        // A range over the budget costs nothing, so short ranges are compared until the budget is
        // spent.
        let coarse = |_| anchors(&[1; 1_500], &[2; 1_500], &mut effort).1;
        assert_eq!((0..7).map(coarse).filter(|is_coarse| *is_coarse).count(), 2);
    }
}
