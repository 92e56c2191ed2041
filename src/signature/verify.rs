//! Verification; the checks are made in the order missing, malformed, mismatch, expired, verified.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::header_values::{self, HeaderValues};
use super::keyless::KeylessCheck;
use super::signed_payload::{
    Absent, Subject, body_hash_fits, signed_payload, signed_payload_under,
};
use super::{
    Cause, digest, items, jwt, key_location, message_signature, public_url, secret_key, timestamp,
};
use crate::delivery::{Explanation, SignatureStatus, Verdict};
use crate::payload::{escape, pointer};
use crate::provider::{
    self, Algorithm, Encoding, JwtSpec, Provider, Scheme, SecretForm, TemplatePart, ValueLocation,
};
use crate::secret::Secret;

/// Checks a delivery against every secret, the current one first, as of `now`.
///
/// Without secrets the verdict is `unchecked`. Only causes that need no search are set;
/// [`super::Verifier::explain`] finds the others.
pub fn verify(
    scheme: &Scheme,
    secrets: &[Secret],
    subject: &Subject<'_>,
    now: Timestamp,
) -> Verdict {
    if let Some(reason) = &scheme.unchecked {
        return Verdict::explained(SignatureStatus::Unchecked, reason.as_str());
    }
    if scheme.algorithm.is_self_describing() {
        return verify_one(scheme, secrets, subject, now);
    }
    if let Some(foreign) = key_location::refuse_foreign(scheme, subject) {
        return foreign;
    }
    if secrets.is_empty() {
        let why = "no secret is configured, so the signature was not checked";
        return Verdict::explained(SignatureStatus::Unchecked, why);
    }
    match scheme.array() {
        Some(array) => items::verify(scheme, array, subject, |scheme, subject| {
            verify_one(scheme, secrets, subject, now)
        }),
        None => verify_one(scheme, secrets, subject, now),
    }
}

/// Checks a delivery against a scheme that does not sign several items.
pub(super) fn verify_one(
    scheme: &Scheme,
    secrets: &[Secret],
    subject: &Subject<'_>,
    now: Timestamp,
) -> Verdict {
    let scheme = match effective(scheme, subject) {
        Ok(scheme) => scheme,
        Err(early) => return early,
    };
    if let Some(jwt) = &scheme.jwt {
        return verify_token(&scheme, jwt, secrets, subject, now);
    }
    if scheme.algorithm == Algorithm::HttpMessageSignature {
        let checked =
            values(&scheme, subject).map(|_| message_signature::check(secrets, subject, now));
        return checked.map_or_else(|early| early, |found| keyless(&scheme, secrets, found));
    }
    match inferred_url(&scheme, secrets, subject, now) {
        Some(url) => {
            let subject = Subject { url: Some(&url), ..*subject };
            note_inferred_url(check_forms(&scheme, secrets, &subject, now), &url)
        }
        // An inferred URL that does not verify may be wrong, so this is not a mismatch.
        None => check_forms(&scheme, secrets, subject, now),
    }
}

/// Checks a delivery that is signed by a token.
fn verify_token(
    scheme: &Scheme,
    jwt: &JwtSpec,
    secrets: &[Secret],
    subject: &Subject<'_>,
    now: Timestamp,
) -> Verdict {
    let values = match values(scheme, subject) {
        Ok(values) => values,
        Err(early) => return early,
    };
    let texts: Vec<&str> =
        values.iter().flat_map(|value| header_values::texts(scheme, value.trim())).collect();
    let Some(text) = texts.first() else {
        return malformed(scheme, subject, values.first().map_or("", String::as_str));
    };
    keyless(scheme, secrets, jwt::check(scheme, jwt, secrets, subject, text, now))
}

fn keyless(scheme: &Scheme, secrets: &[Secret], found: KeylessCheck) -> Verdict {
    match found {
        KeylessCheck::Failed(verdict) => verdict,
        KeylessCheck::NoKey(explanation) => {
            Verdict::explained(SignatureStatus::Unchecked, explanation)
        }
        KeylessCheck::Verified { rank, notes } => {
            let mut verdict = verified(scheme, secrets, rank);
            for note in notes {
                Explanation::add(&mut verdict.explanation, note);
            }
            verdict
        }
    }
}

