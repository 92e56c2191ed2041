//! Reads one raw HTTP/1 request.

use bytes::Bytes;

use super::{ImportError, RecordedRequest, RequestError, recognize};
use crate::delivery::{Head, header_text, is_token};
use crate::payload::visible_bytes;

/// Returns the error of the first line of the head that is not a header.
fn invalid_line(bytes: &[u8]) -> Option<ImportError> {
    let lines =
        bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let headers = (1..).zip(lines).skip(1).take_while(|(_, line)| !line.is_empty());
    let is_header = |line: &[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.len() < line.len() && is_token(name)
    };
    let (line, text) = headers.into_iter().find(|(_, line)| !is_header(line))?;
    let reason = RequestError::HeaderLine(visible_bytes(text));
    Some(ImportError::Line { line, reason })
}

/// Reads a request. Lines may end in a bare line feed, as editors write them; the bytes are kept as
/// they are.
pub(super) fn read(bytes: &[u8]) -> Result<RecordedRequest, ImportError> {
    let wrong = |reason: String| ImportError::Whole(reason);
    let head = Head::parse(Bytes::copy_from_slice(bytes)).map_err(|error| {
        // A request with an invalid request line is still a request.
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let is_request = memchr::memmem::find(line, b" HTTP/").is_some();
        if is_request {
            invalid_line(bytes).unwrap_or_else(|| wrong(format!("invalid HTTP request: {error}")))
        } else {
            ImportError::Unrecognized(recognize::bytes(bytes))
        }
    })?;
    let body = bytes.get(head.raw.len()..).unwrap_or_default();
    if let Some(coding) = head.joined("transfer-encoding") {
        return Err(wrong(format!(
            "the body is chunked (Transfer-Encoding: {}); expected a body with Content-Length",
            header_text(&coding)
        )));
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
