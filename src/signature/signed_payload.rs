//! The signed payload of a delivery, from its scheme's template.

use std::borrow::Cow;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

use crate::delivery::{Head, header_text};
use crate::payload::form;
use crate::provider::{BodyHash, Scheme, TemplatePart, ValueLocation, without_encoding};

/// Input of verification: a delivery, and its public URL if known.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'d> {
    pub head: &'d Head,
    pub body: &'d [u8],
    pub url: Option<&'d str>,
}

impl<'d> Subject<'d> {
    pub fn new(head: &'d Head, body: &'d [u8]) -> Self {
        Self { head, body, url: None }
    }

    /// Returns the value at a location; `signature` is the value of the signature header.
    pub(super) fn value_at(
        &self,
        scheme: &Scheme,
        place: &ValueLocation,
        signature: &str,
    ) -> Option<String> {
        match place {
            ValueLocation::Header(name) => {
                let found =
                    self.head.joined(name).or_else(|| self.head.joined(&scheme.alias(name)?));
                found.map(|value| header_text(&value).into_owned())
            }
            ValueLocation::Pair(key) => pair(scheme, signature, key).map(str::to_owned),
            ValueLocation::Query(_)
            | ValueLocation::Json(_)
            | ValueLocation::Form(_)
            | ValueLocation::Xml(_) => place.find(self.head, self.body),
        }
    }

    /// Returns path and query of the URL: of the public one if it is known.
    fn path_and_query(&self) -> (String, String) {
        let target = self.head.target_text();
        let whole = self.url.unwrap_or(&target);
        let after_scheme = whole.split_once("://").map_or(whole, |(_, rest)| rest);
        let target = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("/");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        (path.to_owned(), query.to_owned())
    }

    fn host(&self) -> String {
        let authority = |url: &str| {
            let (_, rest) = url.split_once("://")?;
            rest.split(['/', '?']).next().map(str::to_owned)
        };
        let host = self.url.and_then(authority);
        host.or_else(|| self.head.joined_text("host")).unwrap_or_default()
    }
}

/// Returns the first value of a key among the pairs of a signature header.
fn pair<'v>(scheme: &Scheme, value: &'v str, key_name: &str) -> Option<&'v str> {
    scheme.pair_items(value).find(|(key, _)| *key == key_name).map(|(_, value)| value)
}

/// Reason why there is no signed payload.
pub(super) enum Absent {
    /// A value is missing from the request.
    Place(ValueLocation),
    /// The public URL is signed but unknown.
    Url,
}

/// Returns the signed bytes, without the secret if that is one of their parts.
pub(super) fn signed_payload<'d>(
    scheme: &Scheme,
    subject: &Subject<'d>,
    signature: &str,
) -> Result<Cow<'d, [u8]>, Absent> {
    signed_payload_under(scheme, subject, signature, b"")
}

/// Placeholder for the secret in a payload that is tried under several keys. It is not UTF-8, so no
/// text contains it.
pub(super) const SECRET_SLOT: &[u8] = b"\xff\xfesecret\xfe\xff";

/// Returns the signed bytes with [`SECRET_SLOT`] where the secret is one of their parts.
pub(super) fn payload_with_slot<'d>(
    scheme: &Scheme,
    subject: &Subject<'d>,
    signature: &str,
) -> Result<Cow<'d, [u8]>, Absent> {
    signed_payload_under(scheme, subject, signature, SECRET_SLOT)
}

