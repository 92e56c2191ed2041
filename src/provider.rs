//! Providers as data: how a service signs and names its events, and samples of them.
//!
//! A provider is a file in `assets/providers`. Signatures are computed elsewhere.

mod custom;
mod handshake;
mod placeholders;
mod sample;
mod scheme;
mod signed_template;
pub(crate) mod template;
mod value_location;

use std::sync::LazyLock;

use jiff::Timestamp;
use serde::Deserialize;

use crate::delivery::{EventRef, Head};
use crate::payload::{form, pointer};

pub use custom::{CustomProvider, one_or_more};
pub use handshake::{FieldName, Handshake, HandshakeCondition, HandshakeToken};
pub use placeholders::{Digest, FIELDS, FillField, Filling, PlaceholderError, Placeholders};
pub use sample::{Sample, Seed};
pub use scheme::{Algorithm, Encoding, PairSyntax, Scheme, SecretForm, TimestampSpec, Unit};
pub use signed_template::{SignedTemplate, TemplatePart};
pub use value_location::ValueLocation;

/// A service that sends webhooks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The name used on the command line; taken from the file's name.
    #[serde(skip)]
    pub name: String,
    /// The name as the service writes it.
    pub title: String,
    /// Environment variable read when no other secret is given.
    pub secret_env: String,
    /// Prefix of its secrets, if it is part of the key.
    pub secret_starts: Option<String>,
    /// Headers that distinguish it from others with the same signature header.
    #[serde(default, alias = "known_by")]
    detect_headers: Vec<String>,
    /// Provider with the same scheme that is assumed if nothing distinguishes the two.
    #[serde(alias = "same_as")]
    pub alias_of: Option<String>,
    pub scheme: Scheme,
    #[serde(default)]
    event: EventPlaces,
    /// Requests sent before a URL is registered.
    #[serde(default, rename = "handshake")]
    pub handshakes: Vec<Handshake>,
    #[serde(default, rename = "sample")]
    pub samples: Vec<Sample>,
}

/// Places of an event's type, id, object, and time; the first place with a value counts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventPlaces {
    #[serde(default, rename = "type", deserialize_with = "scheme::one_or_more")]
    kind: Vec<ValueLocation>,
    #[serde(default, deserialize_with = "scheme::one_or_more")]
    id: Vec<ValueLocation>,
    /// Id of the object the event is about, which later events about it carry as well.
    #[serde(default, deserialize_with = "scheme::one_or_more")]
    object: Vec<ValueLocation>,
    /// Time of the state that the event describes.
    #[serde(default, deserialize_with = "scheme::one_or_more")]
    time: Vec<ValueLocation>,
}

/// Signs that a delivery is or is not from a provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    pub headers: usize,
    pub places: usize,
    pub absent: usize,
}

/// Returns every built-in provider.
pub fn all() -> &'static [Provider] {
    static ALL: LazyLock<Vec<Provider>> = LazyLock::new(|| {
        // A broken file fails this module's tests.
        names().filter_map(|name| Provider::named(name).ok()).collect()
    });
    &ALL
}

/// Reason why a provider cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("unknown provider `{name}`: expected one of {known}")]
    Unknown { name: String, known: String },
    #[error("the provider file of `{name}` is damaged: {source}")]
    Damaged { name: String, source: Box<toml::de::Error> },
    #[error("the provider `{name}` cannot work: {reason}")]
    Unsound { name: String, reason: String },
}

/// Name and text of each file in `assets/providers`, listed by the build script.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/providers.rs"));

/// Returns the names of the built-in providers.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

