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

use hookglass::listener::Limits;
use rustix::process::{Resource, getrlimit, setrlimit};
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

/// Most memory that a connection takes whose body is not larger than 64 KiB, by `SECURITY.md`.
const PER_CONNECTION: usize = (64 << 10) + 180_000;

#[test]
fn the_stated_bound_of_memory_is_that_of_the_limits() -> Tested {
    let limits = Limits::default();
    let most = limits.bodies_in_progress + limits.max_connections * PER_CONNECTION;
    assert!(most < 1280 << 20, "{most}");
    let page = fs::read_to_string("SECURITY.md")?;
    for stated in ["256 MiB together", "64 KiB and about 180 KB", "4,096 connections", "1.25 GiB"] {
        assert!(page.contains(stated), "{stated}");
    }
    Ok(())
}

/// Returns whether the listener has read everything that was sent to it.
fn has_read_all(port: u16) -> Tested<bool> {
    let own = format!(":{port:04X}");
    let sockets = fs::read_to_string("/proc/net/tcp")?;
    Ok(sockets.lines().skip(1).all(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_empty = fields.get(4).is_none_or(|queues| *queues == "00000000:00000000");
        let is_own = fields.iter().skip(1).take(2).any(|address| address.ends_with(&own));
        is_empty || !is_own
    }))
}

#[test]
fn a_connection_takes_the_stated_memory() -> Tested {
    let each = memory_of_connections(500, 1)?;
    assert!(each < PER_CONNECTION, "{each} bytes");
    Ok(())
}

#[test]
#[ignore = "takes 1 GB of memory and 4,100 files"]
fn as_many_connections_as_are_allowed_take_the_stated_memory() -> Tested {
    // Nearly the largest head, and nearly as much of a body as is not counted.
    let each = memory_of_connections(Limits::default().max_connections - 40, 60_000)?;
    assert!(each < PER_CONNECTION, "{each} bytes");
    Ok(())
}

/// Returns the memory that each of several connections takes, with a header of this size and all of
/// a body but its last byte.
fn memory_of_connections(connections: usize, header: usize) -> Tested<usize> {
    const SIZE: usize = 64 << 10;
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files)?;
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    exchange(&listener.address, SMALL)?;
    let before = peak_memory(listener.child.id())?;
    let mut held = Vec::new();
    let padding = format!("Host: h\r\nX-Padding: {}\r\n", "a".repeat(header));
    let request = head("/held", SIZE).replace("Host: h\r\n", &padding);
    for _ in 0..connections {
        let mut stream = TcpStream::connect(&listener.address)?;
        stream.write_all(request.as_bytes())?;
        stream.write_all(&vec![b'x'; SIZE - 1])?;
        held.push(stream);
    }
    let (_, port) = listener.address.rsplit_once(':').ok_or("no port")?;
    while !has_read_all(port.parse()?)? {
        thread::yield_now();
    }
    Ok((peak_memory(listener.child.id())? - before) * (1 << 20) / connections)
}
