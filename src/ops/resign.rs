//! Re-signs a stored delivery: as fresh as when it was received, and otherwise unchanged.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;

use crate::delivery::{Head, Header};
use crate::outbound::Request;
use crate::payload::pointer;
use crate::provider::{self, Algorithm, Provider, Scheme, ValueLocation};
use crate::secret::Secret;
use crate::signature::{self, Draft, SignError, Subject};

/// A request with the content of a delivery and another signature.
#[derive(Debug, Clone)]
pub struct ReSigned {
    pub request: Request,
    /// Changes from the original, in the order in which they were made. Values are left out,
    /// because that of a token is a secret.
    pub changes: Vec<SignatureChange>,
}

/// A change needed for a valid signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureChange {
    /// Name of the header as spelled in the request, or the location in the body.
    pub place: String,
    pub what: ChangeKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Replaced,
    Removed,
}

impl ChangeKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::Removed => "removed",
        }
    }
}

impl fmt::Display for SignatureChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.what.as_str())
    }
}

/// Id that a delivery gets if its scheme signs one. Receivers that remember ids take the same one
/// for a retry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EventIdPolicy {
    #[default]
    Fresh,
    Kept,
}

/// Re-signs a delivery as of `now`; `received.url` is the destination, for schemes that sign it.
///
/// Keeps every other header, their order and case, the method, and the request target. A new
/// signature, time, or id replaces the old one in its place, under the same name. Other signatures
/// of the same body are re-signed if the scheme is known, and removed otherwise.
pub fn resign(
    provider: &Provider,
    secret: &Secret,
    received: &Subject<'_>,
    now: Timestamp,
    identity: EventIdPolicy,
) -> Result<ReSigned, SignError> {
    let scheme = provider.scheme.of(received.head, received.body);
    if let Some(reason) = signature::unsignable(scheme) {
        return Err(SignError::Unsupported(reason.to_owned()));
    }
    let head = received.head;
    let mut draft = Redraft {
        scheme,
        headers: head.headers.clone(),
        body: received.body.to_vec(),
        changes: Vec::new(),
    };
    draft.refresh_time(now)?;
    let before = scheme.signature_headers().find_map(|name| draft.value(name));
    let id = scheme.id.as_ref().and_then(|place| draft.value_at(place));
    let id = match (identity, id) {
        (EventIdPolicy::Fresh, id) => similar(id.as_deref().unwrap_or(FIRST_ID)),
        (EventIdPolicy::Kept, id) => id.unwrap_or_default(),
    };
    let signed = signature::sign(
        scheme,
        secret,
        &Draft {
            body: &draft.body,
            headers: &draft.unsigned_headers(),
            method: &head.method,
            url: received.url,
            id: &id,
            now,
            like: before.as_deref(),
        },
    )?;
    draft.take(signed);
    draft.sign_elsewhere(secret, &head.method);
    draft.correct_length();
    let Redraft { headers, body, changes, .. } = draft;
    let trailers = head.trailers.clone();
    let head = Head { trailers, ..Head::build(&head.method, &head.target, &headers) };
    Ok(ReSigned { request: Request { head, body: Bytes::from(body) }, changes })
}

/// Form of a new id if the delivery had none.
const FIRST_ID: &str = "msg_000000000000000000000x";

/// Returns another id of the same form: every digit and letter after the prefix is different.
fn similar(id: &str) -> String {
    let behind = id.rfind('_').map_or(0, |at| at + 1);
    let (prefix, rest) = id.split_at(behind);
    let hex = rest.bytes().all(|byte| !byte.is_ascii_alphanumeric() || is_lower_hex(byte));
    let other = |letter: char| match letter {
        '0'..='9' | 'a'..='z' | 'A'..='Z' if hex => fastrand::digit(16),
        '0'..='9' | 'a'..='z' | 'A'..='Z' => fastrand::alphanumeric(),
        _ => letter,
    };
    format!("{prefix}{}", rest.chars().map(other).collect::<String>())
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// A delivery that is being changed.
struct Redraft<'s> {
    scheme: &'s Scheme,
    headers: Vec<Header>,
    body: Vec<u8>,
    changes: Vec<SignatureChange>,
}

