//! Finds out why a signature does not match. A cause is named only if a computation proves it: with
//! that one change undone, the signature is right.

mod bodies;
mod finding;
mod search;
mod signature_text;
mod signed_payloads;
mod tokens;
mod urls;

use zeroize::Zeroizing;

use super::header_values::HeaderValues;
use super::mutations::{self, SecretVariant};
use super::signed_payload::{Subject, body_hash_fits, payload_with_slot};
use super::{Cause, digest, secret_key};
use crate::delivery::{Header, ProofRow, header_text};
use crate::provider::{Algorithm, Provider, Scheme, SecretForm, ValueLocation};
use crate::secret::Secret;

pub(super) use bodies::contained;
pub(super) use finding::Finding;
pub(super) use search::Search;
pub use search::{Budget, Tried};
pub(super) use signature_text::{in_quotes, sample};

const HASHES: [(Algorithm, Cause); 3] = [
    (Algorithm::HmacSha1, Cause::AlgSha1),
    (Algorithm::HmacSha256, Cause::AlgSha256),
    (Algorithm::HmacSha512, Cause::AlgSha512),
];

/// A failed signature and what it was checked against.
#[derive(Clone, Copy)]
pub(super) struct Question<'q> {
    pub(super) provider: &'q Provider,
    pub(super) scheme: &'q Scheme,
    pub(super) secrets: &'q [Secret],
    pub(super) subject: &'q Subject<'q>,
}

impl Question<'_> {
    /// Returns the provider's name in its own spelling.
    fn title(&self) -> &str {
        &self.provider.title
    }

    /// Returns the place of the signature.
    fn place(&self) -> String {
        self.scheme.signature_place()
    }

    fn keys(&self) -> Vec<Zeroizing<Vec<u8>>> {
        let keys = self.secrets.iter().filter_map(|secret| secret_key::key(self.scheme, secret));
        keys.collect()
    }

    /// Adds the payload that was signed, and the provider's.
    fn signed_as(&self, finding: Finding, signed: &str) -> Finding {
        let own = self.scheme.signed.to_string();
        let own = if self.scheme.signed.is_body() { "{{body}}" } else { own.trim_matches('`') };
        let (received, expected) =
            (ProofRow::new("signed", signed), ProofRow::new("expected", own));
        finding.rows(received, expected)
    }
}

/// Describes a location of the request.
fn describe(place: &ValueLocation) -> String {
    match place {
        ValueLocation::Header(name) => format!("the {name} header"),
        other => other.to_string(),
    }
}

/// Finds the one change that explains a value of the signature.
pub(super) fn diagnose(
    question: &Question<'_>,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Finding> {
    let Question { scheme, subject, .. } = *question;
    if scheme.algorithm == Algorithm::Token {
        return diagnose_token(question, value, search);
    }
    let signed = payload_with_slot(scheme, subject, value).ok();
    search.set_keys(scheme, question.keys());
    search.set_received(HeaderValues::read(scheme, value).good);
    if let Some(signed) = &signed {
        if !body_hash_fits(scheme, subject) && search.fits(signed) {
            return Some(bodies::other_hash(question, value, search));
        }
        let found = signature_text::find(question, value, signed, search)
            .or_else(|| signature_text::other_hash(question, value, signed, search));
        if found.is_some() {
            return found;
        }
    }
    let found = signature_text::without_digest(question, value)
        .or_else(|| in_quotes(question, value, search));
    if found.is_some() {
        return found;
    }
    if signed.is_none()
        && let Some(found) = signature_text::other_syntax(question, value, search)
    {
        return Some(found);
    }
    if !search.has_received() {
        return signature_text::malformed(question, value);
    }
    signed
        .and_then(|signed| other_secret_form(question, &signed, search))
        .or_else(|| bodies::other(question, value, search))
        .or_else(|| signed_payloads::other(question, value, search))
        .or_else(|| urls::other(question, value, search))
}

