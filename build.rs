//! Lists the provider files in `assets/providers`, so that adding a provider is adding its file.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// Keys that name the provider whose events a provider sends too, the deciding one first.
const PARENTS: [&str; 2] = ["weaker_than", "alias_of"];

/// The home provider is listed first; the others follow by name.
const FIRST: &str = "cribbly";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("assets/providers");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name =
                path.file_stem().and_then(|name| name.to_str()).ok_or("invalid file name")?;
            files.push((name != FIRST, name.to_owned(), path));
        }
    }
    files.sort();
    let mut list = String::from("&[\n");
    for (_, name, path) in &files {
        let text = fs::read_to_string(path)?;
        let parent = parent(&text);
        let path = path.to_str().ok_or("invalid path")?;
        writeln!(
            list,
            "    File {{ name: {name:?}, parent: {parent:?}, text: include_str!({path:?}) }},"
        )?;
    }
    list.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("providers.rs"), list)?;
    Ok(())
}

/// Finds the parent of a provider in its file. A whole parser would be compiled for this alone.
fn parent(text: &str) -> Option<&str> {
    let keys = text.lines().take_while(|line| !line.starts_with('['));
    let values: Vec<(&str, &str)> = keys.filter_map(|line| line.split_once(" = ")).collect();
    PARENTS.iter().find_map(|parent| {
        let (_, value) = values.iter().find(|(key, _)| key == parent)?;
        Some(value.trim_matches('"'))
    })
}
