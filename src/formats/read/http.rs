//! Reads requests of editors: those that hookglass wrote, and those written by hand for the HTTP
//! clients of `JetBrains` and VS Code.
//!
//! Scripts, response handlers, and redirections of the response are not part of a request. They are
//! skipped with a warning.

use jiff::Timestamp;

use super::collections::{environments, graphql};
use super::draft::{RequestDraft, Url};
use super::variables::Variables;
use super::{Collector, RecordedRequest, RequestError, RequestFileError};
use crate::formats::http::{HttpExtras, MARK};
use crate::formats::wire::{self, HeaderPair};
use crate::payload::form;

/// Methods of other protocols.
const PROTOCOLS: [&str; 7] = ["WEBSOCKET", "WS", "GRPC", "SSE", "EVENTSOURCE", "MQTT", "RSOCKET"];

/// Files with variables, which editors look for next to the requests.
const ENVIRONMENT_FILES: [&str; 2] = ["http-client.private.env.json", "http-client.env.json"];

/// Returns whether a text contains requests as editors write them.
pub(super) fn is_likely(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let is_marked = ["#", "//", "@", "< {%"].iter().any(|mark| first.starts_with(mark));
    (is_marked && !first.starts_with("#!")) || is_url_line(first)
}

/// Matches `POST http://…` and a URL alone; in a raw request the target is a path and a version
/// follows.
fn is_url_line(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [url] => url.starts_with("http://") || url.starts_with("https://") || url.starts_with("{{"),
        [method, target] if is_method(method) && !target.contains('"') => {
            target.starts_with('/') || is_url(target)
        }
        [method, target, version] if is_method(method) && version.starts_with("HTTP/") => {
            is_url(target)
        }
        [method, target, ..] => {
            is_method(method) && (target.starts_with("http") || target.starts_with("{{"))
        }
        [] => false,
    }
}

fn is_url(text: &str) -> bool {
    let host = text.split(['/', '?']).next().unwrap_or_default();
    text.contains("://")
        || text.starts_with("{{")
        || (!text.starts_with(['/', '*']) && host.contains([':', '.']))
        || host == "localhost"
}

fn is_method(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// A line and its number.
type Numbered<'t> = (usize, &'t str);

pub(super) fn read(text: &str, collector: &mut Collector<'_>) -> Result<(), RequestFileError> {
    let mut sections: Vec<Vec<Numbered<'_>>> = vec![Vec::new()];
    for (at, line) in text.split('\n').enumerate() {
        if line.starts_with("###") {
            sections.push(Vec::new());
        } else if let Some(section) = sections.last_mut() {
            section.push((at + 1, line));
        }
    }
    let mut variables = declared(&sections);
    add_environment(text, &mut variables, collector);
    for section in &sections {
        match request(section, &variables, collector) {
            None => {}
            Some(Ok(request)) => collector.push("request", Ok(request))?,
            Some(Err((at, reason))) => collector.push_line(at, Err(reason))?,
        }
    }
    if collector.is_empty() {
        return Err(RequestFileError::Whole("no request found".to_owned()));
    }
    Ok(())
}

