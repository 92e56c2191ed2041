//! Providers as data: how a service signs and names its events, and samples of them.
//!
//! A provider is a file in `assets/providers`. Signatures are computed elsewhere.

mod common;
mod condition;
mod custom;
mod event;
mod handshake;
mod placeholders;
mod response;
mod sample;
mod scheme;
mod signed_template;
pub(crate) mod template;
mod value_location;
mod values;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde::Deserialize;

use crate::delivery::{EventRef, Head, Header};
use crate::diagnostic::nearest;
use event::EventPlaces;

pub use common::{common_event, common_places, common_pointers};
pub use custom::{CustomProvider, one_or_more};
pub use event::EventValue;
pub use handshake::{Handshake, HandshakeError, HandshakeFit, HandshakeLink, HandshakeToken};
pub use placeholders::{Digest, Filling, PlaceholderError, Placeholders};
pub use response::{ExpectedResponse, ResponseMistake};
pub use sample::{Sample, Seed};
pub use scheme::{
    Algorithm, Encoding, JwtAlgorithm, JwtSpec, KeySource, PairSyntax, Scheme, SchemeCondition,
    SchemeMistake, Schemes, SecretForm, TimestampSpec, Unit,
};
pub use signed_template::{BodyHash, SignedTemplate, TemplatePart};
pub use value_location::{InvalidLocation, ValueLocation};
pub use values::{RequestValues, without_encoding};

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
    /// Address of the documentation that the file was written from.
    pub docs: Option<String>,
    /// Headers that only it sends.
    #[serde(default, alias = "known_by")]
    detect_headers: Vec<String>,
    /// Start of its User-Agent.
    user_agent: Option<String>,
    /// Fields that its deliveries have, if headers alone do not identify it.
    #[serde(default)]
    detect_fields: Vec<SchemeCondition>,
    /// Set if other services sign in a header of this name too, so that it alone does not identify
    /// the provider.
    #[serde(default)]
    pub shared_header: bool,
    /// Provider with the same scheme that is assumed if nothing distinguishes the two.
    #[serde(alias = "same_as")]
    pub alias_of: Option<String>,
    /// Provider whose signature decides if a delivery has both.
    pub weaker_than: Option<String>,
    pub scheme: Schemes,
    #[serde(default)]
    event: EventPlaces,
    /// Requests sent before a URL is registered.
    #[serde(default, rename = "handshake")]
    pub handshakes: Vec<Handshake>,
    /// Response to its events if nothing else decides.
    #[serde(default)]
    pub response: ExpectedResponse,
    #[serde(default, rename = "sample")]
    pub samples: Vec<Sample>,
}

/// Returns every built-in provider. They are shared, because there are many.
pub fn all() -> &'static [Arc<Provider>] {
    static ALL: LazyLock<Vec<Arc<Provider>>> = LazyLock::new(|| {
        // A broken file fails this module's tests.
        names().filter_map(|name| Provider::named(name).ok().map(Arc::new)).collect()
    });
    &ALL
}

/// Reason why a provider cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("unknown provider `{name}`{hint} `hookglass providers` lists all of them")]
    Unknown {
        name: String,
        /// A similar name, as a question.
        hint: String,
    },
    #[error("invalid file of the provider `{name}`: {source}")]
    Damaged { name: String, source: Box<toml::de::Error> },
    #[error("invalid provider `{name}`: {source}")]
    Unsound { name: String, source: ProviderMistake },
}

/// Mistake in the description of a provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderMistake {
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    #[error(transparent)]
    Response(#[from] ResponseMistake),
    #[error(transparent)]
    Scheme(#[from] SchemeMistake),
    #[error(
        "the sample `{sample}` is an event of the type `{found}`; give it that type, or another body"
    )]
    SampleType { sample: String, found: String },
    #[error(
        "`{name}` is built in; set only `secret_env` and `secret_file`, or define a whole provider \
         with its `scheme`"
    )]
    BuiltIn { name: String },
    #[error(
        "`{name}` is not built in; expected a table [providers.{name}.scheme] that describes its \
         signature"
    )]
    NoScheme { name: String },
    #[error(
        "invalid name `{name}`: expected letters, digits, and hyphens, and not `{}`",
        custom::AUTO
    )]
    Name { name: String },
}

