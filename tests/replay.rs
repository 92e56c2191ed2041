//! Replay against an application, and the commands that maintain the store.

mod support;

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use hookglass::provider::Provider;
use hookglass::secret::Secret;
use hookglass::signature::{Subject, verify};
use jiff::Timestamp;
use serde_json::Value;
use support::targets::{Arrived, response};
use support::{Listener, Target, Tested, exchange, hookglass, printed, request};

/// Starts an application that verifies `count` requests: 200 with JSON if the signature is good
/// under `secret`, otherwise 401.
fn application(secret: &'static str, count: usize) -> Tested<Target> {
    let cribbly = Provider::named("cribbly")?;
    Target::start(&TcpListener::bind("127.0.0.1:0")?, count, move |request| {
        let secrets = [Secret::new("TEST", secret)];
        let subject = Subject::new(&request.head, &request.body);
        let verdict = verify(&cribbly.scheme, &secrets, &subject, Timestamp::UNIX_EPOCH);
        let is_good = verdict.status.as_str() == "verified";
        if is_good { response("200 OK", "{\"ok\":true}") } else { response("401 No", "{}") }
    })
}

/// Writes fixtures of a good delivery, a changed one, and one without a signature.
fn fixtures(folder: &Path) -> Tested {
    let listener = Listener::start(&mut hookglass(folder))?;
    exchange(&listener.address, &request(1))?;
    for tamper in ["signature", "missing"] {
        let mut send = hookglass(folder);
        send.args(["send", "message.created", "--to", &listener.url(), "--tamper", tamper]);
        assert!(send.output()?.status.success());
    }
    listener.stop()?;
    let args = ["export", "--format", "fixture", "--out", "fixtures"];
    assert!(hookglass(folder).args(args).output()?.status.success());
    Ok(())
}

fn replay(folder: &Path, url: &str, args: &[&str]) -> Tested<Output> {
    let mut command = hookglass(folder);
    command.args(["replay", "fixtures", "--to", url]).args(args);
    Ok(command.output()?)
}

#[test]
fn good_deliveries_are_signed_again_and_bad_ones_have_to_be_refused() -> Tested {
    let folder = tempfile::tempdir()?;
    fixtures(folder.path())?;
    // With the configured secret.
    let called = application(support::SECRET, 3)?;
    let ran = replay(folder.path(), &called.url, &["--junit", "report.xml"])?;
    assert_eq!(ran.status.code(), Some(0), "{}", printed(&ran));
    assert!(printed(&ran).contains("1 re-signed with the configured secret"), "{}", printed(&ran));
    called.finish()?;
    let report = fs::read_to_string(folder.path().join("report.xml"))?;
    assert!(report.contains("tests=\"3\" failures=\"0\""), "{report}");
    // With the test key, where none is configured.
    let key: Value = serde_json::from_slice(&fs::read(
        folder.path().join("fixtures/cribbly.message.created.001.json"),
    )?)?;
    let key: String = key["signature"]["test_key"].as_str().ok_or("no key")?.to_owned();
    let called = application(key.leak(), 3)?;
    let mut command = hookglass(folder.path());
    command.env_remove("CRIBBLY_WEBHOOK_SECRET").args(["replay", "fixtures", "--to", &called.url]);
    let ran = command.output()?;
    assert_eq!(ran.status.code(), Some(0), "{}", printed(&ran));
    assert!(printed(&ran).contains("fixtures' test keys"), "{}", printed(&ran));
    called.finish()?;
    Ok(())
}

#[test]
fn failures_are_reported_and_compared_with_the_last_run() -> Tested {
    let folder = tempfile::tempdir()?;
    fixtures(folder.path())?;
    let one = folder.path().join("fixtures/cribbly.message.created.001.json");
    let mut fixture: Value = serde_json::from_slice(&fs::read(&one)?)?;
    fixture["expect"] = serde_json::json!({"status": "200", "json": {"/ok": true, "/id": 7}});
    fs::write(&one, fixture.to_string())?;
    // The same address each time, or it would be another target.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut last = Vec::new();
    for (expectation, code, change) in [
        (serde_json::json!({"status": "200", "json": {"/ok": true, "/id": 7}}), 1, "new"),
        (serde_json::json!({"status": "200", "json": {"/ok": true}}), 0, "fixed"),
        (serde_json::json!({"status": "204"}), 1, "broken"),
    ] {
        fixture["expect"] = expectation;
        fs::write(&one, fixture.to_string())?;
        let called = by_path(&listener)?;
        let ran = replay(folder.path(), &called.url, &["--json"])?;
        called.finish()?;
        assert_eq!(ran.status.code(), Some(code), "{}", printed(&ran));
        let lines: Vec<Value> = String::from_utf8(ran.stdout)?
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()?;
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0]["change"], change, "{lines:?}");
        last = lines;
    }
    assert_eq!(last[0]["failures"][0], "answered 200, expected 204");
    Ok(())
}

