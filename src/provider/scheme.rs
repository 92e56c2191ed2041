//! Declared description of a signature.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, de};

use super::condition::ValueTest;
use super::value_location::one_or_more;
use super::{RequestValues, SignedTemplate, TemplatePart, ValueLocation};
use crate::delivery::Head;

/// Computation of the digest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    #[default]
    HmacSha256,
    HmacSha1,
    HmacSha384,
    HmacSha512,
    HmacMd5,
    /// No HMAC: the plain hash of the secret followed by the signed payload (`HubSpot` v1 and v2).
    Sha256SecretFirst,
    /// A plain hash of the signed payload, which has the secret somewhere in it.
    Md5,
    /// Like [`Self::Md5`].
    Sha1,
    /// Like [`Self::Md5`].
    Sha256,
    /// Like [`Self::Md5`].
    Sha384,
    /// Like [`Self::Md5`].
    Sha512,
    /// RFC 8032; the secret is the public key.
    Ed25519,
    /// ECDSA over P-256 with SHA-256, the signature in DER; the secret is the public key (SPKI).
    EcdsaP256,
    /// ECDSA over P-256 with SHA-1, the signature in DER.
    EcdsaP256Sha1,
    /// RSA PKCS #1 v1.5 (RFC 8017 section 8.2); the secret is the public key or a certificate.
    RsaSha1,
    /// Like [`Self::RsaSha1`].
    RsaSha256,
    /// Like [`Self::RsaSha1`].
    RsaSha512,
    /// RSA PSS (RFC 8017 section 8.1); the secret is the public key or a certificate.
    RsaPssSha256,
    /// Like [`Self::RsaPssSha256`].
    RsaPssSha512,
    /// A JSON Web Token (RFC 7519) or JSON Web Signature (RFC 7515).
    Jwt,
    /// HTTP Message Signatures (RFC 9421).
    HttpMessageSignature,
    /// No digest: the secret itself is sent.
    Token,
}

impl Algorithm {
    /// Returns whether signing takes another key than verifying.
    pub fn is_asymmetric(self) -> bool {
        match self {
            Self::Ed25519
            | Self::EcdsaP256
            | Self::EcdsaP256Sha1
            | Self::RsaSha1
            | Self::RsaSha256
            | Self::RsaSha512
            | Self::RsaPssSha256
            | Self::RsaPssSha512 => true,
            Self::HmacSha256
            | Self::HmacSha1
            | Self::HmacSha384
            | Self::HmacSha512
            | Self::HmacMd5
            | Self::Sha256SecretFirst
            | Self::Md5
            | Self::Sha1
            | Self::Sha256
            | Self::Sha384
            | Self::Sha512
            | Self::Jwt
            | Self::HttpMessageSignature
            | Self::Token => false,
        }
    }

    /// Returns true if the signature itself states what it covers, as tokens and HTTP message
    /// signatures do, so that much can be checked without the key.
    pub fn is_self_describing(self) -> bool {
        matches!(self, Self::Jwt | Self::HttpMessageSignature)
    }

    pub fn is_hmac(self) -> bool {
        matches!(
            self,
            Self::HmacSha256 | Self::HmacSha1 | Self::HmacSha384 | Self::HmacSha512 | Self::HmacMd5
        )
    }

    /// Returns whether it is a hash of a payload that contains the secret.
    pub fn is_plain_hash(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1 | Self::Sha256 | Self::Sha384 | Self::Sha512)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HmacSha256 => "HMAC-SHA256",
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha384 => "HMAC-SHA384",
            Self::HmacSha512 => "HMAC-SHA512",
            Self::HmacMd5 => "HMAC-MD5",
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha256SecretFirst => "SHA-256 of the secret and",
            Self::Ed25519 => "Ed25519",
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP256Sha1 => "ECDSA P-256 with SHA-1",
            Self::RsaSha1 => "RSA-SHA1",
            Self::RsaSha256 => "RSA-SHA256",
            Self::RsaSha512 => "RSA-SHA512",
            Self::RsaPssSha256 => "RSA-PSS-SHA256",
            Self::RsaPssSha512 => "RSA-PSS-SHA512",
            Self::Jwt => "JSON Web Token",
            Self::HttpMessageSignature => "HTTP message signature",
            Self::Token => "the secret itself",
        })
    }
}

