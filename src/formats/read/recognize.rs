//! Describes an unsupported file: what it looks like, and how to use it.

use serde_json::Value;

use crate::payload::visible_bytes;

/// Kind of a JSON document that hookglass did not export.
pub(super) enum JsonDocumentKind {
    Har,
    Postman,
    Insomnia,
    /// It may be a list of captured requests; otherwise this is why it cannot be read.
    Other(String),
}

pub(super) fn json(value: &Value) -> JsonDocumentKind {
    let has = |key: &str| value.get(key).is_some();
    let text = |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let is_log =
        |log: &Value| ["entries", "creator", "pages"].iter().any(|key| log.get(key).is_some());
    if value.get("log").is_some_and(is_log) {
        return JsonDocumentKind::Har;
    }
    if value.pointer("/info").is_some() && has("item") {
        return JsonDocumentKind::Postman;
    }
    if text("/_type") == "export" && has("resources") {
        return JsonDocumentKind::Insomnia;
    }
    let looks = |what: &str, remedy: &str| {
        JsonDocumentKind::Other(format!("it looks like {what}; {remedy}"))
    };
    if has("_postman_variable_scope") {
        return looks("a Postman environment", "export the collection instead");
    }
    if has("openapi") || has("swagger") {
        return looks("an OpenAPI description", "it contains no requests");
    }
    if has("dependencies") || has("devDependencies") || has("compilerOptions") || has("scripts") {
        return looks("a project file such as package.json", "it contains no requests");
    }
    looks(
        "a payload without its request, since this JSON is not a hookglass export, a HAR, or a list of captured requests",
        "to send it, use `hookglass send FILE`",
    )
}

/// Describes bytes that are not a request.
pub(super) fn bytes(bytes: &[u8]) -> String {
    let start = bytes.trim_ascii_start();
    let text = String::from_utf8_lossy(start.get(..512).unwrap_or(start)).to_lowercase();
    let known = [
        (bytes.starts_with(b"PK\x03\x04"), "a ZIP archive; unpack it first"),
        (
            bytes.starts_with(b"\xd4\xc3\xb2\xa1") || bytes.starts_with(b"\x0a\x0d\x0d\x0a"),
            "a packet capture; export its HTTP requests as HAR, e.g. with mitmproxy",
        ),
        (text.starts_with("<!doctype html") || text.starts_with("<html"), "an HTML page"),
        (text.starts_with('<'), "XML without its request; to send it, use `hookglass send FILE`"),
        (
            text.contains("collection.insomnia.rest"),
            "an Insomnia 5 collection; export it as Insomnia 4 (JSON) or HAR",
        ),
        (text.starts_with("openapi:") || text.starts_with("swagger:"), "an OpenAPI description"),
        (
            text.lines()
                .next()
                .is_some_and(|line| line.contains("uuid") && line.matches(',').count() > 3),
            "a CSV export; export it as JSON",
        ),
        (
            text.starts_with("wget ") || text.starts_with("http ") || text.starts_with("xh "),
            "a command of another client; only curl commands are read",
        ),
    ];
    if let Some((_, what)) = known.iter().find(|(is_it, _)| *is_it) {
        return format!("it looks like {what}");
    }
    let first = start.get(..24).unwrap_or(start);
    format!(
        "not a fixture, JSON Lines, HAR, .http file, curl command, or raw HTTP request (first bytes: `{}`)",
        visible_bytes(first)
    )
}
