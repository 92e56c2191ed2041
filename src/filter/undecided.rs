//! Deliveries that a filter leaves undecided until their bytes are read.

use super::{FilterRow, RowMatcher};
use crate::delivery::DeliveryId;

/// Deliveries with consecutive ids and the same results so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    pub first: DeliveryId,
    pub last: DeliveryId,
    /// Number of deliveries; ids may have gaps.
    pub rows: usize,
    /// Index in [`Undecided::known`].
    pub known: usize,
}

/// Deliveries that only their bytes can decide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undecided {
    pub runs: Vec<IdRange>,
    /// Known results of the filter's terms.
    pub known: Vec<Vec<Option<bool>>>,
    /// The last row was pushed, so the next one can extend its range.
    goes_on: bool,
    has_next: bool,
}

impl Undecided {
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Returns the number of deliveries.
    pub fn rows(&self) -> usize {
        self.runs.iter().map(|run| run.rows).sum()
    }

    /// Adds the current row, which the scan left undecided.
    pub fn push(&mut self, scan: &mut RowMatcher<'_>, id: DeliveryId, row: &impl FilterRow) {
        let known = scan.known(row);
        self.has_next = true;
        if let Some(run) = self.runs.last_mut()
            && self.goes_on
            && run.last < id
            && self.known.get(run.known).is_some_and(|same| same == known)
        {
            run.last = id;
            run.rows += 1;
            return;
        }
        let at = self.known.iter().position(|same| same == known).unwrap_or(self.known.len());
        if at == self.known.len() {
            self.known.push(known.to_vec());
        }
        self.runs.push(IdRange { first: id, last: id, rows: 1, known: at });
    }

    /// Advances to the next row of the table, by ascending id.
    pub fn next(&mut self) {
        self.goes_on = std::mem::take(&mut self.has_next);
    }

    /// Finishes the list and sorts it, newest first.
    #[must_use]
    pub fn finish(mut self) -> Self {
        self.runs.reverse();
        self.goes_on = false;
        self
    }
}