/// Checks a delivery as a provider's, by the scheme that decides on it. If that is the weaker one
/// of two signatures made with the same secret, a failing stronger one decides.
pub fn verify_as(
    provider: &Provider,
    secrets: &[Secret],
    subject: &Subject<'_>,
    now: Timestamp,
) -> Verdict {
    if let Some((_, verdict)) = overruled(provider, secrets, subject, now) {
        return verdict;
    }
    let mut verdict = verify_alone(provider, secrets, subject, now);
    if verdict.status == SignatureStatus::Verified
        && let Some(stronger) = unchecked_stronger(provider, subject)
    {
        let note = format!(
            "the stronger signature in {} was not checked: set {}, and use `--provider auto`",
            stronger.scheme.of(subject.head, subject.body).signature_place(),
            stronger.secret_env
        );
        Explanation::add(&mut verdict.explanation, note);
    }
    verdict
}

/// Returns the provider whose stronger signature, made with another secret, is in the delivery.
fn unchecked_stronger(
    provider: &Provider,
    subject: &Subject<'_>,
) -> Option<&'static Arc<Provider>> {
    let stronger = stronger(provider).filter(|one| one.secret_env != provider.secret_env)?;
    let scheme = stronger.scheme.of(subject.head, subject.body);
    values(scheme, subject).is_ok().then_some(stronger)
}

/// Returns the provider whose signature is stronger than that of this one.
fn stronger(provider: &Provider) -> Option<&'static Arc<Provider>> {
    let name = provider.weaker_than.as_ref()?;
    provider::all().iter().find(|one| one.name == *name)
}

/// Checks the signature of a provider alone.
pub(super) fn verify_alone(
    provider: &Provider,
    secrets: &[Secret],
    subject: &Subject<'_>,
    now: Timestamp,
) -> Verdict {
    verify(provider.scheme.of(subject.head, subject.body), secrets, subject, now)
}

/// Returns the provider whose stronger signature, made with the same secret, is in the delivery and
/// fails, and the verdict on it.
pub(super) fn overruled(
    provider: &Provider,
    secrets: &[Secret],
    subject: &Subject<'_>,
    now: Timestamp,
) -> Option<(&'static Arc<Provider>, Verdict)> {
    let stronger = stronger(provider).filter(|one| one.secret_env == provider.secret_env)?;
    let scheme = stronger.scheme.of(subject.head, subject.body);
    values(scheme, subject).ok()?;
    let verdict = verify(scheme, secrets, subject, now);
    let fails = matches!(verdict.status, SignatureStatus::Mismatch | SignatureStatus::Malformed);
    fails.then_some((stronger, verdict))
}

/// Returns the scheme as the request selects it. The verdict is found early if the request lacks a
/// part that the provider always sends.
pub(super) fn effective<'s>(
    scheme: &'s Scheme,
    subject: &Subject<'_>,
) -> Result<Cow<'s, Scheme>, Verdict> {
    if scheme.requires.is_empty() && scheme.algorithm_from.is_none() {
        return Ok(Cow::Borrowed(scheme));
    }
    values(scheme, subject)?;
    let is_absent = |place: &&ValueLocation| {
        subject.value_at(scheme, place, "").is_none_or(|value| value.trim().is_empty())
    };
    if let Some(place) = scheme.requires.iter().find(is_absent) {
        let why = format!("{place} is missing; it is sent with every signature of this kind");
        let cause = Cause::HeaderMissing.code();
        return Err(Verdict::with_cause(SignatureStatus::Missing, cause, why));
    }
    with_named_algorithm(scheme, subject)
}

/// Returns the scheme with the algorithm that the request names.
pub(super) fn with_named_algorithm<'s>(
    scheme: &'s Scheme,
    subject: &Subject<'_>,
) -> Result<Cow<'s, Scheme>, Verdict> {
    let Some(from) = &scheme.algorithm_from else { return Ok(Cow::Borrowed(scheme)) };
    let Some(value) = subject.value_at(scheme, &from.from, "") else {
        return Ok(Cow::Borrowed(scheme));
    };
    let algorithm = match from.name(&value) {
        Some(name) => from.algorithm(name).ok_or_else(|| {
            let known: Vec<&str> = from.names.keys().map(String::as_str).collect();
            let why = format!(
                "{} names the unknown algorithm `{}`; known are {}",
                from.from,
                escape(name),
                known.join(", ")
            );
            Verdict::explained(SignatureStatus::Malformed, why)
        })?,
        None => from.otherwise.unwrap_or(scheme.algorithm),
    };
    if algorithm == scheme.algorithm {
        return Ok(Cow::Borrowed(scheme));
    }
    Ok(Cow::Owned(scheme.with_algorithm(algorithm)))
}

