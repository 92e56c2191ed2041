//! Lists the provider files in `assets/providers`, so that adding a provider is adding its file.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

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
        let path = path.to_str().ok_or("invalid path")?;
        writeln!(list, "    ({name:?}, include_str!({path:?})),")?;
    }
    list.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("providers.rs"), list)?;
    Ok(())
}
