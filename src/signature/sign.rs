//! Signs requests as their provider would.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;

use super::signed_payload::{Absent, Subject, signed_payload_under};
use super::verify::with_named_algorithm;
use super::{digest, jwt, message_signature, public_url, secret_key, throw_away};
use crate::delivery::{Head, Header, is_hop_by_hop};
use crate::payload::pointer;
use crate::provider::{Algorithm, Encoding, JwtSpec, Scheme, SecretForm, Unit, ValueLocation};
use crate::secret::Secret;

/// Error of signing a request.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum SignError {
    #[error("nothing can be signed in this provider's place: {0}")]
    Unsupported(String),
    #[error("the secret cannot be decoded as this provider's secrets are")]
    Secret,
    #[error("the configured key is the provider's public key, which cannot sign")]
    PublicKey,
    #[error("this provider signs within the body, at {0}, and this body has no string there")]
    NoPlace(ValueLocation),
    #[error("this provider signs {0}, and this request has none")]
    NoPart(ValueLocation),
    #[error("this provider signs the URL, and none was given")]
    NoUrl,
}

/// Request to sign.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'d> {
    pub body: &'d [u8],
    /// Headers other than those of the signature; some schemes sign a few of them.
    pub headers: &'d [Header],
    pub method: &'d str,
    /// The target URL, for schemes that sign it.
    pub url: Option<&'d str>,
    /// The delivery's id, for schemes that sign one.
    pub id: &'d str,
    pub now: Timestamp,
    /// The signature header to replace: the same headers are signed again, and the variable part of
    /// its prefix stays.
    pub like: Option<&'d str>,
}

/// A signature as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Headers to add, the signature last.
    pub headers: Vec<Header>,
    /// The body including its signature, for schemes that put it there.
    pub body: Option<Vec<u8>>,
}

/// Returns the reason why nothing can be signed under a scheme; none if a key is sufficient.
pub fn unsignable(scheme: &Scheme) -> Option<&str> {
    let signs_text = scheme.secret == SecretForm::PublicKey && scheme.signed.has_secret();
    let is_header_or_json =
        |place: &ValueLocation| matches!(place, ValueLocation::Header(_) | ValueLocation::Json(_));
    let reason = if signs_text {
        Some("it signs an id of the endpoint with a key that only it has")
    } else if !scheme.signature.iter().any(is_header_or_json) {
        Some("its signature is in a form or in the query")
    } else {
        None
    };
    scheme.unchecked.as_deref().or(reason)
}

/// Formats a time as a scheme writes it.
pub(crate) fn time_text(unit: Unit, at: Timestamp) -> String {
    match unit {
        Unit::Seconds => at.as_second().to_string(),
        Unit::Milliseconds => at.as_millisecond().to_string(),
        Unit::Rfc3339 => at.to_string(),
    }
}

/// Signs a draft.
pub fn sign(scheme: &Scheme, secret: &Secret, draft: &Draft<'_>) -> Result<Signed, SignError> {
    let Some(array) = scheme.array() else { return sign_one(scheme, secret, draft) };
    let count = pointer::items(draft.body, array).len();
    let mut signed = sign_one(&scheme.at_item(Some(0)), secret, draft)?;
    for index in 1..count {
        let body = signed.body.take().unwrap_or_else(|| draft.body.to_vec());
        let draft = Draft { body: &body, ..*draft };
        signed = sign_one(&scheme.at_item(Some(index)), secret, &draft)?;
    }
    Ok(signed)
}

fn sign_one(scheme: &Scheme, secret: &Secret, draft: &Draft<'_>) -> Result<Signed, SignError> {
    if let Some(reason) = unsignable(scheme) {
        return Err(SignError::Unsupported(reason.to_owned()));
    }
    let (mut headers, pairs) = companions(scheme, draft);
    let all: Vec<Header> = draft.headers.iter().chain(&headers).cloned().collect();
    let target = draft.url.and_then(public_url::target).unwrap_or("/");
    let head = Head::build(draft.method, target, &all);
    let url = draft.url.and_then(|url| public_url::forms(scheme, url).into_iter().next());
    let subject = Subject { head: &head, body: draft.body, url: url.as_deref() };
    let scheme = &*with_named_algorithm(scheme, &subject).unwrap_or(Cow::Borrowed(scheme));
    if scheme.algorithm == Algorithm::HttpMessageSignature {
        let signed = message_signature::sign(secret, &subject, draft.now);
        let headers = signed.map_err(SignError::Unsupported)?;
        return Ok(Signed { headers, body: None });
    }
    let value = if let Some(jwt) = &scheme.jwt {
        token(scheme, jwt, secret, draft)?
    } else {
        let digest = signed_digest(scheme, secret, &subject, &pairs)?;
        signature_text(scheme, draft, &pairs, &digest)
    };
    let no_location = || SignError::Unsupported("its scheme says nowhere to sign".to_owned());
    let carrier = scheme.signature.first().ok_or_else(no_location)?;
    let body = match carrier {
        ValueLocation::Header(name) => {
            headers.push(Header::new(name, value));
            None
        }
        ValueLocation::Json(path) => {
            let body = pointer::with_string(draft.body, path, &value);
            Some(body.ok_or_else(|| SignError::NoPlace(carrier.clone()))?)
        }
        ValueLocation::Query(_)
        | ValueLocation::Form(_)
        | ValueLocation::Xml(_)
        | ValueLocation::Pair(_) => {
            let reason = format!("no signature is written to {carrier}");
            return Err(SignError::Unsupported(reason));
        }
    };
    Ok(Signed { headers, body })
}

