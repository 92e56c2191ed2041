//! The right digest in a header that a verifier cannot read.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::search::Search;
use super::tokens::{DigestToken, TokenForm, tokens};
use super::{Finding, Question};
use crate::delivery::ProofRow;
use crate::payload::escape;
use crate::provider::{Algorithm, Encoding, PairSyntax, Scheme, ValueLocation};
use crate::signature::signed_payload::payload_with_slot;
use crate::signature::{Cause, digest, header_values};

/// Fewest characters of a signature that prove that the rest was cut off.
const MIN_PART: usize = 8;

/// Lengths of an ECDSA signature in DER.
const DER: [usize; 5] = [68, 69, 70, 71, 72];

/// Returns the lengths in bytes that the signatures of a scheme have.
fn lengths(scheme: &Scheme) -> Vec<usize> {
    digest::length(scheme.algorithm).map_or_else(|| DER.to_vec(), |length| vec![length])
}

/// Finds the right digest in another form than the scheme's.
pub(super) fn find(
    question: &Question<'_>,
    value: &str,
    signed: &[u8],
    search: &mut Search<'_>,
) -> Option<Finding> {
    search.family("ways to write the signature");
    let scheme = question.scheme;
    let value = value.trim();
    let own = TokenForm::of(scheme.encoding);
    let mut found = tokens(value, &lengths(scheme));
    found.sort_by_key(|token| token.form != own);
    if scheme.algorithm.is_asymmetric() {
        let token = found.iter().find(|token| search.is_right(signed, &token.bytes))?;
        return misplaced(question, value, token, &found);
    }
    let expected = search.expected(signed);
    if let Some(token) = found.iter().find(|token| expected.contains(&token.bytes)) {
        return misplaced(question, value, token, &found);
    }
    let texts = header_values::texts(scheme, value);
    expected.iter().find_map(|expected| damaged(question, value, &texts, expected))
}

/// Encodes a digest as the scheme does.
pub(super) fn encoded(scheme: &Scheme, digest: &[u8]) -> String {
    match scheme.encoding {
        Encoding::Base64 => STANDARD.encode(digest),
        Encoding::Base64Url => URL_SAFE_NO_PAD.encode(digest),
        Encoding::HexUpper => hex::encode_upper(digest),
        Encoding::Hex | Encoding::HexAny => hex::encode(digest),
    }
}

/// Names the cause for which a right digest is not read. Returns none if it is.
fn misplaced(
    question: &Question<'_>,
    value: &str,
    token: &DigestToken,
    all: &[DigestToken],
) -> Option<Finding> {
    let scheme = question.scheme;
    let (title, place) = (question.title(), question.place());
    let own = TokenForm::of(scheme.encoding);
    let right = encoded(scheme, &token.bytes);
    let expected = whole(scheme, value, &right);
    let with_values = |finding: Finding| finding.values(value, &expected);
    let other_case = match (token.form, own) {
        (TokenForm::UpperHex, TokenForm::Hex) => Some(("uppercase", "lowercase")),
        (TokenForm::Hex, TokenForm::UpperHex) => Some(("lowercase", "uppercase")),
        _ => None,
    };
    let text = token.text(value).unwrap_or_default();
    let is_read = token.form.is_read(scheme.encoding, text);
    if let Some((found, sent)) = other_case.filter(|_| !is_read) {
        let says = format!(
            "the digest is right, but in {found} hex; {title} sends {sent}, and its verifiers \
             compare the text"
        );
        return Some(with_values(Finding::from(Cause::SigCase).says(says)));
    }
    if !is_read {
        let says = match (token.form, own) {
            (TokenForm::Unpadded, TokenForm::Base64) => {
                "the digest is complete, but the base64 padding `=` at its end is missing"
                    .to_owned()
            }
            (form, _) => format!(
                "the digest is right, but written as {}; {title} sends {}",
                form.name(),
                own.name()
            ),
        };
        return Some(with_values(Finding::from(Cause::SigEncoding).says(says)));
    }
    let text = token.text(value)?;
    let texts = header_values::texts(scheme, value);
    if texts.contains(&text) {
        return None;
    }
    if let Some(finding) = quoted(question, value, text) {
        return Some(with_values(finding));
    }
    let several = all.iter().any(|other| disjoint(other, token));
    let listed = scheme.pairs.is_some()
        || scheme.list.as_ref().is_some_and(|separator| value.contains(separator.as_str()));
    if several && !listed {
        let says = format!(
            "the {place} header has several signatures, and one of them is right; {title} sends one"
        );
        return Some(with_values(Finding::from(Cause::SigMultiple).says(says)));
    }
    if let Some(extended) = texts.iter().find(|known| known.starts_with(text)) {
        let extra = extended.chars().count() - text.chars().count();
        let says = format!("the digest is right, but {} after it", too_many(extra));
        return Some(with_values(Finding::from(Cause::SigLength).says(says)));
    }
    let says = match before(value, token) {
        "" => format!(
            "the digest is right, but the text before it is missing: {title} writes `{}`",
            frame(scheme)
        ),
        found => {
            let expected = match frame(scheme).as_str() {
                "" => format!("{title} sends the digest alone"),
                frame => format!("{title} writes `{frame}`, and its verifiers compare the text"),
            };
            format!("the digest is right, but it begins with `{found}`; {expected}")
        }
    };
    Some(with_values(Finding::from(Cause::SigPrefix).says(says)))
}

