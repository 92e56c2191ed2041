//! The declared description of a signature.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::{SignedTemplate, TemplatePart, ValueLocation};

/// How the digest is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    #[default]
    HmacSha256,
    HmacSha1,
    HmacSha512,
    /// No HMAC: the plain hash of the secret and what follows it (`HubSpot` v1 and v2).
    Sha256SecretFirst,
    /// RFC 8032; the secret is the public key.
    Ed25519,
    /// ECDSA over P-256 with SHA-256, the signature in DER; the secret is the public key (SPKI).
    EcdsaP256,
    /// No digest: the secret itself is sent.
    Token,
}

impl Algorithm {
    /// Whether signing takes another key than verifying.
    pub fn is_asymmetric(self) -> bool {
        matches!(self, Self::Ed25519 | Self::EcdsaP256)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HmacSha256 => "HMAC-SHA256",
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha512 => "HMAC-SHA512",
            Self::Sha256SecretFirst => "SHA-256 of the secret and",
            Self::Ed25519 => "Ed25519",
            Self::EcdsaP256 => "ECDSA P-256",
            Self::Token => "the secret itself",
        })
    }
}

/// How the digest is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Lower-case hexadecimal.
    #[default]
    Hex,
    /// The standard alphabet with padding (RFC 4648 section 4).
    Base64,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hex => "lower-case hex",
            Self::Base64 => "base64",
        })
    }
}

/// How the key is made of the secret's text, once `secret_prefix` is cut off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretForm {
    /// Its bytes.
    #[default]
    Utf8,
    /// Its bytes in the normalization form NFKD.
    Utf8Nfkd,
    Base64,
    /// Base64 where the prefix was there, bytes where it was not.
    Base64IfPrefixed,
    Hex,
}

/// In what a timestamp counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Unit {
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "rfc3339")]
    Rfc3339,
}

/// When a delivery was signed, and how long that is good for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimestampSpec {
    pub from: ValueLocation,
    pub unit: Unit,
    /// Seconds; older ones are expired.
    pub max_age: Option<i64>,
    /// Seconds; ones further ahead are expired. Many providers do not look.
    pub max_ahead: Option<i64>,
}

/// A signature header of several items: written as what stands between items, between key and
/// value, and the keys of signatures, for instance `[",", "=", "v1"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairSyntax {
    pub between: String,
    pub equals: String,
    /// The first one is the one that a sender of ours uses.
    pub keys: Vec<String>,
}

impl PairSyntax {
    /// The items, key and value.
    pub fn items<'v>(&self, value: &'v str) -> impl Iterator<Item = (&'v str, &'v str)> {
        value
            .split(self.between.as_str())
            .filter_map(|item| item.trim().split_once(self.equals.as_str()))
    }
}

impl<'de> Deserialize<'de> for PairSyntax {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut texts = Vec::<String>::deserialize(deserializer)?.into_iter();
        match (texts.next(), texts.next(), texts.collect::<Vec<_>>()) {
            (Some(between), Some(equals), keys) if !keys.is_empty() => {
                Ok(Self { between, equals, keys })
            }
            _ => Err(de::Error::custom(
                "expected what stands between items, between key and value, and one key or more, \
                 for instance [\",\", \"=\", \"v1\"]",
            )),
        }
    }
}

/// How a provider signs. Every key but `signature` has a default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// Where signatures stand; any may match.
    #[serde(deserialize_with = "one_or_more")]
    pub signature: Vec<ValueLocation>,
    #[serde(default)]
    pub algorithm: Algorithm,
    #[serde(default)]
    pub encoding: Encoding,
    /// What an entry has to begin with; in a list, others are passed over. A `*` stands for any
    /// text, which ends where the rest of the prefix first follows.
    #[serde(default)]
    pub prefix: String,
    /// Whether an entry without the prefix is one as well.
    #[serde(default)]
    pub prefix_optional: bool,
    /// What stands between several signatures in one value.
    pub list: Option<String>,
    /// Where the value is made of `key=value` items.
    pub pairs: Option<PairSyntax>,
    #[serde(default)]
    pub secret: SecretForm,
    #[serde(default)]
    pub secret_prefix: String,
    #[serde(default)]
    pub signed: SignedTemplate,
    pub timestamp: Option<TimestampSpec>,
    /// Where the delivery's id stands, if it is signed.
    pub id: Option<ValueLocation>,
    /// The beginning of header names, and what some senders write instead of it.
    pub header_alias: Option<[String; 2]>,
    /// Why signatures of this provider cannot be checked at all; they are recognised only.
    pub unchecked: Option<String>,
    /// False where the signature says nothing of the body.
    #[serde(default = "yes")]
    pub covers_body: bool,
}

