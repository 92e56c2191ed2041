//! Paths into a JSON body, which find the original text of a value.

use std::borrow::Cow;
use std::fmt;

use crate::payload::{derived, path};

/// Keys and indexes from the root of a body; a number is an index if it is used on an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonPath(pub(super) Vec<String>);

impl JsonPath {
    /// Returns the text of the value as sent; `None` if the body is not JSON or has no such value.
    /// Of repeated keys the last counts, as in the parsers of receivers. Strings that carry JSON,
    /// such as base64, are decoded.
    pub(super) fn find<'b>(&self, body: &'b [u8]) -> Option<Cow<'b, str>> {
        derived::raw_through(body, &self.0)
    }

    /// Returns the steps to values that may be strings that carry JSON: all but the last one.
    pub(super) fn outer(&self) -> &[String] {
        self.0.split_last().map_or(&[], |(_, outer)| outer)
    }
}

/// Returns whether a JSON value is empty: null, or an empty string, array, or object.
pub(super) fn is_empty(raw: &str) -> bool {
    let inside = |open, close| {
        raw.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close)).map(str::trim)
    };
    raw == "null" || raw == "\"\"" || inside('[', ']') == Some("") || inside('{', '}') == Some("")
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|key| path::write_step(f, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(body: &str, path: &[&str]) -> Option<String> {
        let found = JsonPath(path.iter().map(ToString::to_string).collect()).find(body.as_bytes());
        found.map(Cow::into_owned)
    }

    #[test]
    fn finds_the_text_as_it_was_sent() {
        let body =
            r#" {"a":[{"b/c":"x\u00e9"},1.50, 12345678901234567890 ,null],"":{ "k" : [ ] }} "#;
        assert_eq!(find(body, &["a", "0", "b/c"]).as_deref(), Some(r#""x\u00e9""#));
        assert_eq!(find(body, &["a", "1"]).as_deref(), Some("1.50"));
        assert_eq!(find(body, &["a", "2"]).as_deref(), Some("12345678901234567890"));
        assert_eq!(find(body, &["a", "3"]).as_deref(), Some("null"));
        assert_eq!(find(body, &["", "k"]).as_deref(), Some("[ ]"));
        for absent in [&["a", "4"][..], &["b"], &["a", "1", "x"], &["a", "3", "x"], &["a", "x"]] {
            assert_eq!(find(body, absent), None, "{absent:?}");
        }
    }

    #[test]
    fn the_last_repeated_key_counts_and_invalid_json_is_refused() {
        assert_eq!(find(r#"{"a":1,"a":2}"#, &["a"]).as_deref(), Some("2"));
        assert_eq!(find(r#"{"a":1} x"#, &["a"]), None);
        assert_eq!(JsonPath(vec!["a".to_owned()]).find(b"{\"a\":\"\xff\"}"), None);
        let deep = format!(r#"{{"a":1,"b":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
        assert_eq!(find(&deep, &["a"]).as_deref(), Some("1"));
    }

    #[test]
    fn distinguishes_empty_values() {
        for empty in ["null", r#""""#, "[]", "{ }", "[\n]"] {
            assert!(is_empty(empty), "{empty}");
        }
        for full in ["0", "false", r#"" ""#, "[0]", r#"{"a":1}"#] {
            assert!(!is_empty(full), "{full}");
        }
    }
}
