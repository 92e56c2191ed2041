//! Requests of our own: sample events and files, signed as their provider would sign them, or
//! spoilt on purpose.

use bytes::Bytes;

use crate::delivery::{Head, Header};
use crate::outbound::Request;
use crate::provider::Provider;
use crate::secret::Secret;
use crate::signature;

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
) -> Request {
    let mut body = body.into();
    let signature = secret
        .filter(|_| tamper != Some(Tamper::Missing))
        .map(|secret| signature::sign(&provider.scheme, secret, &body))
        .map(|value| if tamper == Some(Tamper::Signature) { another_digit(value) } else { value });
    if tamper == Some(Tamper::Body) {
        change_a_byte(&mut body);
    }
    let mut headers = vec![
        // The one who sends puts the real host here.
        Header::new("Host", "localhost"),
        Header::new("User-Agent", concat!("hookglass/", env!("CARGO_PKG_VERSION"))),
        Header::new("Content-Type", "application/json"),
        Header::new("Content-Length", body.len().to_string()),
    ];
    if let Some(value) = signature {
        headers.push(Header::new(provider.scheme.signature_header(), value));
    }
    Request { head: Head::build("POST", "/", &headers), body: Bytes::from(body) }
}

fn another_digit(mut signature: String) -> String {
    let last = signature.pop();
    signature.push(if last == Some('0') { '1' } else { '0' });
    signature
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
                let request = request(&cribbly, Some(&secrets[0]), body, tamper);
                let verdict =
                    signature::verify(&cribbly.scheme, &secrets, &request.head, &request.body);
                assert_eq!(verdict.status, status, "{tamper:?} of {body:?}");
                let length = request.head.joined("content-length").unwrap();
                assert_eq!(length, request.body.len().to_string());
            }
        }
    }
}
