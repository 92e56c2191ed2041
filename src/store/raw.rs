//! Reading the bytes of many deliveries, for searches.

use std::ops::{ControlFlow, RangeInclusive};

use rusqlite::params;

use super::{StoreError, StoreReader};
use crate::delivery::DeliveryId;

/// How much of a store a searching connection maps into memory at most, in bytes. A page that is
/// mapped is read where it lies; SQLite would copy it first.
const MAPPED: i64 = 1 << 40;

/// The bytes of a delivery where they lie.
#[derive(Debug, Clone, Copy)]
pub struct RawRequest<'w> {
    /// Empty unless it was asked for.
    pub head: &'w [u8],
    pub body: &'w [u8],
}

impl StoreReader {
    /// Makes this connection one that reads many bodies quickly.
    pub fn for_searching(self) -> Result<Self, StoreError> {
        let mapped = self.connection.pragma_update(None, "mmap_size", MAPPED);
        mapped.map_err(|error| self.location.error(error))?;
        Ok(self)
    }

    fn has_removed(&self, ids: &RangeInclusive<DeliveryId>) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE removed AND id BETWEEN ?1 AND ?2)";
        let told = self.connection.prepare_cached(sql).and_then(|mut statement| {
            statement.query_row(params![ids.start().0, ids.end().0], |row| row.get(0))
        });
        told.map_err(|error| self.location.error(error))
    }

    /// Shows the bytes of the deliveries between two ids, newest first, until told to stop.
    pub fn wires(
        &self,
        ids: RangeInclusive<DeliveryId>,
        with_head: bool,
        mut show: impl FnMut(DeliveryId, RawRequest<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let head = if with_head { "head" } else { "x''" };
        // To look each up would cost as much as to read it, and mostly there are none.
        let hidden = if self.has_removed(&ids)? {
            "AND delivery_id NOT IN \
             (SELECT id FROM deliveries WHERE removed AND id BETWEEN ?1 AND ?2)"
        } else {
            ""
        };
        let sql = format!(
            "SELECT delivery_id, {head}, body FROM wire \
             WHERE delivery_id BETWEEN ?1 AND ?2 {hidden} ORDER BY delivery_id DESC"
        );
        let mut read = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![ids.start().0, ids.end().0])?;
            while let Some(row) = rows.next()? {
                let wire = RawRequest {
                    head: row.get_ref(1)?.as_blob()?,
                    body: row.get_ref(2)?.as_blob()?,
                };
                if show(DeliveryId(row.get(0)?), wire).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        };
        read().map_err(|error: rusqlite::Error| self.location.error(error))
    }
}
