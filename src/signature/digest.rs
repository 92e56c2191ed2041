//! The digests themselves.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use crate::provider::Algorithm;

/// Bytes of a digest; a token has no length of its own.
pub(super) fn length(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::HmacSha1 => Some(20),
        Algorithm::HmacSha256 => Some(32),
        Algorithm::HmacSha512 => Some(64),
        Algorithm::Token => None,
    }
}

pub(super) fn compute(algorithm: Algorithm, key: &[u8], content: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::HmacSha1 => mac::<Sha1>(key, content),
        Algorithm::HmacSha256 => mac::<Sha256>(key, content),
        Algorithm::HmacSha512 => mac::<Sha512>(key, content),
        Algorithm::Token => key.to_vec(),
    }
}

/// Compares in constant time.
pub(super) fn equal(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 section 2)")]
fn mac<D: EagerHash>(key: &[u8], content: &[u8]) -> Vec<u8>
where
    Hmac<D>: Mac + KeyInit,
{
    let mut mac = <Hmac<D> as KeyInit>::new_from_slice(key).expect("a key of any length");
    Mac::update(&mut mac, content);
    mac.finalize().into_bytes().to_vec()
}
