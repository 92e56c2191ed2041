//! Merges two lists of names: names in both lists, added ones, and removed ones.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Indexes in the older and the newer list.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// Pairs names; repeated names are paired in order. A removed name comes after its former
/// predecessor. Returns true if the names in both lists are in a different order.
pub(super) fn merged<K: Hash + Eq>(old: &[K], new: &[K]) -> (Vec<Pair>, bool) {
    let mut known: HashMap<&K, VecDeque<usize>> = HashMap::with_capacity(old.len());
    for (at, name) in old.iter().enumerate() {
        known.entry(name).or_default().push_back(at);
    }
    let partners: Vec<Option<usize>> =
        new.iter().map(|name| known.get_mut(name).and_then(VecDeque::pop_front)).collect();
    let mut gone = vec![true; old.len()];
    for partner in partners.iter().flatten() {
        if let Some(gone) = gone.get_mut(*partner) {
            *gone = false;
        }
    }
    let mut left = gone.iter().enumerate().filter(|(_, gone)| **gone).map(|(at, _)| at).peekable();
    let mut pairs = Vec::with_capacity(new.len());
    for (at, partner) in partners.iter().enumerate() {
        while let Some(before) = left.next_if(|gone| partner.is_some_and(|here| *gone < here)) {
            pairs.push((Some(before), None));
        }
        pairs.push((*partner, Some(at)));
    }
    pairs.extend(left.map(|at| (Some(at), None)));
    let is_reordered = !partners.iter().flatten().is_sorted();
    (pairs, is_reordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_paired() {
        let (pairs, is_reordered) = merged(&["a", "b", "c", "a"], &["a", "d", "c", "a", "a"]);
        let expected = [
            (Some(0), Some(0)),
            (None, Some(1)),
            (Some(1), None),
            (Some(2), Some(2)),
            (Some(3), Some(3)),
            (None, Some(4)),
        ];
        assert_eq!((pairs.as_slice(), is_reordered), (&expected[..], false));
        let (pairs, is_reordered) = merged(&["a", "b"], &["b", "a"]);
        assert_eq!((pairs.len(), is_reordered), (2, true));
    }
}
