//! Digests in texts: in the expected encoding or another.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::provider::{Encoding, Scheme};
use crate::signature::{Cause, header_values};

/// Prefixes that senders put before a digest.
const PREFIXES: [&str; 8] =
    ["sha256=", "sha1=", "sha512=", "v0=", "v1=", "v1,", "v2=", "hmac-sha256-hex="];

/// Returns the parts of a value that could be a digest, with the cause if they are right.
pub(super) fn candidate_texts<'v>(
    scheme: &'v Scheme,
    value: &'v str,
) -> Vec<(Option<Cause>, &'v str)> {
    let value = value.trim();
    let mut out: Vec<(Option<Cause>, &str)> =
        header_values::texts(scheme, value).into_iter().map(|text| (None, text)).collect();
    let quotes: &[char] = &['"', '\''];
    let bare = value.trim_matches(quotes);
    if bare.len() < value.len() {
        let texts = header_values::texts(scheme, bare);
        out.extend(texts.into_iter().map(|text| (Some(Cause::SigQuoted), text)));
    }
    let stripped = |text: &'v str| {
        let known = PREFIXES.iter().copied().chain(std::iter::once(scheme.prefix.as_str()));
        known.filter(|prefix| !prefix.is_empty()).find_map(|prefix| text.strip_prefix(prefix))
    };
    for text in std::iter::successors(Some(bare), |text| stripped(text)).take(3) {
        out.push((Some(Cause::SigPrefix), text));
    }
    for item in bare.split([',', ';', ' ']).map(str::trim) {
        let inner = item.split_once('=').map_or(item, |(_, inner)| inner);
        let cause = if scheme.pairs.is_some() { Cause::SigPrefix } else { Cause::SigMultiple };
        out.push((Some(cause), item));
        out.push((Some(cause), inner));
    }
    out
}

/// Form in which a text contains the expected digest.
pub(super) enum DigestText {
    AsExpected,
    OtherForm(Cause),
}

/// Compares a text with the expected digest.
pub(super) fn match_digest(scheme: &Scheme, expected: &[u8], text: &str) -> Option<DigestText> {
    let encoded = match scheme.encoding {
        Encoding::Hex => hex::encode(expected),
        Encoding::Base64 => STANDARD.encode(expected),
    };
    if text == encoded {
        return Some(DigestText::AsExpected);
    }
    if scheme.encoding == Encoding::Hex && text.eq_ignore_ascii_case(&encoded) {
        return Some(DigestText::OtherForm(Cause::SigCase));
    }
    if text.len() >= 8 && encoded.starts_with(text) {
        return Some(DigestText::OtherForm(Cause::SigTruncated));
    }
    let decoded = decodings(text);
    if decoded.iter().any(|bytes| bytes == expected) {
        return Some(DigestText::OtherForm(Cause::SigEncoding));
    }
    let is_close = |bytes: &Vec<u8>| {
        let differing = bytes.iter().zip(expected).filter(|(one, other)| one != other).count();
        bytes.len() == expected.len() && differing <= 2
    };
    decoded.iter().any(is_close).then_some(DigestText::OtherForm(Cause::SigTampered))
}

/// Decodes a text in every encoding that senders use.
pub(super) fn decodings(text: &str) -> Vec<Vec<u8>> {
    let plain = text.replace(':', "");
    let based = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
    let based = based.iter().filter_map(|engine| engine.decode(text).ok());
    hex::decode(plain).into_iter().chain(based).collect()
}
