//! Writing beside the listener that holds a store, and bringing an older store up to date where
//! nobody holds it.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::location::{self, StoreLocation};
use super::{StoreError, lock, read, schema, write};
use crate::delivery::Attempt;

/// Keeps attempts in a store, whether a listener holds it or not. `SQLite` lets one in at a time;
/// a listener tells its followers of what was written here with its own next commit.
#[derive(Debug)]
pub struct AttemptWriter {
    connection: Connection,
    location: StoreLocation,
}

impl AttemptWriter {
    /// Opens a store that is there, of this version or an older one.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let location = StoreLocation::File(path.to_owned());
        let reading = location::open_for_reading(&location)?;
        bring_up(&reading, &location, path)?;
        drop(reading);
        let connection = location::open_for_writing(&location)?;
        connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
            .map_err(|error| location.error(error))?;
        Ok(Self { connection, location })
    }

    /// Keeps an attempt; it is on disk when this returns.
    pub fn keep(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        let Self { connection, location } = self;
        let mut write = || {
            // Nobody else counts on while this holds the lock.
            let work = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            write::attempted(&work, attempt, read::revision(&work)? + 1)?;
            work.commit()
        };
        write().map_err(|error| location.error(error))
    }
}

/// Makes an older store one of this version, if no listener holds it.
pub(super) fn bring_up(
    reading: &Connection,
    location: &StoreLocation,
    path: &Path,
) -> Result<(), StoreError> {
    match schema::check(reading, location)? {
        0 => return Err(StoreError::Absent { path: location.shown() }),
        version if version == i64::from(schema::KNOWN) => return Ok(()),
        _ => {}
    }
    let held = lock::take(path, "bringing it up to date")?;
    schema::migrate(&location::open_for_writing(location)?, location)?;
    drop(held);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{StoreReader, lock};

    /// A store as the version before wrote it.
    fn older(path: &Path) -> Connection {
        let old = Connection::open(path).unwrap();
        old.execute_batch(&schema::script(0, schema::KNOWN - 1)).unwrap();
        old
    }

    #[test]
    fn an_older_store_is_brought_up_to_date_unless_it_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let old = older(&path);
        let held = lock::take(&path, "http://127.0.0.1:1").unwrap();
        let refused = AttemptWriter::open(&path).unwrap_err().to_string();
        assert!(refused.contains("http://127.0.0.1:1"), "{refused}");
        drop(held);
        drop(old);
        assert!(AttemptWriter::open(&path).is_ok());
        assert!(StoreReader::open(&path).unwrap().newest(None, 1).unwrap().is_empty());
    }
}
