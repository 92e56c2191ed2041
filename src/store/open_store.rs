//! Detects that the files of a store were deleted, renamed, replaced, or truncated under its
//! writer, and restores the store.
//!
//! SQLite keeps writing to files that no longer have a name, so a commit can succeed and nobody can
//! ever read it. Before and after every commit the writer compares the files that it has open with
//! those at the store's path. If a file is missing or another one is in its place, the content is
//! still readable through the open connection: it is copied to a new file, which gets the store's
//! name. A foreign file is moved aside, never overwritten.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::events::WriteConnection;
use super::file_id::{FileId, FileState};
use super::index_file::IndexFile;
use super::location::{self, StoreLocation};
use super::lock::{self, Lock};
use super::{KeepError, StoreError, schema};

/// Time between two attempts to restore a store, since each one copies it.
const RETRY: Duration = Duration::from_secs(1);

/// The writer's connection, and the files behind it.
#[derive(Debug)]
pub(super) struct OpenStore {
    pub(super) connection: WriteConnection,
    /// None for a store in memory.
    files: Option<StoreFiles>,
}

#[derive(Debug)]
struct StoreFiles {
    /// Without symbolic links.
    path: PathBuf,
    log_path: PathBuf,
    index_path: PathBuf,
    lock_path: PathBuf,
    holder: String,
    /// Released after the connection is closed.
    lock: Lock,
    database: Option<FileId>,
    /// Size of the database, which only a vacuum shrinks. No vacuum runs while the lock is held.
    database_size: u64,
    log: Option<FileId>,
    /// Size of the write-ahead log, which never shrinks while it is open.
    log_size: u64,
    index: Option<IndexFile>,
    /// A complete copy that could not get the store's name yet.
    copy: Option<PathBuf>,
    /// Last failed attempt to restore the store.
    failed: Option<(Instant, KeepError)>,
}

/// Difference between the files that are open and those at the store's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    /// A file has lost its name.
    Unlinked,
    /// The database was truncated or overwritten with a smaller file.
    DatabaseTruncated,
    /// The write-ahead log was truncated.
    LogTruncated,
    /// The index of the write-ahead log was truncated.
    IndexTruncated,
}

/// Result of checking the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Checked {
    Intact,
    /// The store was restored; the text says what happened.
    Restored(String),
}

impl Checked {
    pub(super) fn restored(self) -> Option<String> {
        match self {
            Self::Intact => None,
            Self::Restored(text) => Some(text),
        }
    }
}

impl OpenStore {
    pub(super) fn in_memory(connection: WriteConnection) -> Self {
        Self { connection, files: None }
    }

    /// Watches the files of a connection that was just opened in write-ahead mode.
    pub(super) fn new(
        connection: WriteConnection,
        path: PathBuf,
        holder: &str,
        lock: Lock,
    ) -> Self {
        let mut files = StoreFiles {
            log_path: location::with_suffix(&path, "-wal"),
            index_path: location::with_suffix(&path, "-shm"),
            lock_path: lock::path_of(&path),
            path,
            holder: holder.to_owned(),
            lock,
            database: None,
            database_size: 0,
            log: None,
            log_size: 0,
            index: None,
            copy: None,
            failed: None,
        };
        files.remember();
        Self { connection, files: Some(files) }
    }

    /// Checks the files and restores the store if necessary. An error means that a commit could not
    /// be read by anyone.
    pub(super) fn ensure_intact(&mut self) -> Result<Checked, KeepError> {
        let Some(files) = &mut self.files else { return Ok(Checked::Intact) };
        let Some(damage) = files.check() else { return Ok(Checked::Intact) };
        tracing::error!(?damage, "the store's files were changed");
        match damage {
            Damage::LogTruncated => {
                files.rebuild_index();
                Ok(Checked::Restored(
                    "the store's log was truncated by another program; deliveries that were only \
                     in it are lost"
                        .to_owned(),
                ))
            }
            Damage::IndexTruncated => {
                files.rebuild_index();
                Ok(Checked::Restored(
                    "the index of the store's log was truncated by another program; it was read \
                     again from the log"
                        .to_owned(),
                ))
            }
            Damage::DatabaseTruncated | Damage::Unlinked => self.restore(damage),
        }
    }