fn too_many(extra: usize) -> String {
    if extra == 1 {
        "there is 1 extra character".to_owned()
    } else {
        format!("there are {extra} extra characters")
    }
}

fn disjoint(one: &DigestToken, other: &DigestToken) -> bool {
    match (&one.range, &other.range) {
        (Some(one), Some(other)) => one.end <= other.start || other.end <= one.start,
        _ => false,
    }
}

/// Returns the text directly before a digest: its key, its prefix, or all of it.
fn before<'v>(value: &'v str, token: &DigestToken) -> &'v str {
    let start = token.range.as_ref().map_or(0, |range| range.start);
    let before = value.get(..start).unwrap_or_default();
    // The last item of a list.
    let trimmed = before.trim_end();
    let item = trimmed.rfind([',', ';', ' ']).filter(|at| at + 1 < trimmed.len());
    item.and_then(|at| before.get(at + 1..)).unwrap_or(before)
}

/// Returns what a scheme writes directly before a digest.
fn frame(scheme: &Scheme) -> String {
    match &scheme.pairs {
        Some(PairSyntax { equals, keys, .. }) => {
            format!("{}{equals}", keys.first().map_or("", String::as_str))
        }
        None => scheme.prefix.clone(),
    }
}

/// Returns the header's value as the scheme writes it, with the time that the received one has.
fn whole(scheme: &Scheme, value: &str, digest: &str) -> String {
    let Some(PairSyntax { between, .. }) = &scheme.pairs else {
        return format!("{}{digest}", frame(scheme));
    };
    let time = times(value).into_iter().next();
    canonical(scheme, time.as_deref(), digest).unwrap_or_else(|| {
        let rest: Vec<&str> = value.split(between.as_str()).collect();
        rest.first().map_or_else(String::new, |first| format!("{first}{between}…"))
    })
}

/// Returns the value that a scheme with pairs writes for a time and a digest.
fn canonical(scheme: &Scheme, time: Option<&str>, digest: &str) -> Option<String> {
    let PairSyntax { between, equals, .. } = scheme.pairs.as_ref()?;
    let clock = scheme.timestamp.as_ref().and_then(|clock| match &clock.from {
        ValueLocation::Pair(key) => Some(key.as_str()),
        _ => None,
    });
    let time = match (clock, time) {
        (Some(key), Some(time)) => format!("{key}{equals}{time}{between}"),
        (Some(_), None) => return None,
        (None, _) => String::new(),
    };
    Some(format!("{time}{}{digest}", frame(scheme)))
}

