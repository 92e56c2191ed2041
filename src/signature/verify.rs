//! The verdict on a delivery, in the order missing, malformed, mismatch, verified.

use super::{Cause, digest};
use crate::delivery::{Head, SignatureStatus, Verdict, header_text};
use crate::payload::visible;
use crate::provider::{Encoding, Scheme, SignedContent};
use crate::secret::Secret;

/// Checks a delivery against every secret, the current one first.
///
/// Without secrets the verdict is `unchecked`; how to give one is the caller's to say.
pub fn verify(scheme: &Scheme, secrets: &[Secret], head: &Head, body: &[u8]) -> Verdict {
    if secrets.is_empty() {
        let why = "no secret is configured, so the signature was not checked";
        return Verdict::explained(SignatureStatus::Unchecked, why);
    }
    let name = scheme.signature_header();
    let Some(value) = head.joined(name) else {
        let why =
            format!("there is no {name} header: the sender did not sign, or a proxy removed it");
        return caused(SignatureStatus::Missing, Cause::HeaderMissing, why);
    };
    let value = header_text(&value);
    if value.trim().is_empty() {
        let why = format!("the {name} header is there, but it is empty");
        return caused(SignatureStatus::Missing, Cause::HeaderEmpty, why);
    }
    let SignedContent::Body = scheme.signed;
    match read(scheme, value.trim(), head.values(name).count()) {
        Read::Digest(bytes) => compare(scheme, secrets, body, &bytes),
        Read::UpperCase(bytes) => upper_case(scheme, secrets, body, &bytes),
        Read::Malformed(verdict) => verdict,
    }
}

/// What the text of a signature header turned out to be.
enum Read {
    Digest(Vec<u8>),
    /// Right but for its case; official verifiers compare text, so it may not pass.
    UpperCase(Vec<u8>),
    Malformed(Verdict),
}

fn read(scheme: &Scheme, value: &str, lines: usize) -> Read {
    let name = scheme.signature_header();
    let Encoding::Hex = scheme.encoding;
    let digits = digest::length(scheme.algorithm) * 2;
    let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if value.len() == digits && is_hex {
        let lower = value.to_ascii_lowercase();
        return match hex::decode(&lower) {
            Ok(bytes) if lower == value => Read::Digest(bytes),
            Ok(bytes) => Read::UpperCase(bytes),
            Err(_) => Read::Malformed(malformed(name, value, digits)),
        };
    }
    let status = SignatureStatus::Malformed;
    Read::Malformed(if lines > 1 {
        let why =
            format!("the {name} header came {lines} times; joined, its values are no signature");
        caused(status, Cause::HeaderDuplicate, why)
    } else if value.len() == digits {
        let why = format!("the {name} header has the right length, but not only hex digits");
        caused(status, Cause::SigNotHex, why)
    } else {
        malformed(name, value, digits)
    })
}

fn malformed(name: &str, value: &str, digits: usize) -> Verdict {
    let length = value.chars().count();
    let start: String = value.chars().take(24).collect();
    let start = visible(&start);
    let why = format!(
        "the {name} header is no signature: {digits} lower-case hex digits are due, \
         {length} characters came, beginning `{start}`"
    );
    Verdict::explained(SignatureStatus::Malformed, why)
}

fn compare(scheme: &Scheme, secrets: &[Secret], body: &[u8], received: &[u8]) -> Verdict {
    let Some((rank, secret)) = find(scheme, secrets, body, received) else {
        let names = secrets.iter().map(Secret::name).collect::<Vec<_>>().join(", ");
        let why = format!(
            "the signature is well formed, but it is not the {} of {} under {names}: \
             the secret is another one, or the body was changed on its way",
            scheme.algorithm, scheme.signed
        );
        return Verdict::explained(SignatureStatus::Mismatch, why);
    };
    let name = secret.name().to_owned();
    let previous = rank > 0;
    Verdict {
        status: SignatureStatus::Verified,
        cause: previous.then(|| Cause::PreviousSecret.code().to_owned()),
        explanation: previous.then(|| {
            format!("verified with {name}, which is not the first of the configured secrets")
        }),
        secret: Some(name),
    }
}

fn upper_case(scheme: &Scheme, secrets: &[Secret], body: &[u8], received: &[u8]) -> Verdict {
    if find(scheme, secrets, body, received).is_none() {
        return compare(scheme, secrets, body, received);
    }
    let why = "the digest is right, but written in upper-case hex; the provider sends lower case, \
               and its own verifiers compare the text";
    caused(SignatureStatus::Mismatch, Cause::SigCase, why.to_owned())
}

/// The first secret under which the body has the digest that was received, and its rank.
fn find<'s>(
    scheme: &Scheme,
    secrets: &'s [Secret],
    body: &[u8],
    received: &[u8],
) -> Option<(usize, &'s Secret)> {
    let matches = |secret: &Secret| digest::equals(scheme.algorithm, secret, body, received);
    secrets.iter().enumerate().find(|(_, secret)| matches(secret))
}

fn caused(status: SignatureStatus, cause: Cause, explanation: String) -> Verdict {
    let cause = Some(cause.code().to_owned());
    Verdict { status, cause, explanation: Some(explanation), secret: None }
}
