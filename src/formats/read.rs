//! Imports requests from fixtures, JSON Lines, HAR, `.http` files, curl commands, raw requests, and
//! what other programs export.
//!
//! Pure: it gets the bytes of files and opens none. A file is read completely or not at all, unless
//! invalid requests are to be skipped.

mod captured;
mod collections;
mod curl;
mod draft;
mod error;
mod har;
mod http;
mod jsonl;
mod mitmproxy;
mod raw;
mod recognize;
mod variables;

use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;

use crate::delivery::{
    EventRef, Head, NewDelivery, Refusal, RequestFacts, SignatureStatus, Source, UNKNOWN_PROVIDER,
    Verdict,
};
use crate::formats::fixture::Fixture;
pub use error::RequestError;

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
    /// Time from the request to its response.
    pub latency: Option<Duration>,
    pub refused: Option<Refusal>,
    /// The URL that the client sent it to.
    pub url: Option<String>,
    /// Path of the source that it came through.
    pub via: Option<String>,
}

/// Reason why a file cannot be read, with its position.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum RequestFileError {
    /// The file cannot be read beyond this line.
    #[error("line {line}: {reason}")]
    Line { line: usize, reason: RequestError },
    /// One of its requests is invalid; the others may be read without it.
    #[error("{place}: {reason}")]
    Request { place: String, reason: RequestError },
    #[error("{0}")]
    Whole(String),
    /// It is in no known format.
    #[error("{0}")]
    Unrecognized(String),
}

/// Reads a file next to the imported one.
pub type ReadFile<'b> = &'b dyn Fn(&str) -> std::io::Result<Vec<u8>>;

/// Requests of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileRequests {
    pub requests: Vec<RecordedRequest>,
    /// Notes about parts that were rebuilt, and about entries that are not requests.
    pub warnings: Vec<String>,
    /// Requests that were skipped because they are invalid, with the reason.
    pub skipped: Vec<String>,
}

/// Collects the requests of a file.
struct Collector<'o> {
    read_file: ReadFile<'o>,
    skips_invalid: bool,
    reading: FileRequests,
}

impl Collector<'_> {
    /// Adds a request, or skips an invalid one if that is wanted.
    fn push(
        &mut self,
        place: &str,
        request: Result<RecordedRequest, RequestError>,
    ) -> Result<(), RequestFileError> {
        match request {
            Ok(request) => self.reading.requests.push(request),
            Err(reason) if self.skips_invalid => {
                self.reading.skipped.push(format!("{place}: {reason}"));
            }
            Err(reason) => {
                return Err(RequestFileError::Request { place: place.to_owned(), reason });
            }
        }
        Ok(())
    }

    /// Adds the request at a line.
    fn push_line(
        &mut self,
        line: usize,
        request: Result<RecordedRequest, RequestError>,
    ) -> Result<(), RequestFileError> {
        self.push(&format!("line {line}"), request)
    }

    /// Reads a file that the imported one names.
    fn file(&self, name: &str) -> Result<Vec<u8>, RequestError> {
        (self.read_file)(name).map_err(|error| RequestError::file(name, &error))
    }

    fn warn(&mut self, text: String) {
        self.reading.warnings.push(text);
    }

    fn is_empty(&self) -> bool {
        self.reading.requests.is_empty() && self.reading.skipped.is_empty()
    }
}

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
            latency: None,
            refused: None,
            url: None,
            via: None,
        }
    }
}

impl RequestFileError {
    /// Describes JSON that cannot be read, with the line of its error.
    fn json(what: &str, error: &serde_json::Error) -> Self {
        let reason = RequestError::Invalid(format!("{what}: {}", error::json_reason(error)));
        Self::Line { line: error.line(), reason }
    }

    /// Returns whether the other requests of the file can be read without an invalid one.
    pub fn is_skippable(&self) -> bool {
        matches!(self, Self::Request { .. })
    }
}

/// Size above which a compressed file is not read.
const MAX_UNPACKED: u64 = 1 << 30;

/// Byte order mark, which some editors and programs write.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads the requests of a file, whose format is recognized by its content.
pub fn read(
    bytes: &[u8],
    read_file: ReadFile<'_>,
    skips_invalid: bool,
) -> Result<FileRequests, RequestFileError> {
    let mut unpacked = Vec::new();
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut decoder = flate2::read::MultiGzDecoder::new(bytes).take(MAX_UNPACKED);
        let read = decoder.read_to_end(&mut unpacked);
        read.map_err(|error| RequestFileError::Whole(format!("damaged gzip file: {error}")))?;
        unpacked.as_slice()
    } else {
        bytes
    };
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let mut collector = Collector { read_file, skips_invalid, reading: FileRequests::default() };
    collect(bytes, &mut collector)?;
    Ok(collector.reading)
}

