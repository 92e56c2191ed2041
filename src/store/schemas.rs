//! What the bodies of each type looked like so far.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{StoreError, StoreReader};
use crate::delivery::DeliveryId;

/// A body that taught something of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaRecord {
    pub id: DeliveryId,
    pub provider: String,
    /// The event type.
    pub kind: String,
    /// The paths that are known from now on, as text.
    pub paths: String,
    /// What was new in it, a sentence each; none where there was nothing to compare it with.
    pub changes: Vec<String>,
}

pub(super) fn keep(
    connection: &Connection,
    seen: &SchemaRecord,
    revision: i64,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO shapes (provider, event_type, paths) VALUES (?1, ?2, ?3) \
               ON CONFLICT DO UPDATE SET paths = excluded.paths";
    connection.prepare_cached(sql)?.execute(params![seen.provider, seen.kind, seen.paths])?;
    if !seen.changes.is_empty() {
        let sql = "UPDATE deliveries SET shape = ?2, revision = ?3 WHERE id = ?1";
        let lines = seen.changes.join("\n");
        connection.prepare_cached(sql)?.execute(params![seen.id.0, lines, revision])?;
    }
    Ok(())
}

impl StoreReader {
    /// The paths that are known of a type, as they were kept by [`super::Store::shape_seen`].
    pub fn shape(&self, provider: &str, kind: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT paths FROM shapes WHERE provider = ?1 AND event_type = ?2";
        let found = self.connection.query_row(sql, params![provider, kind], |row| row.get(0));
        found.optional().map_err(|error| self.location.error(error))
    }
}
