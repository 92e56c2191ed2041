//! Deliveries that a filter selects, by the same rules in every front end.

use jiff::Timestamp;

use crate::delivery::{Delivery, DeliveryId, Summary};
use crate::filter::Filter;
use crate::store::{StoreError, StoreReader};

/// Rows read at a time.
const PAGE: usize = 500;

/// A filter, and the time that its `since:` and `until:` are relative to.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    filter: Filter,
    now: Timestamp,
}

impl Selection {
    pub(crate) fn new(filter: Filter, now: Timestamp) -> Self {
        Self { filter, now }
    }

    pub(crate) fn matches(&self, delivery: &Delivery) -> bool {
        self.filter.matches(delivery, self.now)
    }

    /// Returns the ids of the newest deliveries that match, oldest first.
    pub(crate) fn ids(
        &self,
        reader: &StoreReader,
        limit: Option<usize>,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let mut found = Vec::new();
        self.each_newest(reader, None, limit.unwrap_or(usize::MAX), |row| found.push(row.id))?;
        found.reverse();
        Ok(found)
    }

    /// Returns the newest deliveries that match, newest first, or those before `before`.
    pub(crate) fn newest(
        &self,
        reader: &StoreReader,
        before: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<Summary>, StoreError> {
        let mut found = Vec::new();
        self.each_newest(reader, before, limit, |row| found.push(row))?;
        Ok(found)
    }

    fn each_newest(
        &self,
        reader: &StoreReader,
        mut before: Option<DeliveryId>,
        limit: usize,
        mut take: impl FnMut(Summary),
    ) -> Result<(), StoreError> {
        let mut left = limit;
        while left > 0 {
            let page = reader.newest(before, PAGE)?;
            let Some(oldest) = page.last() else { break };
            before = Some(oldest.id);
            for row in page {
                if left > 0 && self.passes(reader, &row)? {
                    left -= 1;
                    take(row);
                }
            }
        }
        Ok(())
    }

    /// Tests the row, and loads its bytes only if they decide.
    pub(crate) fn passes(&self, reader: &StoreReader, row: &Summary) -> Result<bool, StoreError> {
        if let Some(verdict) = self.filter.test(row, self.now) {
            return Ok(verdict);
        }
        let delivery = reader.delivery(row.id)?;
        Ok(delivery.is_some_and(|delivery| self.matches(&delivery)))
    }
}
