//! Reads deliveries as `list --json` and `export --format jsonl` write them.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::error::json_reason;
use super::{Collector, RecordedRequest, RequestError, RequestFileError};
use crate::delivery::{EventRef, Explanation, Refusal, SignatureStatus, Verdict};
use crate::formats::wire::{self, BodyText, HeaderPair};

const SCHEMA: &str = "hookglass.delivery/1";

/// Other fields belong to the store that the line came from.
#[derive(Deserialize)]
struct Line<'l> {
    schema: Cow<'l, str>,
    #[serde(with = "wire::moment")]
    received_at: Timestamp,
    peer: Option<String>,
    method: String,
    target: String,
    version: String,
    #[serde(borrow)]
    headers: Vec<HeaderPair<'l>>,
    #[serde(borrow, default)]
    trailers: Vec<HeaderPair<'l>>,
    head_base64: Option<String>,
    #[serde(borrow)]
    body: Option<Cow<'l, str>>,
    #[serde(borrow)]
    body_base64: Option<Cow<'l, str>>,
    body_size: Option<u64>,
    provider: Option<String>,
    event: Option<Event>,
    signature: Option<Signature>,
    response: Option<SentResponse>,
    refused: Option<Refused>,
    via: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Signature {
    status: String,
    cause: Option<String>,
    explanation: Option<String>,
    secret: Option<String>,
}

#[derive(Deserialize)]
struct SentResponse {
    status: u16,
    took_ms: Option<f64>,
}

#[derive(Deserialize)]
struct Refused {
    code: String,
    reason: String,
}

pub(super) fn read(text: &str, collector: &mut Collector<'_>) -> Result<(), RequestFileError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (at, text) in lines {
        collector.push_line(at + 1, one(text))?;
    }
    Ok(())
}

pub(super) fn one(text: &str) -> Result<RecordedRequest, RequestError> {
    let line: Line<'_> = serde_json::from_str(text).map_err(|error| {
        let reason = json_reason(&error);
        RequestError::Invalid(format!("column {}: not a delivery: {reason}", error.column()))
    })?;
    if line.schema != SCHEMA {
        let reason = format!("unknown schema `{}`: expected {SCHEMA}", line.schema);
        return Err(RequestError::Invalid(reason));
    }
    let exact = line.head_base64.as_deref();
    let mut head = wire::head(exact, &line.method, &line.target, &line.version, &line.headers)?;
    let trailers = line.trailers.iter().map(|(name, value)| (&**name, &**value));
    head.trailers = wire::trailers(trailers)?;
    let body = BodyText { body: line.body, body_base64: line.body_base64 }.bytes()?;
    let verdict = |signature: Signature| {
        let status = SignatureStatus::from_word(&signature.status)
            .ok_or_else(|| format!("invalid verdict `{}`", signature.status))
            .map_err(RequestError::Invalid)?;
        let Signature { cause, explanation, secret, .. } = signature;
        if let Some(cause) = cause.as_deref().filter(|cause| !is_code(cause)) {
            return Err(RequestError::Invalid(format!(
                "invalid signature.cause `{cause}`: expected a code such as `timestamp-expired`"
            )));
        }
        Ok::<_, RequestError>(Verdict {
            status,
            cause,
            explanation: explanation.map(Explanation::from),
            secret,
        })
    };
    Ok(RecordedRequest {
        received_at: Some(line.received_at),
        peer: line.peer,
        body_size: line.body_size.unwrap_or(body.len() as u64),
        provider: line.provider,
        event: line.event.map(|Event { id, kind }| EventRef { id, event_type: kind }),
        signature: line.signature.map(verdict).transpose()?,
        latency: line
            .response
            .as_ref()
            .and_then(|answer| Duration::try_from_secs_f64(answer.took_ms? / 1000.0).ok()),
        response: line.response.map(|answer| answer.status),
        refused: line.refused.map(|Refused { code, reason }| Refusal { code, reason }),
        via: line.via,
        ..RecordedRequest::bare(head, body)
    })
}

/// Returns whether a text has the form of a code of the table of causes, which may be a newer one.
fn is_code(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}
