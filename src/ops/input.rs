//! Finds and reads the files that contain deliveries.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::input_file;

/// Largest input that is read; it is in memory as a whole.
const MAX: u64 = 2 << 30;

/// Reason why an input cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("cannot read {path}")]
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
pub(crate) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputFile {
    pub path: PathBuf,
    /// Found in a folder that the user named, so it may not contain deliveries.
    pub is_found: bool,
}

/// Resolves paths to files. Those of a folder and of the folders in it are sorted by name.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<InputFile>, InputError> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(InputFile { path: path.clone(), is_found: false });
            continue;
        }
        let mut inside = Vec::new();
        collect(path, MAX_FOLDERS, &mut inside)?;
        if inside.is_empty() {
            return Err(InputError::EmptyFolder(path.display().to_string()));
        }
        inside.sort_by_cached_key(|path| (path.parent().map(Path::to_owned), numbered(path)));
        found.extend(inside.into_iter().map(|path| InputFile { path, is_found: true }));
    }
    Ok(found)
}

/// Depth to which folders are searched.
const MAX_FOLDERS: usize = 16;

fn collect(folder: &Path, depth: usize, inside: &mut Vec<PathBuf>) -> Result<(), InputError> {
    let unreadable = |error| InputError::unreadable(folder, error);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let file = entry.path();
        let name = entry.file_name();
        // Links to folders are not followed, so that there are no cycles.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            let name = name.to_string_lossy();
            if depth > 0 && !name.starts_with('.') && name != "node_modules" {
                collect(&file, depth - 1, inside)?;
            }
            continue;
        }
        let ending = file.extension().and_then(|ending| ending.to_str());
        if ending.is_some_and(|ending| ENDINGS.contains(&ending))
            && !ENVIRONMENTS.contains(&&*name.to_string_lossy())
        {
            // A folder from another source may contain pipes, and links to anything.
            input_file::regular_below(folder, Path::new(&name))
                .map_err(|error| InputError::unreadable(&file, error))?;
            inside.push(file);
        }
    }
    Ok(())
}

/// Endings of files that contain requests.
const ENDINGS: [&str; 6] = ["json", "jsonl", "ndjson", "har", "http", "rest"];

/// Files with the variables of `.http` files.
const ENVIRONMENTS: [&str; 2] = ["http-client.env.json", "http-client.private.env.json"];

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
