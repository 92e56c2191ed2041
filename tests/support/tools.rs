//! Programs that are not part of the project and that some tests need: `curl`, `node`, ….

use std::process::{Command, Stdio};

/// Prints that a test was skipped, and why. With `HOOKGLASS_REQUIRE_TOOLS=1` it fails instead.
pub(crate) fn skip(why: &str) {
    let required = std::env::var("HOOKGLASS_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
    assert!(!required, "HOOKGLASS_REQUIRE_TOOLS is set, but {why}");
    #[expect(clippy::print_stdout, reason = "a skipped test must not look like a passed one")]
    {
        println!("skipped: {why}");
    }
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
