//! The signed payload of a delivery, from its scheme's template.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

use crate::delivery::{Head, header_text};
use crate::payload::{form, pointer};
use crate::provider::{Scheme, TemplatePart, ValueLocation};

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
            ValueLocation::Json(path) => pointer::lookup(self.body, path),
            ValueLocation::Form(field) => form::field(self.body, field),
            ValueLocation::Pair(key) => pair(scheme, signature, key).map(str::to_owned),
        }
    }
}

/// Returns the first value of a key among the pairs of a signature header.
fn pair<'v>(scheme: &Scheme, value: &'v str, key_name: &str) -> Option<&'v str> {
    scheme.pairs.as_ref()?.items(value).find(|(key, _)| *key == key_name).map(|(_, value)| value)
}

/// Reason for a missing signed payload.
pub(super) enum Absent {
    /// A value is missing from the request.
    Place(ValueLocation),
    /// The public URL is signed but unknown.
    Url,
}

/// Returns the signed bytes.
pub(super) fn signed_payload<'d>(
    scheme: &Scheme,
    subject: &Subject<'d>,
    signature: &str,
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
                let from = scheme.timestamp.as_ref().map(|clock| &clock.from);
                out.extend_from_slice(required(from)?.as_bytes());
            }
            TemplatePart::Id => out.extend_from_slice(required(scheme.id.as_ref())?.as_bytes()),
            TemplatePart::Url => out.extend_from_slice(subject.url.ok_or(Absent::Url)?.as_bytes()),
            TemplatePart::Method => out.extend_from_slice(subject.head.method.as_bytes()),
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
    let kind = subject.head.joined("content-type").unwrap_or_default();
    if !header_text(&kind).to_ascii_lowercase().starts_with(form::MEDIA_TYPE) {
        return String::new();
    }
    let mut fields = form::fields(subject.body);
    fields.sort();
    fields.dedup();
    fields.into_iter().flat_map(|(name, value)| [name, value]).collect()
}

/// Checks the hash of the body in the URL, if it has one (Twilio, for JSON).
pub(super) fn body_hash_fits(scheme: &Scheme, subject: &Subject<'_>) -> bool {
    if !scheme.signed.has(&TemplatePart::Form) {
        return true;
    }
    let hash = subject.url.and_then(|url| url.split_once("bodySHA256="));
    let Some((_, hash)) = hash else { return true };
    let hash = hash.split('&').next().unwrap_or_default();
    hex::encode(Sha256::digest(subject.body)).eq_ignore_ascii_case(hash)
}