/// File in `assets/providers`.
struct File {
    name: &'static str,
    /// Provider whose events it sends too; known without reading the file, since each delivery is
    /// compared with those of related providers.
    parent: Option<&'static str>,
    text: &'static str,
}

/// All files, listed by the build script.
const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/providers.rs"));

/// Returns the names of the built-in providers.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|file| file.name)
}

impl Provider {
    /// Reads a built-in provider by the name of its file.
    pub fn named(name: &str) -> Result<Self, ProviderError> {
        let file = FILES.iter().find(|file| file.name == name);
        let file =
            file.ok_or_else(|| ProviderError::unknown(name, &names().collect::<Vec<_>>()))?;
        let parsed: Result<Self, toml::de::Error> = toml::from_str(file.text);
        let mut provider = parsed.map_err(|source| ProviderError::Damaged {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        provider
            .check()
            .map_err(|source| ProviderError::Unsound { name: name.to_owned(), source })?;
        name.clone_into(&mut provider.name);
        Ok(provider)
    }

    /// Checks what each key allows on its own but not together with the others.
    pub fn check(&self) -> Result<(), ProviderMistake> {
        self.handshakes.iter().try_for_each(Handshake::check)?;
        self.response.check()?;
        self.scheme.iter().try_for_each(Scheme::check)?;
        Ok(())
    }

    /// Checks that samples are events of their type.
    fn check_samples(&self) -> Result<(), ProviderMistake> {
        let mut seed = Seed { now: Timestamp::UNIX_EPOCH, random: fastrand::Rng::with_seed(1) };
        for sample in &self.samples {
            let mut headers = vec![Header::new("Content-Type", sample.content_type.clone())];
            let own = sample.headers(&mut seed).into_iter();
            headers.extend(own.map(|(name, value)| Header::new(name, value)));
            let body = sample.body(&mut seed);
            let found = self.event(&Head::build("POST", "/", &headers), body.as_bytes());
            if let Some(found) = found.event_type.filter(|found| *found != sample.kind) {
                let sample = sample.kind.clone();
                return Err(ProviderMistake::SampleType { sample, found });
            }
        }
        Ok(())
    }

    /// Returns the event id and type of a delivery.
    pub fn event(&self, head: &Head, body: &[u8]) -> EventRef {
        let pointers = event::pointers(&[&self.event.id, &self.event.kind]);
        self.event_in(&RequestValues::new(head, body, &pointers))
    }

    /// Returns the event id and type of a delivery from its values.
    pub fn event_in(&self, values: &RequestValues<'_>) -> EventRef {
        self.event.event(values)
    }

    /// Returns the id of the object that a delivery is about.
    pub fn object(&self, head: &Head, body: &[u8]) -> Option<String> {
        let pointers = event::pointers(&[&self.event.object]);
        event::first(&self.event.object, &RequestValues::new(head, body, &pointers))
    }

    /// Returns the places that hold nothing but the event's id. Those of a composed id hold more.
    pub fn id_places(&self) -> impl Iterator<Item = &ValueLocation> {
        self.event.id.iter().filter_map(|value| match value {
            EventValue::Place(place) => Some(place),
            EventValue::Composed(_) => None,
        })
    }

    /// Returns the JSON pointers of everything that is read to recognize a delivery and its event.
    pub(crate) fn pointers(&self) -> impl Iterator<Item = String> {
        let events = self.event.kind.iter().chain(&self.event.id).flat_map(EventValue::places);
        let fields = self.detect_fields.iter().map(SchemeCondition::place);
        let signatures = self.scheme.iter().flat_map(Scheme::places);
        let places = events.chain(fields).chain(signatures);
        places.filter_map(ValueLocation::body_pointer).map(Cow::into_owned)
    }

    /// Returns the places of type, id, and object in words, for display.
    pub fn event_places(&self) -> [(&'static str, String); 3] {
        let words = |values: &[EventValue]| {
            values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", else ")
        };
        [
            ("type", words(&self.event.kind)),
            ("id", words(&self.event.id)),
            ("object", words(&self.event.object)),
        ]
    }

    /// Returns the time of the state that a delivery describes: in RFC 3339, or in seconds,
    /// milliseconds, or microseconds since 1970.
    pub fn time(&self, head: &Head, body: &[u8]) -> Option<Timestamp> {
        let pointers = event::pointers(&[&self.event.time]);
        let text = event::first(&self.event.time, &RequestValues::new(head, body, &pointers))?;
        let Ok(number) = text.parse::<i64>() else { return text.parse().ok() };
        let time = match number {
            ..1 => return None,
            1..100_000_000_000 => Timestamp::from_second(number),
            100_000_000_000..100_000_000_000_000 => Timestamp::from_millisecond(number),
            _ => Timestamp::from_microsecond(number),
        };
        time.ok()
    }

    /// Returns the sample of an event type, or of one that starts with `kind` and a dot.
    pub fn sample(&self, kind: &str) -> Option<&Sample> {
        let is_exact = |sample: &&Sample| sample.kind == kind;
        let is_kind = |sample: &&Sample| {
            sample.kind.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.'))
        };
        let mut samples = self.samples.iter();
        samples.find(is_exact).or_else(|| self.samples.iter().find(is_kind))
    }

    /// Returns the headers of a request that only this provider sends.
    pub fn own_headers<'h>(&self, head: &'h Head) -> Vec<&'h str> {
        let events = self.event.kind.iter().chain(&self.event.id).flat_map(EventValue::places);
        let events = events.filter_map(ValueLocation::header_name).filter(|name| !is_common(name));
        let detect = self.detect_headers.iter().map(String::as_str);
        let mut names: Vec<Cow<'_, str>> = events.chain(detect).map(Cow::Borrowed).collect();
        for scheme in self.scheme.iter() {
            let clock = scheme.timestamp.as_ref().map(|clock| &clock.from);
            let signature: &[_] = if self.shared_header { &[] } else { &scheme.signature };
            let places =
                signature.iter().chain(clock).chain(scheme.id.as_ref()).chain(&scheme.requires);
            for name in
                places.filter_map(ValueLocation::header_name).filter(|name| !is_common(name))
            {
                names.extend(scheme.alias(name).map(Cow::Owned));
                names.push(Cow::Borrowed(name));
            }
        }
        let mut found: Vec<&str> = Vec::new();
        for header in &head.headers {
            let is_own = names.iter().any(|name| header.is(name)) || self.is_user_agent(header);
            if is_own && !found.iter().any(|known| header.is(known)) {
                found.push(header.name.as_str());
            }
        }
        found
    }

