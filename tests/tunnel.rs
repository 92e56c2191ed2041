//! Tunnels, with stand-ins for the agents: a server with ngrok's documented interface, and scripts
//! that print what the programs print.

#![cfg(unix)]

mod support;

use std::fs;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use serde_json::Value;
use support::{Listener, Tested, exchange, hookglass, request};

/// An address that nothing listens at.
const NOBODY: &str = "http://127.0.0.1:1";

/// Starts an agent that responds with the last tunnels sent over the channel; until the first, it
/// does not respond.
fn agent() -> io::Result<(String, mpsc::Sender<String>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let (sender, listings) = mpsc::channel();
    thread::spawn(move || {
        let mut known: Option<String> = None;
        for mut stream in listener.incoming().flatten() {
            let mut asked = Vec::new();
            let mut bytes = [0; 1024];
            while !asked.ends_with(b"\r\n\r\n") {
                match stream.read(&mut bytes) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => asked.extend(bytes.iter().take(read)),
                }
            }
            known = listings.try_iter().last().or(known).or_else(|| listings.recv().ok());
            let Some(listing) = &known else { return };
            let found = asked.starts_with(b"GET /api/tunnels HTTP/1.1\r\n");
            let status = if found { "200 OK" } else { "404 Not Found" };
            let length = listing.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\n\r\n{listing}"
            );
            // The client may have ended.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    Ok((url, sender))
}

/// Writes a shell script as a program of this name.
fn program(folder: &Path, name: &str, script: &str) -> Tested {
    let bin = folder.join("bin");
    fs::create_dir_all(&bin)?;
    let path = bin.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Starts a listener that finds only the programs of a folder, and an agent of ngrok only at this
/// address.
fn listener(folder: &Path, tunnel: &str, interface: &str) -> Tested<Listener> {
    fs::create_dir_all(folder.join("bin"))?;
    fs::write(folder.join("hookglass.toml"), format!("[tunnel]\nngrok_api = \"{interface}\"\n"))?;
    let mut command = hookglass(folder);
    command.env("PATH", folder.join("bin")).args(["--tunnel", tunnel]);
    Listener::start(&mut command)
}

fn says(listener: &mut Listener) -> Tested<String> {
    let mut line = String::new();
    listener.stderr.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// Returns whether a process runs. One that has ended stays listed until its parent collects its
/// status.
fn runs(process: &str) -> Tested<bool> {
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output()?.stdout;
    Ok(!state.is_empty() && !state.starts_with(b"Z"))
}

#[test]
fn a_running_agent_is_used() -> Tested {
    let folder = tempfile::tempdir()?;
    let (interface, tunnels) = agent()?;
    let mut running = listener(folder.path(), "ngrok", &interface)?;
    let port = running.address.rsplit_once(':').ok_or("no port")?.1.to_owned();
    tunnels.send(format!(
        r#"{{"tunnels":[{{"name":"a","public_url":"https://a.example","proto":"https",
            "config":{{"addr":"http://localhost:{port}","inspect":true}}}}],"uri":"/api/tunnels"}}"#
    ))?;
    assert_eq!(says(&mut running)?, "hookglass: public URL: https://a.example");
    // The agent ends, and the listener continues.
    tunnels.send(r#"{"tunnels":[]}"#.to_owned())?;
    let gone = says(&mut running)?;
    assert!(gone.contains("has stopped") && gone.contains(&format!("ngrok http {port}")), "{gone}");
    let answer = exchange(&running.address, &request(1))?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(running.stop()?.0.success());
    Ok(())
}

