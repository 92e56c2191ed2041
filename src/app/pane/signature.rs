//! Whether the signature is good, and why not.

use super::super::message::Loaded;
use super::super::model::Session;
use super::super::role::{Marked, Role};
use super::{labelled, sign_of};
use crate::delivery::{Delivery, SignatureStatus, header_text};
use crate::units;

/// Bytes of the signed content that are shown from each end.
const ENDS: usize = 64;

pub(super) fn lines(session: &Session, loaded: &Loaded) -> Vec<Marked> {
    let delivery = &loaded.delivery;
    let verdict = &delivery.summary.signature;
    let (sign, role) = sign_of(verdict.status);
    let mut first = Marked::new(role, format!("{sign} {}", verdict.status));
    if let Some(secret) = &verdict.secret {
        first = first.with(Role::Plain, format!(" with {secret}"));
    }
    let mut lines = vec![first];
    if let Some(explanation) = &verdict.explanation {
        lines.push(Marked::new(Role::Plain, capitalised(explanation)));
    }
    if let Some(cause) = &verdict.cause {
        lines.push(labelled("cause", Role::Accent, cause));
    }
    if verdict.status == SignatureStatus::Unchecked && session.secrets.is_empty() {
        lines.push(labelled("do", Role::Plain, how_to_give_a_secret(session)));
    }
    lines.push(Marked::default());
    lines.push(labelled("scheme", Role::Plain, &session.scheme));
    lines.push(header(session, delivery));
    let secrets = match session.secrets.as_slice() {
        [] => "none configured".to_owned(),
        names => names.join(", "),
    };
    lines.push(labelled("secrets", Role::Plain, secrets));
    lines.extend(content(session, delivery));
    if delivery.summary.duplicate_of.is_some() && !session.signs_time {
        lines.push(Marked::default());
        let why = "no timestamp is signed, so the same signed bytes verify for ever; \
                   a second delivery of an event is a retry or a replay";
        lines.push(labelled("note", Role::Warn, why));
    }
    lines
}

/// What to do where there is no secret.
pub(super) fn how_to_give_a_secret(session: &Session) -> String {
    format!("start with {}=… in the environment, or with --secret-file PATH", session.secret_env)
}

fn header(session: &Session, delivery: &Delivery) -> Marked {
    match delivery.head.joined(&session.signature_header) {
        Some(value) => labelled("received", Role::Text, header_text(&value)),
        None => labelled("received", Role::Dim, format!("no {}", session.signature_header)),
    }
}

/// The signed content: its size and both its ends, where invisible changes hide.
fn content(session: &Session, delivery: &Delivery) -> Vec<Marked> {
    if delivery.summary.refused.is_some() {
        return Vec::new();
    }
    let body = &delivery.body;
    let size = units::size(body.len() as u64);
    let mut lines = vec![
        labelled("signed", Role::Plain, &session.signed),
        labelled("body", Role::Plain, format!("{size}, as received")),
    ];
    if body.is_empty() {
        return lines;
    }
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if body.len() <= 2 * ENDS {
        lines.push(labelled("", Role::Text, shown(body)));
        return lines;
    }
    let (start, rest) = body.split_at(ENDS);
    let end = rest.split_at(rest.len() - ENDS).1;
    lines.push(labelled("  begins", Role::Text, shown(start)));
    lines.push(labelled("  ends", Role::Text, shown(end)));
    lines
}

fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).chain(std::iter::once('.')).collect()
}
