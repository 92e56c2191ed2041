//! Requests of our own: sample events and files, signed as their provider would sign them, or
//! spoilt on purpose.

use bytes::Bytes;
use jiff::Timestamp;

use crate::delivery::{Head, Header};
use crate::outbound::Request;
use crate::provider::Provider;
use crate::secret::Secret;
use crate::signature::{self, SignError};

/// A way in which a request is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tamper {
    /// One byte of the body is changed after signing.
    Body,
    /// One digit of the signature is changed.
    Signature,
    /// The signature is left out.
    Missing,
}

/// A POST of `body` to `/`, signed if there is a secret.
pub fn request(
    provider: &Provider,
    secret: Option<&Secret>,
    body: impl Into<Vec<u8>>,
    tamper: Option<Tamper>,
) -> Result<Request, SignError> {
    let mut body = body.into();
    #[expect(clippy::disallowed_methods, reason = "a signature may tell the time of signing")]
    let now = Timestamp::now();
    let id: String = std::iter::repeat_with(fastrand::alphanumeric).take(24).collect();
    let mut signature = match secret.filter(|_| tamper != Some(Tamper::Missing)) {
        Some(secret) => {
            signature::sign(&provider.scheme, secret, &body, (&format!("msg_{id}"), now))?
        }
        None => Vec::new(),
    };
    match tamper {
        Some(Tamper::Body) => change_a_byte(&mut body),
        Some(Tamper::Signature) => {
            if let Some(header) = signature.last_mut() {
                header.value = another_digit(&header.value).into();
            }
        }
        Some(Tamper::Missing) | None => {}
    }
    let mut headers = vec![
        // The one who sends puts the real host here.
        Header::new("Host", "localhost"),
        Header::new("User-Agent", concat!("hookglass/", env!("CARGO_PKG_VERSION"))),
        Header::new("Content-Type", "application/json"),
        Header::new("Content-Length", body.len().to_string()),
    ];
    headers.extend(signature);
    Ok(Request { head: Head::build("POST", "/", &headers), body: Bytes::from(body) })
}

/// Changes a digit near the end, to one that hex and base64 both have.
fn another_digit(signature: &[u8]) -> Vec<u8> {
    let mut out = signature.to_vec();
    if let Some(digit) = out.iter_mut().rev().nth(4) {
        *digit = if *digit == b'0' { b'1' } else { b'0' };
    }
    out
}

/// Changes one letter behind the middle of the body, so that JSON stays JSON where it can; an
/// empty body gets a byte.
fn change_a_byte(body: &mut Vec<u8>) {
    let middle = body.len() / 2;
    let letter = body.iter().skip(middle).position(u8::is_ascii_lowercase);
    match body.get_mut(middle + letter.unwrap_or(0)) {
        Some(byte @ b'a'..=b'z') => *byte = if *byte == b'z' { b'a' } else { *byte + 1 },
        Some(byte) => *byte ^= 1,
        None => body.push(b' '),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::SignatureStatus;

    #[test]
    fn what_is_sent_gets_the_verdict_that_was_asked_for() {
        let cribbly = Provider::named("cribbly").unwrap();
        let secrets = [Secret::new("TEST_SECRET", "test-secret-not-a-real-one")];
        for (tamper, status) in [
            (None, SignatureStatus::Verified),
            (Some(Tamper::Body), SignatureStatus::Mismatch),
            (Some(Tamper::Signature), SignatureStatus::Mismatch),
            (Some(Tamper::Missing), SignatureStatus::Missing),
        ] {
            for body in ["", "{}", r#"{"id":"a","type":"b.c","payload":{"id":"p"}}"#, "\u{1f405}"] {
                let request = request(&cribbly, Some(&secrets[0]), body, tamper).unwrap();
                let verdict = {
                    let subject = signature::Subject::new(&request.head, &request.body);
                    signature::verify(&cribbly.scheme, &secrets, &subject, Timestamp::UNIX_EPOCH)
                };
                assert_eq!(verdict.status, status, "{tamper:?} of {body:?}");
                let length = request.head.joined("content-length").unwrap();
                assert_eq!(length, request.body.len().to_string());
            }
        }
    }
}
