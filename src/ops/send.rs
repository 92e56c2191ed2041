//! Requests that hookglass creates: sample events and files, signed like their provider does, or
//! tampered with.

mod file;
mod run;

use bytes::Bytes;
use jiff::Timestamp;

use crate::delivery::{Head, Header, SignatureStatus};
use crate::outbound::Request;
use crate::payload::pointer;
use crate::payload::reserialize::{JsonLibrary, rewritten};
use crate::provider::{Provider, Sample, Scheme, Seed, TemplatePart, ValueLocation};
use crate::secret::Secret;
use crate::signature::{self, Draft, SignError, Subject};

pub use file::FileEvent;
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
    let DraftEvent { body, content_type, headers: own } = content;
    let mut headers = vec![
        // The sender inserts the real host.
        Header::new("Host", "localhost"),
        Header::new("User-Agent", concat!("hookglass/", env!("CARGO_PKG_VERSION"))),
        Header::new("Content-Type", content_type),
    ];
    headers.retain(|header| !own.iter().any(|other| other.is(&header.name)));
    headers.extend(own);
    let (body, signature) = match secret {
        Some(secret) => signed(provider, secret, body, &headers, url)?,
        None => (without_signature(provider, body), Vec::new()),
    };
    headers.push(Header::new("Content-Length", body.len().to_string()));
    headers.extend(signature);
    let target = "/";
    let request = Request { head: Head::build("POST", target, &headers), body: Bytes::from(body) };
    Ok(match tamper {
        Some(tamper) => tampered(provider, secret, request, url, tamper),
        None => request,
    })
}

/// Returns the body and the headers of a signature.
fn signed(
    provider: &Provider,
    secret: &Secret,
    body: Vec<u8>,
    headers: &[Header],
    url: &str,
) -> Result<(Vec<u8>, Vec<Header>), SignError> {
    #[expect(clippy::disallowed_methods, reason = "a signature may cover the time of signing")]
    let now = Timestamp::now();
    let id: String = std::iter::repeat_with(fastrand::alphanumeric).take(24).collect();
    let id = format!("msg_{id}");
    let draft =
        Draft { body: &body, headers, method: "POST", url: Some(url), id: &id, now, like: None };
    let head = Head::build("POST", "/", headers);
    let signed = signature::sign(provider.scheme.of(&head, &body), secret, &draft)?;
    Ok((signed.body.unwrap_or(body), signed.headers))
}

/// Empties a signature that is in the body.
fn without_signature(provider: &Provider, body: Vec<u8>) -> Vec<u8> {
    let places = provider.scheme.iter().flat_map(|scheme| &scheme.signature);
    places
        .filter_map(ValueLocation::body_pointer)
        .fold(body, |body, path| pointer::with_string(&body, &path, "").unwrap_or(body))
}

/// Tampers with a request. What the signature does not cover can be changed, and the request still
/// verifies; so another byte is tried, and the caller checks the result.
fn tampered(
    provider: &Provider,
    secret: Option<&Secret>,
    request: Request,
    url: &str,
    tamper: Tamper,
) -> Request {
    let scheme = provider.scheme.of(&request.head, &request.body).at_item(Some(0));
    match tamper {
        Tamper::Body => {
            let mut body = request.body.to_vec();
            change_a_byte(&mut body);
            let changed = with_body(&request, body);
            if !still_verifies(provider, secret, &changed, url) {
                return changed;
            }
            let places = scheme.signed.parts.iter().filter_map(|part| match part {
                TemplatePart::Place(place) => place.body_pointer(),
                _ => None,
            });
            let mut variants = places.filter_map(|path| {
                let value = pointer::lookup(&request.body, &path)?;
                let mut value = value.into_bytes();
                change_a_byte(&mut value);
                let value = String::from_utf8(value).ok()?;
                Some(with_body(&request, pointer::with_string(&request.body, &path, &value)?))
            });
            variants.find(|one| !still_verifies(provider, secret, one, url)).unwrap_or(changed)
        }
        Tamper::Reserialize => match rewritten(JsonLibrary::Python, &request.body) {
            Some(body) if body != request.body => with_body(&request, body),
            _ => tampered(provider, secret, request, url, Tamper::Body),
        },
        Tamper::Signature => change_signature(&scheme, &request, another_digit),
        Tamper::Missing => {
            let names: Vec<String> = scheme
                .signature_headers()
                .flat_map(|name| [Some(name.to_owned()), scheme.alias(name)])
                .flatten()
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let head = request.head.without(&names);
            let request = Request { head, ..request };
            change_signature(&scheme, &request, |_| String::new())
        }
    }
}

