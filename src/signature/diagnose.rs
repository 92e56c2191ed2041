//! Finds out why a signature does not match. A cause is named only if a computation proves it: with
//! that one change undone, the signature is right.

mod encodings;
mod first_difference;
mod search;
mod signed_payloads;

use super::header_values::HeaderValues;
use super::signed_payload::{Subject, signed_payload};
use super::{Cause, digest, mutations, secret_key};
use crate::delivery::header_text;
use crate::provider::{Algorithm, Scheme};
use crate::secret::Secret;

use encodings::{DigestText, candidate_texts, decodings, match_digest};
use first_difference::difference;
pub(super) use search::Search;
pub use search::{Budget, Tried};

const HASHES: [(Algorithm, Cause); 3] = [
    (Algorithm::HmacSha1, Cause::AlgSha1),
    (Algorithm::HmacSha256, Cause::AlgSha256),
    (Algorithm::HmacSha512, Cause::AlgSha512),
];

/// A cause that a computation proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proved {
    pub(super) cause: Cause,
    /// Evidence: where bytes differ, or the text that verifies.
    pub(super) proof: Option<String>,
}

impl From<Cause> for Proved {
    fn from(cause: Cause) -> Self {
        Self { cause, proof: None }
    }
}

/// A failed signature and what it was checked against.
pub(super) struct Question<'q> {
    pub(super) scheme: &'q Scheme,
    pub(super) secrets: &'q [Secret],
    pub(super) subject: &'q Subject<'q>,
}

/// Finds the one change that explains a value of the signature.
pub(super) fn diagnose(
    question: &Question<'_>,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Proved> {
    let Question { scheme, secrets, subject } = *question;
    if scheme.algorithm == Algorithm::Token {
        return diagnose_token(question, value, search);
    }
    let signed = signed_payload(scheme, subject, value).ok();
    search.keys = secrets.iter().filter_map(|secret| secret_key::key(scheme, secret)).collect();
    search.algorithm = scheme.algorithm;
    search.received = HeaderValues::read(scheme, value).good;
    if let Some(signed) = &signed {
        let found = other_encoding_or_hash(question, search, signed, value);
        if found.is_some() {
            return found;
        }
    }
    if is_quoted(question, value, search) {
        return Some(Cause::SigQuoted.into());
    }
    if search.received.is_empty() {
        return None;
    }
    if let Some(signed) = &signed {
        search.family("other forms of the secret");
        let found =
            secret_variants(question).into_iter().find(|(_, key)| search.fits_under(key, signed));
        if let Some((cause, _)) = found {
            return Some(cause.into());
        }
    }
    if scheme.covers_body
        && let Some(found) = other_body(question, value, search)
    {
        return Some(found);
    }
    signed_payloads::other(question, value, search)
}

/// Finds a token that is right except for white space, quotes, or letter case.
fn diagnose_token(question: &Question<'_>, value: &str, search: &mut Search<'_>) -> Option<Proved> {
    search.family("other forms of the secret");
    let bare = value.trim().trim_matches(['"', '\'']);
    for secret in question.secrets {
        let expected = secret.expose();
        if bare.len() < value.trim().len() && digest::equal(bare.as_bytes(), expected) {
            return Some(Cause::SigQuoted.into());
        }
        for (cause, variant) in mutations::secrets(expected) {
            search.count();
            if digest::equal(value.as_bytes(), &variant) {
                return Some(cause.into());
            }
        }
    }
    None
}

/// Returns true if the value is right without the quotes around it. (With key-value pairs they hide
/// the first key.)
fn is_quoted(question: &Question<'_>, value: &str, search: &mut Search<'_>) -> bool {
    let scheme = question.scheme;
    let bare = value.trim().trim_matches(['"', '\'']);
    if bare == value {
        return false;
    }
    let Ok(signed) = signed_payload(scheme, question.subject, bare) else { return false };
    let received = std::mem::replace(&mut search.received, HeaderValues::read(scheme, bare).good);
    let fits = search.fits(&signed);
    search.received = received;
    fits
}

