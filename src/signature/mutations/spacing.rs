//! JSON re-serialized with other spacing, or with its keys in another order.

use serde::Deserialize as _;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::payload::json::{Lexer, TokenKind};

/// Text after a comma, text after a colon, and indentation per level.
pub(super) type Style = (&'static str, &'static str, Option<&'static str>);

pub(super) const STYLES: [Style; 5] = [
    ("", "", None),
    (" ", " ", None),
    ("", " ", Some("  ")),
    ("", " ", Some("    ")),
    ("", " ", Some("\t")),
];

/// Writes the same tokens with other white space between them; `None` if one is invalid.
pub(super) fn restyled(text: &str, (comma, colon, indent): Style) -> Option<String> {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut tokens = Lexer::new(text.as_bytes()).peekable();
    let line = |out: &mut String, depth: usize| {
        if let Some(indent) = indent {
            out.push('\n');
            (0..depth).for_each(|_| out.push_str(indent));
        }
    };
    while let Some(token) = tokens.next() {
        let token = token.ok()?;
        let closes = matches!(token.kind, TokenKind::ObjectEnd | TokenKind::ArrayEnd);
        if closes {
            depth = depth.saturating_sub(1);
            if !out.ends_with(['{', '[']) {
                line(&mut out, depth);
            }
        }
        out.push_str(text.get(token.range())?);
        match token.kind {
            TokenKind::ObjectStart | TokenKind::ArrayStart => {
                depth += 1;
                let next = tokens.peek().and_then(|next| next.as_ref().ok()).map(|next| next.kind);
                if !matches!(next, Some(TokenKind::ObjectEnd | TokenKind::ArrayEnd)) {
                    line(&mut out, depth);
                }
            }
            TokenKind::Comma => {
                out.push_str(comma);
                line(&mut out, depth);
            }
            TokenKind::Colon => out.push_str(colon),
            _ => {}
        }
    }
    Some(out)
}

/// Largest number of keys of an object whose orders are all tried.
const MAX_PERMUTED_KEYS: usize = 6;

/// Returns the members of an object, key and value as they were sent; `None` for anything else.
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

fn write_object(members: &[(&str, &str)], (comma, colon): (&str, &str)) -> String {
    let items: Vec<String> =
        members.iter().map(|(key, value)| format!("{key}{colon}{value}")).collect();
    format!("{{{}}}", items.join(&format!(",{comma}")))
}

/// Writes the text compactly with the keys of every object sorted.
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
    Some(write_object(&members, ("", ":")))
}

/// Tries the outermost object with its keys in other orders, until one is accepted.
pub(super) fn orders(text: &str, spaced: bool, accept: &mut dyn FnMut(&str) -> bool) -> bool {
    let Some(mut members) = members(text).filter(|members| members.len() <= MAX_PERMUTED_KEYS)
    else {
        return false;
    };
    let spacing = if spaced { (" ", " ") } else { ("", "") };
    // Heap's algorithm without recursion; `swaps` counts per position.
    let mut swaps = vec![0; members.len()];
    let mut at = 0;
    while at < members.len() {
        let Some(count) = swaps.get_mut(at) else { break };
        if *count < at {
            let other = if at % 2 == 0 { 0 } else { *count };
            *count += 1;
            members.swap(other, at);
            if accept(&write_object(&members, spacing)) {
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
    fn spaces_json_like_common_writers() {
        let text = "{ \"a\\\"b\" : [1, {} ,\"x, y\"] }";
        let styles = STYLES.map(|style| restyled(text, style).unwrap());
        assert_eq!(styles[0], r#"{"a\"b":[1,{},"x, y"]}"#);
        assert_eq!(styles[1], r#"{"a\"b": [1, {}, "x, y"]}"#);
        assert_eq!(styles[2], "{\n  \"a\\\"b\": [\n    1,\n    {},\n    \"x, y\"\n  ]\n}");
    }

    #[test]
    fn rejects_text_that_is_not_json() {
        assert_eq!(restyled("{ \"a", STYLES[0]), None);
    }

    #[test]
    fn sorts_keys_at_every_depth() {
        let text = r#" {"b":[{"d":1.0,"c":2}], "a":"x"} "#;
        assert_eq!(sorted(text).unwrap(), r#"{"a":"x","b":[{"c":2,"d":1.0}]}"#);
        assert_eq!(sorted("12"), None);
    }

    #[test]
    fn tries_every_order_once() {
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