/// Returns the signed bytes under a secret.
pub(super) fn signed_payload_under<'d>(
    scheme: &Scheme,
    subject: &Subject<'d>,
    signature: &str,
    secret: &[u8],
) -> Result<Cow<'d, [u8]>, Absent> {
    if scheme.signed.is_body() {
        return Ok(Cow::Borrowed(subject.body));
    }
    let mut out = Vec::with_capacity(subject.body.len() + 64);
    let required = |place: Option<&ValueLocation>| {
        // A scheme that signs a value without a location is invalid; nothing verifies.
        let place = place.ok_or_else(|| Absent::Place(ValueLocation::Pair("?".to_owned())))?;
        let found =
            subject.value_at(scheme, place, signature).filter(|text| !text.trim().is_empty());
        found.ok_or_else(|| Absent::Place(place.clone()))
    };
    for part in &scheme.signed.parts {
        match part {
            TemplatePart::Text(text) => out.extend_from_slice(text.as_bytes()),
            TemplatePart::Body => out.extend_from_slice(subject.body),
            TemplatePart::Timestamp => {
                let clock = scheme.timestamp.as_ref();
                let text = required(clock.map(|clock| &clock.from))?;
                let number = clock.filter(|clock| clock.as_number).and_then(|_| number(&text));
                out.extend_from_slice(number.unwrap_or(text).as_bytes());
            }
            TemplatePart::Id => out.extend_from_slice(required(scheme.id.as_ref())?.as_bytes()),
            TemplatePart::Url => out.extend_from_slice(subject.url.ok_or(Absent::Url)?.as_bytes()),
            TemplatePart::Method => out.extend_from_slice(subject.head.method.as_bytes()),
            TemplatePart::Path => out.extend_from_slice(subject.path_and_query().0.as_bytes()),
            TemplatePart::Query => out.extend_from_slice(subject.path_and_query().1.as_bytes()),
            TemplatePart::Host => out.extend_from_slice(subject.host().as_bytes()),
            TemplatePart::BodyHash(hash) => {
                out.extend_from_slice(body_hash(*hash, subject.body).as_bytes());
            }
            TemplatePart::Decoded => {
                out.extend_from_slice(&without_encoding(subject.head, subject.body));
            }
            TemplatePart::Secret => out.extend_from_slice(secret),
            TemplatePart::Sorted(places) => {
                let values =
                    places.iter().map(|place| required(Some(place)).map(String::into_bytes));
                let mut all: Vec<Vec<u8>> = values.collect::<Result<_, _>>()?;
                all.push(secret.to_vec());
                all.sort();
                out.extend(all.concat());
            }
            TemplatePart::FormPairs(without) => {
                out.extend_from_slice(form_pairs(subject, without).as_bytes());
            }
            TemplatePart::Form => out.extend_from_slice(sorted_form(subject).as_bytes()),
            TemplatePart::Headers(key) => {
                out.extend_from_slice(named_headers(scheme, subject, key, signature).as_bytes());
            }
            // A missing field counts as empty, as in Adyen's own verifier.
            TemplatePart::Place(place @ ValueLocation::Json(_)) => {
                let found = subject.value_at(scheme, place, signature).unwrap_or_default();
                out.extend_from_slice(found.as_bytes());
            }
            TemplatePart::Place(place) => out.extend_from_slice(required(Some(place))?.as_bytes()),
        }
    }
    Ok(Cow::Owned(out))
}

/// Returns a whole number in its usual form.
fn number(text: &str) -> Option<String> {
    text.trim().parse::<i64>().ok().map(|number| number.to_string())
}

fn body_hash(hash: BodyHash, body: &[u8]) -> String {
    match hash {
        BodyHash::Md5 => hex::encode(Md5::digest(body)),
        BodyHash::Sha1 => hex::encode(Sha1::digest(body)),
        BodyHash::Sha256 => hex::encode(Sha256::digest(body)),
        BodyHash::Sha512 => hex::encode(Sha512::digest(body)),
        BodyHash::Crc32 => crc32fast::hash(body).to_string(),
    }
}

/// Returns the values of the headers that the signature itself names. A missing one counts as
/// empty, so that its loss is a mismatch and not a malformed request.
fn named_headers(scheme: &Scheme, subject: &Subject<'_>, key: &str, signature: &str) -> String {
    let names = pair(scheme, signature, key).unwrap_or_default();
    let value = |name| {
        let found = subject.head.joined(name).unwrap_or_default();
        header_text(&found).into_owned()
    };
    names.split_ascii_whitespace().map(value).collect::<Vec<_>>().join(".")
}

/// Returns names and values of a form, sorted, without repeated pairs (Twilio's request
/// validation).
fn sorted_form(subject: &Subject<'_>) -> String {
    if !is_form(subject) {
        return String::new();
    }
    let mut fields = form::fields(subject.body);
    fields.sort();
    fields.dedup();
    fields.into_iter().flat_map(|(name, value)| [name, value]).collect()
}

/// Returns the fields of a form that have a value, as `name=value` joined by `&`, sorted by name.
fn form_pairs(subject: &Subject<'_>, without: &[String]) -> String {
    let mut fields = form::fields(subject.body);
    fields.retain(|(name, _)| !without.contains(name));
    fields.sort();
    let pairs: Vec<String> =
        fields.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn is_form(subject: &Subject<'_>) -> bool {
    let kind = subject.head.joined("content-type").unwrap_or_default();
    header_text(&kind).to_ascii_lowercase().starts_with(form::MEDIA_TYPE)
}

/// Checks the hash of the body that the request has at the scheme's place, if it has one.
pub(super) fn body_hash_fits(scheme: &Scheme, subject: &Subject<'_>) -> bool {
    let hash = signed_body_hash(scheme, subject);
    hash.is_none_or(|hash| hex::encode(Sha256::digest(subject.body)) == hash)
}

/// Returns the hash of the body that a scheme signs with the URL, if the delivery has one.
pub(super) fn signed_body_hash(scheme: &Scheme, subject: &Subject<'_>) -> Option<String> {
    let place = scheme.body_hash.as_ref()?;
    if is_form(subject) {
        return None;
    }
    match (place, subject.url) {
        (ValueLocation::Query(name), Some(_)) => {
            form::field(subject.path_and_query().1.as_bytes(), name)
        }
        _ => subject.value_at(scheme, place, ""),
    }
}
