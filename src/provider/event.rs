//! Places of an event's type, id, object, and time.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::template::{self, OldSpelling, Piece, Unclosed};
use super::value_location::one_or_more;
use super::{InvalidLocation, RequestValues, ValueLocation};
use crate::delivery::EventRef;
use crate::payload::pointer_set::PointerSet;

/// Maximum size of a value. The list, its index, and the store keep types and ids of all deliveries, so
/// that senders must not choose how much memory these take.
pub(crate) const MAX_VALUE: usize = 1 << 10;

/// Places of an event; the first one with a value counts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventPlaces {
    #[serde(default, rename = "type", deserialize_with = "one_or_more")]
    pub(super) kind: Vec<EventValue>,
    /// Id of the event: all its deliveries have it, and no others.
    #[serde(default, deserialize_with = "one_or_more")]
    pub(super) id: Vec<EventValue>,
    /// Id of the object the event is about, which later events about it carry as well.
    #[serde(default, deserialize_with = "one_or_more")]
    pub(super) object: Vec<EventValue>,
    /// Time of the state that the event describes.
    #[serde(default, deserialize_with = "one_or_more")]
    pub(super) time: Vec<EventValue>,
}

/// A place, or a text composed of several places: `{{json:/eventCode}}:{{json:/pspReference}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventValue {
    Place(ValueLocation),
    /// All of its places must have a value.
    Composed(Vec<EventPart>),
}

/// A part of a composed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventPart {
    Text(String),
    Place(ValueLocation),
}

impl EventValue {
    /// Iterates over the places that the value is read from.
    pub fn places(&self) -> impl Iterator<Item = &ValueLocation> + Clone {
        let (one, parts) = match self {
            Self::Place(place) => (Some(place), [].as_slice()),
            Self::Composed(parts) => (None, parts.as_slice()),
        };
        one.into_iter().chain(parts.iter().filter_map(|part| match part {
            EventPart::Place(place) => Some(place),
            EventPart::Text(_) => None,
        }))
    }

    fn find(&self, values: &RequestValues<'_>) -> Option<String> {
        let found = match self {
            Self::Place(place) => values.find(place)?,
            Self::Composed(parts) => {
                let part = |part: &EventPart| match part {
                    EventPart::Text(text) => Some(text.clone()),
                    EventPart::Place(place) => values.find(place),
                };
                parts.iter().map(part).collect::<Option<String>>()?
            }
        };
        Some(found).filter(|found| (1..=MAX_VALUE).contains(&found.len()))
    }
}

impl fmt::Display for EventValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(place) => write!(f, "{place}"),
            Self::Composed(parts) => {
                let places = parts.iter().filter_map(|part| match part {
                    EventPart::Place(place) => Some(place.to_string()),
                    EventPart::Text(_) => None,
                });
                f.write_str(&places.collect::<Vec<_>>().join(" with "))
            }
        }
    }
}

impl<'de> Deserialize<'de> for EventValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if !text.contains("{{") {
            return text.parse().map(Self::Place).map_err(de::Error::custom);
        }
        let pieces = template::pieces(&text, OldSpelling::None).map_err(|Unclosed { at }| {
            let open = text.get(at..).unwrap_or_default();
            de::Error::custom(format!("`{open}` is not closed"))
        })?;
        let part = |piece: &Piece<'_>| match *piece {
            Piece::Text(text) => Ok(EventPart::Text(text.to_owned())),
            Piece::Placeholder { name, .. } => name.parse().map(EventPart::Place),
        };
        let parts: Result<Vec<EventPart>, InvalidLocation> = pieces.iter().map(part).collect();
        parts.map(Self::Composed).map_err(de::Error::custom)
    }
}

/// Returns the first value found.
pub(super) fn first(list: &[EventValue], values: &RequestValues<'_>) -> Option<String> {
    list.iter().find_map(|value| value.find(values))
}

impl EventPlaces {
    pub(super) fn event(&self, values: &RequestValues<'_>) -> EventRef {
        EventRef { id: first(&self.id, values), event_type: first(&self.kind, values) }
    }
}

/// Collects the JSON pointers of values.
pub(super) fn pointers(values: &[&[EventValue]]) -> PointerSet {
    let places = values.iter().copied().flatten().flat_map(EventValue::places);
    PointerSet::new(places.filter_map(ValueLocation::body_pointer).map(Cow::into_owned))
}
