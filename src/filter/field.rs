//! Table of fields, used by the parser, the completion, the help, and the docs.

use super::error::ParseError;
use crate::delivery::{SignatureStatus, Source};
use crate::diagnostic::nearest;
use crate::signature::Cause;

/// A field of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterField {
    /// Text before the colon; a name that ends in a dot takes a suffix.
    pub name: &'static str,
    /// Term that uses the field.
    pub example: &'static str,
    pub help: &'static str,
    pub(super) reads: FieldSource,
    pub(super) takes: ValueKind,
}

/// Source of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldSource {
    Key(FieldKey),
    Header,
    Json,
    Jq,
}

/// Fields that take no suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKey {
    Number,
    Type,
    Signature,
    Cause,
    Provider,
    Method,
    Path,
    Status,
    Body,
    Id,
    Size,
    Latency,
    Since,
    Until,
    Duplicate,
    Shape,
    Resent,
    Marked,
    Source,
    Via,
    Peer,
}

impl FieldKey {
    /// Returns whether the value is known before the store numbers a delivery, and is independent of
    /// the current time.
    pub(super) fn is_known_on_receipt(self) -> bool {
        matches!(
            self,
            Self::Type
                | Self::Signature
                | Self::Cause
                | Self::Provider
                | Self::Method
                | Self::Path
                | Self::Body
                | Self::Id
                | Self::Size
                | Self::Source
                | Self::Via
                | Self::Peer
        )
    }
}

/// Kind of values that a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    Text,
    /// Text that begins with a slash, so that a regex has to begin with `/^`.
    Path,
    /// Text that may be anywhere in the searched text.
    Part,
    /// One of a fixed set of words.
    Words(Words),
    /// One of a set of names, unless quoted: stores keep what other versions wrote.
    Known(Names),
    /// A whole number.
    Count,
    Status,
    Size,
    /// A length of time, in microseconds.
    Duration,
    Moment,
    /// Text, or a comparison of numbers.
    Data,
    /// Like `Data`, or a test for presence.
    Json,
    /// A jq program in quotes.
    Jq,
}

/// A delivery whose event was received before with other bytes.
pub(super) const DIFFERS: &str = "differs";
/// A delivery whose body has another schema than earlier ones of its type.
pub(super) const CHANGED: &str = "changed";

/// Any verdict other than verified and unchecked.
pub(super) const FAILED: &str = "failed";
/// An alias of [`FAILED`].
pub(super) const BAD: &str = "bad";

/// Fixed sets of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Signature,
    Source,
    YesNo,
    Duplicate,
    Shape,
}

impl Words {
    pub(super) fn all(self) -> Vec<&'static str> {
        match self {
            Self::Signature => {
                let verdicts = SignatureStatus::ALL.iter().map(|status| status.as_str());
                verdicts.chain([FAILED, BAD]).collect()
            }
            Self::Source => Source::ALL.map(Source::as_str).to_vec(),
            Self::YesNo => vec!["yes", "no"],
            Self::Duplicate => vec!["yes", "no", DIFFERS],
            Self::Shape => vec![CHANGED],
        }
    }
}

/// Sets of names that are known, but not fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Cause,
    Method,
    /// Built-in and configured providers, which the caller names.
    Provider,
}

/// Registered HTTP methods.
const METHODS: &[&str] = &[
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PRI",
    "PROPFIND",
    "PROPPATCH",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];

impl Names {
    /// Returns whether a name is known, as far as this module can.
    pub(super) fn has(self, name: &str) -> bool {
        match self {
            Self::Cause => Cause::from_code(&name.to_ascii_lowercase()).is_some(),
            Self::Method => METHODS.iter().any(|method| method.eq_ignore_ascii_case(name)),
            Self::Provider => true,
        }
    }

