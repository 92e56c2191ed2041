//! Key pairs that anybody may know, for schemes whose private key only the provider has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::pkcs8::DecodePrivateKey as _;
use ring::rand::SystemRandom;
use ring::signature::RsaKeyPair;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::provider::{Algorithm, JwtAlgorithm, Provider, SecretForm};
use crate::secret::Secret;

/// Start of a private key's text in the form that [`super::sign()`] takes.
const PRIVATE: &str = "test-private-key:";

/// Start of a private key of Standard Webhooks.
const STANDARD_WEBHOOKS: &str = "whsk_";

/// ASN.1 before the point of a public key on P-256 (RFC 5480 section 2).
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// ASN.1 before a public key of Ed25519 (RFC 8410 section 4).
const ED25519_SPKI: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// ASN.1 before a public RSA key of 2,048 bits with the exponent 65537 (RFC 3279 section 2.3.1).
const RSA_SPKI: [u8; 24] = [
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00,
];

/// Private RSA key that everybody knows: generating one takes too long for each fixture.
const RSA_KEY: &[u8] = include_bytes!("../../assets/throw-away-rsa-key.der");

/// A key pair that is derived from the provider's name, so that it is the same in every fixture.
#[derive(Debug, Clone)]
pub struct ThrowAwayKey {
    /// The private key.
    pub signing: Secret,
    /// The public key, as the provider writes it.
    pub verifying: String,
}

/// Returns the key pair of a provider that signs with a private key; none for other providers.
pub fn throw_away(provider: &Provider) -> Option<ThrowAwayKey> {
    let scheme = &provider.scheme;
    let seed: [u8; 32] =
        Sha256::digest(format!("hookglass test key, not a secret: {}", provider.name)).into();
    let algorithm = match &scheme.jwt {
        Some(jwt) => key_algorithm(jwt.algorithms.first().copied()?)?,
        None => scheme.algorithm,
    };
    let public = match algorithm {
        Algorithm::Ed25519 => {
            ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes().to_vec()
        }
        Algorithm::EcdsaP256 | Algorithm::EcdsaP256Sha1 => {
            let key = p256::ecdsa::SigningKey::from_slice(&seed).ok()?;
            [&P256_SPKI[..], key.verifying_key().to_sec1_point(false).as_bytes()].concat()
        }
        algorithm if is_rsa(algorithm) => rsa_public_key()?,
        _ => return None,
    };
    let text = match scheme.secret {
        SecretForm::Hex => hex::encode(public),
        SecretForm::PublicKey if algorithm == Algorithm::Ed25519 => {
            STANDARD.encode([&ED25519_SPKI[..], &public].concat())
        }
        SecretForm::Base64 | SecretForm::Base64IfPrefixed | SecretForm::PublicKey => {
            STANDARD.encode(public)
        }
        SecretForm::Utf8 | SecretForm::Utf8Nfkd | SecretForm::Utf8Html => return None,
    };
    let private = format!("{PRIVATE}{}", hex::encode(seed));
    Some(ThrowAwayKey {
        signing: Secret::new("a throw-away key", private),
        verifying: format!("{}{text}", scheme.secret_prefix),
    })
}

/// Returns the algorithm that signs a token; none if its key is a shared secret or no throw-away
/// key exists.
pub(super) fn key_algorithm(algorithm: JwtAlgorithm) -> Option<Algorithm> {
    match algorithm {
        JwtAlgorithm::Es256 => Some(Algorithm::EcdsaP256),
        JwtAlgorithm::EdDsa => Some(Algorithm::Ed25519),
        JwtAlgorithm::Rs256 => Some(Algorithm::RsaSha256),
        JwtAlgorithm::Rs512 => Some(Algorithm::RsaSha512),
        JwtAlgorithm::Ps256 => Some(Algorithm::RsaPssSha256),
        JwtAlgorithm::Ps512 => Some(Algorithm::RsaPssSha512),
        JwtAlgorithm::Hs256
        | JwtAlgorithm::Hs384
        | JwtAlgorithm::Hs512
        | JwtAlgorithm::Rs384
        | JwtAlgorithm::Ps384
        | JwtAlgorithm::Es384 => None,
    }
}

