//! A store that no listener holds, in the hands of a command that changes much of it at once.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{NewDelivery, StoreError, annotate, location, lock, read, rows, schema, write};

/// What is kept of a store when it is pruned; the rest goes, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// The newest so many.
    Count(u64),
    /// The newest whose bodies and heads take so many bytes together.
    Bytes(u64),
    /// Those that came since then.
    Since(Timestamp),
}

/// A store that is held for as long as this lives.
#[derive(Debug)]
pub struct Maintenance {
    connection: Connection,
    location: location::StoreLocation,
    _lock: lock::Lock,
}

/// What pruning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    pub deliveries: u64,
    /// Size of the file before and after, in bytes.
    pub before: u64,
    pub after: u64,
}

impl Maintenance {
    /// Opens a store, or makes one if `make` says so; fails at once if a listener holds it.
    pub fn open(path: &Path, holder: &str, make: bool) -> Result<Self, StoreError> {
        let location = location::StoreLocation::File(path.to_owned());
        if !make && !path.exists() {
            return Err(StoreError::Absent { path: location.shown() });
        }
        location::prepare(path)?;
        let lock = lock::take(path, holder)?;
        location::create(path)?;
        let connection = location::open_for_writing(&location)?;
        schema::migrate(&connection, &location)?;
        Ok(Self { connection, location, _lock: lock })
    }

    /// Keeps deliveries in one transaction: all of them, or none.
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

    /// How many deliveries a retention would let go; marked ones stay.
    pub fn beyond(&self, retention: Retention) -> Result<u64, StoreError> {
        let last = self.last_beyond(retention).map_err(|error| self.location.error(error))?;
        let sql = "SELECT count(*) FROM deliveries WHERE id <= ?1 AND NOT marked AND NOT removed";
        let count: rusqlite::Result<i64> = self.connection.query_row(sql, [last], |row| row.get(0));
        let count = count.map_err(|error| self.location.error(error))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Lets go what is beyond a retention and not marked, and gives the space back.
    pub fn prune(&self, retention: Retention) -> Result<Pruned, StoreError> {
        let work = || {
            let before = size(&self.connection)?;
            let last = self.last_beyond(retention)?;
            // A repetition whose first one goes is a repetition still, of one that is not there.
            let gone = self.connection.execute(
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
            Ok(Pruned { deliveries: gone as u64, before, after })
        };
        work().map_err(|error| self.location.error(error))
    }

    /// The newest delivery that goes; 0 if none does.
    fn last_beyond(&self, retention: Retention) -> rusqlite::Result<i64> {
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
            // Up to the first that is young enough: what was imported later may be older.
            Retention::Since(since) => {
                let young = "SELECT min(id) - 1 FROM deliveries WHERE received_at >= ?1";
                let found: Option<i64> =
                    self.connection.query_row(young, [rows::time_text(since)], |row| row.get(0))?;
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
