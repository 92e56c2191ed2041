//! Responses and forwards: targets that work and targets that fail, rules, and handshakes.

#![cfg(unix)]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use serde_json::Value;
use support::targets::{response, silent};
use support::{Listener, Target, Tested, event, exchange, hookglass, listed, read_status, request};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst";

fn configure(folder: &Path, text: &str) -> io::Result<()> {
    fs::write(folder.join("hookglass.toml"), text)
}

fn id_of(request: &str) -> String {
    let (_, rest) = request.split_once(r#""id":""#).unwrap_or_default();
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[test]
fn the_client_gets_the_first_response_and_all_are_stored() -> Tested {
    let folder = tempfile::tempdir()?;
    let first = Target::always(OK)?;
    let second =
        Target::always("HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 5\r\n\r\nother")?;
    let third = Target::always(OK)?;
    configure(
        folder.path(),
        &format!(
            "[[forward]]\nfilter = \"type:message.*\"\nurl = \"{second}/in\"\n\
             add_headers = [\"X-From: file\"]\n\n\
             [[forward]]\nfilter = \"type:group.*\"\nurl = \"{third}\"\n"
        ),
    )?;
    let mut command = hookglass(folder.path());
    command.args(["--forward", &first.url, "--preserve-host", "--add-header", "X-From: flag"]);
    let listener = Listener::start(&mut command)?;
    let answer = exchange(&listener.address, &request(1))?;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("first"), "{answer}");
    let (one, other) = (first.next()?.text(), second.next()?.text());
    assert!(one.starts_with("POST /hooks HTTP/1.1\r\nHost: h\r\n"), "{one}");
    assert!(one.contains("\r\nX-From: flag\r\n") && one.ends_with(&event(1).0), "{one}");
    assert!(other.starts_with("POST /in HTTP/1.1\r\nHost: 127.0.0.1:"), "{other}");
    assert!(other.contains("\r\nX-From: file\r\n") && other.ends_with(&event(1).0), "{other}");
    let (status, _, said) = listener.stop()?;
    assert!(status.success(), "{said}");
    assert!(third.so_far().is_empty(), "the third is not for messages");
    let line = &listed(folder.path())?[0];
    assert_eq!(line["response"]["status"], 200);
    let mut kept: Vec<(String, u64, String)> = Vec::new();
    for attempt in line["attempts"].as_array().ok_or("no attempts")? {
        let text = |key: &str| attempt[key].as_str().unwrap_or_default().to_owned();
        kept.push((text("target"), attempt["status"].as_u64().unwrap_or_default(), text("body")));
    }
    kept.sort_by_key(|(_, status, _)| *status);
    assert_eq!(
        kept,
        [(first.url, 200, "first".to_owned()), (format!("{second}/in"), 302, "other".to_owned())]
    );
    Ok(())
}

#[test]
fn only_matching_deliveries_are_forwarded_and_all_are_stored() -> Tested {
    let folder = tempfile::tempdir()?;
    let target = Target::always(OK)?;
    let wanted = id_of(&event(2).0);
    let mut command = hookglass(folder.path());
    command.args(["--forward", &target.url, "--only", &format!(".id:{wanted}")]);
    let listener = Listener::start(&mut command)?;
    for number in 1..=3 {
        exchange(&listener.address, &request(number))?;
    }
    listener.stop()?;
    let forwarded: Vec<String> = target.so_far().iter().map(|one| id_of(&one.text())).collect();
    assert_eq!((forwarded, listed(folder.path())?.len()), (vec![wanted], 3));
    Ok(())
}

#[test]
fn only_narrows_the_filters_of_configured_targets() -> Tested {
    let folder = tempfile::tempdir()?;
    let target = Target::always(OK)?;
    configure(
        folder.path(),
        &format!("[[forward]]\nfilter = \"type:group.* or type:contact.*\"\nurl = \"{target}\"\n"),
    )?;
    let mut command = hookglass(folder.path());
    let listener = Listener::start(command.args(["--only", "type:message.*"]))?;
    exchange(&listener.address, &request(1))?;
    listener.stop()?;
    assert!(target.so_far().is_empty());
    Ok(())
}

#[test]
fn only_without_a_target_is_an_error_with_advice() -> Tested {
    let folder = tempfile::tempdir()?;
    let output = hookglass(folder.path()).args(["--only", "type:a"]).output()?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(
        (output.status.code(), said.contains("add --forward URL")),
        (Some(2), true),
        "{said}"
    );
    Ok(())
}

/// Sends requests over this many connections at once, and checks that each gets 200.
fn flood(address: &str, connections: usize, each: usize) -> Tested {
    let send = |connection: usize| -> io::Result<()> {
        let mut stream = TcpStream::connect(address)?;
        let mut answers = BufReader::new(stream.try_clone()?);
        for number in 0..each {
            stream.write_all(&request(connection * each + number))?;
            let status =
                read_status(&mut answers).map_err(|wrong| io::Error::other(wrong.to_string()))?;
            assert_eq!(status, 200);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let senders: Vec<_> =
            (0..connections).map(|connection| scope.spawn(move || send(connection))).collect();
        for sender in senders {
            sender.join().map_err(|_| "a sender panicked")??;
        }
        Ok(())
    })
}

#[test]
fn a_stalled_second_target_delays_no_client_and_loses_nothing() -> Tested {
    const CONNECTIONS: usize = 8;
    const EACH: usize = 25;
    let folder = tempfile::tempdir()?;
    let first = Target::always(OK)?;
    let (second, _stalled) = silent()?;
    configure(
        folder.path(),
        &format!(
            "[[forward]]\nurl = \"{first}\"\n[[forward]]\nurl = \"{second}\"\nqueue = 4\n\
                  concurrency = 2\ntimeout = \"1h\"\n"
        ),
    )?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    flood(&listener.address, CONNECTIONS, EACH)?;
    // Every sender has its response although the second target has not responded yet.
    assert_eq!(first.so_far().len(), CONNECTIONS * EACH);
    let (status, _, said) = listener.stop()?;
    assert!(status.success(), "{said}");
    let (mut overrun, mut stopped) = (0, 0);
    let lines = listed(folder.path())?;
    assert_eq!(lines.len(), CONNECTIONS * EACH);
    for line in &lines {
        assert_eq!(line["response"]["status"], 200);
        let attempts = line["attempts"].as_array().ok_or("no attempts")?;
        assert_eq!(attempts.len(), 2, "{line}");
        let failed = attempts.iter().find_map(|one| one["error"].as_str()).ok_or("none failed")?;
        overrun += usize::from(failed.contains("its queue is full"));
        stopped += usize::from(failed.contains("had not responded when hookglass stopped"));
    }
    // Two are being sent, and four wait.
    assert_eq!((overrun, stopped), (CONNECTIONS * EACH - 6, 6));
    Ok(())
}

#[test]
fn a_target_gets_deliveries_in_the_order_of_their_numbers() -> Tested {
    const CONNECTIONS: usize = 16;
    const EACH: usize = 20;
    let folder = tempfile::tempdir()?;
    let target = Target::always(OK)?;
    let url = target.url.clone();
    let listener = Listener::start(hookglass(folder.path()).args(["--forward", &url]))?;
    flood(&listener.address, CONNECTIONS, EACH)?;
    listener.stop()?;
    let came: Vec<String> = target.so_far().iter().map(|request| id_of(&request.text())).collect();
    let kept: Vec<String> = listed(folder.path())?
        .iter()
        .map(|line| line["event"]["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(came.len(), CONNECTIONS * EACH);
    assert_eq!(came, kept);
    Ok(())
}

#[test]
fn failing_targets_are_reported_and_do_not_delay_others() -> Tested {
    let folder = tempfile::tempdir()?;
    let down = {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        format!("http://{}", listener.local_addr()?)
    };
    let (unread, _stalled) = silent()?;
    let garbage = Target::always("SSH-2.0-OpenSSH\r\n\r\n")?;
    let reset = Target::always("")?;
    let large = Target::always(
        [&b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"[..], &vec![b'x'; 26 << 20]]
            .concat(),
    )?;
    let round =
        Target::always("HTTP/1.1 307 Again\r\nLocation: /hooks\r\nContent-Length: 0\r\n\r\n")?;
    let mut text = String::new();
    for (name, url) in [
        ("down", &down),
        ("silent", &unread),
        ("garbage", &garbage.url),
        ("reset", &reset.url),
        ("large", &large.url),
        ("round", &round.url),
    ] {
        writeln!(
            text,
            "[[forward]]\nfilter = \"path:/{name}\"\nurl = \"{url}\"\ntimeout = \"2s\""
        )?;
    }
    configure(folder.path(), &text)?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    for (path, status, part) in [
        ("down", "502", "refused the connection"),
        ("silent", "504", "did not respond within"),
        ("garbage", "502", "invalid HTTP response"),
        ("reset", "502", "closed the connection"),
        ("large", "502", "larger than 25.0M"),
        ("round", "307", "location: /hooks"),
        ("none", "200", "content-length: 0\r\n"),
    ] {
        let bytes = format!("POST /{path} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{{}}");
        let answer = exchange(&listener.address, bytes.as_bytes())?;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        assert!(answer.contains(part), "{path}: {answer}");
    }
    let (status, _, said) = listener.stop()?;
    assert!(status.success(), "{said}");
    let lines = listed(folder.path())?;
    let statuses: Vec<&Value> = lines.iter().map(|line| &line["response"]["status"]).collect();
    assert_eq!(statuses, [502, 504, 502, 502, 502, 307, 200]);
    Ok(())
}

#[test]
fn a_target_that_only_sends_interim_responses_fails() -> Tested {
    let folder = tempfile::tempdir()?;
    let target = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", target.local_addr()?);
    let sending = thread::spawn(move || -> io::Result<()> {
        let (mut stream, _) = target.accept()?;
        // Bytes sent before the request would not be a response to it.
        let _ = stream.read(&mut [0; 1024])?;
        // Ends when the listener closes the connection.
        while stream.write_all(&b"HTTP/1.1 100 Continue\r\n\r\n".repeat(64)).is_ok() {}
        Ok(())
    });
    let mut command = hookglass(folder.path());
    let listener = Listener::start(command.args(["--forward", &url, "--forward-timeout", "none"]))?;
    let request = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";
    let answer = exchange(&listener.address, request)?;
    sending.join().map_err(|_| "the target panicked")??;
    assert!(answer.contains("more than 100 interim responses"), "{answer}");
    Ok(())
}

#[test]
fn interim_responses_before_a_response_are_skipped() -> Tested {
    let folder = tempfile::tempdir()?;
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(3);
    let target = Target::always(format!(
        "{interim}HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ))?;
    let mut command = hookglass(folder.path());
    let listener = Listener::start(command.args(["--forward", &target.url]))?;
    let request = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";
    let answer = exchange(&listener.address, request)?;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    Ok(())
}

#[test]
fn a_listener_is_not_its_own_target() -> Tested {
    let folder = tempfile::tempdir()?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let (bind, own) = (format!("127.0.0.1:{port}"), format!("http://localhost:{port}/x"));
    let failed = hookglass(folder.path())
        .args(["--headless", "--bind", &bind, "--forward", &own])
        .output()?;
    let said = String::from_utf8_lossy(&failed.stderr);
    assert_eq!(failed.status.code(), Some(2), "{said}");
    assert!(said.contains("is this listener"), "{said}");
    Ok(())
}

#[test]
fn rules_decide_on_responses() -> Tested {
    let folder = tempfile::tempdir()?;
    configure(
        folder.path(),
        "[[respond]]\nfilter = \"path:/file\"\nfile = \"answer.json\"\nheaders = [\"X-A: b\"]\n\
         [[respond]]\nanswer = \"204\"\n",
    )?;
    fs::write(folder.path().join("answer.json"), r#"{"got":"{{event.id}}","n":{{id}}}"#)?;
    let mut command = hookglass(folder.path());
    for spec in [
        "path:/sequence => 500x2,418;retry-after=7",
        "path:/close => close",
        "path:/silent => timeout",
        "path:/slow => 202:delay=1ms:body=\"{{json:/payload/id}}, {{header:Host}}\"",
    ] {
        command.args(["--respond", spec]);
    }
    let listener = Listener::start(&mut command)?;
    let to = |path: &str| {
        let bytes = String::from_utf8_lossy(&request(1)).replace("/hooks", path);
        exchange(&listener.address, bytes.as_bytes())
    };
    for (path, status, part) in [
        ("/sequence", "500", "500 by a rule; stored as delivery 1"),
        ("/sequence", "500", "stored as delivery 2"),
        ("/sequence", "418", "retry-after: 7\r\n"),
        ("/sequence", "418", "retry-after: 7\r\n"),
        ("/slow", "202", "\r\n\r\np1, h"),
        ("/file", "200", "x-a: b\r\n"),
        ("/file", "200", "{\"got\":\"ev1\",\"n\":7}"),
        ("/file", "200", "content-type: application/json"),
        ("/other", "204", ""),
    ] {
        let answer = to(path)?;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        assert!(answer.contains(part), "{path}: {answer}");
    }
    assert_eq!(to("/close").unwrap_or_default(), "");
    // The sender closes its connection at once.
    assert_eq!(to("/silent").unwrap_or_default(), "");
    listener.stop()?;
    let lines = listed(folder.path())?;
    let statuses: Vec<&Value> = lines.iter().map(|line| &line["response"]["status"]).collect();
    assert_eq!(statuses, [500, 500, 418, 418, 202, 200, 200, 200, 204, 0, 0]);
    Ok(())
}

/// Starts a listener that recognizes providers, and returns its response to a request with a
/// header.
fn response_to(header: &str, rules: &[&str]) -> Tested<String> {
    let folder = tempfile::tempdir()?;
    configure(
        folder.path(),
        "[providers.teahouse]\ntitle = \"Teahouse\"\nscheme = { signature = \"header:x-teahouse\" }\n\
         response = { status = 202, content_type = \"application/json\", body = \"[]\" }\n",
    )?;
    let mut command = hookglass(folder.path());
    command.args(rules.iter().flat_map(|rule| ["--respond", rule]));
    let listener = Listener::start(&mut command)?;
    let bytes =
        format!("POST /hooks HTTP/1.1\r\nHost: h\r\n{header}\r\nContent-Length: 4\r\n\r\nab=c");
    let response = exchange(&listener.address, bytes.as_bytes())?;
    listener.stop()?;
    let lines = listed(folder.path())?;
    let stored =
        lines.first().and_then(|line| line.pointer("/response/status")).ok_or("no status")?;
    assert!(response.starts_with(&format!("HTTP/1.1 {stored} ")), "{stored}: {response}");
    Ok(response)
}

#[test]
fn an_unknown_sender_gets_an_empty_response() -> Tested {
    let response = response_to("X-Other: 1", &[])?;
    assert!(response.contains("content-length: 0\r\n"), "{response}");
    assert!(!response.contains("content-type"), "{response}");
    Ok(())
}

#[test]
fn a_provider_gets_the_response_that_it_expects() -> Tested {
    for (header, status, kind, body) in [
        ("X-Twilio-Signature: AAAA", 200, "text/xml", "<Response/>"),
        ("User-Agent: Adyen HttpClient 1.0", 200, "text/plain", "[accepted]"),
        ("X-Teahouse: 00", 202, "application/json", "[]"),
    ] {
        let response = response_to(header, &[])?.to_lowercase();
        assert!(response.starts_with(&format!("http/1.1 {status} ")), "{header}: {response}");
        assert!(response.contains(&format!("content-type: {kind}\r\n")), "{header}: {response}");
        assert!(response.ends_with(&format!("\r\n\r\n{}", body.to_lowercase())), "{response}");
    }
    Ok(())
}

#[test]
fn a_rule_with_a_status_of_success_keeps_the_expected_body() -> Tested {
    let response = response_to("X-Twilio-Signature: AAAA", &["203;x-by=rule"])?;
    assert!(response.starts_with("HTTP/1.1 203 "), "{response}");
    assert!(response.contains("x-by: rule\r\n"), "{response}");
    assert!(response.ends_with("<Response/>"), "{response}");
    Ok(())
}

#[test]
fn an_invalid_rule_is_an_error_with_its_position() -> Tested {
    let response = response_to("X-Twilio-Signature: AAAA", &["500"])?;
    assert!(response.ends_with("500 by a rule; stored as delivery 1\n"), "{response}");
    Ok(())
}

#[test]
fn a_rule_without_a_response_ends_with_the_program() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut command = hookglass(folder.path());
    let listener = Listener::start(command.args(["--respond", "timeout"]))?;
    let mut stream = TcpStream::connect(&listener.address)?;
    stream.write_all(&request(1))?;
    // The delivery is on disk although it gets no response.
    while listed(folder.path())?.is_empty() {}
    let (status, printed, said) = listener.stop()?;
    assert!(status.success(), "{said}");
    assert_eq!(stream.read(&mut [0; 16]).unwrap_or_default(), 0);
    assert!(printed.contains("\"status\":0"), "{printed}");
    Ok(())
}

#[test]
fn paused_requests_get_a_response_when_the_listener_ends() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut listener = Listener::start(hookglass(folder.path()).args(["--respond", "hold"]))?;
    let mut warned = String::new();
    listener.stderr.read_line(&mut warned)?;
    assert!(warned.contains("only the dashboard can release"), "{warned}");
    let stdout = listener.child.stdout.take().ok_or("no stdout")?;
    let printing = thread::spawn(move || {
        let mut printed = String::new();
        BufReader::new(stdout).read_to_string(&mut printed).map(|_| printed)
    });
    let mut stream = BufReader::new(TcpStream::connect(&listener.address)?);
    stream.get_mut().write_all(&request(1))?;
    // It is on disk before the client gets its response.
    while listed(folder.path())?.is_empty() {}
    support::signal(listener.child.id(), "TERM")?;
    assert_eq!(read_status(&mut stream)?, 503);
    assert!(listener.child.wait()?.success());
    let printed = printing.join().map_err(|_| "printing panicked")??;
    assert!(printed.contains("\"status\":503"), "{printed}");
    Ok(())
}

#[test]
fn rules_targets_and_handshakes_have_one_order() -> Tested {
    let folder = tempfile::tempdir()?;
    let target = Target::always(OK)?;
    let url = target.url.clone();
    let common = ["--provider", "slack", "--forward", &url, "--max-body", "1k"];
    let asked = br#"{"type":"url_verification","challenge":"ch4llenge"}"#;
    let (head, large) = ("POST / HTTP/1.1\r\nHost: h\r\n", "x".repeat(2000));
    let with = |body: &[u8]| {
        let mut bytes = format!("{head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(body);
        bytes
    };
    for (flags, answers) in [
        (
            &["--respond", "418", "--strict"][..],
            [("413", "larger than"), ("200", "ch4llenge"), ("401", "(header-missing)")],
        ),
        (
            &["--respond", "418"],
            [("413", "larger than"), ("200", "ch4llenge"), ("418", "by a rule")],
        ),
        (&["--respond", "pass"], [("413", "larger than"), ("200", "ch4llenge"), ("200", "first")]),
        (
            &["--respond", "418", "--no-handshake"],
            [("413", "larger than"), ("418", "by a rule"), ("418", "by a rule")],
        ),
    ] {
        let mut command = hookglass(folder.path());
        command.env("SLACK_SIGNING_SECRET", "test-key").arg("--ephemeral");
        let listener = Listener::start(command.args(common).args(flags))?;
        for (body, (status, part)) in [large.as_bytes(), asked, b"{}"].into_iter().zip(answers) {
            let answer = exchange(&listener.address, &with(body))?;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{flags:?}: {answer}");
            assert!(answer.contains(part), "{flags:?}: {answer}");
        }
        let (_, printed, _) = listener.stop()?;
        let handshake = printed.contains(r#""type":"url_verification""#);
        assert_eq!(handshake, !flags.contains(&"--no-handshake"), "{printed}");
    }
    assert_eq!(target.so_far().len(), 1);
    Ok(())
}

#[test]
fn wrong_flags_name_the_column_and_what_is_expected() -> Tested {
    let folder = tempfile::tempdir()?;
    for (args, parts) in [
        (&["--respond", "500x"][..], &["column 5", "expected a count"][..]),
        (&["--respond", "typ:x => 500"], &["column 1", "did you mean `type:`"]),
        (&["--respond", "type:x => 5000"], &["column 11", "from 200 to 599"]),
        (&["--respond", "200:file=absent"], &["absent", "cannot read"]),
        (&["--add-header", "X-A: b"], &["--forward"]),
        (&["--forward", "http://h", "--add-header", "Host: b"], &["--preserve-host"]),
        (&["--tunnel", "frp"], &["ngrok or cloudflared", "--public-url"]),
        (&["--tunnel", "ngrok", "--public-url", "https://h"], &["cannot be used with"]),
        (&["--public-url", "h"], &["invalid URL"]),
    ] {
        let failed = hookglass(folder.path()).arg("--headless").args(args).output()?;
        let said = String::from_utf8_lossy(&failed.stderr);
        assert_eq!(failed.status.code(), Some(2), "{args:?}: {said}");
        for part in parts {
            assert!(said.contains(part), "{args:?}: {said}");
        }
    }
    Ok(())
}

/// Starts a listener that forwards to itself under another name, behind a first target.
fn forwarding_to_itself(name: &str) -> Tested<(tempfile::TempDir, Listener)> {
    let folder = tempfile::tempdir()?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    let target = format!("http://{name}:{port}");
    let mut command = hookglass(folder.path());
    // The last --bind counts.
    let listener = Listener::start_at(command.args(["--forward", &target]), &address)?;
    Ok((folder, listener))
}

#[test]
fn a_target_that_resolves_to_the_listener_gets_nothing() -> Tested {
    for name in ["127.1", "2130706433", "0x7f.1", "0", "[::ffff:127.0.0.1]"] {
        let (folder, listener) = forwarding_to_itself(name)?;
        let read = exchange(&listener.address, &request(1))?;
        assert!(read.starts_with("HTTP/1.1 508"), "{name}: {read}");
        assert!(read.contains("this listener itself"), "{name}: {read}");
        drop(listener);
        assert_eq!(listed(folder.path())?.len(), 1, "{name}");
    }
    Ok(())
}

#[test]
fn a_second_target_that_resolves_to_the_listener_gets_nothing() -> Tested {
    let first = Target::always(response("200 OK", ""))?;
    let folder = tempfile::tempdir()?;
    let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
    let own = address.replace("127.0.0.1", "127.1");
    let mut command = hookglass(folder.path());
    let command = command.args(["--forward", &first.url, "--forward", &format!("http://{own}")]);
    let listener = Listener::start_at(command, &address)?;
    exchange(&listener.address, &request(1))?;
    // Attempts in progress are finished first.
    listener.stop()?;
    let rows = listed(folder.path())?;
    assert_eq!(rows.len(), 1);
    let attempts = rows[0].get("attempts").ok_or("no attempts")?.to_string();
    assert!(attempts.contains("this listener itself"), "{attempts}");
    Ok(())
}

#[test]
fn two_listeners_that_forward_to_each_other_stop_at_the_second_visit() -> Tested {
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    let mut second = hookglass(folders[1].path());
    let second = Listener::start(second.args(["--forward", &format!("http://{address}")]))?;
    let mut first = hookglass(folders[0].path());
    let first = Listener::start_at(first.args(["--forward", &second.url()]), &address)?;
    let read = exchange(&first.address, &request(1))?;
    assert!(read.starts_with("HTTP/1.1 508"), "{read}");
    drop((first, second));
    let rows = listed(folders[0].path())?;
    assert_eq!(rows.len(), 2);
    let attempt = rows[1].pointer("/attempts/0/error").and_then(|error| error.as_str());
    assert!(attempt.is_some_and(|error| error.contains("forwarding loop")), "{attempt:?}");
    Ok(())
}
