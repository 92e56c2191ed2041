//! Clients that hang up before they get their response.

#![cfg(unix)]

mod support;

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use serde_json::Value;
use support::program::{Listener, hookglass, listed, printed};
use support::senders::{exchange, request};
use support::terminal::Terminal;
use support::{Tested, targets};

/// Sends a request and hangs up at once.
fn send_and_leave(address: &str) -> Tested {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(&request(1))?;
    Ok(())
}

/// Waits until the only delivery has a response, and returns that.
fn response(folder: &Path) -> Tested<Value> {
    let waited = hookglass(folder).args(["wait", "--since", "1h", "--timeout", "20s"]).output()?;
    let line = listed(folder)?.pop().ok_or_else(|| printed(&waited))?;
    Ok(line.get("response").cloned().unwrap_or_default())
}

fn assert_gone(folder: &Path) -> Tested {
    let response = response(folder)?;
    assert_eq!(response.get("status"), Some(&0.into()), "{response}");
    let error = response.get("error").and_then(Value::as_str).unwrap_or_default();
    assert!(error.starts_with("client gone after "), "{response}");
    Ok(())
}

#[test]
fn a_delayed_response_is_not_counted_as_sent_to_a_client_that_left() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut command = hookglass(folder.path());
    let listener = Listener::start(command.args(["--respond", "200:delay=300ms"]))?;
    send_and_leave(&listener.address)?;
    assert_gone(folder.path())
}

#[test]
fn a_forwarded_response_is_not_counted_as_sent_to_a_client_that_left() -> Tested {
    let folder = tempfile::tempdir()?;
    let (sender, left) = std::sync::mpsc::channel();
    let port = TcpListener::bind("127.0.0.1:0")?;
    let target = targets::Target::start(&port, 1, move |_| {
        // Responds when the client has left.
        let _ = left.recv();
        targets::response("200 OK", "")
    })?;
    let mut command = hookglass(folder.path());
    let listener = Listener::start(command.args(["--forward", &target.url]))?;
    send_and_leave(&listener.address)?;
    sender.send(())?;
    assert_gone(folder.path())
}

#[test]
fn a_client_that_only_closes_its_end_gets_its_response() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut command = hookglass(folder.path());
    let listener = Listener::start(command.args(["--respond", "201:delay=100ms"]))?;
    let read = exchange(&listener.address, &request(1))?;
    assert!(read.starts_with("HTTP/1.1 201"), "{read}");
    assert_eq!(response(folder.path())?.get("status"), Some(&201.into()));
    Ok(())
}

#[test]
fn a_client_that_left_is_shown_with_the_time() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut command = hookglass(folder.path());
    let listener = Listener::start(command.args(["--respond", "200:delay=300ms"]))?;
    send_and_leave(&listener.address)?;
    response(folder.path())?;
    let shown = printed(&hookglass(folder.path()).args(["show", "1"]).output()?);
    assert!(shown.contains("client gone after "), "{shown}");
    Ok(())
}

#[test]
fn a_direct_response_is_not_counted_as_sent_to_a_client_that_left() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    // The delivery is stored, and its response written, once the store is free.
    let store = rusqlite::Connection::open(folder.path().join(".hookglass/deliveries.db"))?;
    store.execute_batch("BEGIN IMMEDIATE")?;
    send_and_leave(&listener.address)?;
    store.execute_batch("ROLLBACK")?;
    assert_gone(folder.path())
}

/// Starts a dashboard with this response, and lets a client send to it and leave.
fn left_dashboard(response: &str) -> Tested<Terminal> {
    let mut session = Terminal::start_with(&["--respond", response], &[])?;
    send_and_leave(&session.address()?)?;
    Ok(session)
}

#[test]
fn a_client_that_left_is_shown_in_the_list() -> Tested {
    left_dashboard("200:delay=300ms")?.wait_for(" gone ").map(drop)
}

#[test]
fn a_client_that_left_is_shown_in_the_timeline() -> Tested {
    let mut session = left_dashboard("200:delay=300ms")?;
    session.wait_for(" gone ")?;
    session.press("4")?;
    session.wait_for("no response was sent: client gone").map(drop)
}

#[test]
fn a_paused_response_is_not_counted_as_sent_to_a_client_that_left() -> Tested {
    let mut session = left_dashboard("hold")?;
    session.wait_for("1 PAUSED")?;
    // By the time other clients were served, the listener has noticed that the first one left.
    for _ in 0..20 {
        exchange(&session.address()?, b"not HTTP\r\n\r\n")?;
    }
    session.press("ggA2")?;
    session.wait_for("client had hung up")?;
    // Apart from the next key: Esc and a letter in one read mean Alt.
    session.press("<Esc>")?;
    session.wait_for("# time")?;
    session.press("gg")?;
    session.wait_for(" gone ")?;
    session.press("4")?;
    session.wait_for("no response was sent: client gone").map(drop)
}
