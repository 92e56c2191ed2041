//! Computes and verifies digests.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::public_key::{self, PublicKey, PublicKeyAlgorithm};
use super::signed_payload::SECRET_SLOT;
use crate::provider::Algorithm;

/// Returns the size of a digest in bytes; a token has no fixed length.
pub(super) fn length(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::HmacMd5 | Algorithm::Md5 => Some(16),
        Algorithm::HmacSha1 | Algorithm::Sha1 => Some(20),
        Algorithm::HmacSha256 | Algorithm::Sha256 | Algorithm::Sha256SecretFirst => Some(32),
        Algorithm::HmacSha384 | Algorithm::Sha384 => Some(48),
        Algorithm::HmacSha512 | Algorithm::Sha512 | Algorithm::Ed25519 => Some(64),
        // DER omits leading zeros, and RSA signatures are as long as their keys.
        Algorithm::EcdsaP256
        | Algorithm::EcdsaP256Sha1
        | Algorithm::RsaSha1
        | Algorithm::RsaSha256
        | Algorithm::RsaSha512
        | Algorithm::RsaPssSha256
        | Algorithm::RsaPssSha512
        | Algorithm::Jwt
        | Algorithm::HttpMessageSignature
        | Algorithm::Token => None,
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
        // A public key cannot compute these, and the last two have modules of their own.
        Algorithm::Ed25519
        | Algorithm::EcdsaP256
        | Algorithm::EcdsaP256Sha1
        | Algorithm::RsaSha1
        | Algorithm::RsaSha256
        | Algorithm::RsaSha512
        | Algorithm::RsaPssSha256
        | Algorithm::RsaPssSha512
        | Algorithm::Jwt
        | Algorithm::HttpMessageSignature => Vec::new(),
    }
}

/// Returns true if a signature is that of the content under a key.
pub(super) fn fits(algorithm: Algorithm, key: &[u8], content: &[u8], received: &[u8]) -> bool {
    match PublicKeyAlgorithm::of(algorithm) {
        Some(algorithm) => {
            public_key::read(key).iter().any(|key| key.verifies(algorithm, content, received))
        }
        None => equal(&compute(algorithm, key, content), received),
    }
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

/// Returns the content with the key in every slot.
fn filled(content: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(content.len() + key.len()));
    let mut rest = content;
    while let Some(at) = memchr::memmem::find(rest, SECRET_SLOT) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.extend_from_slice(key);
        rest = rest.get(at + SECRET_SLOT.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// A key of one algorithm, prepared for many digests.
pub(super) enum PreparedKey {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Box<Hmac<Sha512>>),
    Public(PublicKeyAlgorithm, Vec<PublicKey>),
    Other(Algorithm, Zeroizing<Vec<u8>>),
    /// The key is also a part of the content, in place of its slot.
    InContent(Algorithm, Zeroizing<Vec<u8>>),
}

impl PreparedKey {
    pub(super) fn new(algorithm: Algorithm, key: &[u8]) -> Self {
        if let Some(algorithm) = PublicKeyAlgorithm::of(algorithm) {
            return Self::Public(algorithm, public_key::read(key));
        }
        match algorithm {
            Algorithm::HmacSha1 => Self::Sha1(keyed(key)),
            Algorithm::HmacSha256 => Self::Sha256(keyed(key)),
            Algorithm::HmacSha512 => Self::Sha512(Box::new(keyed(key))),
            other => Self::Other(other, Zeroizing::new(key.to_vec())),
        }
    }

    /// Prepares a key that is also a part of the content, in place of [`SECRET_SLOT`].
    pub(super) fn in_content(algorithm: Algorithm, key: &[u8]) -> Self {
        if algorithm.is_asymmetric() {
            return Self::new(algorithm, key);
        }
        Self::InContent(algorithm, Zeroizing::new(key.to_vec()))
    }

    pub(super) fn compute(&self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1(mac) => finish(mac.clone(), content),
            Self::Sha256(mac) => finish(mac.clone(), content),
            Self::Sha512(mac) => finish((**mac).clone(), content),
            // A public key cannot compute a signature.
            Self::Public(..) => Vec::new(),
            Self::Other(algorithm, key) => compute(*algorithm, key, content),
            Self::InContent(algorithm, key) => compute(*algorithm, key, &filled(content, key)),
        }
    }

    /// Returns true if a signature is that of the content.
    pub(super) fn fits(&self, content: &[u8], received: &[u8]) -> bool {
        match self {
            Self::Public(algorithm, keys) => {
                keys.iter().any(|key| key.verifies(*algorithm, content, received))
            }
            Self::Other(algorithm, key) => fits(*algorithm, key, content, received),
            Self::InContent(algorithm, key) => {
                fits(*algorithm, key, &filled(content, key), received)
            }
            _ => equal(&self.compute(content), received),
        }
    }
}
