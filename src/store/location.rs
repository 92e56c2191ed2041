//! Location of a store: folder, file, and connections.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{StoreError, StorePlace};
use crate::private_file;

/// First bytes of every SQLite file (<https://www.sqlite.org/fileformat2.html>, section 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Time that a connection waits for another one's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Statements that a connection keeps prepared; more than there are.
const CACHED_STATEMENTS: usize = 64;

/// Database that SQLite opens.
#[derive(Debug, Clone)]
pub(super) enum StoreLocation {
    File(PathBuf),
    /// An in-memory database that connections of this process share by its name.
    Memory(String),
}

impl StoreLocation {
    pub(super) fn of(place: &StorePlace) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        match place {
            StorePlace::File(path) => Self::File(path.clone()),
            StorePlace::Memory => {
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                Self::Memory(format!("file:/hookglass-{number}?vfs=memdb"))
            }
        }
    }

    pub(super) fn display(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Memory(_) => "in memory".to_owned(),
        }
    }

    /// Converts an SQLite error for this store.
    pub(super) fn error(&self, error: rusqlite::Error) -> StoreError {
        let path = self.display();
        let reason = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => StoreError::NotOurs { path, reason },
            Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged { path, reason },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                StoreError::NotWritable { path, source: io::Error::other(reason) }
            }
            _ if matches!(error, rusqlite::Error::FromSqlConversionFailure(..)) => {
                StoreError::Damaged { path, reason }
            }
            _ => StoreError::Failed { path, reason },
        }
    }

    pub(super) fn unopenable(&self, source: io::Error) -> StoreError {
        StoreError::Unopenable { path: self.display(), source }
    }
}

/// Returns the path without symbolic links, as SQLite resolves it. The file may be missing.
pub(super) fn real_path(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::canonicalize(folder.unwrap_or(Path::new(".")));
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// Appends to the name of a file.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(super) fn not_writable(path: &Path, source: io::Error) -> StoreError {
    StoreError::NotWritable { path: path.display().to_string(), source }
}

/// Name of the folder that hookglass creates for itself.
const OWN_FOLDER: &str = ".hookglass";

/// Creates the folder of a store if it is missing: private, and ignored by git. An existing
/// `.hookglass` folder is made so.
pub(super) fn prepare(path: &Path) -> Result<(), StoreError> {
    let failed = |source| not_writable(path, source);
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    if folder.is_dir() {
        if folder.file_name().is_some_and(|name| name == OWN_FOLDER) {
            protect(folder);
        }
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(failed)?;
    fs::write(folder.join(".gitignore"), "*\n").map_err(failed)
}

/// Makes an existing folder private, and ignored by git. It may belong to another user or be
/// read-only, which the store's own files then report.
fn protect(folder: &Path) {
    // What a planted link points to is left as it is.
    if fs::symlink_metadata(folder).is_ok_and(|found| found.is_symlink()) {
        return;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let others =
            |found: &fs::Metadata| found.is_dir() && found.permissions().mode() & 0o077 != 0;
        if fs::metadata(folder).is_ok_and(|found| others(&found)) {
            let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
        }
    }
    if let Ok(mut ignore) = fs::File::create_new(folder.join(".gitignore")) {
        let _ = ignore.write_all(b"*\n");
    }
}

/// Creates the file of a new store, or inspects an existing one without changing it.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    match private_file::create_new(path) {
        Ok(mut file) => file.flush().map_err(|source| not_writable(path, source)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            inspect(path)?;
            refuse_other_names(path)
        }
        Err(source) => Err(not_writable(path, source)),
    }
}

/// Refuses to write a file under one of several names: SQLite names the log after the file, so
/// that another writer would not see it. An empty file behind a link is not turned into a store.
pub(super) fn refuse_other_names(path: &Path) -> Result<(), StoreError> {
    let failed = |source| not_writable(path, source);
    let file = fs::metadata(path).map_err(failed)?;
    if !file.is_file() {
        return Err(failed(io::Error::other("it is not a regular file")));
    }
    if private_file::links(&file) > 1 {
        let reason = "it has another name (a hard link), under which others may write to it; copy \
                      it with `cp`, and use the copy";
        return Err(failed(io::Error::other(reason)));
    }
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    if is_link && file.len() == 0 {
        return Err(failed(io::Error::other("it is a symbolic link to an empty file")));
    }
    Ok(())
}

