//! What is written for others as JSON lines.

use bytes::Bytes;
use hookglass::delivery::{
    Delivery, DeliveryId, EventRef, Head, Header, SignatureStatus, Source, Summary, Verdict,
};
use hookglass::export::jsonl;
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
            marked: false,
            note: None,
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