/// Text encoding of the digest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Lowercase hexadecimal.
    #[default]
    Hex,
    /// Uppercase hexadecimal.
    HexUpper,
    /// Hexadecimal in either case, for verifiers that decode it.
    HexAny,
    /// The standard alphabet with padding (RFC 4648 section 4).
    Base64,
    /// The URL-safe alphabet (RFC 4648 section 5), written without padding and read with or
    /// without it.
    #[serde(rename = "base64url")]
    Base64Url,
}

impl Encoding {
    pub fn is_hex(self) -> bool {
        matches!(self, Self::Hex | Self::HexUpper | Self::HexAny)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hex => "lowercase hex",
            Self::HexUpper => "uppercase hex",
            Self::HexAny => "hex",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
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
    /// Bytes of the text with its HTML entities decoded (`WooCommerce`).
    Utf8Html,
    Base64,
    /// Base64 if the prefix was present, bytes otherwise.
    Base64IfPrefixed,
    Hex,
    /// A public key or certificate as PEM, JSON Web Keys, or base64 of DER. Other secrets of the
    /// provider are texts, such as an id that is signed.
    PublicKey,
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
    /// The number is signed in its usual form, however it is written: libraries that parse it first
    /// sign `5` for `+5` and `05`.
    #[serde(default)]
    pub as_number: bool,
}

/// Algorithm that the request itself names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlgorithmFrom {
    pub from: ValueLocation,
    /// Key of the item `KEY=NAME` of a comma-separated value; without it, the whole value is the
    /// name.
    pub key: Option<String>,
    /// Names and their algorithms.
    pub names: BTreeMap<String, Algorithm>,
    /// Algorithm if the place has a value without the key.
    pub otherwise: Option<Algorithm>,
}

impl AlgorithmFrom {
    /// Returns the name of the algorithm in a value.
    pub fn name<'v>(&self, value: &'v str) -> Option<&'v str> {
        let Some(key) = &self.key else { return Some(value.trim()) };
        let items = value.split(',').filter_map(|item| item.split_once('='));
        let named = items.filter(|(name, _)| name.trim() == key).map(|(_, name)| name.trim());
        named.into_iter().find(|name| !name.is_empty())
    }

    /// Returns the algorithm of a name, ignoring case.
    pub fn algorithm(&self, name: &str) -> Option<Algorithm> {
        self.names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, one)| *one)
    }
}

/// Requirements of a JSON Web Token.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtSpec {
    /// Accepted algorithms, by their names in RFC 7518 and RFC 8037. A token cannot choose another
    /// one.
    #[serde(deserialize_with = "one_or_more")]
    pub algorithms: Vec<JwtAlgorithm>,
    /// The payload is not in the token: it is the body.
    #[serde(default)]
    pub detached: bool,
    /// Accepted issuers (`iss`).
    #[serde(default, deserialize_with = "one_or_more")]
    pub issuer: Vec<String>,
    /// Accepted audiences (`aud`).
    #[serde(default, deserialize_with = "one_or_more")]
    pub audience: Vec<String>,
    /// Claims with a certain value, e.g. `email_verified=true`.
    #[serde(default, deserialize_with = "one_or_more")]
    pub claims: Vec<JwtClaim>,
    /// Claims of which one must have the value of each configured text that is not a key.
    #[serde(default, deserialize_with = "one_or_more")]
    pub secret_claims: Vec<String>,
    /// Claim with the SHA-256 of the body.
    pub body_hash: Option<String>,
    #[serde(default)]
    pub body_hash_encoding: Encoding,
    /// Seconds since `iat`.
    pub max_age: Option<i64>,
}

