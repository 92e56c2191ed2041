//! Finds and reads the files that contain deliveries.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::input_file;

/// Largest input that is read; it is in memory as a whole.
const MAX: u64 = 2 << 30;

/// Why an input cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("{path}")]
    Unreadable { path: String, source: io::Error },
    #[error("{0}: no .json, .jsonl, .har, or .http file in this folder")]
    EmptyFolder(String),
}

impl InputError {
    fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable { path: path.display().to_string(), source }
    }
}

/// Returns whether a path means standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Resolves paths to files, with the files of a folder sorted by name.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, InputError> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let unreadable = |error| InputError::unreadable(path, error);
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            let ending = file.extension().and_then(|ending| ending.to_str());
            if matches!(ending, Some("json" | "jsonl" | "ndjson" | "har" | "http" | "rest")) {
                // A folder from someone else may contain pipes, and links to anything.
                input_file::regular_below(path, Path::new(file.file_name().unwrap_or_default()))
                    .map_err(|error| InputError::unreadable(&file, error))?;
                inside.push(file);
            }
        }
        if inside.is_empty() {
            return Err(InputError::EmptyFolder(path.display().to_string()));
        }
        inside.sort_by_cached_key(|path| numbered(path));
        found.extend(inside);
    }
    Ok(found)
}

/// Natural sort key: `x.999` before `x.1000`, and `Ping.1` before `ping.2`.
fn numbered(path: &Path) -> (String, u64, PathBuf) {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let before = stem.trim_end_matches(|digit: char| digit.is_ascii_digit()).to_owned();
    let number = stem.get(before.len()..).and_then(|digits| digits.parse().ok());
    (before.to_lowercase(), number.unwrap_or_default(), path.to_owned())
}

/// Reads a file, or standard input if the path is `-`.
pub(super) fn bytes(path: &Path, standard_input: &mut dyn Read) -> Result<Vec<u8>, InputError> {
    let read = if is_standard_input(path) {
        input_file::read_all(standard_input, MAX)
    } else {
        input_file::read(path, MAX)
    };
    read.map_err(|error| InputError::unreadable(path, error))
}

/// Reads a file that another one names, such as the body of a request in an `.http` file. Only
/// regular files below the folder of the other one are read.
pub(super) fn beside(path: &Path, name: &str) -> io::Result<Vec<u8>> {
    input_file::read_below(path.parent().unwrap_or(Path::new("")), name, MAX)
}
