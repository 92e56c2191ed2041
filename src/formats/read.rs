//! Imports requests from fixtures, JSON Lines, HAR, `.http` files, and raw requests.
//!
//! Pure: it gets the bytes of files and opens none. A file is read completely or not at all.

mod har;
mod http;
mod jsonl;
mod raw;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;

use crate::delivery::{EventRef, Head, Refusal, SignatureStatus, Verdict};
use crate::formats::fixture::Fixture;

/// A request as recorded in a file. Values that the file lacks are `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRequest {
    pub received_at: Option<Timestamp>,
    pub peer: Option<String>,
    pub head: Head,
    pub body: Bytes,
    /// Size of the body; for a refused one, one byte more than is present.
    pub body_size: u64,
    pub provider: Option<String>,
    pub event: Option<EventRef>,
    pub signature: Option<Verdict>,
    pub response: Option<u16>,
    pub refused: Option<Refusal>,
}

/// Reason why a file cannot be read, with its position.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum ImportError {
    #[error("line {line}: {reason}")]
    Line { line: usize, reason: String },
    #[error("{0}")]
    Whole(String),
}

/// Reads a file next to the imported one.
pub type ReadFile<'b> = &'b dyn Fn(&str) -> std::io::Result<Vec<u8>>;

impl RecordedRequest {
    /// Creates a request without other values.
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

/// Reads the requests of a file, whose format is recognized by its content.
pub fn read(bytes: &[u8], read_file: ReadFile<'_>) -> Result<Vec<RecordedRequest>, ImportError> {
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"{") {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| ImportError::Whole(format!("JSON, but not UTF-8: {error}")))?;
        return json(text);
    }
    if start.is_empty() {
        return Err(ImportError::Whole("it is empty".to_owned()));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if http::is_likely(text) => http::read(text, read_file),
        _ => raw::read(bytes).map(|one| vec![one]),
    }
}

/// Returns whether a text is a fixture, by its `schema`.
pub fn is_fixture(text: &str) -> bool {
    form(text).is_some_and(|form| form.starts_with("hookglass.fixture/"))
}

/// Returns the `schema` of a JSON object.
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
        // An invalid fixture is reported with the position of its error.
        fixture(text).map(|(_, recorded)| vec![recorded])
    } else {
        jsonl::read(text)
    }
}

/// Parses a fixture and the request in it.
pub fn fixture(text: &str) -> Result<(Fixture, RecordedRequest), ImportError> {
    let fixture = Fixture::read(text).map_err(|error| match error {
        crate::formats::fixture::FixtureError::Json(error) => {
            ImportError::at(error.line(), format!("not a fixture: {error}"))
        }
        other => ImportError::Whole(other.to_string()),
    })?;
    let invalid = |error: crate::formats::wire::WireError| ImportError::Whole(error.to_string());
    let head = fixture.request.head().map_err(invalid)?;
    let body = fixture.request.body().map_err(invalid)?;
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
