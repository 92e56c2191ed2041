//! Requests that a provider sends before it registers a URL, and the responses it expects.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use super::condition::{ConditionError, ValueTest};
use super::placeholders::{FillField, Filling, Placeholders};
use super::scheme::is_on;
use super::value_location::one_or_more;

/// A request that needs a certain response before events are sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// Event type under which it is listed, in the provider's word.
    #[serde(rename = "type")]
    pub kind: String,
    /// Any of these request methods.
    #[serde(deserialize_with = "one_or_more")]
    pub method: Vec<String>,
    /// Conditions that a delivery must meet to be this handshake.
    pub when: Vec<HandshakeCondition>,
    /// Conditions that distinguish it from another provider's handshake that looks alike.
    #[serde(default)]
    typical: Vec<HandshakeCondition>,
    /// Address that the user has to open. It is never opened by itself.
    pub link: Option<HandshakeLink>,
    /// Token that the user chose and that the provider sends back.
    pub token: Option<HandshakeToken>,
    /// It is signed, and an unverified one is refused.
    #[serde(default)]
    pub verified: bool,
    /// Key that the provider signs it with, in place of the secret.
    pub signed_with: Option<String>,
    /// Status for another token or an unverified signature, sent with an empty body.
    pub refuse: Option<u16>,
    #[serde(default = "ok")]
    pub status: u16,
    pub content_type: Option<String>,
    #[serde(default)]
    pub headers: Vec<(String, Placeholders)>,
    #[serde(default)]
    pub body: Placeholders,
    /// Sentences about what the user has to do next. One with a field that has no value is left
    /// out.
    #[serde(default, deserialize_with = "one_or_more")]
    pub tell: Vec<Placeholders>,
}

/// A field that must have any value (`json:/challenge`), a certain one
/// (`json:/type=url_verification`), one of a form (`query:check~[0-9]+`), or none
/// (`!json:/events/0`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeCondition {
    field: FillField,
    test: ValueTest,
}

/// Variable with a token that the user chose, and its location in the request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandshakeToken {
    /// None if the provider does not send the token, which only goes into the response.
    pub from: Option<FieldName>,
    pub env: String,
}

/// Location of an address, and the hosts that it may have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandshakeLink {
    pub from: FieldName,
    /// `*` is one label; any host if empty.
    #[serde(default, deserialize_with = "one_or_more")]
    pub hosts: Vec<String>,
}

impl HandshakeLink {
    /// Returns whether an address is HTTPS on one of the hosts.
    pub fn allows(&self, url: &str) -> bool {
        if self.hosts.is_empty() { url.starts_with("https://") } else { is_on(&self.hosts, url) }
    }
}

/// Ranks a request that several providers' handshakes fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HandshakeFit {
    /// Conditions that distinguish it from look-alikes hold, or it has none.
    pub is_typical: bool,
    /// Conditions on headers, which have the provider's own names.
    headers: usize,
    /// Conditions on any field that is there.
    fields: usize,
}

/// A field as written in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName(pub FillField);

fn ok() -> u16 {
    200
}

/// A handshake with keys that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the handshake `{kind}` {mistake}")]
pub struct HandshakeError {
    pub kind: String,
    pub mistake: HandshakeMistake,
}

/// Contradiction between the keys of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeMistake {
    #[error("has an empty `when`; every request would be it")]
    EmptyWhen,
    #[error("has no `method`")]
    NoMethod,
    #[error("has no status from 200 to 599")]
    Status,
    #[error("has `refuse`, but neither `token` nor `verified = true`")]
    RefusesNothing,
    #[error("uses {{{{token}}}}, but has no `token`")]
    NoToken,
}

impl Handshake {
    /// Returns whether a delivery is this handshake.
    pub fn is(&self, delivery: &Filling<'_>) -> bool {
        self.method.contains(&delivery.head.method)
            && self.when.iter().all(|one| one.holds(delivery))
    }

    /// Returns how well a request that is this handshake fits it.
    pub fn fit(&self, delivery: &Filling<'_>) -> HandshakeFit {
        let is_typical = self.typical.iter().all(|one| one.holds(delivery));
        let typical = if is_typical { self.typical.as_slice() } else { &[] };
        let present = || {
            let all = self.when.iter().chain(typical);
            all.filter(|one| one.test != ValueTest::IsAbsent)
        };
        let headers = present().filter(|one| matches!(one.field, FillField::Header(_))).count();
        HandshakeFit { is_typical, headers, fields: present().count() }
    }

    /// Checks what each key allows on its own but not together with the others.
    pub(super) fn check(&self) -> Result<(), HandshakeError> {
        let statuses = [Some(self.status), self.refuse];
        let has_status = statuses.iter().flatten().all(|status| (200..=599).contains(status));
        let mistake = if self.when.is_empty() {
            HandshakeMistake::EmptyWhen
        } else if self.method.is_empty() {
            HandshakeMistake::NoMethod
        } else if !has_status {
            HandshakeMistake::Status
        } else if self.refuse.is_some() && self.token.is_none() && !self.verified {
            HandshakeMistake::RefusesNothing
        } else if self.needs_token() && self.token.is_none() {
            HandshakeMistake::NoToken
        } else {
            return Ok(());
        };
        Err(HandshakeError { kind: self.kind.clone(), mistake })
    }

    /// Returns whether the response needs the provider's secret.
    pub fn needs_secret(&self) -> bool {
        self.texts().any(Placeholders::needs_secret)
    }

    /// Returns whether the response contains the chosen token, or a digest of it.
    pub fn needs_token(&self) -> bool {
        self.texts().any(|text| text.has(&|field| *field == FillField::Token))
    }

    /// Returns whether the response contains the public URL, or a digest of it.
    pub fn needs_url(&self) -> bool {
        let is_url = |field: &FillField| matches!(field, FillField::Url | FillField::Endpoint);
        self.texts().any(|text| text.has(&is_url))
    }

    fn texts(&self) -> impl Iterator<Item = &Placeholders> {
        std::iter::once(&self.body).chain(self.headers.iter().map(|(_, value)| value))
    }
}

impl HandshakeCondition {
    fn holds(&self, delivery: &Filling<'_>) -> bool {
        match &self.test {
            ValueTest::Exists => self.field.exists(delivery),
            ValueTest::IsAbsent => !self.field.exists(delivery),
            test => test.allows(self.field.find(delivery).as_deref()),
        }
    }
}

impl FromStr for HandshakeCondition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let (field, condition) = ValueTest::split(text)?;
        Ok(Self { field: field.parse()?, test: condition })
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
