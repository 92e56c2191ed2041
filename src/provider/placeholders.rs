//! Text with places that a delivery fills in: `{"challenge":"{{json:/challenge}}"}`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use crate::delivery::{DeliveryId, EventRef, Head, header_text};
use crate::payload::{form, pointer};

/// Something that a delivery has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FillField {
    /// The number under which it is kept.
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
    /// The HMAC-SHA256 of another field under the provider's secret, in hex.
    Hmac(Box<Self>),
}

/// What fields are, for errors and documents.
pub const FIELDS: &str = "{{id}}, {{event.id}}, {{event.type}}, {{provider}}, {{method}}, {{target}}, \
                          {{header:NAME}}, {{query:NAME}}, {{json:/pointer}} or {{form:FIELD}}";

/// What fields are read from.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'d> {
    pub head: &'d Head,
    pub body: &'d [u8],
    pub event: &'d EventRef,
    pub provider: &'d str,
    pub number: Option<DeliveryId>,
    /// The digest of a text; nothing where there is no secret, or where the text may not be
    /// digested.
    pub hmac: Option<Digest<'d>>,
}

/// Computes a digest in hex.
#[derive(Clone, Copy)]
pub struct Digest<'d>(pub &'d dyn Fn(&str) -> Option<String>);

impl fmt::Debug for Digest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

impl FromStr for FillField {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown =
            || format!("`{{{{{text}}}}}` is nothing that a delivery has; expected {FIELDS}");
        let named = |make: fn(String) -> Self, name: &str| {
            (!name.is_empty()).then(|| make(name.to_owned())).ok_or_else(unknown)
        };
        match text.split_once(':') {
            Some(("header", name)) => named(Self::Header, name),
            Some(("query", name)) => named(Self::Query, name),
            Some(("form", name)) => named(Self::Form, name),
            Some(("json", path)) if path.starts_with('/') => named(Self::Json, path),
            Some(("hmac", field)) => Ok(Self::Hmac(Box::new(field.parse()?))),
            Some(_) => Err(unknown()),
            None => Ok(match text {
                "id" => Self::Number,
                "event.id" => Self::EventId,
                "event.type" => Self::EventType,
                "provider" => Self::Provider,
                "method" => Self::Method,
                "target" => Self::Target,
                _ => return Err(unknown()),
            }),
        }
    }
}

impl FillField {
    /// What a delivery has there.
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
            Self::Hmac(field) => (from.hmac?.0)(&field.find(from)?),
        }
    }
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
    /// Whether it is JSON, so that what is filled in is escaped as in a string of JSON.
    json: bool,
}

/// What is wrong with such a text, and at which of its bytes.
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

    /// Whether it asks for a digest, which only a provider's secret can give.
    pub fn wants_hmac(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, FillPart::Field(FillField::Hmac(_))))
    }

    /// The text for a delivery; what that does not have is left out.
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

/// Puts a text into a string of JSON.
fn push_escaped(out: &mut String, text: &str) {
    let quoted = serde_json::Value::from(text).to_string();
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    out.push_str(inside.unwrap_or_default());
}

impl FromStr for Placeholders {
    type Err = PlaceholderError;

    fn from_str(text: &str) -> Result<Self, PlaceholderError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let at = text.len() - behind.len() - 2;
            let wrong = |message: String| PlaceholderError { at, message };
            if !before.is_empty() {
                parts.push(FillPart::Text(before.to_owned()));
            }
            let (name, after) = behind
                .split_once("}}")
                .ok_or_else(|| wrong("`{{` is not closed; expected `}}` behind it".to_owned()))?;
            parts.push(FillPart::Field(name.trim().parse().map_err(wrong)?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(FillPart::Text(rest.to_owned()));
        }
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
        let digest = |text: &str| Some(format!("<{text}>"));
        let filling = Filling {
            head: &head,
            body: br#"{"n":1.0,"s":"a\nb"}"#,
            event: &event,
            provider: "p",
            number: Some(DeliveryId(7)),
            hmac: Some(Digest(&digest)),
        };
        template.parse::<Placeholders>().unwrap().fill(&filling)
    }

    #[test]
    fn fills_in_what_a_delivery_has() {
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
            ("{{hmac:json:/n}}", "<1.0>"),
            ("{{method}} {{target}} {{provider}}", "POST /a?q=x%20y&z=1 p"),
        ] {
            assert_eq!(filled(template), text, "{template}");
        }
    }

    #[test]
    fn says_where_a_text_is_wrong() {
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
