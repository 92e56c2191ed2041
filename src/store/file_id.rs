//! Identity of a file, independent of its name.

use std::fs::Metadata;
use std::path::Path;

/// Device and number of a file. On systems where an open file cannot lose its name, all are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

/// Identity and size of the file at a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileState {
    pub(super) id: FileId,
    pub(super) size: u64,
}

impl FileState {
    /// Returns the state of the file at a path, if there is one.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let found = std::fs::symlink_metadata(path).ok()?;
        Some(Self { id: FileId::of(&found), size: found.len() })
    }
}

impl FileId {
    /// Returns the identity of the file at a path, if there is one.
    pub(super) fn at(path: &Path) -> Option<Self> {
        FileState::at(path).map(|found| found.id)
    }

    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self(metadata.dev(), metadata.ino())
    }

    #[cfg(not(unix))]
    pub(super) fn of(_metadata: &Metadata) -> Self {
        Self(0, 0)
    }
}
