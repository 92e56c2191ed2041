//! Computes and verifies digests.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use crate::provider::Algorithm;

/// Returns the size of a digest in bytes; a token has no fixed length.
pub(super) fn length(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::HmacSha1 => Some(20),
        Algorithm::HmacSha256 | Algorithm::Sha256SecretFirst => Some(32),
        Algorithm::HmacSha512 | Algorithm::Ed25519 => Some(64),
        // DER omits leading zeros.
        Algorithm::EcdsaP256 | Algorithm::Token => None,
    }
}

pub(super) fn compute(algorithm: Algorithm, key: &[u8], content: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::HmacSha1 => mac::<Sha1>(key, content),
        Algorithm::HmacSha256 => mac::<Sha256>(key, content),
        Algorithm::HmacSha512 => mac::<Sha512>(key, content),
        Algorithm::Sha256SecretFirst => {
            Sha256::new().chain_update(key).chain_update(content).finalize().to_vec()
        }
        Algorithm::Token => key.to_vec(),
        // A public key cannot compute these.
        Algorithm::Ed25519 | Algorithm::EcdsaP256 => Vec::new(),
    }
}

/// Returns true if a signature is that of the content under a key.
pub(super) fn fits(algorithm: Algorithm, key: &[u8], content: &[u8], received: &[u8]) -> bool {
    match algorithm {
        Algorithm::Ed25519 => ed25519(key, content, received).is_some(),
        Algorithm::EcdsaP256 => ecdsa_p256(key, content, received).is_some(),
        _ => equal(&compute(algorithm, key, content), received),
    }
}

fn ed25519(key: &[u8], content: &[u8], received: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(received).ok()?;
    key.verify_strict(content, &signature).ok()
}

fn ecdsa_p256(key: &[u8], content: &[u8], received: &[u8]) -> Option<()> {
    use p256::ecdsa::signature::Verifier as _;
    use p256::pkcs8::DecodePublicKey as _;
    let key = p256::ecdsa::VerifyingKey::from_public_key_der(key).ok()?;
    let signature = p256::ecdsa::Signature::from_der(received).ok()?;
    key.verify(content, &signature).ok()
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
