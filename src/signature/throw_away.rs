//! Key pairs that anybody may know, for schemes whose private key only the provider has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::provider::{Algorithm, Provider, SecretForm};
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
    let public = match scheme.algorithm {
        Algorithm::Ed25519 => {
            ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes().to_vec()
        }
        Algorithm::EcdsaP256 => {
            let key = p256::ecdsa::SigningKey::from_slice(&seed).ok()?;
            [&P256_SPKI[..], key.verifying_key().to_sec1_point(false).as_bytes()].concat()
        }
        _ => return None,
    };
    let text = match scheme.secret {
        SecretForm::Hex => hex::encode(public),
        SecretForm::Base64 | SecretForm::Base64IfPrefixed => STANDARD.encode(public),
        SecretForm::Utf8 | SecretForm::Utf8Nfkd | SecretForm::Utf8Html => return None,
    };
    let private = format!("{PRIVATE}{}", hex::encode(seed));
    Some(ThrowAwayKey {
        signing: Secret::new("a throw-away key", private),
        verifying: format!("{}{text}", scheme.secret_prefix),
    })
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
    private_key(secret).is_some()
}

/// Signs with a private key; none if the secret is not one.
pub(super) fn sign(algorithm: Algorithm, secret: &Secret, content: &[u8]) -> Option<Vec<u8>> {
    let seed = private_key(secret)?;
    match algorithm {
        Algorithm::Ed25519 => {
            use ed25519_dalek::Signer as _;
            let key = ed25519_dalek::SigningKey::from_bytes(&seed);
            Some(key.sign(content).to_bytes().to_vec())
        }
        Algorithm::EcdsaP256 => {
            use p256::ecdsa::signature::Signer as _;
            let key = p256::ecdsa::SigningKey::from_slice(seed.as_slice()).ok()?;
            let signature: p256::ecdsa::Signature = key.sign(content);
            Some(signature.to_der().as_bytes().to_vec())
        }
        _ => None,
    }
}
