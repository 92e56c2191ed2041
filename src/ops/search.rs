//! Evaluates a filter on the bytes of deliveries, newest first, on any number of threads.
//!
//! Deliveries left undecided by their rows are passed as [`Undecided`] ranges of ids. Each thread
//! takes the next block of them and reads it in one transaction, in the order of the store's pages.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::delivery::DeliveryId;
use crate::filter::{Filter, IdRange, Undecided};
use crate::store::{RawParts, StoreError, StoreReader};

/// Deliveries after which a thread first reports its results. The number grows, so that the first
/// results are reported at once, and the receiver has little to do later.
const FIRST_STEP: usize = 64;
const LAST_STEP: usize = 8192;

/// Deliveries read in one transaction; cancelling waits for at most one block. A filter such as
/// `type:message.*` leaves ranges of one or two deliveries, and a transaction for each would cost
/// several times as much as reading them.
const BLOCK: usize = 1024;

/// A search, shared by its threads.
#[derive(Debug)]
pub struct StoreSearch {
    filter: Filter,
    known: Vec<Vec<Option<bool>>>,
    /// Ranges of at most one block, newest first.
    ranges: Vec<IdRange>,
    /// Indexes of the ranges of each block.
    blocks: Vec<Range<usize>>,
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
        let ranges: Vec<IdRange> = open.runs.iter().flat_map(|run| split(*run)).collect();
        let blocks = blocks_of(&ranges);
        Self { filter, known: open.known, ranges, blocks, next: AtomicUsize::new(0) }
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
        // A regex keeps its scratch memory for one thread, and others pay for sharing it.
        let filter = self.filter.clone();
        let matcher = filter.body_matcher();
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
            let ids: Vec<_> = block.iter().map(|range| range.first..=range.last).collect();
            let rows = rows_of(block);
            let mut seen = 0;
            let mut place = 0;
            let read = reader.for_each_raw_request(&ids, parts, |id, wire| {
                while block.get(place).is_some_and(|range| id < range.first) {
                    place += 1;
                }
                let known = block.get(place).and_then(|range| self.known.get(range.known));
                if matcher.passes(known.map_or(&[], Vec::as_slice), wire.head, wire.body) {
                    findings.ids.push(id);
                }
                if seen < rows {
                    seen += 1;
                    findings.tested += 1;
                    tell_if(&mut findings, false);
                }
                ControlFlow::Continue(())
            });
            // Deliveries deleted in the meantime count as tested.
            findings.tested += rows - seen;
            tell_if(&mut findings, read.is_err());
            let _: ControlFlow<()> = read?;
        }
        tell_if(&mut findings, true);
        Ok(())
    }

    fn take(&self) -> Option<&[IdRange]> {
        let block = self.blocks.get(self.next.fetch_add(1, Ordering::Relaxed))?;
        self.ranges.get(block.clone())
    }
}

fn rows_of(ranges: &[IdRange]) -> usize {
    ranges.iter().map(|range| range.rows).sum()
}

/// Returns the indexes of the ranges of each block.
fn blocks_of(ranges: &[IdRange]) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut rows = 0;
    for (at, range) in ranges.iter().enumerate() {
        rows += range.rows;
        match blocks.last_mut() {
            Some(block) if rows <= BLOCK => block.end = at + 1,
            _ => {
                blocks.push(at..at + 1);
                rows = range.rows;
            }
        }
    }
    blocks
}

/// Splits a range into ranges of at most one block, newest first. Each has its share of the rows,
/// although ids may have gaps.
fn split(run: IdRange) -> impl Iterator<Item = IdRange> {
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

    fn range(first: i64, last: i64, rows: usize) -> IdRange {
        IdRange { first: DeliveryId(first), last: DeliveryId(last), rows, known: 3 }
    }

    #[test]
    fn ranges_cover_a_run_and_share_its_rows() {
        for (first, last, rows) in [(1, 1, 1), (1, 1024, 1024), (5, 4000, 3000), (1, 9000, 2)] {
            let run = range(first, last, rows);
            let ranges: Vec<IdRange> = split(run).collect();
            assert_eq!(rows_of(&ranges), rows);
            assert_eq!((ranges[0].last, ranges[ranges.len() - 1].first), (run.last, run.first));
            for pair in ranges.windows(2) {
                assert_eq!(pair[0].first.0, pair[1].last.0 + 1);
            }
        }
    }

    #[test]
    fn scattered_deliveries_are_read_in_blocks() {
        let single = |id: i64| range(id, id, 1);
        let ranges: Vec<IdRange> = (1..=2500).rev().map(|number| single(number * 8)).collect();
        assert_eq!(blocks_of(&ranges), [0..1024, 1024..2048, 2048..2500]);
        let ranges = [range(3000, 3999, 1000), range(2900, 2950, 30), single(7), single(5)];
        assert_eq!(blocks_of(&ranges), [0..1, 1..4]);
    }
}
