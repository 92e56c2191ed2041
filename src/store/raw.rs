//! Reads the bytes of many deliveries, for searches.

use std::ops::{ControlFlow, RangeInclusive};

use rusqlite::params;

use super::{StoreError, StoreReader};
use crate::delivery::DeliveryId;

/// Borrowed bytes of a delivery; what was not requested is empty.
#[derive(Debug, Clone, Copy)]
pub struct RawRequest<'w> {
    pub head: &'w [u8],
    pub body: &'w [u8],
}

/// Bytes of a delivery to read.
#[derive(Debug, Clone, Copy)]
pub struct RawParts {
    pub head: bool,
    pub body: bool,
}

impl StoreReader {
    /// Passes the bytes of the deliveries between two ids to `show`, newest first, until it returns
    /// `Break`. Of several ranges, the newest comes first; all are read at one moment.
    pub fn for_each_raw_request(
        &self,
        ranges: &[RangeInclusive<DeliveryId>],
        parts: RawParts,
        show: impl FnMut(DeliveryId, RawRequest<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        self.at_one_moment(|| {
            let read = self.read_raw_requests(ranges, parts, show);
            read.map_err(|error| self.location.error(error))
        })
    }

    fn read_raw_requests(
        &self,
        ranges: &[RangeInclusive<DeliveryId>],
        parts: RawParts,
        mut show: impl FnMut(DeliveryId, RawRequest<'_>) -> ControlFlow<()>,
    ) -> rusqlite::Result<ControlFlow<()>> {
        let (Some(newest), Some(oldest)) = (ranges.first(), ranges.last()) else {
            return Ok(ControlFlow::Continue(()));
        };
        let head = if parts.head { "head" } else { "x''" };
        let body = if parts.body { "body" } else { "x''" };
        // A lookup per row would cost as much as reading it, and usually no delivery is removed.
        let hidden = if self.has_removed(*oldest.start(), *newest.end())? {
            "AND delivery_id NOT IN \
             (SELECT id FROM deliveries WHERE removed AND id BETWEEN ?1 AND ?2)"
        } else {
            ""
        };
        let sql = format!(
            "SELECT delivery_id, {head}, {body} FROM wire \
             WHERE delivery_id BETWEEN ?1 AND ?2 {hidden} ORDER BY delivery_id DESC"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        for ids in ranges {
            let mut rows = statement.query(params![ids.start().0, ids.end().0])?;
            while let Some(row) = rows.next()? {
                let request = RawRequest {
                    head: row.get_ref(1)?.as_blob()?,
                    body: row.get_ref(2)?.as_blob()?,
                };
                if show(DeliveryId(row.get(0)?), request).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn has_removed(&self, first: DeliveryId, last: DeliveryId) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE removed AND id BETWEEN ?1 AND ?2)";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_row(params![first.0, last.0], |row| row.get(0))
    }
}
