//! The dashboard in a real pseudo-terminal: it shows deliveries as they arrive, and restores the
//! terminal.

#![cfg(unix)]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;

use hookglass::delivery::{Attempt, DeliveryId, SignatureStatus};
use hookglass::store::StoreReader;
use support::program::{signal, wait_until_stopped};
use support::senders::{exchange, request};
use support::targets::Target;
use support::terminal::Terminal;
use support::{SECRET, Tested, sign};

/// Starts the dashboard and sends it this many deliveries.
fn with_deliveries(count: usize) -> Tested<Terminal> {
    let mut session = Terminal::start(&[])?;
    let address = session.address()?;
    for number in 1..=count {
        exchange(&address, &request(number))?;
    }
    session.wait_for(&if count == 1 {
        "1 delivery".to_owned()
    } else {
        format!("{count} deliveries")
    })?;
    Ok(session)
}

fn store(session: &Terminal) -> Tested<StoreReader> {
    Ok(StoreReader::open(&session.folder.path().join(".hookglass/deliveries.db"))?)
}

#[test]
fn a_word_is_searched_in_bodies() -> Tested {
    let mut session = with_deliveries(3)?;
    // Only one body has this word.
    session.press("/p2<Enter>")?;
    session.wait_for(" 1/3 ")?;
    Ok(())
}

#[test]
fn a_mark_is_stored() -> Tested {
    let mut session = with_deliveries(3)?;
    session.press("/id:ev2<Enter>m")?;
    session.wait_for("◆")?;
    session.press("q")?;
    session.child.wait()?;
    let rows = store(&session)?.newest(None, 10)?;
    let marked: Vec<i64> =
        rows.iter().filter(|row| row.annotations.marked).map(|row| row.id.0).collect();
    assert_eq!(marked, [2]);
    Ok(())
}

#[test]
fn a_delivery_appears_with_its_payload_and_verdict() -> Tested {
    let mut session = Terminal::start(&[])?;
    let address = session.address()?;
    session.wait_for("No deliveries yet")?;
    exchange(&address, &request(1))?;
    session.wait_for("message.created")?;
    session.wait_for("\"p1\"")?;
    session.press("3")?;
    session.wait_for("verified with CRIBBLY_WEBHOOK_SECRET")?;
    Ok(())
}

/// Returns the statuses of the stored deliveries, oldest first.
fn statuses(session: &Terminal) -> Tested<Vec<SignatureStatus>> {
    let mut rows = store(session)?.newest(None, 10)?;
    rows.sort_by_key(|row| row.id);
    Ok(rows.iter().map(|row| row.signature.status).collect())
}

/// Starts a dashboard whose secret is wrong for the only delivery.
fn with_wrong_secret(args: &[&str]) -> Tested<Terminal> {
    let mut session = Terminal::start_with(args, &[("CRIBBLY_WEBHOOK_SECRET", "test-key-wrong")])?;
    let address = session.address()?;
    exchange(&address, &request(1))?;
    session.wait_for("✗ mismatch")?;
    Ok(session)
}

#[test]
fn a_secret_set_at_run_time_verifies_stored_and_new_deliveries() -> Tested {
    let mut session = with_wrong_secret(&[])?;
    session.press(&format!(":set secret<Enter>{SECRET}<Enter>"))?;
    session.wait_for("Checked 1 delivery again: 1 verified")?;
    let address = session.address()?;
    exchange(&address, &request(2))?;
    session.wait_for("2 deliveries")?;
    assert_eq!(statuses(&session)?, [SignatureStatus::Verified; 2]);
    Ok(())
}

#[test]
fn a_secret_file_is_read_again_at_run_time() -> Tested {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), "test-key-wrong")?;
    let path = file.path().display().to_string();
    let mut session = with_wrong_secret(&["--provider", "cribbly", "--secret-file", &path])?;
    std::fs::write(file.path(), SECRET)?;
    session.press(":reload secrets<Enter>")?;
    session.wait_for("Checked 1 delivery again: 1 verified")?;
    assert_eq!(statuses(&session)?, [SignatureStatus::Verified]);
    Ok(())
}

#[test]
fn a_variable_that_two_providers_share_is_named_once() -> Tested {
    let mut session = Terminal::start_with(&["--provider", "github,github-sha1"], &[])?;
    let shown = session.wait_for("GITHUB_WEBHOOK_SECRET=…")?;
    assert_eq!(shown.matches("GITHUB_WEBHOOK_SECRET").count(), 1, "{shown}");
    Ok(())
}

#[test]
fn the_application_of_a_demo_rejects_what_is_not_verified() -> Tested {
    let mut session = Terminal::start_with(&["--demo"], &[])?;
    session.wait_for(" DEMO ")?;
    session.press("/status:401<Enter>")?;
    session.wait_for(" ✗ ")?;
    Ok(())
}

