//! Previews of folded containers: their first members, as many as fit a line.

use super::{JsonKind, JsonTree};
use crate::payload::span::{DisplayRow, SpanKind};

/// Bytes of the members of a preview. The screen clips what does not fit.
const WIDTH: usize = 56;

/// Maximum bytes of a key or value in a preview.
const LONGEST: usize = 24;

/// Maximum depth of containers that show their own members.
const DEPTH: usize = 2;

/// Writes the preview of one container.
struct Preview<'t, 'r> {
    tree: &'t JsonTree,
    base: usize,
    row: &'r mut DisplayRow<'t>,
    /// Bytes still available.
    left: usize,
}

impl JsonTree {
    /// Adds a container with its first members: `{id: 37996, sku: "A…", 4 more}`. Without the end
    /// of the container if it is absent.
    pub(super) fn preview<'t>(&'t self, row: &mut DisplayRow<'t>, at: usize, base: usize) {
        Preview { tree: self, base, row, left: WIDTH }.container(at, 0);
    }
}

impl Preview<'_, '_> {
    /// Adds bytes of the text, shortened if they are too long.
    fn source(&mut self, kind: SpanKind, start: usize, end: usize) {
        let text = self.tree.slice(start, end);
        let shown = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text);
        self.left = self.left.saturating_sub(shown.len());
        self.row.source(kind, shown, self.base + start);
        if shown.len() < text.len() {
            self.row.laid(SpanKind::Remark, "…");
        }
    }

    fn sign(&mut self, sign: &'static str) {
        self.left = self.left.saturating_sub(sign.len());
        self.row.laid(SpanKind::Punctuation, sign);
    }

    fn container(&mut self, at: usize, depth: usize) {
        let Some(row) = self.tree.row(at) else { return };
        let start = row.value as usize;
        self.source(SpanKind::Punctuation, start, start + 1);
        self.left = self.left.saturating_sub(1);
        if depth < DEPTH && self.left > LONGEST / 2 {
            self.members(at, depth);
        } else {
            self.row.laid(SpanKind::Remark, "…");
        }
        let end = self.tree.last(at).and_then(|last| self.tree.row(last));
        if let Some(end) = end.filter(|end| end.kind.is_end()) {
            let end = end.value as usize;
            self.row.source(SpanKind::Punctuation, self.tree.slice(end, end + 1), self.base + end);
        }
    }

    fn members(&mut self, at: usize, depth: usize) {
        for (shown, child) in self.tree.children(at).enumerate() {
            if shown > 0 {
                if self.needed(child) > self.left {
                    let more = self.tree.count(at).saturating_sub(shown);
                    self.row.laid(SpanKind::Remark, format!(", {more} more"));
                    return;
                }
                self.sign(", ");
            }
            if let Some((key, start)) = self.tree.key_text(child) {
                self.source(SpanKind::Key, start, start + key.len());
                self.sign(": ");
            }
            self.value(child, depth);
        }
    }

    /// Returns the bytes that a member takes at least.
    fn needed(&self, at: usize) -> usize {
        let key = self.tree.key_text(at).map_or(0, |(key, _)| key.len().min(LONGEST) + 2);
        let value = self.tree.row(at).map_or(0, |row| match row.kind {
            JsonKind::Object | JsonKind::Array => 3,
            _ => (row.tail as usize).saturating_sub(row.value as usize).min(LONGEST + 2),
        });
        key + value
    }

    fn value(&mut self, at: usize, depth: usize) {
        let Some(row) = self.tree.row(at) else { return };
        let (start, end) = (row.value as usize, row.tail as usize);
        match row.kind {
            JsonKind::Object | JsonKind::Array => self.container(at, depth + 1),
            JsonKind::String => {
                self.source(SpanKind::Punctuation, start, start + 1);
                self.source(SpanKind::String, start + 1, end - 1);
                self.source(SpanKind::Punctuation, end - 1, end);
            }
            JsonKind::Number => self.source(SpanKind::Number, start, end),
            JsonKind::Literal => self.source(SpanKind::Literal, start, end),
            JsonKind::EmptyObject => self.sign("{}"),
            JsonKind::EmptyArray => self.sign("[]"),
            JsonKind::ObjectEnd | JsonKind::ArrayEnd | JsonKind::Broken => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::payload::{Document, Folds};

    fn folded(body: &str) -> String {
        let document = Document::new(body.to_owned().into(), None, None);
        document.folded_row(0).unwrap().text()
    }

    #[test]
    fn a_folded_object_shows_its_first_members() {
        let body = r#"{"id":37996,"sku":"A rather long stock number, and more","tags":[1,2,{"a":1}],"x":{},"y":[],"z":1}"#;
        assert_eq!(
            folded(body),
            r#"{id: 37996, sku: "A rather long stock numb…", tags: […], 3 more}"#
        );
    }

    #[test]
    fn nested_containers_are_shortened() {
        assert_eq!(folded(r#"[{"a":{"b":{"c":{"d":1}}}},2]"#), "[{a: {…}}, 2]");
        assert_eq!(folded(r#"{"a":{},"b":[]}"#), "{a: {}, b: []}");
    }

    #[test]
    fn the_rest_of_an_array_is_counted() {
        let items: Vec<String> = (1000..2000).map(|number| number.to_string()).collect();
        let shown = folded(&format!("[{}]", items.join(",")));
        assert!(shown.starts_with("[1000, 1001, ") && shown.ends_with(", 991 more]"), "{shown}");
    }

    #[test]
    fn a_container_without_an_end_has_none_in_its_preview() {
        let document = Document::new(r#"{"a":{"b":1,"#.into(), Some("application/json"), None);
        let mut folds = Folds::default();
        folds.fold(&document, 1);
        assert_eq!(document.folded_row(1).unwrap().text().trim(), r#""a": {b: 1"#);
    }

    #[test]
    fn a_preview_of_many_members_costs_the_shown_ones_alone() {
        let body = format!("[{}]", vec!["{\"a\":[1]}"; 300_000].join(","));
        let document = Document::new(body.into(), None, None);
        for _ in 0..10_000 {
            assert!(document.folded_row(0).unwrap().len() < 120);
        }
    }
}
