//! Hostile text in every field, from every origin, through every front end: it only reaches the
//! terminal escaped.

#![cfg(unix)]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::num::NonZero;
use std::path::Path;
use std::process::Stdio;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rusqlite::Connection;
use serde_json::{Value, json};
use support::mcp::{Agent, all_text};
use support::nats::NatsServer;
use support::terminal::Terminal;
use support::{Listener, SECRET, Target, Tested, exchange, hookglass, signal};

/// Escape sequences, C1 controls, and characters that reorder or hide text.
const HOSTILE: &str =
    "a\u{1b}]0;X\u{7}\u{9b}2J\u{202e}\u{200b}\u{2800}\u{fe00}\u{1bca0}\u{13430}\u{7f}b";

const STORE: &str = ".hookglass/deliveries.db";

/// A terminal that has room for the third pane.
const ROWS: NonZero<u16> = NonZero::new(40).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(200).unwrap();

/// Runs a command with a terminal as its input and output, and returns what it printed.
fn in_terminal(folder: &Path, args: &[&str]) -> Tested<String> {
    let size = PtySize { rows: 40, cols: 200, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size)?;
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_hookglass"));
    command.args(args);
    command.cwd(folder);
    command.env("CRIBBLY_WEBHOOK_SECRET", SECRET);
    let mut child = pair.slave.spawn_command(command)?;
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader()?;
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    // At the end of the program, reading fails instead of returning nothing.
    while let Ok(length @ 1..) = reader.read(&mut buffer) {
        seen.extend(buffer.iter().take(length));
    }
    child.wait()?;
    Ok(String::from_utf8(seen)?)
}

/// Checks that a text has no characters that a terminal interprets or hides, except line ends and
/// progress bars.
fn assert_harmless(text: &str, what: &str) {
    for line in text.replace("\x1b[K", "").split(['\n', '\r']) {
        let escaped = hookglass::payload::escape(line);
        assert!(escaped == line, "{what}: {escaped}");
    }
}

