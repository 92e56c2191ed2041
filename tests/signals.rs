//! Runs the tables of `docs/signals.md`: every signal in every state, and what closes or changes
//! the terminal.

#![cfg(unix)]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use support::program::{Listener, listed, wait_until_stopped};
use support::senders::{exchange, read_status, request};
use support::terminal::Terminal;
use support::{Tested, hookglass, signal};

const PAGE: &str = include_str!("../docs/signals.md");

/// The states of the first table, each with a test below.
const STATES: [&str; 7] = [
    "headless",
    "headless, standard output not read",
    "dashboard",
    "dashboard, request paused",
    "dashboard, editor open",
    "dashboard, terminal not read",
    "dashboard, suspended with Ctrl-Z",
];

/// Returns the rows of a section's table.
fn table(section: &str) -> Vec<Vec<&'static str>> {
    let after = PAGE.split(&format!("\n## {section}\n")).nth(1).unwrap_or_default();
    let lines = after.trim_start().lines().take_while(|line| line.starts_with('|'));
    let cells = lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect());
    cells.collect()
}

/// Returns the signals of a state and what they do; several are sent one after the other.
fn cases(state: &str) -> Tested<Vec<(Vec<&'static str>, &'static str)>> {
    let table = table("Signals");
    let header = table.first().ok_or("no table")?;
    let row = table.iter().find(|row| row.first() == Some(&state)).ok_or("no such row")?;
    let mut cases = Vec::new();
    for (signals, outcome) in header.iter().zip(row).skip(1) {
        match signals.split_once(", then ") {
            Some((first, second)) => cases.push((vec![first, second], *outcome)),
            None => cases.extend(signals.split(", ").map(|one| (vec![one], *outcome))),
        }
    }
    assert_eq!(cases.len(), 13, "{state}");
    Ok(cases)
}

