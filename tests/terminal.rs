//! The dashboard in a real pseudo-terminal: it shows what comes, and gives the terminal back.

#![cfg(unix)]

mod support;

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use support::{SECRET, Tested, exchange, request, signal};

/// A content that does not come in this time does not come.
const PATIENCE: Duration = Duration::from_secs(30);

const ROWS: NonZero<u16> = NonZero::new(36).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(120).unwrap();

struct Session {
    /// Everything that the program wrote.
    seen: Vec<u8>,
    screen: vt100::Parser,
    bytes: Receiver<Vec<u8>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    /// What the terminal was like before.
    modes: Option<String>,
    master: Box<dyn MasterPty + Send>,
    folder: tempfile::TempDir,
}

impl Session {
    fn start(variables: &[(&str, &str)]) -> Tested<Self> {
        let folder = tempfile::tempdir()?;
        let size =
            PtySize { rows: ROWS.get(), cols: COLUMNS.get(), pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_hookglass"));
        command.args(["--bind", "127.0.0.1:0"]);
        command.cwd(folder.path());
        command.env("CRIBBLY_WEBHOOK_SECRET", SECRET);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        for (name, value) in variables {
            command.env(name, value);
        }
        let modes = modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(command)?;
        let mut reader = pair.master.try_clone_reader()?;
        let keys = pair.master.take_writer()?;
        let (sender, bytes) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = reader.read(&mut buffer)
                && length > 0
                && sender.send(buffer.iter().take(length).copied().collect()).is_ok()
            {}
        });
        let screen = vt100::Parser::new(ROWS, COLUMNS, 0);
        let master = pair.master;
        // The slave's end stays open here, so that its modes can be looked at after the end.
        std::mem::forget(pair.slave);
        Ok(Self { seen: Vec::new(), screen, bytes, keys, child, modes, master, folder })
    }

    /// Waits until a text is on the screen; returns the whole of it.
    fn wait_for(&mut self, text: &str) -> Tested<String> {
        self.wait_until(|screen| screen.contains(text))
            .map_err(|error| format!("{text:?}: {error}").into())
    }

    /// Waits until the screen is as it should be; returns it. A clock that goes on drawing does not
    /// make a test wait for ever.
    fn wait_until(&mut self, is_right: impl Fn(&str) -> bool) -> Tested<String> {
        #[expect(clippy::disallowed_methods, reason = "what does not come has to be given up")]
        let begun = std::time::Instant::now();
        loop {
            let shown = self.screen.screen().contents();
            if is_right(&shown) {
                return Ok(shown);
            }
            let more = self.bytes.recv_timeout(PATIENCE).ok();
            let more = more.filter(|_| begun.elapsed() < PATIENCE * 2);
            let more = more.ok_or_else(|| format!("it is not so on\n{shown}"))?;
            self.screen.process(&more);
            self.seen.extend(more);
        }
    }

    fn press(&mut self, keys: &str) -> Tested {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    fn address(&mut self) -> Tested<String> {
        let shown = self.wait_for("http://127.0.0.1:")?;
        let (_, rest) = shown.split_once("http://").ok_or("no address")?;
        Ok(rest.chars().take_while(|letter| !letter.is_whitespace()).collect())
    }

    fn process(&self) -> Tested<u32> {
        Ok(self.child.process_id().ok_or("no process")?)
    }

    /// Waits for the end, and checks that the terminal is as it was.
    fn ended(mut self) -> Tested<u32> {
        let status = self.child.wait()?;
        while let Ok(more) = self.bytes.recv_timeout(Duration::from_millis(300)) {
            self.screen.process(&more);
        }
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was not left");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert!(!screen.bracketed_paste());
        assert_eq!(modes(self.master.as_ref()), self.modes, "the line modes changed");
        Ok(status.exit_code())
    }
}

/// Echo, line editing and the rest, as the terminal driver has them.
fn modes(master: &dyn MasterPty) -> Option<String> {
    let path = master.tty_name()?;
    let told = std::process::Command::new("stty").arg("-F").arg(path).arg("-a").output().ok()?;
    String::from_utf8(told.stdout).ok()
}

#[test]
fn marks_are_kept_and_bodies_are_searched() -> Tested {
    let mut session = Session::start(&[])?;
    let address = session.address()?;
    session.wait_for("Nothing has come yet")?;
    for number in 1..=3 {
        exchange(&address, &request(number))?;
    }
    session.wait_for("3 deliveries")?;
    // The word stands in one body alone.
    session.press("/p2\r")?;
    session.wait_for("1 of 3 deliveries")?;
    session.press("m")?;
    session.wait_for("◆")?;
    session.press("/\u{15}marked:yes\r")?;
    session.wait_for("1 of 3 deliveries")?;
    session.press("q")?;
    session.child.wait()?;
    let store = session.folder.path().join(".hookglass/deliveries.db");
    let kept = hookglass::store::StoreReader::open(&store)?.newest(None, 10)?;
    let marked: Vec<i64> =
        kept.iter().filter(|row| row.annotations.marked).map(|row| row.id.0).collect();
    assert_eq!(marked, [2]);
    session.ended()?;
    Ok(())
}

