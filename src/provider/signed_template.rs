//! What a digest is computed over, as text with places to fill in.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::ValueLocation;

/// A piece of the signed content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplatePart {
    Text(String),
    /// The raw body bytes as they came.
    Body,
    /// The text of the timestamp, as it came.
    Timestamp,
    /// The text of the delivery's id, as it came.
    Id,
    /// The public URL that the provider was given.
    Url,
    Method,
    /// The fields of a form, sorted, each name with its value (Twilio).
    Form,
    /// The values of the headers that are named, separated by spaces, under a key of the signature
    /// header; joined by points (Coinbase).
    Headers(String),
    /// The value of a header, or a scalar of the body.
    Place(ValueLocation),
}

/// The signed content: `{timestamp}.{body}`, for instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTemplate {
    pub parts: Vec<TemplatePart>,
    text: String,
}

impl SignedTemplate {
    /// Whether it is the body and nothing else.
    pub fn is_body(&self) -> bool {
        self.parts == [TemplatePart::Body]
    }

    /// The key that names the signed headers.
    pub fn headers_key(&self) -> Option<&str> {
        self.parts.iter().find_map(|part| match part {
            TemplatePart::Headers(key) => Some(key.as_str()),
            _ => None,
        })
    }

    pub fn has(&self, part: &TemplatePart) -> bool {
        self.parts.contains(part)
    }
}

impl Default for SignedTemplate {
    fn default() -> Self {
        Self { parts: vec![TemplatePart::Body], text: "{body}".to_owned() }
    }
}

impl fmt::Display for SignedTemplate {
    /// In words where it is simple.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_body() {
            f.write_str("the raw body bytes")
        } else {
            write!(f, "`{}`", self.text)
        }
    }
}

impl<'de> Deserialize<'de> for SignedTemplate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = parts(&text).map_err(de::Error::custom)?;
        Ok(Self { parts, text })
    }
}

fn parts(text: &str) -> Result<Vec<TemplatePart>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        if !before.is_empty() {
            parts.push(TemplatePart::Text(before.to_owned()));
        }
        let (name, after) =
            behind.split_once('}').ok_or_else(|| format!("`{{{behind}` is not closed"))?;
        parts.push(match name {
            "body" => TemplatePart::Body,
            "timestamp" => TemplatePart::Timestamp,
            "id" => TemplatePart::Id,
            "url" => TemplatePart::Url,
            "method" => TemplatePart::Method,
            "form" => TemplatePart::Form,
            _ if name.starts_with("headers:") => {
                TemplatePart::Headers(name.trim_start_matches("headers:").to_owned())
            }
            _ => TemplatePart::Place(name.parse().map_err(|_| {
                format!(
                    "`{{{name}}}` is no part of a signed content; expected {{body}}, {{timestamp}}, \
                     {{id}}, {{url}}, {{method}}, {{form}}, {{header:NAME}}, {{json:/pointer}}, \
                     {{pair:KEY}} or {{headers:KEY}}"
                )
            })?),
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(TemplatePart::Text(rest.to_owned()));
    }
    Ok(parts)
}