/// Runs the cases of a state side by side, since most of them wait.
fn run_cases(state: &str, run: impl Fn(&[&'static str], &str) -> Tested + Sync) -> Tested {
    let cases = cases(state)?;
    let run = &|signals: &[&'static str], outcome: &str| {
        run(signals, outcome).map_err(|error| format!("{}: {error}", signals.join(", ")))
    };
    let failures: Vec<String> = thread::scope(|scope| {
        let start = |(signals, outcome)| (signals, scope.spawn(move || run(signals, outcome)));
        let cases = cases.iter().map(|(signals, outcome)| (signals.as_slice(), *outcome));
        #[expect(clippy::needless_collect, reason = "all start before the first one is awaited")]
        let running: Vec<_> = cases.map(start).collect();
        let ended = running.into_iter().map(|(signals, one)| {
            one.join().unwrap_or_else(|_| Err(format!("{}: panicked", signals.join(", "))))
        });
        ended.filter_map(Result::err).collect()
    });
    assert!(failures.is_empty(), "{state}: {failures:#?}");
    Ok(())
}

/// A tunnel agent that writes down its process and runs until it is killed.
const AGENT: &str = "#!/bin/sh\necho $$ > \"$0.pid\"\nexec sleep 1000\n";

/// An editor that writes down its file and waits for a line.
const EDITOR: &str =
    "#!/bin/sh\nprintf '%s' \"$1\" > \"$0.path\"\nprintf 'the editor is open\\n'\nread line\n";

/// Folder with programs that come before all others.
struct Programs(tempfile::TempDir);

impl Programs {
    fn new() -> Tested<Self> {
        let folder = tempfile::tempdir()?;
        for (name, script) in [("cloudflared", AGENT), ("editor", EDITOR)] {
            let path = folder.path().join(name);
            fs::write(&path, script)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self(folder))
    }

    fn path(&self) -> Tested<String> {
        Ok(format!("{}:{}", self.0.path().display(), std::env::var("PATH")?))
    }

    fn note(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Waits until the agent runs.
    fn wait_for_agent(&self) -> Tested {
        for _ in 0..100_000 {
            if fs::read(self.note("cloudflared.pid")).is_ok_and(|text| text.ends_with(b"\n")) {
                return Ok(());
            }
            thread::yield_now();
        }
        Err("the agent did not start".into())
    }

    fn assert_ended(&self) -> Tested {
        let process = fs::read_to_string(self.note("cloudflared.pid"))?;
        let found = Command::new("ps").args(["-o", "stat=", "-p", process.trim()]).output()?;
        // Its parent has ended, so that the system may not have collected it yet.
        let is_running = found.stdout.first().is_some_and(|state| *state != b'Z');
        assert!(!is_running, "the agent {} still runs", process.trim());
        let draft = fs::read_to_string(self.note("editor.path")).unwrap_or_default();
        assert!(draft.is_empty() || !Path::new(&draft).exists(), "{draft} was left");
        Ok(())
    }
}

/// Checks that a store was closed in order and has that many deliveries.
fn assert_stored(folder: &Path, count: usize) -> Tested {
    let log = folder.join(".hookglass/deliveries.db-wal");
    assert_eq!(fs::metadata(log).map_or(0, |found| found.len()), 0, "the log was not folded");
    assert_eq!(listed(folder)?.len(), count);
    Ok(())
}

/// A dashboard in one of the states.
struct Dashboard {
    session: Terminal,
    programs: Programs,
    address: String,
    /// Client of the paused request.
    paused: Option<TcpStream>,
    state: &'static str,
}

impl Dashboard {
    fn start(state: &'static str) -> Tested<Self> {
        let programs = Programs::new()?;
        let mut args = vec!["--tunnel", "cloudflared"];
        if state == "dashboard, request paused" {
            args.extend(["--respond", "hold"]);
        }
        let path = programs.path()?;
        let mut session = Terminal::start_with(&args, &[("PATH", &path), ("VISUAL", "editor")])?;
        let address = session.address()?;
        programs.wait_for_agent()?;
        let mut dashboard = Self { session, programs, address, paused: None, state };
        dashboard.bring_about()?;
        Ok(dashboard)
    }

    fn bring_about(&mut self) -> Tested {
        let session = &mut self.session;
        if self.state == "dashboard, request paused" {
            let mut stream = TcpStream::connect(&self.address)?;
            stream.write_all(&request(1))?;
            self.paused = Some(stream);
            session.wait_for("1 PAUSED")?;
            return Ok(());
        }
        exchange(&self.address, &request(1))?;
        session.wait_for("1 delivery")?;
        match self.state {
            "dashboard, editor open" => {
                session.press("e")?;
                session.wait_for("the editor is open")?;
            }
            "dashboard, terminal not read" => {
                session.stop_output(true)?;
                // Every key draws something. The last one leads back to the list.
                session.press("?<Esc>2134q")?;
            }
            "dashboard, suspended with Ctrl-Z" => {
                session.press("<ctrl-z>")?;
                wait_until_stopped(session.process()?)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn signal(&self, name: &str) -> Tested {
        signal(self.session.process()?, name)
    }

    /// Changes the line modes, as a shell does.
    fn change_modes(&self) -> Tested {
        // stty waits until a terminal has taken its output.
        if self.state != "dashboard, terminal not read" {
            let modes = ["icanon", "isig", "iexten", "echo", "icrnl", "ixon", "opost"];
            Command::new("stty").arg("-F").arg(self.session.device()?).args(modes).status()?;
        }
        Ok(())
    }

    fn assert_ends(mut self, name: &str) -> Tested {
        let is_read = self.state != "dashboard, terminal not read";
        let folder = self.session.folder.path().to_owned();
        let kept = std::mem::replace(&mut self.session.folder, tempfile::tempdir()?);
        let code = if is_read {
            self.session.ended()?
        } else {
            let code = self.session.exit_code()?;
            self.session.assert_modes_restored()?;
            code
        };
        assert_eq!(code, 0, "{}: {name}", self.state);
        if let Some(client) = self.paused {
            client.set_read_timeout(Some(Duration::from_secs(30)))?;
            assert_eq!(read_status(&mut BufReader::new(client))?, 503);
        }
        assert_stored(&folder, 1)?;
        self.programs.assert_ended()?;
        drop(kept);
        Ok(())
    }

    /// Checks that deliveries are received, and that keys arrive one by one.
    fn assert_goes_on(mut self, name: &str) -> Tested {
        match self.state {
            "dashboard, editor open" => {
                self.session.press("<Enter>")?;
                self.session.wait_for("nothing sent")?;
            }
            "dashboard, terminal not read" => self.session.stop_output(false)?,
            _ => {}
        }
        if self.paused.is_none() {
            exchange(&self.address, &request(2))?;
            self.session.wait_for("2 deliveries")?;
        }
        let count = if self.paused.is_some() { 1 } else { 2 };
        let folder = self.session.folder.path().to_owned();
        let kept = std::mem::replace(&mut self.session.folder, tempfile::tempdir()?);
        // It asks, because the tunnel ends with it.
        self.session.press("qy")?;
        assert_eq!(self.session.ended()?, 0, "{name}");
        assert_stored(&folder, count)?;
        drop(kept);
        Ok(())
    }
}

/// Runs the row of a state of the dashboard.
fn run_row(state: &'static str) -> Tested {
    run_cases(state, |signals, outcome| run_case(state, signals, outcome))
}

fn run_case(state: &'static str, signals: &[&'static str], outcome: &str) -> Tested {
    let name = signals.join(", ");
    let dashboard = Dashboard::start(state)?;
    let was_stopped = state == "dashboard, suspended with Ctrl-Z";
    for (at, one) in signals.iter().enumerate() {
        if at > 0 {
            wait_until_stopped(dashboard.session.process()?)?;
            dashboard.change_modes()?;
        }
        dashboard.signal(one)?;
    }
    match outcome {
        "ends" => dashboard.assert_ends(&name),
        "ends once continued" => {
            dashboard.signal("CONT")?;
            dashboard.assert_ends(&name)
        }
        "ignored" => {
            if was_stopped {
                dashboard.signal("CONT")?;
            }
            dashboard.assert_goes_on(&name)
        }
        "continues" => {
            // Without a stop between them, one signal can overtake the other.
            assert!(signals.len() == 2 || was_stopped);
            dashboard.assert_goes_on(&name)
        }
        other => Err(format!("unknown outcome {other}").into()),
    }
}

#[test]
fn every_state_is_run() {
    let rows: Vec<_> =
        table("Signals").into_iter().skip(2).filter_map(|row| row.first().copied()).collect();
    assert_eq!(rows, STATES);
}

#[test]
fn the_dashboard_follows_the_table() -> Tested {
    run_row("dashboard")
}

#[test]
fn a_dashboard_with_a_paused_request_follows_the_table() -> Tested {
    run_row("dashboard, request paused")
}

#[test]
fn a_dashboard_with_an_editor_follows_the_table() -> Tested {
    run_row("dashboard, editor open")
}

#[test]
fn a_dashboard_whose_terminal_is_not_read_follows_the_table() -> Tested {
    run_row("dashboard, terminal not read")
}

#[test]
fn a_suspended_dashboard_follows_the_table() -> Tested {
    run_row("dashboard, suspended with Ctrl-Z")
}

/// Starts a listener whose standard output is a pipe.
fn headless(folder: &Path) -> Tested<Listener> {
    Listener::start(&mut hookglass(folder))
}

/// Sends more than fits into a pipe.
fn fill(address: &str) -> Tested<usize> {
    let body = "x".repeat(16 << 10);
    let one = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    exchange(address, one.repeat(20).as_bytes())?;
    Ok(20)
}

fn run_headless(state: &str, is_read: bool) -> Tested {
    run_cases(state, |signals, outcome| run_headless_case(signals, outcome, is_read))
}

fn run_headless_case(signals: &[&str], outcome: &str, is_read: bool) -> Tested {
    let folder = tempfile::tempdir()?;
    let mut listener = headless(folder.path())?;
    let mut count = if is_read {
        exchange(&listener.address, &request(1)).map(|_| 1)?
    } else {
        fill(&listener.address)?
    };
    for one in signals {
        signal(listener.child.id(), one)?;
    }
    let mut expected = outcome;
    if matches!(outcome, "continues" | "ignored") {
        exchange(&listener.address, &request(1000))?;
        count += 1;
        signal(listener.child.id(), "TERM")?;
        expected = if is_read { "ends" } else { "fails" };
    }
    let code = if expected == "ends" { 0 } else { 3 };
    let mut said = String::new();
    listener.stderr.read_to_string(&mut said)?;
    assert_eq!(listener.child.wait()?.code(), Some(code), "{signals:?}: {said}");
    assert_eq!(said.contains("standard output is not read"), code == 3, "{said}");
    assert_stored(folder.path(), count)
}

#[test]
fn a_headless_listener_follows_the_table() -> Tested {
    run_headless("headless", true)
}

#[test]
fn a_headless_listener_whose_output_is_not_read_follows_the_table() -> Tested {
    run_headless("headless, standard output not read", false)
}

#[test]
fn a_closed_terminal_ends_an_editor() -> Tested {
    let Dashboard { session, programs, .. } = Dashboard::start("dashboard, editor open")?;
    let mut child = session.close();
    assert_eq!(child.wait()?.exit_code(), 0);
    programs.assert_ended()
}

#[test]
fn a_closed_terminal_leaves_a_listener_that_ignores_hangups() -> Tested {
    let mut session = Terminal::start_ignoring_hangups()?;
    let address = session.address()?;
    let process = session.process()?;
    let folder = std::mem::replace(&mut session.folder, tempfile::tempdir()?);
    let mut child = session.close();
    // The dashboard may not have noticed yet when the first one arrives.
    for number in 1..=20 {
        exchange(&address, &request(number))?;
    }
    signal(process, "TERM")?;
    assert_eq!(child.wait()?.exit_code(), 0);
    assert_stored(folder.path(), 20)
}

#[test]
fn an_absurd_window_size_is_drawn_in_part() -> Tested {
    let mut session = Terminal::start(&[])?;
    let address = session.address()?;
    session.resize(u16::MAX, u16::MAX)?;
    exchange(&address, &request(1))?;
    session.resize(36, 120)?;
    session.wait_for("1 delivery")?;
    session.press("q")?;
    assert_eq!(session.ended()?, 0);
    Ok(())
}

/// Starts a listener with this standard output.
fn headless_into(folder: &Path, output: Stdio) -> Tested<(Child, String)> {
    let mut child = hookglass(folder)
        .args(["--headless", "--bind", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stderr.take().ok_or("no stderr")?).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening on http://");
    Ok((child, address.ok_or("no address")?.to_owned()))
}

#[test]
fn a_reader_that_leaves_ends_a_headless_listener() -> Tested {
    let folder = tempfile::tempdir()?;
    let (mut child, address) = headless_into(folder.path(), Stdio::piped())?;
    let reader: Option<ChildStdout> = child.stdout.take();
    drop(reader);
    exchange(&address, &request(1))?;
    assert_eq!(child.wait()?.code(), Some(0));
    assert_stored(folder.path(), 1)
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_output_fails_a_headless_listener_in_order() -> Tested {
    let folder = tempfile::tempdir()?;
    let full = fs::OpenOptions::new().write(true).open("/dev/full")?;
    let (mut child, address) = headless_into(folder.path(), full.into())?;
    exchange(&address, &request(1))?;
    assert_eq!(child.wait()?.code(), Some(3));
    assert_stored(folder.path(), 1)
}

#[test]
fn every_event_of_a_terminal_has_a_result() {
    let rows = table("Terminals and pipes");
    assert!(rows.len() == 8 && rows.iter().all(|row| row.len() == 2), "{rows:?}");
}
