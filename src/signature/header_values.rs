//! Digests in the value of a signature header.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::digest;
use crate::provider::{Algorithm, Encoding, Scheme};

/// The URL-safe alphabet, which libraries write with or without padding.
const URL_SAFE_LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The digests in a value.
#[derive(Debug, Default)]
pub(super) struct HeaderValues {
    pub(super) good: Vec<Vec<u8>>,
    /// Digests in hex of the other case. Official verifiers compare text, so they must not verify.
    pub(super) other_case: Vec<Vec<u8>>,
}

impl HeaderValues {
    pub(super) fn read(scheme: &Scheme, value: &str) -> Self {
        let mut found = Self::default();
        for text in texts(scheme, value.trim()) {
            match decode(scheme, text) {
                Some((bytes, true)) => found.good.push(bytes),
                Some((bytes, false)) => found.other_case.push(bytes),
                None => {}
            }
        }
        found
    }

    pub(super) fn is_empty(&self) -> bool {
        self.good.is_empty() && self.other_case.is_empty()
    }
}

/// Returns the texts that should be digests.
pub(super) fn texts<'v>(scheme: &'v Scheme, value: &'v str) -> Vec<&'v str> {
    if let Some(pairs) = &scheme.pairs {
        let items = scheme.pair_items(value);
        return items
            .filter(|(key, _)| pairs.keys.iter().any(|expected| expected == key))
            .map(|(_, text)| text)
            .collect();
    }
    let entries: Vec<&str> = match &scheme.list {
        Some(separator) if scheme.trim => value.split(separator.as_str()).map(str::trim).collect(),
        Some(separator) => value.split(separator.as_str()).collect(),
        None => vec![value],
    };
    entries.into_iter().filter_map(|entry| scheme.without_prefix(entry)).collect()
}

/// Returns whether a text has the form of a JSON Web Token: three parts, the first one JSON.
fn is_token(text: &str) -> bool {
    let header = text.split('.').next().unwrap_or_default();
    let header = URL_SAFE_LENIENT.decode(header).unwrap_or_default();
    header.starts_with(b"{") && text.matches('.').count() == 2
}

/// Decodes a digest; the flag is false if its case is not the scheme's.
fn decode(scheme: &Scheme, text: &str) -> Option<(Vec<u8>, bool)> {
    let Some(length) = digest::length(scheme.algorithm) else {
        return match scheme.algorithm {
            // Basic credentials are base64 (RFC 7617), other tokens plain text.
            Algorithm::Token if scheme.encoding == Encoding::Base64 => {
                Some((STANDARD.decode(text).ok()?, true))
            }
            Algorithm::Token => Some((text.as_bytes().to_vec(), true)),
            Algorithm::Jwt => is_token(text).then(|| (text.as_bytes().to_vec(), true)),
            _ => {
                let bytes = match scheme.encoding {
                    Encoding::Base64 => STANDARD.decode(text).ok()?,
                    Encoding::Base64Url => URL_SAFE_LENIENT.decode(text).ok()?,
                    Encoding::Hex | Encoding::HexUpper | Encoding::HexAny => {
                        hex::decode(text).ok()?
                    }
                };
                (!bytes.is_empty()).then_some((bytes, true))
            }
        };
    };
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    // Faster than to collect the bytes one by one.
    let from_hex = || {
        let mut bytes = vec![0; length];
        hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
    };
    let (bytes, exact) = match scheme.encoding {
        Encoding::Hex => (from_hex()?, !has(u8::is_ascii_uppercase)),
        Encoding::HexUpper => (from_hex()?, !has(u8::is_ascii_lowercase)),
        Encoding::HexAny => (from_hex()?, true),
        Encoding::Base64 => (STANDARD.decode(text).ok()?, true),
        Encoding::Base64Url => (URL_SAFE_LENIENT.decode(text).ok()?, true),
    };
    (bytes.len() == length).then_some((bytes, exact))
}
