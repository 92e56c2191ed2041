//! JSON Lines for other programs: `--json` and `export --to jsonl`.

mod support;

use std::time::Duration;

use hookglass::delivery::{Delivery, Head, Header};
use hookglass::formats::{jsonl, read::stored_delivery};
use serde_json::Value;
use support::Tested;

fn delivery(method: &str, target: &str, headers: &[Header], body: &'static [u8]) -> Delivery {
    support::delivery(Head::build(method, target, headers), body)
}

#[test]
fn the_latency_of_a_response_is_read_again() -> Tested {
    let mut delivery = delivery("POST", "/", &[], b"{}");
    delivery.summary.response = Some(200);
    delivery.summary.latency = Some(Duration::from_micros(1_204_567));
    let read = stored_delivery(&jsonl::line(&delivery))?;
    assert_eq!(read.latency, delivery.summary.latency);
    Ok(())
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
    Ok(())
}

#[test]
fn control_characters_are_escaped_and_keep_their_meaning() -> Tested {
    let hostile = "\u{9b}31m \u{202e} \u{7f} 🐅";
    let line = jsonl::line(&delivery("POST", "/", &[], hostile.as_bytes()));
    assert!(line.contains(r"\u009b31m \u202e \u007f 🐅"), "{line}");
    assert_eq!(serde_json::from_str::<Value>(&line)?["body"], hostile);
    Ok(())
}

#[test]
fn a_binary_body_is_in_base64() -> Tested {
    let binary: Value = serde_json::from_str(&jsonl::line(&delivery("POST", "/", &[], b"\xff")))?;
    assert_eq!((&binary["body"], &binary["body_base64"]), (&Value::Null, &"/w==".into()));
    Ok(())
}
