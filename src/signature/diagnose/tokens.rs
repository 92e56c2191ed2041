//! Digests in a text, wherever they are and however they are encoded.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

use crate::provider::Encoding;

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, ANY_PADDING);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, ANY_PADDING);

/// Longest value that is searched; signatures are far shorter.
const MAX_VALUE: usize = 8 << 10;

/// Encoding of a digest in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenForm {
    Hex,
    UpperHex,
    /// Hex digits with a separator between bytes.
    SplitHex,
    Base64,
    /// Base64 without its padding.
    Unpadded,
    Base64Url,
    /// Base64 of the hex digits.
    HexInBase64,
    /// Percent-encoded, or with spaces in place of plus signs.
    UrlEncoded,
}

impl TokenForm {
    pub(super) fn of(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Base64 => Self::Base64,
            Encoding::Base64Url => Self::Base64Url,
            Encoding::Hex | Encoding::HexAny => Self::Hex,
            Encoding::HexUpper => Self::UpperHex,
        }
    }

    /// Returns whether a scheme with this encoding reads a digest in this form.
    pub(super) fn is_read(self, encoding: Encoding, text: &str) -> bool {
        match encoding {
            // Without `-` and `_` it looks like base64, with or without padding.
            Encoding::Base64Url => {
                matches!(self, Self::Base64Url | Self::Base64 | Self::Unpadded)
                    && !text.contains(['+', '/'])
            }
            Encoding::HexAny => matches!(self, Self::Hex | Self::UpperHex),
            Encoding::Hex | Encoding::HexUpper | Encoding::Base64 => self == Self::of(encoding),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::UpperHex => "uppercase hex",
            Self::SplitHex => "hex with separators",
            Self::Base64 => "base64",
            Self::Unpadded => "base64 without its padding",
            Self::Base64Url => "base64url",
            Self::HexInBase64 => "base64 of the hex digits",
            Self::UrlEncoded => "URL-encoded",
        }
    }
}

/// A text that decodes to a digest of a possible length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DigestToken {
    /// None if the digest is not a part of the text as it is.
    pub(super) range: Option<Range<usize>>,
    pub(super) form: TokenForm,
    pub(super) bytes: Vec<u8>,
}

/// Finds everything in a value that could be a digest of one of these lengths, in bytes.
pub(super) fn tokens(value: &str, lengths: &[usize]) -> Vec<DigestToken> {
    let mut out = Vec::new();
    if value.len() > MAX_VALUE {
        return out;
    }
    for length in lengths.iter().copied().filter(|length| *length > 0) {
        hex_tokens(value, length, &mut out);
        base64_tokens(value, length, &mut out);
        for separator in [':', '-', ' '] {
            if value.matches(separator).count() + 1 >= length {
                let mut found = Vec::new();
                hex_tokens(&value.replace(separator, ""), length, &mut found);
                out.extend(found.into_iter().map(|token| token.unplaced(TokenForm::SplitHex)));
            }
        }
        let decoded = percent_decode_str(value).decode_utf8_lossy().into_owned();
        for changed in [decoded, value.replace(' ', "+")] {
            if changed != value {
                let mut found = Vec::new();
                hex_tokens(&changed, length, &mut found);
                base64_tokens(&changed, length, &mut found);
                out.extend(found.into_iter().map(|token| token.unplaced(TokenForm::UrlEncoded)));
            }
        }
    }
    out
}

impl DigestToken {
    fn unplaced(self, form: TokenForm) -> Self {
        Self { range: None, form, bytes: self.bytes }
    }

    pub(super) fn text<'v>(&self, value: &'v str) -> Option<&'v str> {
        value.get(self.range.clone()?)
    }
}

/// Ranges of the longest runs of bytes of a kind.
fn runs(value: &str, is_part: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for (at, byte) in value.bytes().enumerate() {
        match out.last_mut() {
            _ if !is_part(byte) => {}
            Some(run) if run.end == at => run.end = at + 1,
            _ => out.push(at..at + 1),
        }
    }
    out
}

/// The start and the end of a run, of a length each.
fn windows(run: Range<usize>, length: usize) -> impl Iterator<Item = Range<usize>> {
    let first = (run.len() >= length).then(|| run.start..run.start + length);
    let last = (run.len() > length).then(|| run.end - length..run.end);
    first.into_iter().chain(last)
}

