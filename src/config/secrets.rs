//! Reads secrets from variables, files, and standard input, never from a flag's value.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::secret::Secret;

/// A secret is one line; a larger file is something else.
const MAX_FILE: u64 = 64 * 1024;

/// Locations of secrets given by the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Names of environment variables.
    pub variables: Vec<String>,
    /// Paths; `-` is standard input.
    pub files: Vec<PathBuf>,
    /// Variable that is read if no location is given; it may be unset.
    pub default_variable: String,
    /// Folder with public keys that were downloaded, for providers that publish theirs.
    pub key_folder: Option<PathBuf>,
    /// Table of the configuration that names the locations; none for flags.
    pub table: Option<String>,
}

/// Secrets that were found, and notes for the user.
#[derive(Debug, Default)]
pub(crate) struct FoundSecrets {
    /// In the order given, variables first. The first one is the current secret.
    pub secrets: Vec<Secret>,
    /// Facts such as a newline that was not read as part of the secret.
    pub notes: Vec<String>,
    pub warnings: Vec<String>,
}

/// Reason why a secret could not be read. Names its location, never its contents.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("--secret-env {0}: the variable is not set; set it, or omit the flag")]
    Unset(String),
    #[error("{0}: the secret is empty; set it to the secret that the provider shows")]
    Empty(String),
    #[error("{0}: the value is not UTF-8; put such a secret in a file and use --secret-file")]
    NotText(String),
    #[error("cannot read the secret, {place}: {source}")]
    Unreadable { place: String, source: io::Error },
    #[error("{0}: larger than 64 KiB, which is too large for a webhook secret")]
    TooLarge(String),
    #[error("--secret-file - was given twice, but standard input can be read only once")]
    TwiceStandardInput,
}