/// Checks that a text is XML 1.0.
fn assert_xml(report: &str) -> Tested {
    // The characters that XML 1.0 allows.
    let is_allowed = |one: char| matches!(one, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(report.chars().all(is_allowed), "{report:?}");
    let mut reader = quick_xml::Reader::from_str(report);
    loop {
        match reader.read_event()? {
            quick_xml::events::Event::Eof => return Ok(()),
            quick_xml::events::Event::Start(start) | quick_xml::events::Event::Empty(start) => {
                for attribute in start.attributes() {
                    attribute?;
                }
            }
            _ => {}
        }
    }
}

/// An exported delivery with hostile text in every field that an import takes.
fn line() -> Value {
    json!({
        "schema": "hookglass.delivery/1",
        "id": 1,
        "received_at": "2026-11-23T17:06:48.123456Z",
        "peer": HOSTILE,
        "method": "POST",
        "target": "/x",
        "version": "HTTP/1.1",
        "headers": [["Host", "h"], ["X-Odd", "a\u{202e}\u{200b}\u{2800}b"]],
        "body": format!("{{\"type\":\"{}\"}}", "a\u{9b}2J\u{202e}"),
        "body_size": 3,
        "provider": "cribbly",
        "event": {"id": HOSTILE, "type": HOSTILE},
        "signature": {"status": "mismatch", "cause": null, "explanation": HOSTILE, "secret": HOSTILE},
        "response": {"status": 200},
        "refused": null,
    })
}

fn import(folder: &Path, lines: &[Value]) -> Tested<std::process::Output> {
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(folder.join("x.jsonl"), text.join("\n"))?;
    Ok(hookglass(folder).args(["import", "x.jsonl"]).output()?)
}

/// Every command that prints parts of deliveries.
const COMMANDS: &[&[&str]] = &[
    &["list"],
    &["list", "--json"],
    &["show", "1"],
    &["show", "1", "--json"],
    &["show", "1", "--body"],
    &["show", "1", "--headers"],
    &["show", "1", "--raw"],
    &["show", "1", "--as", "pretty"],
    &["show", "1", "--as", "event-id"],
    &["show", "1", "--as", "signature"],
    &["show", "1", "--as", "url"],
    &["show", "1", "--as", "curl"],
    &["show", "1", "--as", "httpie"],
    &["show", "1", "--as", "http"],
    &["show", "1", "--as", "node"],
    &["stats"],
    &["stats", "--json"],
    &["export", "--format", "jsonl"],
    &["export", "--format", "har"],
    &["export", "--format", "http"],
    &["export", "--format", "curl"],
    &["resend", "1", "--to", "http://127.0.0.1:9", "--dry-run"],
    &["resend", "1", "--to", "http://127.0.0.1:9", "--exact", "--json"],
    &["wait", "--since", "2026-01-01", "--timeout", "1ms"],
    &["wait", "type:nothing", "--timeout", "1ms"],
    &["store", "check"],
    &["config"],
    &["prune", "--keep", "10", "--dry-run"],
];

/// Prints parts of deliveries by every command.
fn commands(folder: &Path) -> Tested<String> {
    let mut all = String::new();
    for args in COMMANDS {
        let printed = in_terminal(folder, args)?;
        assert_harmless(&printed, &args.join(" "));
        all.push_str(&printed);
    }
    Ok(all)
}

/// Shows every delivery in every pane.
fn dashboard(folder: &Path) -> Tested<String> {
    let store = folder.join(STORE).display().to_string();
    let mut session = Terminal::start_sized(ROWS, COLUMNS, &["--store", &store], &[])?;
    session.wait_for("Payload")?;
    let pane = |session: &mut Terminal, key: char, title: &str| -> Tested {
        session.press(&key.to_string())?;
        // The title of the chosen pane is emphasized, and the pane drawn with it.
        session.wait_until(|screen| {
            let (rows, columns) = screen.size();
            (0..rows.get()).any(|row| {
                let line = screen.contents_between(row, 0, row, columns.get());
                let at = line.find(title).and_then(|at| Some(line.get(..at)?.chars().count()));
                let column = at.and_then(|at| u16::try_from(at + 1).ok());
                let cell = column.and_then(|column| screen.cell(row, column));
                cell.is_some_and(|cell| cell.underline() || cell.inverse())
            })
        })?;
        Ok(())
    };
    for _ in 0..4 {
        for (key, title) in
            [('2', "Head"), ('3', "Sig"), ('4', "Time"), ('5', "Raw"), ('1', "Payload")]
        {
            pane(&mut session, key, title)?;
        }
        session.press("k")?;
    }
    let seen = String::from_utf8_lossy(&session.seen).into_owned();
    assert!(!seen.contains("\u{1b}]0;X"), "the dashboard: {seen:?}");
    let hidden =
        |one: char| !one.is_ascii() && hookglass::payload::escape(&one.to_string()).is_ascii();
    assert!(!seen.contains(hidden), "the dashboard: {seen:?}");
    Ok(session.screen.screen().contents() + &seen)
}

/// Gives deliveries to an agent.
fn agent(folder: &Path) -> Tested<String> {
    let mut agent = Agent::start(folder, &[])?;
    let calls = [
        ("listener_status", json!({})),
        ("list_deliveries", json!({})),
        ("get_delivery", json!({"id": 1})),
        ("get_delivery", json!({"id": 1, "body": "raw"})),
        ("get_delivery", json!({"id": 2})),
        ("explain_signature", json!({"id": 1})),
        ("diff_deliveries", json!({"id": 1, "with": 2})),
        ("get_delivery", json!({"id": format!("1{HOSTILE}")})),
    ];
    let mut all = String::new();
    for (tool, arguments) in calls {
        let result = agent.raw_call(tool, arguments)?;
        assert!(result.is_object(), "{tool}: {result}");
        let text = all_text(&result);
        assert_harmless(&text, tool);
        all.push_str(&text);
    }
    let uri = "hookglass://delivery/1";
    let text = all_text(&agent.request("resources/read", json!({"uri": uri}))?);
    assert_harmless(&text, uri);
    Ok(all + &text)
}

/// Replays deliveries to nobody, and writes what happened as JUnit.
fn junit(folder: &Path) -> Tested<String> {
    hookglass(folder)
        .args(["export", "--format", "jsonl", "--redact", "none", "--out", "all.jsonl"])
        .output()?;
    let args =
        ["replay", "all.jsonl", "--to", "http://127.0.0.1:9", "--exact", "--junit", "report.xml"];
    let printed = in_terminal(folder, &args)?;
    assert_harmless(&printed, "replay");
    // A store that was changed may have nothing to replay.
    let Ok(report) = fs::read_to_string(folder.join("report.xml")) else { return Ok(printed) };
    assert_xml(&report)?;
    assert_harmless(&report, "the report");
    Ok(report)
}

/// Returns what a front end shows of the deliveries in a folder.
type Show = fn(&Path) -> Tested<String>;

/// Checks that text of the deliveries in a folder is shown by every front end, and escaped.
fn assert_escaped(folder: &Path) -> Tested {
    let front_ends: [(&str, Show); 4] =
        [("commands", commands), ("dashboard", dashboard), ("agent", agent), ("junit", junit)];
    for (name, show) in front_ends {
        let shown = show(folder).map_err(|error| format!("{name}: {error}"))?;
        // A report has other names for what XML cannot contain.
        let is_shown = shown.contains("u{202e}") || name == "junit";
        assert!(is_shown, "{name} shows nothing of it: {shown}");
    }
    Ok(())
}

/// Requests with hostile text wherever a request can have it.
fn requests() -> Vec<u8> {
    let hidden = "\u{9b}2J\u{202e}\u{200b}\u{2800}\u{fe00}\u{1bca0}\u{13430}";
    let escaped = "\\u001b]0;X\\u0007\\u007f";
    let json = format!(
        "{{\"id\":\"a{escaped}{hidden}b\",\"type\":\"a{escaped}{hidden}b\",\"k{hidden}\":[\"{escaped}{hidden}\"]}}"
    );
    let form = format!("a{hidden}=%1b%5D0;X%07{hidden}&b=2");
    let xml = format!("<a{hidden} x=\"{hidden}\">{hidden}</a>");
    let text = format!("\u{1b}]0;X\u{7}\u{7f}{hidden}\r\n\u{9d}0;X");
    let bodies = [
        ("application/json", json.as_str()),
        ("application/x-www-form-urlencoded", &form),
        ("application/xml", &xml),
        ("text/plain", &text),
    ];
    let mut all = Vec::new();
    for (kind, body) in bodies {
        let head = format!(
            "POST /x{hidden}?q{hidden}=%1b{hidden} HTTP/1.1\r\nHost: h\r\nX-Odd: a{hidden}b\r\n\
             X-Cribbly-Signature: {hidden}\r\nUser-Agent: {hidden}\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        all.extend_from_slice(head.as_bytes());
        all.extend_from_slice(body.as_bytes());
    }
    all.extend_from_slice(b"P\x1b]0;X\x07 /\x1b[2J HTTP/1.1\r\nX: \x1b]0;X\x07\r\n\r\n");
    all
}

/// Sends the requests to a listener with these arguments, and stops it.
fn receive(folder: &Path, args: &[&str]) -> Tested {
    let listener = Listener::start(hookglass(folder).args(args))?;
    exchange(&listener.address, &requests())?;
    let (_, _, said) = listener.stop()?;
    assert_harmless(&said, "the listener");
    Ok(())
}

#[test]
fn text_of_live_deliveries_is_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    receive(folder.path(), &[])?;
    assert_escaped(folder.path())
}

#[test]
fn text_of_a_targets_response_is_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    let body = format!("{{\"e\":\"{}\"}}\x1b]0;X\x07", HOSTILE.replace(['\u{1b}', '\u{7}'], ""));
    let response = format!(
        "HTTP/1.1 500 O\u{202e}\u{9b}\r\nX-Odd: a\u{202e}\u{9b}b\r\nLocation: /\u{202e}\r\n\
         Content-Type: application/json\u{202e}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let target = Target::always(response)?;
    receive(folder.path(), &["--forward", &target.url])?;
    assert_escaped(folder.path())
}

#[test]
fn text_of_imported_lines_is_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    let imported = import(folder.path(), &[line(), line()])?;
    assert!(imported.status.success(), "{}", support::stderr(&imported));
    assert_escaped(folder.path())
}