/// Returns the variables that the file declares: `@host = http://localhost`.
fn declared(sections: &[Vec<Numbered<'_>>]) -> Variables {
    let mut variables = Variables::default();
    for (_, line) in sections.iter().flatten() {
        let Some(declaration) = line.trim().strip_prefix('@') else { continue };
        if let Some((name, value)) = declaration.split_once('=')
            && !name.trim().is_empty()
            && name.trim().chars().all(|one| one.is_alphanumeric() || "_-.".contains(one))
        {
            variables.set(name.trim(), value.trim());
        }
    }
    variables
}

/// Adds the variables of the only environment next to the file.
fn add_environment(text: &str, variables: &mut Variables, collector: &mut Collector<'_>) {
    if !text.contains("{{") {
        return;
    }
    for name in ENVIRONMENT_FILES {
        let Ok(bytes) = (collector.read_file)(name) else { continue };
        let Ok(value) = serde_json::from_slice(&bytes) else {
            collector.warn(format!("{name} is not JSON, so its variables are unknown"));
            continue;
        };
        let mut all = environments(&value);
        let shared = all.remove("$shared").unwrap_or_default();
        let chosen = all.keys().next().cloned();
        if let (Some(chosen), true) = (&chosen, all.len() > 1) {
            let names: Vec<&str> = all.keys().map(String::as_str).collect();
            collector.warn(format!(
                "{name} has several environments ({}); `{chosen}` was used",
                names.join(", ")
            ));
        }
        let own = chosen.and_then(|chosen| all.remove(&chosen)).unwrap_or_default();
        for (name, value) in own.iter().chain(&shared) {
            variables.set_default(name, value);
        }
    }
}

/// An error and its line.
type Located = (usize, RequestError);

/// Returns the request of a section; none if it contains only comments.
fn request(
    section: &[Numbered<'_>],
    variables: &Variables,
    collector: &mut Collector<'_>,
) -> Option<Result<RecordedRequest, Located>> {
    let mut lines = section.iter().copied().peekable();
    let mut rest = None;
    let (at, first) = loop {
        let (at, line) = lines.next()?;
        if let Some(json) = line.strip_prefix(MARK) {
            rest = Some((at, serde_json::from_str::<HttpExtras>(json)));
        } else if line.trim_start().starts_with("< ") {
            if let Err(error) = skip_script(line, at, &mut lines, collector) {
                return Some(Err((at, error)));
            }
        } else if is_skipped(line) {
            check_variable(line, at, collector);
        } else {
            break (at, line);
        }
    };
    let rest: Vec<Numbered<'_>> = match rest {
        Some((_, Ok(own))) => {
            return Some(own_request((at, first), lines.collect(), own, collector));
        }
        Some((at, Err(error))) => return Some(Err((at, RequestError::json(&error)))),
        None => lines.collect(),
    };
    Some(hand_written((at, first), &rest, variables, collector))
}

/// Skips a script before the request: `< {% … %}` over several lines, or `< script.js`.
fn skip_script<'t>(
    line: &'t str,
    at: usize,
    lines: &mut impl Iterator<Item = Numbered<'t>>,
    collector: &mut Collector<'_>,
) -> Result<(), RequestError> {
    collector.warn(format!("line {at}: skipped the script before the request"));
    if line.contains("{%") && !line.contains("%}") && !lines.any(|(_, line)| line.contains("%}")) {
        return Err(RequestError::OpenScript);
    }
    Ok(())
}

fn is_comment(line: &str) -> bool {
    line.starts_with('#') || line.starts_with("//")
}

/// Reports a line that begins like a variable but is not one.
fn check_variable(line: &str, at: usize, collector: &mut Collector<'_>) {
    let declaration = line.trim().strip_prefix('@');
    if declaration.is_some_and(|declaration| !declaration.contains('=')) {
        let line = line.trim();
        collector.warn(format!("line {at}: skipped `{line}`: expected e.g. @host = localhost"));
    }
}

fn is_skipped(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || is_comment(line) || line.starts_with('@')
}

