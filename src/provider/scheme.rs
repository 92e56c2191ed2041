//! Declared description of a signature.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::{SignedTemplate, TemplatePart, ValueLocation};

/// Computation of the digest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    #[default]
    HmacSha256,
    HmacSha1,
    HmacSha512,
    /// No HMAC: the plain hash of the secret followed by the signed payload (`HubSpot` v1 and v2).
    Sha256SecretFirst,
    /// RFC 8032; the secret is the public key.
    Ed25519,
    /// ECDSA over P-256 with SHA-256, the signature in DER; the secret is the public key (SPKI).
    EcdsaP256,
    /// No digest: the secret itself is sent.
    Token,
}

impl Algorithm {
    /// Returns whether signing takes another key than verifying.
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

/// Text encoding of the digest.
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

/// Derivation of the key from the secret's text, after removing `secret_prefix`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretForm {
    /// Bytes of the text.
    #[default]
    Utf8,
    /// Bytes of the text in the normalization form NFKD.
    Utf8Nfkd,
    Base64,
    /// Base64 if the prefix was present, bytes otherwise.
    Base64IfPrefixed,
    Hex,
}

/// Unit of a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Unit {
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "rfc3339")]
    Rfc3339,
}

/// Time of signing, and its tolerance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimestampSpec {
    pub from: ValueLocation,
    pub unit: Unit,
    /// Seconds; older deliveries are expired.
    pub max_age: Option<i64>,
    /// Seconds; deliveries further in the future are expired. Many providers do not check this.
    pub max_ahead: Option<i64>,
}

/// Signature header with several items, written as the separator between items, the separator
/// between key and value, and the keys of signatures: `[",", "=", "v1"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairSyntax {
    pub between: String,
    pub equals: String,
    /// The first one is used for signing.
    pub keys: Vec<String>,
}

impl PairSyntax {
    /// Iterates over the items as key and value.
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

/// Signature scheme of a provider. Every key but `signature` has a default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// Locations of signatures; any may match.
    #[serde(deserialize_with = "one_or_more")]
    pub signature: Vec<ValueLocation>,
    #[serde(default)]
    pub algorithm: Algorithm,
    #[serde(default)]
    pub encoding: Encoding,
    /// Required prefix of an entry; in a list, entries without it are skipped. A `*` matches any
    /// text up to the first occurrence of the rest of the prefix.
    #[serde(default)]
    pub prefix: String,
    /// Entries without the prefix are accepted too.
    #[serde(default)]
    pub prefix_optional: bool,
    /// Separator of several signatures in one value.
    pub list: Option<String>,
    /// Syntax of a value with `key=value` items.
    pub pairs: Option<PairSyntax>,
    #[serde(default)]
    pub secret: SecretForm,
    #[serde(default)]
    pub secret_prefix: String,
    #[serde(default)]
    pub signed: SignedTemplate,
    pub timestamp: Option<TimestampSpec>,
    /// Location of the delivery's id, if it is signed.
    pub id: Option<ValueLocation>,
    /// Prefix of header names, and the one that some senders use instead.
    pub header_alias: Option<[String; 2]>,
    /// Reason why signatures of this provider cannot be checked, only recognized.
    pub unchecked: Option<String>,
    /// False if the signature does not cover the body.
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
    /// Finds keys that refer to missing keys.
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

    /// Returns the alternative name of a header.
    pub fn alias(&self, name: &str) -> Option<String> {
        let [from, to] = self.header_alias.as_ref()?;
        name.strip_prefix(from.as_str()).map(|rest| format!("{to}{rest}"))
    }

    /// Iterates over the headers that carry signatures.
    pub fn signature_headers(&self) -> impl Iterator<Item = &str> {
        self.signature.iter().filter_map(|place| match place {
            ValueLocation::Header(name) => Some(name.as_str()),
            ValueLocation::Json(_) | ValueLocation::Form(_) | ValueLocation::Pair(_) => None,
        })
    }

    /// Returns an entry without its prefix; `None` if a required prefix is missing.
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

    /// Describes the location of the signature.
    pub fn signature_place(&self) -> String {
        self.signature.first().map(ToString::to_string).unwrap_or_default()
    }
}

impl fmt::Display for Scheme {
    /// Describes the scheme.
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
