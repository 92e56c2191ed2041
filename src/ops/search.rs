//! Evaluates a filter on the bytes of deliveries, newest first, on any number of threads.
//!
//! Deliveries left undecided by their rows are passed as [`Undecided`] ranges of ids. Each thread
//! takes the next block of them and reads it with one statement, in the order of the store's pages.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::delivery::DeliveryId;
use crate::filter::{Filter, IdRange, Undecided};
use crate::store::{RawParts, StoreError, StoreReader};

/// Deliveries after which a thread first reports its results. The number grows, so that the first
/// results are reported at once, and the receiver has little to do later.
const FIRST_STEP: usize = 64;
const LAST_STEP: usize = 8192;

/// Ids read with one statement; cancelling waits for at most one block.
const BLOCK: usize = 1024;

/// A search, shared by its threads.
#[derive(Debug)]
pub struct StoreSearch {
    filter: Filter,
    known: Vec<Vec<Option<bool>>>,
    blocks: Vec<IdRange>,
    next: AtomicUsize,
}

/// Results of a thread since its last report.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SearchBatch {
    pub ids: Vec<DeliveryId>,
    /// Number of tested deliveries. Over all threads and reports, they add up to
    /// [`Undecided::rows`].
    pub tested: usize,
}

impl StoreSearch {
    pub fn new(filter: Filter, open: Undecided) -> Self {
        let blocks = open.runs.iter().flat_map(|run| blocks_of(*run)).collect();
        Self { filter, known: open.known, blocks, next: AtomicUsize::new(0) }
    }

    /// Returns the number of threads that can be used.
    pub fn width(&self) -> usize {
        self.blocks.len()
    }

    /// Tests blocks that no other thread has taken, until all are done or the search is canceled.
    pub fn run(
        &self,
        reader: &StoreReader,
        is_wanted: impl Fn() -> bool,
        mut tell: impl FnMut(SearchBatch),
    ) -> Result<(), StoreError> {
        let matcher = self.filter.body_matcher();
        let parts = RawParts { head: matcher.needs_head(), body: matcher.needs_body() };
        let mut findings = SearchBatch::default();
        let mut step = FIRST_STEP;
        let mut tell_if = |findings: &mut SearchBatch, is_last: bool| {
            if findings.tested >= step || (is_last && findings.tested > 0) {
                step = (step * 2).min(LAST_STEP);
                tell(std::mem::take(findings));
            }
        };
        while let Some(block) = self.take() {
            if !is_wanted() {
                return Ok(());
            }
            let known = self.known.get(block.known).map(Vec::as_slice).unwrap_or_default();
            let mut seen = 0;
            let ids = block.first..=block.last;
            let read = reader.for_each_raw_request(ids, parts, |id, wire| {
                if matcher.passes(known, wire.head, wire.body) {
                    findings.ids.push(id);
                }
                if seen < block.rows {
                    seen += 1;
                    findings.tested += 1;
                    tell_if(&mut findings, false);
                }
                ControlFlow::Continue(())
            });
            // Deliveries deleted in the meantime count as tested.
            findings.tested += block.rows - seen;
            tell_if(&mut findings, read.is_err());
            let _: ControlFlow<()> = read?;
        }
        tell_if(&mut findings, true);
        Ok(())
    }

    fn take(&self) -> Option<&IdRange> {
        self.blocks.get(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// Splits a range into blocks, newest first. Each has its share of the rows, although ids may have
/// gaps.
fn blocks_of(run: IdRange) -> impl Iterator<Item = IdRange> {
    let size = i64::try_from(BLOCK).unwrap_or(i64::MAX);
    let mut end = run.last.0;
    let mut rows = run.rows;
    std::iter::from_fn(move || {
        if end < run.first.0 {
            return None;
        }
        let first = run.first.0.max(end.saturating_sub(size - 1));
        let share = if first == run.first.0 { rows } else { rows.min(BLOCK) };
        let block = IdRange { first: DeliveryId(first), last: DeliveryId(end), rows: share, ..run };
        rows -= share;
        end = first - 1;
        Some(block)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_a_run_and_share_its_rows() {
        for (first, last, rows) in [(1, 1, 1), (1, 1024, 1024), (5, 4000, 3000), (1, 9000, 2)] {
            let run = IdRange { first: DeliveryId(first), last: DeliveryId(last), rows, known: 3 };
            let blocks: Vec<IdRange> = blocks_of(run).collect();
            assert_eq!(blocks.iter().map(|block| block.rows).sum::<usize>(), rows);
            assert_eq!((blocks[0].last, blocks[blocks.len() - 1].first), (run.last, run.first));
            for pair in blocks.windows(2) {
                assert_eq!(pair[0].first.0, pair[1].last.0 + 1);
            }
        }
    }
}
