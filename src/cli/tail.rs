//! Follows the store of a listener that is another process.
//!
//! SQLite tells nobody of a commit, and watching the file would tell of some commits late and of
//! others not at all, by file system. Its `data_version` is exact and costs next to nothing, so it
//! is asked twenty times a second.

use std::thread;
use std::time::{Duration, Instant};

use super::CliError;
use crate::delivery::{Delivery, DeliveryId, Source};
use crate::store::StoreReader;

const PACE: Duration = Duration::from_millis(50);

/// A forward gives up earlier than this, so what is still without an answer never gets one: its
/// listener was killed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Deliveries read at a time; a body may be large.
const PAGE: usize = 64;

pub(super) struct StoreTail {
    reader: StoreReader,
    version: i64,
    last: DeliveryId,
    /// Those whose answer or cause is not known yet, and when they were first seen.
    open: Vec<(DeliveryId, Instant)>,
}

impl StoreTail {
    /// Follows from the delivery after `last` on.
    pub(super) fn new(reader: StoreReader, last: DeliveryId) -> Self {
        // Not a version of SQLite's, so that the first look always happens.
        Self { reader, version: -1, last, open: Vec::new() }
    }

    /// Those that are not settled.
    pub(super) fn unsettled(&self) -> Result<Vec<Delivery>, CliError> {
        let ids = self.open.iter().map(|(id, _)| *id);
        let found = ids.filter_map(|id| self.reader.delivery(id).transpose());
        found.collect::<Result<_, _>>().map_err(CliError::environment)
    }

    /// Waits until somebody has committed, or until `end`; false if it is that.
    pub(super) fn wait(&mut self, end: Option<Instant>) -> Result<bool, CliError> {
        loop {
            let version = self.reader.data_version().map_err(CliError::environment)?;
            if version != self.version {
                self.version = version;
                return Ok(true);
            }
            let now = now();
            if end.is_some_and(|end| now >= end) {
                return Ok(false);
            }
            if self.open.iter().any(|(_, since)| now - *since > PATIENCE) {
                return Ok(true);
            }
            thread::sleep(end.map_or(PACE, |end| PACE.min(end - now)));
        }
    }

    /// Deliveries that have come and are settled: answered, and their cause looked for. At most a
    /// page; nothing once all have been given.
    pub(super) fn settled(&mut self) -> Result<Vec<Delivery>, CliError> {
        let now = now();
        let mut settled = Vec::new();
        let mut open = Vec::new();
        for (id, since) in std::mem::take(&mut self.open) {
            match self.reader.delivery(id).map_err(CliError::environment)? {
                Some(one) if is_settled(&one) || now - since > PATIENCE => settled.push(one),
                Some(_) => open.push((id, since)),
                // It was deleted meanwhile.
                None => {}
            }
        }
        for one in self.reader.deliveries_after(self.last, PAGE).map_err(CliError::environment)? {
            self.last = one.summary.id;
            if is_settled(&one) {
                settled.push(one);
            } else {
                open.push((one.summary.id, now));
            }
        }
        self.open = open;
        Ok(settled)
    }

    /// Whether everything that is there has been read.
    pub(super) fn is_at_the_end(&self) -> Result<bool, CliError> {
        Ok(self.reader.last_id().map_err(CliError::environment)? <= self.last)
    }
}

/// What was imported was never answered.
fn is_settled(delivery: &Delivery) -> bool {
    let summary = &delivery.summary;
    (summary.response.is_some() || summary.request.source == Source::Import) && !summary.diagnosing
}

#[expect(clippy::disallowed_methods, reason = "a command that waits has to know for how long")]
pub(super) fn now() -> Instant {
    Instant::now()
}
