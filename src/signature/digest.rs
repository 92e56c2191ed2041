//! Computes and verifies digests.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::provider::Algorithm;

/// Returns the size of a digest in bytes; a token has no fixed length.
pub(super) fn length(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::HmacMd5 | Algorithm::Md5 => Some(16),
        Algorithm::HmacSha1 | Algorithm::Sha1 => Some(20),
        Algorithm::HmacSha256 | Algorithm::Sha256 | Algorithm::Sha256SecretFirst => Some(32),
        Algorithm::HmacSha384 | Algorithm::Sha384 => Some(48),
        Algorithm::HmacSha512 | Algorithm::Sha512 | Algorithm::Ed25519 => Some(64),
        // DER omits leading zeros.
        Algorithm::EcdsaP256 | Algorithm::Token => None,
    }
}

pub(super) fn compute(algorithm: Algorithm, key: &[u8], content: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::HmacSha1 => mac::<Sha1>(key, content),
        Algorithm::HmacSha256 => mac::<Sha256>(key, content),
        Algorithm::HmacSha384 => mac::<Sha384>(key, content),
        Algorithm::HmacSha512 => mac::<Sha512>(key, content),
        Algorithm::HmacMd5 => mac::<Md5>(key, content),
        // The content has the secret in it.
        Algorithm::Md5 => Md5::digest(content).to_vec(),
        Algorithm::Sha1 => Sha1::digest(content).to_vec(),
        Algorithm::Sha256 => Sha256::digest(content).to_vec(),
        Algorithm::Sha384 => Sha384::digest(content).to_vec(),
        Algorithm::Sha512 => Sha512::digest(content).to_vec(),
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
fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D>
where
    Hmac<D>: KeyInit,
{
    <Hmac<D> as KeyInit>::new_from_slice(key).expect("a key of any length")
}

fn finish<D: EagerHash>(mut mac: Hmac<D>, content: &[u8]) -> Vec<u8>
where
    Hmac<D>: Mac,
{
    Mac::update(&mut mac, content);
    mac.finalize().into_bytes().to_vec()
}

fn mac<D: EagerHash>(key: &[u8], content: &[u8]) -> Vec<u8>
where
    Hmac<D>: Mac + KeyInit,
{
    finish(keyed::<D>(key), content)
}

/// A key of one algorithm, prepared for many digests.
pub(super) enum PreparedKey {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Box<Hmac<Sha512>>),
    Other(Algorithm, Zeroizing<Vec<u8>>),
}

impl PreparedKey {
    pub(super) fn new(algorithm: Algorithm, key: &[u8]) -> Self {
        match algorithm {
            Algorithm::HmacSha1 => Self::Sha1(keyed(key)),
            Algorithm::HmacSha256 => Self::Sha256(keyed(key)),
            Algorithm::HmacSha512 => Self::Sha512(Box::new(keyed(key))),
            other => Self::Other(other, Zeroizing::new(key.to_vec())),
        }
    }

    pub(super) fn compute(&self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1(mac) => finish(mac.clone(), content),
            Self::Sha256(mac) => finish(mac.clone(), content),
            Self::Sha512(mac) => finish((**mac).clone(), content),
            Self::Other(algorithm, key) => compute(*algorithm, key, content),
        }
    }

    /// Returns true if a signature is that of the content.
    pub(super) fn fits(&self, content: &[u8], received: &[u8]) -> bool {
        match self {
            Self::Other(algorithm, key) => fits(*algorithm, key, content, received),
            _ => equal(&self.compute(content), received),
        }
    }
}
