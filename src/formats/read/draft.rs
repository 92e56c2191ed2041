//! A request as other programs record it: a URL, headers, and a body.

use bytes::Bytes;
use jiff::Timestamp;

use super::{RecordedRequest, RequestError};
use crate::formats::wire::{self, HeaderPair};
use crate::payload::{Media, form as url_form};

/// A request that has no head yet.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestDraft {
    pub(super) method: String,
    /// A URL, or a path.
    pub(super) url: String,
    /// `HTTP/1.0` or `HTTP/1.1`; the latter if it is empty or anything else.
    pub(super) version: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) received_at: Option<Timestamp>,
    pub(super) peer: Option<String>,
    pub(super) response: Option<u16>,
}

impl RequestDraft {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Adds a header unless one of the name is there.
    pub(super) fn set_default(&mut self, name: &str, value: impl Into<String>) {
        if self.header(name).is_none() {
            self.headers.push((name.to_owned(), value.into()));
        }
    }

    /// Returns the request, with the host of its URL if no header names it.
    pub(super) fn request(mut self) -> Result<RecordedRequest, RequestError> {
        let url = Url::of(&self.url);
        let authority = self.header(":authority").map(str::to_owned).or(url.authority);
        // The pseudo-headers of HTTP/2 are not header lines.
        self.headers.retain(|(name, _)| !name.starts_with(':'));
        if self.header("host").is_none()
            && let Some(host) = authority.as_deref()
        {
            self.headers.insert(0, ("Host".to_owned(), host.to_owned()));
        }
        let trimmed = self.headers.iter().map(|(name, value)| (name.as_str(), value.trim()));
        let pairs: Vec<HeaderPair<'_>> =
            trimmed.map(|(name, value)| (name.into(), value.into())).collect();
        let version = if self.version == "HTTP/1.0" { "HTTP/1.0" } else { "HTTP/1.1" };
        let method = if self.method.is_empty() { "GET" } else { self.method.as_str() };
        let head = wire::head(None, method, &url.target, version, &pairs)?;
        let public = (self.url.starts_with("http://") || self.url.starts_with("https://"))
            .then(|| self.url.split('#').next().unwrap_or_default().to_owned());
        Ok(RecordedRequest {
            received_at: self.received_at,
            peer: self.peer,
            response: self.response.filter(|status| *status > 0),
            url: public,
            ..RecordedRequest::bare(head, Bytes::from(self.body))
        })
    }
}

/// Parts of a URL that a request line and the `Host` header have.
pub(super) struct Url {
    pub(super) authority: Option<String>,
    pub(super) target: String,
}

impl Url {
    pub(super) fn of(url: &str) -> Self {
        let url = url.split('#').next().unwrap_or_default();
        let rest = match url.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['/', '?']) => Some(rest),
            _ if url.starts_with(['/', '?', '*']) || url.is_empty() => None,
            _ => Some(url),
        };
        let (authority, target) = match rest {
            Some(rest) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
            None => ("", url),
        };
        // User and password are not part of the host.
        let host = authority.rsplit('@').next().unwrap_or_default();
        let target = target.replace(' ', "%20");
        let target = if target.starts_with(['/', '*']) { target } else { format!("/{target}") };
        Self { authority: Some(host.to_owned()).filter(|host| !host.is_empty()), target }
    }
}

/// A field of a form: name and value, and the file's name and type.
#[derive(Debug, Clone, Default)]
pub(super) struct FormPart {
    pub(super) name: String,
    pub(super) value: Vec<u8>,
    pub(super) file_name: Option<String>,
    pub(super) content_type: Option<String>,
}

/// Returns fields as `application/x-www-form-urlencoded`.
pub(super) fn urlencoded(parts: &[FormPart]) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for part in parts {
        form.append_pair(&part.name, &String::from_utf8_lossy(&part.value));
    }
    form.finish().into_bytes()
}

/// Returns fields as `multipart/form-data`.
pub(super) fn multipart(parts: &[FormPart], boundary: &str) -> Vec<u8> {
    let quoted = |text: &str| text.replace('"', "%22").replace(['\r', '\n'], " ");
    let mut out = Vec::new();
    for part in parts {
        let mut head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
            quoted(&part.name)
        );
        if let Some(name) = &part.file_name {
            head = format!("{head}; filename=\"{}\"", quoted(name));
        }
        if let Some(kind) = &part.content_type {
            head = format!("{head}\r\nContent-Type: {}", quoted(kind));
        }
        head.push_str("\r\n\r\n");
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(&part.value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}

/// Boundary of a form whose own boundary is unknown.
pub(super) const BOUNDARY: &str = "hookglass-rebuilt-boundary";

/// Encodes a form as its content type requires; also returns the complete content type.
pub(super) fn form(parts: &[FormPart], content_type: &str) -> (Vec<u8>, String) {
    if !content_type.to_ascii_lowercase().starts_with("multipart/") {
        let kind = if content_type.is_empty() { url_form::MEDIA_TYPE } else { content_type };
        return (urlencoded(parts), kind.to_owned());
    }
    match Media::read(content_type).parameter("boundary") {
        Some(boundary) => (multipart(parts, boundary), content_type.to_owned()),
        None => (multipart(parts, BOUNDARY), format!("{content_type}; boundary={BOUNDARY}")),
    }
}