impl Redraft<'_> {
    /// Updates the time in the body, if the scheme reads it there.
    fn refresh_time(&mut self, now: Timestamp) -> Result<(), SignError> {
        let Some(clock) = &self.scheme.timestamp else { return Ok(()) };
        match &clock.from {
            ValueLocation::Json(path) => {
                let time = signature::time_text(clock.unit, now);
                let body = pointer::with_scalar(&self.body, path, &time);
                self.body = body.ok_or_else(|| SignError::NoPart(clock.from.clone()))?;
                self.note(clock.from.to_string(), ChangeKind::Replaced);
                Ok(())
            }
            ValueLocation::Query(_) | ValueLocation::Form(_) | ValueLocation::Xml(_) => {
                Err(SignError::Unsupported(format!(
                    "the time of signing is {}, which cannot be replaced",
                    clock.from
                )))
            }
            ValueLocation::Header(_) | ValueLocation::Pair(_) => Ok(()),
        }
    }

    /// Returns the value of a header of the scheme, received under any of its names.
    fn value(&self, name: &str) -> Option<String> {
        let found = |name: &str| self.headers.iter().find(|header| header.is(name));
        let header = found(name).or_else(|| found(&self.scheme.alias(name)?))?;
        Some(header.text().into_owned())
    }

    fn value_at(&self, place: &ValueLocation) -> Option<String> {
        match place {
            ValueLocation::Header(name) => self.value(name),
            ValueLocation::Json(path) => pointer::lookup(&self.body, path),
            ValueLocation::Query(_)
            | ValueLocation::Form(_)
            | ValueLocation::Xml(_)
            | ValueLocation::Pair(_) => None,
        }
    }

    /// Iterates over the names of the headers that come with a signature, without alternative
    /// names.
    fn own_names(&self) -> impl Iterator<Item = &str> {
        let clock = self.scheme.timestamp.as_ref().map(|clock| &clock.from);
        let places = self.scheme.signature.iter().chain(clock).chain(self.scheme.id.as_ref());
        places.filter_map(ValueLocation::header_name)
    }

    fn is_own(&self, header: &Header) -> bool {
        self.own_names().any(|name| self.has_name(header, name))
    }

    /// Returns whether a header has a name of the scheme, or its alternative name.
    fn has_name(&self, header: &Header, name: &str) -> bool {
        header.is(name) || self.scheme.alias(name).is_some_and(|alias| header.is(&alias))
    }

    fn unsigned_headers(&self) -> Vec<Header> {
        self.headers.iter().filter(|header| !self.is_own(header)).cloned().collect()
    }

    /// Replaces the old signature, and the values that come with it.
    fn take(&mut self, signed: signature::Signed) {
        let in_body = signed.body.is_some();
        if let Some(body) = signed.body {
            self.body = body;
            self.note(self.scheme.signature_place(), ChangeKind::Replaced);
        }
        let mut headers = signed.headers;
        let signature = if in_body { None } else { headers.pop() };
        for header in headers {
            self.put(&[&header.name], &header.value);
        }
        if let Some(signature) = signature {
            let scheme = self.scheme;
            let places: Vec<&str> = scheme.signature_headers().collect();
            self.put(&places, &signature.value);
        }
    }

    /// Replaces the value of headers with these names, each name once; if there is none, adds a
    /// header with the first name after the others.
    fn put(&mut self, names: &[&str], value: &Bytes) {
        let mut seen: Vec<String> = Vec::new();
        for mut header in std::mem::take(&mut self.headers) {
            if names.iter().any(|name| self.has_name(&header, name)) {
                let name = header.name.to_ascii_lowercase();
                if seen.contains(&name) {
                    continue;
                }
                seen.push(name);
                if header.value != *value {
                    header.value = value.clone();
                    self.note(header.name.clone(), ChangeKind::Replaced);
                }
            }
            self.headers.push(header);
        }
        let (Some(name), true) = (names.first(), seen.is_empty()) else { return };
        self.note((*name).to_owned(), ChangeKind::Added);
        self.headers.push(Header::new(*name, value.clone()));
    }

    /// Re-signs the body under its other schemes, e.g. GitHub's SHA-1 next to its SHA-256. A
    /// signature that cannot be made is removed, because it would be wrong. Tokens stay, because
    /// they do not depend on the body.
    fn sign_elsewhere(&mut self, secret: &Secret, method: &str) {
        for mut header in std::mem::take(&mut self.headers) {
            let others = if self.is_own(&header) { Vec::new() } else { schemes_of(&header) };
            let mut values =
                others.iter().map(|scheme| self.body_signature(scheme, secret, method));
            let value = values.next().map(|first| {
                let same = values.all(|other| other == first);
                if same { first } else { None }
            });
            match value {
                None => {}
                Some(None) => {
                    self.note(header.name, ChangeKind::Removed);
                    continue;
                }
                Some(Some(value)) => {
                    header.value = value;
                    self.note(header.name.clone(), ChangeKind::Replaced);
                }
            }
            self.headers.push(header);
        }
    }

    /// Returns the signature under a scheme that signs only the body.
    fn body_signature(&self, scheme: &Scheme, secret: &Secret, method: &str) -> Option<Bytes> {
        let alone = scheme.signed.is_body() && scheme.timestamp.is_none() && scheme.id.is_none();
        let draft = Draft {
            body: &self.body,
            headers: &[],
            method,
            url: None,
            id: "",
            now: Timestamp::UNIX_EPOCH,
            like: None,
        };
        if !alone {
            return None;
        }
        let signed = signature::sign(scheme, secret, &draft).ok()?;
        signed.headers.into_iter().next_back().map(|header| header.value)
    }

    fn correct_length(&mut self) {
        let length = Bytes::from(self.body.len().to_string());
        if self.headers.iter().any(|header| header.is("content-length")) {
            self.put(&["content-length"], &length);
        }
    }

    fn note(&mut self, place: String, what: ChangeKind) {
        self.changes.push(SignatureChange { place, what });
    }
}

/// Returns the known schemes of a signature header, judging by its name and format.
fn schemes_of(header: &Header) -> Vec<&'static Scheme> {
    let alone = Head::build("POST", "/", std::slice::from_ref(header));
    let fits = |scheme: &&Scheme| {
        scheme.algorithm != Algorithm::Token
            && scheme.signature_headers().any(|name| header.is(name))
            && signature::is_well_formed(scheme, &Subject::new(&alone, b""))
    };
    provider::all().iter().flat_map(|provider| provider.scheme.iter()).filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similar_id_differs_and_has_the_same_form() {
        for id in [
            "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj",
            "7f2b6a10-94c1-4d0e-8f55-0c2d61b7e3aa",
            "É-12345678",
        ] {
            let other = similar(id);
            assert_ne!(other, id);
            assert_eq!(other.chars().count(), id.chars().count());
            assert_eq!(other.starts_with("msg_"), id.starts_with("msg_"));
            assert_eq!(other.matches('-').count(), id.matches('-').count());
        }
        let uuid = similar("7f2b6a10-94c1-4d0e-8f55-0c2d61b7e3aa");
        assert!(uuid.bytes().all(|byte| byte == b'-' || is_lower_hex(byte)), "{uuid}");
    }
}