/// Signature algorithm of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum JwtAlgorithm {
    #[serde(rename = "HS256")]
    Hs256,
    #[serde(rename = "HS384")]
    Hs384,
    #[serde(rename = "HS512")]
    Hs512,
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "RS384")]
    Rs384,
    #[serde(rename = "RS512")]
    Rs512,
    #[serde(rename = "PS256")]
    Ps256,
    #[serde(rename = "PS384")]
    Ps384,
    #[serde(rename = "PS512")]
    Ps512,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "ES384")]
    Es384,
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl JwtAlgorithm {
    /// Returns the name in the header of a token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Returns whether the key is a shared secret.
    pub fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }
}

/// A claim that must have a certain value: `email_verified=true`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtClaim {
    pub name: String,
    pub value: String,
}

impl<'de> Deserialize<'de> for JwtClaim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (name, value) = text.split_once('=').ok_or_else(|| {
            de::Error::custom(format!("invalid claim `{text}`: expected `NAME=VALUE`"))
        })?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// Source of the provider's public keys. Nothing is fetched unless the user asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySource {
    /// Address that always has the current keys.
    pub url: Option<String>,
    /// Location of the key's address in a delivery.
    pub from: Option<ValueLocation>,
    /// Hosts that this address may have; `*` is one label.
    #[serde(default, deserialize_with = "one_or_more")]
    pub hosts: Vec<String>,
}

impl KeySource {
    /// Returns whether an address is HTTPS on one of the hosts.
    pub fn allows(&self, url: &str) -> bool {
        let is_https = url.starts_with("https://");
        is_https && (self.url.as_deref() == Some(url) || is_on(&self.hosts, url))
    }
}

/// Returns whether an address is HTTPS on a host that one of the patterns describes.
pub(super) fn is_on(hosts: &[String], url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    hosts.iter().any(|pattern| is_host(pattern, host))
}

/// Returns whether a host has the labels of a pattern. Ports and user names make it another host.
fn is_host(pattern: &str, host: &str) -> bool {
    let is_plain =
        |label: &str| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let labels: Vec<&str> = host.split('.').collect();
    let expected: Vec<&str> = pattern.split('.').collect();
    labels.len() == expected.len()
        && labels.iter().zip(expected).all(|(label, expected)| {
            !label.is_empty()
                && is_plain(label)
                && (expected == "*" || label.eq_ignore_ascii_case(expected))
        })
}

/// A value that must be present (`header:x-version`), be a certain text (`header:x-version=v2`),
/// match a pattern (`form:id~tr_.+`), or be absent (`!json:/id`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemeCondition {
    place: ValueLocation,
    test: ValueTest,
}

impl SchemeCondition {
    pub(super) fn place(&self) -> &ValueLocation {
        &self.place
    }

    fn holds(&self, head: &Head, body: &[u8]) -> bool {
        self.test.allows(self.place.find(head, body).as_deref())
    }

    pub(super) fn holds_in(&self, values: &RequestValues<'_>) -> bool {
        self.test.allows(values.find(&self.place).as_deref())
    }
}

impl fmt::Display for SchemeCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.test)
    }
}

impl<'de> Deserialize<'de> for SchemeCondition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (place, condition) = ValueTest::split(&text).map_err(de::Error::custom)?;
        Ok(Self { place: place.parse().map_err(de::Error::custom)?, test: condition })
    }
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

impl<'de> Deserialize<'de> for PairSyntax {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut texts = Vec::<String>::deserialize(deserializer)?.into_iter();
        match (texts.next(), texts.next(), texts.collect::<Vec<_>>()) {
            (Some(between), Some(equals), keys) if !keys.is_empty() => {
                Ok(Self { between, equals, keys })
            }
            _ => Err(de::Error::custom(
                "expected the separator between items, the one between key and value, and one or more \
                 keys, e.g. [\",\", \"=\", \"v1\"]",
            )),
        }
    }
}