/// Checks a delivery under each form of the URL that the provider may have signed.
fn check_forms(
    scheme: &Scheme,
    secrets: &[Secret],
    subject: &Subject<'_>,
    now: Timestamp,
) -> Verdict {
    let verdict = |url| {
        let subject = Subject { url, ..*subject };
        check(scheme, secrets, &subject, now)
    };
    let forms = subject.url.map(|url| public_url::forms(scheme, url)).unwrap_or_default();
    let verified = forms.iter().skip(1).find_map(|form| {
        verdict(Some(form)).ok().filter(|found| found.status != SignatureStatus::Mismatch)
    });
    let usual = verdict(forms.first().map(String::as_str));
    match (usual, verified) {
        (Ok(usual), Some(verified)) if usual.status == SignatureStatus::Mismatch => verified,
        (usual, _) => usual.unwrap_or_else(|early| early),
    }
}

/// Returns the URL that verifies among those inferred from the request, if none is configured.
pub(super) fn inferred_url(
    scheme: &Scheme,
    secrets: &[Secret],
    subject: &Subject<'_>,
    now: Timestamp,
) -> Option<String> {
    let is_needed = subject.url.is_none() && scheme.signed.has(&TemplatePart::Url);
    let inferred = if is_needed { public_url::infer(subject.head) } else { Vec::new() };
    inferred.into_iter().find(|url| {
        public_url::forms(scheme, url).iter().any(|form| {
            let subject = Subject { url: Some(form), ..*subject };
            check(scheme, secrets, &subject, now)
                .is_ok_and(|verdict| verdict.status != SignatureStatus::Mismatch)
        })
    })
}

fn note_inferred_url(mut verdict: Verdict, url: &str) -> Verdict {
    let note = format!(
        "no public URL is configured; the signature fits the one inferred from the request, {}",
        escape(url)
    );
    Explanation::add(&mut verdict.explanation, note);
    verdict
}

/// Returns the verdict, as an error if it is found before a digest is computed.
fn check(
    scheme: &Scheme,
    secrets: &[Secret],
    subject: &Subject<'_>,
    now: Timestamp,
) -> Result<Verdict, Verdict> {
    let values = values(scheme, subject)?;
    let mut found = Vec::new();
    let mut signed_at = None;
    let mut without_time = None;
    for value in &values {
        let signed =
            signed_payload(scheme, subject, value).map_err(|absent| missing(scheme, absent))?;
        match timestamp::read(scheme, subject, value) {
            // A changed body may have lost its time; the signature tells.
            Err(early)
                if early.status == SignatureStatus::Missing && timestamp::is_in_body(scheme) =>
            {
                without_time = Some(early);
            }
            read => signed_at = read?.or(signed_at),
        }
        found.push((HeaderValues::read(scheme, value), signed, value));
    }
    if found.iter().all(|(entries, ..)| entries.is_empty()) {
        let value = values.first().map(String::as_str).unwrap_or_default();
        return Err(malformed(scheme, subject, value));
    }
    let keys = keys(scheme, secrets)?;
    let texts = signed_texts(scheme, secrets)?;
    let body_hash_matches = body_hash_fits(scheme, subject);
    for (rank, key) in keys.iter().enumerate() {
        let Some(key) = key else { continue };
        for (entries, signed, value) in &found {
            let algorithm = scheme.algorithm;
            let signed = if scheme.signed.has_secret() && texts.is_empty() {
                &signed_payload_under(scheme, subject, value, key)
                    .map_err(|absent| missing(scheme, absent))?
            } else {
                signed
            };
            let with_text = |text: &&[u8]| signed_payload_under(scheme, subject, value, text).ok();
            let all: Vec<Cow<'_, [u8]>> = match texts.as_slice() {
                [] => vec![Cow::Borrowed(&**signed)],
                texts => texts.iter().filter_map(with_text).collect(),
            };
            let fits =
                |one: &Vec<u8>| all.iter().any(|signed| digest::fits(algorithm, key, signed, one));
            if body_hash_matches && entries.good.iter().any(fits) {
                if let Some(early) = without_time {
                    return Err(early);
                }
                let mut verified = verified(scheme, secrets, rank);
                if let Some((cause, note)) = timestamp::future_note(scheme, signed_at, now) {
                    verified.cause = Some(cause.code().to_owned());
                    verified.explanation = Some(note.into());
                }
                return Ok(timestamp::expired(scheme, signed_at, now).unwrap_or(verified));
            }
            if entries.other_case.iter().any(fits) {
                return Err(other_case(scheme));
            }
        }
    }
    Ok(mismatch(scheme, secrets))
}

/// Returns true if the signature has the form of the scheme.
pub fn is_well_formed(scheme: &Scheme, subject: &Subject<'_>) -> bool {
    if scheme.algorithm == Algorithm::HttpMessageSignature {
        return message_signature::is_well_formed(subject);
    }
    let values = values(scheme, subject).unwrap_or_default();
    scheme.unchecked.is_some()
        || values.iter().any(|value| !HeaderValues::read(scheme, value).is_empty())
}

