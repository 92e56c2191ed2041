//! Other bodies that may have been signed.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::Question;
use super::finding::{Finding, body_difference};
use super::search::Search;
use crate::delivery::SignatureStatus;
use crate::payload::reserialize::{JsonLibrary, rewritten};
use crate::signature::signed_payload::{
    Subject, body_hash_fits, payload_with_slot, signed_body_hash,
};
use crate::signature::verify::verify_as;
use crate::signature::{Cause, mutations};

/// Size limit of bodies that are rewritten to name the language.
const MAX_REWRITTEN: usize = 1 << 20;

/// Tries bodies before changes that common software makes.
pub(super) fn other(
    question: &Question<'_>,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Finding> {
    let Question { scheme, subject, .. } = *question;
    if !scheme.covers_body {
        return None;
    }
    search.family("forms of the body");
    let mut found = None;
    mutations::bodies(subject.body, &mut |cause, how, body| {
        let variant = Subject { body, ..*subject };
        let fits = payload_with_slot(scheme, &variant, value)
            .is_ok_and(|signed| body_hash_fits(scheme, &variant) && search.fits(&signed));
        if fits {
            found = Some(explained(subject.body, cause, &how.to_string(), body));
        }
        // A search out of budget ends as well.
        fits || search.is_over()
    });
    found
}

/// Looks for a body with a right signature inside the received one, in which there is none.
pub(in crate::signature) fn contained(
    question: &Question<'_>,
    now: Timestamp,
    search: &mut Search<'_>,
) -> Option<Finding> {
    let Question { provider, secrets, subject, .. } = *question;
    search.family("forms of the body");
    let mut found = None;
    mutations::contents(subject.body, &mut |cause, how, body| {
        search.count();
        let verdict = verify_as(provider, secrets, &Subject { body, ..*subject }, now);
        let is_right =
            matches!(verdict.status, SignatureStatus::Verified | SignatureStatus::Expired);
        if is_right {
            found = Some(explained(subject.body, cause, &how.to_string(), body));
        }
        is_right
    });
    found
}

/// Tries bodies against the hash in the signed URL, whose signature is right.
pub(super) fn other_hash(question: &Question<'_>, value: &str, search: &mut Search<'_>) -> Finding {
    other(question, value, search).or_else(|| miswritten_hash(question)).unwrap_or_else(|| {
        Finding::observed(
            "the signature of the URL is right, but the body is not the one whose hash is in the \
             URL (bodySHA256): it was changed after it was signed",
        )
        .fix("look for a proxy or middleware that changes the body")
    })
}

/// Finds a hash in the signed URL that is right, but in uppercase or incomplete.
fn miswritten_hash(question: &Question<'_>) -> Option<Finding> {
    let Question { scheme, subject, .. } = *question;
    let hash = signed_body_hash(scheme, subject)?;
    let right = hex::encode(Sha256::digest(subject.body));
    if hash.eq_ignore_ascii_case(&right) {
        let says = format!(
            "the body is the signed one, but its hash in the URL is in uppercase hex; {} sends \
             lowercase, and its verifiers compare the text",
            question.title()
        );
        let fix = "write the hash as lowercase hex: `.digest('hex')` in Node.js, `.hexdigest()` in \
                   Python";
        return Some(Finding::from(Cause::SigCase).says(says).fix(fix).values(&hash, &right));
    }
    if hash.len() == right.len() {
        return None;
    }
    let says = format!(
        "the signature of the URL is right, but the hash of the body in the URL is not one: \
         expected 64 hex digits, got {} characters",
        hash.chars().count()
    );
    Some(Finding::observed(says).fix("send the whole SHA-256 of the body, as 64 hex digits"))
}

fn explained(received: &[u8], cause: Cause, how: &str, signed: &[u8]) -> Finding {
    // Some languages sort keys when they write JSON.
    let is_reordered =
        cause == Cause::BodyReserialized && mutations::is_reordered(received, signed);
    let cause = if is_reordered { Cause::BodyKeyOrder } else { cause };
    let mut finding = Finding::from(cause);
    if !how.is_empty() {
        finding = finding.says(how);
    }
    if matches!(cause, Cause::BodyReserialized | Cause::BodyKeyOrder)
        && let Some(says) = languages(received, signed)
    {
        finding = finding.says(says);
    }
    if !signed.is_empty() && !matches!(cause, Cause::BodyGzip) {
        finding = finding.proof(body_difference(received, signed));
    }
    finding
}

/// Names the languages whose JSON library turns one body into the other.
fn languages(received: &[u8], signed: &[u8]) -> Option<String> {
    if received.len().max(signed.len()) > MAX_REWRITTEN {
        return None;
    }
    let makes = |from: &[u8], to: &[u8]| -> Vec<JsonLibrary> {
        let to = to.trim_ascii_end();
        let is_same = |language: &JsonLibrary| {
            rewritten(*language, from).is_some_and(|written| written == to)
        };
        JsonLibrary::ALL.into_iter().filter(is_same).collect()
    };
    let (after, before) = (makes(signed, received), makes(received, signed));
    let (languages, was) = match (after.as_slice(), before.as_slice()) {
        ([], []) => return None,
        ([], found) => (found, "signed as"),
        (found, _) => (found, "received as"),
    };
    let titles: Vec<&str> = languages.iter().map(|language| language.title()).collect();
    let call = languages.first().map(|language| language.call()).unwrap_or_default();
    let call = if languages.len() == 1 { format!(": `{call}`") } else { String::new() };
    Some(format!(
        "the JSON was parsed and serialized again: it was {was} {} writes it{call}",
        joined(&titles)
    ))
}

fn joined(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
