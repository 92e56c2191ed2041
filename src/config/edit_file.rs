//! Edits the user's configuration without changing the rest of it.

use std::fs;
use std::io;
use std::path::Path;

use toml_edit::{Array, DocumentMut, Item, Table, value};

use crate::app::Setting;
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
    edit(path, |dashboard| {
        table(dashboard, "views").ok_or("dashboard.views")?.insert(name, value(filter));
        Ok(())
    })
}

/// Saves a setting in `[dashboard]`; creates the file if it does not exist.
pub fn save_setting(path: &Path, setting: &Setting) -> Result<(), SaveError> {
    edit(path, |dashboard| {
        match setting {
            Setting::Theme(name) => drop(dashboard.insert("theme", value(name))),
            Setting::Columns(columns) => {
                let names = columns.iter().map(|column| column.as_str().replace(' ', "-"));
                drop(dashboard.insert("columns", value(names.collect::<Array>())));
            }
            Setting::Layout(arrangement) => {
                let layout = table(dashboard, "layout").ok_or("dashboard.layout")?;
                let mut set = |key, new: Option<Item>| match new {
                    Some(new) => drop(layout.insert(key, new)),
                    None => drop(layout.remove(key)),
                };
                set("stacked", arrangement.stacked.map(value));
                set("third_pane", arrangement.third.map(value));
                set("list", arrangement.list.map(|size| value(i64::from(size))));
            }
        }
        Ok(())
    })
}

/// Edits `[dashboard]`; an edit that fails returns the key that is not a table.
fn edit(
    path: &Path,
    change: impl FnOnce(&mut Table) -> Result<(), &'static str>,
) -> Result<(), SaveError> {
    let shown = path.display().to_string();
    let failed = |source| SaveError::Io { path: shown.clone(), source };
    let mut document = read(path)?;
    let no_table = |key| SaveError::NoTable { path: shown.clone(), key };
    let dashboard =
        table(document.as_table_mut(), "dashboard").ok_or_else(|| no_table("dashboard"))?;
    change(dashboard).map_err(no_table)?;
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
    use crate::app::columns::ListColumn;
    use crate::app::layout::Arrangement;
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
    fn settings_are_read_as_they_were_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hookglass.toml");
        fs::write(&path, "# mine\n[dashboard]\ntheme = \"day\" # bright\n").unwrap();
        let columns = vec![ListColumn::Time, ListColumn::EventId];
        let layout = Arrangement { stacked: Some(true), list: Some(9), ..Arrangement::default() };
        for setting in [
            Setting::Theme("night".to_owned()),
            Setting::Columns(columns.clone()),
            Setting::Layout(Arrangement { third: Some(false), ..layout }),
            Setting::Layout(layout),
        ] {
            save_setting(&path, &setting).unwrap();
        }
        let config = Config::load(Some(&path)).unwrap();
        assert_eq!(config.dashboard.theme_name.as_deref(), Some("night"));
        assert_eq!(config.dashboard.preferences.columns, columns);
        assert_eq!(config.dashboard.preferences.arrangement, layout);
        assert!(fs::read_to_string(&path).unwrap().starts_with("# mine\n"));
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
