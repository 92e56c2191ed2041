//! Type and id of an event from the places where most services put them.

use super::{RequestValues, ValueLocation};
use crate::delivery::{EventRef, Head};

/// Headers with an event type.
const TYPE_HEADERS: [&str; 4] =
    ["ce-type", "x-amz-sns-message-type", "x-goog-resource-state", "event-type"];

/// Endings of headers with an event type; the headers start with `x-`.
const TYPE_ENDINGS: [&str; 4] = ["-event", "-event-type", "-event-name", "-topic"];

/// Headers with an id.
const ID_HEADERS: [&str; 3] = ["ce-id", "x-amz-sns-message-id", "x-goog-message-number"];

/// Endings of headers with an id; the headers start with `x-`.
const ID_ENDINGS: [&str; 3] = ["-delivery", "-delivery-id", "-event-id"];

/// Fields of a JSON body with an event type; those of a batch come last.
const TYPES: [&str; 12] = [
    "/type",
    "/Type",
    "/event_name",
    "/eventName",
    "/event_type",
    "/eventType",
    "/event",
    "/event/type",
    "/topic",
    "/action",
    "/0/type",
    "/0/event",
];

/// Fields of a JSON body with an id.
const IDS: [&str; 9] = [
    "/event_id",
    "/eventId",
    "/id",
    "/Id",
    "/MessageId",
    "/event/id",
    "/message/messageId",
    "/0/id",
    "/0/event_id",
];

/// Returns the JSON pointers that are read from the bodies of unknown senders.
pub fn common_pointers() -> impl Iterator<Item = String> {
    TYPES.into_iter().chain(IDS).map(str::to_owned)
}

/// A value of a request, and where it is.
pub(super) type Located = (ValueLocation, String);

/// Returns type and id of the event of an unknown sender. They are guesses.
pub fn common_event(values: &RequestValues<'_>) -> EventRef {
    let (kind, id) = common_places(values);
    EventRef { event_type: kind.map(|(_, text)| text), id: id.map(|(_, text)| text) }
}

/// Returns where type and id of an unknown sender's event seem to be.
pub fn common_places(values: &RequestValues<'_>) -> (Option<Located>, Option<Located>) {
    let field = |paths: &[&str]| {
        let mut found = paths.iter().filter_map(|path| {
            let place = ValueLocation::Json((*path).to_owned());
            let text = values.find(&place)?;
            Some((place, text))
        });
        found.find(|(_, text)| is_name(text))
    };
    let head = values.head();
    (
        header(head, &TYPE_HEADERS, &TYPE_ENDINGS).or_else(|| field(&TYPES)),
        header(head, &ID_HEADERS, &ID_ENDINGS).or_else(|| field(&IDS)),
    )
}

fn header(head: &Head, names: &[&str], endings: &[&str]) -> Option<Located> {
    let is_meant = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.starts_with("x-") && endings.iter().any(|ending| name.ends_with(ending))
    };
    let ending = || head.headers.iter().find(|header| is_meant(&header.name));
    let exact = names.iter().find(|name| head.values(name).next().is_some());
    let name = exact.map(|name| (*name).to_owned());
    let name = name.or_else(|| Some(ending()?.name.to_ascii_lowercase()))?;
    let text = head.joined_text(&name).filter(|text| is_name(text))?;
    Some((ValueLocation::Header(name), text))
}

/// Returns whether a text can be a type or an id, and not prose or markup.
fn is_name(text: &str) -> bool {
    (1..=200).contains(&text.len()) && !text.contains(char::is_control)
}
