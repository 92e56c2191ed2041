//! Replaces strings and numbers in JSON and keeps every other byte.

use crate::payload::json::{JsonEvent, JsonReader};

/// A key or scalar and its position.
pub(super) struct JsonToken<'t> {
    /// Keys and indexes that lead to it.
    pub(super) steps: &'t [String],
    /// Text as sent, including quotes.
    pub(super) raw: &'t str,
    pub(super) is_key: bool,
    /// Name next to it, as in `{"name":"API_SECRET","value":…}`.
    pub(super) label: Option<&'t str>,
}

/// Keys of a member whose text names the value next to it.
const LABELS: &[&str] = &["name", "key", "field", "variable"];

/// Maximum number of reported steps. No rule is that long, and hostile depth stays cheap.
const MAX_DEPTH: usize = 256;

/// Returns valid JSON with some of its keys and scalars replaced.
pub(super) fn replaced(
    text: &str,
    replace: &mut impl FnMut(&JsonToken<'_>) -> Option<String>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut path = Path::default();
    let mut reader = JsonReader::new(text.as_bytes());
    loop {
        let (depth, is_item) = (reader.depth(), reader.is_in_array());
        let Some(Ok((event, token))) = reader.next() else { break };
        let raw = text.get(token.range()).unwrap_or_default();
        match event {
            JsonEvent::Close => {
                path.truncate(reader.depth());
                continue;
            }
            JsonEvent::Key => path.enter_member(depth, raw),
            JsonEvent::Scalar | JsonEvent::Open if is_item => path.enter_item(depth),
            JsonEvent::Scalar | JsonEvent::Open => {}
        }
        if event == JsonEvent::Open {
            path.open(depth);
            continue;
        }
        let is_key = event == JsonEvent::Key;
        if !is_key {
            path.note_label(depth, raw);
        }
        let token_at = JsonToken { steps: &path.steps, raw, is_key, label: path.label(depth) };
        if let Some(new) = replace(&token_at) {
            out.push_str(text.get(copied..token.start).unwrap_or_default());
            out.push_str(&new);
            copied = token.end;
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// The first [`MAX_DEPTH`] steps to the current value.
#[derive(Default)]
struct Path {
    steps: Vec<String>,
    /// Index of the next item of each open container.
    next: Vec<usize>,
    /// Label of each open container.
    labels: Vec<Option<String>>,
}

impl Path {
    fn open(&mut self, depth: usize) {
        if depth < MAX_DEPTH {
            self.steps.push(String::new());
            self.next.push(0);
            self.labels.push(None);
        }
    }

    fn truncate(&mut self, depth: usize) {
        self.steps.truncate(depth);
        self.next.truncate(depth);
        self.labels.truncate(depth);
    }

    /// Remembers a value that names another one of the same object.
    fn note_label(&mut self, depth: usize, raw: &str) {
        let Some(at) = depth.checked_sub(1) else { return };
        if let (Some(step), Some(label)) = (self.steps.get(at), self.labels.get_mut(at))
            && LABELS.contains(&step.as_str())
        {
            *label = serde_json::from_str(raw).ok();
        }
    }

    fn label(&self, depth: usize) -> Option<&str> {
        self.labels.get(depth.checked_sub(1)?)?.as_deref()
    }

    fn enter_member(&mut self, depth: usize, key: &str) {
        let innermost = depth.checked_sub(1).and_then(|at| self.steps.get_mut(at));
        if let Some(step) = innermost {
            *step = serde_json::from_str(key).unwrap_or_else(|_| key.to_owned());
        }
    }

    fn enter_item(&mut self, depth: usize) {
        let Some(at) = depth.checked_sub(1) else { return };
        if let (Some(step), Some(next)) = (self.steps.get_mut(at), self.next.get_mut(at)) {
            *step = next.to_string();
            *next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_paths_and_other_bytes_stay() {
        let text = "\u{a0}{ \"a\" : [ {\"b\\u0063\":\"x\\\"y\"}, 1.0, [true] ] ,\n\"d\":{} , \"e/f\":-1e5}";
        let text = text.trim_start_matches('\u{a0}');
        let mut seen = Vec::new();
        let same = replaced(text, &mut |token| {
            if !token.is_key {
                seen.push(format!("{}={}", token.steps.join("/"), token.raw));
            }
            None
        });
        assert_eq!(same, text);
        assert_eq!(seen, ["a/0/bc=\"x\\\"y\"", "a/1=1.0", "a/2/0=true", "e/f=-1e5"]);
        let new = replaced(text, &mut |token| (token.raw == "1.0").then(|| "2".to_owned()));
        assert_eq!(new, text.replace("1.0", "2"));
    }

    #[test]
    fn deep_nesting_is_scanned() {
        let deep = "[".repeat(50_000) + &"]".repeat(50_000);
        assert_eq!(replaced(&deep, &mut |_| None), deep);
    }
}
