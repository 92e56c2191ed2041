//! Deliveries that were written down, read back: fixtures, JSON lines, HAR, `.http`, raw requests.
//!
//! Pure: it is given the bytes of files and opens none. A file is read whole or not at all.

mod har;
mod http;
mod jsonl;
mod raw;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;

use crate::delivery::{EventRef, Head, Refusal, SignatureStatus, Verdict};
use crate::formats::fixture::Fixture;

/// A request as a file has it. What the file does not say is nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRequest {
    pub received_at: Option<Timestamp>,
    pub peer: Option<String>,
    pub head: Head,
    pub body: Bytes,
    /// Bytes of the body; of a refused one more than are there.
    pub body_size: u64,
    pub provider: Option<String>,
    pub event: Option<EventRef>,
    pub signature: Option<Verdict>,
    pub response: Option<u16>,
    pub refused: Option<Refusal>,
}

/// Why a file cannot be read, and where.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum ImportError {
    #[error("line {line}: {reason}")]
    Line { line: usize, reason: String },
    #[error("{0}")]
    Whole(String),
}

/// Gives the bytes of a file that stands beside the one that is read.
pub type ReadFile<'b> = &'b dyn Fn(&str) -> std::io::Result<Vec<u8>>;

impl RecordedRequest {
    /// A request of which nothing else is known.
    fn bare(head: Head, body: Bytes) -> Self {
        let body_size = body.len() as u64;
        Self {
            received_at: None,
            peer: None,
            head,
            body,
            body_size,
            provider: None,
            event: None,
            signature: None,
            response: None,
            refused: None,
        }
    }
}

impl ImportError {
    fn at(line: usize, reason: impl ToString) -> Self {
        Self::Line { line, reason: reason.to_string() }
    }
}

/// The requests of a file. What kind it is, its content tells.
pub fn read(bytes: &[u8], beside: ReadFile<'_>) -> Result<Vec<RecordedRequest>, ImportError> {
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"{") {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| ImportError::Whole(format!("it is JSON, but not UTF-8: {error}")))?;
        return json(text);
    }
    if start.is_empty() {
        return Err(ImportError::Whole("it is empty".to_owned()));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if http::is_likely(text) => http::read(text, beside),
        _ => raw::read(bytes).map(|one| vec![one]),
    }
}

/// Whether a text is a fixture, by what it says of itself.
pub fn is_fixture(text: &str) -> bool {
    form(text).is_some_and(|form| form.starts_with("hookglass.fixture/"))
}

/// The `schema` of a JSON object.
fn form(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Form {
        schema: String,
    }
    serde_json::from_str::<Form>(text).ok().map(|form| form.schema)
}

fn json(text: &str) -> Result<Vec<RecordedRequest>, ImportError> {
    let first = text.trim_start().lines().next().unwrap_or_default();
    if is_fixture(text) {
        fixture(text).map(|(_, recorded)| vec![recorded])
    } else if form(first).is_some_and(|form| form.starts_with("hookglass.delivery/")) {
        jsonl::read(text)
    } else if text.contains("\"log\"") {
        har::read(text)
    } else if text.contains("hookglass.fixture/") {
        // What says that it is one, and cannot be read, is told where.
        fixture(text).map(|(_, recorded)| vec![recorded])
    } else {
        jsonl::read(text)
    }
}

/// A fixture, and the request in it.
pub fn fixture(text: &str) -> Result<(Fixture, RecordedRequest), ImportError> {
    let fixture = Fixture::read(text).map_err(|error| match error {
        crate::formats::fixture::FixtureError::Json(error) => {
            ImportError::at(error.line(), format!("no fixture: {error}"))
        }
        other => ImportError::Whole(other.to_string()),
    })?;
    let trouble = |error: crate::formats::wire::WireError| ImportError::Whole(error.to_string());
    let head = fixture.request.head().map_err(trouble)?;
    let body = fixture.request.body().map_err(trouble)?;
    let status = SignatureStatus::from_word(&fixture.original.verdict);
    let signature = status.map(|status| Verdict {
        status,
        cause: fixture.original.cause.clone(),
        explanation: Some(format!("as the fixture {} says of its original", fixture.name).into()),
        secret: None,
    });
    let recorded = RecordedRequest {
        received_at: Some(fixture.received_at),
        provider: Some(fixture.provider.clone()),
        event: Some(EventRef {
            id: fixture.event.id.clone(),
            event_type: fixture.event.kind.clone(),
        }),
        signature,
        ..RecordedRequest::bare(head, body)
    };
    Ok((fixture, recorded))
}
