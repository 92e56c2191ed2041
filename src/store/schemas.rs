//! Stored baselines, the schemas learned for each event type.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{StoreError, StoreReader};
use crate::delivery::DeliveryId;

/// A change to a baseline, made by one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaRecord {
    pub id: DeliveryId,
    pub provider: String,
    /// The event type.
    pub kind: String,
    /// The new baseline as text.
    pub paths: String,
    /// Schema changes found in the body, one sentence each; empty for the first body.
    pub changes: Vec<String>,
}

pub(super) fn keep(
    connection: &Connection,
    record: &SchemaRecord,
    revision: i64,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO shapes (provider, event_type, paths) VALUES (?1, ?2, ?3) \
               ON CONFLICT DO UPDATE SET paths = excluded.paths";
    connection.prepare_cached(sql)?.execute(params![record.provider, record.kind, record.paths])?;
    if !record.changes.is_empty() {
        let sql = "UPDATE deliveries SET shape = ?2, revision = ?3 WHERE id = ?1";
        let lines = record.changes.join("\n");
        connection.prepare_cached(sql)?.execute(params![record.id.0, lines, revision])?;
    }
    Ok(())
}

impl StoreReader {
    /// Returns the stored baseline of an event type, as text.
    pub fn baseline(&self, provider: &str, kind: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT paths FROM shapes WHERE provider = ?1 AND event_type = ?2";
        let found = self.connection.query_row(sql, params![provider, kind], |row| row.get(0));
        found.optional().map_err(|error| self.location.error(error))
    }
}
