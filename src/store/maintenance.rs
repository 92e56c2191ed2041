//! Maintenance by a command that changes much of a store at once, while no listener has it open.

use std::path::Path;
use std::{fs, io};

use rusqlite::Connection;

use super::events::WriteConnection;
use super::{
    NewDelivery, Retention, StoreError, annotate, location, lock, read, retention, schema, write,
};

/// A store, locked until dropped.
#[derive(Debug)]
pub struct Maintenance {
    connection: WriteConnection,
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
        let connection = location::open_alone(path)?;
        schema::migrate(&connection, &location)?;
        let connection = writing(connection, &location)?;
        Ok(Self { connection, location, _lock: lock })
    }

    /// Stores deliveries in one transaction: all of them, or none.
    pub fn keep_all(&self, new: &[NewDelivery]) -> Result<(), StoreError> {
        let work = || {
            let transaction = self.connection.unchecked_transaction()?;
            let first = read::revision(&transaction)? + 1;
            for (revision, delivery) in (first..).zip(new) {
                write::keep(&self.connection, delivery, revision)?;
            }
            self.connection.move_events()?;
            transaction.commit()
        };
        let done = work();
        match &done {
            Ok(()) => self.connection.note_commit(),
            Err(_) => self.connection.note_rollback(),
        }
        done.map_err(|error| self.location.error(error))
    }

    /// Deletes unmarked deliveries beyond a retention and shrinks the file. On a full disk, where
    /// deleting needs room too, this happens in a copy in the temporary folder.
    pub fn prune(&mut self, retention: Retention) -> Result<Pruned, StoreError> {
        let failed = |error| self.location.error(error);
        let before = size(&self.connection).map_err(failed)?;
        let pruned = prune(&self.connection, retention);
        let is_full = |error: &rusqlite::Error| {
            error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
        };
        match (pruned, &self.location) {
            (Err(error), location::StoreLocation::File(path)) if is_full(&error) => {
                let path = location::real_path(path);
                self.prune_copy(&path, retention, before)
            }
            (pruned, _) => pruned.map_err(failed),
        }
    }

    /// Prunes a copy in the temporary folder and puts it into the place of the store. At every
    /// moment, the store's name leads to all deliveries that are kept.
    #[cfg(unix)]
    fn prune_copy(
        &mut self,
        path: &Path,
        retention: Retention,
        before: u64,
    ) -> Result<Pruned, StoreError> {
        let display = path.display().to_string();
        let failed = |error: io::Error| StoreError::Full { path: display.clone(), source: error };
        let failed_by = |error: rusqlite::Error| failed(io::Error::other(error));
        let copy = tempfile::Builder::new().prefix("hookglass-").tempfile().map_err(failed)?;
        let copy = copy.into_temp_path();
        let into = copy.to_string_lossy();
        self.connection.execute("VACUUM INTO ?1", [into]).map_err(failed_by)?;
        let pruned = {
            let location = location::StoreLocation::File(copy.to_path_buf());
            let connection = location::open_for_writing(&location)?;
            schema::migrate(&connection, &location)?;
            let pruned = prune(&connection, retention).map_err(failed_by)?;
            connection.execute_batch("PRAGMA journal_mode = DELETE").map_err(failed_by)?;
            pruned
        };
        fs::File::open(&copy).and_then(|file| file.sync_all()).map_err(failed)?;
        // Closes the store.
        self.connection = WriteConnection::bare(Connection::open_in_memory().map_err(failed_by)?);
        let folder = path.parent().unwrap_or(Path::new("."));
        let make_link = |link: &Path| std::os::unix::fs::symlink(&copy, link);
        let mut builder = tempfile::Builder::new();
        let link = builder.prefix(".hookglass-").make_in(folder, make_link).map_err(failed)?;
        link.into_temp_path().persist(path).map_err(|error| failed(error.error))?;
        // From here on the store is the copy, which must stay if anything fails.
        let copy = copy.keep().map_err(|error| failed(error.error))?;
        let moved = move_back(&copy, path);
        moved.map_err(|error| {
            let reason = format!("{error}; the store is now {}, see there", copy.display());
            failed(io::Error::other(reason))
        })?;
        let connection = location::open_for_writing(&self.location)?;
        schema::migrate(&connection, &self.location)?;
        self.connection = writing(connection, &self.location)?;
        Ok(Pruned { before, ..pruned })
    }

    #[cfg(not(unix))]
    fn prune_copy(
        &mut self,
        path: &Path,
        _retention: Retention,
        _before: u64,
    ) -> Result<Pruned, StoreError> {
        let source = io::ErrorKind::StorageFull.into();
        Err(StoreError::Full { path: path.display().to_string(), source })
    }
}

/// Replaces the link at a path by the file that it leads to. The log of the file that was there
/// before makes room.
#[cfg(unix)]
fn move_back(copy: &Path, path: &Path) -> io::Result<()> {
    for suffix in ["-wal", "-shm"] {
        match fs::remove_file(location::with_suffix(path, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".hookglass-").tempfile_in(folder)?;
    io::copy(&mut fs::File::open(copy)?, &mut file)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    if let Ok(folder) = fs::File::open(folder) {
        // Not every file system can sync a folder.
        let _ = folder.sync_all();
    }
    fs::remove_file(copy)
}

fn writing(
    connection: Connection,
    location: &location::StoreLocation,
) -> Result<WriteConnection, StoreError> {
    WriteConnection::new(connection).map_err(|error| location.error(error))
}

fn prune(connection: &Connection, retention: Retention) -> rusqlite::Result<Pruned> {
    let before = size(connection)?;
    let last = retention::last_prunable(connection, retention)?;
    // References to deleted deliveries are cleared, without looking for a new first delivery.
    let deleted = connection.execute(
        "UPDATE deliveries SET removed = 1, duplicate_of = NULL WHERE id <= ?1 AND NOT marked",
        [last],
    )?;
    connection.execute(
        "UPDATE deliveries SET duplicate_of = NULL \
         WHERE duplicate_of IN (SELECT id FROM deliveries WHERE removed)",
        [],
    )?;
    while annotate::purge(connection, annotate::Purge::ALL)? {}
    connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
    let after = size(connection)?;
    Ok(Pruned { deliveries: deleted as u64, before, after })
}

fn size(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let size = number("PRAGMA page_count")?.saturating_mul(number("PRAGMA page_size")?);
    Ok(u64::try_from(size).unwrap_or_default())
}
