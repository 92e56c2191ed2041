//! Files from someone else: a cloned repository or an archive can neither read files outside of its
//! folder nor send deliveries somewhere unannounced.

#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use support::program::Listener;
use support::targets::silent;
use support::terminal::Terminal;
use support::{Tested, hookglass, listed, stderr};

/// Creates a folder `outside` with a secret file, next to a folder `archive`.
fn folder() -> Tested<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("outside"), "not yours")?;
    fs::create_dir(folder.path().join("archive"))?;
    Ok(folder)
}

/// Writes an `.http` file whose body is the named file, and imports it.
fn import(folder: &Path, body: &str) -> Tested<Output> {
    fs::write(folder.join("archive/x.http"), format!("POST http://h/\n\n< {body}\n"))?;
    Ok(hookglass(folder).args(["import", "archive/x.http"]).output()?)
}

fn assert_refused(ran: &Output, reason: &str) {
    assert_eq!(ran.status.code(), Some(2), "{}", stderr(ran));
    assert!(stderr(ran).contains(reason), "{}", stderr(ran));
}

fn pipe(path: &Path) -> Tested {
    let made = Command::new("mkfifo").arg(path).status()?;
    if made.success() { Ok(()) } else { Err("mkfifo failed".into()) }
}

#[test]
fn a_body_below_the_folder_is_imported() -> Tested {
    let folder = folder()?;
    fs::create_dir(folder.path().join("archive/bodies"))?;
    fs::write(folder.path().join("archive/bodies/one"), "body")?;
    let ran = import(folder.path(), "./bodies/one")?;
    let body = listed(folder.path())?.pop().and_then(|line| line.get("body").cloned());
    assert_eq!(body, Some("body".into()), "{}", stderr(&ran));
    Ok(())
}

#[test]
fn a_body_outside_of_the_folder_is_refused() -> Tested {
    let folder = folder()?;
    symlink("../outside", folder.path().join("archive/link"))?;
    let absolute = folder.path().join("outside").display().to_string();
    for body in ["../outside", absolute.as_str(), "/etc/passwd", "link"] {
        assert_refused(&import(folder.path(), body)?, "outside of `archive`");
    }
    Ok(())
}

#[test]
fn a_body_that_is_no_regular_file_is_refused() -> Tested {
    let folder = folder()?;
    pipe(&folder.path().join("archive/pipe"))?;
    assert_refused(&import(folder.path(), "pipe")?, "not a regular file");
    Ok(())
}

#[test]
fn replay_sends_no_file_from_outside_of_the_folder() -> Tested {
    let folder = folder()?;
    let (url, _target) = silent()?;
    fs::write(folder.path().join("archive/x.http"), "POST http://h/\n\n< ../outside\n")?;
    let ran = hookglass(folder.path()).args(["replay", "archive", "--to", &url]).output()?;
    assert_refused(&ran, "outside of `archive`");
    Ok(())
}

#[test]
fn a_folder_with_a_pipe_or_a_link_to_the_outside_is_refused() -> Tested {
    for planted in ["pipe", "link"] {
        let folder = folder()?;
        let path = folder.path().join("archive/x.json");
        if planted == "pipe" {
            pipe(&path)?;
        } else {
            symlink("../outside", &path)?;
        }
        let ran = hookglass(folder.path()).args(["import", "archive"]).output()?;
        let reason = if planted == "pipe" { "not a regular file" } else { "outside of `archive`" };
        assert_refused(&ran, reason);
    }
    Ok(())
}

#[test]
fn a_device_is_not_imported() -> Tested {
    let folder = folder()?;
    let ran = hookglass(folder.path()).args(["import", "/dev/zero"]).output()?;
    assert_refused(&ran, "neither a regular file nor a pipe");
    Ok(())
}

#[test]
fn a_response_file_outside_of_the_configuration_is_refused() -> Tested {
    let folder = folder()?;
    let own = folder.path().join("archive");
    fs::write(own.join("hookglass.toml"), "[[respond]]\nfile = \"../outside\"\n")?;
    let ran = hookglass(&own).args(["--headless", "--bind", "127.0.0.1:0"]).output()?;
    assert_refused(&ran, "it is outside of `.`");
    Ok(())
}