/// Returns the values at the locations of the signature.
pub(super) fn values(scheme: &Scheme, subject: &Subject<'_>) -> Result<Vec<String>, Verdict> {
    let found: Vec<String> =
        scheme.signature.iter().filter_map(|place| subject.value_at(scheme, place, "")).collect();
    let place = scheme.signature_place();
    let is_header = matches!(scheme.signature.first(), Some(ValueLocation::Header(_)));
    if found.is_empty() {
        let why = if is_header {
            format!(
                "there is no {place} header: another service sent the delivery, or a proxy removed \
                 the header"
            )
        } else {
            format!(
                "there is no signature at {place}: the sender did not sign, or another service \
                 sent the delivery"
            )
        };
        // A missing token proves nothing: some providers can be configured without one.
        return Err(match scheme.algorithm {
            Algorithm::Token => Verdict::explained(SignatureStatus::Missing, why),
            _ => Verdict::with_cause(SignatureStatus::Missing, Cause::HeaderMissing.code(), why),
        });
    }
    let filled: Vec<String> = found.into_iter().filter(|value| !value.trim().is_empty()).collect();
    if filled.is_empty() {
        let what = if is_header { format!("the {place} header") } else { place };
        let why = format!("{what} is empty");
        return Err(Verdict::with_cause(SignatureStatus::Missing, Cause::HeaderEmpty.code(), why));
    }
    let Some(path) = &scheme.envelope else { return Ok(filled) };
    let inside = |value: &String| pointer::lookup(&STANDARD.decode(value.trim()).ok()?, path);
    filled.iter().map(inside).collect::<Option<_>>().ok_or_else(|| {
        let why = format!("the {place} header is not the base64 of JSON with a text at {path}");
        Verdict::explained(SignatureStatus::Malformed, why)
    })
}

fn missing(scheme: &Scheme, absent: Absent) -> Verdict {
    match absent {
        Absent::Url => Verdict::explained(
            SignatureStatus::Unchecked,
            "the signature covers the public URL, which is not configured, and none inferred from \
             the request fits; set --public-url, or --url of `hookglass verify`",
        ),
        Absent::Place(place @ ValueLocation::Pair(_)) => {
            let why = format!("there is no {place}");
            Verdict::explained(SignatureStatus::Malformed, why)
        }
        Absent::Place(place) => {
            let is_timestamp = scheme.timestamp.as_ref().is_some_and(|clock| clock.from == place);
            let cause = if is_timestamp { Cause::TimestampMissing } else { Cause::HeaderMissing };
            let why = format!("{place} is missing or empty, and it is signed");
            Verdict::with_cause(SignatureStatus::Missing, cause.code(), why)
        }
    }
}

/// Returns the configured texts of which one is signed; empty if none is part of the payload.
fn signed_texts<'s>(scheme: &Scheme, secrets: &'s [Secret]) -> Result<Vec<&'s [u8]>, Verdict> {
    if scheme.secret != SecretForm::PublicKey || !scheme.signed.has_secret() {
        return Ok(Vec::new());
    }
    let is_text = |secret: &&Secret| secret_key::key(scheme, secret).is_none();
    let texts: Vec<&[u8]> = secrets.iter().filter(is_text).map(Secret::expose).collect();
    if texts.is_empty() {
        let why = "a key is configured, but not the id that is signed with the delivery, so the \
                   signature was not checked";
        return Err(Verdict::explained(SignatureStatus::Unchecked, why));
    }
    Ok(texts)
}

/// Decodes the key of each secret. If all fail, the configuration is wrong, not the sender.
fn keys(scheme: &Scheme, secrets: &[Secret]) -> Result<Vec<Option<Zeroizing<Vec<u8>>>>, Verdict> {
    let keys: Vec<_> = secrets.iter().map(|secret| secret_key::key(scheme, secret)).collect();
    if keys.iter().any(Option::is_some) {
        return Ok(keys);
    }
    let names = names(secrets);
    if scheme.secret == SecretForm::PublicKey {
        let why = format!(
            "no public key is configured, so the signature was not checked: {names} is neither PEM, \
             JSON Web Keys, nor base64 of DER"
        );
        return Err(Verdict::explained(SignatureStatus::Unchecked, why));
    }
    let why = format!(
        "the configured secret ({names}) does not have the form of this provider's secrets; copy \
         it again, whole"
    );
    Err(Verdict::explained(SignatureStatus::Mismatch, why))
}

