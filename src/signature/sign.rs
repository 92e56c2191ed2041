//! Signing requests of our own, as their provider would.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::content::{Subject, content};
use super::{digest, key};
use crate::delivery::{Head, Header};
use crate::payload::pointer;
use crate::provider::{Encoding, Place, Scheme, Unit};
use crate::secret::Secret;

/// Why a request cannot be signed under a scheme.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum SignError {
    #[error(
        "nothing can be signed in this provider's place: it has a private key, or a way of signing \
         that is not known here"
    )]
    Unsupported,
    #[error("the secret cannot be decoded as this provider's secrets are")]
    Secret,
    #[error("this provider signs within the body, at {0}, and this body has no string there")]
    NoPlace(Place),
    #[error("this provider signs {0}, and this request has none")]
    NoPart(Place),
    #[error("this provider signs the URL, and none was given")]
    NoUrl,
}

/// What is to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'d> {
    pub body: &'d [u8],
    /// The headers other than those of the signature; some schemes sign a few of them.
    pub headers: &'d [Header],
    /// Where it is sent to, for schemes that sign the URL.
    pub url: Option<&'d str>,
    /// The delivery's own id, for schemes that sign one.
    pub id: &'d str,
    pub now: Timestamp,
}

/// A signature, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What comes to the headers, the signature last.
    pub headers: Vec<Header>,
    /// The body with its signature, for schemes whose signature stands there.
    pub body: Option<Vec<u8>>,
}

/// Signs a draft as a POST.
pub fn sign(scheme: &Scheme, secret: &Secret, draft: &Draft<'_>) -> Result<Signed, SignError> {
    if scheme.algorithm.is_asymmetric() || scheme.unchecked.is_some() {
        return Err(SignError::Unsupported);
    }
    let carrier = scheme.signature.first().ok_or(SignError::Unsupported)?;
    let mut headers = Vec::new();
    if let Some(Place::Header(name)) = &scheme.id {
        headers.push(Header::new(name, draft.id.to_owned()));
    }
    let mut pairs = String::new();
    if let Some(clock) = &scheme.timestamp {
        let text = match clock.unit {
            Unit::Seconds => draft.now.as_second().to_string(),
            Unit::Milliseconds => draft.now.as_millisecond().to_string(),
            Unit::Rfc3339 => draft.now.to_string(),
        };
        match (&clock.from, &scheme.pairs) {
            (Place::Header(name), _) => headers.push(Header::new(name, text)),
            (Place::Pair(key), Some(form)) => {
                pairs = format!("{key}{}{text}{}", form.equals, form.between);
            }
            // The body is the caller's, and holds its own time.
            (Place::Json(_) | Place::Form(_) | Place::Pair(_), _) => {}
        }
    }
    pairs.push_str(&named(scheme, draft));
    let all: Vec<Header> = draft.headers.iter().chain(&headers).cloned().collect();
    let head = Head::build("POST", "/", &all);
    let subject = Subject { head: &head, body: draft.body, url: draft.url };
    let signed = content(scheme, &subject, &pairs).map_err(|absent| match absent {
        super::content::Absent::Url => SignError::NoUrl,
        super::content::Absent::Place(place) => SignError::NoPart(place),
    })?;
    let key = key::key(scheme, secret).ok_or(SignError::Secret)?;
    let text = written(scheme, &digest::compute(scheme.algorithm, &key, &signed));
    let prefix = scheme.prefix.replace('*', "hookglass");
    let value = match &scheme.pairs {
        Some(form) => {
            let key = form.keys.first().map(String::as_str).unwrap_or_default();
            format!("{pairs}{key}{}{text}", form.equals)
        }
        None => format!("{prefix}{text}"),
    };
    match carrier {
        Place::Header(name) => headers.push(Header::new(name, value)),
        Place::Json(path) => {
            let body = pointer::with_string(draft.body, path, &value);
            let body = Some(body.ok_or_else(|| SignError::NoPlace(carrier.clone()))?);
            return Ok(Signed { headers, body });
        }
        Place::Form(_) | Place::Pair(_) => return Err(SignError::Unsupported),
    }
    Ok(Signed { headers, body: None })
}

/// The item that names the signed headers, where the scheme has one.
fn named(scheme: &Scheme, draft: &Draft<'_>) -> String {
    let Some(pairs) = &scheme.pairs else { return String::new() };
    let Some(key) = scheme.signed.headers_key() else { return String::new() };
    let names: Vec<String> =
        draft.headers.iter().map(|header| header.name.to_ascii_lowercase()).collect();
    // These are not the sender's to promise: the one who carries the request sets them.
    let kept = names.iter().filter(|name| !["host", "content-length"].contains(&name.as_str()));
    let names = kept.map(String::as_str).collect::<Vec<_>>().join(" ");
    format!("{key}{}{names}{}", pairs.equals, pairs.between)
}

/// A digest as the scheme writes it.
fn written(scheme: &Scheme, digest: &[u8]) -> String {
    match (digest::length(scheme.algorithm), scheme.encoding) {
        (_, Encoding::Base64) => STANDARD.encode(digest),
        (None, Encoding::Hex) => String::from_utf8_lossy(digest).into_owned(),
        (Some(_), Encoding::Hex) => hex::encode(digest),
    }
}
