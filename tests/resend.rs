//! `hookglass resend`: stored deliveries sent again, by real processes to real sockets.

mod support;

use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use support::targets::Arrived;
use support::{
    Listener, SECRET, Target, Tested, event, exchange, hookglass, json_lines, request, stderr,
};

const YES: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const NO: &str = "HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad";

/// Fills a store with `count` deliveries through a listener.
fn kept(folder: &Path, count: usize) -> Tested {
    let listener = Listener::start(&mut hookglass(folder))?;
    for number in 0..count {
        let answer = exchange(&listener.address, &request(number))?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    listener.stop()?;
    Ok(())
}

/// Returns the requests that a target received, byte for byte.
fn requests(target: Target) -> Tested<Vec<Vec<u8>>> {
    Ok(target.finish()?.iter().map(Arrived::bytes).collect())
}

fn resend(folder: &Path, args: &[&str]) -> Tested<Output> {
    Ok(hookglass(folder).arg("resend").args(args).output()?)
}

/// Returns the attempts that a delivery has in the store.
fn attempts(folder: &Path, id: &str) -> Tested<Vec<Value>> {
    let shown = hookglass(folder).args(["show", id, "--json"]).output()?;
    let line: Value = serde_json::from_slice(&shown.stdout)?;
    Ok(line.pointer("/attempts").and_then(Value::as_array).cloned().unwrap_or_default())
}

#[test]
fn a_dry_run_prints_what_would_go_out_byte_for_byte() -> Tested {
    let folder = tempfile::tempdir()?;
    kept(folder.path(), 1)?;
    for how in [&["--exact"][..], &[]] {
        let target = Target::each(&[YES])?;
        let url = target.url.clone();
        let common = [&["1", "--to", &url][..], how].concat();
        let dry = resend(folder.path(), &[&common[..], &["--dry-run"]].concat())?;
        assert!(dry.status.success(), "{}", stderr(&dry));
        let sent = resend(folder.path(), &common)?;
        assert!(sent.status.success(), "{}", stderr(&sent));
        assert_eq!(requests(target)?, [dry.stdout]);
    }
    // A dry run is not an attempt.
    assert_eq!(attempts(folder.path(), "1")?.len(), 2);
    Ok(())
}

#[test]
fn a_delivery_is_signed_again_unless_exact_is_given() -> Tested {
    let folder = tempfile::tempdir()?;
    kept(folder.path(), 1)?;
    let other = "test-key-of-another-endpoint";
    // Another listener has another secret only.
    let target = Listener::start(
        hookglass(folder.path()).env("CRIBBLY_WEBHOOK_SECRET", other).arg("--ephemeral"),
    )?;
    let url = target.url();
    let exact = resend(folder.path(), &["1", "--to", &url, "--exact"])?;
    assert!(stderr(&exact).contains("exactly as received"), "{}", stderr(&exact));
    let mut re_signed = hookglass(folder.path());
    let re_signed = re_signed
        .env("OTHER", other)
        .args(["resend", "1", "--to", &url, "--secret-env", "OTHER"])
        .output()?;
    assert!(stderr(&re_signed).contains("sending 1 delivery to"), "{}", stderr(&re_signed));
    assert!(stderr(&re_signed).contains("re-signed with OTHER"), "{}", stderr(&re_signed));
    let (_, printed, _) = target.stop()?;
    let verdicts: Vec<String> = printed
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|line| line["signature"]["status"].as_str().unwrap_or("none").to_owned())
        .collect();
    assert_eq!(verdicts, ["mismatch", "verified"]);
    let kept = attempts(folder.path(), "1")?;
    assert_eq!(kept[0]["form"], "exact");
    assert_eq!(kept[1]["form"], "resigned");
    assert_eq!(kept[1]["changes"], "X-Cribbly-Signature replaced");
    assert!(!format!("{kept:?}").contains(other));
    Ok(())
}

