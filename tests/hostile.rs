//! Hostile text in every field, from every origin, through every command with a terminal as its
//! output: it only reaches the terminal escaped.

mod support;

use std::fs;
use std::io::Read as _;
use std::path::Path;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rusqlite::Connection;
use serde_json::{Value, json};
use support::mcp::{Agent, all_text};
use support::{SECRET, Tested, hookglass};

/// Escape sequences, C1 controls, and characters that reorder or hide text.
const HOSTILE: &str =
    "a\u{1b}]0;X\u{7}\u{9b}2J\u{202e}\u{200b}\u{2800}\u{fe00}\u{1bca0}\u{13430}\u{7f}b";

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

#[test]
fn imported_text_reaches_the_terminal_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    let imported = import(folder.path(), &[line()])?;
    assert!(imported.status.success(), "{}", support::stderr(&imported));
    for args in COMMANDS {
        assert_harmless(&in_terminal(folder.path(), args)?, &args.join(" "));
    }
    Ok(())
}

#[test]
fn text_in_the_cells_of_a_store_reaches_the_terminal_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    import(folder.path(), &[line()])?;
    let path = folder.path().join(".hookglass/deliveries.db");
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
fn imported_text_reaches_an_agent_escaped() -> Tested {
    let folder = tempfile::tempdir()?;
    import(folder.path(), &[line(), line()])?;
    let mut agent = Agent::start(folder.path(), &[])?;
    let calls = [
        ("listener_status", json!({})),
        ("list_deliveries", json!({})),
        ("get_delivery", json!({"id": 1})),
        ("get_delivery", json!({"id": 1, "body": "raw"})),
        ("explain_signature", json!({"id": 1})),
        ("diff_deliveries", json!({"id": 1, "with": 2})),
        ("get_delivery", json!({"id": format!("1{HOSTILE}")})),
    ];
    for (tool, arguments) in calls {
        let result = agent.raw_call(tool, arguments)?;
        assert!(result.is_object(), "{tool}: {result}");
        assert_harmless(&all_text(&result), tool);
    }
    let uri = "hookglass://delivery/1";
    let resource = agent.request("resources/read", json!({"uri": uri}))?;
    assert_harmless(&all_text(&resource), uri);
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
    let report = fs::read_to_string(folder.path().join("report.xml"))?;
    // The characters that XML 1.0 allows.
    let is_allowed = |one: char| matches!(one, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(report.chars().all(is_allowed), "{report:?}");
    let mut reader = quick_xml::Reader::from_str(&report);
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
