//! Table of fields, used by the parser, the completion, the help, and the docs.

use crate::delivery::{SignatureStatus, Source};

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
    Since,
    Until,
    Duplicate,
    Shape,
    Resent,
    Marked,
    Source,
    Peer,
}

/// Kind of values that a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    Text,
    /// Case-insensitive text.
    AnyCase,
    /// Text that begins with a slash, so that a regex has to begin with `/^`.
    Path,
    /// Text that may be anywhere in the searched text.
    Part,
    /// One of a fixed set of words.
    Words(Words),
    Status,
    Size,
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

impl FilterField {
    /// Returns the words that the field takes, if they are fixed.
    pub fn words(&self) -> Vec<&'static str> {
        match self.takes {
            ValueKind::Words(words) => words.all(),
            ValueKind::Text
            | ValueKind::AnyCase
            | ValueKind::Path
            | ValueKind::Part
            | ValueKind::Status
            | ValueKind::Size
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
    key(FieldKey::Type, ValueKind::Text, "type", "type:message.*", "event type"),
    key(FieldKey::Signature, ValueKind::Words(Words::Signature), "sig", "sig:!verified",
        "verdict: verified, mismatch, missing, malformed, expired, or unchecked; failed (or bad): any except verified and unchecked"),
    key(FieldKey::Cause, ValueKind::Text, "cause", "cause:sig-case", "proved cause of a failed verdict"),
    key(FieldKey::Provider, ValueKind::Text, "provider", "provider:cribbly", "provider"),
    key(FieldKey::Method, ValueKind::AnyCase, "method", "method:post,put", "request method"),
    key(FieldKey::Path, ValueKind::Path, "path", "path:/hooks/*",
        "request target, with or without its query; \\? matches a question mark, /^…/ is a regex"),
    key(FieldKey::Status, ValueKind::Status, "status", "status:>=400", "response status"),
    FilterField { name: "header.", example: "header.user-agent:*curl*", help: "request header, as text or number",
        reads: FieldSource::Header, takes: ValueKind::Data },
    key(FieldKey::Body, ValueKind::Part, "body", "body:\"hello there\"", "text anywhere in the body"),
    key(FieldKey::Id, ValueKind::Text, "id", "id:a056V7R7NmNRjl70", "event id"),
    key(FieldKey::Size, ValueKind::Size, "size", "size:>10k", "body size"),
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
        "origin: live, resend, replay, or import"),
    key(FieldKey::Peer, ValueKind::Text, "peer", "peer:127.0.0.1", "client address, with or without the port"),
    FilterField { name: ".", example: ".payload.contact.username:Kev*",
        help: "value in a JSON body, as text or number (.read_at:>0, .items[0].id:x); empty: \"\", [], {}, or null; exists: any value",
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