#[test]
fn text_of_imported_requests_is_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    let url = "http://h/x\u{202e}?q=\u{9b}";
    let headers = json!([{"name": "X-Odd", "value": "a\u{202e}\u{9b}b"}]);
    let post_data = json!({"mimeType": "application/json\u{202e}", "text": format!("{{\"type\":{}}}", json!(HOSTILE))});
    let request = json!({"method": "POST", "url": url, "httpVersion": "HTTP/1.1", "headers": headers, "postData": post_data});
    let entry =
        json!({"startedDateTime": "2026-11-23T17:06:48Z", "request": request, "comment": HOSTILE});
    let har =
        json!({"log": {"version": "1.2", "creator": {"name": HOSTILE}, "entries": [entry, entry]}});
    fs::write(folder.path().join("x.har"), har.to_string())?;
    let imported = hookglass(folder.path()).args(["import", "x.har"]).output()?;
    assert!(imported.status.success(), "{}", support::stderr(&imported));
    assert_escaped(folder.path())
}

#[test]
fn text_of_all_cells_of_a_store_is_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    import(folder.path(), &[line(), line()])?;
    let store = Connection::open(folder.path().join(STORE))?;
    store.execute(
        "UPDATE deliveries SET peer = ?1, method = ?1, target = ?1, provider = ?1, event_id = ?1, \
         event_type = ?1, cause = ?1, explanation = ?1, secret_name = ?1, note = ?1, via = ?1, shape = ?1, \
         hub_message = ?1, hub_stream = ?1, hub_listener = ?1, hub_sequence = 1",
        [HOSTILE],
    )?;
    store.execute(
        "INSERT INTO attempts (delivery_id, kind, target_url, sent_at, took_us, failure, changes, sender) \
         SELECT id, 'resend', ?1, received_at, 1, ?1, ?1, ?1 FROM deliveries",
        [HOSTILE],
    )?;
    drop(store);
    assert_escaped(folder.path())
}