fn is_rsa(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::RsaSha1
            | Algorithm::RsaSha256
            | Algorithm::RsaSha512
            | Algorithm::RsaPssSha256
            | Algorithm::RsaPssSha512
    )
}

/// Returns the public half of the throw-away RSA key as a `SubjectPublicKeyInfo`.
fn rsa_public_key() -> Option<Vec<u8>> {
    use ring::signature::KeyPair as _;
    let pair = RsaKeyPair::from_pkcs8(RSA_KEY).ok()?;
    Some([&RSA_SPKI[..], pair.public_key().as_ref()].concat())
}

/// Signs with RSA; none if `ring` cannot sign with this hash.
fn rsa(algorithm: Algorithm, pkcs8: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    use ring::signature as padding;
    let padding: &dyn padding::RsaEncoding = match algorithm {
        Algorithm::RsaSha256 => &padding::RSA_PKCS1_SHA256,
        Algorithm::RsaSha512 => &padding::RSA_PKCS1_SHA512,
        Algorithm::RsaPssSha256 => &padding::RSA_PSS_SHA256,
        Algorithm::RsaPssSha512 => &padding::RSA_PSS_SHA512,
        _ => return None,
    };
    let pair = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(padding, &SystemRandom::new(), content, &mut signature).ok()?;
    Some(signature)
}

/// Returns the private key of a PEM text, in PKCS #8.
fn from_pem(secret: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(secret.expose()).ok()?.replace("\\n", "\n");
    let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).ok()?;
    Some(Zeroizing::new(der.secret_pkcs8_der().to_vec()))
}

/// Returns the private key in a secret; none if it is a public key.
fn private_key(secret: &Secret) -> Option<Zeroizing<[u8; 32]>> {
    let text = std::str::from_utf8(secret.expose()).ok()?;
    let bytes = match text.strip_prefix(PRIVATE) {
        Some(digits) => hex::decode(digits).ok()?,
        None => STANDARD.decode(text.strip_prefix(STANDARD_WEBHOOKS)?).ok()?,
    };
    let bytes = Zeroizing::new(bytes);
    // Libraries write the public key after the private one.
    let seed = bytes.get(..32)?.try_into().ok()?;
    Some(Zeroizing::new(seed))
}

/// Returns whether a secret can sign under an algorithm that needs a private key.
pub fn is_private(secret: &Secret) -> bool {
    private_key(secret).is_some() || from_pem(secret).is_some()
}

/// Signs with a private key; none if the secret is not one, or not one for this algorithm.
pub(super) fn sign(algorithm: Algorithm, secret: &Secret, content: &[u8]) -> Option<Vec<u8>> {
    if let Some(pkcs8) = from_pem(secret) {
        return match algorithm {
            algorithm if is_rsa(algorithm) => rsa(algorithm, &pkcs8, content),
            _ => ecdsa(algorithm, &p256::ecdsa::SigningKey::from_pkcs8_der(&pkcs8).ok()?, content),
        };
    }
    let seed = private_key(secret)?;
    match algorithm {
        Algorithm::Ed25519 => {
            use ed25519_dalek::Signer as _;
            let key = ed25519_dalek::SigningKey::from_bytes(&seed);
            Some(key.sign(content).to_bytes().to_vec())
        }
        algorithm if is_rsa(algorithm) => rsa(algorithm, RSA_KEY, content),
        _ => ecdsa(algorithm, &p256::ecdsa::SigningKey::from_slice(seed.as_slice()).ok()?, content),
    }
}

fn ecdsa(algorithm: Algorithm, key: &p256::ecdsa::SigningKey, content: &[u8]) -> Option<Vec<u8>> {
    use p256::ecdsa::signature::Signer as _;
    use p256::ecdsa::signature::hazmat::PrehashSigner as _;
    let signature: p256::ecdsa::Signature = match algorithm {
        Algorithm::EcdsaP256 => key.sign(content),
        Algorithm::EcdsaP256Sha1 => key.sign_prehash(&Sha1::digest(content)).ok()?,
        _ => return None,
    };
    Some(signature.to_der().as_bytes().to_vec())
}