/// Finds a token that is right except for white space, quotes, or letter case.
fn diagnose_token(
    question: &Question<'_>,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Finding> {
    if let Some(found) = repeated_token(question) {
        return Some(found);
    }
    search.family("forms of the secret");
    let bare = value.trim().trim_matches(['"', '\'']);
    let prefix = secret_prefix(question);
    for secret in question.secrets {
        let expected = secret.expose();
        if bare.len() < value.trim().len() && digest::equal(bare.as_bytes(), expected) {
            let says = format!("the token in {} is in quotes", question.place());
            return Some(Finding::from(Cause::SigQuoted).says(says));
        }
        for variant in mutations::secrets(expected, prefix) {
            search.count();
            if digest::equal(value.as_bytes(), &variant.bytes) {
                return Some(secret_finding(secret, variant));
            }
        }
    }
    None
}

/// Finds the right token in one of several headers of the same name.
fn repeated_token(question: &Question<'_>) -> Option<Finding> {
    let Question { scheme, subject, .. } = *question;
    let lines = |name: &str| subject.head.values(name).count();
    let name = scheme.signature_headers().find(|name| lines(name) > 1)?;
    let is_right = subject.head.values(name).any(|line| has_token(question, &header_text(line)));
    let count = lines(name);
    is_right.then(|| {
        let says = format!(
            "the {name} header was sent {count} times; one is the token, but not all together"
        );
        Finding::from(Cause::HeaderDuplicate).says(says)
    })
}

/// Returns whether the value of a header is a configured token.
fn has_token(question: &Question<'_>, value: &str) -> bool {
    let found = HeaderValues::read(question.scheme, value).good;
    question.keys().iter().any(|key| found.iter().any(|one| digest::equal(one, key)))
}

/// Finds a missing token in another header.
fn token_elsewhere(question: &Question<'_>) -> Option<Finding> {
    let Question { scheme, subject, .. } = *question;
    scheme.signature_headers().next()?;
    let is_own = |header: &Header| scheme.signature_headers().any(|name| header.is(name));
    let header = subject.head.headers.iter().filter(|header| !is_own(header)).find(|header| {
        let value = header_text(&header.value);
        has_token(question, &value)
            || value.strip_prefix("Bearer ").is_some_and(|token| has_token(question, token))
    })?;
    let (title, place) = (question.title(), question.place());
    let says = format!(
        "the token is right, but it is in the {} header; {title} sends it in {place}",
        header.name
    );
    let fix = format!("send the token in the {place} header");
    Some(Finding::from(Cause::WrongHeader).says(says).fix(fix))
}

/// Returns the prefix of the provider's secrets.
fn secret_prefix<'q>(question: &Question<'q>) -> &'q str {
    let own = question.scheme.secret_prefix.as_str();
    question.provider.secret_starts.as_deref().unwrap_or(own)
}

/// Tries likely variants of the secrets.
fn other_secret_form(
    question: &Question<'_>,
    signed: &[u8],
    search: &mut Search<'_>,
) -> Option<Finding> {
    search.family("forms of the secret");
    let scheme = question.scheme;
    let prefix = secret_prefix(question);
    for secret in question.secrets {
        let text = secret.expose();
        let rest = text.strip_prefix(scheme.secret_prefix.as_bytes()).unwrap_or(text);
        let own = secret_key::key(scheme, secret);
        // The text of a public key signs nothing.
        let texts: &[&[u8]] = if scheme.algorithm.is_asymmetric() { &[] } else { &[text, rest] };
        for &plain in texts {
            let is_own = own.as_ref().is_some_and(|own| own.as_slice() == plain);
            if !is_own && search.fits_under(plain, signed) {
                let (form, decode) = match scheme.secret {
                    SecretForm::Hex => ("hex", "hex_decode(••••)"),
                    SecretForm::Base64 | SecretForm::Base64IfPrefixed => {
                        ("base64", "base64_decode(••••)")
                    }
                    _ => ("normalized text", "NFKD(••••)"),
                };
                let says = format!(
                    "the sender used the text of the secret as the key; {}'s secrets are {form}, \
                     and the key is what they decode to",
                    question.title()
                );
                let row = ProofRow::new;
                let finding = Finding::from(Cause::SecretNotDecoded).says(says);
                return Some(finding.rows(row("signed", "••••"), row("expected", decode)));
            }
        }
        for variant in mutations::secrets(text, prefix) {
            // The key as it is, and as the scheme derives it from a secret's text.
            let derived = Secret::new(secret.name(), variant.bytes.to_vec());
            let derived = secret_key::key(scheme, &derived);
            let as_text = variant.cause == Cause::SecretBase64Encoded
                || variant.cause == Cause::SecretHexEncoded;
            let whole = as_text.then(|| variant.bytes.clone());
            let keys: Vec<Zeroizing<Vec<u8>>> = derived.into_iter().chain(whole).collect();
            for key in keys {
                let is_own = own.as_ref().is_some_and(|own| **own == *key);
                if !is_own && search.fits_under(&key, signed) {
                    return Some(secret_finding(secret, variant));
                }
            }
        }
    }
    None
}

