//! Files for other tools: the recipe for build servers, completions, and the manual page.

#![cfg(unix)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::tools::is_installed;
use support::{Tested, hookglass};

const BINARY: &str = env!("CARGO_BIN_EXE_hookglass");

fn recipe(folder: &Path, variables: &[(&str, &str)], script: &str) -> Tested<Output> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/ci/webhooks.sh");
    let mut command = Command::new(path);
    command
        .args(["sh", "-c", script])
        .current_dir(folder)
        .env("CRIBBLY_WEBHOOK_SECRET", support::SECRET)
        .env("HOOKGLASS", BINARY)
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    Ok(command.output()?)
}

#[test]
fn the_recipe_runs_as_written_in_a_clean_folder() -> Tested {
    let send = "\"$HOOKGLASS\" send message.created --to \"$WEBHOOK_URL\"";
    let tampered = format!("{send} && {send} --tamper body");
    for (variables, script, code, part) in [
        (&[("EXPECT", "type:message.created sig:verified")][..], send, 0, ""),
        (&[("COUNT", "2"), ("TIMEOUT", "200ms")], send, 1, "1 of 2 arrived"),
        (&[("FORBID", "sig:!verified")], send, 0, ""),
        (&[("FORBID", "sig:!verified")], &tampered, 1, "delivery 2 arrived"),
        (&[], "exit 7", 7, "received deliveries"),
        (&[("EXPECT", "typ:x")], send, 2, "did you mean `type:`"),
        (&[("FORWARD", "nowhere")], send, 3, "invalid URL"),
    ] {
        let folder = tempfile::tempdir()?;
        let ran = recipe(folder.path(), variables, script)?;
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(code), "{variables:?}: {said}");
        assert!(said.contains(part), "{variables:?}: {said}");
        let fixtures = folder.path().join("hookglass-fixtures");
        // A wrong filter or target is found before the command runs.
        let came = script.contains("send") && code != 3 && code != 2;
        assert_eq!(fixtures.exists(), code != 0 && came, "{variables:?}: {said}");
        if !fixtures.exists() {
            assert_eq!(fs::read_dir(folder.path())?.count(), 0, "{variables:?}");
        }
    }
    Ok(())
}

#[test]
fn completions_and_the_manual_page_come_from_the_definitions() -> Tested {
    let folder = tempfile::tempdir()?;
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let printed = hookglass(folder.path()).args(["completions", shell]).output()?;
        let script = String::from_utf8(printed.stdout)?;
        assert!(script.contains("hookglass") && script.contains("keep-signature"), "{shell}");
        if shell == "bash" && is_installed("bash") {
            fs::write(folder.path().join("script"), script)?;
            let check =
                Command::new("bash").args(["-n", "script"]).current_dir(&folder).status()?;
            assert!(check.success());
        }
    }
    let page = hookglass(folder.path()).arg("man").output()?;
    assert!(String::from_utf8(page.stdout)?.starts_with(".ie"));
    Ok(())
}
