//! The same JSON with its keys in another order.

use serde::Deserialize as _;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Accept;
use super::json::{SPACINGS, Spacing, plain};
use crate::signature::Cause;

/// Largest number of keys of an object whose orders are all tried.
const MAX_PERMUTED_KEYS: usize = 6;

/// Largest number of keys of an object whose keys are moved one at a time.
const MAX_MOVED_KEYS: usize = 16;

/// Most orders tried, over all spacings.
const MAX_ORDERS: usize = 2400;

/// Tries the JSON sorted in every spacing, then with the outermost keys in other orders.
pub(super) fn bodies(text: &str, accept: &mut Accept<'_>) -> bool {
    let mut accept_order = |how: &str, signed: &str| {
        let how = format_args!("the keys of the JSON were reordered; {how}");
        accept(Cause::BodyKeyOrder, how, signed.as_bytes())
    };
    let plain = plain(text);
    let mut bases = vec![text];
    if plain != text {
        bases.push(&plain);
    }
    for base in &bases {
        let Some(sorted) = sorted(base) else { return false };
        let mut styled = SPACINGS.into_iter().filter_map(|spacing| spacing.apply(&sorted, 0));
        if styled.any(|text| accept_order("they were signed sorted", &text)) {
            return true;
        }
    }
    // The received spacing is the likeliest.
    let mut spacings = SPACINGS.to_vec();
    spacings.sort_by_key(|spacing| spacing.apply(text, 0).as_deref() != Some(text.trim_end()));
    let mut left = MAX_ORDERS;
    spacings.into_iter().any(|spacing| {
        orders(text, spacing, &mut |signed| {
            left = left.saturating_sub(1);
            left > 0 && accept_order("they were signed in another order", signed)
        })
    })
}

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

/// Writes an object whose values are written already.
fn write_object(members: &[(&str, String)], spacing: Spacing) -> String {
    let mut out = String::from("{");
    for (at, (key, value)) in members.iter().enumerate() {
        if at > 0 {
            out.push_str(spacing.comma);
        }
        spacing.line(&mut out, 1, false);
        out.push_str(key);
        out.push_str(spacing.colon);
        out.push_str(value);
    }
    if !members.is_empty() {
        spacing.line(&mut out, 0, false);
    }
    out.push('}');
    out
}

/// Writes the text compactly with the keys of every object sorted.
fn sorted(text: &str) -> Option<String> {
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
    let [compact, ..] = SPACINGS;
    Some(write_object(&members, compact))
}

/// Returns true if two JSON texts differ in nothing but the order of keys, white space, and
/// escapes, and in the order of keys for certain.
pub(in crate::signature) fn is_reordered(one: &[u8], other: &[u8]) -> bool {
    let read = |bytes| std::str::from_utf8(bytes).ok().map(plain);
    let (Some(one), Some(other)) = (read(one), read(other)) else { return false };
    let [compact, ..] = SPACINGS;
    let written = |text: &str| compact.apply(text, 0);
    written(&one) != written(&other) && sorted(&one).is_some() && sorted(&one) == sorted(&other)
}

/// Tries the outermost object with its keys in other orders, until one is accepted.
fn orders(text: &str, spacing: Spacing, accept: &mut dyn FnMut(&str) -> bool) -> bool {
    let Some(members) = members(text) else { return false };
    let styled = |(key, value)| Some((key, spacing.apply(value, 1)?));
    let Some(mut members) = members.into_iter().map(styled).collect::<Option<Vec<_>>>() else {
        return false;
    };
    if members.len() > MAX_PERMUTED_KEYS {
        return moved(&members, spacing, accept);
    }
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

/// Tries an object with all keys reversed, then with one key moved or two swapped.
fn moved(
    members: &[(&str, String)],
    spacing: Spacing,
    accept: &mut dyn FnMut(&str) -> bool,
) -> bool {
    let reversed: Vec<_> = members.iter().rev().cloned().collect();
    if accept(&write_object(&reversed, spacing)) {
        return true;
    }
    let count = members.len();
    let mut pairs = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
    count <= MAX_MOVED_KEYS
        && pairs.any(|(from, to)| {
            let mut moved = members.to_vec();
            let member = moved.remove(from);
            moved.insert(to, member);
            let mut swapped = members.to_vec();
            swapped.swap(from, to);
            (from != to && accept(&write_object(&moved, spacing)))
                || (from < to && accept(&write_object(&swapped, spacing)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        orders(r#"{"a":1,"b":2,"c":3,"d":4}"#, SPACINGS[0], &mut |text| {
            seen.insert(text.to_owned());
            count += 1;
            false
        });
        assert_eq!((seen.len(), count), (23, 23), "all but the first");
    }

    #[test]
    fn writes_every_order_as_json() {
        let text = r#"{"a":1,"b":{"c":[2]}}"#;
        let mut written = Vec::new();
        for spacing in SPACINGS {
            orders(text, spacing, &mut |text| {
                written.push(text.to_owned());
                false
            });
        }
        assert_eq!(written[0], r#"{"b":{"c":[2]},"a":1}"#);
        assert_eq!(written[1], r#"{"b": {"c": [2]}, "a": 1}"#);
        assert_eq!(written[2], "{\n  \"b\": {\n    \"c\": [\n      2\n    ]\n  },\n  \"a\": 1\n}");
    }

    #[test]
    fn finds_the_signed_order_in_every_spacing() {
        let (received, signed) = (r#"{"a":1,"b":2,"c":3}"#, r#"{"c": 3, "a": 1, "b": 2}"#);
        assert!(bodies(received, &mut |_, _, text| text == signed.as_bytes()));
    }

    #[test]
    fn finds_one_moved_key_among_many() {
        let text = |keys: &str| {
            let keys: Vec<String> = keys.chars().map(|key| format!("\"{key}\":1")).collect();
            format!("{{{}}}", keys.join(","))
        };
        let signed = text("hbcdefgia");
        assert!(bodies(&text("bcdefghia"), &mut |_, _, text| text == signed.as_bytes()));
    }
}
