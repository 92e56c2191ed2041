//! The declared description of a signature.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// Where in a delivery a value stands: `header:NAME` or `json:/pointer` (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Header(String),
    Json(String),
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.split_once(':') {
            Some(("header", name)) if !name.is_empty() => Ok(Self::Header(name.to_owned())),
            Some(("json", path)) if path.starts_with('/') => Ok(Self::Json(path.to_owned())),
            _ => Err(de::Error::custom(format!(
                "`{text}` names no place; expected `header:NAME` or `json:/pointer`"
            ))),
        }
    }
}

/// How the digest is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    HmacSha256,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HmacSha256 => "HMAC-SHA256",
        })
    }
}

/// How the digest is written in its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Lower-case hexadecimal.
    Hex,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hex => "lower-case hex",
        })
    }
}

/// What the digest is computed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SignedContent {
    /// The raw body bytes as they came.
    #[serde(rename = "{body}")]
    Body,
}

impl fmt::Display for SignedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Body => "the raw body bytes",
        })
    }
}

/// How a provider signs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    #[serde(deserialize_with = "header")]
    signature: String,
    pub algorithm: Algorithm,
    pub encoding: Encoding,
    pub signed: SignedContent,
}

/// Reads a place that has to be a header.
fn header<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Place::deserialize(deserializer)? {
        Place::Header(name) => Ok(name),
        Place::Json(_) => Err(de::Error::custom("a signature stands in a `header:NAME`")),
    }
}

impl Scheme {
    pub fn signature_header(&self) -> &str {
        &self.signature
    }
}

impl fmt::Display for Scheme {
    /// The scheme in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { signature, algorithm, encoding, signed } = self;
        write!(f, "{algorithm} of {signed}, as {encoding} in {signature}")
    }
}