    /// Prepares for closing the connection, which writes the log into the database. A store that
    /// was deleted is not written again.
    pub(super) fn prepare_to_close(&mut self) {
        let is_deleted = self.files.as_ref().is_some_and(|files| FileId::at(&files.path).is_none());
        if !is_deleted && let Err(error) = self.ensure_intact() {
            tracing::error!(%error, "the store was not restored");
        }
    }

    /// Fails if the index was truncated and then read in this transaction. Pages read since then
    /// may be old, so it must not be committed.
    pub(super) fn check_index(&self) -> rusqlite::Result<()> {
        let index = self.files.as_ref().and_then(|files| files.index.as_ref());
        if !index.is_some_and(IndexFile::was_lost) {
            return Ok(());
        }
        let reason = "its index was truncated by another program".to_owned();
        let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR);
        Err(rusqlite::Error::SqliteFailure(error, Some(reason)))
    }

    #[expect(clippy::disallowed_methods, reason = "a failed copy must not be repeated at once")]
    fn restore(&mut self, damage: Damage) -> Result<Checked, KeepError> {
        let Some(files) = &mut self.files else { return Ok(Checked::Intact) };
        let now = Instant::now();
        if let Some((failed_at, error)) = &files.failed
            && now.duration_since(*failed_at) < RETRY
        {
            return Err(error.clone());
        }
        let happened = match damage {
            Damage::DatabaseTruncated => "file was truncated or overwritten by another program",
            _ => "files were deleted or replaced by another program",
        };
        let written = if damage == Damage::DatabaseTruncated && !is_readable(&self.connection) {
            Err(format!(
                "its {happened}, and deliveries that were only in it are lost; stop hookglass and \
                 move the file away to start with an empty store"
            ))
        } else {
            let written = files.write_again(&mut self.connection);
            written.map_err(|error| format!("its {happened}, and writing it again failed: {error}"))
        };
        match written {
            Ok(moved) => {
                files.failed = None;
                let moved = moved.map_or_else(String::new, |to| {
                    format!("; the other file is now {}", to.display())
                });
                Ok(Checked::Restored(format!(
                    "the store's {happened}; {} was written again with every delivery{moved}",
                    files.path.display()
                )))
            }
            Err(reason) => {
                let error = KeepError::NotWritable(reason);
                files.failed = Some((now, error.clone()));
                Err(error)
            }
        }
    }
}

/// Returns whether all content of a truncated database is in the log or in memory. Missing pages
/// are read as empty ones, which no table consists of.
fn is_readable(connection: &Connection) -> bool {
    let found = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    found.is_ok_and(|found| found == "ok")
}

impl StoreFiles {
    fn beside(&self, suffix: &str) -> PathBuf {
        location::with_suffix(&self.path, suffix)
    }

    /// Compares the files with those at the store's path, and notes their sizes if all is well.
    /// This runs twice for every commit, so it looks at each file once.
    fn check(&mut self) -> Option<Damage> {
        let database = FileState::at(&self.path);
        let log = FileState::at(&self.log_path);
        let index = FileState::at(&self.index_path);
        let is_same = |known: Option<FileId>, found: Option<FileId>| {
            known.is_none_or(|known| found == Some(known))
        };
        let id = |state: Option<FileState>| state.map(|state| state.id);
        let size = |state: Option<FileState>| state.map_or(0, |state| state.size);
        if !is_same(self.database, id(database))
            || !is_same(self.log, id(log))
            || !is_same(self.index.as_ref().map(IndexFile::id), id(index))
            || !is_same(self.lock.id(), FileId::at(&self.lock_path))
        {
            return Some(Damage::Unlinked);
        }
        if size(database) < self.database_size {
            return Some(Damage::DatabaseTruncated);
        }
        if size(log) < self.log_size {
            return Some(Damage::LogTruncated);
        }
        if self.index.as_ref().is_some_and(|known| known.is_truncated(size(index))) {
            return Some(Damage::IndexTruncated);
        }
        self.database_size = size(database);
        self.log_size = size(log);
        if let Some(known) = &self.index {
            known.note_size(size(index));
        }
        None
    }

