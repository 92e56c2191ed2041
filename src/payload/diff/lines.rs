//! Compares two payloads line by line, as their rows display them.

use std::hash::{BuildHasher, RandomState};

use super::array::{Effort, anchors};
use super::{Diff, DiffRow, Mark};
use crate::payload::document::Document;

/// Maximum number of compared rows.
const MAX_LINES: usize = 100_000;

pub(super) fn diff(old: &Document, new: &Document) -> Diff {
    let state = RandomState::new();
    let digests = |document: &Document| -> Vec<u64> {
        let rows = (0..document.row_count().min(MAX_LINES)).filter_map(|row| document.line(row));
        rows.map(|line| state.hash_one(line)).collect()
    };
    let (before, after) = (digests(old), digests(new));
    let (anchors, is_coarse) = anchors(&before, &after, &mut Effort::default());
    let mut diff = Diff { rows: Vec::new(), notes: vec!["compared line by line".to_owned()] };
    let mut from = (0, 0);
    for to in anchors.into_iter().chain([(before.len(), after.len())]) {
        let gone = (from.0..to.0).map(|row| DiffRow::new(Mark::Removed, Some(row), None));
        let come = (from.1..to.1).map(|row| DiffRow::new(Mark::Added, None, Some(row)));
        diff.rows.extend(gone.chain(come));
        if to.0 < before.len() && to.1 < after.len() {
            diff.rows.push(DiffRow::new(Mark::Same, Some(to.0), Some(to.1)));
        }
        from = (to.0 + 1, to.1 + 1);
    }
    if is_coarse {
        let what = "too many changed lines to align them";
        diff.notes.push(what.to_owned());
    }
    if old.row_count().max(new.row_count()) > MAX_LINES {
        diff.notes.push(format!("only the first {MAX_LINES} lines are compared"));
    }
    diff
}