/// Signature scheme of a provider. Every key but `signature` has a default.
#[expect(clippy::struct_excessive_bools, reason = "independent keys of a file")]
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
    /// Blanks around the items of `list` and `pairs` are ignored. Many libraries do not ignore
    /// them.
    #[serde(default = "yes")]
    pub trim: bool,
    #[serde(default)]
    pub secret: SecretForm,
    #[serde(default)]
    pub secret_prefix: String,
    /// Text after the secret that is part of the key.
    #[serde(default)]
    pub secret_suffix: String,
    #[serde(default)]
    pub signed: SignedTemplate,
    pub timestamp: Option<TimestampSpec>,
    /// Location of the delivery's id, if it is signed.
    pub id: Option<ValueLocation>,
    /// Prefix of header names, and the one that some senders use instead.
    pub header_alias: Option<[String; 2]>,
    /// Media type of the requests that are signed in this way; none for any.
    pub content_type: Option<String>,
    /// Conditions on the requests that are signed in this way.
    #[serde(default, deserialize_with = "one_or_more")]
    pub when: Vec<SchemeCondition>,
    /// Places that must have a value, apart from those of the signature.
    #[serde(default, deserialize_with = "one_or_more")]
    pub requires: Vec<ValueLocation>,
    pub algorithm_from: Option<AlgorithmFrom>,
    /// The URL may be signed with its port or without it.
    #[serde(default)]
    pub url_ports: bool,
    /// Characters whose percent-encoding is decoded in the URL before it is signed.
    #[serde(default)]
    pub url_decoded: String,
    /// Place of the SHA-256 of the body, in hex. Not checked for forms or if the place has no
    /// value.
    pub body_hash: Option<ValueLocation>,
    /// Requirements, if the signature is a JSON Web Token.
    pub jwt: Option<JwtSpec>,
    /// Source of the public keys.
    pub key: Option<KeySource>,
    /// Pointer to the signature in the JSON that the value is the base64 of.
    pub envelope: Option<String>,
    /// Reason why signatures of this provider cannot be checked, only recognized.
    pub unchecked: Option<String>,
    /// False if the signature does not cover the body.
    #[serde(default = "yes")]
    pub covers_body: bool,
    /// Sentence that names what is signed, if that is less than the body but some of it.
    pub covers: Option<String>,
}

/// Contradiction in the description of a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SchemeMistake {
    #[error("`signed` has {{{{timestamp}}}}, but `timestamp` is not set")]
    NoTimestamp,
    #[error("`signed` has {{{{id}}}}, but `id` is not set")]
    NoId,
    #[error("a place is `pair:`, but `pairs` is not set")]
    NoPairs,
    #[error("`signature` is the place of the pairs, so it cannot be one of them")]
    SignatureInPairs,
    #[error("`list` and `pairs` cannot be combined: a value is one or the other")]
    ListAndPairs,
    #[error("`algorithm = \"jwt\"` and the table `jwt` belong together")]
    Jwt,
    #[error("`key` has `from`, but no `hosts` that the address may have")]
    KeyWithoutHosts,
    #[error(
        "a plain hash (`md5`, `sha1`, `sha256`, `sha384`, `sha512`) needs {{{{secret}}}} in `signed`; \
         without it, everybody could sign"
    )]
    PlainHash,
    #[error("a signature of each item (`*`) cannot cover the whole body")]
    ItemsAndBody,
    #[error("`{key} = {limit}`: expected 0 or more seconds")]
    NegativeLimit { key: &'static str, limit: i64 },
}

fn yes() -> bool {
    true
}

