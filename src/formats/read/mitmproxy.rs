//! Reads the flows of mitmproxy, which are typed netstrings (<https://tnetstrings.info>).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::draft::RequestDraft;
use super::{Collector, RequestError, RequestFileError};

/// Maximum nesting of values, against hostile files.
const MAX_DEPTH: usize = 64;

/// A value of the format.
#[derive(Debug, Clone, PartialEq)]
enum Flow {
    Bytes(Vec<u8>),
    Integer(i64),
    Float(f64),
    Bool,
    Null,
    List(Vec<Flow>),
    Dict(BTreeMap<String, Flow>),
}

/// Returns whether a file begins like a flow: a length, a colon, and a dictionary of that length.
pub(super) fn is_likely(bytes: &[u8]) -> bool {
    let Some((length, rest)) = header(bytes) else { return false };
    rest.get(length) == Some(&b'}')
}

fn header(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let colon = bytes.iter().take(12).position(|byte| *byte == b':')?;
    let digits = std::str::from_utf8(bytes.get(..colon)?).ok()?;
    // Without this check, a plus sign would be a part of the number.
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let length = digits.parse().ok()?;
    Some((length, bytes.get(colon + 1..)?))
}

pub(super) fn read(bytes: &[u8], collector: &mut Collector<'_>) -> Result<(), RequestFileError> {
    let mut rest = bytes;
    let mut number = 0;
    while !rest.is_empty() {
        number += 1;
        let at = bytes.len() - rest.len();
        let name = format!("flow {number} of mitmproxy");
        let Some((flow, behind)) = value(rest, 0) else {
            // Later flows have no position without the length of this one.
            return collector.push(&name, Err(RequestError::Truncated(at)));
        };
        rest = behind;
        let kind = flow.get("type").and_then(Flow::text);
        if kind.as_deref() != Some("http") {
            let kind = kind.unwrap_or_else(|| "unknown".to_owned());
            collector.warn(format!("flow {number}: skipped, its type is {kind} and not http"));
            continue;
        }
        let draft = one(&flow).ok_or(RequestError::NoRequest);
        collector.push(&name, draft.and_then(RequestDraft::request))?;
    }
    Ok(())
}

/// Reads a value; returns it with the bytes after it.
fn value(bytes: &[u8], depth: usize) -> Option<(Flow, &[u8])> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (length, rest) = header(bytes)?;
    let data = rest.get(..length)?;
    let kind = *rest.get(length)?;
    let behind = rest.get(length + 1..)?;
    let number = || std::str::from_utf8(data).ok();
    let flow = match kind {
        b',' | b';' => Flow::Bytes(data.to_vec()),
        b'#' => Flow::Integer(number()?.parse().ok()?),
        b'^' => Flow::Float(number()?.parse().ok()?),
        b'!' => Flow::Bool,
        b'~' => Flow::Null,
        b']' => {
            let (mut items, mut rest) = (Vec::new(), data);
            while !rest.is_empty() {
                let (item, behind) = value(rest, depth + 1)?;
                items.push(item);
                rest = behind;
            }
            Flow::List(items)
        }
        b'}' => {
            let (mut fields, mut rest) = (BTreeMap::new(), data);
            while !rest.is_empty() {
                let (key, behind) = value(rest, depth + 1)?;
                let (item, behind) = value(behind, depth + 1)?;
                fields.insert(key.text()?, item);
                rest = behind;
            }
            Flow::Dict(fields)
        }
        _ => return None,
    };
    Some((flow, behind))
}

impl Flow {
    fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Dict(fields) => fields.get(key),
            _ => None,
        }
    }

    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Returns bytes as text, as Latin-1 if they are not UTF-8.
    fn text(&self) -> Option<String> {
        let bytes = self.bytes()?;
        let latin = || bytes.iter().map(|byte| char::from(*byte)).collect();
        Some(std::str::from_utf8(bytes).map_or_else(|_| latin(), str::to_owned))
    }

    fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    fn list(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }
}

fn one(flow: &Flow) -> Option<RequestDraft> {
    let request = flow.get("request")?;
    let text = |key: &str| request.get(key).and_then(Flow::text).filter(|text| !text.is_empty());
    let headers = request.get("headers").map(Flow::list).unwrap_or_default().iter();
    let headers = headers.filter_map(|pair| match pair.list() {
        [name, value] => Some((name.text()?, value.text()?)),
        _ => None,
    });
    let scheme = text("scheme").unwrap_or_else(|| "http".to_owned());
    let port = request.get("port").and_then(Flow::integer);
    let is_usual =
        matches!((scheme.as_str(), port), ("http", Some(80)) | ("https", Some(443)) | (_, None));
    let host = text("host").unwrap_or_default();
    let host = match port {
        Some(port) if !is_usual => format!("{host}:{port}"),
        _ => host,
    };
    let authority = text("authority").unwrap_or(host);
    let received_at = match request.get("timestamp_start") {
        Some(Flow::Float(seconds)) => SignedDuration::try_from_secs_f64(*seconds)
            .ok()
            .and_then(|since| Timestamp::from_duration(since).ok()),
        _ => None,
    };
    let client = flow.get("client_conn");
    let peer = client.and_then(|client| client.get("peername").or_else(|| client.get("address")));
    let peer = peer.and_then(|peer| match peer.list() {
        [host, port, ..] => Some(format!("{}:{}", host.text()?, port.integer()?)),
        _ => None,
    });
    let status = flow.get("response").and_then(|response| response.get("status_code")?.integer());
    Some(RequestDraft {
        method: text("method")?,
        url: format!("{scheme}://{authority}{}", text("path").unwrap_or_else(|| "/".to_owned())),
        version: text("http_version").unwrap_or_default(),
        headers: headers.collect(),
        body: request.get("content").and_then(Flow::bytes).unwrap_or_default().to_vec(),
        received_at,
        peer,
        response: status.and_then(|status| u16::try_from(status).ok()),
    })
}