fn yes() -> bool {
    true
}

pub(super) fn one_or_more<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<ValueLocation>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum ValueLocations {
        One(String),
        More(Vec<String>),
    }
    let texts = match ValueLocations::deserialize(deserializer)? {
        ValueLocations::One(text) => vec![text],
        ValueLocations::More(texts) if texts.is_empty() => {
            return Err(de::Error::custom("at least one place of a signature is due"));
        }
        ValueLocations::More(texts) => texts,
    };
    texts.iter().map(|text| text.parse().map_err(de::Error::custom)).collect()
}

impl Scheme {
    /// Finds keys that name what other keys do not give.
    pub(super) fn check(&self) -> Result<(), String> {
        let has = |part: &TemplatePart| self.signed.has(part);
        let pair = |place: &ValueLocation| matches!(place, ValueLocation::Pair(_));
        let clock_in_pairs = self.timestamp.as_ref().is_some_and(|clock| pair(&clock.from));
        let wants_pairs = clock_in_pairs || self.id.as_ref().is_some_and(pair);
        if has(&TemplatePart::Timestamp) && self.timestamp.is_none() {
            return Err("`signed` has {{timestamp}}, but `timestamp` is not set".to_owned());
        }
        if has(&TemplatePart::Id) && self.id.is_none() {
            return Err("`signed` holds {id}, but there is no `id`".to_owned());
        }
        if wants_pairs && self.pairs.is_none() {
            return Err("a place is `pair:`, but there is no `pairs`".to_owned());
        }
        if self.signature.iter().any(pair) {
            return Err("`signature` is where the pairs are, so it cannot be one".to_owned());
        }
        Ok(())
    }

    /// The other name that a header goes by.
    pub fn alias(&self, name: &str) -> Option<String> {
        let [from, to] = self.header_alias.as_ref()?;
        name.strip_prefix(from.as_str()).map(|rest| format!("{to}{rest}"))
    }

    /// The headers that carry signatures.
    pub fn signature_headers(&self) -> impl Iterator<Item = &str> {
        self.signature.iter().filter_map(|place| match place {
            ValueLocation::Header(name) => Some(name.as_str()),
            ValueLocation::Json(_) | ValueLocation::Form(_) | ValueLocation::Pair(_) => None,
        })
    }

    /// An entry without its prefix; nothing if it has to have one and does not.
    pub fn without_prefix<'v>(&self, entry: &'v str) -> Option<&'v str> {
        let rest = match self.prefix.split_once('*') {
            None => entry.strip_prefix(self.prefix.as_str()),
            Some((start, end)) => entry
                .strip_prefix(start)
                .and_then(|rest| rest.split_once(end))
                .map(|(_, rest)| rest),
        };
        rest.or_else(|| self.prefix_optional.then_some(entry))
    }

    /// The place of the signature, in words.
    pub fn signature_place(&self) -> String {
        self.signature.first().map(ToString::to_string).unwrap_or_default()
    }
}

impl fmt::Display for Scheme {
    /// The scheme in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (algorithm, encoding) = (self.algorithm, self.encoding);
        let place = self.signature_place();
        if self.unchecked.is_some() {
            return write!(f, "recognised by {place}, not checked");
        }
        if algorithm == Algorithm::Token {
            return write!(f, "{algorithm}, in {place}");
        }
        let prefix = match (&self.pairs, self.prefix.as_str()) {
            (Some(PairSyntax { equals, keys, .. }), _) => {
                format!(" behind `{}{equals}`", keys.join("` or `"))
            }
            (None, "") => String::new(),
            (None, prefix) => format!(" behind `{prefix}`"),
        };
        write!(f, "{algorithm} of {}, as {encoding}{prefix} in {place}", self.signed)
    }
}
