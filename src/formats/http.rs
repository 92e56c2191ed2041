//! Requests for editors: `.http` files, which the REST clients of several editors read
//! (<https://github.com/JetBrains/http-request-in-editor-spec>).
//!
//! A comment before each request contains what the format cannot express, so that the request can
//! be read back byte for byte. Bodies that an editor would change are in files of their own.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::layout::escape_unsafe;
use super::wire;
use super::{Entry, EntryError, EntryOptions};
use crate::delivery::{Delivery, Head, Header, is_hop_by_hop};
use crate::payload::{escape, form};

/// Start of the comment with the other values.
pub(crate) const MARK: &str = "# @hookglass ";

/// Values that the format cannot express.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpExtras {
    pub received_at: String,
    pub provider: String,
    /// Request target, because the request line contains a URL.
    pub target: String,
    /// Headers that an editor sends by default: index, name, and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<(usize, String, String)>,
    /// Head in base64, only if the lines do not determine its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_base64: Option<String>,
    /// Trailers after a chunked body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trailers: Vec<(String, String)>,
}

/// Returns a delivery as a request to the base URL. A body that needs a file of its own is written
/// to `{stem}.{id}.body`.
pub(crate) fn request(
    delivery: &Delivery,
    options: &EntryOptions<'_>,
) -> Result<Entry, EntryError> {
    let EntryOptions { base, stem } = *options;
    let (summary, head) = (&delivery.summary, &delivery.head);
    check(head)?;
    let kept = &head.headers;
    let said: Vec<wire::HeaderPair<'_>> =
        kept.iter().map(|header| (header.name.as_str().into(), header.text())).collect();
    let target = head.target_text();
    let exact = wire::head_bytes(&head.method, &target, head.version.as_str(), &said);
    let is_exact = exact == head.raw;
    let is_own = |header: &Header| {
        is_hop_by_hop(&header.name) || header.is("host") || header.is("content-length")
    };
    let own = kept.iter().enumerate().filter(|(_, header)| is_own(header));
    let rest = HttpExtras {
        received_at: format!("{:.6}", summary.request.received_at),
        provider: summary.provider.clone(),
        target: target.into_owned(),
        elsewhere: own
            .map(|(at, header)| (at, header.name.clone(), header.text().into_owned()))
            .collect(),
        head_base64: if is_exact { None } else { wire::head_base64(head) },
        trailers: wire::owned(wire::trailer_pairs(head)),
    };
    let rest = serde_json::to_string(&rest).unwrap_or_default();
    let mut text =
        format!("### {} {}\n{MARK}{}\n", summary.id, title(delivery), escape_unsafe(rest));
    // Editors replace variables in double braces.
    let path = super::shell::path(&head.target).replace("{{", "%7B%7B");
    let method = escape(&head.method);
    let base = base.trim_end_matches('/');
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{method} {base}{path} {}", head.version);
    for header in kept.iter().filter(|header| !is_own(header)) {
        let line = format!("{}: {}", header.name, header.text());
        let _ = writeln!(text, "{}", escape(&line));
    }
    // Editors rewrite forms.
    let is_form = wire::content_type(head)
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with(form::MEDIA_TYPE));
    let plain =
        std::str::from_utf8(&delivery.body).ok().filter(|body| is_sent_unchanged(body) && !is_form);
    match plain {
        _ if delivery.body.is_empty() => {
            text.push('\n');
            Ok(Entry { text, file: None })
        }
        Some(body) => {
            let _ = write!(text, "\n{body}\n\n");
            Ok(Entry { text, file: None })
        }
        None => {
            let name = format!("{stem}.{}.body", summary.id);
            let _ = write!(text, "\n< ./{name}\n\n");
            Ok(Entry { text, file: Some((name, delivery.body.clone())) })
        }
    }
}

/// Methods that editors know. A line that begins with another word may be read as a URL.
const METHODS: [&str; 19] = [
    "ACL",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LOCK",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PUT",
    "SEARCH",
    "TRACE",
    "UNLOCK",
];

/// Checks that an editor reads the request line and the headers as such: `#` begins a comment or
/// another request, and double braces name a variable, which may be one of the environment.
fn check(head: &Head) -> Result<(), EntryError> {
    if !METHODS.contains(&head.method.as_str()) {
        return Err(EntryError::Method(escape(&head.method).into_owned()));
    }
    for header in &head.headers {
        if header.name.starts_with('#') || header.text().contains("{{") {
            return Err(EntryError::Header(escape(&header.name).into_owned()));
        }
    }
    Ok(())
}

fn title(delivery: &Delivery) -> String {
    let title = delivery.summary.title();
    escape(&title).replace(['\n', '\r'], " ")
}

/// Returns whether an editor sends a body unchanged: no variables, no line with a special start, no
/// white space at either end, and only plain lines.
fn is_sent_unchanged(body: &str) -> bool {
    let begins = |line: &str| {
        ["###", "<", ">", "#", "//"].iter().any(|mark| line.trim_start().starts_with(mark))
    };
    let shown = |line: &str| escape(line) == line;
    body.trim() == body
        && !body.contains("{{")
        && !body.contains('\r')
        && body.split('\n').all(|line| !begins(line) && shown(line))
}