#[test]
fn a_provider_added_at_run_time_recognizes_and_verifies_stored_and_new_deliveries() -> Tested {
    // A second secret, so that the delivery is not taken for one of the only provider.
    let mut session = Terminal::start(&[("GITHUB_WEBHOOK_SECRET", "test-key-github")])?;
    let address = session.address()?;
    let body = r#"{"type":"order.paid","id":"o1"}"#;
    let request = format!(
        "POST /acme HTTP/1.1\r\nHost: h\r\nX-Acme-Signature: {}\r\nContent-Length: {}\r\n\r\n{body}",
        sign(body.as_bytes()),
        body.len()
    );
    exchange(&address, request.as_bytes())?;
    session.wait_for("order.paid?")?;
    session.press("Wacme<Enter>")?;
    session.wait_for("secret of acme")?;
    session.press(&format!("{SECRET}<Enter>"))?;
    session.wait_for("Checked 1 delivery again: 1 verified")?;
    exchange(&address, request.as_bytes())?;
    session.wait_for("2 deliveries")?;
    let rows = store(&session)?.newest(None, 2)?;
    let known = rows.iter().map(|row| (row.provider.as_str(), row.signature.status));
    assert_eq!(known.collect::<Vec<_>>(), [("acme", SignatureStatus::Verified); 2]);
    Ok(())
}

#[test]
fn no_escape_sequence_of_a_delivery_reaches_the_terminal() -> Tested {
    let mut session = Terminal::start(&[])?;
    let address = session.address()?;
    let hostile =
        b"POST /\x1b[2Jx HTTP/1.1\r\nX: \x1b]0;owned\x07\r\nContent-Length: 4\r\n\r\n\x1b[31";
    exchange(&address, hostile)?;
    let shown = session.wait_for("head-malformed")?;
    let title = session.seen.windows(4).any(|bytes| bytes == b"\x1b]0;");
    assert!(!title, "{shown}");
    Ok(())
}

#[test]
fn quitting_restores_the_terminal() -> Tested {
    let mut session = with_deliveries(1)?;
    session.press("q")?;
    assert_eq!(session.ended()?, 0);
    Ok(())
}

#[test]
fn marked_deliveries_are_exported_as_fixtures() -> Tested {
    let mut session = with_deliveries(3)?;
    session.press("kkmm")?;
    // Marks are shown once they are stored.
    session.wait_until(|screen| screen.contents().matches('◆').count() == 2)?;
    session.press("xf")?;
    session.wait_for("exports 2 marked deliveries")?;
    session.press("<Enter>")?;
    session.wait_for("Exported 2 to fixtures")?;
    let written = std::fs::read_dir(session.folder.path().join("fixtures"))?.count();
    assert_eq!(written, 2);
    Ok(())
}

#[test]
fn an_export_does_not_overwrite_a_file() -> Tested {
    let mut session = with_deliveries(1)?;
    session.press("xj<Enter>")?;
    session.wait_for("Exported 1 to")?;
    session.press("xj<Enter>")?;
    session.wait_for("Not exported to")?;
    Ok(())
}

#[test]
fn a_removed_delivery_is_restored() -> Tested {
    let mut session = with_deliveries(3)?;
    session.press("D")?;
    session.wait_for("2 deliveries")?;
    session.press("U")?;
    session.wait_for("3 deliveries")?;
    Ok(())
}

#[test]
fn ctrl_c_restores_the_terminal() -> Tested {
    let mut session = Terminal::start(&[])?;
    session.address()?;
    session.press("<ctrl-c>")?;
    assert_eq!(session.ended()?, 0);
    Ok(())
}

#[test]
fn signals_restore_the_terminal() -> Tested {
    for name in ["TERM", "HUP", "INT"] {
        let mut session = Terminal::start(&[])?;
        session.address()?;
        signal(session.process()?, name)?;
        assert_eq!(session.ended()?, 0, "{name}");
    }
    Ok(())
}

#[test]
fn a_panic_restores_the_terminal() -> Tested {
    let mut session = Terminal::start(&[("HOOKGLASS_TEST_PANIC", "1")])?;
    let address = session.address()?;
    exchange(&address, &request(1))?;
    assert_ne!(session.ended()?, 0);
    Ok(())
}

#[test]
fn a_closed_terminal_ends_it_in_order() -> Tested {
    assert_eq!(Terminal::start(&[])?.closed()?, 0);
    Ok(())
}