#[test]
fn ngrok_is_started_and_ended_with_the_listener() -> Tested {
    let folder = tempfile::tempdir()?;
    // It has a child process, which has to end too.
    program(
        folder.path(),
        "ngrok",
        r#"/bin/sleep 1000 & echo "$$ $!" > processes; echo "$@" > arguments
           echo 't=1 lvl=info msg="started tunnel" obj=tunnels name=command_line addr=http://localhost:80 url=https://own.example'
           wait"#,
    )?;
    let mut running = listener(folder.path(), "ngrok", NOBODY)?;
    assert_eq!(says(&mut running)?, "hookglass: public URL: https://own.example");
    let port = running.address.rsplit_once(':').ok_or("no port")?.1.to_owned();
    let arguments = fs::read_to_string(folder.path().join("arguments"))?;
    assert!(arguments.starts_with(&format!("http {port} ")), "{arguments}");
    let processes = fs::read_to_string(folder.path().join("processes"))?;
    for process in processes.split_whitespace() {
        assert!(runs(process)?, "{process}");
    }
    let (status, _, said) = running.stop()?;
    assert!(status.success(), "{said}");
    for process in processes.split_whitespace() {
        // A signal takes effect after a moment.
        let gone = (0..500).any(|_| matches!(runs(process), Ok(false)));
        assert!(gone, "{process} is left");
    }
    Ok(())
}

