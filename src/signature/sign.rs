//! Signs requests as their provider would.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::signed_payload::{Subject, signed_payload};
use super::{digest, secret_key};
use crate::delivery::{Head, Header, is_hop_by_hop};
use crate::payload::pointer;
use crate::provider::{Encoding, Scheme, Unit, ValueLocation};
use crate::secret::Secret;

/// Error of signing a request.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum SignError {
    #[error("nothing can be signed in this provider's place: {0}")]
    Unsupported(String),
    #[error("the secret cannot be decoded as this provider's secrets are")]
    Secret,
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

/// Returns the reason why only the provider can sign under a scheme; none if a secret is
/// sufficient.
pub fn unsignable(scheme: &Scheme) -> Option<String> {
    let private = || format!("{} takes a private key that only the provider has", scheme.algorithm);
    scheme.unchecked.clone().or_else(|| scheme.algorithm.is_asymmetric().then(private))
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
    if let Some(reason) = unsignable(scheme) {
        return Err(SignError::Unsupported(reason));
    }
    let no_location = || SignError::Unsupported("its scheme says nowhere to sign".to_owned());
    let carrier = scheme.signature.first().ok_or_else(no_location)?;
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
            (ValueLocation::Json(_) | ValueLocation::Form(_) | ValueLocation::Pair(_), _) => {}
        }
    }
    pairs.push_str(&header_names_item(scheme, draft));
    let all: Vec<Header> = draft.headers.iter().chain(&headers).cloned().collect();
    let head = Head::build(draft.method, "/", &all);
    let subject = Subject { head: &head, body: draft.body, url: draft.url };
    let signed = signed_payload(scheme, &subject, &pairs).map_err(|absent| match absent {
        super::signed_payload::Absent::Url => SignError::NoUrl,
        super::signed_payload::Absent::Place(place) => SignError::NoPart(place),
    })?;
    let key = secret_key::key(scheme, secret).ok_or(SignError::Secret)?;
    let text = encode(scheme, &digest::compute(scheme.algorithm, &key, &signed));
    let wildcard = draft.like.and_then(|value| wildcard_text(scheme, value)).unwrap_or("hookglass");
    let prefix = scheme.prefix.replace('*', wildcard);
    let value = match &scheme.pairs {
        Some(form) => {
            let key = form.keys.first().map(String::as_str).unwrap_or_default();
            format!("{pairs}{key}{}{text}", form.equals)
        }
        None => format!("{prefix}{text}"),
    };
    match carrier {
        ValueLocation::Header(name) => headers.push(Header::new(name, value)),
        ValueLocation::Json(path) => {
            let body = pointer::with_string(draft.body, path, &value);
            let body = Some(body.ok_or_else(|| SignError::NoPlace(carrier.clone()))?);
            return Ok(Signed { headers, body });
        }
        ValueLocation::Form(_) | ValueLocation::Pair(_) => {
            let reason = format!("no signature is written to {carrier}");
            return Err(SignError::Unsupported(reason));
        }
    }
    Ok(Signed { headers, body: None })
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
    let before = draft.like.and_then(|value| pairs.items(value).find(|(one, _)| *one == key));
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
fn encode(scheme: &Scheme, digest: &[u8]) -> String {
    match (digest::length(scheme.algorithm), scheme.encoding) {
        (_, Encoding::Base64) => STANDARD.encode(digest),
        (None, Encoding::Hex) => String::from_utf8_lossy(digest).into_owned(),
        (Some(_), Encoding::Hex) => hex::encode(digest),
    }
}
