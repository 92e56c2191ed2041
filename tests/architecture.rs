//! Who may name whom, as `src/lib.rs` draws it.

use std::fs;
use std::path::{Path, PathBuf};

type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Every room, and the rooms it may name.
const MAY_NAME: [(&str, &[&str]); 24] = [
    ("delivery", &[]),
    ("diagnostic", &["payload"]),
    ("error_chain", &[]),
    ("payload", &[]),
    ("private_file", &[]),
    ("secret", &[]),
    ("task", &[]),
    ("units", &[]),
    ("provider", &["delivery", "payload"]),
    ("filter", &["delivery", "diagnostic", "payload", "units"]),
    ("signature", &["delivery", "payload", "provider", "secret", "units"]),
    ("redact", &["delivery", "payload", "provider"]),
    ("formats", &["delivery", "payload", "provider", "redact"]),
    ("store", &["delivery", "payload", "private_file"]),
    ("listener", &["delivery", "task", "units"]),
    ("outbound", &["delivery", "task", "units"]),
    ("respond", &["delivery", "diagnostic", "filter", "provider", "units"]),
    ("tunnel", &["delivery", "outbound"]),
    (
        "app",
        &[
            "delivery",
            "diagnostic",
            "formats",
            "payload",
            "filter",
            "ops",
            "secret",
            "signature",
            "units",
        ],
    ),
    (
        "config",
        &[
            "app",
            "delivery",
            "diagnostic",
            "error_chain",
            "filter",
            "outbound",
            "private_file",
            "provider",
            "respond",
            "secret",
            "tunnel",
            "units",
        ],
    ),
    (
        "ops",
        &[
            "delivery",
            "filter",
            "formats",
            "intake",
            "outbound",
            "payload",
            "private_file",
            "provider",
            "redact",
            "secret",
            "signature",
            "store",
            "task",
            "units",
        ],
    ),
    (
        "intake",
        &[
            "delivery",
            "filter",
            "listener",
            "outbound",
            "payload",
            "provider",
            "respond",
            "secret",
            "signature",
            "store",
            "task",
        ],
    ),
    ("headless", &["delivery", "formats", "payload", "store", "units"]),
    (
        "dashboard",
        &[
            "app",
            "config",
            "delivery",
            "diagnostic",
            "error_chain",
            "filter",
            "formats",
            "intake",
            "ops",
            "outbound",
            "payload",
            "private_file",
            "provider",
            "redact",
            "respond",
            "secret",
            "signature",
            "store",
            "task",
            "tunnel",
            "units",
        ],
    ),
];

/// What the pure core knows nothing of.
const NOT_IN_APP: [&str; 7] =
    ["tokio", "crossterm", "hyper", "std::fs", "std::net", "std::env", "std::time::Instant"];

fn sources(folder: &Path) -> Tested<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The room that a file belongs to.
fn room_of(path: &Path, house: &Path) -> Tested<String> {
    let inside = path.strip_prefix(house)?;
    let first = inside.components().next().ok_or("an empty path")?;
    let name = Path::new(first.as_os_str()).file_stem().ok_or("no name")?;
    Ok(name.to_string_lossy().into_owned())
}

#[test]
fn rooms_name_only_what_they_may() -> Tested {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&house)? {
        let room = room_of(&path, &house)?;
        if room == "main" || room == "lib" || room == "cli" {
            continue;
        }
        let (_, may) = MAY_NAME
            .iter()
            .find(|(name, _)| *name == room)
            .ok_or_else(|| format!("{room} is not in the table of rooms"))?;
        let text = fs::read_to_string(&path)?;
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for named in code.flat_map(|line| line.split("crate::").skip(1).collect::<Vec<_>>()) {
            let end = named.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let named = named.split_at(end.unwrap_or(named.len())).0;
            let known = may.contains(&named) || named == room;
            assert!(known, "{} names {named}, and {room} may not", path.display());
        }
    }
    Ok(())
}

#[test]
fn the_core_is_pure() -> Tested {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let all = sources(&house.join("app"))?.into_iter().chain([house.join("app.rs")]);
    for path in all {
        let text = fs::read_to_string(&path)?;
        let code: Vec<&str> =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for word in NOT_IN_APP {
            assert!(
                !code.iter().any(|line| line.contains(word)),
                "{} knows {word}",
                path.display()
            );
        }
    }
    Ok(())
}
