//! Bytes of a request as text: plain if JSON can express them, base64 otherwise.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::delivery::{Head, HeadError, Header, header_text, is_token};
use crate::payload::escape;

/// A body: text if it is UTF-8, base64 otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BodyText<'d> {
    #[serde(borrow)]
    pub body: Option<Cow<'d, str>>,
    #[serde(borrow)]
    pub body_base64: Option<Cow<'d, str>>,
}

/// A header, name and value.
pub(crate) type HeaderPair<'d> = (Cow<'d, str>, Cow<'d, str>);

/// Reason why text cannot be converted to the bytes of a request.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("`{0}` is not base64: {1}")]
    Base64(&'static str, base64::DecodeError),
    #[error("both `body` and `body_base64` are set; one must be null")]
    TwoBodies,
    #[error("invalid method `{0}`: expected e.g. POST")]
    Method(String),
    #[error("invalid header name `{0}`: expected letters, digits, and hyphens")]
    HeaderName(String),
    #[error("{0} contains a line break")]
    LineBreak(String),
    #[error(transparent)]
    Head(#[from] HeadError),
}

impl<'d> BodyText<'d> {
    pub(crate) fn of(bytes: &'d [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { body: Some(text.into()), body_base64: None },
            Err(_) => Self { body: None, body_base64: Some(STANDARD.encode(bytes).into()) },
        }
    }

    /// Returns the bytes; empty if both forms are absent.
    pub(crate) fn bytes(&self) -> Result<Bytes, WireError> {
        match (&self.body, &self.body_base64) {
            (Some(_), Some(_)) => Err(WireError::TwoBodies),
            (Some(text), None) => Ok(text.as_bytes().to_vec().into()),
            (None, Some(text)) => decode("body_base64", text),
            (None, None) => Ok(Bytes::new()),
        }
    }
}

pub(super) fn decode(name: &'static str, text: &str) -> Result<Bytes, WireError> {
    STANDARD.decode(text).map(Bytes::from).map_err(|error| WireError::Base64(name, error))
}

/// Builds a head from its parts.
pub(crate) fn head_bytes(
    method: &str,
    target: &str,
    version: &str,
    headers: &[HeaderPair<'_>],
) -> Vec<u8> {
    let mut raw = format!("{method} {target} {version}\r\n");
    for (name, value) in headers {
        raw.extend([name, ": ", value, "\r\n"]);
    }
    raw.push_str("\r\n");
    raw.into_bytes()
}

/// Returns the trailers as text, by [`header_text`].
pub(crate) fn trailer_pairs(head: &Head) -> Vec<HeaderPair<'_>> {
    head.trailers.iter().map(|header| (header.name.as_str().into(), header.text())).collect()
}

/// Copies pairs of name and value.
pub(super) fn owned(pairs: Vec<HeaderPair<'_>>) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Returns trailers from pairs of name and value.
pub(crate) fn trailers<'p>(
    pairs: impl IntoIterator<Item = (&'p str, &'p str)>,
) -> Result<Vec<Header>, WireError> {
    let pairs: Vec<HeaderPair<'p>> =
        pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    if let Some(place) = line_break([], &pairs) {
        return Err(WireError::LineBreak(place));
    }
    let trailer = |(name, value): &HeaderPair<'_>| Header::new(&**name, value.as_bytes().to_vec());
    Ok(pairs.iter().map(trailer).collect())
}

/// Returns the headers as text, by [`header_text`].
pub(crate) fn pairs(head: &Head) -> Vec<HeaderPair<'_>> {
    head.headers.iter().map(|header| (header.name.as_str().into(), header.text())).collect()
}

/// Returns the head in base64 if its parts do not determine its bytes: values that are not UTF-8,
/// other white space, or invalid lines.
pub(crate) fn head_base64(head: &Head) -> Option<String> {
    (!is_determined_by_parts(head)).then(|| STANDARD.encode(&head.raw))
}

/// Returns whether [`head_bytes`] makes the head's bytes from its parts.
fn is_determined_by_parts(head: &Head) -> bool {
    let line = [&head.method, " ", &head.target_text(), " ", head.version.as_str(), "\r\n"];
    let headers = head.headers.iter().try_fold(rest_after(&head.raw, &line), |rest, header| {
        Some(rest_after(rest?, &[&header.name, ": ", &header.text(), "\r\n"]))
    });
    headers.flatten() == Some(b"\r\n")
}

