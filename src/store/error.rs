//! Errors of the store, each with what to do next.

use std::io;

/// Error of opening or reading a store. Nothing was overwritten.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "no store at {path}; start `hookglass` in its folder first, or name another one with --store"
    )]
    Absent { path: String },
    #[error(
        "the store {path} was written by a newer hookglass (store version {found}, supported up \
         to {known}); update hookglass, or use another --store"
    )]
    Newer { path: String, found: i64, known: i64 },
    #[error(
        "{path} is not a hookglass store: {reason}. It was not changed; move it away, or use \
         another --store"
    )]
    NotOurs { path: String, reason: String },
    #[error(
        "the store {path} is damaged: {reason}. It was not changed; move it away to start with an \
         empty store, or try `sqlite3 {path} .recover`"
    )]
    Damaged { path: String, reason: String },
    #[error(
        "another hookglass is writing to {path}{by}; stop it, or use another --store or \
         --ephemeral here"
    )]
    Held { path: String, by: String },
    #[error(
        "the store {path} is not writable: {source}; make it writable, or use another --store or \
         --ephemeral"
    )]
    NotWritable { path: String, source: io::Error },
    #[error(
        "the newest deliveries of {path} are in its log {log}, which cannot be read without \
         permission to write in its folder; make the folder writable, or copy both files to \
         another folder"
    )]
    UnreadableLog { path: String, log: String },
    #[error("cannot open the store {path}: {source}")]
    Unopenable { path: String, source: io::Error },
    #[error(
        "the disk of {path} is full, and so may be the temporary folder: {source}; make room, or \
         set TMPDIR to a folder on another disk"
    )]
    Full { path: String, source: io::Error },
    #[error("the store {path} failed: {reason}")]
    Failed { path: String, reason: String },
    #[error("the listener that has the store {path} open refused the request: {reason}")]
    Refused { path: String, reason: String },
}

/// Error of storing a delivery; the client is asked to retry.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum KeepError {
    #[error("the disk is full")]
    Full,
    #[error("the store is no longer writable ({0})")]
    NotWritable(String),
    #[error("the store failed ({0})")]
    Failed(String),
    #[error("hookglass is stopping")]
    Stopped,
}

impl From<&rusqlite::Error> for KeepError {
    fn from(error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::NotWritable(error.to_string())
            }
            _ => Self::Failed(error.to_string()),
        }
    }
}
