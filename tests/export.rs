//! What is written for others: JSON lines, and `curl` commands that are run.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

use bytes::Bytes;
use hookglass::delivery::{
    Delivery, DeliveryId, EventRef, Head, Header, SignatureStatus, Source, Summary, Verdict,
};
use hookglass::export::{curl, jsonl};
use jiff::Timestamp;
use serde_json::Value;

type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn delivery(method: &str, target: &str, headers: &[Header], body: &'static [u8]) -> Delivery {
    let head = Head::build(method, target, headers);
    Delivery {
        summary: Summary {
            id: DeliveryId(42),
            received_at: Timestamp::UNIX_EPOCH,
            peer: None,
            method: method.to_owned(),
            target: target.to_owned(),
            version: head.version,
            body_size: body.len() as u64,
            provider: "cribbly".to_owned(),
            event: EventRef::default(),
            signature: Verdict::explained(SignatureStatus::Unchecked, "why"),
            response: None,
            refused: None,
            source: Source::Live,
            duplicate_of: None,
            origin: None,
            diagnosing: false,
        },
        head,
        body: Bytes::from_static(body),
        attempts: Vec::new(),
    }
}

#[test]
fn a_line_has_the_fields_of_the_contract_in_their_order() -> Tested {
    let headers = [Header::new("X-a", "1"), Header::new("x-A", &b"caf\xe9"[..])];
    let line = jsonl::line(&delivery("POST", "/x?y", &headers, b"{\"a\": 1.0}"));
    let places: Vec<Option<usize>> = [
        "schema",
        "id",
        "received_at",
        "peer",
        "method",
        "target",
        "version",
        "headers",
        "body",
        "body_base64",
        "body_size",
        "provider",
        "event",
        "signature",
        "response",
        "source",
        "duplicate_of",
        "origin",
        "attempts",
    ]
    .iter()
    .map(|field| line.find(&format!("\"{field}\":")))
    .collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{line}");
    let value: Value = serde_json::from_str(&line)?;
    assert_eq!(value["received_at"], "1970-01-01T00:00:00.000000Z");
    assert_eq!(value["headers"][1], serde_json::json!(["x-A", "café"]));
    assert_eq!(value["body"], "{\"a\": 1.0}");
    // What a terminal would act on is escaped, and means the same.
    let hostile = "\u{9b}31m \u{202e} \u{7f} 🐅";
    let line = jsonl::line(&delivery("POST", "/", &[], hostile.as_bytes()));
    assert!(line.contains(r"\u009b31m \u202e \u007f 🐅"), "{line}");
    assert_eq!(serde_json::from_str::<Value>(&line)?["body"], hostile);
    let binary: Value = serde_json::from_str(&jsonl::line(&delivery("POST", "/", &[], b"\xff")))?;
    assert_eq!((&binary["body"], &binary["body_base64"]), (&Value::Null, &"/w==".into()));
    Ok(())
}

/// Runs a command in a shell, and returns what arrives.
fn run(delivery: &Delivery, leave_out: &[&str]) -> Tested<Arrived> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    let length = delivery.body.len();
    let serving = thread::spawn(move || -> std::io::Result<Vec<u8>> {
        let (mut stream, _) = listener.accept()?;
        let mut seen = Vec::new();
        let mut buffer = [0; 8192];
        loop {
            let end = seen.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            if end.is_some_and(|end| seen.len() >= end + 4 + length) {
                break;
            }
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            seen.extend(buffer.iter().take(read));
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
        Ok(seen)
    });
    let command = curl::command(delivery, &base, leave_out);
    let status = Command::new("sh").args(["-c", &command]).stderr(Stdio::null()).status()?;
    if !status.success() {
        return Err(format!("{status}: {command}").into());
    }
    let seen = Bytes::from(serving.join().map_err(|_| "the target panicked")??);
    let head = Head::parse(seen.clone())?;
    let body = seen.slice(head.raw.len()..);
    Ok(Arrived { head, body })
}

struct Arrived {
    head: Head,
    body: Bytes,
}

#[test]
fn a_curl_command_sends_the_same_bytes() -> Tested {
    if Command::new("curl").arg("--version").output().is_err() {
        return Ok(());
    }
    let headers = [
        Header::new("Host", "h"),
        Header::new("X-Quote", "it's $HOME `id` \"x\" \\"),
        Header::new("X-Empty", ""),
        Header::new("Content-Type", "application/json"),
        Header::new("X-Cribbly-Signature", "secret"),
    ];
    for body in [
        &b"{\"a\":\"it's $HOME `id` \\u2019\"}"[..],
        b"@/etc/hostname",
        b"\x00\xff\x1b[31m",
        b"line\nline\ttab\n",
        "’🐅".as_bytes(),
        b"",
    ] {
        let sent = delivery("POST", "/a/../b%20c?x={1}&y=[2]", &headers, body);
        let arrived = run(&sent, &["x-cribbly-signature"])?;
        assert_eq!(arrived.body, body);
        assert_eq!(arrived.head.target, sent.head.target);
        assert_eq!(arrived.head.method, "POST");
        for name in ["X-Quote", "X-Empty", "Content-Type"] {
            assert_eq!(arrived.head.joined(name), sent.head.joined(name), "{name}");
        }
        for name in ["X-Cribbly-Signature", "User-Agent", "Accept"] {
            assert_eq!(arrived.head.joined(name), None, "{name}");
        }
    }
    Ok(())
}
