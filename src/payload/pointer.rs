//! Follows one JSON pointer (RFC 6901) through a body without building the rest.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The string, number or boolean that stands at `path`, as text.
///
/// Nothing where the body is not JSON, or where there is nothing, null or a container. Of
/// repeated keys the last counts, as in the parsers of the receivers.
pub fn lookup(body: &[u8], path: &str) -> Option<String> {
    let steps: Vec<String> =
        path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    let mut json = serde_json::Deserializer::from_slice(body);
    let found = Follow { steps: &steps }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    found
}

struct Follow<'s> {
    steps: &'s [String],
}

impl<'de> DeserializeSeed<'de> for Follow<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Follow<'_> {
    /// A scalar is an answer only where the path ends.
    fn scalar(&self, text: impl Into<String>) -> Option<String> {
        self.steps.is_empty().then(|| text.into())
    }
}

impl<'de> Visitor<'de> for Follow<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.scalar(text))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(self.scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(self.scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(self.scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(self.scalar(value.to_string()))
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
    use super::lookup;

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
}
