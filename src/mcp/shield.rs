//! Prepares every string for a result: withholds secrets, escapes, and limits the length.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::delivery::{Delivery, Header, is_credential};
use crate::formats::without_credentials;
use crate::payload::{escape, visible_bytes};
use crate::provider::{self, Provider};
use crate::secret::Secret;

/// Longest text of a header, a path, or an error.
pub(super) const MAX_LINE: usize = 4 << 10;

/// Longest text in a list.
const MAX_CELL: usize = 512;

pub(super) const MAX_MESSAGE_TEXT: usize = 8 << 10;

/// Shown in place of a signature or a credential.
pub(super) const WITHHELD: &str = "[withheld]";

/// Minimum length of a value that is searched for elsewhere; a shorter one would match by chance.
const MIN_PART: usize = 6;

/// Shortest part that may be a secret.
const MIN_TOKEN: usize = 12;

/// Shortest digest.
const MIN_DIGEST: usize = 16;

/// Marks the rest of a text that was cut.
const CUT: char = '…';

/// Values that results do not show.
#[derive(Debug, Clone, Default)]
pub(super) struct Shield {
    /// Longest first, so that a value is not found in parts.
    values: Vec<String>,
    /// Names of withheld headers, in lower case.
    headers: Vec<String>,
}

impl Shield {
    /// Withholds secrets.
    pub(super) fn new(secrets: &[Secret]) -> Self {
        let texts = secrets.iter().filter_map(|secret| std::str::from_utf8(secret.expose()).ok());
        let mut values = BTreeSet::new();
        for text in texts.filter(|text| text.len() >= MIN_PART) {
            values.insert(text.to_owned());
            // Receivers use `whsec_…` without its prefix.
            let rest = text.rsplit_once('_').map(|(_, rest)| rest);
            values.extend(rest.filter(|rest| rest.len() >= MIN_DIGEST).map(str::to_owned));
        }
        Self::of(values, Vec::new())
    }

    fn of(values: BTreeSet<String>, headers: Vec<String>) -> Self {
        let mut values: Vec<String> = values.into_iter().collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self { values, headers }
    }

    /// Also withholds the signatures and credentials of a delivery, wherever their values are.
    pub(super) fn withholding(self, delivery: &Delivery, providers: &[Arc<Provider>]) -> Self {
        let shared = without_credentials(delivery, providers).head;
        let is_kept = |header: &Header| shared.headers.iter().any(|other| other.is(&header.name));
        let removed: Vec<&Header> =
            delivery.head.headers.iter().filter(|header| !is_kept(header)).collect();
        let mut values: BTreeSet<String> = self.values.into_iter().collect();
        for header in &removed {
            add(&mut values, &header.text());
        }
        for value in in_other_places(delivery, providers) {
            add(&mut values, &value);
        }
        let names = removed.iter().map(|header| header.name.to_ascii_lowercase()).collect();
        Self::of(values, names).withholding_query(&delivery.head.target_text())
    }

    /// Also withholds the credentials in the query of a request target.
    pub(super) fn withholding_query(self, target: &str) -> Self {
        let mut values: BTreeSet<String> = self.values.into_iter().collect();
        for value in in_query(target) {
            add(&mut values, &value);
        }
        Self::of(values, self.headers)
    }

    pub(super) fn withholds_header(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.eq_ignore_ascii_case(name))
    }

    /// Returns whether bytes contain a withheld value.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.values.iter().any(|value| memchr::memmem::find(bytes, value.as_bytes()).is_some())
    }

    /// Returns one line.
    pub(super) fn line(&self, text: &str) -> String {
        bounded(escape(&self.withheld(text)).into_owned(), MAX_LINE)
    }

    /// Returns one short line, for a list.
    pub(super) fn cell(&self, text: &str) -> String {
        bounded(self.line(text), MAX_CELL)
    }

    /// Returns text whose line breaks stay.
    pub(super) fn lines(&self, text: &str, limit: usize) -> String {
        let text = self.withheld(text);
        let lines: Vec<_> = text.split('\n').map(escape).collect();
        bounded(lines.join("\n"), limit)
    }

    /// Returns bytes as text whose line breaks stay, with `\xff` for bytes that are not UTF-8.
    pub(super) fn bytes(&self, bytes: &[u8], limit: usize) -> String {
        let lines: Vec<String> = bytes.split(|byte| *byte == b'\n').map(visible_bytes).collect();
        bounded(self.withheld(&lines.join("\n")), limit)
    }

    fn withheld(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for value in &self.values {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), WITHHELD);
            }
        }
        text
    }
}

