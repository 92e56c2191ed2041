//! Reads HTTP Archives, written by hookglass or another program.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;

use super::{ImportError, RecordedRequest};
use crate::formats::har::Rest;
use crate::formats::wire::{self, HeaderPair};

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: Option<String>,
    request: Request,
    response: Option<Response>,
    #[serde(rename = "_hookglass")]
    rest: Option<Rest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    http_version: Option<String>,
    headers: Vec<Field>,
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct PostData {
    text: Option<String>,
    #[serde(rename = "_encoding")]
    own_encoding: Option<String>,
    /// Written by some programs here, although the format has it only for responses.
    encoding: Option<String>,
}

#[derive(Deserialize)]
struct Response {
    status: i32,
}

pub(super) fn read(text: &str) -> Result<Vec<RecordedRequest>, ImportError> {
    let archive: Archive = serde_json::from_str(text)
        .map_err(|error| ImportError::at(error.line(), format!("not a HAR archive: {error}")))?;
    let entries = archive.log.entries.into_iter().enumerate();
    let named = |at: usize, reason: String| {
        ImportError::Whole(format!("entry {} of the HAR archive: {reason}", at + 1))
    };
    entries.map(|(at, entry)| one(entry).map_err(|reason| named(at, reason))).collect()
}

fn one(
    Entry { started_date_time, request, response, rest }: Entry,
) -> Result<RecordedRequest, String> {
    let received_at = started_date_time
        .map(|text| text.parse::<Timestamp>().map_err(|error| format!("{text}: {error}")))
        .transpose()?;
    // Browsers write the pseudo-headers of HTTP/2, which are not header lines.
    let fields = request.headers.iter().filter(|field| !field.name.starts_with(':'));
    let pairs: Vec<HeaderPair<'_>> =
        fields.map(|field| (field.name.as_str().into(), field.value.as_str().into())).collect();
    let version = match request.http_version.as_deref() {
        Some("HTTP/1.0") => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    let target = rest.as_ref().map_or_else(|| target(&request.url), |rest| rest.target.clone());
    let exact = rest.as_ref().and_then(|rest| rest.head_base64.as_deref());
    let head = wire::head(exact, &request.method, &target, (version, &pairs))
        .map_err(|error| error.to_string())?;
    let body = match request.post_data {
        None => Vec::new(),
        Some(PostData { text, own_encoding, encoding }) => {
            let text = text.unwrap_or_default();
            match own_encoding.or(encoding).as_deref() {
                Some("base64") => STANDARD.decode(text).map_err(|error| error.to_string())?,
                _ => text.into_bytes(),
            }
        }
    };
    // 0 and -1 mean that there was no response.
    let status = response.and_then(|response| u16::try_from(response.status).ok());
    Ok(RecordedRequest {
        received_at,
        provider: rest.map(|rest| rest.provider),
        response: status.filter(|status| *status > 0),
        ..RecordedRequest::bare(head, body.into())
    })
}

/// Returns the path and the query of a URL.
fn target(url: &str) -> String {
    let behind = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = behind.find(['/', '?']).and_then(|at| behind.get(at..)).unwrap_or("/");
    let path = path.split('#').next().unwrap_or_default();
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}
