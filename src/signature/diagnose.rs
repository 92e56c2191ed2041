//! Why a signature does not match. A cause is named only if a computation proves it: with that
//! one change undone, the signature is right.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::content::{Subject, content};
use super::{Cause, digest, entries, key, variant};
use crate::delivery::Head;
use crate::provider::{Algorithm, Encoding, Part, Scheme};
use crate::secret::Secret;

/// Larger bodies are not varied: each variant would cost a digest of all of it.
const LARGEST: usize = 128 << 10;

/// Texts that senders put before a digest.
const PREFIXES: [&str; 8] =
    ["sha256=", "sha1=", "sha512=", "v0=", "v1=", "v1,", "v2=", "hmac-sha256-hex="];

const ALGORITHMS: [(Algorithm, Cause); 3] = [
    (Algorithm::HmacSha1, Cause::AlgSha1),
    (Algorithm::HmacSha256, Cause::AlgSha256),
    (Algorithm::HmacSha512, Cause::AlgSha512),
];

/// The one change that explains the signature, if there is one.
pub(super) fn diagnose(
    scheme: &Scheme,
    secrets: &[Secret],
    subject: &Subject<'_>,
    value: &str,
) -> Option<Cause> {
    if scheme.algorithm == Algorithm::Token || subject.body.len() > LARGEST {
        return None;
    }
    let signed = content(scheme, subject, value).ok();
    let keys: Vec<_> = secrets.iter().filter_map(|secret| key::key(scheme, secret)).collect();
    // With a public key no signature can be computed, only checked.
    if let Some(signed) = signed.as_ref().filter(|_| !scheme.algorithm.is_asymmetric())
        && let Some(cause) = written_otherwise(scheme, &keys, signed, value)
    {
        return Some(cause);
    }
    if quoted(scheme, &keys, subject, value) {
        return Some(Cause::SigQuoted);
    }
    let received = entries::Entries::read(scheme, value).good;
    if received.is_empty() {
        return None;
    }
    let fits = |key: &[u8], signed: &[u8]| {
        received.iter().any(|one| digest::fits(scheme.algorithm, key, signed, one))
    };
    if let Some(signed) = &signed {
        let found = meant_secrets(scheme, secrets).into_iter().find(|(_, key)| fits(key, signed));
        if let Some((cause, _)) = found {
            return Some(cause);
        }
    }
    let signs = |varied: &Subject<'_>| {
        let signed = content(scheme, varied, value).ok();
        signed.is_some_and(|signed| keys.iter().any(|key| fits(key, &signed)))
    };
    if scheme.covers_body {
        let bodies = variant::bodies(subject.body);
        let found = bodies.iter().find(|(_, body)| signs(&Subject { body, ..*subject }));
        if let Some((cause, _)) = found {
            return Some(*cause);
        }
    }
    if !scheme.signed.is_body() && keys.iter().any(|key| fits(key, subject.body)) {
        return Some(Cause::TemplateBodyOnly);
    }
    around(scheme, subject, &signs)
}

/// Whether the value is right without the quotes around it. (Among pairs they hide the first key.)
fn quoted(
    scheme: &Scheme,
    keys: &[Zeroizing<Vec<u8>>],
    subject: &Subject<'_>,
    value: &str,
) -> bool {
    let bare = value.trim().trim_matches(['"', '\'']);
    let signed = content(scheme, subject, bare).ok().filter(|_| bare != value);
    let Some(signed) = signed else { return false };
    let received = entries::Entries::read(scheme, bare).good;
    keys.iter()
        .any(|key| received.iter().any(|one| digest::fits(scheme.algorithm, key, &signed, one)))
}

/// Whether the right digest stands in the value, but not as the scheme writes it.
fn written_otherwise(
    scheme: &Scheme,
    keys: &[Zeroizing<Vec<u8>>],
    signed: &[u8],
    value: &str,
) -> Option<Cause> {
    for key in keys {
        let due = digest::compute(scheme.algorithm, key, signed);
        for (cause, text) in readings(scheme, value) {
            match how(scheme, &due, text) {
                Some(Written::Rightly) => return cause,
                Some(Written::Otherwise(written)) => return Some(cause.unwrap_or(written)),
                None => {}
            }
        }
        for (algorithm, cause) in ALGORITHMS.into_iter().filter(|(one, _)| *one != scheme.algorithm)
        {
            let due = digest::compute(algorithm, key, signed);
            if readings(scheme, value).iter().any(|(_, text)| decodings(text).contains(&due)) {
                return Some(cause);
            }
        }
    }
    None
}

