//! Text filled in from a delivery: `{"challenge":"{{json:/challenge}}"}`.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, de};
use sha2::{Digest as _, Sha256};

use super::template::{self, OldSpelling, Piece, Unclosed};
use crate::delivery::{DeliveryId, EventRef, Head, header_text};
use crate::payload::{form, pointer, xml_path};

/// A value of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FillField {
    /// Number in the store.
    Number,
    EventId,
    EventType,
    Provider,
    Method,
    Target,
    Header(String),
    Query(String),
    Json(String),
    Form(String),
    Xml(String),
    /// The chosen token of a handshake.
    Token,
    /// The public URL of the request.
    Url,
    /// The public URL without its query, as it was registered.
    Endpoint,
    /// The HMAC-SHA256 of another field under the provider's secret.
    Hmac(Box<Self>, DigestForm),
    /// The SHA-256 of other fields, one after the other.
    Sha256(Vec<Self>, DigestForm),
    /// The base64 of another field.
    Base64(Box<Self>),
}

/// Text encoding of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestForm {
    Hex,
    Base64,
}

impl DigestForm {
    fn write(self, digest: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(digest),
            Self::Base64 => STANDARD.encode(digest),
        }
    }
}

/// Lists all fields, for errors and documentation.
pub(super) const FIELDS: &str = "{{id}}, {{event.id}}, {{event.type}}, {{provider}}, {{method}}, {{target}}, \
                          {{header:NAME}}, {{query:NAME}}, {{json:/pointer}}, {{form:FIELD}} or \
                          {{xml:/path}}";

/// Source of the fields.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'d> {
    pub head: &'d Head,
    pub body: &'d [u8],
    pub event: &'d EventRef,
    pub provider: &'d str,
    pub number: Option<DeliveryId>,
    /// Digest of a text; `None` without a secret or if the text must not be digested.
    pub hmac: Option<Digest<'d>>,
    /// The chosen token of a handshake.
    pub token: Option<&'d str>,
    /// The public URL of the request, if it is known.
    pub url: Option<&'d str>,
}

impl<'d> Filling<'d> {
    /// Creates the source of a request's own values.
    pub fn new(head: &'d Head, body: &'d [u8], event: &'d EventRef, provider: &'d str) -> Self {
        Self { head, body, event, provider, number: None, hmac: None, token: None, url: None }
    }
}

/// Computes a digest.
#[derive(Clone, Copy)]
pub struct Digest<'d>(pub &'d dyn Fn(&str) -> Option<Vec<u8>>);

impl fmt::Debug for Digest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

/// The name of a field that deliveries do not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{{{{{0}}}}}` is not a field of deliveries; expected {FIELDS}")]
pub struct UnknownField(String);

impl FromStr for FillField {
    type Err = UnknownField;

    fn from_str(text: &str) -> Result<Self, UnknownField> {
        let unknown = || UnknownField(text.to_owned());
        let named = |make: fn(String) -> Self, name: &str| {
            (!name.is_empty()).then(|| make(name.to_owned())).ok_or_else(unknown)
        };
        match text.split_once(':') {
            Some(("header", name)) => named(Self::Header, name),
            Some(("query", name)) => named(Self::Query, name),
            Some(("form", name)) => named(Self::Form, name),
            Some(("xml", path)) if path.starts_with('/') => named(Self::Xml, path),
            Some(("json", path)) if path.starts_with('/') => named(Self::Json, path),
            Some(("hmac", field)) => Ok(Self::Hmac(Box::new(field.parse()?), DigestForm::Hex)),
            Some(("hmac-base64", field)) => {
                Ok(Self::Hmac(Box::new(field.parse()?), DigestForm::Base64))
            }
            Some(("sha256", fields)) => Ok(Self::Sha256(list(fields)?, DigestForm::Hex)),
            Some(("sha256-base64", fields)) => Ok(Self::Sha256(list(fields)?, DigestForm::Base64)),
            Some(("base64", field)) => Ok(Self::Base64(Box::new(field.parse()?))),
            Some(_) => Err(unknown()),
            None => Ok(match text {
                "id" => Self::Number,
                "event.id" => Self::EventId,
                "event.type" => Self::EventType,
                "provider" => Self::Provider,
                "method" => Self::Method,
                "target" => Self::Target,
                "token" => Self::Token,
                "url" => Self::Url,
                "endpoint" => Self::Endpoint,
                _ => return Err(unknown()),
            }),
        }
    }
}

