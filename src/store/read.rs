//! Reading: pages for lists, complete deliveries for details, and changes for followers.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::file_id::FileId;
use super::location::{self, StoreLocation};
use super::{Retention, StoreError, retention, rows, schema};
use crate::delivery::{Attempt, Delivery, DeliveryId, Summary};

/// Total body size at which a page of complete deliveries ends.
const PAGE_BYTES: usize = 16 << 20;

/// Duration and status of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptTime {
    pub delivery: DeliveryId,
    pub target: String,
    pub took: Duration,
    /// None without a response.
    pub status: Option<u16>,
}

/// A read-only connection. It sees every commit made before a call.
#[derive(Debug)]
pub struct StoreReader {
    pub(super) connection: Connection,
    pub(super) location: StoreLocation,
    /// File that the connection has open.
    file: Option<FileId>,
}

/// Returns the revision of the last change.
pub(super) fn revision(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT max(coalesce((SELECT max(revision) FROM deliveries), 0), \
               coalesce((SELECT max(revision) FROM purges), 0))";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

impl StoreReader {
    /// Opens a store for reading, also while a listener writes it. An older version is read as it
    /// is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let location = StoreLocation::File(path.to_owned());
        let reader = Self::new(location::open_for_reading(&location)?, location.clone());
        let version = schema::check(&reader.connection, &location)?;
        if version == 0 {
            return Err(StoreError::Absent { path: location.display() });
        }
        schema::bridge(&reader.connection, version).map_err(|error| location.error(error))?;
        Ok(reader)
    }

    /// Opens a store that this process has already checked.
    pub(super) fn connect(location: &StoreLocation) -> Result<Self, StoreError> {
        Ok(Self::new(location::open_inspected(location)?, location.clone()))
    }

    fn new(connection: Connection, location: StoreLocation) -> Self {
        let file = file_at(&location);
        Self { connection, location, file }
    }

    /// Opens the store again if its file was replaced, as the listener does after its deletion.
    pub fn refresh(&mut self) -> Result<(), StoreError> {
        let file = file_at(&self.location);
        if file.is_some() && file != self.file {
            *self = Self::connect(&self.location)?;
        }
        Ok(())
    }

    /// Returns the newest deliveries, newest first, or those before `before`.
    pub fn newest(
        &self,
        before: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<Summary>, StoreError> {
        let before = before.map_or(i64::MAX, |id| id.0);
        let sql = format!(
            "SELECT {} FROM deliveries d WHERE d.id < ?1 AND NOT d.removed ORDER BY d.id DESC LIMIT ?2",
            *rows::SUMMARY
        );
        self.all(&sql, params![before, limit_of(limit)], rows::summary)
    }

    /// Returns the summaries of these deliveries in this order, without deleted ones.
    pub fn summaries(&self, ids: &[DeliveryId]) -> Result<Vec<Summary>, StoreError> {
        let sql = format!(
            "SELECT {} FROM deliveries d WHERE d.id = ?1 AND NOT d.removed",
            *rows::SUMMARY
        );
        self.at_one_moment(|| {
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                found.extend(self.all(&sql, params![id.0], rows::summary)?);
            }
            Ok(found)
        })
    }

    /// Returns one complete delivery.
    pub fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let sql = format!(
            "SELECT {}, w.head, w.body FROM deliveries d JOIN wire w ON w.delivery_id = d.id \
             WHERE d.id = ?1 AND NOT d.removed",
            *rows::SUMMARY
        );
        self.at_one_moment(|| {
            let found = self.all(&sql, params![id.0], complete)?.into_iter().next();
            found.map(|delivery| self.with_attempts(delivery)).transpose()
        })
    }

    /// Returns complete deliveries after an id, ascending: at most `limit`, fewer if they are
    /// large.
    pub fn deliveries_after(
        &self,
        last: DeliveryId,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!(
            "SELECT {}, w.head, w.body FROM deliveries d JOIN wire w ON w.delivery_id = d.id \
             WHERE d.id > ?1 AND NOT d.removed ORDER BY d.id LIMIT ?2",
            *rows::SUMMARY
        );
        let to_error = |error| self.location.error(error);
        let mut statement = self.connection.prepare_cached(&sql).map_err(to_error)?;
        let mut cursor = statement.query(params![last.0, limit_of(limit)]).map_err(to_error)?;
        let mut found = Vec::new();
        let mut bytes = 0;
        while let Some(row) = cursor.next().map_err(to_error)? {
            let delivery = complete(row).map_err(to_error)?;
            bytes += delivery.body.len();
            found.push(delivery);
            if bytes > PAGE_BYTES {
                break;
            }
        }
        found.into_iter().map(|delivery| self.with_attempts(delivery)).collect()
    }

    /// Counts the deliveries that a retention would delete; marked ones stay.
    pub fn count_prunable(&self, retention: Retention) -> Result<u64, StoreError> {
        retention::count_prunable(&self.connection, retention)
            .map_err(|error| self.location.error(error))
    }

    /// Returns the highest id, removed deliveries included; 0 in an empty store.
    pub fn last_id(&self) -> Result<DeliveryId, StoreError> {
        let sql = "SELECT max(id) FROM deliveries";
        let found: rusqlite::Result<Option<Option<i64>>> =
            self.connection.query_row(sql, [], |row| row.get(0)).optional();
        let found = found.map_err(|error| self.location.error(error))?;
        Ok(DeliveryId(found.flatten().unwrap_or(0)))
    }

    /// Returns duration and status of every attempt.
    pub fn attempt_times(&self) -> Result<Vec<AttemptTime>, StoreError> {
        let sql = "SELECT delivery_id, target_url, took_us, status FROM attempts ORDER BY id";
        self.all(sql, [], |row| {
            let took = u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default();
            Ok(AttemptTime {
                delivery: DeliveryId(row.get(0)?),
                target: row.get(1)?,
                took: Duration::from_micros(took),
                status: row.get(3)?,
            })
        })
    }

    /// Lists the errors that SQLite finds in the file; empty if it is sound. Reads all of it.
    pub fn integrity_errors(&self) -> Result<Vec<String>, StoreError> {
        let found = self.all("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))?;
        let mut damages: Vec<String> = found.into_iter().filter(|line| line != "ok").collect();
        let orphan = |row: &Row<'_>| {
            let (table, of): (String, String) = (row.get(0)?, row.get(2)?);
            Ok(format!("a row of {table} refers to a missing row of {of}"))
        };
        damages.extend(self.all("PRAGMA foreign_key_check", [], orphan)?);
        let bodiless =
            "SELECT count(*) FROM deliveries WHERE id NOT IN (SELECT delivery_id FROM wire)";
        let bodiless = self.all(bodiless, [], |row| row.get::<_, i64>(0))?;
        damages.extend(
            bodiless
                .into_iter()
                .filter(|count| *count > 0)
                .map(|count| format!("{count} deliveries have no stored bytes")),
        );
        Ok(damages)
    }

    /// Returns a number that changes when another connection commits (`PRAGMA data_version`), so
    /// that a follower of another process's store queries it only after a change.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        let found = self.connection.query_row("PRAGMA data_version", [], |row| row.get(0));
        found.map_err(|error| self.location.error(error))
    }

    /// Converts the reader into a stream of changes from now on.
    pub fn tail(self) -> Result<Tail, StoreError> {
        let revision = revision(&self.connection).map_err(|error| self.location.error(error))?;
        Ok(Tail { reader: self, revision })
    }

    fn with_attempts(&self, mut delivery: Delivery) -> Result<Delivery, StoreError> {
        let sql =
            format!("SELECT {} FROM attempts WHERE delivery_id = ?1 ORDER BY id", *rows::ATTEMPT);
        delivery.attempts = self.all(&sql, params![delivery.summary.id.0], rows::attempt)?;
        Ok(delivery)
    }

    /// Runs several queries in one transaction: they see the same state of the store, and its files
    /// are locked once.
    pub(super) fn at_one_moment<T>(
        &self,
        read: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if !self.connection.is_autocommit() {
            return read();
        }
        // Dropped, it ends without having written.
        let _transaction =
            self.connection.unchecked_transaction().map_err(|error| self.location.error(error))?;
        read()
    }

    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let collect = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let found = statement.query_map(params, read)?;
            found.collect::<rusqlite::Result<Vec<T>>>()
        };
        collect().map_err(|error| self.location.error(error))
    }
}

