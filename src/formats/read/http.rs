//! Reads requests of editors, written by hookglass or by hand.

use bytes::Bytes;
use jiff::Timestamp;

use super::{ImportError, ReadFile, RecordedRequest};
use crate::formats::http::{MARK, Rest};
use crate::formats::wire::{self, HeaderPair};

/// Returns whether a text contains requests as editors write them.
pub(super) fn is_likely(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    first.starts_with('#') || first.starts_with("//") || is_url_line(first)
}

/// Matches `POST http://…`; in a raw request the target is a path.
fn is_url_line(line: &str) -> bool {
    line.split(' ').nth(1).is_some_and(|url| url.starts_with("http") || url.starts_with("{{"))
}

pub(super) fn read(
    text: &str,
    read_file: ReadFile<'_>,
) -> Result<Vec<RecordedRequest>, ImportError> {
    let mut found = Vec::new();
    let mut part: Vec<(usize, &str)> = Vec::new();
    for (at, line) in text.split('\n').enumerate() {
        if line.starts_with("###") {
            found.extend(request(&part, read_file)?);
            part.clear();
        } else {
            part.push((at + 1, line));
        }
    }
    found.extend(request(&part, read_file)?);
    if found.is_empty() {
        return Err(ImportError::Whole("no request found".to_owned()));
    }
    Ok(found)
}

/// Parses the request of a section; `None` if it contains only comments.
fn request(
    part: &[(usize, &str)],
    read_file: ReadFile<'_>,
) -> Result<Option<RecordedRequest>, ImportError> {
    let mut rest: Option<Rest> = None;
    let mut lines = part.iter();
    let (at, first) = loop {
        let Some(&(at, line)) = lines.next() else { return Ok(None) };
        if let Some(json) = line.strip_prefix(MARK) {
            let read = serde_json::from_str(json);
            rest = Some(read.map_err(|error| ImportError::at(at, error))?);
        } else if !is_skipped(line) {
            break (at, line.trim());
        }
    };
    let (method, url, version) = request_line(first).map_err(|why| ImportError::at(at, why))?;
    let mut pairs: Vec<HeaderPair<'_>> = Vec::new();
    for &(at, line) in lines.by_ref() {
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() {
            break;
        }
        if line.starts_with('#') || line.starts_with("//") {
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(ImportError::at(at, format!("invalid header line `{line}`")));
        };
        pairs.push((name.into(), value.trim().into()));
    }
    if let Some(rest) = &rest {
        for (place, name, value) in &rest.elsewhere {
            pairs.insert((*place).min(pairs.len()), (name.as_str().into(), value.as_str().into()));
        }
    }
    let target = rest.as_ref().map_or_else(|| target(url), |rest| rest.target.clone());
    let exact = rest.as_ref().and_then(|rest| rest.head_base64.as_deref());
    let head = wire::head(exact, method, &target, (version, &pairs))
        .map_err(|error| ImportError::at(at, error))?;
    let received_at = rest.as_ref().map(|rest| rest.received_at.parse::<Timestamp>());
    Ok(Some(RecordedRequest {
        received_at: received_at.transpose().map_err(|error| ImportError::at(at, error))?,
        provider: rest.map(|rest| rest.provider),
        ..RecordedRequest::bare(head, body(&lines.copied().collect::<Vec<_>>(), read_file)?)
    }))
}

fn is_skipped(line: &str) -> bool {
    let line = line.trim();
    // Variables of a file begin with `@`; only the editor knows their values.
    line.is_empty() || line.starts_with('#') || line.starts_with("//") || line.starts_with('@')
}

fn request_line(line: &str) -> Result<(&str, &str, &str), String> {
    if line.contains("{{") {
        return Err(format!("`{line}` contains a variable; replace it with its value"));
    }
    let mut words = line.split_ascii_whitespace();
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(url), None, ..) if url.starts_with("http") => Ok(("GET", url, "HTTP/1.1")),
        (Some(method), Some(url), version, None) if is_method(method) => {
            let version = version.filter(|version| version.starts_with("HTTP/1"));
            Ok((method, url, version.unwrap_or("HTTP/1.1")))
        }
        _ => Err(format!("invalid request line `{line}`: expected e.g. POST http://host/path")),
    }
}

fn is_method(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
}

/// Returns the path and the query of a URL.
fn target(url: &str) -> String {
    let behind = url.split_once("://").map_or(url, |(_, rest)| rest);
    if url.starts_with('/') {
        return url.to_owned();
    }
    behind.find('/').and_then(|at| behind.get(at..)).unwrap_or("/").to_owned()
}

/// A body ends before the empty line that precedes the next request; `< PATH` includes a file.
fn body(lines: &[(usize, &str)], read_file: ReadFile<'_>) -> Result<Bytes, ImportError> {
    let text = lines.iter().map(|(_, line)| *line).collect::<Vec<_>>().join("\n");
    let trimmed = text.trim_end_matches(['\n', '\r']);
    let Some(path) = trimmed.strip_prefix("< ") else {
        return Ok(trimmed.as_bytes().to_vec().into());
    };
    let at = lines.first().map(|(at, _)| *at).unwrap_or_default();
    let path = path.trim();
    read_file(path)
        .map(Bytes::from)
        .map_err(|error| ImportError::at(at, format!("{path}: {error}")))
}
