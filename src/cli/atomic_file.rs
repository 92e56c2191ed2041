//! Files that commands write: for their owner only.

use std::path::Path;

use super::CliError;
use crate::private_file::{self, Existing};

/// Writes a whole file over one that may exist.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), CliError> {
    private_file::write(path, content, Existing::Replace).map_err(|error| {
        CliError::environment_in(format!("cannot write {}", path.display()), error)
    })
}
