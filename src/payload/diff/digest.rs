//! A number for each value of a tree; equal values have equal numbers.

use std::hash::{BuildHasher, RandomState};

use crate::payload::json_tree::{JsonKind, JsonTree};

/// Digests of two trees that can be compared with each other. The hash key is random each time, so
/// senders cannot craft different values with equal digests.
pub(super) struct Digests {
    pub(super) old: Vec<u64>,
    pub(super) new: Vec<u64>,
}

impl Digests {
    pub(super) fn of(old: &JsonTree, new: &JsonTree) -> Self {
        let state = RandomState::new();
        Self { old: digests(old, &state), new: digests(new, &state) }
    }
}

/// Goes from the last row to the first, so that the digests in a container are known before its
/// own. The order of items counts, the order of keys does not; strings are compared by value,
/// numbers as written.
fn digests(tree: &JsonTree, state: &RandomState) -> Vec<u64> {
    let mut out = vec![0_u64; tree.len()];
    for row in (0..tree.len()).rev() {
        let (Some(kind), Some(node)) = (tree.kind(row), tree.node(row)) else { continue };
        if kind.is_end() {
            continue;
        }
        let inside = out.get(row).copied().unwrap_or(0);
        let digest = match kind {
            JsonKind::Object | JsonKind::EmptyObject => state.hash_one((1, inside)),
            JsonKind::Array | JsonKind::EmptyArray => state.hash_one((2, inside)),
            JsonKind::String => state.hash_one((3, node.string())),
            _ => state.hash_one((4, node.source())),
        };
        if let Some(place) = out.get_mut(row) {
            *place = digest;
        }
        let Some(parent) = tree.parent(row) else { continue };
        let member = match node.key() {
            Some(key) => state.hash_one((key, digest)),
            None => state.hash_one((tree.ordinal(row), digest)),
        };
        if let Some(sum) = out.get_mut(parent) {
            *sum = sum.wrapping_add(member);
        }
    }
    out
}