impl FillField {
    /// Returns the value of the field.
    pub fn find(&self, from: &Filling<'_>) -> Option<String> {
        match self {
            Self::Number => from.number.map(|number| number.to_string()),
            Self::EventId => from.event.id.clone(),
            Self::EventType => from.event.event_type.clone(),
            Self::Provider => Some(from.provider.to_owned()),
            Self::Method => Some(from.head.method.clone()),
            Self::Target => Some(from.head.target_text().into_owned()),
            Self::Header(name) => {
                from.head.joined(name).map(|value| header_text(&value).into_owned())
            }
            Self::Query(name) => {
                let target = from.head.target_text();
                let (_, query) = target.split_once('?')?;
                form::field(query.as_bytes(), name)
            }
            Self::Json(path) => pointer::lookup(from.body, path),
            Self::Form(name) => form::field(from.body, name),
            Self::Xml(path) => xml_path::lookup(from.body, path),
            Self::Token => from.token.map(str::to_owned),
            Self::Url => from.url.map(str::to_owned),
            Self::Endpoint => {
                let url = from.url?;
                Some(url.split('?').next().unwrap_or(url).to_owned())
            }
            Self::Hmac(field, form) => {
                (from.hmac?.0)(&field.find(from)?).map(|digest| form.write(&digest))
            }
            Self::Sha256(fields, form) => {
                let text: String =
                    fields.iter().map(|one| one.find(from)).collect::<Option<_>>()?;
                Some(form.write(&Sha256::digest(text)))
            }
            Self::Base64(field) => field.find(from).map(|text| STANDARD.encode(text)),
        }
    }

    /// Returns whether a request has the field, which may be an object or an array in JSON.
    pub(super) fn exists(&self, from: &Filling<'_>) -> bool {
        match self {
            Self::Json(path) => {
                pointer::raw(from.body, &pointer::steps(path)).is_some_and(|raw| raw != "null")
            }
            other => other.find(from).is_some(),
        }
    }

    /// Returns whether a field, or one inside it, passes a test.
    fn has(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        let inside = match self {
            Self::Hmac(field, _) | Self::Base64(field) => field.has(test),
            Self::Sha256(fields, _) => fields.iter().any(|one| one.has(test)),
            _ => false,
        };
        inside || test(self)
    }
}

fn list(fields: &str) -> Result<Vec<FillField>, UnknownField> {
    fields.split(',').map(|field| field.trim().parse()).collect()
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum FillPart {
    Text(String),
    Field(FillField),
}

/// A text with fields to fill in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placeholders {
    parts: Vec<FillPart>,
    /// It is JSON, so values are escaped as in JSON strings.
    json: bool,
}

/// Error in such a text, and the byte where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PlaceholderError {
    pub at: usize,
    pub message: String,
}

impl Placeholders {
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Returns whether it has a digest that needs a provider's secret.
    pub fn needs_secret(&self) -> bool {
        self.has(&|field| matches!(field, FillField::Hmac(..)))
    }

    /// Returns whether a field passes a test.
    pub(super) fn has(&self, test: &dyn Fn(&FillField) -> bool) -> bool {
        self.parts.iter().any(|part| match part {
            FillPart::Field(field) => field.has(test),
            FillPart::Text(_) => false,
        })
    }

    /// Returns the text for a delivery; none if a field has no value.
    pub fn fill_whole(&self, from: &Filling<'_>) -> Option<String> {
        let is_filled = |part: &FillPart| match part {
            FillPart::Field(field) => field.find(from).is_some_and(|found| !found.is_empty()),
            FillPart::Text(_) => true,
        };
        self.parts.iter().all(is_filled).then(|| self.fill(from))
    }