#[test]
fn the_url_of_a_silent_ngrok_comes_from_its_interface() -> Tested {
    let folder = tempfile::tempdir()?;
    let (interface, tunnels) = agent()?;
    tunnels.send(r#"{"tunnels":[]}"#.to_owned())?;
    program(
        folder.path(),
        "ngrok",
        r#"echo "$2" > port.new; /bin/mv port.new port; exec /bin/sleep 1000"#,
    )?;
    let mut running = listener(folder.path(), "ngrok", &interface)?;
    let port = running.address.rsplit_once(':').ok_or("no port")?.1.to_owned();
    tunnels.send(format!(
        r#"{{"tunnels":[{{"public_url":"https://late.example","config":{{"addr":"localhost:{port}"}}}}]}}"#
    ))?;
    assert_eq!(says(&mut running)?, "hookglass: public URL: https://late.example");
    running.stop()?;
    Ok(())
}

#[test]
fn a_failure_of_an_agent_is_reported_while_the_listener_continues() -> Tested {
    for (tunnel, script, parts) in [
        (
            "ngrok",
            None,
            &["ngrok is not installed", "https://ngrok.com/download", "--public-url"][..],
        ),
        ("cloudflared", None, &["cloudflared is not installed", "--public-url"]),
        (
            "ngrok",
            Some(
                r"printf 'ERROR:  authentication failed: Usage of ngrok requires a verified account and authtoken.\nERROR:\nERROR:  ERR_NGROK_4018\nERROR:\n' >&2; exit 1",
            ),
            &["ngrok ended", "exit status: 1", "ERR_NGROK_4018", "ngrok config add-authtoken"],
        ),
        (
            "cloudflared",
            Some(r"echo 'failed to request quick Tunnel: dial tcp: no such host' >&2; exit 1"),
            &["cloudflared ended", "no such host", "to see why"],
        ),
        (
            "cloudflared",
            Some(
                r"echo '2026-11-24T22:00:00Z INF |  https://odd-words.trycloudflare.com  |' >&2; kill -9 $$",
            ),
            &["cloudflared ended", "signal: 9"],
        ),
    ] {
        let folder = tempfile::tempdir()?;
        if let Some(script) = script {
            program(folder.path(), tunnel, script)?;
        }
        let mut running = listener(folder.path(), tunnel, NOBODY)?;
        let mut said = String::new();
        while !parts.iter().all(|part| said.contains(part)) {
            let line = says(&mut running)?;
            assert!(!line.is_empty(), "{tunnel}: it said only {said}");
            said += &line;
        }
        let answer = exchange(&running.address, &request(1))?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let (status, ..) = running.stop()?;
        assert!(status.success());
    }
    Ok(())
}

#[test]
fn what_an_agent_says_is_printed_escaped() -> Tested {
    // ESC, a control character of C1, and the override of the direction of text.
    let script = r"printf 'failed: a\033]0;X\007\302\233\342\200\256 no such host\n' >&2; exit 1";
    let folder = tempfile::tempdir()?;
    program(folder.path(), "cloudflared", script)?;
    let mut running = listener(folder.path(), "cloudflared", NOBODY)?;
    let mut line = String::new();
    while !line.contains("no such host") {
        line = says(&mut running)?;
        assert!(!line.is_empty() && hookglass::payload::escape(&line) == line, "{line:?}");
    }
    assert!(line.contains(r"\u{202e}"), "{line}");
    Ok(())
}

/// Reads lines of standard error up to one with this text.
fn says_until(listener: &mut Listener, part: &str) -> Tested {
    let mut said = String::new();
    loop {
        let line = says(listener)?;
        assert!(!line.is_empty(), "only: {said}");
        if line.contains(part) {
            return Ok(());
        }
        said += &line;
    }
}

#[test]
fn an_agent_that_ended_is_restarted() -> Tested {
    let folder = tempfile::tempdir()?;
    program(
        folder.path(),
        "cloudflared",
        r"if [ -e first ]; then
               echo 'x INF | https://second.trycloudflare.com |' >&2; exec /bin/sleep 1000
           fi
           : > first; echo 'x INF | https://first.trycloudflare.com |' >&2; exit 1",
    )?;
    let mut running = listener(folder.path(), "cloudflared", NOBODY)?;
    says_until(&mut running, "cloudflared ended (exit status: 1); hookglass keeps trying")?;
    says_until(&mut running, "https://second.trycloudflare.com")?;
    running.stop()?;
    Ok(())
}

#[test]
fn an_agent_that_only_the_user_can_fix_is_not_restarted() -> Tested {
    let folder = tempfile::tempdir()?;
    program(folder.path(), "ngrok", "echo >> starts; echo 'ERROR:  ERR_NGROK_4018' >&2; exit 1")?;
    let mut running = listener(folder.path(), "ngrok", NOBODY)?;
    says_until(&mut running, "restart hookglass")?;
    running.stop()?;
    assert_eq!(fs::read_to_string(folder.path().join("starts"))?, "\n");
    Ok(())
}

#[test]
fn a_suspended_agent_is_reported_until_it_goes_on() -> Tested {
    let folder = tempfile::tempdir()?;
    program(
        folder.path(),
        "cloudflared",
        "echo $$ > process; echo 'x INF | https://one.trycloudflare.com |' >&2; kill -STOP $$
         exec /bin/sleep 1000",
    )?;
    let mut running = listener(folder.path(), "cloudflared", NOBODY)?;
    says_until(&mut running, "https://one.trycloudflare.com")?;
    says_until(&mut running, "cloudflared does not respond")?;
    let process = fs::read_to_string(folder.path().join("process"))?;
    Command::new("kill").args(["-CONT", process.trim()]).status()?;
    says_until(&mut running, "https://one.trycloudflare.com")?;
    running.stop()?;
    Ok(())
}

#[test]
fn a_provider_that_signs_its_url_is_verified_behind_a_tunnel() -> Tested {
    let folder = tempfile::tempdir()?;
    program(
        folder.path(),
        "cloudflared",
        "echo 'x INF | https://odd-words.trycloudflare.com |' >&2; exec /bin/sleep 1000",
    )?;
    fs::write(folder.path().join("hookglass.toml"), "provider = [\"square\"]\n")?;
    let mut command = hookglass(folder.path());
    command.env("PATH", folder.path().join("bin")).env("SQUARE_SIGNATURE_KEY", "test-key");
    let mut running = Listener::start(command.args(["--tunnel", "cloudflared"]))?;
    assert!(says(&mut running)?.ends_with("https://odd-words.trycloudflare.com"));
    // printf '%s' 'https://odd-words.trycloudflare.com/in{"type":"payment.created"}' |
    //     openssl dgst -sha256 -hmac test-key -binary | base64
    let body = r#"{"type":"payment.created"}"#;
    let bytes = format!(
        "POST /in HTTP/1.1\r\nHost: h\r\nX-Square-Hmacsha256-Signature: IuI2iNyTv3aJ4zBfUWy4DsyDU3oFSt3L/cjbVQHoeiA=\r\n\
         X-Forwarded-For: 203.0.113.7\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(&running.address, bytes.as_bytes())?;
    let (_, printed, _) = running.stop()?;
    let line: Value = serde_json::from_str(&printed)?;
    assert_eq!(line["signature"]["status"], "verified", "{line}");
    assert_eq!(line["peer"], "203.0.113.7");
    Ok(())
}