#[test]
fn text_of_messages_of_a_hub_is_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    let Some(server) = NatsServer::start(&folder.path().join("nats"))? else { return Ok(()) };
    let [sender, reader] = ["sender", "reader"].map(|name| folder.path().join(name));
    fs::create_dir(&sender)?;
    fs::create_dir(&reader)?;
    receive(&sender, &["--hub", &server.url()])?;
    let mut attached = hookglass(&reader)
        .args(["attach", &server.url(), "--from", "all", "--headless", "--store", STORE])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(attached.stdout.take().ok_or("no stdout")?).lines();
    for _ in 0..5 {
        let line = lines.next().ok_or("attach has ended")??;
        assert_harmless(&line, "attach");
    }
    signal(attached.id(), "TERM")?;
    let ended = attached.wait_with_output()?;
    assert_harmless(&support::stderr(&ended), "attach");
    assert_escaped(&reader)
}

#[test]
fn text_in_the_cells_of_a_store_reaches_the_terminal_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    import(folder.path(), &[line()])?;
    let path = folder.path().join(STORE);
    let columns = [
        "peer",
        "method",
        "target",
        "http_version",
        "provider",
        "event_id",
        "event_type",
        "signature",
        "cause",
        "explanation",
        "secret_name",
        "refused_code",
        "refused_reason",
        "source",
        "received_at",
        "note",
        "shape",
        "body_size",
        "answer_status",
        "duplicate_of",
    ];
    for column in columns {
        let store = Connection::open(&path)?;
        store.execute_batch("SAVEPOINT before; PRAGMA foreign_keys = OFF")?;
        drop(store);
        let backup = fs::read(&path)?;
        let store = Connection::open(&path)?;
        store.pragma_update(None, "foreign_keys", false)?;
        store.execute(&format!("UPDATE deliveries SET {column} = ?1"), [HOSTILE])?;
        store.pragma_update(None, "wal_checkpoint", "TRUNCATE").ok();
        drop(store);
        for args in
            [&["list"][..], &["list", "--json"], &["show", "1"], &["stats"], &["stats", "--json"]]
        {
            let shown = in_terminal(folder.path(), args)?;
            assert_harmless(&shown, &format!("{column}: {}", args.join(" ")));
        }
        fs::write(&path, backup)?;
    }
    Ok(())
}

#[test]
fn names_of_files_reach_the_terminal_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    let name = "x\u{1b}]0;X\u{7}\u{202e}.json";
    fs::write(folder.path().join(name), "{\"broken")?;
    for args in [
        &["import", "."][..],
        &["import", name],
        &["replay", ".", "--to", "http://127.0.0.1:9"],
        &["verify", "--provider", "cribbly", "--body", "absent\u{1b}[2J"],
        &["list", "--store", "absent\u{1b}[2J\u{9b}"],
    ] {
        assert_harmless(&in_terminal(folder.path(), args)?, &args.join(" "));
    }
    Ok(())
}

