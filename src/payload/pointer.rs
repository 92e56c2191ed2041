//! Follows a path through a JSON body without building the rest.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The string, number or boolean that stands at a JSON pointer (RFC 6901), as text; a number as
/// it was sent.
///
/// Nothing where the body is not JSON, or where there is nothing, null or a container.
pub fn lookup(body: &[u8], path: &str) -> Option<String> {
    let found = raw(body, &steps(path)).filter(|found| *found != "null")?;
    scalar(found).map(Cow::into_owned)
}

/// The body with another string at a JSON pointer; nothing if no string stands there.
pub fn with_string(body: &[u8], path: &str, text: &str) -> Option<Vec<u8>> {
    let old = raw(body, &steps(path)).filter(|old| old.starts_with('"'))?;
    with(body, old, &serde_json::to_string(text).ok()?)
}

/// The body with another scalar at a JSON pointer: `text` quoted where a string stood, as it is
/// where a number did; nothing if neither stands there.
pub fn with_scalar(body: &[u8], path: &str, text: &str) -> Option<Vec<u8>> {
    let old = raw(body, &steps(path))?;
    match old.chars().next()? {
        '"' => with_string(body, path, text),
        '-' | '0'..='9' => with(body, old, text),
        _ => None,
    }
}

/// The body with other JSON text in the place of `old`, which is a part of it.
fn with(body: &[u8], old: &str, new: &str) -> Option<Vec<u8>> {
    // The difference of their places is the offset.
    let start = (old.as_ptr() as usize).checked_sub(body.as_ptr() as usize)?;
    Some([body.get(..start)?, new.as_bytes(), body.get(start + old.len()..)?].concat())
}

fn steps(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// The JSON text of the value that keys and indexes lead to, as it was sent. Of repeated keys the
/// last counts, as in the parsers of the receivers.
pub fn raw<'b>(body: &'b [u8], steps: &[String]) -> Option<&'b str> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let found = Follow { steps }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    found.map(RawValue::get)
}

/// The text of a string, number, boolean or null; nothing of arrays and objects.
pub fn scalar(raw: &str) -> Option<Cow<'_, str>> {
    match raw.chars().next()? {
        '[' | '{' => None,
        // Half of a surrogate pair is valid JSON and no text; then the escapes stand for it.
        '"' => Some(serde_json::from_str(raw).map_or(Cow::Borrowed(raw), Cow::<str>::Owned)),
        _ => Some(Cow::Borrowed(raw)),
    }
}

struct Follow<'s> {
    steps: &'s [String],
}

impl<'de> DeserializeSeed<'de> for Follow<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.steps.is_empty() {
            return <&RawValue>::deserialize(deserializer).map(Some);
        }
        deserializer.deserialize_any(self)
    }
}

/// A path ends at any scalar that it leads through, so those are all nothing.
impl<'de> Visitor<'de> for Follow<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            match self.steps.split_first() {
                Some((step, rest)) if *step == key => {
                    found = map.next_value_seed(Follow { steps: rest })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let wanted = self.steps.split_first().and_then(|(step, rest)| {
            let index: usize = step.parse().ok()?;
            Some((index, rest))
        });
        let mut found = None;
        for at in 0.. {
            match wanted {
                Some((index, rest)) if index == at => {
                    match items.next_element_seed(Follow { steps: rest })? {
                        Some(value) => found = value,
                        None => break,
                    }
                }
                _ => {
                    if items.next_element::<IgnoredAny>()?.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_replaced_and_nothing_else() {
        let body = br#"{ "a" : {"b":"old" , "c":1.0} }"#;
        let new = with_string(body, "/a/b", "n\"ew").unwrap();
        assert_eq!(new, br#"{ "a" : {"b":"n\"ew" , "c":1.0} }"#);
        assert_eq!(with_string(body, "/a/c", "x"), None);
        assert_eq!(with_string(body, "/a/d", "x"), None);
        assert_eq!(with_scalar(body, "/a/c", "27").unwrap(), br#"{ "a" : {"b":"old" , "c":27} }"#);
        assert_eq!(with_scalar(body, "/a/b", "27").unwrap(), br#"{ "a" : {"b":"27" , "c":1.0} }"#);
        assert_eq!(with_scalar(body, "/a", "27"), None);
    }

    #[test]
    fn follows_keys_indexes_and_escapes() {
        let body = br#"{"a":[{"b/c":"x"},7,true,null],"type":"t"}"#;
        assert_eq!(lookup(body, "/a/0/b~1c").as_deref(), Some("x"));
        assert_eq!(lookup(body, "/a/1").as_deref(), Some("7"));
        assert_eq!(lookup(body, "/a/2").as_deref(), Some("true"));
        assert_eq!(lookup(body, "/type").as_deref(), Some("t"));
        for absent in ["/a", "/a/3", "/a/9", "/b", "/type/x"] {
            assert_eq!(lookup(body, absent), None, "{absent}");
        }
    }

    #[test]
    fn takes_the_last_of_repeated_keys_and_refuses_what_is_not_json() {
        assert_eq!(lookup(br#"{"id":"1","id":"2"}"#, "/id").as_deref(), Some("2"));
        assert_eq!(lookup(br#"{"id":"1"} x"#, "/id"), None);
        assert_eq!(lookup(b"\xff", "/id"), None);
    }

    #[test]
    fn scalars_keep_their_text() {
        assert_eq!(lookup(b"[1.50]", "/0").as_deref(), Some("1.50"));
        assert_eq!(scalar(r#""\u00e9""#).as_deref(), Some("é"));
        assert_eq!(scalar(r#""\ud800""#).as_deref(), Some(r#""\ud800""#));
        assert_eq!((scalar("1.0").as_deref(), scalar("[1]")), (Some("1.0"), None));
    }
}