    /// Returns the names of all headers, in lower case, that may identify the sender, apart from
    /// `User-Agent`.
    pub(crate) fn telling_headers(&self) -> Vec<String> {
        let events = self.event.kind.iter().chain(&self.event.id).flat_map(EventValue::places);
        let schemes = self.scheme.iter().flat_map(|scheme| {
            let clock = scheme.timestamp.as_ref().map(|clock| &clock.from);
            let places = scheme.signature.iter().chain(clock).chain(&scheme.id);
            let names = places.chain(&scheme.requires).filter_map(ValueLocation::header_name);
            names.flat_map(|name| [Some(name.to_owned()), scheme.alias(name)])
        });
        let detect = self.detect_headers.iter().cloned();
        let events = events.filter_map(ValueLocation::header_name).map(str::to_owned);
        let all = events.chain(detect).chain(schemes.flatten());
        all.map(|name| name.to_ascii_lowercase()).collect()
    }

    /// Returns whether requests are recognized by their `User-Agent`.
    pub(crate) fn has_user_agent(&self) -> bool {
        self.user_agent.is_some()
    }

    /// Returns whether a header is the `User-Agent` of this provider.
    fn is_user_agent(&self, header: &Header) -> bool {
        self.user_agent.is_some() && header.is("user-agent") && self.has_agent(&header.text())
    }

    /// Returns whether the value of a `User-Agent` is that of this provider.
    pub(crate) fn has_agent(&self, value: &str) -> bool {
        let Some(start) = &self.user_agent else { return false };
        value.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
    }

    /// Returns whether a delivery has the fields that identify the provider; none if it has no such
    /// fields.
    pub fn has_detect_fields(&self, values: &RequestValues<'_>) -> Option<bool> {
        let fields = Some(&self.detect_fields).filter(|fields| !fields.is_empty())?;
        Some(fields.iter().all(|field| field.holds_in(values)))
    }

    /// Counts the places of the event's type and id that have no value.
    pub fn absent_places(&self, values: &RequestValues<'_>) -> usize {
        let all = self.event.kind.iter().chain(&self.event.id).flat_map(EventValue::places);
        all.filter(|place| values.find(place).is_none()).count()
    }