impl Scheme {
    /// Finds keys that refer to missing keys or contradict each other.
    pub(super) fn check(&self) -> Result<(), SchemeMistake> {
        let has = |part: &TemplatePart| self.signed.has(part);
        let pair = |place: &ValueLocation| matches!(place, ValueLocation::Pair(_));
        let clock_in_pairs = self.timestamp.as_ref().is_some_and(|clock| pair(&clock.from));
        let wants_pairs = clock_in_pairs || self.id.as_ref().is_some_and(pair);
        let mistakes = [
            (has(&TemplatePart::Timestamp) && self.timestamp.is_none(), SchemeMistake::NoTimestamp),
            (has(&TemplatePart::Id) && self.id.is_none(), SchemeMistake::NoId),
            (wants_pairs && self.pairs.is_none(), SchemeMistake::NoPairs),
            (self.signature.iter().any(pair), SchemeMistake::SignatureInPairs),
            (self.list.is_some() && self.pairs.is_some(), SchemeMistake::ListAndPairs),
            ((self.algorithm == Algorithm::Jwt) != self.jwt.is_some(), SchemeMistake::Jwt),
            (
                self.key.as_ref().is_some_and(|key| key.from.is_some() && key.hosts.is_empty()),
                SchemeMistake::KeyWithoutHosts,
            ),
            (self.algorithm.is_plain_hash() && !self.signed.has_secret(), SchemeMistake::PlainHash),
            (
                self.array().is_some() && self.signed.covers_whole_body(),
                SchemeMistake::ItemsAndBody,
            ),
        ];
        let limits = self
            .timestamp
            .iter()
            .flat_map(|clock| [("max_age", clock.max_age), ("max_ahead", clock.max_ahead)]);
        let negative = limits.filter_map(|(key, limit)| {
            Some(SchemeMistake::NegativeLimit { key, limit: limit.filter(|limit| *limit < 0)? })
        });
        let found = mistakes.into_iter().filter_map(|(is_so, mistake)| is_so.then_some(mistake));
        found.chain(negative).next().map_or(Ok(()), Err)
    }

    /// Returns whether requests like this one are signed in this way.
    pub fn applies(&self, head: &Head, body: &[u8]) -> bool {
        let is_of_type = |kind: &String| {
            let found = head.joined_text("content-type").unwrap_or_default();
            found.split(';').next().is_some_and(|found| found.trim().eq_ignore_ascii_case(kind))
        };
        self.content_type.as_ref().is_none_or(is_of_type)
            && self.when.iter().all(|condition| condition.holds(head, body))
    }

    /// Iterates over the places of the signature and of what comes with it.
    pub fn places(&self) -> impl Iterator<Item = &ValueLocation> {
        let clock = self.timestamp.as_ref().map(|clock| &clock.from);
        self.signature.iter().chain(clock).chain(&self.id).chain(&self.requires)
    }

    /// Returns whether the signature is present, whatever its value.
    pub fn is_present(&self, head: &Head, body: &[u8]) -> bool {
        self.signature.iter().any(|place| match place {
            ValueLocation::Header(name) => {
                head.values(name).next().is_some()
                    || self.alias(name).is_some_and(|name| head.values(&name).next().is_some())
            }
            place => place.find(head, body).is_some(),
        })
    }

    /// Returns the sentence that says which part of the body is not signed; none if all of it is.
    pub fn uncovered(&self) -> Option<&str> {
        let sentence = self.covers.as_deref().unwrap_or("the signature does not cover the body");
        (!self.covers_body).then_some(sentence)
    }

    /// Returns the pointer of the array of which each item is signed.
    pub fn array(&self) -> Option<&str> {
        self.signature.iter().find_map(ValueLocation::array)
    }

    /// Returns the scheme of one item, with absolute places; without an index, with places relative
    /// to the item.
    #[must_use]
    pub fn at_item(&self, index: Option<usize>) -> Self {
        let at = |place: &ValueLocation| place.at_item(index);
        let clock = self.timestamp.clone();
        Self {
            signature: self.signature.iter().map(at).collect(),
            signed: self.signed.map_places(at),
            timestamp: clock.map(|clock| TimestampSpec { from: at(&clock.from), ..clock }),
            id: self.id.as_ref().map(at),
            ..self.clone()
        }
    }

