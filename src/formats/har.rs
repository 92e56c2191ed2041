//! Deliveries as an HTTP Archive, version 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>).
//!
//! Values without a field in the format are in fields that begin with an underscore, as the format
//! allows.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::layout::escape_unsafe;
use super::wire::{self, BodyText};
use crate::delivery::{Delivery, Header, header_text};
use crate::payload::form;

#[derive(Debug, Serialize)]
struct Field<'d> {
    name: Cow<'d, str>,
    value: Cow<'d, str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'d> {
    started_date_time: String,
    time: f64,
    request: Request<'d>,
    response: Response,
    cache: Nothing,
    timings: Timings,
    #[serde(rename = "_hookglass")]
    rest: HarExtras,
}

#[derive(Debug, Serialize)]
struct Nothing {}

#[derive(Debug, Serialize)]
struct Timings {
    send: f64,
    wait: f64,
    receive: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'d> {
    method: &'d str,
    url: String,
    http_version: &'static str,
    cookies: [u8; 0],
    headers: Vec<Field<'d>>,
    query_string: Vec<Field<'d>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData<'d>>,
    headers_size: usize,
    body_size: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData<'d> {
    mime_type: String,
    text: Cow<'d, str>,
    /// `base64` if the body is not text; the format has no such field for requests.
    #[serde(rename = "_encoding", skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
}

/// Response to the client; of hookglass's own responses only the status is stored.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status: u16,
    status_text: &'static str,
    http_version: &'static str,
    cookies: [u8; 0],
    headers: [u8; 0],
    content: Content,
    #[serde(rename = "redirectURL")]
    redirect_url: &'static str,
    headers_size: i8,
    body_size: i8,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    size: u8,
    mime_type: &'static str,
}

/// Values without a field in HAR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HarExtras {
    pub provider: String,
    /// Request target as received.
    pub target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_base64: Option<String>,
    /// Trailers after a chunked body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trailers: Vec<(String, String)>,
}

/// Start of an archive; entries separated by commas follow, then [`END`].
pub(crate) const BEGIN: &str = concat!(
    r#"{"log":{"version":"1.2","creator":{"name":"hookglass","version":""#,
    env!("CARGO_PKG_VERSION"),
    "\"},\"entries\":[\n"
);
pub(crate) const END: &str = "\n]}}\n";

/// Returns a delivery as an entry on one line. The URL is the one that its `Host` header names.
pub(crate) fn entry(delivery: &Delivery) -> String {
    let (summary, head) = (&delivery.summary, &delivery.head);
    let field = |header: &'_ Header| Field {
        name: header.name.clone().into(),
        value: header.text().into_owned().into(),
    };
    let host = head.joined("host").map(|host| header_text(&host).into_owned());
    let host = host.filter(|host| is_host(host)).unwrap_or_else(|| "localhost".to_owned());
    let path = super::shell::path(&head.target);
    let BodyText { body, body_base64 } = BodyText::of(&delivery.body);
    let encoding = body_base64.is_some().then_some("base64");
    let post_data = (!delivery.body.is_empty()).then(|| PostData {
        mime_type: wire::content_type(head).unwrap_or_default(),
        text: body.or(body_base64).unwrap_or_default(),
        encoding,
    });
    let waited = summary.latency.map(crate::units::millis).unwrap_or_default();
    let entry = Entry {
        started_date_time: format!("{:.6}", summary.request.received_at),
        time: waited,
        request: Request {
            method: &head.method,
            url: format!("http://{host}{path}"),
            http_version: head.version.as_str(),
            cookies: [],
            headers: head.headers.iter().map(field).collect(),
            query_string: query(&head.target_text()),
            post_data,
            headers_size: head.raw.len(),
            body_size: delivery.body.len(),
        },
        response: Response {
            status: summary.response.unwrap_or(0),
            status_text: "",
            http_version: "HTTP/1.1",
            cookies: [],
            headers: [],
            content: Content { size: 0, mime_type: "" },
            redirect_url: "",
            headers_size: -1,
            body_size: -1,
        },
        cache: Nothing {},
        timings: Timings { send: 0.0, wait: waited, receive: 0.0 },
        rest: HarExtras {
            provider: summary.provider.clone(),
            target: head.target_text().into_owned(),
            head_base64: wire::head_base64(head),
            trailers: wire::owned(wire::trailer_pairs(head)),
        },
    };
    // Text, numbers, and lists always serialize.
    escape_unsafe(serde_json::to_string(&entry).unwrap_or_default())
}

fn query(target: &str) -> Vec<Field<'static>> {
    let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let fields = form::fields(query.as_bytes()).into_iter();
    fields.map(|(name, value)| Field { name: name.into(), value: value.into() }).collect()
}

/// Returns whether a URL can contain the text as its host.
fn is_host(host: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !host.is_empty() && host.bytes().all(fits)
}