#[test]
fn each_response_is_stored_and_compared_with_the_last_one() -> Tested {
    let folder = tempfile::tempdir()?;
    kept(folder.path(), 1)?;
    let target = Target::each(&[NO, NO, YES, NO])?;
    let url = target.url.clone();
    let output = resend(folder.path(), &["1", "--to", &url, "--json", "--count", "3"])?;
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("1 delivery, 3 times each"), "{}", stderr(&output));
    assert!(stderr(&output).contains("2 of 3 did not get a 2xx response"), "{}", stderr(&output));
    let lines = json_lines(&output.stdout)?;
    let compared: Vec<&Value> = lines.iter().map(|line| &line["compared"]).collect();
    assert_eq!(compared, [&Value::Null, &"same".into(), &"fixed".into()]);
    assert!(lines.iter().all(|line| line["kept"] == true && line["delivery"] == 1));
    // The next round is compared with the attempts in the store.
    let output = resend(folder.path(), &["1", "--to", &url])?;
    assert!(String::from_utf8(output.stdout)?.contains("answered 500 in"));
    requests(target)?;
    let kept = attempts(folder.path(), "1")?;
    let statuses: Vec<&Value> = kept.iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [500, 500, 204, 500]);
    assert_eq!(kept[3]["compared"], "broken");
    assert_eq!((&kept[0]["body"], &kept[0]["headers"][0][1]), (&"bad".into(), &"3".into()));
    for one in &kept {
        let time = |name: &str| one[name].as_f64().ok_or(format!("no {name}: {one}"));
        assert!(time("connected_ms")? <= time("first_byte_ms")?);
        assert!(time("first_byte_ms")? <= time("took_ms")?);
    }
    Ok(())
}

#[test]
fn a_filter_selects_oldest_first_and_attempts_are_stored_while_a_listener_runs() -> Tested {
    let folder = tempfile::tempdir()?;
    kept(folder.path(), 3)?;
    // The listener has the store open and continues to store deliveries.
    let holder = Listener::start(&mut hookglass(folder.path()))?;
    let target = Target::each(&[YES, YES])?;
    let url = target.url.clone();
    let output = resend(folder.path(), &["--filter", "id:ev1,ev2", "--to", &url, "--json"])?;
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("sending 2 deliveries"), "{}", stderr(&output));
    let ids: Vec<Value> =
        json_lines(&output.stdout)?.into_iter().map(|line| line["delivery"].clone()).collect();
    assert_eq!(ids, [2, 3]);
    let seen = requests(target)?;
    assert!(String::from_utf8_lossy(&seen[0]).ends_with(&event(1).0));
    let answer = exchange(&holder.address, &request(9))?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    holder.stop()?;
    assert_eq!(attempts(folder.path(), "3")?.len(), 1);
    let nothing = resend(folder.path(), &["--filter", "id:none", "--to", &url])?;
    assert_eq!(nothing.status.code(), Some(1));
    Ok(())
}

#[test]
fn without_a_secret_a_resend_fails_with_the_ways_to_get_one() -> Tested {
    let folder = tempfile::tempdir()?;
    kept(folder.path(), 1)?;
    let without = hookglass(folder.path())
        .env_remove("CRIBBLY_WEBHOOK_SECRET")
        .args(["resend", "1", "--to", "http://127.0.0.1:1"])
        .output()?;
    assert_eq!(without.status.code(), Some(2));
    for word in ["CRIBBLY_WEBHOOK_SECRET", "--secret-file", "--exact"] {
        assert!(stderr(&without).contains(word), "{}", stderr(&without));
    }
    Ok(())
}

