//! Variants of a secret that the user may have meant.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::signature::Cause;

/// Returns the secrets that may have been meant instead of the configured one.
pub(in crate::signature) fn secrets(secret: &[u8]) -> Vec<(Cause, Zeroizing<Vec<u8>>)> {
    let mut out: Vec<(Cause, Vec<u8>)> = vec![
        (Cause::SecretWhitespace, secret.trim_ascii().to_vec()),
        (Cause::SecretWhitespace, [secret, b"\n"].concat()),
        (Cause::SecretWhitespace, [secret, b" "].concat()),
    ];
    for quote in [b'"', b'\''] {
        let inner = secret.strip_prefix(&[quote]).and_then(|rest| rest.strip_suffix(&[quote]));
        out.extend(inner.map(|inner| (Cause::SecretQuoted, inner.to_vec())));
    }
    let decoded = STANDARD.decode(secret);
    out.extend(decoded.map(|bytes| (Cause::SecretBase64Encoded, bytes)));
    out.extend(hex::decode(secret).map(|bytes| (Cause::SecretHexEncoded, bytes)));
    if let Ok(text) = std::str::from_utf8(secret) {
        out.push((Cause::SecretCase, text.to_lowercase().into_bytes()));
        out.push((Cause::SecretCase, text.to_uppercase().into_bytes()));
        let plain = percent_decode_str(text).decode_utf8_lossy();
        out.push((Cause::SecretUrlEncoded, plain.into_owned().into_bytes()));
        for form in [text.nfc().collect::<String>(), text.nfd().collect()] {
            out.push((Cause::SecretUnicodeForm, form.into_bytes()));
        }
    }
    out.retain(|(_, variant)| variant != secret);
    out.into_iter().map(|(cause, bytes)| (cause, Zeroizing::new(bytes))).collect()
}
