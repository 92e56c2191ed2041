//! Evaluates terms on deliveries.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;

use super::expression::Term;
use super::field::{BAD, CHANGED, DIFFERS, FAILED, FieldKey};
use super::json_path;
use super::number::Number;
use super::value::{Alternative, FieldValue};
use crate::delivery::{Delivery, Head, SignatureStatus, Summary, header_text, target_path};
use crate::payload::decoded_whole;

/// Returns whether a term matches, if the summary alone can decide.
pub(super) fn summary(term: &Term, summary: &Summary, now: Timestamp) -> Option<bool> {
    match term {
        Term::Word(pattern) => {
            let event = &summary.event;
            let texts =
                [event.event_type.as_deref(), event.id.as_deref(), Some(&summary.request.target)];
            let is_found =
                texts.into_iter().flatten().any(|text| pattern.is_match(text.as_bytes()));
            is_found.then_some(true)
        }
        Term::Field(key, value) => field(*key, value, summary, now),
        Term::Header(..) | Term::Json(..) | Term::Jq(_) => None,
    }
}

/// Returns whether a term matches.
pub(super) fn delivery(term: &Term, delivery: &Delivery, now: Timestamp) -> bool {
    if let Some(verdict) = summary(term, &delivery.summary, now) {
        return verdict;
    }
    bytes(term, &delivery.head.raw, &without_compression(&delivery.head.raw, &delivery.body))
}

/// Returns whether a term matches that the summary leaves undecided; `body` without compression.
pub(super) fn bytes(term: &Term, head: &[u8], body: &[u8]) -> bool {
    match term {
        Term::Header(name, value) => value
            .passes(|choice| Head::has_value(head, name, |found| choice.fits(&header_text(found)))),
        Term::Word(_) | Term::Field(..) | Term::Json(..) | Term::Jq(_) => self::body(term, body),
    }
}

/// Returns whether a term matches that the body alone decides.
pub(super) fn body(term: &Term, body: &[u8]) -> bool {
    match term {
        Term::Word(pattern) => pattern.is_match(body),
        Term::Field(_, value) => value.passes(|choice| match choice {
            Alternative::Text(pattern) => pattern.is_match(body),
            Alternative::Compare(..)
            | Alternative::Range(..)
            | Alternative::Moment(_)
            | Alternative::Between(..)
            | Alternative::Empty
            | Alternative::Exists => false,
        }),
        // Decided by the head.
        Term::Header(..) => false,
        Term::Json(path, value) => {
            let raw = path.find(body);
            value.passes(|choice| raw.as_deref().is_some_and(|raw| fits_json(choice, raw)))
        }
        Term::Jq(program) => program.fits(body),
    }
}

/// Returns a body without its compression, as far as it is readable within bounds.
pub(super) fn without_compression<'b>(head: &[u8], body: &'b [u8]) -> Cow<'b, [u8]> {
    // Most bodies are plain JSON, which no compression begins like.
    if matches!(body, [] | [b'{', b'"' | b' ' | b'\n' | b'\r' | b'\t' | b'}', ..]) {
        return Cow::Borrowed(body);
    }
    let Some(encoding) = compression(head, body) else { return Cow::Borrowed(body) };
    let decoded = decoded_whole(&Bytes::copy_from_slice(body), &encoding);
    decoded.map_or(Cow::Borrowed(body), |decoded| Cow::Owned(decoded.to_vec()))
}

/// Returns the content encoding of a body, if it has one.
pub(super) fn compression(head: &[u8], body: &[u8]) -> Option<String> {
    // Bodies without the header are recognized by their first bytes.
    encoding_of(head).or_else(|| match body {
        [0x1f, 0x8b, ..] => Some("gzip".to_owned()),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd".to_owned()),
        _ => None,
    })
}

/// Returns the content encoding that a head names, if any.
fn encoding_of(head: &[u8]) -> Option<String> {
    let mut lines = head.split(|byte| *byte == b'\n');
    let is_named = |line: &&[u8]| {
        let name = line.get(..CONTENT_ENCODING.len()).unwrap_or_default();
        name.eq_ignore_ascii_case(CONTENT_ENCODING)
    };
    lines.find(is_named)?;
    let raw = Bytes::copy_from_slice(head);
    let head = Head::parse(raw.clone()).unwrap_or_else(|_| Head::lenient(raw));
    head.joined_text("content-encoding")
}

const CONTENT_ENCODING: &[u8] = b"content-encoding:";

fn fits_json(choice: &Alternative, raw: &str) -> bool {
    match choice {
        Alternative::Exists => true,
        Alternative::Empty => json_path::is_empty(raw),
        Alternative::Text(_)
        | Alternative::Compare(..)
        | Alternative::Range(..)
        | Alternative::Moment(_)
        | Alternative::Between(..) => {
            crate::payload::pointer::scalar(raw).is_some_and(|text| choice.fits(&text))
                || is_same_number(choice, raw)
        }
    }
}