    /// Checks an unquoted value; patterns match any name.
    pub(super) fn check(self, raw: &str, providers: Option<&[String]>) -> Result<(), ParseError> {
        if raw.contains(['*', '?', '\\']) {
            return Ok(());
        }
        let causes: Vec<&str> = Cause::ALL.iter().map(|cause| cause.code()).collect();
        let providers: Vec<&str> =
            providers.unwrap_or_default().iter().map(String::as_str).collect();
        let (noun, names, all) = match self {
            Self::Cause => ("cause", causes.as_slice(), "docs/causes.md lists all"),
            Self::Method => ("method", METHODS, "e.g. POST, GET, or PUT"),
            Self::Provider if providers.is_empty() => return Ok(()),
            Self::Provider => ("provider", providers.as_slice(), "`hookglass providers` lists all"),
        };
        if names.iter().any(|name| name.eq_ignore_ascii_case(raw)) {
            return Ok(());
        }
        let upper = raw.to_ascii_uppercase();
        let near = match self {
            Self::Method => nearest_upper(&upper, names),
            Self::Cause | Self::Provider => nearest(raw, names.iter().copied()),
        };
        let message = match near {
            Some(_) => format!("unknown {noun} `{raw}`"),
            None => format!("unknown {noun} `{raw}`: {all}; put it in quotes to match it anyway"),
        };
        Err(ParseError::new(message).suggest(near.map(ToOwned::to_owned)))
    }
}

/// Like [`nearest`], for names in capitals.
fn nearest_upper<'n>(word: &str, names: &[&'n str]) -> Option<&'n str> {
    let lower: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let near = nearest(word, lower.iter().map(String::as_str))?;
    names.iter().copied().find(|name| name.eq_ignore_ascii_case(near))
}

impl FilterField {
    /// Returns the words that the field takes, if they are fixed.
    pub fn words(&self) -> Vec<&'static str> {
        match self.takes {
            ValueKind::Words(words) => words.all(),
            ValueKind::Text
            | ValueKind::Path
            | ValueKind::Part
            | ValueKind::Known(_)
            | ValueKind::Count
            | ValueKind::Status
            | ValueKind::Size
            | ValueKind::Duration
            | ValueKind::Moment
            | ValueKind::Data
            | ValueKind::Json
            | ValueKind::Jq => Vec::new(),
        }
    }

    /// Returns the field with a name; headers and JSON paths match by their prefix.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }
}

impl FieldKey {
    pub(super) fn name(self) -> &'static str {
        let field = FIELDS.iter().find(|field| field.reads == FieldSource::Key(self));
        field.map_or("", |field| field.name)
    }

    pub(super) fn takes(self) -> ValueKind {
        let field = FIELDS.iter().find(|field| field.reads == FieldSource::Key(self));
        field.map_or(ValueKind::Text, |field| field.takes)
    }
}

const fn key(
    key: FieldKey,
    takes: ValueKind,
    name: &'static str,
    example: &'static str,
    help: &'static str,
) -> FilterField {
    FilterField { name, example, help, reads: FieldSource::Key(key), takes }
}

