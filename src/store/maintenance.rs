//! Maintenance by a command that changes much of a store at once, while no listener has it open.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{NewDelivery, StoreError, annotate, location, lock, read, rows, schema, write};

/// Deliveries to keep when a store is pruned; the others are deleted, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// The newest N deliveries.
    Count(u64),
    /// The newest deliveries whose heads and bodies have this total size.
    Bytes(u64),
    /// Deliveries received since then.
    Since(Timestamp),
}

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

    /// Counts the deliveries that a retention would delete; marked ones stay.
    pub fn count_prunable(&self, retention: Retention) -> Result<u64, StoreError> {
        let last = self.last_prunable(retention).map_err(|error| self.location.error(error))?;
        let sql = "SELECT count(*) FROM deliveries WHERE id <= ?1 AND NOT marked AND NOT removed";
        let count: rusqlite::Result<i64> = self.connection.query_row(sql, [last], |row| row.get(0));
        let count = count.map_err(|error| self.location.error(error))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Deletes unmarked deliveries beyond a retention and shrinks the file.
    pub fn prune(&self, retention: Retention) -> Result<Pruned, StoreError> {
        let work = || {
            let before = size(&self.connection)?;
            let last = self.last_prunable(retention)?;
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
            while annotate::purge(&self.connection, i64::MAX)? {}
            self.connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
            let after = size(&self.connection)?;
            Ok(Pruned { deliveries: deleted as u64, before, after })
        };
        work().map_err(|error| self.location.error(error))
    }

    /// Returns the newest delivery to delete; 0 if there is none.
    fn last_prunable(&self, retention: Retention) -> rusqlite::Result<i64> {
        let number = |sql: &str, param: &dyn rusqlite::ToSql| {
            let found: Option<i64> =
                self.connection.query_row(sql, params![param], |row| row.get(0))?;
            Ok(found.unwrap_or(0))
        };
        match retention {
            Retention::Count(count) => {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                number(
                    "SELECT (SELECT id FROM deliveries ORDER BY id DESC LIMIT 1 OFFSET ?1)",
                    &count,
                )
            }
            Retention::Bytes(bytes) => number(
                "SELECT max(id) FROM (SELECT delivery_id AS id, \
                 sum(length(head) + length(body)) OVER (ORDER BY delivery_id DESC) AS total \
                 FROM wire) WHERE total > ?1",
                &i64::try_from(bytes).unwrap_or(i64::MAX),
            ),
            // Ends before the first recent one: deliveries imported later may be older.
            Retention::Since(since) => {
                let recent = "SELECT min(id) - 1 FROM deliveries WHERE received_at >= ?1";
                let found: Option<i64> =
                    self.connection
                        .query_row(recent, [rows::time_text(since)], |row| row.get(0))?;
                match found {
                    Some(last) => Ok(last),
                    None => number("SELECT max(id) FROM deliveries WHERE ?1", &true),
                }
            }
        }
    }
}

fn size(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let size = number("PRAGMA page_count")?.saturating_mul(number("PRAGMA page_size")?);
    Ok(u64::try_from(size).unwrap_or_default())
}