    /// Remembers the files that SQLite has just opened.
    fn remember(&mut self) {
        let database = FileState::at(&self.path);
        self.database = database.map(|found| found.id);
        self.database_size = database.map_or(0, |found| found.size);
        self.log = FileId::at(&self.log_path);
        self.log_size = 0;
        self.index = IndexFile::open(&self.index_path);
    }

    /// Makes SQLite read the index again from the write-ahead log.
    fn rebuild_index(&mut self) {
        if let Some(index) = &self.index {
            index.invalidate();
        }
        self.log_size = FileState::at(&self.log_path).map_or(0, |log| log.size);
    }

    /// Writes all content to a new file that gets the store's name. Returns the new name of a
    /// foreign file that was in its place. After an error, the connection still has all content.
    fn write_again(
        &mut self,
        connection: &mut WriteConnection,
    ) -> Result<Option<PathBuf>, StoreError> {
        location::prepare(&self.path)?;
        if self.lock.id() != FileId::at(&self.lock_path) {
            self.lock = lock::take(&self.path, &self.holder)?;
        }
        let failed = |source| location::not_writable(&self.path, source);
        let failed_by = |error: rusqlite::Error| failed(io::Error::other(error));
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let new = tempfile::Builder::new().prefix(".hookglass-").tempfile_in(folder);
        let new = new.map_err(failed)?.into_temp_path();
        connection.execute("VACUUM INTO ?1", [new.to_string_lossy()]).map_err(failed_by)?;
        fs::File::open(&new).and_then(|file| file.sync_all()).map_err(failed)?;
        let copy = new.keep().map_err(|error| failed(error.error))?;
        // Closing the old connection deletes the log at the path, so the new one must not have its
        // log there yet.
        let copied = location::open_for_writing(&StoreLocation::File(copy.clone()))?;
        *connection = WriteConnection::new(copied).map_err(failed_by)?;
        self.index = None;
        if let Some(earlier) = self.copy.replace(copy.clone()) {
            // A file that is left behind does no harm.
            let _ = fs::remove_file(earlier);
        }
        let moved = self.make_room()?;
        tempfile::TempPath::try_from_path(copy)
            .map_err(failed)?
            .persist_noclobber(&self.path)
            .map_err(|error| {
                // Dropping the path would delete the copy.
                let _ = error.path.keep();
                failed(error.error)
            })?;
        self.copy = None;
        if let Ok(folder) = fs::File::open(folder) {
            // Not every file system can sync a folder.
            let _ = folder.sync_all();
        }
        let new = location::open_for_writing(&StoreLocation::File(self.path.clone()))?;
        schema::set_up_for_writing(&new).map_err(failed_by)?;
        *connection = WriteConnection::new(new).map_err(failed_by)?;
        self.remember();
        Ok(moved)
    }

    /// Frees the names of the store: removes what is left of the old store, and moves foreign
    /// files aside.
    fn make_room(&self) -> Result<Option<PathBuf>, StoreError> {
        let failed = |source| location::not_writable(&self.path, source);
        let is_foreign = |path: &Path, known: Option<FileId>| {
            fs::symlink_metadata(path).is_ok() && FileId::at(path) != known
        };
        let mut moved = None;
        if is_foreign(&self.path, self.database) {
            let to = self.free_name();
            fs::rename(&self.path, &to).map_err(failed)?;
            let log = &self.log_path;
            if is_foreign(log, self.log) {
                fs::rename(log, location::with_suffix(&to, "-wal")).map_err(failed)?;
            }
            moved = Some(to);
        }
        for suffix in ["", "-wal", "-shm", "-journal"] {
            match fs::remove_file(self.beside(suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        Ok(moved)
    }

    fn free_name(&self) -> PathBuf {
        let name = |number: u32| self.beside(&format!(".replaced-{number}"));
        let mut number = 1;
        while fs::symlink_metadata(name(number)).is_ok() {
            number += 1;
        }
        name(number)
    }
}