impl Provider {
    /// Reads a built-in provider by the name of its file.
    pub fn named(name: &str) -> Result<Self, ProviderError> {
        let file = FILES.iter().find(|(known, _)| *known == name);
        let (_, text) = file.ok_or_else(|| ProviderError::Unknown {
            name: name.to_owned(),
            known: names().collect::<Vec<_>>().join(", "),
        })?;
        let parsed: Result<Self, toml::de::Error> = toml::from_str(text);
        let mut provider = parsed.map_err(|source| ProviderError::Damaged {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        provider
            .check()
            .map_err(|reason| ProviderError::Unsound { name: name.to_owned(), reason })?;
        name.clone_into(&mut provider.name);
        Ok(provider)
    }

    /// Checks what each key allows on its own but not together with the others.
    pub fn check(&self) -> Result<(), String> {
        self.handshakes.iter().try_for_each(Handshake::check)?;
        self.scheme.check()
    }

    /// Returns the event id and type of a delivery.
    pub fn event(&self, head: &Head, body: &[u8]) -> EventRef {
        let find =
            |places: &[ValueLocation]| places.iter().find_map(|place| found(place, head, body));
        EventRef { id: find(&self.event.id), event_type: find(&self.event.kind) }
    }

    /// Returns the id of the object that a delivery is about.
    pub fn object(&self, head: &Head, body: &[u8]) -> Option<String> {
        let mut found = self.event.object.iter().filter_map(|place| found(place, head, body));
        found.find(|id| !id.is_empty())
    }

    /// Returns the places of the event id.
    pub fn id_places(&self) -> &[ValueLocation] {
        &self.event.id
    }

    /// Returns the time of the state that a delivery describes: in RFC 3339, or in seconds,
    /// milliseconds, or microseconds since 1970.
    pub fn time(&self, head: &Head, body: &[u8]) -> Option<Timestamp> {
        let text = self.event.time.iter().find_map(|place| found(place, head, body))?;
        let Ok(number) = text.parse::<i64>() else { return text.parse().ok() };
        let time = match number {
            ..1 => return None,
            1..100_000_000_000 => Timestamp::from_second(number),
            100_000_000_000..100_000_000_000_000 => Timestamp::from_millisecond(number),
            _ => Timestamp::from_microsecond(number),
        };
        time.ok()
    }

    /// Returns whether the provider identifies the object.
    pub fn tells_object(&self) -> bool {
        !self.event.object.is_empty()
    }

    /// Returns whether the provider names the event type.
    pub fn tells_type(&self) -> bool {
        !self.event.kind.is_empty()
    }

    pub fn sample(&self, kind: &str) -> Option<&Sample> {
        self.samples.iter().find(|sample| sample.kind == kind)
    }

    /// Counts signs of this provider apart from its signature: headers that only it sends, and
    /// places of the event with and without a value.
    pub fn evidence(&self, head: &Head, body: &[u8]) -> Evidence {
        let own = self.detect_headers.iter().map(|name| ValueLocation::Header(name.clone()));
        let mut marks = Evidence::default();
        for place in own.chain(self.event.kind.iter().chain(&self.event.id).cloned()) {
            match (found(&place, head, body), place) {
                (Some(_), ValueLocation::Header(_)) => marks.headers += 1,
                (Some(_), _) => marks.places += 1,
                (None, _) => marks.absent += 1,
            }
        }
        marks
    }

    /// Returns the headers that carry the signature. Shared copies leave them out.
    pub fn signature_headers(&self) -> Vec<&str> {
        self.scheme.signature_headers().collect()
    }
}

/// Returns the value at a place of a delivery.
fn found(place: &ValueLocation, head: &Head, body: &[u8]) -> Option<String> {
    match place {
        ValueLocation::Header(name) => {
            let value = head.joined(name)?;
            Some(crate::delivery::header_text(&value).into_owned())
        }
        ValueLocation::Json(path) => pointer::lookup(body, path),
        ValueLocation::Form(field) => form::field(body, field),
        ValueLocation::Pair(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Header;

    #[test]
    fn every_file_parses() {
        for (name, _) in FILES {
            assert_eq!(Provider::named(name).unwrap().name, *name);
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = Provider::named("crribbly").unwrap_err().to_string();
        assert!(error.contains("`crribbly`") && error.contains("cribbly"), "{error}");
    }

    #[test]
    fn finds_id_and_type() {
        let cribbly = Provider::named("cribbly").unwrap();
        let head = Head::build("POST", "/", &[Header::new("Host", "h")]);
        let event = cribbly.event(&head, br#"{"id":"a1","type":"group.created","payload":{}}"#);
        assert_eq!(event.id.as_deref(), Some("a1"));
        assert_eq!(event.event_type.as_deref(), Some("group.created"));
        assert_eq!(cribbly.event(&head, b"not json"), EventRef::default());
        let body = br#"{"id":"a1","payload":{"id":"g7"}}"#;
        assert_eq!(cribbly.object(&head, body).as_deref(), Some("g7"));
        let time = |time: &str| {
            let body = format!(r#"{{"payload":{{"updated_at":{time}}}}}"#);
            cribbly.time(&head, body.as_bytes()).map(|time| time.to_string())
        };
        assert_eq!(time("1800000000").as_deref(), Some("2027-01-15T08:00:00Z"));
        assert_eq!(time("1800000000500").as_deref(), Some("2027-01-15T08:00:00.5Z"));
        assert_eq!(time("\"2027-01-15T08:00:00Z\"").as_deref(), Some("2027-01-15T08:00:00Z"));
        assert_eq!((time("0"), time("\"soon\"")), (None, None));
        assert_eq!(cribbly.object(&head, br#"{"id":"a1","payload":{"id":""}}"#), None);
    }
}