#[test]
fn suspending_gives_the_terminal_back_until_it_continues() -> Tested {
    let mut session = Terminal::start(&[])?;
    let address = session.address()?;
    session.press("<ctrl-z>")?;
    session.wait_until(|screen| !screen.alternate_screen())?;
    // Continuing a process that has not stopped yet has no effect.
    wait_until_stopped(session.process()?)?;
    signal(session.process()?, "CONT")?;
    session.wait_for("No deliveries yet")?;
    exchange(&address, &request(1))?;
    session.wait_for("message.created")?;
    session.press("q")?;
    assert_eq!(session.ended()?, 0);
    Ok(())
}

/// Sends deliveries over several connections.
fn burst(address: &str, count: usize) -> Vec<thread::JoinHandle<Result<(), String>>> {
    const CONNECTIONS: usize = 10;
    let connections = (0..CONNECTIONS).map(|connection| {
        let address = address.to_owned();
        thread::spawn(move || {
            let numbers = (connection..count).step_by(CONNECTIONS);
            let all: Vec<u8> = numbers.flat_map(request).collect();
            exchange(&address, &all).map(drop).map_err(|error| error.to_string())
        })
    });
    connections.collect()
}

#[test]
fn a_burst_does_not_freeze_the_prompt() -> Tested {
    let mut session = Terminal::start(&[])?;
    let senders = burst(&session.address()?, 2000);
    session.wait_for("message.created")?;
    session.press("/type:contact.*")?;
    session.wait_for("type:contact.*")?;
    session.press("<Esc>")?;
    for sender in senders {
        sender.join().map_err(|_| "the sender panicked")??;
    }
    session.wait_for("2,000 deliveries")?;
    session.press("q")?;
    assert_eq!(session.ended()?, 0);
    Ok(())
}

#[test]
fn a_burst_drops_no_key() -> Tested {
    const KEYS: usize = 300;
    let mut session = Terminal::start(&[])?;
    let senders = burst(&session.address()?, 10_000);
    // Each key marks one delivery and goes to the next one, so there have to be as many.
    session.wait_until(|screen| listed(&screen.contents()) > KEYS)?;
    session.press(&format!("g{}", "m".repeat(KEYS)))?;
    session.wait_for(&format!("{KEYS} MARKED"))?;
    for sender in senders {
        sender.join().map_err(|_| "the sender panicked")??;
    }
    Ok(())
}

