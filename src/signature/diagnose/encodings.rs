//! How a text holds a digest: rightly, or in another dress.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::provider::{Encoding, Scheme};
use crate::signature::{Cause, header_values};

/// Texts that senders put before a digest.
const PREFIXES: [&str; 8] =
    ["sha256=", "sha1=", "sha512=", "v0=", "v1=", "v1,", "v2=", "hmac-sha256-hex="];

/// The texts of a value that could be a digest, and what is wrong with their place.
pub(super) fn readings<'v>(scheme: &'v Scheme, value: &'v str) -> Vec<(Option<Cause>, &'v str)> {
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
        let mut known = PREFIXES.iter().copied().chain(std::iter::once(scheme.prefix.as_str()));
        known.find_map(|prefix| text.strip_prefix(prefix).filter(|_| !prefix.is_empty()))
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

/// How a text holds the digest that is due.
pub(super) enum DigestText {
    Rightly,
    Otherwise(Cause),
}

/// Whether a text holds the digest that is due, and how.
pub(super) fn how(scheme: &Scheme, due: &[u8], text: &str) -> Option<DigestText> {
    let right = match scheme.encoding {
        Encoding::Hex => hex::encode(due),
        Encoding::Base64 => STANDARD.encode(due),
    };
    if text == right {
        return Some(DigestText::Rightly);
    }
    if scheme.encoding == Encoding::Hex && text.eq_ignore_ascii_case(&right) {
        return Some(DigestText::Otherwise(Cause::SigCase));
    }
    if text.len() >= 8 && right.starts_with(text) {
        return Some(DigestText::Otherwise(Cause::SigTruncated));
    }
    let decoded = decodings(text);
    if decoded.iter().any(|bytes| bytes == due) {
        return Some(DigestText::Otherwise(Cause::SigEncoding));
    }
    let near = |bytes: &Vec<u8>| {
        let differing = bytes.iter().zip(due).filter(|(one, other)| one != other).count();
        bytes.len() == due.len() && differing <= 2
    };
    decoded.iter().any(near).then_some(DigestText::Otherwise(Cause::SigTampered))
}

/// The bytes that a text stands for, in every encoding that senders use.
pub(super) fn decodings(text: &str) -> Vec<Vec<u8>> {
    let plain = text.replace(':', "");
    let based = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
    let based = based.iter().filter_map(|engine| engine.decode(text).ok());
    hex::decode(plain).into_iter().chain(based).collect()
}
