//! Location of a value in a request.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use crate::delivery::{Head, header_text};
use crate::payload::{form, pointer, xml_path};

/// Location of a value: `header:NAME`, `query:NAME`, `json:/pointer` (RFC 6901) in the body,
/// `form:FIELD` in a form body, `xml:/path` in an XML body, or `pair:KEY` in the signature header.
///
/// A `#/pointer` after a JSON pointer or a form field continues in the JSON of that text. In a JSON
/// pointer, `*` means each item of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueLocation {
    Header(String),
    Query(String),
    Json(String),
    Form(String),
    Xml(String),
    Pair(String),
}

impl ValueLocation {
    /// Returns the name of the header, if the value is in one.
    pub fn header_name(&self) -> Option<&str> {
        match self {
            Self::Header(name) => Some(name),
            Self::Query(_) | Self::Json(_) | Self::Form(_) | Self::Xml(_) | Self::Pair(_) => None,
        }
    }

    /// Returns the value in a request; `pair:` values are found by their scheme only.
    pub fn find(&self, head: &Head, body: &[u8]) -> Option<String> {
        match self {
            Self::Header(name) => {
                let value = head.joined(name)?;
                Some(header_text(&value).into_owned())
            }
            Self::Query(name) => {
                let target = head.target_text();
                let (_, query) = target.split_once('?')?;
                form::field(query.as_bytes(), name)
            }
            Self::Json(path) => {
                let (outer, inner) = split(path);
                within(pointer::lookup(body, &first_item(outer))?, inner)
            }
            Self::Form(field) => {
                let (name, inner) = split(field);
                let kind = head.joined_text("content-type").unwrap_or_default();
                // JSON may hold `&` and `=`, but is not a form.
                let is_json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
                if is_json {
                    return None;
                }
                within(form::field_as(&kind, body, name)?, inner)
            }
            Self::Xml(path) => xml_path::lookup(body, path),
            Self::Pair(_) => None,
        }
    }

    /// Returns the JSON pointer into the body; none for other locations.
    pub(crate) fn body_pointer(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Json(path) => Some(first_item(split(path).0)),
            Self::Header(_) | Self::Query(_) | Self::Form(_) | Self::Xml(_) | Self::Pair(_) => None,
        }
    }

    /// Returns the name of a form field; none for other locations.
    pub(crate) fn form_field(&self) -> Option<&str> {
        match self {
            Self::Form(field) => Some(split(field).0),
            Self::Header(_) | Self::Query(_) | Self::Json(_) | Self::Xml(_) | Self::Pair(_) => None,
        }
    }

    /// Returns the value in the text of a field, or of the value at [`Self::body_pointer`].
    pub(crate) fn find_after(&self, outer: String) -> Option<String> {
        match self {
            Self::Json(path) | Self::Form(path) => within(outer, split(path).1),
            Self::Header(_) | Self::Query(_) | Self::Xml(_) | Self::Pair(_) => Some(outer),
        }
    }

    /// Returns the pointer of the array whose items are meant by `*`.
    pub(super) fn array(&self) -> Option<&str> {
        let Self::Json(path) = self else { return None };
        let at = path.find(EACH_INSIDE).or_else(|| path.ends_with("/*").then(|| path.len() - 2))?;
        path.get(..at)
    }

    /// Returns the location with an index in place of `*`; without one, the location relative to
    /// the item.
    pub(super) fn at_item(&self, index: Option<usize>) -> Self {
        let Some(array) = self.array() else { return self.clone() };
        let Self::Json(path) = self else { return self.clone() };
        let rest = path.get(array.len() + 2..).unwrap_or_default();
        Self::Json(match index {
            Some(index) => format!("{array}/{index}{rest}"),
            None => rest.to_owned(),
        })
    }
}

/// Step of a pointer that means each item.
const EACH_INSIDE: &str = "/*/";

/// Splits a location before the pointer into its text.
fn split(place: &str) -> (&str, Option<&str>) {
    match place.find("#/").and_then(|at| Some((place.get(..at)?, place.get(at + 1..)?))) {
        Some((outer, inner)) => (outer, Some(inner)),
        None => (place, None),
    }
}