/// Builds a request that hookglass wrote, byte for byte.
fn own_request(
    (at, first): Numbered<'_>,
    lines: Vec<Numbered<'_>>,
    rest: HttpExtras,
    collector: &Collector<'_>,
) -> Result<RecordedRequest, Located> {
    let here = |reason: RequestError| (at, reason);
    let (method, url, version) = request_line(first).map_err(here)?;
    let mut lines = lines.into_iter();
    let mut pairs: Vec<HeaderPair<'_>> = Vec::new();
    for (number, line) in lines.by_ref() {
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() {
            break;
        }
        if is_comment(line) {
            continue;
        }
        pairs.push(header(line).map_err(|reason| (number, reason))?);
    }
    for (place, name, value) in &rest.elsewhere {
        pairs.insert((*place).min(pairs.len()), (name.as_str().into(), value.as_str().into()));
    }
    let target = if rest.target.is_empty() { Url::of(url).target } else { rest.target.clone() };
    let mut head = wire::head(rest.head_base64.as_deref(), method, &target, version, &pairs)
        .map_err(|error| here(error.into()))?;
    let trailers = rest.trailers.iter().map(|(name, value)| (&**name, &**value));
    head.trailers = wire::trailers(trailers).map_err(|error| here(error.into()))?;
    let received_at = rest
        .received_at
        .parse::<Timestamp>()
        .map_err(|error| here(RequestError::Invalid(error.to_string())))?;
    // A body ends before the empty line that precedes the next request.
    let text = lines.map(|(_, line)| line).collect::<Vec<_>>().join("\n");
    let trimmed = text.trim_end_matches(['\n', '\r']);
    let body = match trimmed.strip_prefix("< ") {
        Some(path) => collector.file(path.trim()).map_err(here)?,
        None => trimmed.as_bytes().to_vec(),
    };
    Ok(RecordedRequest {
        received_at: Some(received_at),
        provider: Some(rest.provider),
        ..RecordedRequest::bare(head, body.into())
    })
}

fn header(line: &str) -> Result<HeaderPair<'_>, RequestError> {
    let (name, value) =
        line.split_once(':').ok_or_else(|| RequestError::HeaderLine(line.to_owned()))?;
    Ok((name.trim().into(), value.trim().into()))
}

/// Splits a request line into method, URL, and version.
fn request_line(line: &str) -> Result<(&str, &str, &str), RequestError> {
    let line = line.trim();
    let wrong = || RequestError::RequestLine(line.to_owned());
    let (line, version) = match line.rsplit_once(char::is_whitespace) {
        Some((line, version)) if version.starts_with("HTTP/") => (line.trim_end(), version),
        _ => (line, "HTTP/1.1"),
    };
    let version = if version == "HTTP/1.0" { version } else { "HTTP/1.1" };
    match line.split_once(char::is_whitespace) {
        Some((method, url)) if is_method(method) => Ok((method, url.trim(), version)),
        None if is_url(line) => Ok(("GET", line, version)),
        Some(_) if is_url(line) && line.contains("://") => Ok(("GET", line, version)),
        _ => Err(wrong()),
    }
}

