//! Files that commands write: for their owner only, and over existing ones only on request.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::CliError;
use crate::private_file::{self, Existing};

pub(super) fn cannot_write(path: &Path, error: io::Error) -> CliError {
    CliError::environment_in(format!("cannot write {}", path.display()), error)
}

/// Refuses to begin if one of these files exists.
pub(super) fn check(paths: &[PathBuf], existing: Existing) -> Result<(), CliError> {
    let there: Vec<&PathBuf> =
        paths.iter().filter(|path| fs::symlink_metadata(path).is_ok()).collect();
    match (there.as_slice(), existing) {
        ([], _) | (_, Existing::Replace) => Ok(()),
        ([first, rest @ ..], Existing::Keep) => {
            let more = if rest.is_empty() {
                " is".to_owned()
            } else {
                format!(" and {} more are", rest.len())
            };
            Err(CliError::usage(format!(
                "{}{more} there already, and nothing was written; give another --out, or --force \
                 to replace them",
                first.display()
            )))
        }
    }
}

/// Writes a whole file over one that may exist.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), CliError> {
    private_file::write(path, content, Existing::Replace).map_err(|error| cannot_write(path, error))
}