/// All fields, in the order of the documentation.
#[rustfmt::skip]
pub const FIELDS: &[FilterField] = &[
    key(FieldKey::Number, ValueKind::Count, "number", "number:3..7", "delivery number; also #3, #>=3, or 3..7"),
    key(FieldKey::Type, ValueKind::Text, "type", "type:message.*", "event type"),
    key(FieldKey::Signature, ValueKind::Words(Words::Signature), "sig", "sig:!verified",
        "verdict: verified, mismatch, missing, malformed, expired, or unchecked; failed (or bad): any except verified and unchecked"),
    key(FieldKey::Cause, ValueKind::Known(Names::Cause), "cause", "cause:sig-case", "proved cause of a failed verdict"),
    key(FieldKey::Provider, ValueKind::Known(Names::Provider), "provider", "provider:cribbly", "provider"),
    key(FieldKey::Method, ValueKind::Known(Names::Method), "method", "method:post,put", "request method"),
    key(FieldKey::Path, ValueKind::Path, "path", "path:/hooks/*",
        "request target, with or without its query; \\? matches a question mark, /^…/ is a regex"),
    key(FieldKey::Status, ValueKind::Status, "status", "status:>=400", "response status"),
    FilterField { name: "header.", example: "header.user-agent:*curl*", help: "request header, as text or number",
        reads: FieldSource::Header, takes: ValueKind::Data },
    key(FieldKey::Body, ValueKind::Part, "body", "body:\"hello there\"", "text anywhere in the body"),
    key(FieldKey::Id, ValueKind::Text, "id", "id:a056V7R7NmNRjl70", "event id"),
    key(FieldKey::Size, ValueKind::Size, "size", "size:>10k", "body size"),
    key(FieldKey::Latency, ValueKind::Duration, "latency", "latency:>200ms",
        "time until the response of a rule or a target, or until the client left"),
    key(FieldKey::Since, ValueKind::Moment, "since", "since:5m",
        "received then or later: 30s, 5m, 2h, or 1d ago, 17:00, 2026-11-23, 2026-11-23T17:00, or a range A..B"),
    key(FieldKey::Until, ValueKind::Moment, "until", "until:2026-11-23T17:00", "received then or earlier"),
    key(FieldKey::Duplicate, ValueKind::Words(Words::Duplicate), "dup", "dup:yes",
        "event id was received before: yes or no; differs: with another body"),
    key(FieldKey::Shape, ValueKind::Words(Words::Shape), "shape", "shape:changed",
        "changed: the body has a new, missing, or differently typed field compared with earlier deliveries of its type"),
    key(FieldKey::Resent, ValueKind::Words(Words::YesNo), "resent", "resent:yes", "resent by you: yes or no"),
    key(FieldKey::Marked, ValueKind::Words(Words::YesNo), "marked", "marked:yes", "marked: yes or no"),
    key(FieldKey::Source, ValueKind::Words(Words::Source), "source", "source:live,resend",
        "origin: live, resend, replay, import, or hub"),
    key(FieldKey::Via, ValueKind::Path, "via", "via:/stripe", "path of the configured source that it came through"),
    key(FieldKey::Peer, ValueKind::Text, "peer", "peer:127.0.0.1", "client address, with or without the port"),
    FilterField { name: ".", example: ".payload.contact.username:Kev*",
        help: "value in a JSON body, as text or number (.read_at:>0, .items[0].id:x; .price:1.5 also matches 1.50); empty: \"\", [], {}, or null; exists: any value",
        reads: FieldSource::Json, takes: ValueKind::Json },
    FilterField { name: "jq", example: "jq:'.payload.reactions|length>2'",
        help: "quoted jq program; matches if its first output is neither false nor null",
        reads: FieldSource::Jq, takes: ValueKind::Jq },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;

    #[test]
    fn names_are_unique_and_examples_parse() {
        for (at, field) in FIELDS.iter().enumerate() {
            assert!(FIELDS[at + 1..].iter().all(|other| other.name != field.name), "{field:?}");
            let filter: Filter = field.example.parse().unwrap();
            assert!(!filter.is_all(), "{field:?}");
            assert!(field.example.starts_with(field.name), "{field:?}");
        }
    }

    #[test]
    fn every_key_has_a_row() {
        assert_eq!(FieldKey::Duplicate.name(), "dup");
        assert!(FIELDS.iter().all(|field| match field.reads {
            FieldSource::Key(key) => key.name() == field.name,
            FieldSource::Header | FieldSource::Json => field.name.ends_with('.'),
            FieldSource::Jq => field.name == "jq",
        }));
    }

    #[test]
    fn the_help_names_every_word() {
        for field in FIELDS.iter().filter(|field| !["resent", "marked"].contains(&field.name)) {
            assert!(field.words().iter().all(|word| field.help.contains(word)), "{field:?}");
        }
    }
}
