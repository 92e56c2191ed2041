//! A path into a JSON body, and the original text that stands there.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::pattern::write_quoted;

/// Keys and indexes from the root of a body; a number is an index where an array stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<String>);

impl Path {
    /// The text of the value, as it was sent. Nothing where the body is not JSON or has no such
    /// value. Of repeated keys the last counts, as in the parsers of the receivers.
    pub(super) fn find<'b>(&self, body: &'b [u8]) -> Option<&'b str> {
        let mut json = serde_json::Deserializer::from_slice(body);
        let found = Follow { steps: &self.0 }.deserialize(&mut json).ok()?;
        json.end().ok()?;
        found.map(RawValue::get)
    }
}

/// Whether a JSON value holds nothing: null, or an empty string, array or object.
pub(super) fn is_empty(raw: &str) -> bool {
    let inside = |open, close| {
        raw.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close)).map(str::trim)
    };
    raw == "null" || raw == "\"\"" || inside('[', ']') == Some("") || inside('{', '}') == Some("")
}

/// The text of a string, number, boolean or null; nothing of arrays and objects.
pub(super) fn scalar(raw: &str) -> Option<Cow<'_, str>> {
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

/// Whether a key needs no quotes in a path.
fn is_simple(key: &str) -> bool {
    let simple = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
    !key.is_empty() && key.chars().all(simple)
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in &self.0 {
            f.write_str(".")?;
            if is_simple(key) {
                f.write_str(key)?;
            } else {
                write_quoted(f, key)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find<'b>(body: &'b str, path: &[&str]) -> Option<&'b str> {
        Path(path.iter().map(ToString::to_string).collect()).find(body.as_bytes())
    }

    #[test]
    fn finds_the_text_as_it_was_sent() {
        let body =
            r#" {"a":[{"b/c":"x\u00e9"},1.50, 12345678901234567890 ,null],"":{ "k" : [ ] }} "#;
        assert_eq!(find(body, &["a", "0", "b/c"]), Some(r#""x\u00e9""#));
        assert_eq!(find(body, &["a", "1"]), Some("1.50"));
        assert_eq!(find(body, &["a", "2"]), Some("12345678901234567890"));
        assert_eq!(find(body, &["a", "3"]), Some("null"));
        assert_eq!(find(body, &["", "k"]), Some("[ ]"));
        for absent in [&["a", "4"][..], &["b"], &["a", "1", "x"], &["a", "3", "x"], &["a", "x"]] {
            assert_eq!(find(body, absent), None, "{absent:?}");
        }
    }

    #[test]
    fn takes_the_last_of_repeated_keys_and_refuses_what_is_not_json() {
        assert_eq!(find(r#"{"a":1,"a":2}"#, &["a"]), Some("2"));
        assert_eq!(find(r#"{"a":1} x"#, &["a"]), None);
        assert_eq!(Path(vec!["a".to_owned()]).find(b"{\"a\":\"\xff\"}"), None);
        let deep = format!(r#"{{"a":1,"b":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
        assert_eq!(find(&deep, &["a"]), Some("1"));
    }

    #[test]
    fn knows_nothing_from_something() {
        for empty in ["null", r#""""#, "[]", "{ }", "[\n]"] {
            assert!(is_empty(empty), "{empty}");
        }
        for full in ["0", "false", r#"" ""#, "[0]", r#"{"a":1}"#] {
            assert!(!is_empty(full), "{full}");
        }
        assert_eq!(scalar(r#""\u00e9""#).as_deref(), Some("é"));
        assert_eq!(scalar(r#""\ud800""#).as_deref(), Some(r#""\ud800""#));
        assert_eq!((scalar("1.0").as_deref(), scalar("[1]")), (Some("1.0"), None));
    }
}