/// Adds a value, its parts, and every spelling of a digest. Words and times among the parts are not
/// secret, and explanations name them.
fn add(values: &mut BTreeSet<String>, value: &str) {
    let value = value.trim();
    if value.len() >= MIN_PART {
        values.insert(value.to_owned());
    }
    let parts = value.split([',', ';', ' ', '=', ':', '"']).filter(|part| is_token(part));
    for part in parts {
        values.insert(part.to_owned());
        let digests = [
            hex::decode(part).ok(),
            STANDARD_NO_PAD.decode(part).ok(),
            URL_SAFE_NO_PAD.decode(part).ok(),
        ];
        for digest in digests.into_iter().flatten().filter(|bytes| bytes.len() >= MIN_DIGEST) {
            values.insert(hex::encode(&digest));
            values.insert(hex::encode_upper(&digest));
            values.insert(STANDARD.encode(&digest));
            values.insert(URL_SAFE.encode(&digest));
            values.insert(STANDARD_NO_PAD.encode(&digest));
            values.insert(URL_SAFE_NO_PAD.encode(&digest));
        }
    }
}

/// Returns whether a part of a value may be a secret rather than a word, a name, or a time.
fn is_token(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let is_long = part.len() >= MIN_TOKEN;
    let is_mixed = digits > 0 && digits < part.len();
    (is_long && is_mixed) || part.len() >= 2 * MIN_TOKEN
}

/// Returns signatures in the body and in the query of a delivery.
fn in_other_places(delivery: &Delivery, providers: &[Arc<Provider>]) -> Vec<String> {
    let known = providers.iter().chain(provider::all());
    let own = known.filter(|provider| provider.name == delivery.summary.provider).take(1);
    let places = own.flat_map(|provider| &provider.scheme.signature);
    places.filter_map(|place| place.find(&delivery.head, &delivery.body)).collect()
}

/// Returns the values of query parameters whose names are those of credentials.
fn in_query(target: &str) -> Vec<String> {
    let Some((_, query)) = target.split_once('?') else { return Vec::new() };
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let named = pairs.filter(|(name, _)| is_credential(name) || *name == "sig");
    named.map(|(_, value)| value.to_owned()).collect()
}

/// Cuts text at a limit in bytes.
fn bounded(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::delivery::{DeliveryId, Head, NewDelivery};

    fn delivery(target: &str, headers: &[Header], body: &'static str) -> Delivery {
        let head = Head::build("POST", target, headers);
        let body = Bytes::from_static(body.as_bytes());
        NewDelivery::new(head, body, jiff::Timestamp::UNIX_EPOCH).into_delivery(DeliveryId(1), None)
    }

    const DIGEST: [u8; 32] = [0xa7; 32];

    fn shield() -> Shield {
        let signature = format!("sha256={}", hex::encode(DIGEST));
        let headers =
            [Header::new("X-Hub-Signature-256", signature), Header::new("X-Plain", "visible")];
        Shield::default().withholding(&delivery("/a?token=query-value-1", &headers, ""), &[])
    }

    #[test]
    fn a_signature_is_withheld_in_every_spelling() {
        for spelling in [hex::encode(DIGEST), hex::encode_upper(DIGEST), STANDARD.encode(DIGEST)] {
            let line = shield().line(&format!("expected `{spelling}`"));
            assert_eq!(line, "expected `[withheld]`");
        }
    }

    #[test]
    fn words_of_a_signature_header_stay() {
        let value = r#"keyId="main", algorithm="rsa-sha256", t=1700000000, signature="a1""#;
        let headers = [Header::new("Signature", value)];
        let shield = Shield::default().withholding(&delivery("/", &headers, ""), &[]);
        let line = "algorithm rsa-sha256 at 1700000000";
        assert_eq!(shield.line(line), line);
    }

    #[test]
    fn a_credential_in_the_query_is_withheld() {
        assert_eq!(shield().line("/a?token=query-value-1"), "/a?token=[withheld]");
    }

    #[test]
    fn only_headers_with_credentials_are_withheld() {
        let shield = shield();
        assert!(shield.withholds_header("x-hub-signature-256"));
        assert!(!shield.withholds_header("X-Plain"));
    }

    #[test]
    fn a_secret_is_withheld() {
        let shield = Shield::new(&[Secret::new("S", "test-key-not-real")]);
        assert_eq!(shield.line("key test-key-not-real"), "key [withheld]");
    }

    #[test]
    fn text_is_escaped_and_bounded() {
        let shield = Shield::default();
        assert_eq!(shield.line("a\u{1b}[2J\n\u{202e}"), "a\\x1b[2J\\n\\u{202e}");
        assert_eq!(shield.lines("a\n\u{1b}", 100), "a\n\\x1b");
        assert_eq!(shield.lines("aé", 2), "a…");
        assert_eq!(shield.bytes(b"a\xff\nb", 100), "a\\xff\nb");
    }
}