/// Creates a folder whose configuration forwards to a URL, responds with a file, and reads a
/// secret.
fn configured(url: &str) -> Tested<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("page"), "page")?;
    fs::write(folder.path().join("key"), "test-key-not-real")?;
    let text = format!(
        "[[forward]]\nurl = \"{url}\"\nfilter = \"type:a.*\"\n\n[[respond]]\nfile = \"page\"\n\n\
         [providers.github]\nsecret_file = \"key\"\n"
    );
    fs::write(folder.path().join("hookglass.toml"), text)?;
    Ok(folder)
}

#[test]
fn what_a_configuration_sends_and_reads_is_announced_headless() -> Tested {
    let (url, _target) = silent()?;
    let folder = configured(&url)?;
    let (_, _, said) = Listener::start(&mut hookglass(folder.path()))?.stop()?;
    let sent = format!("hookglass: hookglass.toml forwards to {url}");
    let read = "(type:a.*); responds with the content of page; reads secrets from key\n";
    assert!(said.contains(&sent) && said.contains(read), "{said}");
    Ok(())
}

#[test]
fn what_a_configuration_sends_is_announced_in_the_dashboard() -> Tested {
    let (url, _target) = silent()?;
    let folder = configured(&url)?;
    let config = folder.path().join("hookglass.toml");
    let mut session = Terminal::start_with(&["--config", config.to_str().ok_or("no path")?], &[])?;
    session.wait_for("forwards to http://127.0.0.1:")?;
    Ok(())
}

/// Runs a command that must end by itself, in a folder with a planted file.
fn planted(plant: impl Fn(&Path) -> Tested, command: &[&str]) -> Tested<Output> {
    let folder = tempfile::tempdir()?;
    plant(folder.path())?;
    Ok(hookglass(folder.path()).args(command).output()?)
}

#[test]
fn a_pipe_in_place_of_the_configuration_is_refused() -> Tested {
    let ran = planted(|folder| pipe(&folder.join("hookglass.toml")), &["config"])?;
    assert_refused(&ran, "not a regular file");
    Ok(())
}

#[test]
fn a_device_in_place_of_the_configuration_is_refused() -> Tested {
    let plant = |folder: &Path| Ok(symlink("/dev/zero", folder.join("hookglass.toml"))?);
    assert_refused(&planted(plant, &["config"])?, "not a regular file");
    Ok(())
}

#[test]
fn a_pipe_in_place_of_the_configuration_of_a_parent_is_refused() -> Tested {
    let folder = tempfile::tempdir()?;
    let below = folder.path().join("below");
    fs::create_dir(&below)?;
    pipe(&folder.path().join("hookglass.toml"))?;
    assert_refused(&hookglass(&below).arg("config").output()?, "not a regular file");
    Ok(())
}

#[test]
fn a_pipe_in_place_of_the_store_is_refused() -> Tested {
    let plant = |folder: &Path| {
        fs::create_dir(folder.join(".hookglass"))?;
        pipe(&folder.join(".hookglass/deliveries.db"))
    };
    for command in [&["list"][..], &["--headless", "--bind", "0"]] {
        let ran = planted(plant, command)?;
        assert_eq!(ran.status.code(), Some(3), "{command:?}: {}", stderr(&ran));
        assert!(stderr(&ran).contains("not a regular file"), "{}", stderr(&ran));
    }
    Ok(())
}

#[test]
fn the_folder_behind_a_link_gets_no_gitignore() -> Tested {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("elsewhere"))?;
    symlink("elsewhere", folder.path().join(".hookglass"))?;
    Listener::start(&mut hookglass(folder.path()))?;
    assert!(!folder.path().join("elsewhere/.gitignore").exists());
    Ok(())
}

#[test]
fn a_body_without_an_end_is_refused() -> Tested {
    for command in [
        &["send", "/dev/zero", "--to", "9"][..],
        &["verify", "--provider", "github", "--body", "/dev/zero"],
    ] {
        assert_refused(&planted(|_| Ok(()), command)?, "larger than");
    }
    Ok(())
}
