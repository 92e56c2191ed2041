//! Reading: pages for lists, whole deliveries for details, and what has changed since.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::location::{self, StoreLocation};
use super::{StoreError, rows, schema};
use crate::delivery::{Delivery, DeliveryId, Summary};

/// Bytes of bodies after which a page of whole deliveries ends.
const PAGE_BYTES: usize = 16 << 20;

/// How long one attempt took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptTime {
    pub delivery: DeliveryId,
    pub target: String,
    pub took: Duration,
    /// Nothing if no answer came.
    pub status: Option<u16>,
}

/// A connection that reads. It sees every commit that was made before a call.
#[derive(Debug)]
pub struct StoreReader {
    pub(super) connection: Connection,
    pub(super) location: StoreLocation,
}

/// The revision of the last change.
pub(super) fn revision(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT max(coalesce((SELECT max(revision) FROM deliveries), 0), \
               coalesce((SELECT max(revision) FROM purges), 0))";
    connection.query_row(sql, [], |row| row.get(0))
}

impl StoreReader {
    /// Opens a store for reading, beside the listener that writes it if there is one. One of an
    /// older version is read as it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let location = StoreLocation::File(path.to_owned());
        let reader = Self::connect(&location)?;
        let version = schema::check(&reader.connection, &location)?;
        if version == 0 {
            return Err(StoreError::Absent { path: location.shown() });
        }
        schema::bridge(&reader.connection, version).map_err(|error| location.error(error))?;
        Ok(reader)
    }

    /// Opens a store that this process has checked already.
    pub(super) fn connect(location: &StoreLocation) -> Result<Self, StoreError> {
        let connection = location::open_for_reading(location)?;
        Ok(Self { connection, location: location.clone() })
    }

    /// The newest deliveries, newest first; those before `before`, if that is given.
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

    /// The summaries of these deliveries, in this order; those that are gone are left out.
    pub fn summaries(&self, ids: &[DeliveryId]) -> Result<Vec<Summary>, StoreError> {
        let sql = format!(
            "SELECT {} FROM deliveries d WHERE d.id = ?1 AND NOT d.removed",
            *rows::SUMMARY
        );
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(self.all(&sql, params![id.0], rows::summary)?);
        }
        Ok(found)
    }

    /// One delivery whole.
    pub fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let sql = format!(
            "SELECT {}, w.head, w.body FROM deliveries d JOIN wire w ON w.delivery_id = d.id \
             WHERE d.id = ?1 AND NOT d.removed",
            *rows::SUMMARY
        );
        let found = self.all(&sql, params![id.0], whole)?.into_iter().next();
        found.map(|delivery| self.with_attempts(delivery)).transpose()
    }

    /// Whole deliveries after one, by rising id: at most `limit`, fewer if they are large.
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
        let trouble = |error| self.location.error(error);
        let mut statement = self.connection.prepare_cached(&sql).map_err(trouble)?;
        let mut cursor = statement.query(params![last.0, limit_of(limit)]).map_err(trouble)?;
        let mut found = Vec::new();
        let mut bytes = 0;
        while let Some(row) = cursor.next().map_err(trouble)? {
            let delivery = whole(row).map_err(trouble)?;
            bytes += delivery.body.len();
            found.push(delivery);
            if bytes > PAGE_BYTES {
                break;
            }
        }
        found.into_iter().map(|delivery| self.with_attempts(delivery)).collect()
    }

    /// The id of the newest delivery, removed ones included; 0 in an empty store.
    pub fn last_id(&self) -> Result<DeliveryId, StoreError> {
        let sql = "SELECT max(id) FROM deliveries";
        let found: rusqlite::Result<Option<Option<i64>>> =
            self.connection.query_row(sql, [], |row| row.get(0)).optional();
        let found = found.map_err(|error| self.location.error(error))?;
        Ok(DeliveryId(found.flatten().unwrap_or(0)))
    }

    /// Every attempt, without its answer: of which delivery, to where, how long it took, and the
    /// status.
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

    /// What SQLite finds wrong with the whole file; nothing if it is sound. Reads all of it.
    pub fn damages(&self) -> Result<Vec<String>, StoreError> {
        let found = self.all("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))?;
        let mut damages: Vec<String> = found.into_iter().filter(|line| line != "ok").collect();
        let orphan = |row: &Row<'_>| {
            let (table, of): (String, String) = (row.get(0)?, row.get(2)?);
            Ok(format!("a row of {table} belongs to one of {of} that is not there"))
        };
        damages.extend(self.all("PRAGMA foreign_key_check", [], orphan)?);
        let bare = "SELECT count(*) FROM deliveries WHERE id NOT IN (SELECT delivery_id FROM wire)";
        let bare = self.all(bare, [], |row| row.get::<_, i64>(0))?;
        damages.extend(
            bare.into_iter()
                .filter(|count| *count > 0)
                .map(|count| format!("{count} deliveries have lost their bytes")),
        );
        Ok(damages)
    }

    /// A number that changes when another connection commits (`PRAGMA data_version`), for those who
    /// follow the store of another process. Asking costs a look at the shared index, no read.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        let found = self.connection.query_row("PRAGMA data_version", [], |row| row.get(0));
        found.map_err(|error| self.location.error(error))
    }

    /// Gives up reading at will, and tells of changes from now on instead.
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

/// What has become of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreChange {
    /// It is new, or something of it is.
    Kept(Box<Summary>),
    /// It was removed. If it comes back, it is told of as kept.
    Removed(DeliveryId),
}

/// Tells which deliveries are new, have changed or were removed.
#[derive(Debug)]
pub struct Tail {
    reader: StoreReader,
    revision: i64,
}

impl Tail {
    /// What has changed since the last call, at most `limit`, in the order of the changes; a
    /// delivery that changed twice comes once.
    pub fn next(&mut self, limit: usize) -> Result<Vec<StoreChange>, StoreError> {
        let sql = format!(
            "SELECT {}, d.revision, d.removed FROM deliveries d WHERE d.revision > ?1 \
             ORDER BY d.revision LIMIT ?2",
            *rows::SUMMARY
        );
        let read = |row: &Row<'_>| {
            let revision: i64 = row.get(rows::SUMMARY_COLUMNS)?;
            let change = if row.get(rows::SUMMARY_COLUMNS + 1)? {
                StoreChange::Removed(DeliveryId(row.get(0)?))
            } else {
                StoreChange::Kept(Box::new(rows::summary(row)?))
            };
            Ok((change, revision))
        };
        let found = self.reader.all(&sql, params![self.revision, limit_of(limit)], read)?;
        self.revision = found.last().map_or(self.revision, |(_, revision)| *revision);
        Ok(found.into_iter().map(|(change, _)| change).collect())
    }
}

fn whole(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let (head, body) = rows::wire(row)?;
    Ok(Delivery { summary: rows::summary(row)?, head, body, attempts: Vec::new() })
}

pub(super) fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