#[test]
fn an_unreachable_target_is_exit_3() -> Tested {
    let folder = tempfile::tempdir()?;
    fixtures(folder.path())?;
    let unreachable = replay(folder.path(), "http://127.0.0.1:1", &[])?;
    assert_eq!(unreachable.status.code(), Some(3), "{}", printed(&unreachable));
    Ok(())
}

#[test]
fn wrong_flags_are_exit_2_and_name_what_is_expected() -> Tested {
    let folder = tempfile::tempdir()?;
    fixtures(folder.path())?;
    for (args, part) in [
        (&["--timing", "fast"][..], "invalid speed"),
        (&["--expect", "fine"], "invalid status"),
        (&["--seed", "1"], "--shuffle"),
        (&["--duplicate", "0"], "0"),
        (&["-", "--secret-file", "-"], "standard input"),
    ] {
        let wrong = replay(folder.path(), "http://127.0.0.1:1", args)?;
        assert_eq!(wrong.status.code(), Some(2), "{args:?}");
        assert!(printed(&wrong).contains(part), "{args:?}: {}", printed(&wrong));
    }
    Ok(())
}

#[test]
fn a_failure_shows_the_response_body() -> Tested {
    let folder = tempfile::tempdir()?;
    fixtures(folder.path())?;
    let called = Target::always(response("500 Oops", "{\"error\":\"<no> user\"}"))?;
    let ran = replay(folder.path(), &called.url, &["--junit", "report.xml"])?;
    assert!(printed(&ran).contains("response body:\n            {\"error\":\"<no> user\"}"));
    let report = fs::read_to_string(folder.path().join("report.xml"))?;
    assert!(
        report.contains("{&quot;error&quot;:&quot;&lt;no&gt; user&quot;}</failure>"),
        "{report}"
    );
    let ran = replay(folder.path(), &called.url, &["--json"])?;
    let line: Value =
        serde_json::from_slice(ran.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default())?;
    assert_eq!(line["response_body"], "{\"error\":\"<no> user\"}");
    Ok(())
}

#[test]
fn no_command_takes_a_refused_request_for_a_whole_delivery() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(hookglass(folder.path()).args(["--max-body", "10"]))?;
    exchange(&listener.address, &request(1))?;
    listener.stop()?;
    let run = |args: &[&str]| hookglass(folder.path()).args(args).output();
    assert!(run(&["export", "--format", "jsonl", "--out", "fixtures"])?.status.success());
    let replay = &["replay", "fixtures", "--to", "http://127.0.0.1:1"][..];
    for args in [
        replay,
        &["export", "--format", "har"],
        &["export", "--format", "http"],
        &["export", "--format", "curl"],
        &["show", "1", "--curl"],
        &["show", "1", "--as", "node"],
    ] {
        let ran = run(args)?;
        assert_eq!(ran.status.code(), Some(1), "{args:?}: {}", printed(&ran));
        let why = "it was refused (body-too-large), so it is incomplete";
        assert!(printed(&ran).contains(why), "{args:?}: {}", printed(&ran));
    }
    Ok(())
}

#[test]
fn nothing_is_sent_if_the_report_cannot_be_written() -> Tested {
    let folder = tempfile::tempdir()?;
    fixtures(folder.path())?;
    let target = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", target.local_addr()?);
    let ran = replay(folder.path(), &url, &["--junit", "no-folder/report.xml"])?;
    assert_eq!(ran.status.code(), Some(3), "{}", printed(&ran));
    assert!(printed(&ran).contains("cannot write no-folder/report.xml"), "{}", printed(&ran));
    target.set_nonblocking(true)?;
    assert_eq!(target.accept().map_err(|error| error.kind()).err(), Some(ErrorKind::WouldBlock));
    Ok(())
}

#[test]
fn results_are_printed_if_they_cannot_be_saved() -> Tested {
    let folder = tempfile::tempdir()?;
    fixtures(folder.path())?;
    // A file has the name of the folder for the last run.
    let hidden = folder.path().join(".hookglass");
    fs::rename(&hidden, folder.path().join("away"))?;
    fs::write(&hidden, "")?;
    let called = application(support::SECRET, 3)?;
    let ran = replay(folder.path(), &called.url, &["--junit", "report.xml"])?;
    called.finish()?;
    assert_eq!(ran.status.code(), Some(0), "{}", printed(&ran));
    assert_eq!(String::from_utf8_lossy(&ran.stdout).matches("passed").count(), 3);
    assert!(printed(&ran).contains("the next run cannot be compared"), "{}", printed(&ran));
    assert!(folder.path().join("report.xml").exists());
    Ok(())
}

/// Starts an application that accepts three requests by their path.
fn by_path(listener: &TcpListener) -> Tested<Target> {
    Target::start(listener, 3, |request| {
        let status = if request.head.target == "/hooks" { "200 OK" } else { "403 No" };
        response(status, "{\"ok\":true}")
    })
}