fn collect(bytes: &[u8], collector: &mut Collector<'_>) -> Result<(), RequestFileError> {
    let start = bytes.trim_ascii_start();
    if start.is_empty() {
        return Err(RequestFileError::Unrecognized("it is empty".to_owned()));
    }
    if mitmproxy::is_likely(start) {
        return mitmproxy::read(start, collector);
    }
    if start.starts_with(b"{") || start.starts_with(b"[") {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| RequestFileError::Whole(format!("JSON, but not UTF-8: {error}")))?;
        return json(text, collector);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if curl::is_likely(text) => curl::read(text, collector),
        Ok(text) if http::is_likely(text) => http::read(text, collector),
        _ => {
            let request = raw::read(bytes, collector)?;
            collector.push("request", Ok(request))
        }
    }
}

/// Reads a complete delivery from a line of JSON, to store it as imported.
pub fn stored_delivery(line: &str) -> Result<NewDelivery, RequestFileError> {
    let recorded = jsonl::one(line).map_err(|error| RequestFileError::Whole(error.to_string()))?;
    let received_at = recorded.received_at.unwrap_or(Timestamp::UNIX_EPOCH);
    let request = RequestFacts {
        peer: recorded.peer,
        refused: recorded.refused,
        source: Source::Import,
        ..RequestFacts::new(&recorded.head, recorded.body_size, received_at)
    };
    let unchecked = || Verdict::explained(SignatureStatus::Unchecked, "");
    Ok(NewDelivery {
        request,
        provider: recorded.provider.unwrap_or_else(|| UNKNOWN_PROVIDER.to_owned()),
        event: recorded.event.unwrap_or_default(),
        signature: recorded.signature.unwrap_or_else(unchecked),
        response: recorded.response,
        latency: recorded.latency,
        ..NewDelivery::new(recorded.head, recorded.body, received_at)
    })
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

fn json(text: &str, collector: &mut Collector<'_>) -> Result<(), RequestFileError> {
    let first = text.trim_start().lines().next().unwrap_or_default();
    // An invalid file of a known format is reported with the position of its error.
    if is_fixture(text) || text.contains("\"hookglass.fixture/") {
        let (_, request) = fixture(text)?;
        return collector.push("request", Ok(request));
    }
    if form(first).is_some() || text.contains("\"hookglass.delivery/") {
        return jsonl::read(text, collector);
    }
    let value: serde_json::Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) if text.contains("\"log\"") => return har::read(text, collector),
        Err(error) => return json_lines(text, &error, collector),
    };
    match recognize::json(&value) {
        recognize::JsonDocumentKind::Har => har::read(text, collector),
        recognize::JsonDocumentKind::Postman => collections::postman(&value, collector),
        recognize::JsonDocumentKind::Insomnia => collections::insomnia(&value, collector),
        recognize::JsonDocumentKind::Other(what) if !captured::read(&value, collector)? => {
            Err(RequestFileError::Unrecognized(what))
        }
        recognize::JsonDocumentKind::Other(_) => Ok(()),
    }
}

/// Reads a captured request from each line.
fn json_lines(
    text: &str,
    error: &serde_json::Error,
    collector: &mut Collector<'_>,
) -> Result<(), RequestFileError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (at, line) in lines {
        let value = serde_json::from_str(line);
        let found = match &value {
            Ok(value) => captured::read(value, collector)?,
            Err(_) => false,
        };
        if !found {
            const WHAT: &str = "this JSON is not a hookglass export or a HAR";
            return Err(if at == 0 && value.is_ok() {
                RequestFileError::Unrecognized(format!("{WHAT}: {error}"))
            } else {
                RequestFileError::json(WHAT, error)
            });
        }
    }
    Ok(())
}

/// Parses a fixture and the request in it.
pub fn fixture(text: &str) -> Result<(Fixture, RecordedRequest), RequestFileError> {
    let fixture = Fixture::read(text).map_err(|error| match error {
        crate::formats::fixture::FixtureError::Json(error) => {
            RequestFileError::json("invalid fixture", &error)
        }
        other => RequestFileError::Whole(other.to_string()),
    })?;
    let invalid =
        |error: crate::formats::wire::WireError| RequestFileError::Whole(error.to_string());
    let head = fixture.request.head().map_err(invalid)?;
    let body = fixture.request.body().map_err(invalid)?;
    let status = SignatureStatus::from_word(&fixture.original.verdict);
    let signature = status.map(|status| Verdict {
        status,
        cause: fixture.original.cause.clone(),
        explanation: Some(format!("according to the fixture {}", fixture.name).into()),
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
