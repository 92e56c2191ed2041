//! Edits the user's configuration without changing the rest of it.

use std::fs;
use std::io;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, value};

use crate::private_file::replace_public;

/// Reason why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    #[error("{path} cannot be read as TOML: {source}")]
    Damaged { path: String, source: toml_edit::TomlError },
    #[error("{path}: `{key}` must be a table; change or remove it")]
    NoTable { path: String, key: &'static str },
}

/// Saves a filter under a name in `[dashboard.views]`; creates the file if it does not exist.
pub fn save_view(path: &Path, name: &str, filter: &str) -> Result<(), SaveError> {
    let shown = path.display().to_string();
    let failed = |source| SaveError::Io { path: shown.clone(), source };
    let mut document = read(path)?;
    let no_table = |key| SaveError::NoTable { path: shown.clone(), key };
    let dashboard =
        table(document.as_table_mut(), "dashboard").ok_or_else(|| no_table("dashboard"))?;
    let views = table(dashboard, "views").ok_or_else(|| no_table("dashboard.views"))?;
    views.insert(name, value(filter));
    replace_public(path, document.to_string().as_bytes()).map_err(failed)
}

/// Reason why a provider was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddProviderError {
    #[error("[providers.{name}] is already in {path}; change it there, or choose another name")]
    Exists { name: String, path: String },
    #[error(transparent)]
    Save(#[from] SaveError),
}

/// Adds a table `[providers.NAME]` at the end of the file; creates the file if it does not exist.
pub fn add_provider(path: &Path, name: &str, table: &str) -> Result<(), AddProviderError> {
    let shown = path.display().to_string();
    let document = read(path)?;
    let is_there = document
        .get("providers")
        .and_then(Item::as_table_like)
        .is_some_and(|providers| providers.contains_key(name));
    if is_there {
        return Err(AddProviderError::Exists { name: name.to_owned(), path: shown });
    }
    let before = document.to_string();
    let between = match before.trim_end() {
        "" => "",
        _ if before.ends_with("\n\n") => "",
        _ if before.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let after = format!("{before}{between}{table}");
    // An inline table cannot be added to.
    let _: DocumentMut =
        after.parse().map_err(|source| SaveError::Damaged { path: shown.clone(), source })?;
    replace_public(path, after.as_bytes())
        .map_err(|source| SaveError::Io { path: shown, source })?;
    Ok(())
}

/// Reads a file for editing; an absent one is empty.
fn read(path: &Path) -> Result<DocumentMut, SaveError> {
    let shown = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(SaveError::Io { path: shown, source }),
    };
    text.parse().map_err(|source| SaveError::Damaged { path: shown, source })
}

/// Returns a subtable by name, creating it if necessary.
fn table<'t>(outer: &'t mut Table, name: &str) -> Option<&'t mut Table> {
    let made = || {
        let mut made = Table::new();
        // A table needs its own header only if it contains values directly.
        made.set_implicit(true);
        Item::Table(made)
    };
    outer.entry(name).or_insert_with(made).as_table_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_view_is_added_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hookglass.toml");
        let before = "# mine\nprovider = [\"github\"] # why\n\n[dashboard]\ntheme = \"day\"\n";
        for start in ["", before] {
            fs::write(&path, start).unwrap();
            save_view(&path, "bad ones", "sig:!verified \"x y\"").unwrap();
            save_view(&path, "bad ones", "sig:!verified").unwrap();
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with(start), "{text}");
            let config = Config::load(Some(&path)).unwrap();
            let view = ("bad ones".to_owned(), "sig:!verified".to_owned());
            assert_eq!(config.dashboard.preferences.views, [view]);
        }
    }

    #[test]
    fn a_failed_save_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hookglass.toml");
        for text in ["dashboard = 1\n", "[dashboard\n", "dashboard = { views = 3 }\n"] {
            fs::write(&path, text).unwrap();
            let error = save_view(&path, "v", "x").unwrap_err().to_string();
            assert!(error.contains("hookglass.toml"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