#[test]
fn a_resend_that_cannot_be_prepared_fails_before_anything_is_sent() -> Tested {
    let folder = tempfile::tempdir()?;
    kept(folder.path(), 1)?;
    // The target accepts connections and never responds.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", silent.local_addr()?);
    let unknown = Listener::start(hookglass(folder.path()).args(["--provider", "stripe,github"]))?;
    exchange(&unknown.address, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")?;
    unknown.stop()?;
    for (args, code, says) in [
        (
            &["2", "--to", &url][..],
            2,
            "delivery 2 was not sent: it cannot be re-signed: its provider is unknown",
        ),
        (&["7", "--to", &url][..], 1, "no delivery 7"),
        (&["--to", &url], 2, "--filter"),
        (&["1", "--filter", "x", "--to", &url], 2, "cannot be used with"),
        (&["--filter", "typ:x", "--to", &url], 2, "type:"),
        (&["1"], 2, "--to"),
        (&["1", "--to", "localhost"], 2, "invalid URL"),
        (&["1", "--to", &url, "--interval", "soon"], 2, "500ms"),
        (&["1", "--to", &url, "--count", "0"], 2, "--count"),
        (&["1", "--to", &url, "--provider", "paypal"], 2, "--exact"),
        (&["1", "--to", &url, "--provider", "nobody"], 2, "unknown provider"),
        (&["1", "--to", &url, "--provider", "gitlab", "--dry-run"], 2, "never printed"),
    ] {
        let mut command = hookglass(folder.path());
        let output =
            command.env("GITLAB_WEBHOOK_TOKEN", SECRET).arg("resend").args(args).output()?;
        assert!(!String::from_utf8_lossy(&output.stdout).contains(SECRET));
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(says), "{args:?}: {}", stderr(&output));
    }
    silent.set_nonblocking(true)?;
    assert!(silent.accept().is_err(), "a request was sent");
    Ok(())
}

#[test]
fn a_target_that_is_down_ends_the_round_with_exit_3() -> Tested {
    let folder = tempfile::tempdir()?;
    kept(folder.path(), 2)?;
    let free = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", free.local_addr()?);
    drop(free);
    let output = resend(folder.path(), &["1", "2", "--to", &url])?;
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("refused the connection"), "{}", stderr(&output));
    assert!(stderr(&output).contains("1 of 2 were not sent"), "{}", stderr(&output));
    assert_eq!(attempts(folder.path(), "1")?.len(), 1);
    assert_eq!(attempts(folder.path(), "2")?.len(), 0);
    assert!(!stderr(&output).contains(SECRET));
    Ok(())
}

/// Runs `send` with an event, a target, and these arguments.
fn send(folder: &Path, url: &str, args: &[&str]) -> Tested<Output> {
    std::fs::write(folder.join("event.json"), event(1).0)?;
    Ok(hookglass(folder).args(["send", "event.json", "--to", url]).args(args).output()?)
}

#[test]
fn a_dry_run_of_a_sample_prints_the_bytes_that_are_sent() -> Tested {
    let folder = tempfile::tempdir()?;
    let target = Target::each(&[YES])?;
    let url = target.url.clone();
    let dry = send(folder.path(), &url, &["--dry-run"])?;
    assert!(dry.status.success(), "{}", stderr(&dry));
    send(folder.path(), &url, &[])?;
    assert_eq!(requests(target)?, [dry.stdout]);
    Ok(())
}

#[test]
fn each_sent_sample_has_a_line_of_json() -> Tested {
    let folder = tempfile::tempdir()?;
    let target = Target::each(&[YES, NO])?;
    let sent = send(folder.path(), &target.url, &["--json", "--count", "2"])?;
    assert_eq!(sent.status.code(), Some(1), "{}", stderr(&sent));
    let lines = json_lines(&sent.stdout)?;
    assert_eq!((&lines[0]["status"], &lines[1]["status"]), (&204.into(), &500.into()));
    assert!(lines.iter().all(|line| line["kind"] == "send" && line["delivery"].is_null()));
    Ok(())
}

#[test]
fn a_dry_run_of_a_sample_prints_a_line_of_json() -> Tested {
    let folder = tempfile::tempdir()?;
    let dry = send(folder.path(), "http://127.0.0.1:1", &["--dry-run", "--json"])?;
    let line = &json_lines(&dry.stdout)?[0];
    assert_eq!((&line["body"], &line["method"]), (&event(1).0.into(), &"POST".into()));
    Ok(())
}

#[test]
fn samples_that_cannot_be_sent_are_exit_3() -> Tested {
    let folder = tempfile::tempdir()?;
    let failed = send(folder.path(), "http://127.0.0.1:1", &["--json", "--count", "3"])?;
    assert_eq!(failed.status.code(), Some(3));
    assert!(stderr(&failed).contains("2 of 3 were not sent"), "{}", stderr(&failed));
    assert!(json_lines(&failed.stdout)?[0]["error"].is_string());
    Ok(())
}
