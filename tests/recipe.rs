//! What is handed out for others: the recipe of build servers, tests beside fixtures, completions.

#![cfg(unix)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

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
fn the_recipe_runs_as_written_from_a_clean_folder() -> Tested {
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
        let came = script.contains("send") && code != 3;
        assert_eq!(fixtures.exists(), code != 0 && came, "{variables:?}: {said}");
        if !fixtures.exists() {
            assert_eq!(fs::read_dir(folder.path())?.count(), 0, "{variables:?}");
        }
    }
    Ok(())
}

/// A folder of fixtures with a test in a language, and the outcome of that.
fn with(language: &str, run: impl Fn(&Path) -> Tested<Command>) -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = support::Listener::start(&mut hookglass(folder.path()))?;
    let url = listener.url();
    for tamper in [&[][..], &["--tamper", "body"], &["--tamper", "missing"]] {
        let mut send = hookglass(folder.path());
        send.args(["send", "message.created", "--to", &url]).args(tamper);
        assert!(send.output()?.status.success());
    }
    listener.stop()?;
    let out = folder.path().join("fixtures");
    let mut export = hookglass(folder.path());
    export.args(["export", "--format", "fixture", "--out", "fixtures", "--with", language]);
    assert!(export.output()?.status.success());
    let ran = run(&out)?.current_dir(&out).output()?;
    let told = format!(
        "{} {}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(ran.status.success(), "{told}");
    // A byte more in a body, and it has to fail.
    let one = out.join("cribbly.message.created.001.json");
    let text = fs::read_to_string(&one)?;
    fs::write(&one, text.replace("zoo trip", "zoo  trip"))?;
    assert!(!run(&out)?.current_dir(&out).output()?.status.success(), "{language} passes anything");
    Ok(())
}

/// Whether a tool is here; its absence is told.
fn has(tool: &str) -> bool {
    let mut asked = Command::new(tool);
    asked.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    let is_there = asked.status().is_ok_and(|status| status.success());
    if !is_there {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "skipped: there is no {tool} here");
    }
    is_there
}

#[test]
fn a_node_test_passes_as_written() -> Tested {
    if !has("node") {
        return Ok(());
    }
    with("node", |_| {
        let mut command = Command::new("node");
        command.args(["--test", "fixtures.test.mjs"]);
        Ok(command)
    })
}

#[test]
fn a_python_test_passes_as_written() -> Tested {
    if !has("python3") {
        return Ok(());
    }
    with("python", |_| {
        let mut command = Command::new("python3");
        command.args(["-m", "unittest", "test_fixtures"]);
        Ok(command)
    })
}

/// The library that this very test was linked with.
fn serde_json(deps: &Path) -> Tested<PathBuf> {
    let entries = fs::read_dir(deps)?.collect::<Result<Vec<_>, _>>()?;
    let fits = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| name.starts_with("libserde_json-"))
            && path.extension().is_some_and(|ending| ending == "rlib")
    };
    let all = entries.into_iter().map(|entry| entry.path()).filter(fits);
    let newest = all.max_by_key(|path| fs::metadata(path).and_then(|found| found.modified()).ok());
    newest.ok_or_else(|| "no serde_json is built".into())
}

#[test]
fn a_rust_test_passes_as_written() -> Tested {
    let test = std::env::current_exe()?;
    let deps = test.parent().ok_or("no folder")?.to_owned();
    let library = serde_json(&deps)?;
    with("rust", |out| {
        let built = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--edition", "2024", "--test", "main.rs", "-o", "run"])
            .arg("-L")
            .arg(format!("dependency={}", deps.display()))
            .arg("--extern")
            .arg(format!("serde_json={}", library.display()))
            .env("CARGO_MANIFEST_DIR", out)
            .current_dir(out)
            .output()?;
        if !built.status.success() {
            return Err(String::from_utf8_lossy(&built.stderr).into_owned().into());
        }
        Ok(Command::new(out.join("run")))
    })
}

#[test]
fn completions_and_the_manual_page_come_from_the_definitions() -> Tested {
    let folder = tempfile::tempdir()?;
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let printed = hookglass(folder.path()).args(["completions", shell]).output()?;
        let script = String::from_utf8(printed.stdout)?;
        assert!(script.contains("hookglass") && script.contains("keep-signature"), "{shell}");
        if shell == "bash" && has("bash") {
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
