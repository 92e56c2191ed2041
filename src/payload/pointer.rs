//! Finds values in a JSON body by JSON pointer (RFC 6901), and replaces them in place.

use std::borrow::Cow;
use std::ops::Range;

use super::json::{JsonEvent, JsonReader, Token};

/// Returns the string, number, or boolean at a pointer as text; a number as it was sent.
///
/// `None` if the body is not JSON, or if null, a container, or no value is there.
pub fn lookup(body: &[u8], path: &str) -> Option<String> {
    let found = raw(body, &steps(path)).filter(|found| *found != "null")?;
    scalar(found).map(Cow::into_owned)
}

/// Returns the body with another string at a pointer; `None` if no string is there.
pub fn with_string(body: &[u8], path: &str, text: &str) -> Option<Vec<u8>> {
    let range = find(body, &steps(path))?;
    if body.get(range.start) != Some(&b'"') {
        return None;
    }
    let new = serde_json::to_string(text).ok()?;
    replaced(body, range, &new)
}

/// Returns the body with another scalar at a pointer: `text` is quoted if it replaces a string,
/// and written as it is if it replaces a number. `None` for anything else.
pub fn with_scalar(body: &[u8], path: &str, text: &str) -> Option<Vec<u8>> {
    let range = find(body, &steps(path))?;
    match body.get(range.start)? {
        b'"' => replaced(body, range, &serde_json::to_string(text).ok()?),
        b'-' | b'0'..=b'9' => replaced(body, range, text),
        _ => None,
    }
}

fn replaced(body: &[u8], range: Range<usize>, new: &str) -> Option<Vec<u8>> {
    Some([body.get(..range.start)?, new.as_bytes(), body.get(range.end..)?].concat())
}

/// Returns the keys and indexes of a pointer.
pub fn steps(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

/// Returns the JSON text of the value that keys and indexes lead to, as it was sent.
pub fn raw<'b>(body: &'b [u8], steps: &[String]) -> Option<&'b str> {
    std::str::from_utf8(body.get(find(body, steps)?)?).ok()
}

/// Returns the range of the value that keys and indexes lead to; `None` if the body is not JSON.
/// Of repeated keys the last counts, as in the parsers of the receivers.
pub fn find(body: &[u8], steps: &[String]) -> Option<Range<usize>> {
    let mut search =
        Search { body, steps, found: None, opened: None, matched: Vec::new(), key_matches: false };
    let mut reader = JsonReader::new(body);
    loop {
        let (depth, is_item) = (reader.depth(), reader.is_in_array());
        let Some(step) = reader.next() else { break };
        let (event, token) = step.ok()?;
        match event {
            JsonEvent::Key => search.key(depth, token),
            JsonEvent::Scalar | JsonEvent::Open => {
                search.value(depth, is_item, event == JsonEvent::Open, token);
            }
            JsonEvent::Close => search.close(reader.depth(), token),
        }
    }
    search.found
}

/// Returns the JSON texts of the items of the array at a pointer; empty if no array is there.
pub fn items<'b>(body: &'b [u8], path: &str) -> Vec<&'b [u8]> {
    let Some(range) = find(body, &steps(path)) else { return Vec::new() };
    let mut items = Vec::new();
    if body.get(range.start) != Some(&b'[') {
        return items;
    }
    let mut reader = JsonReader::within(body, range);
    let mut opened = None;
    loop {
        let depth = reader.depth();
        let Some(Ok((event, token))) = reader.next() else { break };
        match event {
            JsonEvent::Scalar if depth == 1 => items.extend(body.get(token.range())),
            JsonEvent::Open if depth == 1 => opened = Some(token.start),
            JsonEvent::Close if reader.depth() == 1 => {
                items.extend(opened.take().and_then(|start| body.get(start..token.end)));
            }
            JsonEvent::Scalar | JsonEvent::Open | JsonEvent::Close | JsonEvent::Key => {}
        }
    }
    items
}

