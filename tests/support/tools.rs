//! External programs that some tests need: `curl`, `node`, ….

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::Tested;

/// Prints that a test was skipped, and why. With `HOOKGLASS_REQUIRE_TOOLS=1` it fails instead.
pub(crate) fn skip(why: &str) {
    let required = std::env::var("HOOKGLASS_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
    assert!(!required, "HOOKGLASS_REQUIRE_TOOLS is set, but {why}");
    #[expect(clippy::print_stdout, reason = "a skipped test must not look like a passed one")]
    {
        println!("skipped: {why}");
    }
}

/// Returns the path in a variable, or skips the test.
pub(crate) fn tool_at(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).filter(|path| !path.is_empty());
    if path.is_none() {
        skip(&format!("{variable} is not set"));
    }
    path.map(Into::into)
}

/// Returns whether a program is installed; skips if not.
pub(crate) fn is_installed(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        skip(&format!("{program} is not installed"));
    }
    found
}

/// Runs a shell command in a project, with programs of `tools` before others.
pub(crate) fn sh(project: &Path, command: &str, tools: Option<&Path>) -> Tested<Output> {
    let mut paths: Vec<PathBuf> = tools.map(Path::to_owned).into_iter().collect();
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(project).env("PATH", std::env::join_paths(paths)?);
    // Python keeps compiled files of a module whose size and second of change are the same.
    shell.env("PYTHONDONTWRITEBYTECODE", "1").env("GOFLAGS", "-mod=mod").env("NO_COLOR", "1");
    Ok(shell.output()?)
}

/// Returns the folder of installed JavaScript runners; none if the registry is not reachable.
pub(crate) fn npm() -> Tested<Option<PathBuf>> {
    if !is_installed("npm") {
        return Ok(None);
    }
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("loaders/npm");
    fs::create_dir_all(&cache)?;
    let package = r#"{"private":true,"dependencies":{"jest":"30.5.2","vitest":"4.1.12"}}"#;
    let lock = fs::File::create(cache.join("lock"))?;
    lock.lock()?;
    let is_there = fs::read_to_string(cache.join("package.json")).is_ok_and(|old| old == package)
        && cache.join("node_modules/.bin/jest").exists();
    if !is_there {
        fs::write(cache.join("package.json"), package)?;
        let install = "npm install --no-audit --no-fund --loglevel=error";
        if !sh(&cache, install, None)?.status.success() {
            fs::remove_file(cache.join("package.json"))?;
            skip("npm cannot install vitest and jest");
            return Ok(None);
        }
    }
    Ok(Some(cache.join("node_modules")))
}

/// Returns the programs of an environment with pytest; none if it cannot be installed.
pub(crate) fn pytest() -> Tested<Option<PathBuf>> {
    if !is_installed("python3") {
        return Ok(None);
    }
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("loaders/python");
    fs::create_dir_all(&cache)?;
    let lock = fs::File::create(cache.join("lock"))?;
    lock.lock()?;
    let install =
        "test -x env/bin/pytest || (python3 -m venv env && env/bin/pip install -q pytest)";
    if sh(&cache, install, None)?.status.success() {
        return Ok(Some(cache.join("env/bin")));
    }
    skip("pip cannot install pytest");
    Ok(None)
}
