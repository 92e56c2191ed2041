//! Requests that hookglass creates: sample events and files, signed as by their provider or
//! tampered with.

mod run;

use bytes::Bytes;
use jiff::Timestamp;

use crate::delivery::{Head, Header};
use crate::outbound::Request;
use crate::payload::pointer;
use crate::payload::reserialize::{JsonLibrary, rewritten};
use crate::provider::{Provider, Sample, Seed, ValueLocation};
use crate::secret::Secret;
use crate::signature::{self, Draft, SignError};

pub use run::{EventSource, SendEvent, SendRun, credentials_for, random_sample};

/// A way to tamper with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tamper {
    /// One byte of the body is changed after signing.
    Body,
    /// The JSON body is parsed and serialized again after signing, as a framework does. A body that
    /// is not JSON gets one byte changed.
    Reserialize,
    /// One digit of the signature is changed.
    Signature,
    /// The signature is left out.
    Missing,
}

/// Content of a request, before it is signed.
#[derive(Debug, Clone)]
pub struct DraftEvent {
    pub body: Vec<u8>,
    pub content_type: String,
    /// Other headers that the provider sends.
    pub headers: Vec<Header>,
}

impl DraftEvent {
    /// Creates a body that is declared as JSON.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), content_type: "application/json".to_owned(), headers: Vec::new() }
    }

    /// Creates a new event of a sample's type.
    pub fn of(sample: &Sample, random: fastrand::Rng) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a sample contains the time of sending")]
        let mut seed = Seed { now: Timestamp::now(), random };
        let headers = sample.headers(&mut seed).into_iter();
        Self {
            body: sample.body(&mut seed).into_bytes(),
            content_type: sample.content_type.clone(),
            headers: headers.map(|(name, value)| Header::new(name, value)).collect(),
        }
    }
}

/// Creates a POST to `url`, signed if there is a secret.
pub fn request(
    provider: &Provider,
    secret: Option<&Secret>,
    content: DraftEvent,
    url: &str,
    tamper: Option<Tamper>,
) -> Result<Request, SignError> {
    let DraftEvent { mut body, content_type, headers: own } = content;
    let mut headers = vec![
        // The sender inserts the real host.
        Header::new("Host", "localhost"),
        Header::new("User-Agent", concat!("hookglass/", env!("CARGO_PKG_VERSION"))),
        Header::new("Content-Type", content_type),
    ];
    headers.extend(own);
    let signature = match (secret, tamper) {
        (None, _) | (_, Some(Tamper::Missing)) => without(provider, &mut body),
        (Some(secret), _) => signed(provider, secret, (&mut body, &headers, url), tamper)?,
    };
    match tamper {
        Some(Tamper::Body) => change_a_byte(&mut body),
        Some(Tamper::Reserialize) => match rewritten(JsonLibrary::Python, &body) {
            Some(reserialized) if reserialized != body => body = reserialized,
            _ => change_a_byte(&mut body),
        },
        Some(Tamper::Signature | Tamper::Missing) | None => {}
    }
    headers.push(Header::new("Content-Length", body.len().to_string()));
    headers.extend(signature);
    Ok(Request { head: Head::build("POST", "/", &headers), body: Bytes::from(body) })
}

/// Returns the headers of a signature; a signature in the body is inserted there.
fn signed(
    provider: &Provider,
    secret: &Secret,
    (body, headers, url): (&mut Vec<u8>, &[Header], &str),
    tamper: Option<Tamper>,
) -> Result<Vec<Header>, SignError> {
    #[expect(clippy::disallowed_methods, reason = "a signature may cover the time of signing")]
    let now = Timestamp::now();
    let id: String = std::iter::repeat_with(fastrand::alphanumeric).take(24).collect();
    let id = format!("msg_{id}");
    let draft = Draft { body, headers, method: "POST", url: Some(url), id: &id, now, like: None };
    let mut signed = signature::sign(&provider.scheme, secret, &draft)?;
    if tamper == Some(Tamper::Signature) {
        match (&signed.body, signed.headers.last_mut()) {
            (Some(_), _) => {
                let other = Secret::new("another", [secret.expose(), b"00"].concat());
                signed = signature::sign(&provider.scheme, &other, &draft)?;
            }
            (None, Some(header)) => header.value = another_digit(&header.text()).into(),
            (None, None) => {}
        }
    }
    if let Some(with_signature) = signed.body {
        *body = with_signature;
    }
    Ok(signed.headers)
}

/// Leaves the signature out; in a body, it becomes an empty text.
fn without(provider: &Provider, body: &mut Vec<u8>) -> Vec<Header> {
    for place in &provider.scheme.signature {
        if let ValueLocation::Json(path) = place
            && let Some(emptied) = pointer::with_string(body, path, "")
        {
            *body = emptied;
        }
    }
    Vec::new()
}

/// Changes a digit near the end to one that both hex and base64 have.
pub(in crate::ops) fn another_digit(signature: &str) -> String {
    let at = signature.char_indices().rev().nth(4).map(|(at, _)| at);
    let Some((before, rest)) = at.and_then(|at| signature.split_at_checked(at)) else {
        return "0".to_owned();
    };
    let mut rest = rest.chars();
    let other = if rest.next() == Some('0') { '1' } else { '0' };
    format!("{before}{other}{}", rest.as_str())
}

/// Changes one letter after the middle of the body, so that JSON stays valid if possible; an empty
/// body gets a byte.
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
    fn requests_get_the_requested_verdict() {
        let cribbly = Provider::named("cribbly").unwrap();
        let secrets = [Secret::new("TEST_SECRET", "test-secret-not-a-real-one")];
        for (tamper, status) in [
            (None, SignatureStatus::Verified),
            (Some(Tamper::Body), SignatureStatus::Mismatch),
            (Some(Tamper::Reserialize), SignatureStatus::Mismatch),
            (Some(Tamper::Signature), SignatureStatus::Mismatch),
            (Some(Tamper::Missing), SignatureStatus::Missing),
        ] {
            for body in ["", "{}", r#"{"id":"a","type":"b.c","payload":{"id":"p"}}"#, "\u{1f405}"] {
                let request = request(
                    &cribbly,
                    Some(&secrets[0]),
                    DraftEvent::json(body),
                    "http://h/",
                    tamper,
                )
                .unwrap();
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
