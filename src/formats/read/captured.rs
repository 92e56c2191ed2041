//! Reads what inspection services export as JSON: ngrok, webhook.site, Hookdeck, Pipedream, and AWS
//! Lambda events.
//!
//! They use different names for the same few fields, so one reader accepts all of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::draft::RequestDraft;
use super::{Collector, RecordedRequest, RequestError, RequestFileError};
use crate::delivery::Head;

/// Keys whose value is a list of captured requests.
const LISTS: [&str; 7] = ["requests", "models", "data", "events", "items", "results", "records"];

/// Keys whose value is the request inside a captured one.
const WRAPPERS: [&str; 4] = ["request", "data", "event", "trigger"];

/// Keys whose value is the body.
const BODIES: [&str; 5] = ["body", "content", "text_content", "rawBody", "raw_body"];

/// Depth at which a request is looked for.
const MAX_DEPTH: usize = 4;

/// Reads the captured requests in a JSON document; false if there is none.
pub(super) fn read(value: &Value, collector: &mut Collector<'_>) -> Result<bool, RequestFileError> {
    let found = list(value);
    for (at, captured) in found.iter().enumerate() {
        let name = format!("request {}", at + 1);
        let recorded = match captured {
            Some((outer, request)) => one(outer, request, &name, collector),
            None => Err(RequestError::NotARequest),
        };
        collector.push(&name, recorded)?;
    }
    Ok(!found.is_empty())
}

/// An object that describes a request, and what contains it.
type Captured<'v> = (&'v Map<String, Value>, &'v Map<String, Value>);

/// Returns the requests of a document; `None` for an item that is not one, among others that are.
fn list(value: &Value) -> Vec<Option<Captured<'_>>> {
    let captured = |items: &'_ Vec<Value>| items.iter().any(|item| single(item).is_some());
    match value {
        Value::Array(items) if captured(items) => items.iter().map(single).collect(),
        Value::Object(fields) => {
            let lists = LISTS.iter().filter_map(|key| fields.get(*key)?.as_array());
            let listed: Vec<_> =
                lists.filter(|items| captured(items)).flatten().map(single).collect();
            if listed.is_empty() { single(value).into_iter().map(Some).collect() } else { listed }
        }
        _ => Vec::new(),
    }
}

fn single(value: &Value) -> Option<Captured<'_>> {
    let outer = value.as_object()?;
    let mut current = outer;
    for _ in 0..MAX_DEPTH {
        if is_request(current) {
            return Some((outer, current));
        }
        current = WRAPPERS.iter().find_map(|key| current.get(*key)?.as_object())?;
    }
    None
}

fn is_request(fields: &Map<String, Value>) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| fields.contains_key(*name));
    let is_raw =
        fields.get("raw").is_some_and(Value::is_string) && has(&["method", "headers", "uri"]);
    let has_headers = fields.get("headers").is_some_and(|it| it.is_object() || it.is_array());
    is_raw
        || (has_headers
            && has(&["body", "content", "method", "httpMethod", "path", "url", "text_content"]))
}

fn one(
    outer: &Map<String, Value>,
    request: &Map<String, Value>,
    name: &str,
    collector: &mut Collector<'_>,
) -> Result<RecordedRequest, RequestError> {
    let received_at = time(request).or_else(|| time(outer));
    let peer = text(request, &["ip", "remote_addr", "client_ip"])
        .or_else(|| text(outer, &["ip", "remote_addr", "client_ip"]));
    let response = outer.get("response").and_then(|response| response.get("status_code")?.as_u64());
    let response = response.and_then(|status| u16::try_from(status).ok());
    let written = BODIES.iter().find_map(|key| request.get(*key));
    // ngrok exports the raw bytes without a separate body.
    if let (Some(raw), None) = (request.get("raw").and_then(Value::as_str), written) {
        let (head, body) = raw_request(raw)?;
        return Ok(RecordedRequest {
            received_at,
            peer,
            response,
            ..RecordedRequest::bare(head, body)
        });
    }
    let mut draft = RequestDraft {
        method: method(request)?,
        url: url(request),
        headers: headers(request),
        received_at,
        peer,
        response,
        ..RequestDraft::default()
    };
    let is_base64 = request.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or_default();
    if draft.url.is_empty() {
        "/".clone_into(&mut draft.url);
        collector.warn(format!("{name}: it has neither URL nor path, so `/` was used"));
    }
    match written {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if is_base64 => draft.body = decoded("body", text)?,
        Some(Value::String(text)) => draft.body = text.clone().into_bytes(),
        Some(parsed) => {
            draft.body = parsed.to_string().into_bytes();
            collector.warn(format!(
                "{name}: the file has the parsed body, so its bytes were rebuilt and a signature may not match"
            ));
        }
    }
    draft.request()
}

