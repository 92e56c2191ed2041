//! Public keys of asymmetric signatures, and verification with them.
//!
//! A key comes from the user: as PEM (a public key or an X.509 certificate), as a JSON Web Key or a
//! set of them (RFC 7517), or as the base64 of its DER. Nothing is fetched here. A certificate
//! counts as pinned: its key is used, and its chain is not built.
//!
//! RSA and ECDSA are verified by `ring`, which TLS already links, so they add no code to the
//! program and need no tool but the C compiler that `SQLite` needs. `aws-lc-rs` would be a second C
//! library of the same kind. The `rsa` crate has an open advisory on the timing of private keys
//! (RUSTSEC-2023-0071), which would not matter here but fails every audit. Certificates are read by
//! `x509-cert`, from the family of crates that the curves come from.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use ring::signature::{self as ring_signature, RsaParameters, RsaPublicKeyComponents};
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use serde_json::Value;
use sha1::{Digest as _, Sha1};
use x509_cert::Certificate;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::{Decode as _, Reader as _, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::provider::{Algorithm, JwtAlgorithm, Scheme};

/// Nesting of JSON that is searched for keys.
const MAX_DEPTH: usize = 4;

/// Padding gets lost when keys are copied by hand.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Object identifiers of public keys.
const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
const EC: &str = "1.2.840.10045.2.1";
const ED25519: &str = "1.3.101.112";

/// A public key and the id that its set gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PublicKey {
    pub(super) id: Option<String>,
    pub(super) material: KeyMaterial,
}

/// Numbers of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyMaterial {
    /// Modulus and exponent, big-endian.
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An uncompressed point of P-256 or P-384.
    Ec(Vec<u8>),
    Ed25519([u8; 32]),
    /// Bytes of a secret in a JSON Web Key.
    Secret(Vec<u8>),
}

/// Computation that a public key verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PublicKeyAlgorithm {
    RsaSha1,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    RsaPssSha256,
    RsaPssSha384,
    RsaPssSha512,
    /// The signature in DER.
    EcdsaSha256,
    /// The signature in DER.
    EcdsaSha1,
    /// The signature as two numbers of a fixed size.
    EcdsaSha256Fixed,
    /// Like [`Self::EcdsaSha256Fixed`].
    EcdsaSha384Fixed,
    Ed25519,
}

impl PublicKeyAlgorithm {
    /// Returns the algorithm of a scheme; none if it is not one of a public key.
    pub(super) fn of(algorithm: Algorithm) -> Option<Self> {
        Some(match algorithm {
            Algorithm::RsaSha1 => Self::RsaSha1,
            Algorithm::RsaSha256 => Self::RsaSha256,
            Algorithm::RsaSha512 => Self::RsaSha512,
            Algorithm::RsaPssSha256 => Self::RsaPssSha256,
            Algorithm::RsaPssSha512 => Self::RsaPssSha512,
            Algorithm::EcdsaP256 => Self::EcdsaSha256,
            Algorithm::EcdsaP256Sha1 => Self::EcdsaSha1,
            Algorithm::Ed25519 => Self::Ed25519,
            _ => return None,
        })
    }

    fn rsa(self) -> Option<&'static RsaParameters> {
        // Keys of 1,024 bits are weak, but some services still have one, and refusing it would only
        // hide that the signature is right.
        Some(match self {
            Self::RsaSha1 => &ring_signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Self::RsaSha256 => &ring_signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            Self::RsaSha384 => &ring_signature::RSA_PKCS1_2048_8192_SHA384,
            Self::RsaSha512 => &ring_signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            Self::RsaPssSha256 => &ring_signature::RSA_PSS_2048_8192_SHA256,
            Self::RsaPssSha384 => &ring_signature::RSA_PSS_2048_8192_SHA384,
            Self::RsaPssSha512 => &ring_signature::RSA_PSS_2048_8192_SHA512,
            _ => return None,
        })
    }
}

impl PublicKey {
    /// Returns whether a signature is that of the content.
    pub(super) fn verifies(
        &self,
        algorithm: PublicKeyAlgorithm,
        content: &[u8],
        signature: &[u8],
    ) -> bool {
        use PublicKeyAlgorithm as A;
        match &self.material {
            KeyMaterial::Rsa { modulus, exponent } => algorithm.rsa().is_some_and(|parameters| {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, content, signature).is_ok()
            }),
            KeyMaterial::Ec(point) => {
                let with = |algorithm: &'static ring_signature::EcdsaVerificationAlgorithm| {
                    let key = ring_signature::UnparsedPublicKey::new(algorithm, point);
                    key.verify(content, signature).is_ok()
                };
                match algorithm {
                    A::EcdsaSha256 => with(&ring_signature::ECDSA_P256_SHA256_ASN1),
                    A::EcdsaSha256Fixed => with(&ring_signature::ECDSA_P256_SHA256_FIXED),
                    A::EcdsaSha384Fixed => with(&ring_signature::ECDSA_P384_SHA384_FIXED),
                    A::EcdsaSha1 => ecdsa_sha1(point, content, signature).is_some(),
                    _ => false,
                }
            }
            KeyMaterial::Ed25519(key) if algorithm == A::Ed25519 => {
                ed25519(key, content, signature).is_some()
            }
            KeyMaterial::Ed25519(_) | KeyMaterial::Secret(_) => false,
        }
    }
}

fn ed25519(key: &[u8; 32], content: &[u8], signature: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(key).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    key.verify_strict(content, &signature).ok()
}

/// Verifies ECDSA over P-256 with SHA-1, which `ring` does not offer.
fn ecdsa_sha1(point: &[u8], content: &[u8], signature: &[u8]) -> Option<()> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
    let signature = p256::ecdsa::Signature::from_der(signature).ok()?;
    key.verify_prehash(&Sha1::digest(content), &signature).ok()
}

