//! Finds the configuration and the store: named by a flag or a variable, else in the working
//! directory or one of its parents.

use std::env;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::config::DEFAULT as CONFIG;

/// Default path of the store, relative to its project.
const STORE: &str = ".hookglass/deliveries.db";

/// Variables that replace the flags.
const CONFIG_VARIABLE: &str = "HOOKGLASS_CONFIG";
const STORE_VARIABLE: &str = "HOOKGLASS_STORE";

/// A file, and why it is the one to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChosenFile {
    pub(super) path: PathBuf,
    pub(super) origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Named by a flag or a variable.
    Named(&'static str),
    /// Found in a parent of the working directory.
    Parent,
    Default,
}

impl Origin {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Named(by) => by,
            Self::Parent => "parent folder",
            Self::Default => "default",
        }
    }
}

impl ChosenFile {
    fn named(flag: Option<&Path>, name: &'static str, variable: &'static str) -> Option<Self> {
        if let Some(path) = flag {
            return Some(Self { path: path.to_owned(), origin: Origin::Named(name) });
        }
        let path = env::var_os(variable).filter(|value| !value.is_empty())?.into();
        Some(Self { path, origin: Origin::Named(variable) })
    }
}

/// Returns the configuration file, which may not exist.
pub(super) fn config(flag: Option<&Path>) -> ChosenFile {
    ChosenFile::named(flag, "--config", CONFIG_VARIABLE).unwrap_or_else(|| {
        search(CONFIG)
            .unwrap_or_else(|| ChosenFile { path: CONFIG.into(), origin: Origin::Default })
    })
}

/// Returns the store, which may not exist. A new one is created next to the configuration.
pub(super) fn store(flag: Option<&Path>) -> ChosenFile {
    if let Some(named) = ChosenFile::named(flag, "--store", STORE_VARIABLE) {
        return named;
    }
    if let Some(found) = search(STORE) {
        return found;
    }
    match search(CONFIG) {
        Some(ChosenFile { path, origin }) => {
            ChosenFile { path: path.with_file_name(STORE), origin }
        }
        None => ChosenFile { path: STORE.into(), origin: Origin::Default },
    }
}

/// Returns the file with the copy of a stream, next to the store.
pub(super) fn hub_copy(stream: &str) -> PathBuf {
    let is_plain =
        |character: &char| character.is_ascii_alphanumeric() || "-_".contains(*character);
    let stream: String = stream.chars().filter(is_plain).collect();
    let store = search(STORE).or_else(|| {
        let ChosenFile { path, origin } = search(CONFIG)?;
        Some(ChosenFile { path: path.with_file_name(STORE), origin })
    });
    let store = store.map_or_else(|| PathBuf::from(STORE), |place| place.path);
    store.with_file_name(format!("hub-{stream}.db"))
}

/// Searches the working directory and its parents, up to the root of the repository. The home
/// folder, whose store would otherwise collect every project's deliveries, is not searched from
/// below, and neither are folders that other users can write to.
fn search(name: &str) -> Option<ChosenFile> {
    if Path::new(name).exists() {
        return Some(ChosenFile { path: name.into(), origin: Origin::Default });
    }
    let here = env::current_dir().ok()?;
    let home = env::home_dir();
    let own = here.metadata().ok()?;
    let mut below = here.as_path();
    for folder in here.ancestors().skip(1) {
        let is_root = below.join(".git").exists();
        let is_trusted = folder.metadata().is_ok_and(|found| is_private(&found, &own));
        if is_root || home.as_deref() == Some(folder) || !is_trusted {
            return None;
        }
        let path = folder.join(name);
        if path.exists() {
            return Some(ChosenFile { path, origin: Origin::Parent });
        }
        below = folder;
    }
    None
}

/// Returns whether a folder belongs to the owner of another one, and only they write to it.
#[cfg(unix)]
fn is_private(folder: &Metadata, own: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    folder.uid() == own.uid() && folder.mode() & 0o002 == 0
}

#[cfg(not(unix))]
fn is_private(_folder: &Metadata, _own: &Metadata) -> bool {
    true
}