/// Returns what is sent with a signature: headers with the id and the time, and the items before
/// the digest in a header with pairs.
fn companions(scheme: &Scheme, draft: &Draft<'_>) -> (Vec<Header>, String) {
    let mut headers = Vec::new();
    if let Some(ValueLocation::Header(name)) = &scheme.id {
        headers.push(Header::new(name, draft.id.to_owned()));
    }
    let mut pairs = String::new();
    if let Some(clock) = &scheme.timestamp {
        let text = time_text(clock.unit, draft.now);
        match (&clock.from, &scheme.pairs) {
            (ValueLocation::Header(name), _) => headers.push(Header::new(name, text)),
            (ValueLocation::Pair(key), Some(form)) => {
                pairs = format!("{key}{}{text}{}", form.equals, form.between);
            }
            // The caller has already put the time into the body.
            (
                ValueLocation::Query(_)
                | ValueLocation::Json(_)
                | ValueLocation::Form(_)
                | ValueLocation::Xml(_)
                | ValueLocation::Pair(_),
                _,
            ) => {}
        }
    }
    pairs.push_str(&header_names_item(scheme, draft));
    (headers, pairs)
}

/// Returns a new token with the scheme's prefix.
fn token(
    scheme: &Scheme,
    jwt: &JwtSpec,
    secret: &Secret,
    draft: &Draft<'_>,
) -> Result<String, SignError> {
    match jwt::sign(scheme, jwt, secret, draft.body, draft.now) {
        Some(token) => Ok(format!("{}{token}", scheme.prefix)),
        None if jwt.algorithms.iter().any(|one| one.is_symmetric()) => Err(SignError::Secret),
        None => Err(SignError::PublicKey),
    }
}

/// Computes the digest of the signed payload, or signs it with a private key.
fn signed_digest(
    scheme: &Scheme,
    secret: &Secret,
    subject: &Subject<'_>,
    pairs: &str,
) -> Result<Vec<u8>, SignError> {
    let payload = |key: &[u8]| {
        signed_payload_under(scheme, subject, pairs, key).map_err(|absent| match absent {
            Absent::Url => SignError::NoUrl,
            Absent::Place(place) => SignError::NoPart(place),
        })
    };
    if scheme.algorithm.is_asymmetric() {
        let signed = throw_away::sign(scheme.algorithm, secret, &payload(b"")?);
        return signed.ok_or(SignError::PublicKey);
    }
    let key = secret_key::key(scheme, secret).ok_or(SignError::Secret)?;
    Ok(digest::compute(scheme.algorithm, &key, &payload(&key)?))
}

/// Returns the value of the signature, with its prefix or the other items of its header.
fn signature_text(scheme: &Scheme, draft: &Draft<'_>, pairs: &str, digest: &[u8]) -> String {
    let text = encode(scheme, digest);
    let text = match &scheme.envelope {
        Some(path) => in_envelope(path, &text),
        None => text,
    };
    if let Some(form) = &scheme.pairs {
        let key = form.keys.first().map(String::as_str).unwrap_or_default();
        return format!("{pairs}{key}{}{text}", form.equals);
    }
    let wildcard = draft.like.and_then(|value| wildcard_text(scheme, value)).unwrap_or("hookglass");
    format!("{}{text}", scheme.prefix.replace('*', wildcard))
}

/// Returns the base64 of JSON with a signature at a pointer of one step.
fn in_envelope(path: &str, signature: &str) -> String {
    let name = path.trim_start_matches('/');
    STANDARD.encode(serde_json::json!({ name: signature }).to_string())
}

/// Returns the text in place of the `*` in the scheme's prefix.
fn wildcard_text<'v>(scheme: &Scheme, value: &'v str) -> Option<&'v str> {
    let (start, end) = scheme.prefix.split_once('*')?;
    Some(value.trim().strip_prefix(start)?.split_once(end)?.0)
}

/// Returns the item that names the signed headers, if the scheme has one.
fn header_names_item(scheme: &Scheme, draft: &Draft<'_>) -> String {
    let Some(pairs) = &scheme.pairs else { return String::new() };
    let Some(key) = scheme.signed.headers_key() else { return String::new() };
    let before = draft.like.and_then(|value| scheme.pair_items(value).find(|(one, _)| *one == key));
    let names: Vec<String> = match before {
        Some((_, names)) => names.split_ascii_whitespace().map(str::to_ascii_lowercase).collect(),
        None => draft.headers.iter().map(|header| header.name.to_ascii_lowercase()).collect(),
    };
    // Headers set by the transport cannot be signed.
    let is_transport = |name: &str| ["host", "content-length"].contains(&name);
    let signed = names.iter().filter(|name| !is_transport(name) && !is_hop_by_hop(name));
    let names = signed.map(String::as_str).collect::<Vec<_>>().join(" ");
    format!("{key}{}{names}{}", pairs.equals, pairs.between)
}

/// Encodes a digest as the scheme writes it.
pub(super) fn encode(scheme: &Scheme, digest: &[u8]) -> String {
    match (digest::length(scheme.algorithm), scheme.encoding) {
        (_, Encoding::Base64) => STANDARD.encode(digest),
        (_, Encoding::Base64Url) => URL_SAFE_NO_PAD.encode(digest),
        (None, _) if scheme.algorithm == Algorithm::Token => {
            String::from_utf8_lossy(digest).into_owned()
        }
        (_, Encoding::HexUpper) => hex::encode_upper(digest),
        (_, Encoding::Hex | Encoding::HexAny) => hex::encode(digest),
    }
}