    /// Returns the text for a delivery. Fields without a value are left out.
    pub fn fill(&self, from: &Filling<'_>) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                FillPart::Text(text) => out.push_str(text),
                FillPart::Field(field) => {
                    let found = field.find(from).unwrap_or_default();
                    if self.json { push_escaped(&mut out, &found) } else { out.push_str(&found) }
                }
            }
        }
        out
    }
}

/// Writes a text into a JSON string.
fn push_escaped(out: &mut String, text: &str) {
    let quoted = serde_json::Value::from(text).to_string();
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    out.push_str(inside.unwrap_or_default());
}

impl FromStr for Placeholders {
    type Err = PlaceholderError;

    fn from_str(text: &str) -> Result<Self, PlaceholderError> {
        let wrong = |at: usize, message: String| PlaceholderError { at, message };
        let pieces = template::pieces(text, OldSpelling::None)
            .map_err(|Unclosed { at }| wrong(at, "`{{` is not closed; expected `}}`".to_owned()))?;
        let part = |piece: &Piece<'_>| match *piece {
            Piece::Text(text) => Ok(FillPart::Text(text.to_owned())),
            Piece::Placeholder { name, at } => {
                let field = name.parse::<FillField>();
                field.map(FillPart::Field).map_err(|error| wrong(at, error.to_string()))
            }
        };
        let parts = pieces.iter().map(part).collect::<Result<_, _>>()?;
        let first = text.trim_start();
        let json = first.starts_with('[') || (first.starts_with('{') && !first.starts_with("{{"));
        Ok(Self { parts, json })
    }
}

impl<'de> Deserialize<'de> for Placeholders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Header;

    fn filled(template: &str) -> String {
        let head = Head::build("POST", "/a?q=x%20y&z=1", &[Header::new("X-A", "say \"hi\"")]);
        let event = EventRef { id: Some("e1".to_owned()), event_type: None };
        let digest = |text: &str| Some(text.as_bytes().to_vec());
        let body = br#"{"n":1.0,"s":"a\nb"}"#;
        let filling = Filling {
            number: Some(DeliveryId(7)),
            hmac: Some(Digest(&digest)),
            token: Some("chosen"),
            url: Some("https://h.example/a"),
            ..Filling::new(&head, body, &event, "p")
        };
        template.parse::<Placeholders>().unwrap().fill(&filling)
    }

    #[test]
    fn fills_in_values_of_a_delivery() {
        for (template, text) in [
            ("", ""),
            ("plain } { text", "plain } { text"),
            ("{{event.id}}/{{event.type}}/{{id}}", "e1//7"),
            ("{{query:q}} {{ query:z }} {{query:none}}", "x y 1 "),
            ("{{header:x-a}}", "say \"hi\""),
            (
                "{\"a\":\"{{header:X-A}}\",\"s\":\"{{json:/s}}\"}",
                r#"{"a":"say \"hi\"","s":"a\nb"}"#,
            ),
            ("{{json:/n}}", "1.0"),
            ("{{hmac:json:/n}}", "312e30"),
            ("{{hmac-base64:json:/n}}", "MS4w"),
            ("{{base64:query:q}}", "eCB5"),
            // printf '1.0chosenhttps://h.example/a' | sha256sum
            (
                "{{sha256:json:/n,token,url}}",
                "0b0ab08dd976846d2fb66c680ef2240ca983ee02975378a01991479660a16805",
            ),
            ("{{sha256-base64:json:/none}}", ""),
            ("{{method}} {{target}} {{provider}}", "POST /a?q=x%20y&z=1 p"),
        ] {
            assert_eq!(filled(template), text, "{template}");
        }
    }

    #[test]
    fn errors_have_a_position() {
        for (text, at, part) in [
            ("ab{{event.id", 2, "not closed"),
            ("{{evnt.id}}", 0, "{{event.id}}"),
            ("x{{json:a}}", 1, "{{json:/pointer}}"),
            ("{{header:}}", 0, "{{header:NAME}}"),
        ] {
            let error = text.parse::<Placeholders>().unwrap_err();
            assert_eq!(error.at, at, "{text}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
    }
}
