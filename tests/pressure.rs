//! Senders that ask for as much memory, time, or as many connections as they can get: the others
//! are served, and memory stays within the bounds of `SECURITY.md`.

#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use support::{Listener, SECRET, Tested, exchange, hookglass, listed};

const SMALL: &[u8] = b"POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";

fn head(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n")
}

/// Returns the most memory that a process had in MiB.
fn peak_memory(process: u32) -> Tested<usize> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim_end_matches("kB").trim().parse::<usize>()? / 1024)
}

#[test]
fn bodies_that_never_end_take_bounded_memory() -> Tested {
    const SIZE: usize = 25 << 20;
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let (ended, first) = mpsc::channel();
    for _ in 0..24 {
        let (address, ended) = (listener.address.clone(), ended.clone());
        thread::spawn(move || -> std::io::Result<()> {
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(head("/held", SIZE).as_bytes())?;
            stream.write_all(&vec![b'x'; SIZE - 1])?;
            let mut status = [0; 12];
            stream.read_exact(&mut status)?;
            // Fails only if the test has ended.
            let _ = ended.send(status);
            Ok(())
        });
    }
    // When one is refused, the others have as much as they get. One that is whole but for its last
    // byte is refused with 408.
    let status = first.recv()?;
    assert!([b"HTTP/1.1 408", b"HTTP/1.1 503"].contains(&&status), "{status:?}");
    let peak = peak_memory(listener.child.id())?;
    assert!(peak < 400, "{peak} MiB");
    Ok(())
}

#[test]
fn a_large_body_does_not_delay_others() -> Tested {
    let folder = tempfile::tempdir()?;
    // One thread serves every connection.
    let listener = Listener::start(hookglass(folder.path()).env("TOKIO_WORKER_THREADS", "1"))?;
    let item = "{\"id\":\"x\",\"type\":\"t\"},";
    let body = format!("[{}1]", item.repeat((20 << 20) / item.len()));
    let mut large = TcpStream::connect(&listener.address)?;
    large.write_all(head("/large", body.len()).as_bytes())?;
    large.write_all(body.as_bytes())?;
    exchange(&listener.address, SMALL)?;
    large.read_exact(&mut [0; 12])?;
    let targets: Vec<_> = listed(folder.path())?
        .iter()
        .map(|line| line.get("target").and_then(|target| target.as_str()).map(str::to_owned))
        .collect();
    assert_eq!(targets, [Some("/small".to_owned()), Some("/large".to_owned())]);
    Ok(())
}

#[test]
fn a_rule_that_never_responds_leaves_connections_for_others() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_hookglass");
    command
        .current_dir(folder.path())
        .env("CRIBBLY_WEBHOOK_SECRET", SECRET)
        .args(["-c", &format!("ulimit -n 80; exec {program} \"$@\""), "sh"])
        .args(["--respond", "path:/never => timeout"]);
    let listener = Listener::start(&mut command)?;
    let mut waiting = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(&listener.address)?;
        stream.write_all(head("/never", 0).as_bytes())?;
        waiting.push(stream);
    }
    let answer = exchange(&listener.address, SMALL)?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(())
}
