//! The log file of the real program.

mod support;

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;

use support::{Listener, Tested, exchange, hookglass};

/// Texts that a log must not contain, in every part of a request.
const HIDDEN: [&str; 6] = [
    support::SECRET,
    "hidden-in-body",
    "hidden-in-header",
    "hidden-in-query",
    "hidden-in-path",
    "hidden-in-target",
];

/// Returns a delivery with one of them in each part.
fn request(address: &str) -> Vec<u8> {
    let body = r#"{"id":"hidden-in-body","type":"message.created"}"#;
    let signature = support::sign(body.as_bytes());
    format!(
        "POST /hidden-in-path?key=hidden-in-query HTTP/1.1\r\nHost: {address}\r\n\
         Authorization: Bearer hidden-in-header\r\nX-Cribbly-Signature: {signature}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends one delivery through a listener with these arguments, and returns the log.
fn log_of(command: &mut Command, folder: &Path) -> Tested<String> {
    let listener = Listener::start(command)?;
    exchange(&listener.address, &request(&listener.address))?;
    listener.stop()?;
    Ok(fs::read_to_string(folder.join("log"))?)
}

/// A target that ends each connection without a response.
fn silent_target() -> Tested<String> {
    let target = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/hooks?token=hidden-in-target", target.local_addr()?);
    thread::spawn(move || {
        for stream in target.incoming() {
            drop(stream.map(|mut stream| stream.read(&mut [0; 1024])));
        }
    });
    Ok(url)
}

#[test]
fn a_log_has_the_delivery_and_its_attempt() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut command = hookglass(folder.path());
    let log =
        log_of(command.args(["--log", "log", "--forward", &silent_target()?]), folder.path())?;
    for part in [
        "listening",
        "delivery stored",
        "id=1",
        "provider=\"cribbly\"",
        "verified",
        "attempt",
        "stopped",
    ] {
        assert!(log.contains(part), "`{part}` is missing:\n{log}");
    }
    Ok(())
}

#[test]
fn a_log_holds_nothing_that_was_sent() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut command = hookglass(folder.path());
    command.env("HOOKGLASS_LOG_LEVEL", "trace");
    let log =
        log_of(command.args(["--log", "log", "--forward", &silent_target()?]), folder.path())?;
    for text in HIDDEN {
        assert!(!log.contains(text), "`{text}` is in:\n{log}");
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_log() -> Tested {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir()?;
    log_of(hookglass(folder.path()).args(["--log", "log"]), folder.path())?;
    let mode = fs::metadata(folder.path().join("log"))?.permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    Ok(())
}

#[test]
fn the_environment_may_name_the_log_of_any_command() -> Tested {
    let folder = tempfile::tempdir()?;
    let status = hookglass(folder.path()).env("HOOKGLASS_LOG", "log").arg("providers").output()?;
    assert!(status.status.success());
    assert!(fs::read_to_string(folder.path().join("log"))?.contains("started"));
    Ok(())
}

#[test]
fn nothing_is_printed_because_of_a_log() -> Tested {
    let folder = tempfile::tempdir()?;
    let plain = hookglass(folder.path()).arg("providers").output()?;
    let logged = hookglass(folder.path()).args(["providers", "--log", "log"]).output()?;
    assert_eq!((plain.stdout, plain.stderr), (logged.stdout, logged.stderr));
    Ok(())
}

#[test]
fn a_log_that_cannot_be_written_ends_the_program() -> Tested {
    let folder = tempfile::tempdir()?;
    let failed = hookglass(folder.path()).args(["--headless", "--log", "absent/log"]).output()?;
    let said = String::from_utf8(failed.stderr)?;
    assert_eq!(failed.status.code(), Some(3), "{said}");
    assert!(said.starts_with("error: cannot write the log to `absent/log`: "), "{said}");
    Ok(())
}

#[test]
fn an_unknown_level_is_a_usage_error() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut command = hookglass(folder.path());
    command.env("HOOKGLASS_LOG_LEVEL", "loud").args(["providers", "--log", "log"]);
    let failed = command.output()?;
    assert_eq!(failed.status.code(), Some(2));
    assert!(
        String::from_utf8(failed.stderr)?.contains("expected error, warn, info, debug, or trace")
    );
    Ok(())
}
