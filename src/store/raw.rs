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
    fn has_removed(&self, ids: &RangeInclusive<DeliveryId>) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE removed AND id BETWEEN ?1 AND ?2)";
        let found = self.connection.prepare_cached(sql).and_then(|mut statement| {
            statement.query_row(params![ids.start().0, ids.end().0], |row| row.get(0))
        });
        found.map_err(|error| self.location.error(error))
    }

    /// Passes the bytes of the deliveries between two ids to `show`, newest first, until it returns
    /// `Break`.
    pub fn for_each_raw_request(
        &self,
        ids: RangeInclusive<DeliveryId>,
        parts: RawParts,
        mut show: impl FnMut(DeliveryId, RawRequest<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let head = if parts.head { "head" } else { "x''" };
        let body = if parts.body { "body" } else { "x''" };
        // A lookup per row would cost as much as reading it, and usually no delivery is removed.
        let hidden = if self.has_removed(&ids)? {
            "AND delivery_id NOT IN \
             (SELECT id FROM deliveries WHERE removed AND id BETWEEN ?1 AND ?2)"
        } else {
            ""
        };
        let sql = format!(
            "SELECT delivery_id, {head}, {body} FROM wire \
             WHERE delivery_id BETWEEN ?1 AND ?2 {hidden} ORDER BY delivery_id DESC"
        );
        let mut read = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
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
            Ok(ControlFlow::Continue(()))
        };
        read().map_err(|error: rusqlite::Error| self.location.error(error))
    }
}
