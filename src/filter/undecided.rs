//! What a filter leaves open until bytes are read.

use super::{FilterRow, RowMatcher};
use crate::delivery::DeliveryId;

/// Deliveries with neighbouring ids, all of which are open in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    pub first: DeliveryId,
    pub last: DeliveryId,
    /// How many there are; ids can have gaps.
    pub rows: usize,
    /// Which of [`Undecided::known`] holds for them.
    pub known: usize,
}

/// Deliveries that only their bytes can decide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undecided {
    pub runs: Vec<IdRange>,
    /// What is known of the terms of the filter.
    pub known: Vec<Vec<Option<bool>>>,
    /// Whether the last row was pushed, so that the next one can go on with its run.
    goes_on: bool,
    has_next: bool,
}

impl Undecided {
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// How many deliveries these are.
    pub fn rows(&self) -> usize {
        self.runs.iter().map(|run| run.rows).sum()
    }

    /// Takes the row at hand, which a scan left open.
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

    /// Goes on to the next row of the table, by rising id.
    pub fn next(&mut self) {
        self.goes_on = std::mem::take(&mut self.has_next);
    }

    /// Ends it: the newest come first.
    #[must_use]
    pub fn finish(mut self) -> Self {
        self.runs.reverse();
        self.goes_on = false;
        self
    }
}
