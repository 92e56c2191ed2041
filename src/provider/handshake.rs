//! What a provider asks before it registers a URL, and what it wants to hear.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use super::placeholders::{FillField, Filling, Placeholders};

/// A request that has to be answered in a certain way before events come.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// The event type that it is listed under, in the provider's own word.
    #[serde(rename = "type")]
    pub kind: String,
    pub method: String,
    /// What a delivery must have to be this handshake.
    pub when: Vec<HandshakeCondition>,
    /// A token that the user chose, and that has to come back.
    pub token: Option<Token>,
    #[serde(default = "ok")]
    pub status: u16,
    pub content_type: Option<String>,
    #[serde(default)]
    pub headers: Vec<(String, Placeholders)>,
    #[serde(default)]
    pub body: Placeholders,
    /// What the user has to do now, in a sentence.
    pub tell: Option<String>,
}

/// A field that is filled, or that is filled with a certain text: `json:/type=url_verification`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeCondition {
    field: FillField,
    is: Option<String>,
}

/// Where a token comes back, and which variable holds the one that was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    pub from: FieldName,
    pub env: String,
}

/// A field as it is written in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName(pub FillField);

fn ok() -> u16 {
    200
}

impl Handshake {
    /// Whether a delivery is this handshake.
    pub fn is(&self, delivery: &Filling<'_>) -> bool {
        delivery.head.method == self.method && self.when.iter().all(|one| one.holds(delivery))
    }

    /// Finds what each key allows, but not all of them together.
    pub(super) fn check(&self) -> Result<(), String> {
        let kind = &self.kind;
        if self.when.is_empty() {
            return Err(format!(
                "the handshake `{kind}` has an empty `when`; every request would be it"
            ));
        }
        if !(200..=599).contains(&self.status) {
            return Err(format!("the handshake `{kind}` has no status from 200 to 599"));
        }
        Ok(())
    }

    /// Whether the answer needs the provider's secret.
    pub fn wants_secret(&self) -> bool {
        self.body.wants_hmac() || self.headers.iter().any(|(_, value)| value.wants_hmac())
    }
}

impl HandshakeCondition {
    fn holds(&self, delivery: &Filling<'_>) -> bool {
        let found = self.field.find(delivery);
        found.is_some_and(|found| self.is.as_ref().is_none_or(|is| *is == found))
    }
}

impl FromStr for HandshakeCondition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (field, is) = match text.split_once('=') {
            Some((field, is)) => (field, Some(is.to_owned())),
            None => (text, None),
        };
        Ok(Self { field: field.parse()?, is })
    }
}

impl<'de> Deserialize<'de> for HandshakeCondition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for FieldName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let field = String::deserialize(deserializer)?.parse().map_err(de::Error::custom)?;
        Ok(Self(field))
    }
}