fn within(text: String, inner: Option<&str>) -> Option<String> {
    match inner {
        Some(path) => pointer::lookup(text.as_bytes(), path),
        None => Some(text),
    }
}

fn first_item(path: &str) -> Cow<'_, str> {
    if !path.contains("/*") {
        return Cow::Borrowed(path);
    }
    let first = path.replace(EACH_INSIDE, "/0/");
    let whole = first.strip_suffix("/*").map(|array| format!("{array}/0"));
    Cow::Owned(whole.unwrap_or(first))
}

/// A text that is not the place of a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid place `{0}`: expected `header:NAME`, `query:NAME`, `json:/pointer`, `form:FIELD`, `xml:/path`, or `pair:KEY`"
)]
pub struct InvalidLocation(String);

impl FromStr for ValueLocation {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        match text.split_once(':') {
            Some(("header", name)) if !name.is_empty() => Ok(Self::Header(name.to_owned())),
            Some(("query", name)) if !name.is_empty() => Ok(Self::Query(name.to_owned())),
            Some(("json", path)) if path.starts_with('/') => Ok(Self::Json(path.to_owned())),
            Some(("form", field)) if !field.is_empty() => Ok(Self::Form(field.to_owned())),
            Some(("xml", path)) if path.starts_with('/') => Ok(Self::Xml(path.to_owned())),
            Some(("pair", key)) if !key.is_empty() => Ok(Self::Pair(key.to_owned())),
            _ => Err(InvalidLocation(text.to_owned())),
        }
    }
}

impl<'de> Deserialize<'de> for ValueLocation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Deserializes one value or an array of values, each from its text.
pub(super) fn one_or_more<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a place, or an array of places")]
    enum Texts {
        One(String),
        More(Vec<String>),
    }
    let texts = match Texts::deserialize(deserializer)? {
        Texts::One(text) => vec![text],
        Texts::More(texts) if texts.is_empty() => {
            return Err(de::Error::custom("expected at least one place"));
        }
        Texts::More(texts) => texts,
    };
    let read = |text: String| T::deserialize(de::value::StringDeserializer::<D::Error>::new(text));
    texts.into_iter().map(read).collect()
}

impl fmt::Display for ValueLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => f.write_str(name),
            Self::Query(name) => write!(f, "{name} of the query"),
            Self::Json(path) => write!(f, "{path} of the body"),
            Self::Form(field) => write!(f, "{field} of the form"),
            Self::Xml(path) => write!(f, "{path} of the XML"),
            Self::Pair(key) => write!(f, "{key}= of the signature header"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Header;

    fn find(place: &str, kind: &str, body: &str) -> Option<String> {
        let head =
            Head::build("POST", "/in?a=1&b=x%20y", &[Header::new("Content-Type", kind.to_owned())]);
        place.parse::<ValueLocation>().unwrap().find(&head, body.as_bytes())
    }

    #[test]
    fn finds_a_value_of_the_query() {
        assert_eq!(find("query:b", "", "").as_deref(), Some("x y"));
    }

    #[test]
    fn follows_a_pointer_into_the_json_of_a_form_field() {
        let body = "payload=%7B%22type%22%3A%22block_actions%22%7D";
        assert_eq!(find("form:payload#/type", "", body).as_deref(), Some("block_actions"));
    }

    #[test]
    fn follows_a_pointer_into_json_in_a_string() {
        let body = r#"{"Message":"{\"eventType\":\"Bounce\"}"}"#;
        assert_eq!(find("json:/Message#/eventType", "", body).as_deref(), Some("Bounce"));
    }

    #[test]
    fn finds_a_field_of_a_multipart_form() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nabc\r\n--x--\r\n";
        let kind = "multipart/form-data; boundary=x";
        assert_eq!(find("form:token", kind, body).as_deref(), Some("abc"));
    }

    #[test]
    fn a_star_is_replaced_by_an_index() {
        let place: ValueLocation = "json:/items/*/a/b".parse().unwrap();
        assert_eq!(place.array(), Some("/items"));
        assert_eq!(place.at_item(Some(2)), ValueLocation::Json("/items/2/a/b".to_owned()));
        assert_eq!(place.at_item(None), ValueLocation::Json("/a/b".to_owned()));
    }
}
