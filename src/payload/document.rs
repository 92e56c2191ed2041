//! A body prepared for display, row by row.

mod body_rows;
mod build;
mod navigate;
mod unfolded;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::json_tree::{JsonTree, Node};
use super::path::{PathStep, PayloadPath};
use super::span::{DisplayRow, SpanKind};
use body_rows::BodyRows;
use unfolded::{RowOrigin, Unfolded};

/// Form in which a body is displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentForm {
    Empty,
    Json,
    JsonLines,
    Form,
    Multipart,
    Xml,
    Html,
    Text,
    Hex,
}

impl DocumentForm {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Json => "JSON",
            Self::JsonLines => "JSON lines",
            Self::Form => "form",
            Self::Multipart => "multipart",
            Self::Xml => "XML",
            Self::Html => "HTML",
            Self::Text => "text",
            Self::Hex => "binary",
        }
    }
}

/// Maximum number of steps of a path.
const MAX_STEPS: usize = 1_000;

/// Maximum depth of values whose paths are offered for filters.
const MAX_OFFERED: usize = 32;

/// A body prepared for display.
///
/// Rows are created on demand from an index of their positions in the body. Numbers, escapes, key
/// order, and repeated keys stay as sent. A row may contain anything that the body contained, so it
/// must pass through [`super::escape()`] before it is displayed.
///
/// Below a string, the rows of what it carries may be inserted; see [`Self::decoded_at`].
#[derive(Debug, Clone)]
pub struct Document {
    base: Arc<BodyRows>,
    /// Decoded strings, by the rows that hold them.
    unfolded: Vec<Unfolded>,
}

/// Documents are equal if they show the same body with the same strings decoded. Copies of one
/// document are compared without reading it.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.base, &other.base) && self.unfolded == other.unfolded
    }
}

impl From<BodyRows> for Document {
    fn from(base: BodyRows) -> Self {
        Self { base: Arc::new(base), unfolded: Vec::new() }
    }
}

impl Document {
    /// Reads a body by its `Content-Type` and `Content-Encoding`, or by its content if they are
    /// absent.
    pub fn new(wire: Bytes, content_type: Option<&str>, content_encoding: Option<&str>) -> Self {
        build::rows(wire, content_type, content_encoding).into()
    }

    /// Renders any body as offsets, hexadecimal, and text, without decoding it.
    pub fn hex(body: Bytes) -> Self {
        BodyRows::hex(body).into()
    }

    /// Renders any bytes as lines with visible escapes, without decoding them.
    pub fn raw(bytes: Bytes) -> Self {
        BodyRows::raw(bytes).into()
    }

    /// Returns a body shown as hex with rows that fit `width` columns; `None` if they do already,
    /// or if it is not shown as hex.
    #[must_use]
    pub fn hex_fitted(&self, width: usize) -> Option<Self> {
        self.base.hex_fitted(width).map(Self::from)
    }

    pub fn form(&self) -> DocumentForm {
        self.base.form
    }

