//! The table of fields. The parser, the README and the errors read it.

use super::value::Kind;

/// A field that a term can name.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: &'static str,
    pub example: &'static str,
    pub help: &'static str,
    pub(super) kind: Kind,
    pub(super) subject: Subject,
}

/// What of a delivery a term looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// Type, target, event id and body: what a bare word looks at.
    Anywhere,
    Type,
    Signature,
    Cause,
    Provider,
    Method,
    Path,
    Status,
    EventId,
    Size,
    Source,
    Duplicate,
    Peer,
    Body,
    Header(String),
}

const fn field(
    name: &'static str,
    kind: Kind,
    subject: Subject,
    example: &'static str,
    help: &'static str,
) -> Field {
    Field { name, example, help, kind, subject }
}

/// Every field there is, in the order in which help shows them.
pub const FIELDS: &[Field] = &[
    field("type", Kind::Text, Subject::Type, "type:message.*", "the event type"),
    field(
        "sig",
        Kind::Verdict,
        Subject::Signature,
        "sig:!verified",
        "the verdict on the signature",
    ),
    field("cause", Kind::Text, Subject::Cause, "cause:sig-*", "why the verdict is what it is"),
    field("provider", Kind::Text, Subject::Provider, "provider:cribbly", "who sent it"),
    field("method", Kind::Text, Subject::Method, "method:post,put", "the request method"),
    field("path", Kind::Text, Subject::Path, "path:/hooks/*", "the request target"),
    field("status", Kind::Number, Subject::Status, "status:>=400", "what the sender was answered"),
    field("id", Kind::Text, Subject::EventId, "id:a056*", "the event id"),
    field("size", Kind::Number, Subject::Size, "size:>10k", "the size of the body"),
    field("source", Kind::Source, Subject::Source, "source:live", "how it came to be here"),
    field("dup", Kind::Flag, Subject::Duplicate, "dup:yes", "whether its event came before"),
    field("peer", Kind::Text, Subject::Peer, "peer:127.0.0.1*", "the sender's address and port"),
    field("body", Kind::Part, Subject::Body, "body:refund", "text within the body"),
    field(
        "header.NAME",
        Kind::Text,
        Subject::Header(String::new()),
        "header.user-agent:*ngrok*",
        "the value of a header",
    ),
];

/// The field of a name as typed, and what it looks at.
pub(super) fn find(name: &str) -> Option<(Kind, Subject)> {
    let lower = name.to_ascii_lowercase();
    if let Some(header) = lower.strip_prefix("header.").filter(|header| !header.is_empty()) {
        return Some((Kind::Text, Subject::Header(header.to_owned())));
    }
    let found = FIELDS.iter().find(|field| field.name == lower)?;
    Some((found.kind, found.subject.clone()))
}

/// The name under which a subject is typed; empty for a bare word.
pub(super) fn name_of(subject: &Subject) -> String {
    match subject {
        Subject::Header(header) => format!("header.{header}"),
        other => FIELDS
            .iter()
            .find(|field| field.subject == *other)
            .map(|field| field.name.to_owned())
            .unwrap_or_default(),
    }
}