    /// Returns the scheme with another algorithm.
    #[must_use]
    pub fn with_algorithm(&self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self.clone() }
    }

    /// Iterates over the `key=value` items of a signature header; empty without `pairs`.
    pub fn pair_items<'v>(&self, value: &'v str) -> impl Iterator<Item = (&'v str, &'v str)> {
        let pairs = self.pairs.as_ref();
        let items = pairs.map(|pairs| value.split(pairs.between.as_str()));
        items.into_iter().flatten().filter_map(move |item| {
            let equals = pairs?.equals.as_str();
            let item = if self.trim { item.trim() } else { item };
            let (key, text) = item.split_once(equals)?;
            // Libraries that take an item as it is split it at every separator, and take the second
            // part. Padding of base64 is not a separator.
            let is_split = !self.trim && self.encoding.is_hex();
            let text = if is_split { text.split(equals).next().unwrap_or(text) } else { text };
            Some((key, text))
        })
    }

    /// Returns the alternative name of a header.
    pub fn alias(&self, name: &str) -> Option<String> {
        let [from, to] = self.header_alias.as_ref()?;
        name.strip_prefix(from.as_str()).map(|rest| format!("{to}{rest}"))
    }

    /// Iterates over the headers that carry signatures.
    pub fn signature_headers(&self) -> impl Iterator<Item = &str> {
        self.signature.iter().filter_map(ValueLocation::header_name)
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
            return write!(f, "recognized by {place}, not checked");
        }
        if matches!(algorithm, Algorithm::Token | Algorithm::HttpMessageSignature) {
            return write!(f, "{algorithm}, in {place}");
        }
        if let Some(jwt) = &self.jwt {
            let names: Vec<&str> = jwt.algorithms.iter().map(|one| one.as_str()).collect();
            let (names, detached) =
                (names.join(" or "), if jwt.detached { ", detached" } else { "" });
            return write!(f, "{algorithm} ({names}{detached}) in {place}");
        }
        let prefix = match (&self.pairs, self.prefix.as_str()) {
            (Some(PairSyntax { equals, keys, .. }), _) => {
                format!(" after `{}{equals}`", keys.join("` or `"))
            }
            (None, "") => String::new(),
            (None, prefix) => format!(" after `{prefix}`"),
        };
        write!(f, "{algorithm} of {}, as {encoding}{prefix} in {place}", self.signed.brief())
    }
}

/// The schemes of a provider, the strongest first: the first one that applies to a request and
/// whose signature is there decides, so that a weaker signature never hides a failing one.
#[derive(Debug, Clone)]
pub struct Schemes {
    first: Scheme,
    others: Vec<Scheme>,
}

impl Schemes {
    /// Iterates over all schemes, the strongest first.
    pub fn iter(&self) -> impl Iterator<Item = &Scheme> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Returns the scheme that decides on a request.
    pub fn of(&self, head: &Head, body: &[u8]) -> &Scheme {
        if self.others.is_empty() {
            return &self.first;
        }
        let mut applying = self.iter().filter(|scheme| scheme.applies(head, body)).peekable();
        let usual = applying.peek().copied().unwrap_or(&self.first);
        applying.find(|scheme| scheme.is_present(head, body)).unwrap_or(usual)
    }
}

/// The first scheme describes the provider where no request is given.
impl Deref for Schemes {
    type Target = Scheme;

    fn deref(&self) -> &Scheme {
        &self.first
    }
}

impl<'de> Deserialize<'de> for Schemes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Schemes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table `scheme`, or several tables `[[scheme]]`")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Schemes, A::Error> {
                let first = Scheme::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Schemes { first, others: Vec::new() })
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, items: A) -> Result<Schemes, A::Error> {
                let all = Vec::<Scheme>::deserialize(SeqAccessDeserializer::new(items))?;
                let mut all = all.into_iter();
                let first = all.next().ok_or_else(|| de::Error::custom("expected a scheme"))?;
                Ok(Schemes { first, others: all.collect() })
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}
