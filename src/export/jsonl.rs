//! One JSON object a line for each delivery. Fields may be added; none changes its meaning.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::delivery::{Attempt, Delivery, Head, Outcome, Summary};
use crate::payload::visible;

#[derive(Serialize)]
struct Line<'d> {
    schema: &'static str,
    id: i64,
    received_at: String,
    peer: Option<&'d str>,
    method: &'d str,
    target: &'d str,
    version: &'static str,
    headers: Vec<(&'d str, std::borrow::Cow<'d, str>)>,
    #[serde(flatten)]
    body: Bytes<'d>,
    body_size: u64,
    provider: &'d str,
    event: Event<'d>,
    signature: Signature<'d>,
    response: Option<Answer>,
    refused: Option<Refused<'d>>,
    source: &'static str,
    duplicate_of: Option<i64>,
    marked: bool,
    note: Option<&'d str>,
    attempts: Vec<AttemptLine<'d>>,
}

/// Bytes as text where they are UTF-8, as base64 where they are not.
#[derive(Serialize)]
struct Bytes<'d> {
    body: Option<&'d str>,
    body_base64: Option<String>,
}

#[derive(Serialize)]
struct Event<'d> {
    id: Option<&'d str>,
    #[serde(rename = "type")]
    kind: Option<&'d str>,
}

#[derive(Serialize)]
struct Signature<'d> {
    status: &'static str,
    cause: Option<&'d str>,
    explanation: Option<&'d str>,
    secret: Option<&'d str>,
}

#[derive(Serialize)]
struct Answer {
    status: u16,
}

#[derive(Serialize)]
struct Refused<'d> {
    code: &'d str,
    reason: &'d str,
}

#[derive(Serialize)]
struct AttemptLine<'d> {
    kind: &'static str,
    target: &'d str,
    at: String,
    took_ms: f64,
    status: Option<u16>,
    error: Option<&'d str>,
    #[serde(flatten)]
    body: Bytes<'d>,
    body_size: Option<u64>,
}

impl<'d> From<&'d [u8]> for Bytes<'d> {
    fn from(bytes: &'d [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { body: Some(text), body_base64: None },
            Err(_) => Self { body: None, body_base64: Some(STANDARD.encode(bytes)) },
        }
    }
}

/// A delivery as one line of JSON, without the line end.
pub fn line(delivery: &Delivery) -> String {
    let Delivery { summary, head, body, attempts } = delivery;
    let line = Line { attempts: attempts.iter().map(attempt).collect(), ..of(summary, head, body) };
    // Text, numbers and lists: there is nothing in it that JSON cannot say.
    harmless(serde_json::to_string(&line).unwrap_or_default())
}

/// The same JSON with escapes for characters that a terminal would act on or hide. They stand
/// only within strings, since the rest of JSON is plain ASCII.
fn harmless(line: String) -> String {
    if visible(&line) == line {
        return line;
    }
    let mut out = String::with_capacity(line.len() + 64);
    for character in line.chars() {
        let shown = visible(character.encode_utf8(&mut [0; 4])).len() == character.len_utf8();
        if shown {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

fn of<'d>(summary: &'d Summary, head: &'d Head, body: &'d [u8]) -> Line<'d> {
    let verdict = &summary.signature;
    let headers = head.headers.iter().map(|header| (header.name.as_str(), header.text()));
    Line {
        schema: "hookglass.delivery/1",
        id: summary.id.0,
        received_at: format!("{:.6}", summary.received_at),
        peer: summary.peer.as_deref(),
        method: &summary.method,
        target: &summary.target,
        version: summary.version.as_str(),
        headers: headers.collect(),
        body: body.into(),
        body_size: summary.body_size,
        provider: &summary.provider,
        event: Event { id: summary.event.id.as_deref(), kind: summary.event.kind.as_deref() },
        signature: Signature {
            status: verdict.status.as_str(),
            cause: verdict.cause.as_deref(),
            explanation: verdict.explanation.as_deref(),
            secret: verdict.secret.as_deref(),
        },
        response: summary.response.map(|status| Answer { status }),
        refused: summary
            .refused
            .as_ref()
            .map(|refusal| Refused { code: &refusal.code, reason: &refusal.reason }),
        source: summary.source.as_str(),
        duplicate_of: summary.duplicate_of.map(|id| id.0),
        marked: summary.marked,
        note: summary.note.as_deref(),
        attempts: Vec::new(),
    }
}

fn attempt(attempt: &Attempt) -> AttemptLine<'_> {
    let (answered, error) = match &attempt.outcome {
        Outcome::Answered(answered) => (Some(answered), None),
        Outcome::Failed { reason, .. } => (None, Some(reason.as_str())),
    };
    AttemptLine {
        kind: attempt.kind.as_str(),
        target: &attempt.target,
        at: format!("{:.6}", attempt.at),
        took_ms: attempt.took.as_secs_f64() * 1000.0,
        status: answered.map(|answered| answered.status),
        error,
        body: answered.map_or(Bytes { body: None, body_base64: None }, |answered| {
            Bytes::from(&answered.body[..])
        }),
        body_size: answered.map(|answered| answered.body_size),
    }
}
