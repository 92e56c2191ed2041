//! JSON written again with another spacing, or with its keys in another order.

use serde::Deserialize as _;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How JSON is spaced: after a comma, after a colon, and how deep each level is indented.
pub(super) type Style = (&'static str, &'static str, Option<&'static str>);

pub(super) const STYLES: [Style; 5] = [
    ("", "", None),
    (" ", " ", None),
    ("", " ", Some("  ")),
    ("", " ", Some("    ")),
    ("", " ", Some("\t")),
];

/// The same tokens with other white space between them.
pub(super) fn restyled(text: &str, (comma, colon, indent): Style) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut letters = text.chars().filter_map(within_strings()).peekable();
    let line = |out: &mut String, depth: usize| {
        if let Some(indent) = indent {
            out.push('\n');
            (0..depth).for_each(|_| out.push_str(indent));
        }
    };
    while let Some((letter, quoted)) = letters.next() {
        if quoted {
            out.push(letter);
            continue;
        }
        let next_closes = matches!(letters.peek(), Some(('}' | ']', false)));
        match letter {
            '{' | '[' => {
                out.push(letter);
                depth += 1;
                if !next_closes {
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !out.ends_with(['{', '[']) {
                    line(&mut out, depth);
                }
                out.push(letter);
            }
            ',' => {
                out.push(',');
                out.push_str(comma);
                line(&mut out, depth);
            }
            ':' => {
                out.push(':');
                out.push_str(colon);
            }
            _ => out.push(letter),
        }
    }
    out
}

/// Drops white space between tokens, and tells which characters stand in strings.
fn within_strings() -> impl FnMut(char) -> Option<(char, bool)> {
    let (mut inside, mut after_backslash) = (false, false);
    move |letter| {
        let was_inside = inside;
        if inside {
            inside = after_backslash || letter != '"';
            after_backslash = !after_backslash && letter == '\\';
        } else if letter == '"' {
            inside = true;
        } else if letter.is_ascii_whitespace() {
            return None;
        }
        Some((letter, was_inside || letter == '"'))
    }
}

/// Objects of at most so many keys are tried in every order.
const PERMUTED: usize = 6;

/// The members of an object, key and value as they were sent; nothing if it is none.
fn members(text: &str) -> Option<Vec<(&str, &str)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(&'de str, &'de str)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut out = Vec::new();
            while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                out.push((key.get(), value.get()));
            }
            Ok(out)
        }
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let found = json.deserialize_map(Members).ok()?;
    json.end().ok()?;
    Some(found)
}

fn written(members: &[(&str, &str)], (comma, colon): (&str, &str)) -> String {
    let items: Vec<String> =
        members.iter().map(|(key, value)| format!("{key}{colon}{value}")).collect();
    format!("{{{}}}", items.join(&format!(",{comma}")))
}

/// The text with the keys of every object sorted, compact.
pub(super) fn sorted(text: &str) -> Option<String> {
    let text = text.trim();
    if text.starts_with('[') {
        let items = Vec::<&RawValue>::deserialize(&mut serde_json::Deserializer::from_str(text));
        let items: Vec<String> = items
            .ok()?
            .iter()
            .map(|item| sorted(item.get()).unwrap_or_else(|| item.get().to_owned()))
            .collect();
        return Some(format!("[{}]", items.join(",")));
    }
    let mut members: Vec<(&str, String)> = members(text)?
        .into_iter()
        .map(|(key, value)| (key, sorted(value).unwrap_or_else(|| value.to_owned())))
        .collect();
    members.sort_by_key(|(key, _)| *key);
    let members: Vec<(&str, &str)> =
        members.iter().map(|(key, value)| (*key, value.as_str())).collect();
    Some(written(&members, ("", ":")))
}

/// Tries the outermost object with its keys in other orders, until one will do.
pub(super) fn orders(text: &str, spaced: bool, will_do: &mut dyn FnMut(&str) -> bool) -> bool {
    let Some(mut members) = members(text).filter(|members| members.len() <= PERMUTED) else {
        return false;
    };
    let spacing = if spaced { (" ", " ") } else { ("", "") };
    // Heap's algorithm, without recursion: `at` counts the swaps of each place.
    let mut swaps = vec![0; members.len()];
    let mut at = 0;
    while at < members.len() {
        let Some(count) = swaps.get_mut(at) else { break };
        if *count < at {
            let other = if at % 2 == 0 { 0 } else { *count };
            *count += 1;
            members.swap(other, at);
            if will_do(&written(&members, spacing)) {
                return true;
            }
            at = 0;
        } else {
            *count = 0;
            at += 1;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_spaced_as_its_writers_do() {
        let text = "{ \"a\\\"b\" : [1, {} ,\"x, y\"] }";
        let styles = STYLES.map(|style| restyled(text, style));
        assert_eq!(styles[0], r#"{"a\"b":[1,{},"x, y"]}"#);
        assert_eq!(styles[1], r#"{"a\"b": [1, {}, "x, y"]}"#);
        assert_eq!(styles[2], "{\n  \"a\\\"b\": [\n    1,\n    {},\n    \"x, y\"\n  ]\n}");
    }

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let text = r#" {"b":[{"d":1.0,"c":2}], "a":"x"} "#;
        assert_eq!(sorted(text).unwrap(), r#"{"a":"x","b":[{"c":2,"d":1.0}]}"#);
        assert_eq!(sorted("12"), None);
    }

    #[test]
    fn every_order_is_tried_once() {
        let mut seen = std::collections::BTreeSet::new();
        let mut count = 0;
        orders(r#"{"a":1,"b":2,"c":3,"d":4}"#, false, &mut |text| {
            seen.insert(text.to_owned());
            count += 1;
            false
        });
        assert_eq!((seen.len(), count), (23, 23), "all but the first");
    }
}
