//! The digests themselves; the only room that touches the bytes of a secret.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::provider::Algorithm;
use crate::secret::Secret;

/// Bytes of a digest.
pub(super) fn length(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HmacSha256 => 32,
    }
}

pub(super) fn compute(algorithm: Algorithm, secret: &Secret, content: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::HmacSha256 => hmac_sha256(secret, content).finalize().into_bytes().to_vec(),
    }
}

/// Compares in constant time.
pub(super) fn equals(algorithm: Algorithm, secret: &Secret, content: &[u8], other: &[u8]) -> bool {
    match algorithm {
        Algorithm::HmacSha256 => hmac_sha256(secret, content).verify_slice(other).is_ok(),
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 section 2)")]
fn hmac_sha256(secret: &Secret, content: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(secret.expose()).expect("a key of any length");
    mac.update(content);
    mac
}