/// Returns the number of public keys in a file.
pub fn public_keys_in(bytes: &[u8]) -> usize {
    read(bytes).len()
}

/// Returns the keys that a scheme can verify with.
pub(super) fn read_for(scheme: &Scheme, bytes: &[u8]) -> Vec<PublicKey> {
    let algorithms = scheme.jwt.iter().flat_map(|jwt| &jwt.algorithms);
    let takes_ed25519 = scheme.algorithm == Algorithm::Ed25519
        || algorithms.into_iter().any(|one| *one == JwtAlgorithm::EdDsa);
    let mut keys = read(bytes);
    // Almost any text of the right length can be read as a key of Ed25519.
    keys.retain(|key| takes_ed25519 || !matches!(key.material, KeyMaterial::Ed25519(_)));
    keys
}

/// Returns the public keys in the text or the DER of a key file; empty if there are none.
pub(super) fn read(bytes: &[u8]) -> Vec<PublicKey> {
    // A text of 32 characters is not a raw key.
    if let Ok(key) = <[u8; 32]>::try_from(bytes)
        && !bytes.is_ascii()
    {
        return vec![PublicKey { id: None, material: KeyMaterial::Ed25519(key) }];
    }
    let text = std::str::from_utf8(bytes).unwrap_or_default().trim();
    if text.contains("-----BEGIN") {
        return from_pem(text);
    }
    if text.starts_with(['{', '[']) {
        let json = serde_json::from_str(text).unwrap_or(Value::Null);
        let mut keys = Vec::new();
        collect_from_json(&json, None, MAX_DEPTH, &mut keys);
        return keys;
    }
    let compact: String = text.split_ascii_whitespace().collect();
    let decoded = LENIENT.decode(compact).unwrap_or_default();
    let der = if decoded.is_empty() { bytes } else { &decoded };
    let material = match <[u8; 32]>::try_from(der) {
        Ok(key) => Some(KeyMaterial::Ed25519(key)),
        Err(_) => from_der(der),
    };
    material.map(|material| PublicKey { id: None, material }).into_iter().collect()
}

fn from_pem(text: &str) -> Vec<PublicKey> {
    // Variables cannot hold line ends everywhere, so they are often written as `\n`.
    let text = text.replace("\\n", "\n");
    let sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes());
    let material = sections.flatten().filter_map(|(kind, der)| match kind {
        SectionKind::Certificate | SectionKind::PublicKey => from_der(&der),
        _ => None,
    });
    material.map(|material| PublicKey { id: None, material }).collect()
}

/// Reads a certificate or a `SubjectPublicKeyInfo`.
fn from_der(der: &[u8]) -> Option<KeyMaterial> {
    if let Ok(certificate) = Certificate::from_der(der) {
        let info = certificate.tbs_certificate().subject_public_key_info();
        return from_info(&info.algorithm.oid.to_string(), info.subject_public_key.raw_bytes());
    }
    let info = SubjectPublicKeyInfoRef::from_der(der).ok()?;
    from_info(&info.algorithm.oid.to_string(), info.subject_public_key.raw_bytes())
}

fn from_info(algorithm: &str, key: &[u8]) -> Option<KeyMaterial> {
    match algorithm {
        RSA | RSA_PSS => {
            let mut reader = SliceReader::new(key).ok()?;
            let numbers = reader.sequence(|inside| {
                let (modulus, exponent) = (UintRef::decode(inside)?, UintRef::decode(inside)?);
                Ok::<_, x509_cert::der::Error>((
                    modulus.as_bytes().to_vec(),
                    exponent.as_bytes().to_vec(),
                ))
            });
            let (modulus, exponent) = numbers.ok()?;
            Some(KeyMaterial::Rsa { modulus, exponent })
        }
        EC => Some(KeyMaterial::Ec(key.to_vec())),
        ED25519 => Some(KeyMaterial::Ed25519(key.try_into().ok()?)),
        _ => None,
    }
}

/// Collects JSON Web Keys, and texts in PEM, which some services write under their ids.
fn collect_from_json(json: &Value, id: Option<&str>, depth: usize, keys: &mut Vec<PublicKey>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match json {
        Value::Object(members) if members.contains_key("kty") => keys.extend(from_jwk(json)),
        Value::Object(members) => {
            for (name, value) in members {
                collect_from_json(value, Some(name), depth, keys);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect_from_json(item, None, depth, keys);
            }
        }
        Value::String(text) if text.contains("-----BEGIN") => {
            let named = from_pem(text).into_iter().map(|key| {
                // Names such as `public_key` are no ids, but then there is only one key.
                PublicKey { id: id.filter(|id| !id.contains("key")).map(str::to_owned), ..key }
            });
            keys.extend(named);
        }
        _ => {}
    }
}

fn from_jwk(json: &Value) -> Option<PublicKey> {
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    let number = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?.trim_end_matches('=')).ok();
    let material = match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            KeyMaterial::Rsa { modulus: unsigned(number("n")?), exponent: unsigned(number("e")?) }
        }
        ("EC", Some("P-256" | "P-384")) => {
            KeyMaterial::Ec([&[4][..], &number("x")?, &number("y")?].concat())
        }
        ("OKP", Some("Ed25519")) => KeyMaterial::Ed25519(number("x")?.try_into().ok()?),
        ("oct", _) => KeyMaterial::Secret(number("k")?),
        _ => return None,
    };
    Some(PublicKey { id: text("kid").map(str::to_owned), material })
}

/// Removes leading zeros, which some libraries write.
fn unsigned(number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default().to_vec()
}