#[test]
fn deliveries_are_seen_and_quitting_restores() -> Tested {
    let mut session = Session::start(&[])?;
    let address = session.address()?;
    session.wait_for("Nothing has come yet")?;
    exchange(&address, &request(1))?;
    session.wait_for("message.created")?;
    session.wait_for("\"p1\"")?;
    session.press("3")?;
    session.wait_for("verified with CRIBBLY_WEBHOOK_SECRET")?;
    exchange(
        &address,
        b"POST /\x1b[2Jx HTTP/1.1\r\nX: \x1b]0;owned\x07\r\nContent-Length: 4\r\n\r\n\x1b[31",
    )?;
    session.wait_for("2 deliveries")?;
    let hostile = session.wait_for("refused")?;
    let title = session.seen.windows(4).any(|bytes| bytes == b"\x1b]0;");
    assert!(!title, "a sequence of the delivery reached the terminal: {hostile}");
    session.press("q")?;
    assert_eq!(session.ended()?, 0);
    Ok(())
}

#[test]
fn what_is_marked_is_exported_and_removed_and_comes_back() -> Tested {
    let mut session = Session::start(&[])?;
    let address = session.address()?;
    for number in 1..=3 {
        exchange(&address, &request(number))?;
    }
    session.wait_for("3 deliveries")?;
    session.press("kkm")?;
    session.wait_for("◆")?;
    session.press("m")?;
    // Marks are shown when they are kept.
    session.wait_until(|screen| screen.matches('◆').count() == 2)?;
    session.press("xf")?;
    session.wait_for("into the folder: fixtures")?;
    session.press("\r")?;
    session.wait_for("exported 2 to fixtures")?;
    let written = std::fs::read_dir(session.folder.path().join("fixtures"))?.count();
    assert_eq!(written, 2);
    session.press("xj\rxj\r")?;
    session.wait_for("it is there already")?;
    session.press("Dy")?;
    session.wait_for("1 delivery")?;
    session.press("U")?;
    session.wait_for("3 deliveries")?;
    session.press("q")?;
    assert_eq!(session.ended()?, 0);
    Ok(())
}

#[test]
fn ctrl_c_and_signals_restore() -> Tested {
    let mut session = Session::start(&[])?;
    session.address()?;
    session.press("\x03")?;
    assert_eq!(session.ended()?, 0);
    for name in ["TERM", "HUP", "INT"] {
        let mut session = Session::start(&[])?;
        session.address()?;
        signal(session.process()?, name)?;
        assert_eq!(session.ended()?, 0, "{name}");
    }
    Ok(())
}

#[test]
fn a_panic_restores() -> Tested {
    let mut session = Session::start(&[("HOOKGLASS_TEST_PANIC", "1")])?;
    let address = session.address()?;
    exchange(&address, &request(1))?;
    assert_ne!(session.ended()?, 0);
    Ok(())
}

#[test]
fn suspending_gives_the_terminal_back_until_it_goes_on() -> Tested {
    let mut session = Session::start(&[])?;
    let address = session.address()?;
    session.press("\x1a")?;
    while session.screen.screen().alternate_screen() {
        let more = session.bytes.recv_timeout(PATIENCE)?;
        session.screen.process(&more);
    }
    signal(session.process()?, "CONT")?;
    session.wait_for("Nothing has come yet")?;
    exchange(&address, &request(1))?;
    session.wait_for("message.created")?;
    session.press("q")?;
    assert_eq!(session.ended()?, 0);
    Ok(())
}

#[test]
fn a_burst_neither_freezes_nor_skips_keys() -> Tested {
    let mut session = Session::start(&[])?;
    let address = session.address()?;
    let burst = thread::spawn(move || {
        let all: Vec<u8> = (0..2000).flat_map(request).collect();
        exchange(&address, &all).map(drop).map_err(|error| error.to_string())
    });
    session.wait_for("message.created")?;
    session.press("/type:contact.*")?;
    session.wait_for("type:contact.*")?;
    session.press("\x1b")?;
    burst.join().map_err(|_| "the sender panicked")??;
    session.wait_for("2\u{202f}000 deliveries")?;
    session.press("q")?;
    assert_eq!(session.ended()?, 0);
    Ok(())
}

