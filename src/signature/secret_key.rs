//! Keys decoded from secrets.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::public_key;
use crate::provider::{Scheme, SecretForm};
use crate::secret::Secret;

/// Padding is optional, since it gets lost when secrets are copied by hand.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns the key of a secret under a scheme; none if its text does not have the scheme's form.
pub(super) fn key(scheme: &Scheme, secret: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    let whole = secret.expose();
    let stripped = whole.strip_prefix(scheme.secret_prefix.as_bytes());
    let rest = stripped.unwrap_or(whole);
    let prefixed = stripped.is_some() && !scheme.secret_prefix.is_empty();
    let key = match scheme.secret {
        SecretForm::Utf8Nfkd => {
            std::str::from_utf8(rest).ok()?.nfkd().collect::<String>().into_bytes()
        }
        SecretForm::Utf8Html => html_decoded(std::str::from_utf8(rest).ok()?).into_bytes(),
        SecretForm::Base64IfPrefixed if !prefixed => whole.to_vec(),
        SecretForm::Base64 | SecretForm::Base64IfPrefixed => LENIENT.decode(rest).ok()?,
        SecretForm::Hex => hex::decode(rest).ok()?,
        SecretForm::PublicKey if public_key::read_for(scheme, rest).is_empty() => return None,
        SecretForm::PublicKey => rest.to_vec(),
        SecretForm::Utf8 => [rest, scheme.secret_suffix.as_bytes()].concat(),
    };
    Some(Zeroizing::new(key))
}

/// Decodes the entities that `WordPress` writes for special characters, as its
/// `wp_specialchars_decode` does for the settings of a plugin.
fn html_decoded(text: &str) -> String {
    const ENTITIES: [(&str, &str); 10] = [
        ("&#039;", "'"),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&lt;", "<"),
        ("&#x3c;", "<"),
        ("&gt;", ">"),
        ("&#x3e;", ">"),
        ("&quot;", "\""),
        ("&#034;", "\""),
        ("&amp;", "&"),
    ];
    let mut decoded = text.to_owned();
    for (entity, character) in ENTITIES {
        decoded = decoded.replace(entity, character);
    }
    decoded
}

/// Returns true if the scheme normalizes the secret's text to another one.
pub(super) fn changes_when_normalized(scheme: &Scheme, secret: &Secret) -> bool {
    scheme.secret == SecretForm::Utf8Nfkd
        && key(scheme, secret).is_some_and(|key| key.as_slice() != secret.expose())
}
