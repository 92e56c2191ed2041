//! Lock that allows one listener per store. It belongs to the operating system and ends with the
//! process, however the process ends.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::private_file;

/// Locks the store until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Path of the lock file. It is separate from the store, since SQLite locks ranges of the store
/// itself.
fn path_of(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// Takes the lock and writes its holder into the file; fails at once if another process has it.
pub(super) fn take(store: &Path, holder: &str) -> Result<Lock, StoreError> {
    let path = path_of(store);
    let failed = |source| super::location::not_writable(store, source);
    let mut options = private_file::options();
    let mut file = options.read(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(already_locked(store, &mut file)),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    file.set_len(0).map_err(failed)?;
    file.rewind().map_err(failed)?;
    writeln!(file, "process {}, {holder}", std::process::id()).map_err(failed)?;
    Ok(Lock { _file: file })
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
