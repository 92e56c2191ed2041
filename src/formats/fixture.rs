//! A fixture: a delivery in a file that tests can be written against.
//!
//! One file and not a pair of body and description: nothing can come apart, and the body stands in
//! a string, where no editor, formatter or checkout changes a line end of what was signed.
//! `assets/fixture.schema.json` describes it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::layout;
use super::wire::{self, BodyText, HeaderPair, WireError};
use crate::delivery::{Head, SignatureStatus};

/// What every fixture names as its form.
pub const SCHEMA: &str = "hookglass.fixture/1";

/// A delivery for tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    pub schema: String,
    /// The file's name without its ending.
    pub name: String,
    pub provider: String,
    pub event: FixtureEvent,
    /// When the original came; the time at which the signature is good.
    #[serde(with = "super::wire::moment")]
    pub received_at: Timestamp,
    pub request: FixtureRequest,
    pub signature: FixtureSignature,
    pub original: Original,
    /// How many values were replaced, by rule.
    pub redacted: BTreeMap<String, usize>,
    /// What a replay expects of the target.
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
    /// In their order, repetitions kept.
    pub headers: Vec<(String, String)>,
    /// The head in base64, only where the fields above do not say its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_base64: Option<String>,
    pub body: Option<String>,
    pub body_base64: Option<String>,
}

/// How the request is signed now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixtureSignature {
    pub state: FixtureState,
    /// The headers that carry it.
    pub headers: Vec<String>,
    /// The throw-away key; null where nothing was signed.
    pub test_key: Option<String>,
    /// The public URL that was signed, for providers that sign it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What verification under the test key finds at `received_at`.
    pub verdict: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixtureState {
    /// With the test key.
    ReSigned,
    /// The signature and the bytes are the original ones.
    Kept,
    /// There is none: the original had none, or its provider is not known.
    None,
}

/// What is known of the delivery that the fixture was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    pub verdict: String,
    pub cause: Option<String>,
}

/// What a replay expects of the answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// A status, or a class of them: `200`, `2xx`, `400..499`; several with commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// JSON pointers into the answer's body, and what has to stand there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub json: BTreeMap<String, serde_json::Value>,
}

/// Why a text is no fixture.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    #[error("no fixture: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a fixture of the form `{0}`, which is not known here; known is {SCHEMA}")]
    Schema(String),
    #[error("`{name}` is `{word}`, which is no verdict")]
    Verdict { name: &'static str, word: String },
    #[error("request: {0}")]
    Wire(#[from] WireError),
}

impl FixtureRequest {
    pub fn of(head: &Head, body: &[u8]) -> Self {
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        let BodyText { body, body_base64 } = BodyText::of(body);
        let pairs = wire::pairs(head).into_iter();
        Self {
            method: head.method.clone(),
            target: head.target_text().into_owned(),
            version: head.version.as_str().to_owned(),
            headers: pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
            head_base64: wire::head_base64(head),
            body: owned(body),
            body_base64: owned(body_base64),
        }
    }

    pub fn head(&self) -> Result<Head, WireError> {
        let borrow = |(name, value): &'_ (String, String)| -> HeaderPair<'static> {
            (name.clone().into(), value.clone().into())
        };
        let pairs: Vec<HeaderPair<'_>> = self.headers.iter().map(borrow).collect();
        let parts = (self.version.as_str(), pairs.as_slice());
        wire::head(self.head_base64.as_deref(), &self.method, &self.target, parts)
    }

    pub fn body(&self) -> Result<bytes::Bytes, WireError> {
        let borrow = |text: &Option<String>| text.clone().map(Cow::Owned);
        BodyText { body: borrow(&self.body), body_base64: borrow(&self.body_base64) }.bytes()
    }
}

impl Fixture {
    /// The text of the file.
    pub fn text(&self) -> String {
        layout::pretty(self)
    }

    /// Reads a file. What it says of verdicts is checked to be one, its bytes to be a request.
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
