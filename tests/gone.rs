//! Clients that hang up before they get their response.

#![cfg(unix)]

mod support;

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use serde_json::Value;
use support::program::{Listener, hookglass, listed, printed};
use support::senders::{exchange, request};
use support::{Tested, targets};

/// Sends a request and hangs up at once.
fn send_and_leave(address: &str) -> Tested {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(&request(1))?;
    Ok(())
}

/// Waits until the only delivery has a response, and returns that.
fn response(folder: &Path) -> Tested<Value> {
    let waited = hookglass(folder).args(["wait", "--count", "1", "--timeout", "20s"]).output()?;
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
