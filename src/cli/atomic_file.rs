//! Files written by commands, readable by their owner only.

use std::path::Path;

use super::CliError;
use crate::private_file::{self, Existing};

/// Writes a file as a whole, replacing any existing one.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), CliError> {
    private_file::write(path, content, Existing::Replace).map_err(|error| {
        CliError::environment_in(format!("cannot write {}", path.display()), error)
    })
}
