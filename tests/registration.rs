//! Requests that are not events: checks of a URL before it is registered, and other protocols.

mod support;

use serde_json::Value;
use support::{Listener, Tested, exchange, hookglass};

/// Sends requests to a listener, and returns the responses and the deliveries printed.
fn receive(arguments: &[&str], requests: &[&str]) -> Tested<(Vec<String>, Vec<Value>)> {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(hookglass(folder.path()).arg("--ephemeral").args(arguments))?;
    let address = listener.url().replace("http://", "");
    let mut responses = Vec::new();
    for request in requests {
        responses.push(exchange(&address, request.as_bytes())?);
    }
    let (_, out, _) = listener.stop()?;
    let lines: Result<Vec<Value>, _> = out.lines().map(serde_json::from_str).collect();
    Ok((responses, lines?))
}

#[test]
fn a_check_of_the_url_passes_strict_mode() -> Tested {
    for method in ["HEAD", "GET"] {
        let request = format!("{method} /trello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let (responses, _) = receive(&["--strict"], &[&request])?;
        assert!(responses.iter().all(|one| one.starts_with("HTTP/1.1 200")), "{responses:?}");
    }
    Ok(())
}

#[test]
fn an_unsigned_event_does_not_pass_strict_mode() -> Tested {
    let request = "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    let (responses, _) = receive(&["--strict"], &[request])?;
    assert!(responses.iter().all(|one| one.starts_with("HTTP/1.1 401")), "{responses:?}");
    Ok(())
}

#[test]
fn http_2_without_tls_is_named() -> Tested {
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0";
    let (responses, _) = receive(&[], &[preface])?;
    assert!(
        responses.iter().all(|one| one.contains("this is HTTP/2 without TLS")),
        "{responses:?}"
    );
    Ok(())
}

#[test]
fn a_target_in_absolute_form_is_matched_by_its_path() -> Tested {
    let request = "POST http://h.example/hooks/a?b=1 HTTP/1.1\r\nHost: h.example\r\n\
                   Connection: close\r\nContent-Length: 2\r\n\r\n{}";
    let (responses, _) = receive(&["--respond", "path:/hooks/* => 418"], &[request])?;
    assert!(responses.iter().all(|one| one.starts_with("HTTP/1.1 418")), "{responses:?}");
    Ok(())
}

#[test]
fn a_handshake_is_listed_with_what_to_do_next() -> Tested {
    let body = r#"{"Type":"SubscriptionConfirmation","MessageId":"m1","SubscribeURL":"https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription"}"#;
    let request = format!(
        "POST /sns HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: text/plain\r\n\
         x-amz-sns-message-type: SubscriptionConfirmation\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (_, lines) = receive(&[], &[&request])?;
    let line = lines.first().ok_or("no delivery")?;
    assert_eq!(line["provider"], "aws-sns");
    assert_eq!(line["event"]["type"], "SubscriptionConfirmation");
    let explanation = line["signature"]["explanation"].as_str().unwrap_or_default();
    assert!(explanation.contains("https://sns.us-west-2.amazonaws.com/?Action"), "{explanation}");
    Ok(())
}

/// A request with a trailer, as in a public report.
const WITH_TRAILER: &str = "POST /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
                            Transfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n\r\n\
                            7\r\n{\"a\":1}\r\n0\r\nX-Checksum: 5d41402a\r\n\r\n";

#[test]
fn trailers_are_kept_with_the_body() -> Tested {
    let (_, lines) = receive(&[], &[WITH_TRAILER])?;
    let line = lines.first().ok_or("no delivery")?;
    assert_eq!(line["body"], r#"{"a":1}"#);
    assert_eq!(line["trailers"], serde_json::json!([["X-Checksum", "5d41402a"]]));
    Ok(())
}

#[test]
fn trailers_are_forwarded() -> Tested {
    use std::io::{Read as _, Write as _};
    let target = std::net::TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", target.local_addr()?);
    let receiving = std::thread::spawn(move || -> std::io::Result<Vec<u8>> {
        let (mut stream, _) = target.accept()?;
        let (mut seen, mut part) = (Vec::new(), [0; 1024]);
        while !seen.ends_with(b"5d41402a\r\n\r\n") {
            let count = stream.read(&mut part)?;
            if count == 0 {
                break;
            }
            seen.extend_from_slice(part.get(..count).unwrap_or_default());
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")?;
        Ok(seen)
    });
    let (responses, _) = receive(&["--forward", &url], &[WITH_TRAILER])?;
    assert!(responses.iter().all(|one| one.starts_with("HTTP/1.1 204")), "{responses:?}");
    let seen = receiving.join().map_err(|_| "the target panicked")??;
    let seen = String::from_utf8_lossy(&seen).to_ascii_lowercase();
    assert!(seen.contains("trailer: x-checksum"), "{seen}");
    assert!(seen.ends_with("7\r\n{\"a\":1}\r\n0\r\nx-checksum: 5d41402a\r\n\r\n"), "{seen}");
    Ok(())
}

/// Stores a chunked request with this trailer, and returns the folder of the store.
fn stored_with_trailer(trailer: &str) -> Tested<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let address = listener.url().replace("http://", "");
    let request = WITH_TRAILER.replace("X-Checksum: 5d41402a", trailer);
    exchange(&address, request.as_bytes())?;
    listener.stop()?;
    Ok(folder)
}

/// Runs a command, and returns its standard output.
fn ran(folder: &std::path::Path, args: &[&str]) -> Tested<String> {
    let output = hookglass(folder).args(args).output()?;
    assert!(output.status.success(), "{args:?}: {}", support::stderr(&output));
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn trailers_survive_export_and_import() -> Tested {
    let folder = stored_with_trailer("X-Checksum: 5d41402a")?;
    for args in [
        ["--format", "har"].as_slice(),
        &["--format", "http"],
        &["--format", "har", "--redact", "default"],
        &["--format", "jsonl", "--redact", "default"],
        &["--format", "fixture"],
        &["--format", "fixture", "--keep-signature"],
    ] {
        let out = tempfile::tempdir()?;
        let file = out.path().join("out");
        let file = file.to_str().ok_or("not UTF-8")?;
        ran(folder.path(), &[&["export", "--out", file], args].concat())?;
        ran(out.path(), &["import", file])?;
        let line: Value = serde_json::from_str(&ran(out.path(), &["list", "--json"])?)?;
        let expected = serde_json::json!([["X-Checksum", "5d41402a"]]);
        assert_eq!(line["trailers"], expected, "{args:?}");
    }
    Ok(())
}

#[test]
fn credentials_in_trailers_are_redacted() -> Tested {
    let folder = stored_with_trailer("X-Api-Token: trailer-credential-7")?;
    for format in ["har", "jsonl"] {
        let text = ran(folder.path(), &["export", "--format", format, "--redact", "default"])?;
        assert!(!text.contains("trailer-credential-7"), "{format}: {text}");
    }
    Ok(())
}

#[test]
fn an_xml_envelope_of_docusign_has_its_status_and_id() -> Tested {
    let body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><DocuSignEnvelopeInformation \
                xmlns=\"http://www.docusign.net/API/3.0\"><EnvelopeStatus><EnvelopeID>e-1\
                </EnvelopeID><Status>Completed</Status></EnvelopeStatus>\
                </DocuSignEnvelopeInformation>";
    let request = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: text/xml\r\n\
         X-DocuSign-Signature-1: nBaSzWzsdZgA8d5kq1Rk3NQqkzI1XcZC0bIYXF0mQ1I=\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (_, lines) = receive(&["--provider", "docusign"], &[&request])?;
    assert_eq!(lines.first().ok_or("no delivery")?["event"]["type"], "Completed");
    Ok(())
}

#[test]
fn http_2_of_curl_is_listed_with_the_reason() -> Tested {
    if !support::tools::is_installed("curl") {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(hookglass(folder.path()).arg("--ephemeral"))?;
    let url = listener.url();
    // curl reports an error, since the response is HTTP/1.1.
    std::process::Command::new("curl")
        .args(["--silent", "--http2-prior-knowledge", "--data", "{}", &url])
        .output()?;
    let (_, out, _) = listener.stop()?;
    let line: Value = serde_json::from_str(out.lines().next().ok_or("no delivery")?)?;
    let reason = line["refused"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("this is HTTP/2 without TLS"), "{reason}");
    Ok(())
}

#[test]
fn a_body_of_25_mib_is_the_largest_by_default() -> Tested {
    let sent = |length: usize| {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        head + &"a".repeat(length)
    };
    // GitHub's largest delivery, and one byte more.
    let (largest, larger) = (sent(26_214_400), sent(26_214_401));
    let (responses, _) = receive(&[], &[&largest, &larger])?;
    let statuses: Vec<_> = responses.iter().filter_map(|one| one.get(9..12)).collect();
    assert_eq!(statuses, ["200", "413"]);
    Ok(())
}