/// Returns the bytes after these texts; none if others come first.
fn rest_after<'b>(bytes: &'b [u8], texts: &[&str]) -> Option<&'b [u8]> {
    texts.iter().try_fold(bytes, |rest, text| rest.strip_prefix(text.as_bytes()))
}

/// Returns the head, from [`head_base64`] or else from the parts.
pub(crate) fn head(
    exact: Option<&str>,
    method: &str,
    target: &str,
    version: &str,
    headers: &[HeaderPair<'_>],
) -> Result<Head, WireError> {
    let Some(exact) = exact else {
        // Otherwise the part would bring headers, or a request, of its own.
        let line = [("method", method), ("target", target), ("version", version)];
        if let Some(place) = line_break(line, headers) {
            return Err(WireError::LineBreak(place));
        }
        let parsed = Head::parse(head_bytes(method, target, version, headers).into());
        return parsed.map_err(|error| invalid_part(method, headers).unwrap_or(error.into()));
    };
    let raw = decode("head_base64", exact)?;
    // The head of a refused request may be invalid.
    Ok(Head::parse(raw.clone()).unwrap_or_else(|_| Head::lenient(raw)))
}

/// Names the part of a head that contains a line break, given the parts of the request line.
fn line_break<const PARTS: usize>(
    line: [(&str, &str); PARTS],
    headers: &[HeaderPair<'_>],
) -> Option<String> {
    let is_broken = |text: &str| text.contains(['\r', '\n']);
    if let Some((part, _)) = line.iter().find(|(_, text)| is_broken(text)) {
        return Some(format!("the {part}"));
    }
    let (name, _) = headers.iter().find(|(name, value)| is_broken(name) || is_broken(value))?;
    Some(format!("the header `{}`", escape(name)))
}

/// Names the part that makes a head invalid.
fn invalid_part(method: &str, headers: &[HeaderPair<'_>]) -> Option<WireError> {
    if !is_token(method.as_bytes()) {
        return Some(WireError::Method(method.to_owned()));
    }
    let mut names = headers.iter().map(|(name, _)| name);
    let name = names.find(|name| !is_token(name.as_bytes()))?;
    Some(WireError::HeaderName(name.to_string()))
}

/// Returns the `Content-Type` as text, if present.
pub(super) fn content_type(head: &Head) -> Option<String> {
    head.joined("content-type").map(|kind| header_text(&kind).into_owned())
}

/// Serializes a time as RFC 3339 with six decimals, so that text sorts by time.
pub(crate) mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(
        at: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{at:.6}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_bodies_round_trip() {
        for raw in [
            &b"POST /a?b HTTP/1.1\r\nHost: h\r\nX-a: 1\r\nx-A: 2\r\n\r\n"[..],
            b"GET / HTTP/1.0\r\nName: caf\xe9\r\n\r\n",
            b"GET / HTTP/1.1\r\nName:caf\xc3\xa9\t \r\n\r\n",
            b"GET /\xff HTTP/1.1\r\n\r\n",
            b"nonsense\r\n\r\n",
        ] {
            let raw = Bytes::from_static(raw);
            let came = Head::parse(raw.clone()).unwrap_or_else(|_| Head::lenient(raw));
            let (exact, pairs) = (head_base64(&came), pairs(&came));
            let target = came.target_text();
            let back = head(exact.as_deref(), &came.method, &target, came.version.as_str(), &pairs);
            let back = back.unwrap();
            assert_eq!(back, came);
        }
        for body in [&b""[..], b"text \x00 \xe2\x80\x99", b"\xff\x00"] {
            assert_eq!(BodyText::of(body).bytes().unwrap(), body);
        }
    }

    #[test]
    fn a_plain_head_needs_no_base64() {
        let raw = Bytes::from_static(b"POST / HTTP/1.1\r\nX: \xc3\xa9\r\n\r\n");
        assert_eq!(head_base64(&Head::parse(raw).unwrap()), None);
    }
}
