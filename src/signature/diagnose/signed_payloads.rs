//! Other payloads that may have been signed: without the time, in another order, and so on.

use std::borrow::Cow;

use super::finding::Finding;
use super::search::Search;
use super::{Question, describe};
use crate::delivery::{ProofRow, header_text};
use crate::payload::escape;
use crate::provider::template::{OldSpelling, Piece, pieces};
use crate::provider::{Scheme, TemplatePart, Unit};
use crate::signature::signed_payload::{Subject, payload_with_slot};
use crate::signature::{Cause, timestamp};

/// Payloads of other providers.
const TEMPLATES: [&str; 12] = [
    "{{timestamp}}.{{body}}",
    "{{timestamp}}{{body}}",
    "{{timestamp}}:{{body}}",
    "{{timestamp}}\n{{body}}",
    "{{body}}{{timestamp}}",
    "{{body}}.{{timestamp}}",
    "v0:{{timestamp}}:{{body}}",
    "v1:{{timestamp}}:{{body}}",
    "{{id}}.{{timestamp}}.{{body}}",
    "{{id}}{{timestamp}}{{body}}",
    "{{id}}.{{body}}",
    "{{timestamp}}.{{id}}.{{body}}",
];

/// Tries other signed payloads.
pub(super) fn other(
    question: &Question<'_>,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Finding> {
    search.family("other signed payloads");
    let Question { scheme, subject, .. } = *question;
    if !scheme.signed.is_body() && search.fits(subject.body) {
        let says =
            format!("only the body was signed; {} signs {}", question.title(), scheme.signed);
        let finding = Finding::from(Cause::TemplateBodyOnly).says(says);
        return Some(question.signed_as(finding, "{{body}}"));
    }
    time_in_other_unit(question, value, search)
        .or_else(|| without_a_part(question, value, search))
        .or_else(|| template(question, value, search))
}

/// Returns the signed payload with another text as the time.
fn with_time<'d>(
    scheme: &Scheme,
    subject: &Subject<'d>,
    value: &str,
    time: &str,
) -> Option<Cow<'d, [u8]>> {
    let mut scheme = scheme.clone();
    for part in &mut scheme.signed.parts {
        if *part == TemplatePart::Timestamp {
            *part = TemplatePart::Text(time.to_owned());
        }
    }
    payload_with_slot(&scheme, subject, value).ok()
}

/// Tries the time of signing in another unit than the request has it.
fn time_in_other_unit(
    question: &Question<'_>,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Finding> {
    let Question { scheme, subject, .. } = *question;
    let clock = scheme.timestamp.as_ref()?;
    if !scheme.signed.has(&TemplatePart::Timestamp) {
        return None;
    }
    let received = subject.value_at(scheme, &clock.from, value)?;
    for (unit, time) in timestamp::other_units(&received) {
        let signed = with_time(scheme, subject, value, &time)?;
        if search.fits(&signed) {
            let own = match clock.unit {
                Unit::Seconds => "seconds",
                Unit::Milliseconds => "milliseconds",
                Unit::Rfc3339 => "RFC 3339",
            };
            let says = format!(
                "the time was signed in {unit}, but is sent in {own} in {}",
                describe(&clock.from)
            );
            let received = ProofRow::new("received", escape(&received));
            let finding = Finding::from(Cause::TimestampUnit).says(says);
            return Some(finding.rows(received, ProofRow::new("signed", time)));
        }
    }
    None
}

/// Tries the scheme's own payload without one of its parts.
fn without_a_part(
    question: &Question<'_>,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Finding> {
    let Question { scheme, subject, .. } = *question;
    let parts = &scheme.signed.parts;
    for at in 0..parts.len() {
        let mut changed = scheme.clone();
        let part = changed.signed.parts.remove(at);
        // Without the body the signature says nothing.
        if part == TemplatePart::Body || changed.signed.parts.is_empty() {
            continue;
        }
        let Ok(signed) = payload_with_slot(&changed, subject, value) else { continue };
        if search.fits(&signed) {
            let what = match part {
                TemplatePart::Text(text) => format!("the text `{text}`"),
                TemplatePart::Timestamp => "the time".to_owned(),
                TemplatePart::Id => "the id".to_owned(),
                TemplatePart::Url => "the URL".to_owned(),
                TemplatePart::Method => "the method".to_owned(),
                TemplatePart::Form => "the form's fields".to_owned(),
                _ => "one of its parts".to_owned(),
            };
            let title = question.title();
            let says =
                format!("the payload was signed without {what}; {title} signs {}", scheme.signed);
            return Some(Finding::from(Cause::Template).says(says));
        }
    }
    None
}

/// Tries other providers' templates, with anything that looks like a time or an id in this request.
fn template(question: &Question<'_>, value: &str, search: &mut Search<'_>) -> Option<Finding> {
    let Question { scheme, subject, .. } = *question;
    let times = times(subject, value);
    let ids: Vec<String> = headers_where(subject, |name| name.ends_with("-id"));
    let empty = [String::new()];
    for text in TEMPLATES {
        // With another time or id the provider's own template is no other one.
        if scheme.signed.to_string() == format!("`{text}`") {
            continue;
        }
        let Ok(pieces) = pieces(text, OldSpelling::None) else { continue };
        let has_time = has(&pieces, "timestamp");
        let times = if has_time { times.as_slice() } else { &empty };
        let ids = if has(&pieces, "id") { ids.as_slice() } else { &empty };
        for (time, id) in times.iter().flat_map(|time| ids.iter().map(move |id| (time, id))) {
            if search.fits(&fill(&pieces, time, id, subject.body)) {
                let extra = has_time && !scheme.signed.has(&TemplatePart::Timestamp);
                let cause = if extra { Cause::TemplateExtraTimestamp } else { Cause::Template };
                let shown = fill(&pieces, time, id, b"{body}");
                let shown = escape(&String::from_utf8_lossy(&shown)).into_owned();
                let title = question.title();
                let says = format!("`{text}` was signed; {title} signs {}", scheme.signed);
                let finding = Finding::from(cause).says(says);
                return Some(question.signed_as(finding, &shown));
            }
        }
    }
    None
}

fn has(pieces: &[Piece<'_>], wanted: &str) -> bool {
    pieces.iter().any(|piece| matches!(piece, Piece::Placeholder { name, .. } if *name == wanted))
}

fn fill(pieces: &[Piece<'_>], time: &str, id: &str, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 64);
    for piece in pieces {
        out.extend_from_slice(match *piece {
            Piece::Text(text) => text.as_bytes(),
            Piece::Placeholder { name: "timestamp", .. } => time.as_bytes(),
            Piece::Placeholder { name: "id", .. } => id.as_bytes(),
            Piece::Placeholder { .. } => body,
        });
    }
    out
}

/// Returns texts of the request that may be the time of signing.
fn times(subject: &Subject<'_>, value: &str) -> Vec<String> {
    let mut out = headers_where(subject, |name| name.contains("timestamp") || name == "date");
    let items = value.split([',', ';']).filter_map(|item| item.trim().split_once('='));
    let stamps = items.filter(|(key, _)| ["t", "ts", "timestamp"].contains(key));
    out.extend(stamps.map(|(_, time)| time.to_owned()));
    out
}

pub(super) fn headers_where(subject: &Subject<'_>, matches: impl Fn(&str) -> bool) -> Vec<String> {
    let headers = subject.head.headers.iter();
    headers
        .filter(|header| matches(&header.name.to_ascii_lowercase()))
        .map(|header| header_text(&header.value).into_owned())
        .collect()
}