#[test]
fn order_repetition_and_concurrency_follow_the_flags() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    for number in 0..20 {
        exchange(&listener.address, &request(number))?;
    }
    listener.stop()?;
    let args = ["export", "--format", "jsonl", "--out", "fixtures"];
    assert!(hookglass(folder.path()).args(args).output()?.status.success());
    let cribbly = Provider::named("cribbly")?;
    let run = |args: &[&str], count| -> Tested<Vec<String>> {
        let called = application(support::SECRET, count)?;
        let ran = replay(folder.path(), &called.url, args)?;
        assert_eq!(ran.status.code(), Some(0), "{}", printed(&ran));
        let id = |request: &Arrived| cribbly.event(&request.head, &request.body).id;
        Ok(called.finish()?.iter().filter_map(id).collect())
    };
    let plain: Vec<String> = (0..20).map(|number| format!("ev{number}")).collect();
    assert_eq!(run(&["--exact"], 20)?, plain);
    let shuffled = run(&["--shuffle", "--seed", "7"], 20)?;
    assert_ne!(shuffled, plain);
    assert_eq!(run(&["--shuffle", "--seed", "7", "--timing", "1000x"], 20)?, shuffled);
    let twice = run(&["--duplicate", "2"], 40)?;
    assert_eq!(twice.get(..4).ok_or("few")?, ["ev0", "ev0", "ev1", "ev1"]);
    let mut many = run(&["--concurrency", "8"], 20)?;
    many.sort_by_key(|id| id.trim_start_matches("ev").parse::<u32>().unwrap_or_default());
    assert_eq!(many, plain);
    Ok(())
}

#[test]
fn stats_and_store_check_read_the_store_of_a_running_listener() -> Tested {
    let folder = tempfile::tempdir()?;
    let run = |args: &[&str]| hookglass(folder.path()).args(args).output();
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    for number in [1, 2, 3, 3] {
        exchange(&listener.address, &request(number))?;
    }
    exchange(&listener.address, b"GET /x HTTP/1.1\r\n\r\n")?;
    let stats: Value = serde_json::from_slice(&run(&["stats", "--json"])?.stdout)?;
    assert_eq!((&stats["deliveries"], &stats["duplicates"]), (&5.into(), &1.into()));
    assert_eq!(stats["verdicts"], serde_json::json!({"verified": 4, "missing": 1}));
    assert_eq!(stats["types"]["message.created"], 4);
    let table = String::from_utf8(run(&["stats", "sig:verified"])?.stdout)?;
    assert!(table.starts_with("4 deliveries, 1 duplicate;"), "{table}");
    assert!(!table.contains('█') && !table.contains("missing"), "{table}");
    assert_eq!(run(&["store", "check"])?.status.code(), Some(0));
    listener.stop()?;
    Ok(())
}

/// Stores four events, one of them twice.
fn stored_events(folder: &Path) -> Tested {
    let listener = Listener::start(&mut hookglass(folder))?;
    for number in [1, 2, 3, 3, 4] {
        exchange(&listener.address, &request(number))?;
    }
    listener.stop()?;
    Ok(())
}

#[test]
fn prune_keeps_what_is_within_its_limit() -> Tested {
    let folder = tempfile::tempdir()?;
    let run = |args: &[&str]| hookglass(folder.path()).args(args).output();
    stored_events(folder.path())?;
    for (keep, left) in [("30d", 5), ("10GiB", 5), ("100k", 5), ("2", 2), ("1B", 0)] {
        let would = run(&["prune", "--keep", keep, "--dry-run"])?;
        assert!(would.status.success(), "{}", printed(&would));
        let pruned = run(&["prune", "--keep", keep])?;
        assert!(pruned.status.success(), "{}", printed(&pruned));
        let listed = run(&["list", "--json"])?.stdout;
        assert_eq!(String::from_utf8(listed)?.lines().count(), left, "{keep}");
    }
    assert_eq!(run(&["store", "check"])?.status.code(), Some(0));
    assert_eq!(run(&["prune", "--keep", "some"])?.status.code(), Some(2));
    Ok(())
}

#[test]
fn a_store_with_an_overwritten_page_fails_its_check() -> Tested {
    let folder = tempfile::tempdir()?;
    stored_events(folder.path())?;
    let path = folder.path().join(".hookglass/deliveries.db");
    let mut bytes = fs::read(&path)?;
    let half = bytes.len() / 2;
    bytes.iter_mut().skip(half).take(4096).for_each(|byte| *byte = 0x5a);
    fs::write(&path, bytes)?;
    let damaged = hookglass(folder.path()).args(["store", "check"]).output()?;
    assert_eq!(damaged.status.code(), Some(3), "{}", printed(&damaged));
    assert!(printed(&damaged).contains("damaged"), "{}", printed(&damaged));
    Ok(())
}
