//! Follows a store that a listener in another process writes.
//!
//! SQLite notifies nobody of a commit, and watching the file reports some commits late and others
//! not at all, depending on the file system. Its `data_version` is exact and costs next to nothing,
//! so it is read twenty times a second.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::selection::Selection;
use crate::delivery::{Delivery, DeliveryId};
use crate::store::{StoreError, StoreReader};

/// Time between two checks of the store.
pub(super) const PACE: Duration = Duration::from_millis(50);

/// A forward gives up earlier than this, so a delivery without a response never gets one: its
/// listener was killed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Deliveries that are read at a time; a body may be large.
const PAGE: usize = 64;

/// Sends every delivery after `last` that matches and is settled, until nobody receives `found`.
/// Blocks.
pub(crate) fn follow(
    reader: StoreReader,
    last: DeliveryId,
    selection: &Selection,
    found: &mpsc::Sender<Delivery>,
) -> Result<(), StoreError> {
    let mut tail = StoreTail::new(reader, last);
    while tail.wait(None, &|| !found.is_closed())? == Waited::Changed {
        loop {
            for delivery in tail.settled()? {
                if selection.matches(&delivery) && found.blocking_send(delivery).is_err() {
                    return Ok(());
                }
            }
            if tail.is_at_the_end()? {
                break;
            }
        }
    }
    Ok(())
}

/// Reason why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    Changed,
    TimedOut,
    /// Nobody receives the result.
    Unwanted,
}

/// A position in a store, and the deliveries before it that are not settled.
pub(super) struct StoreTail {
    reader: StoreReader,
    version: i64,
    last: DeliveryId,
    /// Deliveries without a response or a cause so far, and when they were first seen.
    open: Vec<(DeliveryId, Instant)>,
}

impl StoreTail {
    /// Starts after the delivery `last`.
    pub(super) fn new(reader: StoreReader, last: DeliveryId) -> Self {
        // SQLite never has this version, so the first check always reads.
        Self { reader, version: -1, last, open: Vec::new() }
    }

    /// Returns deliveries that are not settled.
    pub(super) fn unsettled(&self) -> Result<Vec<Delivery>, StoreError> {
        let ids = self.open.iter().map(|(id, _)| *id);
        ids.filter_map(|id| self.reader.delivery(id).transpose()).collect()
    }

    /// Waits for a commit, at most until `end`.
    pub(super) fn wait(
        &mut self,
        end: Option<Instant>,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Waited, StoreError> {
        loop {
            self.reader.refresh()?;
            let version = self.reader.data_version()?;
            if version != self.version {
                self.version = version;
                return Ok(Waited::Changed);
            }
            if !is_wanted() {
                return Ok(Waited::Unwanted);
            }
            let now = now();
            if end.is_some_and(|end| now >= end) {
                return Ok(Waited::TimedOut);
            }
            if self.open.iter().any(|(_, since)| now - *since > PATIENCE) {
                return Ok(Waited::Changed);
            }
            thread::sleep(end.map_or(PACE, |end| PACE.min(end - now)));
        }
    }

    /// Returns a page of deliveries that were received since and are settled: responded to, and
    /// diagnosed.
    pub(super) fn settled(&mut self) -> Result<Vec<Delivery>, StoreError> {
        let now = now();
        let mut settled = Vec::new();
        let mut open = Vec::new();
        for (id, since) in std::mem::take(&mut self.open) {
            match self.reader.delivery(id)? {
                Some(one) if one.summary.is_settled() || now - since > PATIENCE => {
                    settled.push(one);
                }
                Some(_) => open.push((id, since)),
                // It was deleted in the meantime.
                None => {}
            }
        }
        for one in self.reader.deliveries_after(self.last, PAGE)? {
            self.last = one.summary.id;
            if one.summary.is_settled() {
                settled.push(one);
            } else {
                open.push((one.summary.id, now));
            }
        }
        self.open = open;
        Ok(settled)
    }

    /// Returns whether everything in the store was read.
    pub(super) fn is_at_the_end(&self) -> Result<bool, StoreError> {
        Ok(self.reader.last_id()? <= self.last)
    }
}

#[expect(clippy::disallowed_methods, reason = "a wait has to know how long it took")]
pub(super) fn now() -> Instant {
    Instant::now()
}