#[test]
fn arguments_that_a_usage_error_repeats_reach_the_terminal_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    let hostile = "7\u{1b}]0;X\u{7}\u{9b}2J\u{202e}";
    let unknown = format!("--{hostile}");
    for args in [
        &["show", hostile][..],
        &["show", "1", &unknown],
        &["show", "1", "--as", hostile],
        &["export", "--format", hostile],
        &["prune", "--keep", hostile],
        &["wait", "--timeout", hostile],
        &["--bind", hostile],
        &["--max-body", hostile],
        &["--respond", hostile],
        &["--forward", hostile],
        &["--source", hostile],
        &["store", hostile],
    ] {
        let args = [&["--color=never"][..], args].concat();
        assert_harmless(&in_terminal(folder.path(), &args)?, &args.join(" "));
    }
    Ok(())
}

#[test]
fn a_provider_of_the_configuration_reaches_the_terminal_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    let config = "[providers.acme]\ntitle = \"A\\u001b]0;X\\u0007\\u202eB\"\nheader = \"X-Acme\\u2800\"\n\
                  algorithm = \"hmac-sha256\"\nencoding = \"hex\"\nsigned = \"{{body}}\\u009b\"\n";
    fs::write(folder.path().join("hookglass.toml"), config)?;
    for args in [&["providers"][..], &["providers", "acme"], &["config"], &["list"]] {
        assert_harmless(&in_terminal(folder.path(), args)?, &args.join(" "));
    }
    Ok(())
}

#[test]
fn a_verdict_in_json_reaches_the_terminal_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    let body = "{\"id\":\"x\u{9b}2J\",\"type\":\"a\u{202e}\"}";
    fs::write(folder.path().join("body"), body)?;
    for args in [
        &["verify", "--provider", "cribbly", "--body", "body", "--json"][..],
        &[
            "verify",
            "--provider",
            "cribbly",
            "--body",
            "body",
            "--header",
            "X-Cribbly-Signature: \u{9b}2J",
        ],
    ] {
        assert_harmless(&in_terminal(folder.path(), args)?, &args.join(" "));
    }
    Ok(())
}

#[test]
fn json_stays_valid_where_text_is_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    import(folder.path(), &[line()])?;
    let stats = hookglass(folder.path()).args(["stats", "--json"]).output()?.stdout;
    let stats: Value = serde_json::from_slice(&stats)?;
    assert_eq!(stats.pointer("/types").and_then(|types| types.get(HOSTILE)), Some(&json!(1)));
    Ok(())
}

#[test]
fn an_imported_cause_is_a_code() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut bad = line();
    if let Some(cause) = bad.pointer_mut("/signature/cause") {
        *cause = json!(HOSTILE);
    }
    let output = import(folder.path(), &[bad])?;
    assert_eq!(output.status.code(), Some(2));
    assert_harmless(&support::stderr(&output), "import");
    Ok(())
}

#[test]
fn a_junit_report_is_valid_xml() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut odd = line();
    if let Some(kind) = odd.pointer_mut("/event/type") {
        *kind = json!(format!("{HOSTILE}\u{fffe}\u{ffff}\u{0}<&>"));
    }
    fs::write(folder.path().join("x\u{1b}\u{1}<&>.jsonl"), format!("{odd}\n"))?;
    hookglass(folder.path())
        .args(["replay", ".", "--to", "http://127.0.0.1:9", "--exact", "--junit", "report.xml"])
        .output()?;
    assert_xml(&fs::read_to_string(folder.path().join("report.xml"))?)
}

/// Files that print without `output`, which all other files use.
#[test]
fn commands_print_through_the_safe_writers_only() -> Tested {
    let mut files =
        vec![Path::new("src/cli.rs").to_owned(), Path::new("src/headless.rs").to_owned()];
    let mut folders = vec![Path::new("src/cli").to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    for path in files {
        let text = fs::read_to_string(&path)?.replace("::stdout().is_terminal()", "");
        let text = text.replace("::stderr().is_terminal()", "");
        for direct in ["io::stdout()", "io::stderr()", "println!", "eprintln!"] {
            assert!(!text.contains(direct), "{}: {direct}", path.display());
        }
    }
    Ok(())
}