/// Returns whether a request verifies; false without a secret.
pub fn still_verifies(
    provider: &Provider,
    secret: Option<&Secret>,
    request: &Request,
    url: &str,
) -> bool {
    let key = signature::throw_away(provider).map(|key| Secret::new("public", key.verifying));
    let Some(secret) = key.as_ref().or(secret) else { return false };
    #[expect(clippy::disallowed_methods, reason = "a signature may cover the time of signing")]
    let now = Timestamp::now();
    let subject = Subject { head: &request.head, body: &request.body, url: Some(url) };
    let verdict = signature::verify_as(provider, std::slice::from_ref(secret), &subject, now);
    verdict.status == SignatureStatus::Verified
}

fn with_body(request: &Request, body: Vec<u8>) -> Request {
    let mut headers = request.head.headers.clone();
    for header in headers.iter_mut().filter(|header| header.is("content-length")) {
        header.value = body.len().to_string().into();
    }
    let head = Head::build(&request.head.method, &request.head.target, &headers);
    Request { head, body: Bytes::from(body) }
}

/// Replaces the values of a signature, in headers and in the body.
fn change_signature(
    scheme: &Scheme,
    request: &Request,
    change: impl Fn(&str) -> String,
) -> Request {
    let mut body = request.body.to_vec();
    for path in scheme.signature.iter().filter_map(ValueLocation::body_pointer) {
        if let Some(value) = pointer::lookup(&body, &path)
            && let Some(new) = pointer::with_string(&body, &path, &change(&value))
        {
            body = new;
        }
    }
    let mut headers = request.head.headers.clone();
    let names: Vec<&str> = scheme.signature_headers().collect();
    for header in headers.iter_mut().filter(|header| names.iter().any(|name| header.is(name))) {
        header.value = change(&header.text()).into();
    }
    let head = Head::build(&request.head.method, &request.head.target, &headers);
    with_body(&Request { head, body: Bytes::new() }, body)
}

/// Changes a digit near the end to one that both hex and base64 have.
pub(in crate::ops) fn another_digit(signature: &str) -> String {
    // Padding has no digits.
    let digits = signature.trim_end_matches('=');
    let at = digits.char_indices().rev().nth(4).map(|(at, _)| at);
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
    use crate::ops::fixture::test_key;

    #[test]
    fn tampering_is_noticed_if_the_scheme_allows() {
        // A part of the query is signed only if the URL has it.
        let is_signable = |one: &&std::sync::Arc<Provider>| {
            signature::unsignable(&one.scheme).is_none()
                && !one.scheme.signed.text().contains("{{query:")
        };
        for provider in crate::provider::all().iter().filter(is_signable) {
            let key = Secret::new("TEST_SECRET", test_key(provider));
            let throw_away = signature::throw_away(provider).map(|key| key.signing);
            let secret = throw_away.as_ref().unwrap_or(&key);
            let sample = provider.samples.first().unwrap();
            for (tamper, intact) in [
                (None, true),
                (Some(Tamper::Signature), false),
                (Some(Tamper::Missing), false),
                // A token covers nothing, and Mailgun signs a time and a token. The signed values
                // of each item of an array change with the body.
                (
                    Some(Tamper::Body),
                    !provider.scheme.covers_body && provider.scheme.array().is_none(),
                ),
            ] {
                let content = DraftEvent::of(sample, fastrand::Rng::with_seed(1));
                let url = "http://127.0.0.1:4400/";
                let request = request(provider, Some(secret), content, url, tamper).unwrap();
                let found = still_verifies(provider, Some(&key), &request, url);
                // Mailgun's token is in the body, and changes with it.
                let intact = intact && !(provider.name == "mailgun" && tamper.is_some());
                assert_eq!(found, intact, "{} {tamper:?}", provider.name);
            }
        }
    }

    #[test]
    fn a_lost_signature_leaves_time_and_id() {
        let svix = Provider::named("svix").unwrap();
        let secret = Secret::new("TEST_SECRET", test_key(&svix));
        let content = DraftEvent::json("{}");
        let made = request(&svix, Some(&secret), content, "http://h/", Some(Tamper::Missing));
        let head = made.unwrap().head;
        let has = |name: &str| head.joined(name).is_some();
        assert_eq!(
            (has("svix-id"), has("svix-timestamp"), has("svix-signature")),
            (true, true, false)
        );
    }

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
                    let subject = Subject::new(&request.head, &request.body);
                    signature::verify(&cribbly.scheme, &secrets, &subject, Timestamp::UNIX_EPOCH)
                };
                assert_eq!(verdict.status, status, "{tamper:?} of {body:?}");
                let length = request.head.joined("content-length").unwrap();
                assert_eq!(length, request.body.len().to_string());
            }
        }
    }
}