/// Reads all given secrets.
pub(crate) fn load(sources: &Sources) -> Result<FoundSecrets, SecretError> {
    let mut found = FoundSecrets::default();
    for name in &sources.variables {
        match (variable(name), &sources.table) {
            (Ok(Some(value)), _) => found.secrets.push(value),
            (Ok(None), None) => return Err(SecretError::Unset(name.clone())),
            // The variable of an old secret may be gone, and that of a new one may not be set yet.
            (Ok(None), Some(table)) => found.warnings.push(format!(
                "{name} is not set, so it is not used; `secret_env` of [{table}] names it"
            )),
            (Err(error), _) => return Err(error),
        }
    }
    if sources.files.iter().filter(|path| is_standard_input(path)).count() > 1 {
        return Err(SecretError::TwiceStandardInput);
    }
    for path in &sources.files {
        let place = match &sources.table {
            Some(table) => format!("`secret_file` of [{table}]: {}", path.display()),
            None => format!("--secret-file {}", path.display()),
        };
        found.read_file(path, place)?;
    }
    if sources.variables.is_empty() && sources.files.is_empty() {
        match variable(&sources.default_variable) {
            Ok(secret) => found.secrets.extend(secret),
            // An empty default is common in shell scripts; it means the same as none.
            Err(SecretError::Empty(name)) => {
                found.warnings.push(format!("{name} is set but empty; ignored"));
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(folder) = &sources.key_folder {
        found.read_keys(folder);
    }
    Ok(found)
}

fn variable(name: &str) -> Result<Option<Secret>, SecretError> {
    let Some(value) = std::env::var_os(name) else { return Ok(None) };
    let value = value.into_string().map_err(|_| SecretError::NotText(name.to_owned()))?;
    if value.is_empty() {
        return Err(SecretError::Empty(name.to_owned()));
    }
    Ok(Some(Secret::new(name, value)))
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl FoundSecrets {
    /// Reads the public keys in a folder, which may be missing.
    fn read_keys(&mut self, folder: &Path) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        let mut paths: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        paths.sort();
        for path in paths {
            let shown = path.display().to_string();
            let mut bytes = Vec::new();
            let read =
                fs::File::open(&path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut bytes));
            match read {
                Ok(_) => self.secrets.push(Secret::new(shown, bytes)),
                Err(error) => self.warnings.push(format!("{shown}: {error}; it is not used")),
            }
        }
    }

    fn read_file(&mut self, path: &Path, place: String) -> Result<(), SecretError> {
        let shown = path.display().to_string();
        let unreadable = |source| SecretError::Unreadable { place: place.clone(), source };
        let mut bytes = Zeroizing::new(Vec::new());
        let name = if is_standard_input(path) {
            io::stdin().take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
            "standard input".to_owned()
        } else {
            let file = fs::File::open(path).map_err(unreadable)?;
            self.warnings.extend(readable_by_others(&file, &shown));
            file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
            shown
        };
        if bytes.len() as u64 > MAX_FILE {
            return Err(SecretError::TooLarge(place));
        }
        if let Some(kept) = without_line_end(&bytes) {
            self.notes.push(format!("{name}: ignored the newline at the end"));
            bytes.truncate(kept);
        }
        if bytes.is_empty() {
            return Err(SecretError::Empty(name));
        }
        self.secrets.push(Secret::new(name, bytes.to_vec()));
        Ok(())
    }
}

/// Returns the length without one trailing line end, which editors add but providers do not.
fn without_line_end(bytes: &[u8]) -> Option<usize> {
    let rest = bytes.strip_suffix(b"\n")?;
    Some(rest.strip_suffix(b"\r").unwrap_or(rest).len())
}

#[cfg(unix)]
fn readable_by_others(file: &fs::File, shown: &str) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata().ok()?;
    let mode = metadata.permissions().mode() & 0o777;
    (metadata.is_file() && mode & 0o044 != 0).then(|| {
        format!("{shown} is readable by other users (mode {mode:03o}); run chmod 600 on it")
    })
}

#[cfg(not(unix))]
fn readable_by_others(_file: &fs::File, _shown: &str) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn from_file(content: &[u8]) -> Result<FoundSecrets, SecretError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        load(&Sources { files: vec![file.path().to_owned()], ..Sources::default() })
    }

    #[test]
    fn one_line_end_is_not_part_of_the_secret() {
        for (content, secret, notes) in [
            (&b"test-key"[..], &b"test-key"[..], 0),
            (b"test-key\n", b"test-key", 1),
            (b"test-key\r\n", b"test-key", 1),
            (b"test-key\n\n", b"test-key\n", 1),
            (b" test-key ", b" test-key ", 0),
            (b"\xff\x00key\n", b"\xff\x00key", 1),
        ] {
            let found = from_file(content).unwrap();
            assert_eq!(found.secrets[0].expose(), secret);
            assert_eq!(found.notes.len(), notes, "{content:?}");
        }
    }

    #[test]
    fn an_invalid_secret_is_refused() {
        assert!(matches!(from_file(b"\n"), Err(SecretError::Empty(_))));
        assert!(matches!(from_file(&vec![b'x'; 65_537]), Err(SecretError::TooLarge(_))));
        let absent = Sources { files: vec!["/no/such/file".into()], ..Sources::default() };
        let error = load(&absent).unwrap_err().to_string();
        assert!(error.contains("/no/such/file"), "{error}");
        let unset =
            Sources { variables: vec!["HOOKGLASS_TEST_UNSET".into()], ..Sources::default() };
        assert!(matches!(load(&unset), Err(SecretError::Unset(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_warned_about() {
        use std::os::unix::fs::PermissionsExt as _;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"test-key").unwrap();
        for (mode, warnings) in [(0o600, 0), (0o640, 1), (0o604, 1)] {
            file.as_file().set_permissions(fs::Permissions::from_mode(mode)).unwrap();
            let sources = Sources { files: vec![file.path().to_owned()], ..Sources::default() };
            let found = load(&sources).unwrap();
            assert_eq!(found.warnings.len(), warnings, "{mode:o}");
            assert!(found.warnings.iter().all(|warning| !warning.contains("test-key")));
        }
    }
}