struct Search<'b> {
    body: &'b [u8],
    steps: &'b [String],
    found: Option<Range<usize>>,
    /// Start of the container that is the value, while it is open.
    opened: Option<usize>,
    /// Of each open container that the steps lead through, the index of its next item.
    matched: Vec<usize>,
    /// The key just read is the next step.
    key_matches: bool,
}

impl Search<'_> {
    /// Returns the step that has to match in the container at a depth, if the steps lead there.
    fn next_step(&self, depth: usize) -> Option<&str> {
        let container = depth.checked_sub(1)?;
        (self.matched.len() == depth).then(|| self.steps.get(container))?.map(String::as_str)
    }

    fn key(&mut self, depth: usize, token: Token) {
        self.key_matches = self.next_step(depth).is_some_and(|step| {
            let inside = self.body.get(token.start + 1..token.end - 1).unwrap_or_default();
            if memchr::memchr(b'\\', inside).is_none() {
                return inside == step.as_bytes();
            }
            let quoted = self.body.get(token.range()).unwrap_or_default();
            serde_json::from_slice::<String>(quoted).is_ok_and(|key| key == step)
        });
    }

    fn value(&mut self, depth: usize, is_item: bool, opens: bool, token: Token) {
        if depth != 0 && !self.is_next(depth, is_item) {
            return;
        }
        // An earlier value of a repeated key no longer counts.
        self.found = None;
        match (depth == self.steps.len(), opens) {
            (true, true) => self.opened = Some(token.start),
            (true, false) => self.found = Some(token.range()),
            (false, true) => self.matched.push(0),
            (false, false) => {}
        }
    }

    fn is_next(&mut self, depth: usize, is_item: bool) -> bool {
        if !is_item {
            return self.matched.len() == depth && self.key_matches;
        }
        let wanted = self.next_step(depth).map(|step| step.parse().ok());
        let (Some(wanted), Some(next)) = (wanted, self.matched.last_mut()) else { return false };
        *next += 1;
        wanted == Some(*next - 1)
    }

    fn close(&mut self, depth: usize, token: Token) {
        if depth == self.steps.len()
            && let Some(start) = self.opened.take()
        {
            self.found = Some(start..token.end);
        }
        self.matched.truncate(depth);
    }
}

/// Returns the text of a string, number, boolean, or null; `None` for arrays and objects.
pub fn scalar(raw: &str) -> Option<Cow<'_, str>> {
    match raw.chars().next()? {
        '[' | '{' => None,
        // Half of a surrogate pair is valid JSON but not text; it stays escaped.
        '"' => Some(serde_json::from_str(raw).map_or(Cow::Borrowed(raw), Cow::<str>::Owned)),
        _ => Some(Cow::Borrowed(raw)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_string_is_replaced() {
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
    fn containers_are_found_completely() {
        let steps = |path: &str| steps(path);
        let body = br#" {"a":5,"b":[1,[2 ,{"c":[]}],[3]],"b2":[4]} "#;
        assert_eq!(raw(body, &steps("/a")), Some("5"));
        assert_eq!(raw(body, &steps("/b/1")), Some(r#"[2 ,{"c":[]}]"#));
        assert_eq!(raw(body, &steps("/b/1/1/c")), Some("[]"));
        assert_eq!(raw(body, &[]), Some(r#"{"a":5,"b":[1,[2 ,{"c":[]}],[3]],"b2":[4]}"#));
        assert_eq!(raw(br#"{"a":{"b":1},"a":{"c":2}}"#, &steps("/a/b")), None);
        assert_eq!(raw(br#"{"a":{"b":1},"a":{"b":2}}"#, &steps("/a/b")), Some("2"));
        assert_eq!(raw(br#"{"\u0061":1}"#, &steps("/a")), Some("1"));
    }

    #[test]
    fn items_of_an_array_are_found_completely() {
        let body = br#"{"a":[1, {"b":[2,3]} ,[],"x"],"c":4}"#;
        let items: Vec<&[u8]> = items(body, "/a");
        assert_eq!(items, [&b"1"[..], br#"{"b":[2,3]}"#, b"[]", br#""x""#]);
    }

    #[test]
    fn the_last_repeated_key_counts_and_invalid_json_is_refused() {
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
