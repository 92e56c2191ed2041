//! Writing attempts while a listener may have the store open, and upgrading an older store that no
//! listener has open.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::location::{self, StoreLocation};
use super::{StoreError, lock, read, schema, write};
use crate::delivery::Attempt;

/// Stores attempts, whether a listener has the store open or not. SQLite serializes the writers; a
/// listener's followers see what was written here after its own next commit.
#[derive(Debug)]
pub struct AttemptWriter {
    connection: Connection,
    location: StoreLocation,
}

impl AttemptWriter {
    /// Opens an existing store of this version or an older one.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let location = StoreLocation::File(path.to_owned());
        let reading = location::open_for_reading(&location)?;
        location::refuse_other_names(path)?;
        upgrade(&reading, &location, path)?;
        drop(reading);
        let connection = location::open_for_writing(&location)?;
        connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;")
            .map_err(|error| location.error(error))?;
        Ok(Self { connection, location })
    }

    /// Stores an attempt; it is on disk when this returns.
    pub fn keep(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        let Self { connection, location } = self;
        let mut write = || {
            // No other writer can take the next revision within this transaction.
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            write::record_attempt(&transaction, attempt, read::revision(&transaction)? + 1)?;
            transaction.commit()
        };
        write().map_err(|error| location.error(error))
    }
}

/// Upgrades an older store to this version, if no listener has it open.
pub(super) fn upgrade(
    reading: &Connection,
    location: &StoreLocation,
    path: &Path,
) -> Result<(), StoreError> {
    match schema::check(reading, location)? {
        0 => return Err(StoreError::Absent { path: location.display() }),
        version if version == i64::from(schema::KNOWN) => return Ok(()),
        _ => {}
    }
    let lock = lock::take(path, "bringing it up to date")?;
    schema::migrate(&location::open_for_writing(location)?, location)?;
    drop(lock);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{StoreReader, lock};

    /// Creates a store of the previous version.
    fn older(path: &Path) -> Connection {
        let old = Connection::open(path).unwrap();
        old.execute_batch(&schema::script(0, schema::KNOWN - 1)).unwrap();
        old
    }

    #[test]
    fn upgrades_an_older_store_unless_it_is_locked() {
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
