//! Targets that are down: deliveries are sent again, in order, once the target is back.

#![cfg(unix)]

mod support;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;

use serde_json::Value;
use support::targets::response;
use support::{Listener, Target, Tested, event, exchange, hookglass, listed, request};

/// Starts a listener that forwards to a port with a retry policy.
fn forwarding(folder: &Path, port: &TcpListener, retry: &str) -> Tested<Listener> {
    let target = port.local_addr()?;
    let config = format!("[[forward]]\nurl = \"http://{target}\"\nretry = {retry}\n");
    fs::write(folder.join("hookglass.toml"), config)?;
    Listener::start(&mut hookglass(folder))
}

/// Returns the kind and the status of each attempt of a delivery.
fn attempts(delivery: &Value) -> Vec<(String, Option<u64>)> {
    let attempts = delivery["attempts"].as_array().cloned().unwrap_or_default();
    let row =
        |one: &Value| (one["kind"].as_str().unwrap_or_default().to_owned(), one["status"].as_u64());
    attempts.iter().map(row).collect()
}

#[test]
fn deliveries_arrive_in_order_when_the_target_is_back() -> Tested {
    let folder = tempfile::tempdir()?;
    let port = TcpListener::bind("127.0.0.1:0")?;
    let address = port.local_addr()?;
    let listener = forwarding(folder.path(), &port, "\"until-delivered\"")?;
    // The target is down from here on.
    drop(port);
    for number in 1..=3 {
        let answer = exchange(&listener.address, &request(number))?;
        assert!(answer.starts_with("HTTP/1.1 50"), "{answer}");
    }
    let target = Target::start(&TcpListener::bind(address)?, 4, |_| response("200 OK", ""))?;
    for number in 1..=3 {
        assert!(target.next()?.text().ends_with(&event(number).0), "{number}");
    }
    // A delivery that arrives now does not have to wait.
    let answer = exchange(&listener.address, &request(4))?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    target.finish()?;
    listener.stop()?;
    let listed = listed(folder.path())?;
    for delivery in &listed[..3] {
        let attempts = attempts(delivery);
        let last = attempts.last().ok_or("no attempt")?;
        assert_eq!((last.0.as_str(), last.1), ("retry", Some(200)), "{attempts:?}");
        assert_eq!(attempts[0].0, "forward");
    }
    assert_eq!(attempts(&listed[3]), [("forward".to_owned(), Some(200))]);
    Ok(())
}

#[test]
fn retries_are_limited_in_number() -> Tested {
    let folder = tempfile::tempdir()?;
    let port = TcpListener::bind("127.0.0.1:0")?;
    let target = Target::start(&port, 3, |_| response("503 No", ""))?;
    let listener = forwarding(folder.path(), &port, "2")?;
    exchange(&listener.address, &request(1))?;
    target.finish()?;
    listener.stop()?;
    let kinds: Vec<_> =
        attempts(&listed(folder.path())?[0]).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["forward", "retry", "retry"]);
    Ok(())
}

#[test]
fn a_response_of_the_application_is_final() -> Tested {
    let folder = tempfile::tempdir()?;
    let port = TcpListener::bind("127.0.0.1:0")?;
    let target = Target::start(&port, 2, |_| response("500 Bug", ""))?;
    let listener = forwarding(folder.path(), &port, "5")?;
    for number in 1..=2 {
        exchange(&listener.address, &request(number))?;
    }
    target.finish()?;
    listener.stop()?;
    for delivery in listed(folder.path())? {
        assert_eq!(attempts(&delivery), [("forward".to_owned(), Some(500))]);
    }
    Ok(())
}

#[test]
fn a_wrong_policy_is_an_error() -> Tested {
    let folder = tempfile::tempdir()?;
    let config = "[[forward]]\nurl = \"http://127.0.0.1:1\"\nretry = \"always\"\n";
    fs::write(folder.path().join("hookglass.toml"), config)?;
    let output = hookglass(folder.path()).arg("config").output()?;
    let said = support::printed(&output);
    assert!(said.contains("line 3") && said.contains("until-delivered"), "{said}");
    Ok(())
}

/// Starts a target that responds once the sender of the channel allows it.
fn slow_target() -> Tested<(Target, mpsc::Sender<()>)> {
    let (go, wait) = mpsc::channel();
    let target = Target::start(&TcpListener::bind("127.0.0.1:0")?, 1, move |_| {
        // Fails if the test has ended.
        let _ = wait.recv();
        response("200 OK", "late")
    })?;
    Ok((target, go))
}

/// Starts a listener that forwards with a time limit.
fn limited(folder: &Path, target: &Target, limit: &str) -> Tested<Listener> {
    let args = ["--forward", &target.url, "--forward-timeout", limit];
    Listener::start(hookglass(folder).args(args))
}

#[test]
fn the_client_gets_504_after_the_time_limit_of_a_forward() -> Tested {
    let folder = tempfile::tempdir()?;
    let (target, _go) = slow_target()?;
    let listener = limited(folder.path(), &target, "50ms")?;
    let answer = exchange(&listener.address, &request(1))?;
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
    Ok(())
}

#[test]
fn a_response_after_the_time_limit_is_recorded() -> Tested {
    let folder = tempfile::tempdir()?;
    let (target, go) = slow_target()?;
    let listener = limited(folder.path(), &target, "50ms")?;
    exchange(&listener.address, &request(1))?;
    go.send(())?;
    let recorded = loop {
        let recorded = attempts(&listed(folder.path())?[0]);
        if recorded.len() > 1 {
            break recorded;
        }
    };
    assert_eq!(recorded, [("forward".to_owned(), None), ("late".to_owned(), Some(200))]);
    Ok(())
}

#[test]
fn a_forward_without_a_time_limit_waits() -> Tested {
    let folder = tempfile::tempdir()?;
    let (target, go) = slow_target()?;
    let listener = limited(folder.path(), &target, "none")?;
    go.send(())?;
    let answer = exchange(&listener.address, &request(1))?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(())
}

#[test]
fn a_wrong_time_limit_of_a_forward_says_what_is_expected() -> Tested {
    let folder = tempfile::tempdir()?;
    let args = ["--forward", "3000", "--forward-timeout", "0s"];
    let ran = hookglass(folder.path()).args(args).output()?;
    let text = support::stderr(&ran);
    assert!(text.contains("expected a duration above zero, e.g. 30s or 10m, or none"), "{text}");
    Ok(())
}