/// Returns the head and the body of a request in base64.
fn raw_request(raw: &str) -> Result<(Head, Bytes), RequestError> {
    let bytes = Bytes::from(decoded("raw", raw)?);
    let head = Head::parse(bytes.clone())
        .map_err(|error| RequestError::Invalid(format!("invalid request in `raw`: {error}")))?;
    let body = bytes.slice(head.raw.len().min(bytes.len())..);
    Ok((head, body))
}

fn decoded(place: &'static str, text: &str) -> Result<Vec<u8>, RequestError> {
    let decoded = STANDARD.decode(text);
    decoded.map_err(|error| RequestError::Base64 { place, reason: error.to_string() })
}

/// Returns the method, `POST` if there is none.
fn method(request: &Map<String, Value>) -> Result<String, RequestError> {
    let names = ["method", "httpMethod", "http_method"];
    match names.iter().find_map(|name| request.get(*name)) {
        None | Some(Value::Null) => Ok("POST".to_owned()),
        Some(Value::String(method)) if !method.is_empty() => Ok(method.clone()),
        Some(_) => Err(RequestError::Method),
    }
}

fn text(fields: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names
        .iter()
        .find_map(|name| fields.get(*name)?.as_str())
        .map(str::to_owned)
        .filter(|text| !text.is_empty())
}

fn url(request: &Map<String, Value>) -> String {
    if let Some(url) = text(request, &["url", "full_url"]) {
        return url;
    }
    let path = text(request, &["path", "uri", "rawPath", "pathname"]).unwrap_or_default();
    if path.contains('?') {
        return path;
    }
    let query = text(request, &["query", "query_string", "rawQueryString", "queryString"]);
    let query = query.or_else(|| {
        let fields = ["queryStringParameters", "parsed_query", "query"];
        let fields = fields.iter().find_map(|name| request.get(*name)?.as_object())?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            let plain = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            form.append_pair(name, &plain);
        }
        Some(form.finish()).filter(|query| !query.is_empty())
    });
    match query {
        Some(query) => format!("{path}?{}", query.trim_start_matches('?')),
        None => path,
    }
}

/// Reads headers as an object of texts or lists, or as a list of pairs.
fn headers(request: &Map<String, Value>) -> Vec<(String, String)> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match request.get("headers") {
        Some(Value::Object(fields)) => fields
            .iter()
            .flat_map(|(name, value)| match value {
                Value::Array(values) => {
                    values.iter().map(|value| (name.clone(), plain(value))).collect()
                }
                value => vec![(name.clone(), plain(value))],
            })
            .collect(),
        Some(Value::Array(items)) => items.iter().filter_map(pair).collect(),
        _ => Vec::new(),
    }
}

fn pair(item: &Value) -> Option<(String, String)> {
    if let Some([name, value]) = item.as_array().map(Vec::as_slice) {
        return Some((name.as_str()?.to_owned(), value.as_str()?.to_owned()));
    }
    let name = item.get("name").or_else(|| item.get("key"))?.as_str()?;
    Some((name.to_owned(), item.get("value")?.as_str()?.to_owned()))
}

/// Reads a time: RFC 3339, `2026-11-28 12:00:00` in UTC, or seconds or milliseconds.
fn time(fields: &Map<String, Value>) -> Option<Timestamp> {
    const NAMES: [&str; 8] = [
        "created_at",
        "start",
        "received_at",
        "ingested_at",
        "createdAt",
        "timestamp",
        "time",
        "ts",
    ];
    NAMES.iter().find_map(|name| match fields.get(*name)? {
        Value::String(text) => moment(text),
        Value::Number(number) => {
            let number = number.as_i64()?;
            let is_milliseconds = number > 100_000_000_000;
            if is_milliseconds {
                Timestamp::from_millisecond(number).ok()
            } else {
                Timestamp::from_second(number).ok()
            }
        }
        _ => None,
    })
}

pub(super) fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()
    })
}
