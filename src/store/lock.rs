//! Lock that allows one listener per store. It belongs to the operating system and ends with the
//! process, however the process ends.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::file_id::FileId;
use super::{StoreError, location};
use crate::private_file;

/// First word of a lock file, by which one is recognized before it is overwritten.
const MARK: &str = "process ";

/// Locks the store until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    /// Locked as long as it is open.
    _file: File,
    id: Option<FileId>,
}

impl Lock {
    pub(super) fn id(&self) -> Option<FileId> {
        self.id
    }
}

/// Path of the lock file. It is separate from the store, since SQLite locks ranges of the store
/// itself.
pub(super) fn path_of(store: &Path) -> PathBuf {
    location::with_suffix(store, ".lock")
}

/// Takes the lock and writes its holder into the file; fails at once if another process has it. All
/// names of a store lead to the same lock.
pub(super) fn take(store: &Path, holder: &str) -> Result<Lock, StoreError> {
    let path = path_of(&location::real_path(store));
    let failed = |source| location::not_writable(store, source);
    let mut file = private_file::open_own(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(already_locked(store, &mut file)),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    if !is_lock_file(&mut file).map_err(failed)? {
        let reason = format!("{} is not a lock file; move it away", path.display());
        return Err(failed(io::Error::other(reason)));
    }
    file.set_len(0).map_err(failed)?;
    file.rewind().map_err(failed)?;
    writeln!(file, "{MARK}{}, {holder}", std::process::id()).map_err(failed)?;
    let id = file.metadata().ok().map(|metadata| FileId::of(&metadata));
    Ok(Lock { _file: file, id })
}

/// Returns the URL of the listener that has a store open; none if no listener has.
pub fn listener_of(store: &Path) -> Option<String> {
    let file = File::open(path_of(&location::real_path(store))).ok()?;
    let mut text = String::new();
    (&file).take(200).read_to_string(&mut text).ok()?;
    let (process, url) = text.trim().strip_prefix(MARK)?.split_once(", ")?;
    // Testing the lock takes it for a moment, which could refuse a listener that just starts. While
    // the process that wrote the file is there, the lock is most likely its own.
    let is_held = is_running(process.parse().ok()?)
        && matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    (is_held && url.starts_with("http://")).then(|| url.to_owned())
}

#[cfg(unix)]
fn is_running(process: i32) -> bool {
    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};
    let tested = Pid::from_raw(process).map(test_kill_process);
    matches!(tested, Some(Ok(()) | Err(Errno::PERM)))
}

#[cfg(not(unix))]
fn is_running(_process: i32) -> bool {
    true
}

/// Returns whether the file is empty or was written as a lock.
fn is_lock_file(file: &mut File) -> io::Result<bool> {
    let mut start = Vec::new();
    file.take(MARK.len() as u64).read_to_end(&mut start)?;
    Ok(start.is_empty() || start == MARK.as_bytes())
}

fn already_locked(store: &Path, file: &mut File) -> StoreError {
    let mut holder = String::new();
    // On systems where a lock prevents reading, the holder is not named.
    let read = file.take(200).read_to_string(&mut holder);
    let holder = crate::payload::escape(holder.trim());
    let by =
        if read.is_ok() && !holder.is_empty() { format!(" ({holder})") } else { String::new() };
    StoreError::Held { path: store.display().to_string(), by }
}
