//! Signatures: what a verdict is computed from, and how a request of our own is signed.
//!
//! Pure: no clock, no file, no socket. Secrets are compared in constant time.

mod cause;
mod clock;
mod content;
mod diagnose;
mod digest;
mod entries;
mod key;
mod variant;
mod verify;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::delivery::{Head, Header};
use crate::provider::{Encoding, Place, Scheme, Unit};
use crate::secret::Secret;

pub use cause::Cause;
pub use content::Subject;
pub use verify::verify;

/// Why a request cannot be signed under a scheme.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum SignError {
    #[error(
        "this provider signs with a key of its own, within the body or over its public URL, so \
         nothing can be signed in its place"
    )]
    Unsupported,
    #[error("the secret cannot be decoded as this provider's secrets are")]
    Secret,
}

/// The headers that make a body a signed delivery, as the scheme's provider would send them. `id`
/// is the delivery's own, for schemes that sign one.
pub fn sign(
    scheme: &Scheme,
    secret: &Secret,
    body: &[u8],
    (id, now): (&str, Timestamp),
) -> Result<Vec<Header>, SignError> {
    if scheme.algorithm.is_asymmetric() {
        return Err(SignError::Unsupported);
    }
    let Some(Place::Header(carrier)) = scheme.signature.first() else {
        return Err(SignError::Unsupported);
    };
    let mut headers = Vec::new();
    if let Some(Place::Header(name)) = &scheme.id {
        headers.push(Header::new(name, id.to_owned()));
    }
    let mut pairs = String::new();
    if let Some(clock) = &scheme.timestamp {
        let text = match clock.unit {
            Unit::Seconds => now.as_second().to_string(),
            Unit::Milliseconds => now.as_millisecond().to_string(),
            Unit::Rfc3339 => now.to_string(),
        };
        match (&clock.from, &scheme.pairs) {
            (Place::Header(name), _) => headers.push(Header::new(name, text)),
            (Place::Pair(key), Some([between, equals, _])) => {
                pairs = format!("{key}{equals}{text}{between}");
            }
            // The body is the caller's, and holds its own time.
            (Place::Json(_) | Place::Pair(_), _) => {}
        }
    }
    let head = Head::build("POST", "/", &headers);
    let signed = content::content(scheme, &Subject::new(&head, body), &pairs)
        .map_err(|_| SignError::Unsupported)?;
    let key = key::key(scheme, secret).ok_or(SignError::Secret)?;
    let digest = digest::compute(scheme.algorithm, &key, &signed);
    let text = match (digest::length(scheme.algorithm), scheme.encoding) {
        (None, _) => String::from_utf8_lossy(&digest).into_owned(),
        (Some(_), Encoding::Hex) => hex::encode(digest),
        (Some(_), Encoding::Base64) => STANDARD.encode(digest),
    };
    let value = match &scheme.pairs {
        Some([_, equals, key]) => format!("{pairs}{key}{equals}{text}"),
        None => format!("{}{text}", scheme.prefix),
    };
    headers.push(Header::new(carrier, value));
    Ok(headers)
}