fn hand_written(
    (at, first): Numbered<'_>,
    lines: &[Numbered<'_>],
    variables: &Variables,
    collector: &mut Collector<'_>,
) -> Result<RecordedRequest, Located> {
    let here = |reason: RequestError| (at, reason);
    let mut lines = lines.iter().copied().peekable();
    let mut first = first.trim().to_owned();
    // A long URL continues on indented lines.
    while let Some((_, line)) = lines.next_if(|(_, line)| is_continuation(line)) {
        first.push_str(line.trim());
    }
    let first = variables.fill(&first).map_err(here)?;
    let (method, url, version) = request_line(&first).map_err(here)?;
    if PROTOCOLS.contains(&method) {
        return Err(here(RequestError::Protocol(method.to_owned())));
    }
    let mut draft = RequestDraft {
        method: method.to_owned(),
        url: url.to_owned(),
        version: version.to_owned(),
        ..RequestDraft::default()
    };
    for (number, line) in lines.by_ref() {
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() {
            break;
        }
        if is_comment(line.trim_start()) {
            continue;
        }
        let there = |reason: RequestError| (number, reason);
        let line = variables.fill(line).map_err(there)?;
        let (name, value) = header(&line).map_err(there)?;
        draft.headers.push((name.into_owned(), value.into_owned()));
    }
    let body = body_lines(lines.collect(), collector);
    draft.body = content(&body, variables, collector).map_err(here)?;
    let is_form = draft
        .header("content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with(form::MEDIA_TYPE));
    if is_form && draft.body.contains(&b'\n') {
        // Editors join the lines of a form.
        let text = String::from_utf8_lossy(&draft.body).into_owned();
        draft.body = text.lines().map(str::trim).collect::<String>().into_bytes();
    }
    let is_graphql = draft.method == "GRAPHQL"
        || draft.header("x-request-type").is_some_and(|kind| kind.eq_ignore_ascii_case("graphql"));
    if is_graphql {
        collector.warn(format!("line {at}: the GraphQL query was wrapped in JSON, as editors do"));
        let text = String::from_utf8_lossy(&draft.body).into_owned();
        let (query, values) = text.split_once("\n\n").unwrap_or((text.as_str(), ""));
        draft.body = graphql(query.trim(), values.trim());
        "POST".clone_into(&mut draft.method);
        draft.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("x-request-type"));
        draft.set_default("Content-Type", "application/json");
    }
    draft.request().map_err(here)
}

fn is_continuation(line: &str) -> bool {
    line.starts_with([' ', '\t']) && line.trim_start().starts_with(['?', '&', '/', '#'])
}

/// Returns the lines of a body, without instructions for handling the response.
fn body_lines<'t>(lines: Vec<Numbered<'t>>, collector: &mut Collector<'_>) -> Vec<&'t str> {
    let mut body = Vec::new();
    let mut lines = lines.into_iter();
    while let Some((at, line)) = lines.next() {
        let start = line.trim_end();
        let is_script = start.starts_with("> {%");
        let is_file = start.starts_with("> ")
            && !is_script
            && start.strip_prefix('>').is_some_and(is_handler_path);
        let is_other = ["<> ", ">> ", ">>! ", "?? "].iter().any(|mark| start.starts_with(mark));
        if is_script && !start.contains("%}") {
            while lines.next().is_some_and(|(_, line)| !line.contains("%}")) {}
        }
        if is_script || is_file {
            collector.warn(format!("line {at}: skipped the response handler"));
        } else if is_other {
            collector.warn(format!("line {at}: skipped `{start}`, which is about the response"));
        } else {
            body.push(line);
        }
    }
    while body.last().is_some_and(|line| line.trim().is_empty()) {
        body.pop();
    }
    body
}

fn is_handler_path(path: &str) -> bool {
    let path = path.trim();
    [".js", ".mjs", ".ts", ".http"].iter().any(|ending| path.ends_with(ending))
}

/// Returns the bytes of a body: its lines with the values of variables, and the files they name.
fn content(
    lines: &[&str],
    variables: &Variables,
    collector: &Collector<'_>,
) -> Result<Vec<u8>, RequestError> {
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_end_matches('\r');
        let bytes = match included(trimmed) {
            Some((path, is_filled)) => {
                let path = variables.fill(path)?;
                let bytes = collector.file(&path)?;
                match String::from_utf8(bytes) {
                    Ok(text) if is_filled => variables.fill(&text)?.into_bytes(),
                    Ok(text) => text.into_bytes(),
                    Err(error) => error.into_bytes(),
                }
            }
            None => {
                variables.fill(if at + 1 == lines.len() { trimmed } else { line })?.into_bytes()
            }
        };
        out.extend(bytes);
        if at + 1 < lines.len() {
            out.push(b'\n');
        }
    }
    Ok(out)
}

/// Returns the path of a line that names a file, and whether its variables are replaced:
/// `< path`, `<@ path`, `<@latin1 path`.
fn included(line: &str) -> Option<(&str, bool)> {
    let rest = line.strip_prefix('<')?;
    if let Some(rest) = rest.strip_prefix('@') {
        let (_encoding, path) = rest.split_once(' ')?;
        return Some((path.trim(), true));
    }
    let path = rest.strip_prefix(' ')?.trim();
    // XML has no space after the bracket.
    (!path.is_empty() && !path.ends_with('>')).then_some((path, false))
}