/// Finds the right digest in another encoding than the scheme's, or another digest of the same
/// payload.
fn other_encoding_or_hash(
    question: &Question<'_>,
    search: &mut Search<'_>,
    signed: &[u8],
    value: &str,
) -> Option<Proved> {
    let scheme = question.scheme;
    // A public key can verify signatures but not compute them.
    if scheme.algorithm.is_asymmetric() {
        return None;
    }
    let texts = candidate_texts(scheme, value);
    for key in search.keys.clone() {
        search.family("other ways to write the signature");
        let expected = search.digest(scheme.algorithm, &key, signed)?;
        for (cause, text) in &texts {
            match match_digest(scheme, &expected, text) {
                Some(DigestText::AsExpected) => return cause.map(Proved::from),
                Some(DigestText::OtherForm(form)) => {
                    return Some(cause.unwrap_or(form).into());
                }
                None => {}
            }
        }
        search.family("other hashes, and other ways to use the key");
        let contains =
            |expected: &Vec<u8>| texts.iter().any(|(_, text)| decodings(text).contains(expected));
        for (hash, cause) in HASHES {
            if hash != scheme.algorithm && contains(&search.digest(hash, &key, signed)?) {
                return Some(cause.into());
            }
            for (cause, expected) in search.misused(hash, &key, signed)? {
                if contains(&expected) {
                    return Some(cause.into());
                }
            }
        }
    }
    None
}

/// Returns the keys of likely variants of the secrets.
fn secret_variants(question: &Question<'_>) -> Vec<(Cause, zeroize::Zeroizing<Vec<u8>>)> {
    let scheme = question.scheme;
    let mut out = Vec::new();
    for secret in question.secrets {
        let text = secret.expose();
        let rest = text.strip_prefix(scheme.secret_prefix.as_bytes()).unwrap_or(text);
        let expected = secret_key::key(scheme, secret);
        for plain in [text, rest] {
            if expected.as_ref().is_none_or(|expected| expected.as_slice() != plain) {
                out.push((Cause::SecretNotDecoded, zeroize::Zeroizing::new(plain.to_vec())));
            }
        }
        for (cause, variant) in mutations::secrets(text) {
            let variant = Secret::new(secret.name(), variant.to_vec());
            out.extend(secret_key::key(scheme, &variant).map(|key| (cause, key)));
        }
    }
    out
}

fn other_body(question: &Question<'_>, value: &str, search: &mut Search<'_>) -> Option<Proved> {
    let Question { scheme, subject, .. } = *question;
    search.family("other bodies");
    let mut found = None;
    mutations::bodies(subject.body, &mut |cause, body| {
        let fits = signed_payload(scheme, &Subject { body, ..*subject }, value)
            .is_ok_and(|signed| search.fits(&signed));
        if fits {
            let proof = difference(subject.body, body);
            found = Some(Proved { cause, proof: (!body.is_empty()).then_some(proof) });
        }
        // A search out of budget ends as well.
        fits || search.is_over()
    });
    found
}

/// Looks for a missing signature in the other headers.
pub(super) fn other_header(question: &Question<'_>, search: &mut Search<'_>) -> Option<Proved> {
    let Question { scheme, secrets, subject } = *question;
    if scheme.algorithm.is_asymmetric() || scheme.algorithm == Algorithm::Token {
        return None;
    }
    search.family("other headers");
    search.keys = secrets.iter().filter_map(|secret| secret_key::key(scheme, secret)).collect();
    for header in &subject.head.headers {
        let value = header_text(&header.value);
        let texts = candidate_texts(scheme, &value);
        // A digest has at least 27 characters; most headers are skipped here.
        if !texts.iter().any(|(_, text)| text.len() >= 27) {
            continue;
        }
        let Ok(signed) = signed_payload(scheme, subject, &value) else { continue };
        for key in search.keys.clone() {
            let expected = search.digest(scheme.algorithm, &key, &signed)?;
            let proof = Some(format!("it stands in the {} header", header.name));
            if texts.iter().any(|(_, text)| decodings(text).contains(&expected)) {
                return Some(Proved { cause: Cause::WrongHeader, proof });
            }
            let legacy = search.digest(Algorithm::HmacSha1, &key, &signed)?;
            if texts.iter().any(|(_, text)| decodings(text).contains(&legacy)) {
                return Some(Proved { cause: Cause::LegacyHeaderOnly, proof });
            }
        }
    }
    None
}