/// An editor that says what it was given, waits for a line, and changes the file by `sed`: at the
/// first time so that it is no JSON any longer, then by putting that right.
const EDITOR: &str = r#"#!/bin/sh
cp "$1" "$0.seen"
printf '%s' "$1" > "$0.path"
stty -a > "$0.modes"
printf 'the editor has the terminal\n'
read line
printf '%s' "$line" > "$0.typed"
if [ -e "$0.broken" ]; then
    sed -i 's/"type" /"type": /' "$1"
else
    : > "$0.broken"
    sed -i 's/"type": "message.created"/"type" "edited.event"/' "$1"
fi
"#;

/// A session whose editor is that script.
fn with_editor() -> Tested<(Session, tempfile::TempDir, std::path::PathBuf)> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("an editor");
    std::fs::write(&script, EDITOR)?;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
    let editor = format!("'{}'", script.display());
    let session = Session::start(&[("VISUAL", &editor), ("EDITOR", "false")])?;
    Ok((session, folder, script))
}

/// What the script wrote beside itself.
fn beside(script: &std::path::Path, what: &str) -> Tested<String> {
    Ok(std::fs::read_to_string(format!("{}.{what}", script.display()))?)
}

/// Accepts one request, answers it with 200 and tells what came.
fn target() -> Tested<(String, thread::JoinHandle<std::io::Result<String>>)> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let taken = thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        let (mut came, mut buffer) = (String::new(), [0; 4096]);
        while !came.ends_with('}') {
            let length = stream.read(&mut buffer)?;
            came.push_str(&String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()));
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
        Ok(came)
    });
    Ok((url, taken))
}

#[test]
fn a_delivery_is_edited_while_others_come_and_sent_as_one_of_its_own() -> Tested {
    let (mut session, _folder, script) = with_editor()?;
    let (url, taken) = target()?;
    let address = session.address()?;
    session.wait_for("Nothing has come yet")?;
    exchange(&address, &request(1))?;
    session.wait_for("1 delivery")?;
    session.press("e")?;
    session.wait_for("edit, and send to")?;
    session.press(&format!("\u{15}{url}\r"))?;
    session.wait_for("the editor has the terminal")?;
    assert!(!session.screen.screen().alternate_screen());
    assert_eq!(session.screen.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    // Answered, while nobody looks at the dashboard.
    for number in 2..=4 {
        exchange(&address, &request(number))?;
    }
    session.press("for the editor\r")?;
    session.wait_for("Edit again?")?;
    assert_eq!(beside(&script, "typed")?, "for the editor");
    assert_eq!(Some(beside(&script, "modes")?), session.modes, "the line modes differ");
    session.wait_for("4 deliveries")?;
    session.press("y")?;
    // The first time is still on the screen that the editor has.
    let again = |screen: &str| screen.matches("the editor has the terminal").count() == 2;
    session.wait_until(again)?;
    session.press("\r")?;
    session.wait_for("answered 200")?;
    session.wait_for("5 deliveries")?;
    assert!(beside(&script, "seen")?.starts_with("# ! line "), "the mistake was not shown");
    let came = taken.join().map_err(|_| "the target panicked")??;
    assert!(came.contains(r#""type":"edited.event""#), "{came}");
    session.press("q")?;
    session.child.wait()?;
    let draft = beside(&script, "path")?;
    let left = std::path::Path::new(&draft).parent().ok_or("no folder")?;
    assert!(!left.exists(), "{draft} was left");
    let store = session.folder.path().join(".hookglass/deliveries.db");
    let reader = hookglass::store::StoreReader::open(&store)?;
    let [first, edited] = [1, 5].map(hookglass::delivery::DeliveryId);
    let first = reader.delivery(first)?.ok_or("no first one")?;
    let edited = reader.delivery(edited)?.ok_or("no edited one")?;
    assert_eq!(edited.summary.request.origin, Some(first.summary.id));
    assert_eq!(edited.summary.signature.status, hookglass::delivery::SignatureStatus::Verified);
    assert_eq!(edited.attempts.first().and_then(hookglass::delivery::Attempt::status), Some(200));
    assert!(first.attempts.is_empty() && first.summary.request.origin.is_none());
    assert!(request(1).ends_with(&first.body));
    session.ended()?;
    Ok(())
}

#[test]
fn ending_while_the_editor_is_open_leaves_neither_it_nor_its_file() -> Tested {
    let (mut session, _folder, script) = with_editor()?;
    let address = session.address()?;
    exchange(&address, &request(1))?;
    session.wait_for("1 delivery")?;
    session.press("e")?;
    session.wait_for("edit, and send to")?;
    session.press("\r")?;
    session.wait_for("the editor has the terminal")?;
    signal(session.process()?, "TERM")?;
    assert_eq!(session.ended()?, 0);
    let draft = beside(&script, "path")?;
    assert!(!std::path::Path::new(&draft).exists(), "{draft} was left");
    Ok(())
}
