//! Files written by commands, readable by their owner only.

use std::io::{self, Write as _};
use std::path::Path;

use super::CliError;
use crate::private_file::{self, Existing};

/// Writes a file as a whole, replacing any existing one. A device or a pipe is written to.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), CliError> {
    write(path, content).map_err(|error| {
        CliError::environment_in(format!("cannot write {}", path.display()), error)
    })
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    match private_file::open_device(path)? {
        Some(mut device) => device.write_all(content),
        None => private_file::write(path, content, Existing::Replace),
    }
}
