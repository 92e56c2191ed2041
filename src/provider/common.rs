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
const TYPES: [&str; 9] = [
    "/type",
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
const IDS: [&str; 7] =
    ["/event_id", "/eventId", "/id", "/event/id", "/message/messageId", "/0/id", "/0/event_id"];

/// Returns the JSON pointers that are read from the bodies of unknown senders.
pub fn common_pointers() -> impl Iterator<Item = String> {
    TYPES.into_iter().chain(IDS).map(str::to_owned)
}

/// Returns type and id of the event of an unknown sender.
pub fn common_event(values: &RequestValues<'_>) -> EventRef {
    let field = |paths: &[&str]| {
        let mut found =
            paths.iter().filter_map(|path| values.find(&ValueLocation::Json((*path).to_owned())));
        found.find(|text| is_name(text))
    };
    let head = values.head();
    EventRef {
        event_type: header(head, &TYPE_HEADERS, &TYPE_ENDINGS).or_else(|| field(&TYPES)),
        id: header(head, &ID_HEADERS, &ID_ENDINGS).or_else(|| field(&IDS)),
    }
}

fn header(head: &Head, names: &[&str], endings: &[&str]) -> Option<String> {
    let exact = names.iter().find_map(|name| head.joined_text(name));
    let ending = || {
        let is_meant = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.starts_with("x-") && endings.iter().any(|ending| name.ends_with(ending))
        };
        let found = head.headers.iter().find(|header| is_meant(&header.name))?;
        Some(found.text().into_owned())
    };
    exact.or_else(ending).filter(|text| is_name(text))
}

/// Returns whether a text can be a type or an id, and not prose or markup.
fn is_name(text: &str) -> bool {
    (1..=200).contains(&text.len()) && !text.contains(char::is_control)
}