/// Returns the numbers in a value that may be times.
fn times(value: &str) -> Vec<String> {
    let numbers = value.split(|character: char| !character.is_ascii_alphanumeric());
    let is_time = |text: &&str| {
        (9..=13).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    numbers.filter(is_time).map(str::to_owned).collect()
}

/// Finds the right digest in a header with another provider's syntax of pairs.
pub(super) fn other_syntax(
    question: &Question<'_>,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Finding> {
    let scheme = question.scheme;
    scheme.pairs.as_ref()?;
    search.family("ways to write the signature");
    let mut found = tokens(value, &lengths(scheme));
    found
        .retain(|token| token.form.is_read(scheme.encoding, token.text(value).unwrap_or_default()));
    for time in times(value) {
        for token in &found {
            let right = encoded(scheme, &token.bytes);
            let Some(rewritten) = canonical(scheme, Some(&time), &right) else { continue };
            let signed = payload_with_slot(scheme, question.subject, &rewritten);
            if signed.is_ok_and(|signed| search.is_right(&signed, &token.bytes)) {
                let (place, title) = (question.place(), question.title());
                let says = format!(
                    "time and digest are right, but the {place} header is not written as {title} \
                     writes it"
                );
                let finding = Finding::from(Cause::SigPrefix).says(says);
                return Some(finding.values(value.trim(), &rewritten));
            }
        }
    }
    None
}

/// Finds quotes or brackets without which the value is read.
fn quoted(question: &Question<'_>, value: &str, digest: &str) -> Option<Finding> {
    let inner = unquoted(value)?;
    let is_read = header_values::texts(question.scheme, inner.trim()).contains(&digest);
    let inside = value.find(digest).is_some_and(|at| {
        let before = value.get(..at).unwrap_or_default().chars().next_back();
        let after = value.get(at + digest.len()..).and_then(|rest| rest.chars().next());
        matches!((before, after), (Some('"' | '\'' | '`' | '<'), Some('"' | '\'' | '`' | '>')))
    });
    (is_read || inside).then(|| Cause::SigQuoted.into())
}

/// Returns a value without the quotes or brackets around it.
fn unquoted(value: &str) -> Option<&str> {
    let first = value.chars().next()?;
    let pairs = [('"', '"'), ('\'', '\''), ('`', '`'), ('<', '>'), ('[', ']'), ('“', '”')];
    let (_, close) = pairs.into_iter().find(|(open, _)| *open == first)?;
    value.strip_prefix(first)?.strip_suffix(close)
}

/// Finds a value that is right without its quotes. With pairs, quotes hide the first key, or end
/// the time.
pub(in crate::signature) fn in_quotes(
    question: &Question<'_>,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Finding> {
    let scheme = question.scheme;
    let value = value.trim();
    let bare = unquoted(value).unwrap_or_else(|| value.trim_matches(['"', '\'', '`'])).trim();
    if bare == value {
        return None;
    }
    let signed = payload_with_slot(scheme, question.subject, bare).ok()?;
    search.set_keys(scheme, question.keys());
    let received = header_values::HeaderValues::read(scheme, bare).good;
    let is_right = received.iter().any(|digest| search.is_right(&signed, digest));
    is_right.then(|| Finding::from(Cause::SigQuoted).values(value, bare))
}

/// Names the damage of a digest: cut off, too long, or with other digits.
fn damaged(
    question: &Question<'_>,
    value: &str,
    texts: &[&str],
    expected: &[u8],
) -> Option<Finding> {
    let scheme = question.scheme;
    let right = encoded(scheme, expected);
    // Without a prefix that the scheme knows, the last run of digits counts.
    let last = value.rsplit([',', ';', ' ', '=']).find(|text| !text.is_empty());
    for text in texts.iter().copied().chain(last) {
        let same = text.bytes().zip(right.bytes()).take_while(|(one, other)| one == other).count();
        let ends = text.bytes().rev().zip(right.bytes().rev());
        let same_end = ends.take_while(|(one, other)| one == other).count();
        let total = right.len();
        if text.len() < total && text.len() >= MIN_PART && same == text.len() {
            let says = format!(
                "the signature was cut off: {} of its {total} characters were received",
                text.len()
            );
            // Not the missing digits: together with the body they are a signature to send.
            let shown = format!("{value}{}", "·".repeat(total - text.len()));
            return Some(Finding::from(Cause::SigTruncated).says(says).values(value, &shown));
        }
        if text.len() < total && text.len() >= 2 * MIN_PART && same_end == text.len() {
            let missing = total - text.len();
            let says = format!("the first {missing} characters of the signature are missing");
            return Some(Finding::from(Cause::SigTruncated).says(says));
        }
        if text.len() + 1 == total && same + same_end >= text.len() {
            let says = format!("character {} of the signature is missing", same + 1);
            return Some(Finding::from(Cause::SigLength).says(says));
        }
        if text.len() == total + 1 && same + same_end >= total {
            let says = format!("character {} of the signature is one too many", same + 1);
            let shown = value.replacen(text, &right, 1);
            return Some(Finding::from(Cause::SigLength).says(says).values(value, &shown));
        }
    }
    for text in texts {
        let decoded = match scheme.encoding {
            Encoding::Base64 => STANDARD.decode(text).ok(),
            Encoding::Base64Url => URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok(),
            Encoding::Hex | Encoding::HexUpper | Encoding::HexAny => hex::decode(text).ok(),
        };
        let Some(bytes) = decoded.filter(|bytes| bytes.len() == expected.len()) else { continue };
        let differing = bytes.iter().zip(expected).filter(|(one, other)| one != other).count();
        if differing <= 2 {
            let masked = text.chars().zip(right.chars());
            let masked = masked.map(|(one, other)| if one == other { one } else { '·' });
            let masked = value.replacen(text, &masked.collect::<String>(), 1);
            let bytes =
                if differing == 1 { "1 byte".to_owned() } else { format!("{differing} bytes") };
            let says = format!("the signature differs from the right one in {bytes}");
            return Some(Finding::from(Cause::SigTampered).says(says).values(value, &masked));
        }
    }
    None
}

/// Finds a header that ends before its digest.
pub(super) fn without_digest(question: &Question<'_>, value: &str) -> Option<Finding> {
    let scheme = question.scheme;
    let value = value.trim();
    let texts = header_values::texts(scheme, value);
    let is_framed = !frame(scheme).is_empty();
    let all_empty = !texts.is_empty() && texts.iter().all(|text| text.trim().is_empty());
    (is_framed && all_empty).then(|| {
        let says = format!("the digest is missing: the {} header ends before it", question.place());
        let shown = format!("{value}{}", sample(scheme));
        Finding::from(Cause::SigTruncated).says(says).values(value, &shown)
    })
}

/// Describes a value without a digest in the scheme's encoding.
pub(super) fn malformed(question: &Question<'_>, value: &str) -> Option<Finding> {
    let scheme = question.scheme;
    let (place, title) = (question.place(), question.title());
    let value = value.trim();
    let texts = header_values::texts(scheme, value);
    let Some(text) = texts.first().copied() else {
        let says =
            format!("{place} is not written as {title} writes it: no `{}` in it", frame(scheme));
        return Some(Finding::observed(says).fix(expected_form(scheme)));
    };
    let clock = scheme.timestamp.as_ref().map(|clock| &clock.from);
    if let (Some(ValueLocation::Pair(key)), Some(pairs)) = (clock, &scheme.pairs)
        && !scheme.pair_items(value).any(|(known, _)| known == key)
    {
        let says = format!("{place} has no `{key}{}`, the time of signing", pairs.equals);
        return Some(Finding::from(Cause::TimestampMissing).says(says).fix(expected_form(scheme)));
    }
    let bytes = digest::length(scheme.algorithm)?;
    let (name, total, cause) = match scheme.encoding {
        Encoding::Base64 => ("base64", bytes.div_ceil(3) * 4, Cause::SigNotBase64),
        Encoding::Base64Url => ("base64url", (bytes * 4).div_ceil(3), Cause::SigNotBase64),
        Encoding::Hex | Encoding::HexUpper | Encoding::HexAny => {
            ("hex", bytes * 2, Cause::SigNotHex)
        }
    };
    let is_hex = scheme.encoding.is_hex();
    let others = if scheme.encoding == Encoding::Base64Url { "-_=" } else { "+/=" };
    let is_foreign = |character: char| {
        let is_base64 = character.is_ascii_alphanumeric() || others.contains(character);
        if is_hex { !character.is_ascii_hexdigit() } else { !is_base64 }
    };
    let length = text.chars().count();
    if let Some((at, foreign)) = text.chars().enumerate().find(|(_, one)| is_foreign(*one))
        && (!is_hex || length == total)
    {
        let foreign = escape(foreign.encode_utf8(&mut [0; 4])).into_owned();
        let says = format!(
            "the signature is not {name}: character {} of the digest is `{foreign}`",
            at + 1
        );
        return Some(Finding::from(cause).says(says));
    }
    let says = format!("expected {total} characters of {name} in {place}, got {length}");
    Some(Finding::observed(says).fix(expected_form(scheme)))
}

fn expected_form(scheme: &Scheme) -> String {
    let digest = sample(scheme);
    let value = canonical(scheme, Some("1700000000"), &digest);
    let value = value.unwrap_or_else(|| format!("{}{digest}", frame(scheme)));
    format!("send {} as `{value}`", scheme.signature_place())
}

/// Describes the digest that a scheme expects.
pub(in crate::signature) fn sample(scheme: &Scheme) -> String {
    let bytes = digest::length(scheme.algorithm).unwrap_or_default();
    match scheme.encoding {
        Encoding::Base64 => format!("<{} characters of base64>", bytes.div_ceil(3) * 4),
        Encoding::Base64Url => format!("<{} characters of base64url>", (bytes * 4).div_ceil(3)),
        Encoding::Hex | Encoding::HexUpper | Encoding::HexAny => {
            format!("<{} hex digits>", bytes * 2)
        }
    }
}

/// Finds another digest of the same payload: of another hash, or with the key misused.
pub(super) fn other_hash(
    question: &Question<'_>,
    value: &str,
    signed: &[u8],
    search: &mut Search<'_>,
) -> Option<Finding> {
    let scheme = question.scheme;
    if scheme.algorithm.is_asymmetric() {
        return None;
    }
    search.family("other hashes, and other uses of the key");
    for (hash, cause) in super::HASHES {
        let length = digest::length(hash).unwrap_or_default();
        let found = tokens(value, &[length]);
        if found.is_empty() {
            continue;
        }
        let is_received = |digest: &Vec<u8>| found.iter().any(|token| token.bytes == *digest);
        for key in search.raw_keys() {
            if hash != scheme.algorithm && is_received(&search.digest(hash, &key, signed)?) {
                let (title, own) = (question.title(), scheme.algorithm);
                let uses = match own {
                    Algorithm::Sha256SecretFirst => "a plain SHA-256 of secret and content".into(),
                    own => own.to_string(),
                };
                let says = format!("signed with {hash}; {title} uses {uses}");
                let signed = scheme.signed.to_string();
                let name = |algorithm| format!("{algorithm} of {}", signed.trim_matches('`'));
                let rows = |label, algorithm| ProofRow::new(label, name(algorithm));
                return Some(
                    Finding::from(cause)
                        .says(says)
                        .rows(rows("received", hash), rows("expected", own)),
                );
            }
            let misused = search.misused(hash, &key, signed)?;
            if let Some((cause, formula, _)) =
                misused.into_iter().find(|(.., digest)| is_received(digest))
            {
                return Some(misuse(question, hash, cause, formula));
            }
        }
    }
    None
}

/// Describes a signature that was made with this hash and formula.
fn misuse(question: &Question<'_>, hash: Algorithm, cause: Cause, formula: String) -> Finding {
    let algorithm = question.scheme.algorithm;
    let own = formula_of(algorithm, hash);
    let mut finding = Finding::from(cause);
    if !algorithm.is_hmac() {
        let title = question.title();
        finding = finding.says(format!("`{formula}` was sent; {title} uses `{own}`"));
    }
    finding.rows(ProofRow::new("received", formula), ProofRow::new("expected", own))
}

/// Returns the formula of a scheme's signature, next to one with this hash.
fn formula_of(algorithm: Algorithm, hash: Algorithm) -> String {
    if algorithm == Algorithm::Sha256SecretFirst {
        return "sha256(secret + content)".to_owned();
    }
    if algorithm.is_hmac() {
        return format!("hmac_{}(secret, content)", super::search::short(hash));
    }
    let name = algorithm.to_string().to_lowercase().replace('-', "");
    format!("{name}(content with the secret)")
}