fn hex_tokens(value: &str, length: usize, out: &mut Vec<DigestToken>) {
    for run in runs(value, |byte| byte.is_ascii_hexdigit()) {
        for range in windows(run, 2 * length) {
            let text = value.get(range.clone()).unwrap_or_default();
            let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
            let form = if upper { TokenForm::UpperHex } else { TokenForm::Hex };
            if let Ok(bytes) = hex::decode(text) {
                out.push(DigestToken { range: Some(range), form, bytes });
            }
        }
    }
}

fn base64_tokens(value: &str, length: usize, out: &mut Vec<DigestToken>) {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    let padding = (3 - length % 3) % 3;
    for run in runs(value, is_part) {
        let end = run.end;
        for range in windows(run.clone(), (8 * length).div_ceil(6)) {
            let text = value.get(range.clone()).unwrap_or_default();
            let url = text.contains(['-', '_']);
            let engine = if url { &BASE64_URL } else { &BASE64 };
            let Ok(bytes) = engine.decode(text) else { continue };
            let rest = value.get(range.end..).unwrap_or_default();
            let padded = rest.bytes().take(padding).filter(|byte| *byte == b'=').count();
            let is_last = range.end == end;
            let form = if url {
                TokenForm::Base64Url
            } else if padded < padding || !is_last {
                TokenForm::Unpadded
            } else {
                TokenForm::Base64
            };
            let range = range.start..range.end + if is_last { padded } else { 0 };
            out.push(DigestToken { range: Some(range), form, bytes });
        }
        // The text of the hex digits, encoded again.
        for range in windows(run, (16 * length).div_ceil(6)) {
            let text = value.get(range.clone()).and_then(|text| BASE64.decode(text).ok());
            if let Some(bytes) = text.and_then(|text| hex::decode(text).ok()) {
                out.push(DigestToken { range: Some(range), form: TokenForm::HexInBase64, bytes });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(value: &str) -> Vec<(TokenForm, Option<Range<usize>>)> {
        let digest: Vec<u8> = (0xe0..0xf4).collect();
        let found = tokens(value, &[20]).into_iter().filter(|token| token.bytes == digest);
        found.map(|token| (token.form, token.range)).collect()
    }

    #[test]
    fn finds_digests_in_every_form() {
        let digest: Vec<u8> = (0xe0..0xf4).collect();
        let (hex, base64) = (hex::encode(&digest), BASE64.encode(&digest));
        let url = BASE64_URL.encode(&digest);
        assert_eq!(forms(&hex), [(TokenForm::Hex, Some(0..40))]);
        assert_eq!(forms(&format!("0x{hex}.")), [(TokenForm::Hex, Some(2..42))]);
        assert_eq!(
            forms(&format!("a={}", hex.to_uppercase())),
            [(TokenForm::UpperHex, Some(2..42))]
        );
        assert_eq!(forms(&base64), [(TokenForm::Base64, Some(0..28))]);
        let bare = base64.trim_end_matches('=');
        assert_eq!(forms(&format!("v1,{bare}")), [(TokenForm::Unpadded, Some(3..30))]);
        assert_eq!(forms(&url), [(TokenForm::Base64Url, Some(0..28))]);
        assert_eq!(forms(&BASE64.encode(&hex))[0].0, TokenForm::HexInBase64);
        let split = hex.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair));
        let split = split.collect::<Vec<_>>().join(":");
        assert_eq!(forms(&split), [(TokenForm::SplitHex, None)]);
        let encoded = base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        assert_eq!(forms(&encoded), [(TokenForm::UrlEncoded, None)]);
    }

    #[test]
    fn finds_a_digest_with_extra_digits() {
        let digest: Vec<u8> = (0xe0..0xf4).collect();
        let hex = hex::encode(digest);
        assert_eq!(forms(&format!("{hex}ab")), [(TokenForm::Hex, Some(0..40))]);
        assert_eq!(forms(&format!("ab{hex}")), [(TokenForm::Hex, Some(2..42))]);
    }

    #[test]
    fn base64url_without_its_own_characters_is_read_in_any_padding() {
        for (form, text, is_read) in [
            (TokenForm::Base64Url, "ab-_", true),
            (TokenForm::Base64, "abcd", true),
            (TokenForm::Unpadded, "abcd", true),
            (TokenForm::Base64, "ab+/", false),
            (TokenForm::Hex, "abcd", false),
        ] {
            assert_eq!(form.is_read(Encoding::Base64Url, text), is_read, "{text}");
        }
    }
}
