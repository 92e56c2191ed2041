//! Programs that hookglass starts: their environment, and the files they leave behind.

#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use support::senders::{exchange, request};
use support::terminal::Terminal;
use support::{Tested, signal};

/// An editor that writes down its environment.
const EDITOR: &str = "#!/bin/sh\nenv > \"$0.env\"\n";

const AGENT: &str = "#!/bin/sh\nenv > \"$0.env\"\nexec sleep 1000\n";

/// An editor that writes down its file and waits for a line.
const WAITING_EDITOR: &str =
    "#!/bin/sh\nprintf '%s' \"$1\" > \"$0.path\"\nprintf 'the editor is open\\n'\nread line\n";

const KEY: &str = "test-key-of-another-name";

fn program(folder: &Path, name: &str, script: &str) -> Tested<String> {
    let path = folder.join(name);
    fs::write(&path, script)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path.display().to_string())
}

/// Opens the editor for a delivery.
fn edit(session: &mut Terminal) -> Tested {
    let address = session.address()?;
    exchange(&address, &request(1))?;
    session.wait_for("1 delivery")?;
    session.press("e")
}

/// Waits until a program has written down its environment, and checks that it holds no secret.
fn assert_no_secret(path: &Path) -> Tested {
    for _ in 0..100_000 {
        let noted = fs::read_to_string(path).unwrap_or_default();
        if noted.contains("NOT_SECRET=1") {
            let secret = noted.lines().find(|line| {
                line.contains(KEY) || line.contains(support::SECRET) || line.contains("unused-key")
            });
            assert_eq!(secret, None);
            return Ok(());
        }
        std::thread::yield_now();
    }
    Err("it did not start".into())
}

/// Starts a dashboard with secrets under several names, and this editor.
fn start(programs: &Path, args: &[&str]) -> Tested<Terminal> {
    let editor = program(programs, "editor", EDITOR)?;
    program(programs, "cloudflared", AGENT)?;
    let path = format!("{}:{}", programs.display(), std::env::var("PATH")?);
    let copy = format!("https://user:{KEY}@example.com/");
    let variables = [
        ("VISUAL", editor.as_str()),
        ("PATH", &path),
        ("TEAM_KEY", KEY),
        ("URL_WITH_THE_KEY", &copy),
        ("GITHUB_WEBHOOK_SECRET", "unused-key"),
        ("NOT_SECRET", "1"),
    ];
    Terminal::start_with(args, &variables)
}

#[test]
fn an_editor_gets_no_secret() -> Tested {
    let programs = tempfile::tempdir()?;
    let mut session = start(programs.path(), &["--secret-env", "TEAM_KEY"])?;
    edit(&mut session)?;
    assert_no_secret(&programs.path().join("editor.env"))
}

#[test]
fn a_tunnel_agent_gets_no_secret() -> Tested {
    let programs = tempfile::tempdir()?;
    let args = ["--secret-env", "TEAM_KEY", "--tunnel", "cloudflared"];
    let mut session = start(programs.path(), &args)?;
    session.address()?;
    assert_no_secret(&programs.path().join("cloudflared.env"))
}

#[test]
fn the_file_of_a_killed_editor_is_removed_by_the_next_dashboard() -> Tested {
    let programs = tempfile::tempdir()?;
    let editor = program(programs.path(), "editor", WAITING_EDITOR)?;
    let folder = tempfile::tempdir()?;
    let temporary = folder.path().to_str().ok_or("no path")?;
    let variables = [("VISUAL", editor.as_str()), ("TMPDIR", temporary)];
    let mut killed = Terminal::start(&variables)?;
    edit(&mut killed)?;
    killed.wait_for("the editor is open")?;
    let draft = fs::read_to_string(programs.path().join("editor.path"))?;
    assert!(Path::new(&draft).starts_with(folder.path()), "{draft}");
    signal(killed.process()?, "KILL")?;
    killed.child.wait()?;
    assert!(Path::new(&draft).exists(), "{draft}");
    let _next = Terminal::start(&variables)?;
    for _ in 0..100_000 {
        if fs::read_dir(folder.path())?.count() == 0 {
            return Ok(());
        }
        std::thread::yield_now();
    }
    Err("it was left".into())
}

#[test]
#[cfg(target_os = "linux")]
fn no_memory_is_dumped() -> Tested {
    let mut session = Terminal::start(&[])?;
    session.address()?;
    let limits = fs::read_to_string(format!("/proc/{}/limits", session.process()?))?;
    let dumps = limits.lines().find(|line| line.starts_with("Max core file size"));
    let words: Option<Vec<&str>> = dumps.map(|line| line.split_whitespace().collect());
    assert_eq!(words.and_then(|words| words.get(4).copied()), Some("0"), "{limits}");
    Ok(())
}