fn verified(scheme: &Scheme, secrets: &[Secret], rank: usize) -> Verdict {
    let name = secrets.get(rank).map(|secret| secret.name().to_owned()).unwrap_or_default();
    // Of several public keys, none is the previous one.
    let previous = rank > 0 && scheme.secret != SecretForm::PublicKey;
    let mut explanation = None;
    let mut note = |text: String| Explanation::add(&mut explanation, text);
    if previous {
        note(format!("verified with {name}, not with the current secret"));
    }
    if let Some(sentence) = scheme.uncovered() {
        note(sentence.to_owned());
    }
    let cause = if previous {
        Some(Cause::PreviousSecret)
    } else if secrets
        .get(rank)
        .is_some_and(|secret| secret_key::changes_when_normalized(scheme, secret))
    {
        note("the provider normalizes the secret to another Unicode form (NFKD)".to_owned());
        Some(Cause::SecretUnicodeForm)
    } else {
        None
    };
    Verdict {
        status: SignatureStatus::Verified,
        cause: cause.map(|cause| cause.code().to_owned()),
        explanation,
        secret: Some(name),
    }
}

fn malformed(scheme: &Scheme, subject: &Subject<'_>, value: &str) -> Verdict {
    let status = SignatureStatus::Malformed;
    let place = scheme.signature_place();
    let lines = match scheme.signature.first() {
        Some(ValueLocation::Header(name)) => subject.head.values(name).count(),
        _ => 1,
    };
    if lines > 1 {
        let why =
            format!("the {place} header was sent {lines} times; joined, its values are invalid");
        return Verdict::with_cause(status, Cause::HeaderDuplicate.code(), why);
    }
    let bytes = digest::length(scheme.algorithm).unwrap_or_default();
    let plain = scheme.prefix.is_empty() && scheme.pairs.is_none() && scheme.list.is_none();
    let (encoding, digits) = match scheme.encoding {
        Encoding::Hex => ("lowercase hex digits", bytes * 2),
        Encoding::HexUpper => ("uppercase hex digits", bytes * 2),
        Encoding::HexAny => ("hex digits", bytes * 2),
        Encoding::Base64 => ("characters of base64", bytes.div_ceil(3) * 4),
        Encoding::Base64Url => ("characters of base64url", (bytes * 4).div_ceil(3)),
    };
    if plain && scheme.encoding.is_hex() && value.trim().len() == digits {
        let why = format!("the {place} header has characters other than hex digits");
        return Verdict::with_cause(status, Cause::SigNotHex.code(), why);
    }
    let length = value.chars().count();
    let start: String = value.chars().take(24).collect();
    let start = escape(&start);
    let position = match (&scheme.pairs, scheme.prefix.as_str()) {
        (Some(pairs), _) => {
            let key = pairs.keys.first().map(String::as_str).unwrap_or_default();
            format!(" after `{key}{}`", pairs.equals)
        }
        (None, "") => String::new(),
        (None, prefix) => format!(" after `{prefix}`"),
    };
    // Signatures made with a public key of unknown size have no fixed length.
    let expected = match bytes {
        0 => encoding.strip_prefix("characters of ").unwrap_or(encoding).to_owned(),
        _ => format!("{digits} {encoding}"),
    };
    let what = match scheme.signature.first() {
        Some(ValueLocation::Header(_)) => format!("the {place} header is not a signature"),
        _ => format!("there is no valid signature at {place}"),
    };
    let why = format!(
        "{what}: expected {expected}{position}, got {length} characters that begin with `{start}`"
    );
    Verdict::explained(status, why)
}

fn mismatch(scheme: &Scheme, secrets: &[Secret]) -> Verdict {
    let names = names(secrets);
    if scheme.algorithm == Algorithm::Token {
        let why = format!("the token differs from the configured one ({names})");
        return Verdict::explained(SignatureStatus::Mismatch, why);
    }
    let why = format!(
        "the signature is not the {} of {} with {names}, and no known cause explains it",
        scheme.algorithm,
        scheme.signed.brief()
    );
    Verdict::explained(SignatureStatus::Mismatch, why)
}

fn other_case(scheme: &Scheme) -> Verdict {
    let found = if scheme.encoding == Encoding::HexUpper { "lowercase" } else { "uppercase" };
    let why = format!(
        "the digest is right, but written in {found} hex; the provider sends {}, and its own \
         verifiers compare the text",
        scheme.encoding
    );
    Verdict::with_cause(SignatureStatus::Mismatch, Cause::SigCase.code(), why)
}

fn names(secrets: &[Secret]) -> String {
    secrets.iter().map(Secret::name).collect::<Vec<_>>().join(", ")
}