/// Returns whether a JSON number has the value of an unquoted number, e.g. `1.50` that of `1.5`.
fn is_same_number(choice: &Alternative, raw: &str) -> bool {
    let Alternative::Text(pattern) = choice else { return false };
    let Some(number) = pattern.number() else { return false };
    Number::parse(raw).is_some_and(|found| found.compare(number).is_eq())
}

fn field(key: FieldKey, value: &FieldValue, summary: &Summary, now: Timestamp) -> Option<bool> {
    let is = |it: Option<&str>| text(key, value, it);
    let time = |is_since| {
        value.passes(|choice| {
            span(choice, now, is_since)
                .is_some_and(|(from, to)| (from..=to).contains(&summary.request.received_at))
        })
    };
    Some(match key {
        FieldKey::Number => is(Some(&summary.id.to_string())),
        FieldKey::Type => is(summary.event.event_type.as_deref()),
        FieldKey::Signature => signature(value, summary.signature.status),
        FieldKey::Cause => is(summary.signature.cause.as_deref()),
        FieldKey::Provider => is(Some(&summary.provider)),
        FieldKey::Method => is(Some(&summary.request.method)),
        FieldKey::Path => is(Some(&summary.request.target)),
        FieldKey::Status => is(summary.response.map(|status| status.to_string()).as_deref()),
        FieldKey::Body => return None,
        FieldKey::Id => is(summary.event.id.as_deref()),
        FieldKey::Size => is(Some(&summary.request.body_size.to_string())),
        FieldKey::Latency => {
            is(summary.waited().map(|waited| waited.as_micros().to_string()).as_deref())
        }
        FieldKey::Since => time(true),
        FieldKey::Until => time(false),
        FieldKey::Duplicate => {
            duplicate(value, summary.duplicate_of.is_some(), summary.flags.differs)
        }
        FieldKey::Shape => is((!summary.flags.schema_changes.is_empty()).then_some(CHANGED)),
        FieldKey::Resent => is(Some(yes_or_no(summary.flags.resent))),
        FieldKey::Marked => is(Some(yes_or_no(summary.annotations.marked))),
        FieldKey::Source => is(Some(summary.request.source.as_str())),
        FieldKey::Via => is(summary.request.via.as_deref()),
        FieldKey::Peer => is(summary.request.peer.as_deref()),
    })
}

pub(super) fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// A failed verdict also matches the words that mean all failed ones.
pub(super) fn signature(value: &FieldValue, status: SignatureStatus) -> bool {
    value.passes(|choice| {
        choice.fits(status.as_str())
            || (status.is_failed() && (choice.fits(FAILED) || choice.fits(BAD)))
    })
}

/// A duplicate that differs is also a duplicate.
pub(super) fn duplicate(value: &FieldValue, is: bool, differs: bool) -> bool {
    value.passes(|choice| choice.fits(yes_or_no(is)) || (is && differs && choice.fits(DIFFERS)))
}

/// Returns whether the text of a field matches; some fields match a part of it.
pub(super) fn text(key: FieldKey, value: &FieldValue, text: Option<&str>) -> bool {
    let Some(text) = text else { return value.passes(|_| false) };
    let part = match key {
        FieldKey::Path => Some(target_path(text)),
        FieldKey::Peer => Some(address(text)),
        _ => None,
    };
    value.passes(|choice| choice.fits(text) || part.is_some_and(|part| choice.fits(part)))
}

/// Returns the address without its port, and an IPv6 address without its brackets.
fn address(peer: &str) -> &str {
    let address = peer.rsplit_once(':').map_or(peer, |(address, _)| address);
    let inside = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.unwrap_or(address)
}

/// Returns the first and the last instant that match; `None` if they are out of range.
pub(super) fn span(
    choice: &Alternative,
    now: Timestamp,
    is_since: bool,
) -> Option<(Timestamp, Timestamp)> {
    match choice {
        Alternative::Moment(moment) if is_since => Some((moment.start(now)?, Timestamp::MAX)),
        Alternative::Moment(moment) => Some((Timestamp::MIN, moment.end(now)?)),
        Alternative::Between(from, to) => {
            let start = from.start(now)?;
            Some((start, to.end_after(start, now)?))
        }
        Alternative::Text(_)
        | Alternative::Compare(..)
        | Alternative::Range(..)
        | Alternative::Empty
        | Alternative::Exists => None,
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_has_neither_port_nor_brackets() {
        assert_eq!(address("127.0.0.1:51234"), "127.0.0.1");
        assert_eq!(address("[::1]:80"), "::1");
        assert_eq!(address("pipe"), "pipe");
    }
}