/// Change to a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreChange {
    /// The delivery is new. Read from the store, it is reported as `Kept`.
    New(Arc<Delivery>),
    /// An attempt to send a delivery was stored; `Kept` follows.
    Attempted(Arc<Attempt>),
    /// The delivery is new or changed.
    Kept(Box<Summary>),
    /// The delivery was removed. A restored one is reported as `Kept`.
    Removed(DeliveryId),
}

/// Reports new, changed, and removed deliveries.
#[derive(Debug)]
pub struct Tail {
    reader: StoreReader,
    revision: i64,
}

impl Tail {
    /// Returns up to `limit` changes since the last call, in order; a delivery that changed twice
    /// appears once.
    pub fn next(&mut self, limit: usize) -> Result<Vec<StoreChange>, StoreError> {
        self.reader.refresh()?;
        let found = changes_after(&self.reader.connection, self.revision, limit_of(limit));
        let found = found.map_err(|error| self.reader.location.error(error))?;
        self.revision = found.last().map_or(self.revision, |(revision, _)| *revision);
        Ok(found.into_iter().map(|(_, change)| change).collect())
    }

    pub(super) fn revision(&self) -> i64 {
        self.revision
    }

    /// Skips the changes up to a revision.
    pub(super) fn skip_to(&mut self, revision: i64) {
        self.revision = self.revision.max(revision);
    }
}

/// Returns up to `limit` changes after a revision, each with its own.
pub(super) fn changes_after(
    connection: &Connection,
    revision: i64,
    limit: i64,
) -> rusqlite::Result<Vec<(i64, StoreChange)>> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {}, d.revision, d.removed FROM deliveries d WHERE d.revision > ?1 \
             ORDER BY d.revision LIMIT ?2",
            *rows::SUMMARY
        )
    });
    let read = |row: &Row<'_>| {
        let revision: i64 = row.get(rows::SUMMARY_COLUMNS)?;
        let change = if row.get(rows::SUMMARY_COLUMNS + 1)? {
            StoreChange::Removed(DeliveryId(row.get(0)?))
        } else {
            StoreChange::Kept(Box::new(rows::summary(row)?))
        };
        Ok((revision, change))
    };
    connection.prepare_cached(&SQL)?.query_map(params![revision, limit], read)?.collect()
}

fn file_at(location: &StoreLocation) -> Option<FileId> {
    match location {
        StoreLocation::File(path) => FileId::at(&location::real_path(path)),
        StoreLocation::Memory(_) => None,
    }
}

fn complete(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let (head, body) = rows::raw_request(row)?;
    Ok(Delivery { summary: rows::summary(row)?, head, body, attempts: Vec::new() })
}

pub(super) fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
