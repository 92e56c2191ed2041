//! Why a signature does not match. A cause is named only if a computation proves it: with that
//! one change undone, the signature is right.

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

use encodings::{DigestText, decodings, how, readings};
use first_difference::difference;
pub(super) use search::Search;
pub use search::{Budget, Tried};

const HASHES: [(Algorithm, Cause); 3] = [
    (Algorithm::HmacSha1, Cause::AlgSha1),
    (Algorithm::HmacSha256, Cause::AlgSha256),
    (Algorithm::HmacSha512, Cause::AlgSha512),
];

/// A proved cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proved {
    pub(super) cause: Cause,
    /// What shows it: where bytes differ, or the text that verifies.
    pub(super) proof: Option<String>,
}

impl From<Cause> for Proved {
    fn from(cause: Cause) -> Self {
        Self { cause, proof: None }
    }
}

/// What is known of a signature that is bad.
pub(super) struct Question<'q> {
    pub(super) scheme: &'q Scheme,
    pub(super) secrets: &'q [Secret],
    pub(super) subject: &'q Subject<'q>,
}

/// The one change that explains a value of the signature, if there is one.
pub(super) fn diagnose(
    question: &Question<'_>,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Proved> {
    let Question { scheme, secrets, subject } = *question;
    if scheme.algorithm == Algorithm::Token {
        return token(question, value, search);
    }
    let signed = signed_payload(scheme, subject, value).ok();
    search.keys = secrets.iter().filter_map(|secret| secret_key::key(scheme, secret)).collect();
    search.algorithm = scheme.algorithm;
    search.received = HeaderValues::read(scheme, value).good;
    if let Some(signed) = &signed {
        let found = written_otherwise(question, search, signed, value);
        if found.is_some() {
            return found;
        }
    }
    if quoted(question, value, search) {
        return Some(Cause::SigQuoted.into());
    }
    if search.received.is_empty() {
        return None;
    }
    if let Some(signed) = &signed {
        search.family("other forms of the secret");
        let found =
            meant_secrets(question).into_iter().find(|(_, key)| search.fits_under(key, signed));
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

/// A token that is right but for white space, quotes or the case of its letters.
fn token(question: &Question<'_>, value: &str, search: &mut Search<'_>) -> Option<Proved> {
    search.family("other forms of the secret");
    let bare = value.trim().trim_matches(['"', '\'']);
    for secret in question.secrets {
        let due = secret.expose();
        if bare.len() < value.trim().len() && digest::equal(bare.as_bytes(), due) {
            return Some(Cause::SigQuoted.into());
        }
        for (cause, varied) in mutations::secrets(due) {
            search.count();
            if digest::equal(value.as_bytes(), &varied) {
                return Some(cause.into());
            }
        }
    }
    None
}

/// Whether the value is right without the quotes around it. (Among pairs they hide the first key.)
fn quoted(question: &Question<'_>, value: &str, search: &mut Search<'_>) -> bool {
    let scheme = question.scheme;
    let bare = value.trim().trim_matches(['"', '\'']);
    let signed = signed_payload(scheme, question.subject, bare).ok().filter(|_| bare != value);
    let Some(signed) = signed else { return false };
    let kept = std::mem::replace(&mut search.received, HeaderValues::read(scheme, bare).good);
    let fits = search.fits(&signed);
    search.received = kept;
    fits
}

/// Whether the right digest stands in the value, but not as the scheme writes it, or whether
/// another digest of the same content does.
fn written_otherwise(
    question: &Question<'_>,
    search: &mut Search<'_>,
    signed: &[u8],
    value: &str,
) -> Option<Proved> {
    let scheme = question.scheme;
    // With a public key no signature can be computed, only checked.
    if scheme.algorithm.is_asymmetric() {
        return None;
    }
    let texts = readings(scheme, value);
    for key in search.keys.clone() {
        search.family("other ways to write the signature");
        let due = search.digest(scheme.algorithm, &key, signed)?;
        for (cause, text) in &texts {
            match how(scheme, &due, text) {
                Some(DigestText::Rightly) => return cause.map(Proved::from),
                Some(DigestText::Otherwise(written)) => {
                    return Some(cause.unwrap_or(written).into());
                }
                None => {}
            }
        }
        search.family("other hashes, and other ways to use the key");
        let stands = |due: &Vec<u8>| texts.iter().any(|(_, text)| decodings(text).contains(due));
        for (hash, cause) in HASHES {
            if hash != scheme.algorithm && stands(&search.digest(hash, &key, signed)?) {
                return Some(cause.into());
            }
            for (cause, due) in search.misused(hash, &key, signed)? {
                if stands(&due) {
                    return Some(cause.into());
                }
            }
        }
    }
    None
}

/// Keys of secrets that may have been meant.
fn meant_secrets(question: &Question<'_>) -> Vec<(Cause, zeroize::Zeroizing<Vec<u8>>)> {
    let scheme = question.scheme;
    let mut out = Vec::new();
    for secret in question.secrets {
        let text = secret.expose();
        let rest = text.strip_prefix(scheme.secret_prefix.as_bytes()).unwrap_or(text);
        let due = secret_key::key(scheme, secret);
        for plain in [text, rest] {
            if due.as_ref().is_none_or(|due| due.as_slice() != plain) {
                out.push((Cause::SecretNotDecoded, zeroize::Zeroizing::new(plain.to_vec())));
            }
        }
        for (cause, varied) in mutations::secrets(text) {
            let varied = Secret::new(secret.name(), varied.to_vec());
            out.extend(secret_key::key(scheme, &varied).map(|key| (cause, key)));
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
        // A search that has run out of its budget ends as well.
        fits || search.is_over()
    });
    found
}

/// Where the header of the signature is not there: whether another one holds it.
pub(super) fn elsewhere(question: &Question<'_>, search: &mut Search<'_>) -> Option<Proved> {
    let Question { scheme, secrets, subject } = *question;
    if scheme.algorithm.is_asymmetric() || scheme.algorithm == Algorithm::Token {
        return None;
    }
    search.family("other headers");
    search.keys = secrets.iter().filter_map(|secret| secret_key::key(scheme, secret)).collect();
    for header in &subject.head.headers {
        let value = header_text(&header.value);
        let texts = readings(scheme, &value);
        // A digest takes 27 characters at least; most headers end here.
        if !texts.iter().any(|(_, text)| text.len() >= 27) {
            continue;
        }
        let Ok(signed) = signed_payload(scheme, subject, &value) else { continue };
        for key in search.keys.clone() {
            let due = search.digest(scheme.algorithm, &key, &signed)?;
            let proof = Some(format!("it stands in the {} header", header.name));
            if texts.iter().any(|(_, text)| decodings(text).contains(&due)) {
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
