//! Maintenance by a command that changes much of a store at once, while no listener has it open.

use std::path::Path;

use rusqlite::Connection;

use super::{
    NewDelivery, Retention, StoreError, annotate, location, lock, read, retention, schema, write,
};

/// A store, locked until dropped.
#[derive(Debug)]
pub struct Maintenance {
    connection: Connection,
    location: location::StoreLocation,
    _lock: lock::Lock,
}

/// Result of pruning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    pub deliveries: u64,
    /// Size of the file before and after, in bytes.
    pub before: u64,
    pub after: u64,
}

impl Maintenance {
    /// Opens a store, or creates it if `create` is set; fails at once if a listener has it open.
    pub fn open(path: &Path, holder: &str, create: bool) -> Result<Self, StoreError> {
        let location = location::StoreLocation::File(path.to_owned());
        if !create && !path.exists() {
            return Err(StoreError::Absent { path: location.display() });
        }
        location::prepare(path)?;
        let lock = lock::take(path, holder)?;
        location::create(path)?;
        let connection = location::open_for_writing(&location)?;
        schema::migrate(&connection, &location)?;
        Ok(Self { connection, location, _lock: lock })
    }

    /// Stores deliveries in one transaction: all of them, or none.
    pub fn keep_all(&self, new: &[NewDelivery]) -> Result<(), StoreError> {
        let work = || {
            let transaction = self.connection.unchecked_transaction()?;
            let first = read::revision(&transaction)? + 1;
            for (revision, delivery) in (first..).zip(new) {
                write::keep(&transaction, delivery, revision)?;
            }
            transaction.commit()
        };
        work().map_err(|error| self.location.error(error))
    }

    /// Deletes unmarked deliveries beyond a retention and shrinks the file.
    pub fn prune(&self, retention: Retention) -> Result<Pruned, StoreError> {
        let work = || {
            let before = size(&self.connection)?;
            let last = retention::last_prunable(&self.connection, retention)?;
            // References to deleted deliveries are cleared, without looking for a new first
            // delivery.
            let deleted = self.connection.execute(
                "UPDATE deliveries SET removed = 1, duplicate_of = NULL \
                 WHERE id <= ?1 AND NOT marked",
                [last],
            )?;
            self.connection.execute(
                "UPDATE deliveries SET duplicate_of = NULL \
                 WHERE duplicate_of IN (SELECT id FROM deliveries WHERE removed)",
                [],
            )?;
            while annotate::purge(&self.connection, annotate::Purge::ALL)? {}
            self.connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
            let after = size(&self.connection)?;
            Ok(Pruned { deliveries: deleted as u64, before, after })
        };
        work().map_err(|error| self.location.error(error))
    }
}

fn size(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let size = number("PRAGMA page_count")?.saturating_mul(number("PRAGMA page_size")?);
    Ok(u64::try_from(size).unwrap_or_default())
}