fn secret_finding(secret: &Secret, variant: SecretVariant) -> Finding {
    let [configured, right] = variant.shown;
    let says = format!("the configured secret ({}) {}", secret.name(), variant.wrong);
    let rows = [ProofRow::new("configured", configured), ProofRow::new("verifies", right)];
    let [configured, right] = rows;
    Finding::from(variant.cause).says(says).rows(configured, right)
}

/// Looks for a missing signature in the other headers.
pub(super) fn other_header(question: &Question<'_>, search: &mut Search<'_>) -> Option<Finding> {
    let Question { scheme, subject, .. } = *question;
    search.family("other headers");
    if scheme.algorithm == Algorithm::Token {
        return token_elsewhere(question);
    }
    search.set_keys(scheme, question.keys());
    for header in &subject.head.headers {
        let value = header_text(&header.value);
        if scheme.signature_headers().any(|name| header.is(name)) {
            continue;
        }
        let length = digest::length(scheme.algorithm);
        let found = tokens::tokens(&value, &length.map_or_else(|| vec![70, 71, 72], |at| vec![at]));
        let Ok(signed) = payload_with_slot(scheme, subject, &value) else { continue };
        if found.iter().any(|token| search.is_right(&signed, &token.bytes)) {
            let (title, place) = (question.title(), question.place());
            let says = format!(
                "the signature is right, but it is in the {} header; {title} sends it in {place}",
                header.name
            );
            let fix = format!("send the signature in the {place} header");
            return Some(Finding::from(Cause::WrongHeader).says(says).fix(fix));
        }
        if scheme.algorithm.is_asymmetric() || scheme.algorithm == Algorithm::HmacSha1 {
            continue;
        }
        let found = tokens::tokens(&value, &[20]);
        let keys = if found.is_empty() { Vec::new() } else { search.raw_keys() };
        for key in keys {
            let legacy = search.digest(Algorithm::HmacSha1, &key, &signed)?;
            if found.iter().any(|token| token.bytes == legacy) {
                return Some(sha_1_only(question, header));
            }
        }
    }
    None
}

/// Names a right SHA-1 signature in another header than the provider's.
fn sha_1_only(question: &Question<'_>, header: &Header) -> Finding {
    let (title, place) = (question.title(), question.place());
    // As `x-hub-signature` is the older form of `x-hub-signature-256`.
    let name = header.name.to_ascii_lowercase();
    if question.scheme.signature_headers().any(|own| own.to_ascii_lowercase().starts_with(&name)) {
        let says = format!(
            "there is only an older SHA-1 signature, in the {} header; {place} is missing",
            header.name
        );
        return Finding::from(Cause::LegacyHeaderOnly).says(says);
    }
    let says = format!(
        "the {} header has an HMAC-SHA1 signature that is right; {title} sends {} in {place}",
        header.name, question.scheme.algorithm
    );
    let fix = format!("send the {} signature in the {place} header", question.scheme.algorithm);
    Finding::from(Cause::AlgSha1).says(says).fix(fix)
}