/// Returns the number of deliveries that the screen counts.
fn listed(screen: &str) -> usize {
    let count = screen.split_once(" deliveries").map_or("", |(before, _)| before);
    let is_digit = |letter: &char| letter.is_ascii_digit() || *letter == ',';
    let digits: String = count.chars().rev().take_while(is_digit).collect();
    let digits: String = digits.chars().rev().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

/// Returns how often the threads of a process have waited for something so far.
#[cfg(target_os = "linux")]
fn wake_ups(process: u32) -> Tested<u64> {
    let mut total = 0;
    for task in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let status = std::fs::read_to_string(task?.path().join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        total += line.ok_or("no count of switches")?.trim().parse::<u64>()?;
    }
    Ok(total)
}

/// A notice ends after a few ticks of the dashboard's clock, however fast the machine is, so the
/// work until then does not depend on time.
#[cfg(target_os = "linux")]
#[test]
fn an_idle_dashboard_wakes_up_for_its_clock_alone() -> Tested {
    let mut session = with_deliveries(1)?;
    session.press("U")?;
    session.wait_for("Nothing to undo")?;
    let before = wake_ups(session.process()?)?;
    session.wait_until(|screen| !screen.contents().contains("Nothing to undo"))?;
    let count = wake_ups(session.process()?)? - before;
    assert!(count < 100, "{count} wake-ups");
    Ok(())
}

/// An editor that writes down its file, waits for a line, and edits the file: the first run breaks
/// the JSON, and the second fixes it.
const EDITOR: &str = r#"#!/bin/sh
cp "$1" "$0.seen"
printf '%s' "$1" > "$0.path"
printf 'the editor has the terminal\n'
read line
printf '%s' "$line" > "$0.typed"
if [ -e "$0.broken" ]; then
    change='s/"type" /"type": /'
else
    : > "$0.broken"
    change='s/"type": "message.created"/"type" "edited.event"/'
fi
sed "$change" "$1" > "$0.changed"
cat "$0.changed" > "$1"
"#;

/// Starts a dashboard with this editor.
fn with_editor() -> Tested<(Terminal, tempfile::TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("an editor");
    std::fs::write(&script, EDITOR)?;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
    let editor = format!("'{}'", script.display());
    let session = Terminal::start(&[("VISUAL", &editor), ("EDITOR", "false")])?;
    Ok((session, folder, script))
}

/// Returns what the script wrote down about one run.
fn noted(script: &Path, what: &str) -> Tested<String> {
    Ok(std::fs::read_to_string(format!("{}.{what}", script.display()))?)
}

/// Sends one delivery and opens it in the editor.
fn open_editor(session: &mut Terminal) -> Tested {
    let address = session.address()?;
    exchange(&address, &request(1))?;
    session.wait_for("1 delivery")?;
    session.press("e")?;
    session.wait_for("the editor has the terminal")?;
    Ok(())
}

/// Leaves the editor after its first run, which breaks the JSON, and opens it again.
fn open_editor_again(session: &mut Terminal) -> Tested {
    session.press("<Enter>")?;
    session.wait_for("Edit again?")?;
    session.press("y")?;
    // The screen still shows the first run of the editor.
    let twice = |screen: &str| screen.matches("the editor has the terminal").count() == 2;
    session.wait_until(|screen| twice(&screen.contents()))?;
    Ok(())
}

/// Leaves the editor after its second run, and sends the edited delivery to a target.
fn send_edited(session: &mut Terminal, target: &str) -> Tested {
    session.press("<Enter>")?;
    session.wait_for("send edited delivery 1 to: ")?;
    session.press(&format!("<ctrl-u>{target}<Enter>"))?;
    session.wait_for("answered 200")?;
    Ok(())
}

#[test]
fn the_editor_gets_the_terminal_as_it_was() -> Tested {
    let (mut session, _folder, script) = with_editor()?;
    open_editor(&mut session)?;
    session.assert_modes_restored()?;
    assert!(!session.screen.screen().alternate_screen());
    assert_eq!(session.screen.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    session.press("for the editor<Enter>")?;
    session.wait_for("Edit again?")?;
    assert_eq!(noted(&script, "typed")?, "for the editor");
    Ok(())
}

#[test]
fn deliveries_are_received_while_the_editor_is_open() -> Tested {
    let (mut session, _folder, _script) = with_editor()?;
    let address = session.address()?;
    open_editor(&mut session)?;
    for number in 2..=4 {
        exchange(&address, &request(number))?;
    }
    session.press("<Enter>")?;
    session.wait_for("4 deliveries")?;
    Ok(())
}

#[test]
fn the_editor_shows_the_mistake_the_second_time() -> Tested {
    let (mut session, _folder, script) = with_editor()?;
    open_editor(&mut session)?;
    open_editor_again(&mut session)?;
    assert!(noted(&script, "seen")?.starts_with("# ! line "));
    Ok(())
}

#[test]
fn an_edited_delivery_is_sent_and_stored_as_its_own() -> Tested {
    let (mut session, _folder, _script) = with_editor()?;
    let target = Target::each(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])?;
    open_editor(&mut session)?;
    open_editor_again(&mut session)?;
    send_edited(&mut session, &target.url)?;
    let sent = target.next()?.text();
    assert!(sent.contains(r#""type":"edited.event""#), "{sent}");
    session.press("q")?;
    session.child.wait()?;
    let edited = store(&session)?.delivery(DeliveryId(2))?.ok_or("no edited one")?;
    assert_eq!(edited.summary.request.origin, Some(DeliveryId(1)));
    assert_eq!(edited.summary.signature.status, SignatureStatus::Verified);
    assert_eq!(edited.attempts.first().and_then(Attempt::status), Some(200));
    Ok(())
}

#[test]
fn editing_leaves_the_original_as_it_was() -> Tested {
    let (mut session, _folder, _script) = with_editor()?;
    let target = Target::each(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])?;
    open_editor(&mut session)?;
    open_editor_again(&mut session)?;
    send_edited(&mut session, &target.url)?;
    session.press("q")?;
    session.child.wait()?;
    let original = store(&session)?.delivery(DeliveryId(1))?.ok_or("no original")?;
    assert!(original.attempts.is_empty() && original.summary.request.origin.is_none());
    assert!(request(1).ends_with(&original.body));
    Ok(())
}

#[test]
fn the_draft_is_removed_after_editing() -> Tested {
    let (mut session, _folder, script) = with_editor()?;
    open_editor(&mut session)?;
    session.press("<Enter>")?;
    session.wait_for("Edit again?")?;
    session.press("nq")?;
    assert_eq!(session.ended()?, 0);
    let draft = noted(&script, "path")?;
    let left = Path::new(&draft).parent().ok_or("no folder")?;
    assert!(!left.exists(), "{draft} was left");
    Ok(())
}

#[test]
fn ending_while_the_editor_is_open_removes_the_draft() -> Tested {
    let (mut session, _folder, script) = with_editor()?;
    open_editor(&mut session)?;
    signal(session.process()?, "TERM")?;
    assert_eq!(session.ended()?, 0);
    let draft = noted(&script, "path")?;
    assert!(!Path::new(&draft).exists(), "{draft} was left");
    Ok(())
}