/// Refuses a file that is not an SQLite database. An empty one may become a store.
fn inspect(path: &Path) -> Result<(), StoreError> {
    let display = path.display().to_string();
    let unopenable = |source| StoreError::Unopenable { path: display.clone(), source };
    let mut start = Vec::new();
    let file = private_file::open_regular(path).map_err(unopenable)?;
    file.take(MAGIC.len() as u64).read_to_end(&mut start).map_err(unopenable)?;
    if start.is_empty() || start == MAGIC {
        return Ok(());
    }
    let reason = "it has no SQLite header".to_owned();
    Err(StoreError::NotOurs { path: display, reason })
}

pub(super) fn open_for_writing(location: &StoreLocation) -> Result<Connection, StoreError> {
    let common = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = match location {
        StoreLocation::File(path) => Connection::open_with_flags(path, common),
        StoreLocation::Memory(name) => Connection::open_with_flags(
            name,
            common | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_CREATE,
        ),
    };
    with_timeout(opened).map_err(|error| location.error(error))
}

/// Opens a store that this process alone uses. On a full disk, this works without the index of the
/// write-ahead log.
pub(super) fn open_alone(path: &Path) -> Result<Connection, StoreError> {
    let location = StoreLocation::File(path.to_owned());
    open_for_writing(&location).or_else(|error| {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
            connection.pragma_update(None, "locking_mode", "exclusive")?;
            Ok(connection)
        });
        with_timeout(opened).map_err(|_| error)
    })
}

/// Opens a store that this process does not have open yet.
pub(super) fn open_for_reading(location: &StoreLocation) -> Result<Connection, StoreError> {
    if let StoreLocation::File(path) = location {
        // Fails in a folder without permission to enter, where existence is unknown.
        if !path.try_exists().map_err(|source| location.unopenable(source))? {
            return Err(StoreError::Absent { path: location.display() });
        }
        inspect(path)?;
    }
    open_inspected(location)
}

/// Opens a store that this process may have open. Reads the file only through SQLite: closing any
/// other descriptor would release the locks of all connections in this process.
pub(super) fn open_inspected(location: &StoreLocation) -> Result<Connection, StoreError> {
    let common = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = match location {
        StoreLocation::Memory(name) => {
            with_timeout(Connection::open_with_flags(name, common | OpenFlags::SQLITE_OPEN_URI))
        }
        StoreLocation::File(path) => with_timeout(Connection::open_with_flags(path, common)),
    };
    match (opened, location) {
        (Err(error), StoreLocation::File(path)) => {
            let log = with_suffix(&real_path(path), "-wal");
            if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
                return Err(match error.sqlite_error_code() {
                    Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
                        let log = log.display().to_string();
                        StoreError::UnreadableLog { path: location.display(), log }
                    }
                    _ => location.error(error),
                });
            }
            open_immutable(path).map_err(|error| location.error(error))
        }
        (opened, _) => opened.map_err(|error| location.error(error)),
    }
}

/// Opens a file as immutable: in a folder without write permission the index of the write-ahead log
/// cannot be created, and SQLite must know that it is not needed.
fn open_immutable(path: &Path) -> rusqlite::Result<Connection> {
    let escaped: String = path
        .to_string_lossy()
        .chars()
        .map(|character| match character {
            '?' => "%3f".to_owned(),
            '#' => "%23".to_owned(),
            '%' => "%25".to_owned(),
            _ => character.to_string(),
        })
        .collect();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    with_timeout(Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags))
}

/// Sets the lock timeout and reads the file, since opening alone does not.
fn with_timeout(opened: rusqlite::Result<Connection>) -> rusqlite::Result<Connection> {
    let connection = opened?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // Otherwise SQLite prepares a statement again whenever a value that a partial index depends on
    // is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}
