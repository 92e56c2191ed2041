//! Files written by commands, readable by their owner only.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::CliError;
use crate::private_file::{self, Existing, PrivateFile};

/// A file to write as a whole at the end of a command, opened at its start: a path that cannot be
/// written is an error before the work is done, not after. It replaces any existing file; a device
/// or a pipe is written to.
pub(super) struct PendingFile {
    path: PathBuf,
    out: Out,
}

enum Out {
    Device(File),
    New(PrivateFile),
}

impl PendingFile {
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let open = || match private_file::open_device(path)? {
            Some(device) => Ok(Out::Device(device)),
            None => PrivateFile::create(path, Existing::Replace).map(Out::New),
        };
        let out = open().map_err(|error| failed(path, error))?;
        Ok(Self { path: path.to_owned(), out })
    }

    pub(super) fn finish(self, content: &[u8]) -> Result<(), CliError> {
        let write = || match self.out {
            Out::Device(mut device) => device.write_all(content),
            Out::New(mut file) => {
                file.write_all(content)?;
                file.finish()
            }
        };
        write().map_err(|error| failed(&self.path, error))
    }
}

fn failed(path: &Path, error: io::Error) -> CliError {
    CliError::environment_in(format!("cannot write {}", path.display()), error)
}