/// The texts of a value that could be a digest, and what is wrong with their place.
fn readings<'v>(scheme: &'v Scheme, value: &'v str) -> Vec<(Option<Cause>, &'v str)> {
    let value = value.trim();
    let mut out: Vec<(Option<Cause>, &str)> =
        entries::texts(scheme, value).into_iter().map(|text| (None, text)).collect();
    let quotes: &[char] = &['"', '\''];
    let bare = value.trim_matches(quotes);
    if bare.len() < value.len() {
        let texts = entries::texts(scheme, bare);
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
enum Written {
    Rightly,
    Otherwise(Cause),
}

/// Whether a text holds the digest that is due, and how.
fn how(scheme: &Scheme, due: &[u8], text: &str) -> Option<Written> {
    let right = match scheme.encoding {
        Encoding::Hex => hex::encode(due),
        Encoding::Base64 => STANDARD.encode(due),
    };
    if text == right {
        return Some(Written::Rightly);
    }
    if scheme.encoding == Encoding::Hex && text.eq_ignore_ascii_case(&right) {
        return Some(Written::Otherwise(Cause::SigCase));
    }
    if text.len() >= 8 && right.starts_with(text) {
        return Some(Written::Otherwise(Cause::SigTruncated));
    }
    let decoded = decodings(text);
    if decoded.iter().any(|bytes| bytes == due) {
        return Some(Written::Otherwise(Cause::SigEncoding));
    }
    let near = |bytes: &Vec<u8>| {
        let differing = bytes.iter().zip(due).filter(|(one, other)| one != other).count();
        bytes.len() == due.len() && differing <= 2
    };
    decoded.iter().any(near).then_some(Written::Otherwise(Cause::SigTampered))
}

/// The bytes that a text stands for, in every encoding that senders use.
fn decodings(text: &str) -> Vec<Vec<u8>> {
    let plain = text.replace(':', "");
    let based = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
    let based = based.iter().filter_map(|engine| engine.decode(text).ok());
    hex::decode(plain).into_iter().chain(based).collect()
}

/// Keys of secrets that may have been meant.
fn meant_secrets(scheme: &Scheme, secrets: &[Secret]) -> Vec<(Cause, Zeroizing<Vec<u8>>)> {
    let mut out = Vec::new();
    for secret in secrets {
        let text = secret.expose();
        let rest = text.strip_prefix(scheme.secret_prefix.as_bytes()).unwrap_or(text);
        let due = key::key(scheme, secret);
        for plain in [text, rest] {
            if due.as_ref().is_none_or(|due| due.as_slice() != plain) {
                out.push((Cause::SecretNotDecoded, Zeroizing::new(plain.to_vec())));
            }
        }
        for (cause, varied) in variant::secrets(text) {
            let varied = Secret::new(secret.name(), varied.to_vec());
            out.extend(key::key(scheme, &varied).map(|key| (cause, key)));
        }
    }
    out
}

/// Changes of the URL and the method, where these are signed.
fn around(
    scheme: &Scheme,
    subject: &Subject<'_>,
    signs: &dyn Fn(&Subject<'_>) -> bool,
) -> Option<Cause> {
    if let Some(url) = subject.url.filter(|_| scheme.signed.has(&Part::Url)) {
        let (path, query) =
            url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
        let with_query = |path: &str| match query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let scheme_of = match url.strip_prefix("https:") {
            Some(rest) => format!("http:{rest}"),
            None => url.replacen("http:", "https:", 1),
        };
        let slash = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
        let varied = [
            (Cause::UrlScheme, scheme_of),
            (Cause::UrlPath, with_query(&slash)),
            (Cause::UrlQuery, path.to_owned()),
        ];
        let found = varied.iter().find(|(_, url)| signs(&Subject { url: Some(url), ..*subject }));
        if let Some((cause, _)) = found {
            return Some(*cause);
        }
    }
    if scheme.signed.has(&Part::Method) {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let head = Head { method: method.to_owned(), ..subject.head.clone() };
            if signs(&Subject { head: &head, ..*subject }) {
                return Some(Cause::Method);
            }
        }
    }
    None
}