    /// Returns the file extension of the language for text whose rows have no tokens of their own;
    /// empty if only the first line identifies the language.
    pub fn language(&self) -> Option<&'static str> {
        self.base.language
    }

    /// Returns the note for the reader: which encodings were removed, and where JSON is invalid.
    pub fn note(&self) -> Option<&str> {
        self.base.note.as_deref()
    }

    /// Returns whether the body is not what its headers declare, as the note describes.
    pub fn is_damaged(&self) -> bool {
        self.base.is_damaged
    }

    /// Returns the body as received.
    pub fn wire(&self) -> &Bytes {
        &self.base.wire
    }

    /// Returns the body without its content encodings.
    pub fn body(&self) -> &Bytes {
        &self.base.body
    }

    pub fn row_count(&self) -> usize {
        self.base.rows + self.unfolded.last().map_or(0, Unfolded::rows_to_end)
    }

    /// Returns an unfolded row; `None` after the last one.
    pub fn row(&self, row: usize) -> Option<DisplayRow<'_>> {
        match self.place(row) {
            RowOrigin::Body(at) => self.base.row(at),
            RowOrigin::Unfolded(inner, at) => self.decorated(inner, at, inner.document.row(at)?),
        }
    }

    /// Returns a row that represents everything folded under it, as one line with a preview or a
    /// count.
    pub fn folded_row(&self, row: usize) -> Option<DisplayRow<'_>> {
        match self.place(row) {
            RowOrigin::Body(at) if self.unfolded_at(at).is_some() => self.base.row(at),
            RowOrigin::Body(at) => self.base.folded_row(at),
            RowOrigin::Unfolded(inner, at) => {
                self.decorated(inner, at, inner.document.folded_row(at)?)
            }
        }
    }

    /// Marks a row of decoded content as such.
    fn decorated<'d>(
        &'d self,
        inner: &'d Unfolded,
        at: usize,
        mut row: DisplayRow<'d>,
    ) -> Option<DisplayRow<'d>> {
        let outer = self.base.row(inner.host)?;
        for piece in &mut row.pieces {
            piece.at = piece.at.map(|byte| byte + inner.byte);
        }
        let depth = std::mem::replace(&mut row.indent, outer.indent + 2);
        row.lead(SpanKind::Blank, " ".repeat(depth));
        row.lead(SpanKind::Remark, "┊ ");
        if at == 0 {
            row.laid(SpanKind::Remark, format!("  {}", inner.label));
        }
        Some(row)
    }

    /// Returns the rows as text, separated by line ends.
    pub fn text(&self) -> String {
        let rows = (0..self.row_count()).filter_map(|row| self.line(row));
        rows.collect::<Vec<_>>().join("\n")
    }

    /// Returns the text of a row.
    pub fn line(&self, row: usize) -> Option<String> {
        self.row(row).map(|row| row.text())
    }

    /// Returns the last row that is hidden when a row is folded; `None` if it cannot be folded.
    pub fn last_folded(&self, row: usize) -> Option<usize> {
        match self.place(row) {
            RowOrigin::Body(at) if self.unfolded_at(at).is_some() => Some(self.lifted_end(at)),
            RowOrigin::Body(at) => self.base.last_folded(at).map(|last| self.lifted_end(last)),
            RowOrigin::Unfolded(inner, at) => Some(inner.row + inner.document.last_folded(at)?),
        }
    }

    /// Returns the row that shows a byte of the document. Spans and hits count bytes in the same
    /// way.
    pub fn row_at(&self, byte: usize) -> usize {
        let at = self.unfolded.partition_point(|inner| inner.byte <= byte);
        match at.checked_sub(1).and_then(|at| self.unfolded.get(at)) {
            Some(inner) => inner.row + inner.document.row_at(byte - inner.byte),
            None => self.lifted(self.base.row_at(byte)),
        }
    }

    /// Returns the JSON value that a row belongs to; `None` in other forms.
    pub fn node(&self, row: usize) -> Option<Node<'_>> {
        match self.place(row) {
            RowOrigin::Body(at) => self.base.node(at),
            RowOrigin::Unfolded(inner, at) => inner.document.node(at),
        }
    }

    /// Returns the path of the JSON value that a row belongs to, through decoded strings; `None` if it
    /// has more than `MAX_STEPS` steps.
    pub fn path(&self, row: usize) -> Option<PayloadPath> {
        let shallow = |node: Node<'_>| (node.depth() <= MAX_STEPS).then(|| node.path());
        match self.place(row) {
            RowOrigin::Body(at) => shallow(self.base.node(at)?),
            RowOrigin::Unfolded(inner, at) => {
                let mut path = shallow(self.base.node(inner.host)?)?;
                path.0.extend(inner.document.path(at)?.0);
                Some(path)
            }
        }
    }

    /// Returns the end of the path as a breadcrumb of about `most` bytes.
    pub fn path_end(&self, row: usize, most: usize) -> Option<String> {
        match self.place(row) {
            RowOrigin::Body(at) => Some(self.base.node(at)?.path_end(most)),
            RowOrigin::Unfolded(inner, at) => {
                let host = self.base.node(inner.host)?.path_end(most);
                let end = inner.document.path_end(at, most)?;
                let end = if end == "." { "" } else { &end };
                Some(format!("{host}{end}"))
            }
        }
    }

    /// Returns the distinct paths of the scalars among the first `rows` rows, in filter syntax. Of an
    /// array, only those through its first item.
    pub fn paths(&self, rows: usize) -> Vec<String> {
        let mut paths: Vec<String> = Vec::new();
        for row in 0..self.row_count().min(rows) {
            let is_offered = |node: Node<'_>| {
                !node.kind().is_open() && node.depth() <= MAX_OFFERED && self.head(row) == row
            };
            if !self.node(row).is_some_and(is_offered) {
                continue;
            }
            let Some(path) = self.path(row) else { continue };
            let is_first = path.0.iter().all(|step| !matches!(step, PathStep::Index(1..)));
            if is_first && !path.0.is_empty() {
                paths.push(path.filter());
            }
        }
        paths
    }

    /// Calls `call` with each foldable row of a range, and its depth.
    pub(super) fn for_each_foldable(&self, rows: Range<usize>, mut call: impl FnMut(usize, usize)) {
        if self.unfolded.is_empty() {
            return self.base.for_each_foldable(rows, call);
        }
        self.each_foldable(&mut |row, depth| {
            if rows.contains(&row) {
                call(row, depth);
            }
        });
    }

    fn each_foldable(&self, call: &mut dyn FnMut(usize, usize)) {
        self.base.for_each_foldable(0..self.base.rows, |row, depth| call(self.lifted(row), depth));
        for inner in &self.unfolded {
            let depth = self.base.depth(inner.host);
            call(inner.row - 1, depth);
            inner.document.each_foldable(&mut |row, more| call(inner.row + row, depth + 1 + more));
        }
    }

    /// Returns the tree of a document that is one complete JSON text.
    pub(super) fn only_tree(&self) -> Option<&JsonTree> {
        self.base.only_tree()
    }

    /// Returns the texts of the document, each with its first byte in the document. Those of
    /// decoded strings follow those of the body.
    pub(super) fn texts(&self) -> Box<dyn Iterator<Item = (usize, &[u8])> + '_> {
        let decoded = self
            .unfolded
            .iter()
            .flat_map(|inner| inner.document.texts().map(|(byte, text)| (byte + inner.byte, text)));
        Box::new(self.base.texts().chain(decoded))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::payload::{DocumentSearch, Folds, SearchPattern};

    /// A body with two strings that carry JSON; the first one carries another.
    fn unfolded() -> Document {
        let innermost = serde_json::to_string(r#"{"deep":1}"#).unwrap();
        let inner = STANDARD.encode(format!(r#"{{"a":{innermost},"b":[2]}}"#));
        let body = format!(r#"{{"x":["{inner}"],"y":"[\"tiger\"]","z":3}}"#);
        let document = Document::new(body.into(), None, None);
        let document = document.decoded_at(4).unwrap();
        let document = document.decoded_at(2).unwrap();
        document.decoded_at(4).unwrap()
    }

    #[test]
    fn decoded_rows_follow_their_string() {
        let document = unfolded();
        let rows: Vec<String> =
            (0..document.row_count()).filter_map(|row| document.line(row)).collect();
        let shown: Vec<&str> = rows.iter().map(|row| row.get(..30).unwrap_or(row)).collect();
        assert_eq!(
            shown,
            [
                "{",
                "  \"x\": [",
                "    \"eyJhIjoie1wiZGVlcFwiOjF9I",
                "      ┊ {  base64 → JSON",
                "      ┊   \"a\": \"{\\\"deep\\\":1}",
                "      ┊     ┊ {  JSON",
                "      ┊     ┊   \"deep\": 1",
                "      ┊     ┊ }",
                "      ┊   \"b\": [",
                "      ┊     2",
                "      ┊   ]",
                "      ┊ }",
                "  ],",
                "  \"y\": \"[\\\"tiger\\\"]\",",
                "    ┊ [  JSON",
                "    ┊   \"tiger\"",
                "    ┊ ]",
                "  \"z\": 3",
                "}",
            ]
        );
    }

    #[test]
    fn paths_lead_into_decoded_strings() {
        let document = unfolded();
        let path = |row| document.path(row).unwrap().filter();
        assert_eq!((path(6), path(9)), (".x.0.a.deep".to_owned(), ".x.0.b.0".to_owned()));
        assert_eq!(path(17), ".z");
    }

    #[test]
    fn parents_siblings_and_ends_skip_decoded_rows() {
        let document = unfolded();
        let up: Vec<usize> = std::iter::successors(Some(6), |row| document.parent(*row)).collect();
        assert_eq!(up, [6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(document.next_sibling(1), Some(13));
        assert_eq!(document.previous_sibling(17), Some(13));
        assert_eq!((document.last_folded(1), document.last_folded(2)), (Some(12), Some(11)));
        assert_eq!(
            (document.head(12), document.head(11), document.first_child(13)),
            (1, 3, Some(14))
        );
    }

    #[test]
    fn a_decoded_string_folds() {
        let document = unfolded();
        let mut folds = Folds::default();
        assert!(folds.fold(&document, 13));
        assert_eq!(folds.absolute(&document, 14), Some(17));
        assert!(folds.fold(&document, 2) && folds.reveal(&document, 6));
        assert_eq!(folds.hidden_by(6), None);
        folds.fold_to(&document, 1);
        assert_eq!(folds.visible_count(&document), 5);
    }

    #[test]
    fn a_search_finds_decoded_text() {
        let document = unfolded();
        let mut search = DocumentSearch::new(SearchPattern::read("deep").unwrap());
        while search.advance(&document, 1000) {}
        let rows: Vec<_> = (0..search.count()).map(|hit| search.row(&document, hit)).collect();
        assert_eq!(rows, [Some(4), Some(6)]);
        let shown = document.row(6).unwrap().shown(&search.hit(1).unwrap()).unwrap();
        assert_eq!(document.line(6).unwrap().get(shown), Some("deep"));
        assert_eq!(search.first_from(&document, 5), Some(1));
    }

    #[test]
    fn a_string_is_decoded_once() {
        let document = unfolded();
        assert!(document.decoded_at(2).is_none() && document.decoded_at(17).is_none());
    }
}
