//! Files that commands write: for their owner only, and over nothing that is there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::CliError;

/// Whether files that are there may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    Kept,
    Replaced,
}

/// A file that gets its name once it is whole.
pub(super) struct NewFile {
    path: PathBuf,
    partial: PathBuf,
    out: BufWriter<File>,
}

pub(super) fn cannot_write(path: &Path, error: io::Error) -> CliError {
    CliError::environment_in(format!("cannot write {}", path.display()), error)
}

/// Says which of these are there; nothing is written where one is.
pub(super) fn check(paths: &[PathBuf], existing: Existing) -> Result<(), CliError> {
    let there: Vec<&PathBuf> =
        paths.iter().filter(|path| fs::symlink_metadata(path).is_ok()).collect();
    match (there.as_slice(), existing) {
        ([], _) | (_, Existing::Replaced) => Ok(()),
        ([first, rest @ ..], Existing::Kept) => {
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

impl NewFile {
    pub(super) fn create(path: &Path) -> Result<Self, CliError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = path.with_file_name(name);
        // One that is left of a run that was killed.
        let _ = fs::remove_file(&partial);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&partial).map_err(|error| cannot_write(path, error))?;
        Ok(Self { path: path.to_owned(), partial, out: BufWriter::new(file) })
    }

    /// Gives the file its name; what had it before is gone.
    pub(super) fn finish(mut self) -> Result<(), CliError> {
        let done = self.out.flush().and_then(|()| fs::rename(&self.partial, &self.path));
        done.map_err(|error| cannot_write(&self.path, error))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // It is there only where something failed before.
        let _ = fs::remove_file(&self.partial);
    }
}

/// Writes a whole file.
pub(super) fn file(path: &Path, content: &[u8]) -> Result<(), CliError> {
    let mut fresh = NewFile::create(path)?;
    fresh.write_all(content).map_err(|error| cannot_write(path, error))?;
    fresh.finish()
}
