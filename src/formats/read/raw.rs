//! Reads one raw HTTP/1 request.

use bytes::Bytes;

use super::{Collector, RecordedRequest, RequestError, RequestFileError, recognize};
use crate::delivery::{Head, header_text, is_token};
use crate::formats::wire;
use crate::payload::visible_bytes;

/// Returns the error of the first line of the head that is not a header.
fn invalid_line(bytes: &[u8]) -> Option<RequestFileError> {
    let lines =
        bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let headers = (1..).zip(lines).skip(1).take_while(|(_, line)| !line.is_empty());
    let is_header = |line: &[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.len() < line.len() && is_token(name)
    };
    let (line, text) = headers.into_iter().find(|(_, line)| !is_header(line))?;
    let reason = RequestError::HeaderLine(visible_bytes(text));
    Some(RequestFileError::Line { line, reason })
}

/// Versions in the request lines of proxies and browsers that show HTTP/2 and HTTP/3 as text.
const LATER_VERSIONS: [&[u8]; 4] = [b" HTTP/2", b" HTTP/2.0", b" HTTP/3", b" HTTP/3.0"];

/// Returns a request with `HTTP/1.1` in place of a later version.
fn as_http_1(bytes: &[u8]) -> Option<Vec<u8>> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let start = LATER_VERSIONS.iter().find_map(|version| line.strip_suffix(*version))?;
    Some([start, b" HTTP/1.1", bytes.get(line.len()..)?].concat())
}

/// Reads a request. Lines may end in a bare line feed, as editors write them; the bytes are kept as
/// they are.
pub(super) fn read(
    bytes: &[u8],
    collector: &mut Collector<'_>,
) -> Result<RecordedRequest, RequestFileError> {
    let wrong = |reason: String| RequestFileError::Whole(reason);
    let rewritten = as_http_1(bytes);
    if rewritten.is_some() {
        collector.warn("the request line names a later version; stored as HTTP/1.1".to_owned());
    }
    let bytes = rewritten.as_deref().unwrap_or(bytes);
    let mut head = Head::parse(Bytes::copy_from_slice(bytes)).map_err(|error| {
        // A request with an invalid request line is still a request.
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let is_request = memchr::memmem::find(line, b" HTTP/").is_some();
        if is_request {
            invalid_line(bytes).unwrap_or_else(|| wrong(format!("invalid HTTP request: {error}")))
        } else {
            RequestFileError::Unrecognized(recognize::bytes(bytes))
        }
    })?;
    let body = bytes.get(head.raw.len()..).unwrap_or_default();
    if let Some(coding) = head.joined("transfer-encoding") {
        if !coding.trim_ascii().eq_ignore_ascii_case(b"chunked") {
            return Err(wrong(format!(
                "the body is sent with Transfer-Encoding: {}; expected chunked, or a body with \
                 Content-Length",
                header_text(&coding)
            )));
        }
        let (body, trailers) = unchunked(body)
            .ok_or_else(|| wrong("the chunked body is damaged or truncated".to_owned()))?;
        let trailers = trailers.iter().map(|(name, value)| (&**name, &**value));
        head.trailers = wire::trailers(trailers).map_err(|error| wrong(error.to_string()))?;
        return Ok(RecordedRequest::bare(head, body.into()));
    }
    let Some(declared) = head.joined("content-length") else {
        return Ok(RecordedRequest::bare(head, Bytes::copy_from_slice(body)));
    };
    let declared = header_text(&declared).trim().to_owned();
    let length: usize =
        declared.parse().map_err(|_| wrong(format!("invalid Content-Length `{declared}`")))?;
    let rest = body.len().saturating_sub(length);
    // Editors and shells append a line end, which is not part of the body.
    let is_line_end = matches!(body.get(length..), Some(b"" | b"\n" | b"\r\n"));
    match body.get(..length) {
        Some(whole) if is_line_end => {
            Ok(RecordedRequest::bare(head, Bytes::copy_from_slice(whole)))
        }
        Some(_) => Err(wrong(format!(
            "{rest} bytes follow the body of {length} bytes that Content-Length declares"
        ))),
        None => Err(wrong(format!(
            "truncated: Content-Length is {length} bytes, but only {} are present",
            body.len()
        ))),
    }
}

/// Name and value of a trailer.
type Trailer = (String, String);

/// Returns the content of a chunked body (RFC 9112 section 7.1) and its trailers; `None` if the body
/// is invalid.
fn unchunked(mut rest: &[u8]) -> Option<(Vec<u8>, Vec<Trailer>)> {
    let mut body = Vec::new();
    loop {
        let size = std::str::from_utf8(line(&mut rest)?.split(|byte| *byte == b';').next()?);
        let size = usize::from_str_radix(size.ok()?.trim(), 16).ok()?;
        if size == 0 {
            break;
        }
        body.extend_from_slice(rest.split_off(..size)?);
        if !line(&mut rest)?.is_empty() {
            return None;
        }
    }
    let mut trailers = Vec::new();
    // Editors drop the empty line at the end.
    while let Some(trailer) = line(&mut rest).filter(|line| !line.is_empty()) {
        let trailer = header_text(trailer);
        let (name, value) = trailer.split_once(':')?;
        trailers.push((name.to_owned(), value.trim().to_owned()));
    }
    rest.is_empty().then_some((body, trailers))
}

/// Takes the next line, without its end.
fn line<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let end = memchr::memchr(b'\n', rest)?;
    let line = rest.split_off(..=end)?.strip_suffix(b"\n")?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}
