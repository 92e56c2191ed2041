//! Reads HTTP Archives, written by hookglass or another program.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::draft::{self, FormPart, RequestDraft};
use super::{Collector, RecordedRequest, RequestError, RequestFileError};
use crate::formats::har::HarExtras;
use crate::formats::wire::{self, HeaderPair};

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: Option<String>,
    request: Request,
    response: Option<Response>,
    #[serde(rename = "_hookglass")]
    rest: Option<HarExtras>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    http_version: Option<String>,
    headers: Option<Vec<Field>>,
    post_data: Option<PostData>,
    body_size: Option<i64>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    value: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    mime_type: Option<String>,
    text: Option<String>,
    params: Option<Vec<Param>>,
    #[serde(rename = "_encoding")]
    own_encoding: Option<String>,
    /// Written by some programs here, although the format has it only for responses.
    encoding: Option<String>,
    /// A file with the body, as Playwright writes it.
    #[serde(rename = "_file")]
    file: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Param {
    name: String,
    value: Option<String>,
    file_name: Option<String>,
    content_type: Option<String>,
}

#[derive(Deserialize)]
struct Response {
    status: Option<i64>,
}

pub(super) fn read(text: &str, collector: &mut Collector<'_>) -> Result<(), RequestFileError> {
    let archive: Archive = serde_json::from_str(text)
        .map_err(|error| RequestFileError::json("invalid HAR archive", &error))?;
    for (at, entry) in archive.log.entries.into_iter().enumerate() {
        let name = format!("entry {} of the HAR archive", at + 1);
        let entry =
            serde_json::from_value::<Entry>(entry).map_err(|error| RequestError::json(&error));
        let request = entry.and_then(|entry| one(entry, &name, collector));
        collector.push(&name, request)?;
    }
    Ok(())
}

fn one(
    Entry { started_date_time, request, response, rest }: Entry,
    name: &str,
    collector: &mut Collector<'_>,
) -> Result<RecordedRequest, RequestError> {
    let received_at = started_date_time
        .map(|text| {
            let invalid = |error| format!("invalid startedDateTime `{text}`: {error}");
            text.parse::<Timestamp>().map_err(|error| RequestError::Invalid(invalid(error)))
        })
        .transpose()?;
    let Request { method, url, http_version, headers, post_data, body_size } = request;
    let headers: Vec<(String, String)> = headers
        .unwrap_or_default()
        .into_iter()
        .map(|field| (field.name, field.value.unwrap_or_default()))
        .collect();
    // 0 and -1 mean that there was no response.
    let status = response.and_then(|response| response.status);
    let status = status.and_then(|status| u16::try_from(status).ok()).filter(|status| *status > 0);
    let mut draft = RequestDraft {
        method,
        url,
        version: http_version.unwrap_or_default(),
        headers,
        received_at,
        response: status,
        ..RequestDraft::default()
    };
    if let Some(data) = post_data {
        let kind = data.mime_type.clone().filter(|kind| !kind.is_empty());
        add_body(&mut draft, data, name, collector)?;
        // Some programs write it here only.
        if let Some(kind) = kind.filter(|_| rest.is_none() && !draft.body.is_empty()) {
            draft.set_default("Content-Type", kind);
        }
    }
    if let Some(size) = body_size.and_then(|size| usize::try_from(size).ok())
        && rest.is_none()
        && size != draft.body.len()
    {
        collector.warn(format!(
            "{name}: the body has {} bytes, but bodySize is {size}; the archive does not contain it as sent",
            draft.body.len()
        ));
    }
    match rest {
        None => draft.request(),
        Some(rest) => own(draft, rest),
    }
}

/// Builds a request that hookglass wrote, byte for byte.
fn own(draft: RequestDraft, rest: HarExtras) -> Result<RecordedRequest, RequestError> {
    let pairs: Vec<HeaderPair<'_>> = draft
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
        .collect();
    let version = if draft.version == "HTTP/1.0" { "HTTP/1.0" } else { "HTTP/1.1" };
    let exact = rest.head_base64.as_deref();
    let mut head = wire::head(exact, &draft.method, &rest.target, version, &pairs)?;
    let trailers = rest.trailers.iter().map(|(name, value)| (&**name, &**value));
    head.trailers = wire::trailers(trailers)?;
    Ok(RecordedRequest {
        received_at: draft.received_at,
        provider: Some(rest.provider),
        response: draft.response,
        ..RecordedRequest::bare(head, draft.body.into())
    })
}

fn add_body(
    draft: &mut RequestDraft,
    data: PostData,
    name: &str,
    collector: &mut Collector<'_>,
) -> Result<(), RequestError> {
    let PostData { mime_type, text, params, own_encoding, encoding, file } = data;
    if let Some(file) = file {
        draft.body = collector.file(&file)?;
        return Ok(());
    }
    let params = params.unwrap_or_default();
    match text {
        Some(text) if !text.is_empty() || params.is_empty() => {
            draft.body = match own_encoding.or(encoding).as_deref() {
                Some("base64") => STANDARD.decode(text).map_err(|error| RequestError::Base64 {
                    place: "postData.text",
                    reason: error.to_string(),
                })?,
                _ => text.into_bytes(),
            };
        }
        _ if params.is_empty() => {}
        _ => {
            let parts: Vec<FormPart> = params.into_iter().map(Param::part).collect();
            let kind = draft.header("content-type").map(str::to_owned).or(mime_type);
            let (body, kind) = draft::form(&parts, kind.as_deref().unwrap_or_default());
            draft.body = body;
            if draft.header("content-type").is_none_or(|own| own != kind) {
                draft.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
                draft.headers.push(("Content-Type".to_owned(), kind));
            }
            let noun = if parts.len() == 1 { "param" } else { "params" };
            collector.warn(format!(
                "{name}: the archive has no text of the body, which was rebuilt from its {} {noun}; its bytes may differ",
                parts.len()
            ));
        }
    }
    Ok(())
}

impl Param {
    fn part(self) -> FormPart {
        let Self { name, value, file_name, content_type } = self;
        FormPart { name, value: value.unwrap_or_default().into_bytes(), file_name, content_type }
    }
}
