//! Requests that a provider sends before it registers a URL, and the responses it expects.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use super::placeholders::{FillField, Filling, Placeholders};

/// A request that needs a certain response before events are sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// Event type under which it is listed, in the provider's word.
    #[serde(rename = "type")]
    pub kind: String,
    pub method: String,
    /// Conditions that a delivery must meet to be this handshake.
    pub when: Vec<HandshakeCondition>,
    /// Token that the user chose and that the provider sends back.
    pub token: Option<HandshakeToken>,
    #[serde(default = "ok")]
    pub status: u16,
    pub content_type: Option<String>,
    #[serde(default)]
    pub headers: Vec<(String, Placeholders)>,
    #[serde(default)]
    pub body: Placeholders,
    /// Sentence about what the user has to do next.
    pub tell: Option<String>,
}

/// A field that must have any value, or a certain one: `json:/type=url_verification`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeCondition {
    field: FillField,
    is: Option<String>,
}

/// Location of a token, and the variable with the chosen one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandshakeToken {
    pub from: FieldName,
    pub env: String,
}

/// A field as written in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName(pub FillField);

fn ok() -> u16 {
    200
}

impl Handshake {
    /// Returns whether a delivery is this handshake.
    pub fn is(&self, delivery: &Filling<'_>) -> bool {
        delivery.head.method == self.method && self.when.iter().all(|one| one.holds(delivery))
    }

    /// Checks what each key allows on its own but not together with the others.
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

    /// Returns whether the response needs the provider's secret.
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
