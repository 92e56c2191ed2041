//! Fixtures: deliveries in files for test suites.
//!
//! A fixture is one file instead of a body and a description, so the two cannot be separated, and
//! the body is in a string, where no editor, formatter, or checkout changes line ends in what was
//! signed. `assets/fixture.schema.json` describes the format.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::layout;
use super::wire::{self, BodyText, HeaderPair, WireError};
use crate::delivery::{Head, SignatureStatus};

/// Schema name of every fixture.
pub const SCHEMA: &str = "hookglass.fixture/1";

/// A delivery for tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    pub schema: String,
    /// File name without extension.
    pub name: String,
    pub provider: String,
    pub event: FixtureEvent,
    /// Time of the original's receipt, at which the signature is valid.
    #[serde(with = "super::wire::moment")]
    pub received_at: Timestamp,
    pub request: FixtureRequest,
    pub signature: FixtureSignature,
    pub original: Original,
    /// Number of replaced values by rule.
    pub redacted: BTreeMap<String, usize>,
    /// Response that a replay expects from the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixtureEvent {
    pub id: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// The request, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixtureRequest {
    pub method: String,
    pub target: String,
    pub version: String,
    /// In order, including repeated headers.
    pub headers: Vec<(String, String)>,
    /// Head in base64, only if the fields above do not determine its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_base64: Option<String>,
    /// In order, after a chunked body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trailers: Vec<(String, String)>,
    pub body: Option<String>,
    pub body_base64: Option<String>,
}

/// Signature of the fixture's request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixtureSignature {
    pub state: FixtureState,
    /// Headers that carry it.
    pub headers: Vec<String>,
    /// Throw-away key; null if nothing was signed.
    pub test_key: Option<String>,
    /// Public URL that was signed, for providers that sign it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Verdict of verification with the test key at `received_at`.
    pub verdict: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixtureState {
    /// Re-signed with the test key.
    ReSigned,
    /// Signature and bytes are the original ones.
    Kept,
    /// Not signed: the original had no signature, or its provider is unknown.
    None,
}

/// Known facts about the original delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub verdict: String,
    pub cause: Option<String>,
}

/// Response that a replay expects.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// A status, or a range of them: `200`, `2xx`, `400..499`; several are separated by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// JSON pointers into the response body, and the expected values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub json: BTreeMap<String, serde_json::Value>,
}

/// Reason why a text is not a fixture.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    #[error("not a fixture: {0}")]
    Json(#[from] serde_json::Error),
    #[error("unknown fixture schema `{0}`: expected {SCHEMA}")]
    Schema(String),
    #[error("invalid verdict `{word}` in `{name}`")]
    Verdict { name: &'static str, word: String },
    #[error("request: {0}")]
    Wire(#[from] WireError),
}

impl FixtureRequest {
    pub fn of(head: &Head, body: &[u8]) -> Self {
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        let BodyText { body, body_base64 } = BodyText::of(body);
        Self {
            method: head.method.clone(),
            target: head.target_text().into_owned(),
            version: head.version.as_str().to_owned(),
            headers: wire::owned(wire::pairs(head)),
            head_base64: wire::head_base64(head),
            trailers: wire::owned(wire::trailer_pairs(head)),
            body: owned(body),
            body_base64: owned(body_base64),
        }
    }

    pub fn head(&self) -> Result<Head, WireError> {
        let borrow = |(name, value): &'_ (String, String)| -> HeaderPair<'static> {
            (name.clone().into(), value.clone().into())
        };
        let pairs: Vec<HeaderPair<'_>> = self.headers.iter().map(borrow).collect();
        let exact = self.head_base64.as_deref();
        let head = wire::head(exact, &self.method, &self.target, &self.version, &pairs)?;
        let pairs = self.trailers.iter().map(|(name, value)| (&**name, &**value));
        Ok(Head { trailers: wire::trailers(pairs)?, ..head })
    }

    pub fn body(&self) -> Result<bytes::Bytes, WireError> {
        let borrow = |text: &Option<String>| text.clone().map(Cow::Owned);
        BodyText { body: borrow(&self.body), body_base64: borrow(&self.body_base64) }.bytes()
    }
}

impl Fixture {
    /// Returns the text of the file.
    pub fn text(&self) -> String {
        layout::pretty(self)
    }

    /// Parses a file and checks its verdicts and the bytes of its request.
    pub fn read(text: &str) -> Result<Self, FixtureError> {
        let fixture: Self = serde_json::from_str(text)?;
        if fixture.schema != SCHEMA {
            return Err(FixtureError::Schema(fixture.schema));
        }
        for (name, word) in [
            ("signature.verdict", &fixture.signature.verdict),
            ("original.verdict", &fixture.original.verdict),
        ] {
            if SignatureStatus::from_word(word).is_none() {
                return Err(FixtureError::Verdict { name, word: word.clone() });
            }
        }
        fixture.request.head()?;
        fixture.request.body()?;
        Ok(fixture)
    }
}