    /// Returns the number of events in a delivery, if its type is that of the first of several.
    pub fn batch_size(&self, values: &RequestValues<'_>) -> Option<usize> {
        let mut places = self.event.kind.iter().flat_map(EventValue::places);
        let is_in_array =
            |place: &ValueLocation| place.body_pointer().is_some_and(|path| path.contains("/0/"));
        if !places.clone().any(is_in_array) {
            return None;
        }
        let path = places.find(|place| values.find(place).is_some())?.body_pointer()?;
        let (array, _) = path.split_once("/0/")?;
        Some(values.items(array)).filter(|count| *count > 1)
    }

    /// Returns the address that a handshake asks the user to open, and whether its host is one of
    /// the provider's.
    pub fn link(&self, head: &Head, body: &[u8]) -> Option<(String, &HandshakeLink)> {
        let event = EventRef::default();
        let filling = Filling::new(head, body, &event, &self.name);
        let handshake = self.handshakes.iter().find(|one| one.is(&filling))?;
        let link = handshake.link.as_ref()?;
        Some((link.from.0.find(&filling)?, link))
    }

    /// Returns whether signatures can only be in the query, where any sender may put them.
    pub fn is_signed_in_query(&self) -> bool {
        let mut places = self.scheme.iter().flat_map(|scheme| &scheme.signature);
        places.all(|place| matches!(place, ValueLocation::Query(_)))
    }

    /// Returns the headers that carry the signature. Shared copies leave them out.
    pub fn signature_headers(&self) -> Vec<&str> {
        self.scheme.iter().flat_map(Scheme::signature_headers).collect()
    }
}

impl ProviderError {
    /// Creates the error of an unknown name, with a similar one of the known names.
    pub fn unknown(name: &str, known: &[&str]) -> Self {
        let hint = match nearest(name, known.iter().copied()) {
            Some(known) => format!(": did you mean `{known}`?"),
            None => ";".to_owned(),
        };
        Self::Unknown { name: name.to_owned(), hint }
    }
}

/// Returns the names of the providers whose deliveries of one event have the same id, because they
/// describe one service or one family of services.
pub fn same_service(name: &str) -> Cow<'_, [&str]> {
    static SERVICES: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
        let related = |name| names().filter(move |other| root_of(other) == root_of(name));
        names().map(|name| (name, related(name).collect())).collect()
    });
    match SERVICES.get(name) {
        Some(names) => Cow::Borrowed(names),
        None => Cow::Owned(vec![name]),
    }
}

fn root_of(name: &str) -> &str {
    let parent = |name: &&str| FILES.iter().find(|file| file.name == *name)?.parent;
    std::iter::successors(Some(name), parent).take(4).last().unwrap_or(name)
}

/// Returns whether several services use a header of this name.
fn is_common(name: &str) -> bool {
    const COMMON: [&str; 13] = [
        "authorization",
        "idempotency-key",
        "request-id",
        "x-delivery-id",
        "x-event-id",
        "x-event-name",
        "x-event-type",
        "x-request-id",
        "x-timestamp",
        "x-topic",
        "x-webhook-event",
        "x-webhook-id",
        "user-agent",
    ];
    COMMON.iter().any(|common| name.eq_ignore_ascii_case(common))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Header;

    #[test]
    fn every_file_parses() {
        for name in names() {
            assert_eq!(Provider::named(name).unwrap().name, *name);
        }
    }

    #[test]
    fn an_unknown_name_suggests_a_similar_one() {
        let error = Provider::named("crribbly").unwrap_err().to_string();
        assert!(error.contains("`crribbly`: did you mean `cribbly`?"), "{error}");
    }

    #[test]
    fn listed_parents_are_those_in_the_files() {
        for File { name, parent, .. } in FILES {
            let read = Provider::named(name).unwrap();
            assert_eq!(read.weaker_than.or(read.alias_of).as_deref(), *parent, "{name}");
        }
    }

    #[test]
    fn relatives_are_the_same_service() {
        assert_eq!(same_service("github-sha1"), same_service("github"));
        assert_eq!(*same_service("stripe"), ["stripe"]);
        assert_eq!(*same_service("nobody"), ["nobody"]);
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
