//! A body prepared for display, row by row.

mod build;
mod navigate;

use std::ops::Range;

use bytes::Bytes;

use super::hex_view;
use super::json_tree::{JsonTree, Node};
use super::raw_lines::RawLines;
use super::section::{Section, SectionContent};
use super::span::DisplayRow;

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

/// A body prepared for display.
///
/// Rows are created on demand from an index of their positions in the body. Numbers, escapes, key
/// order, and repeated keys stay as sent. A row may contain anything that the body contained, so it
/// must pass through [`super::escape()`] before it is displayed.
#[derive(Debug, Clone)]
pub struct Document {
    form: DocumentForm,
    note: Option<String>,
    wire: Bytes,
    body: Bytes,
    sections: Vec<Section>,
    rows: usize,
    language: Option<&'static str>,
}

impl Document {
    /// Reads a body by its `Content-Type` and `Content-Encoding`, or by its content if they are
    /// absent.
    pub fn new(wire: Bytes, content_type: Option<&str>, content_encoding: Option<&str>) -> Self {
        build::document(wire, content_type, content_encoding)
    }

    /// Renders any body as offsets, hexadecimal, and text, without decoding it.
    pub fn hex(body: Bytes) -> Self {
        let rows = hex_view::row_count(&body);
        let content = SectionContent::Hex(body.clone());
        let sections = vec![Section { row: 0, byte: 0, level: 0, content }];
        let wire = body.clone();
        Self { form: DocumentForm::Hex, note: None, wire, body, sections, rows, language: None }
    }

    /// Renders any bytes as lines with visible escapes, without decoding them.
    pub fn raw(bytes: Bytes) -> Self {
        let raw = RawLines::new(bytes.clone());
        let rows = raw.len();
        let sections =
            vec![Section { row: 0, byte: 0, level: 0, content: SectionContent::Raw(raw) }];
        let wire = bytes.clone();
        Self {
            form: DocumentForm::Text,
            note: None,
            wire,
            body: bytes,
            sections,
            rows,
            language: None,
        }
    }

    pub fn form(&self) -> DocumentForm {
        self.form
    }

    /// Returns the file extension of the language for text whose rows have no tokens of their own;
    /// empty if only the first line identifies the language.
    pub fn language(&self) -> Option<&'static str> {
        self.language
    }

    /// Returns what a reader should know: what was decoded, and where JSON is invalid.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Returns the body as received.
    pub fn wire(&self) -> &Bytes {
        &self.wire
    }

    /// Returns the body without its content encodings.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// Returns an unfolded row; `None` after the last one.
    pub fn row(&self, row: usize) -> Option<DisplayRow<'_>> {
        self.section(row)?.show(row, false)
    }

    /// Returns a row that represents everything folded under it, as one line with a count.
    pub fn folded_row(&self, row: usize) -> Option<DisplayRow<'_>> {
        self.section(row)?.show(row, true)
    }

    /// Returns the rows as text, separated by line ends.
    pub fn text(&self) -> String {
        let rows = (0..self.rows).filter_map(|row| self.line(row));
        rows.collect::<Vec<_>>().join("\n")
    }

    /// Returns the text of a row.
    pub fn line(&self, row: usize) -> Option<String> {
        self.row(row).map(|row| row.text())
    }

    /// Returns the last row that is hidden when a row is folded; `None` if it cannot be folded.
    pub fn last_folded(&self, row: usize) -> Option<usize> {
        self.section(row)?.last(row)
    }

    /// Returns the number of containers around a row.
    pub fn depth(&self, row: usize) -> usize {
        self.section(row).map_or(0, |section| section.depth(row))
    }

    /// Returns the row that shows a byte of the document. Spans and hits count bytes in the same
    /// way.
    pub fn row_at(&self, byte: usize) -> usize {
        let at = self.sections.partition_point(|section| section.byte <= byte);
        let before = self.sections.get(..at).unwrap_or_default();
        let found = before.iter().rev().find(|section| !section.rows().is_empty());
        found.map_or(0, |section| section.row_at(byte))
    }

    /// Returns the JSON value that a row belongs to; `None` in other forms.
    pub fn node(&self, row: usize) -> Option<Node<'_>> {
        let (tree, base) = self.tree(row)?;
        tree.node(row - base)
    }

    /// Calls `call` with each foldable row of a range, and its depth.
    pub(super) fn for_each_foldable(&self, rows: Range<usize>, mut call: impl FnMut(usize, usize)) {
        let first = self.sections.partition_point(|section| section.rows().end <= rows.start);
        let sections = self.sections.get(first..).unwrap_or_default();
        for section in sections.iter().take_while(|section| section.row < rows.end) {
            let all = section.rows();
            for row in all.start.max(rows.start)..all.end.min(rows.end) {
                if section.last(row).is_some() {
                    call(row, section.depth(row));
                }
            }
        }
    }

    fn section(&self, row: usize) -> Option<&Section> {
        let at = self.sections.partition_point(|section| section.row <= row);
        // A section without rows begins where the next one does.
        let found = self.sections.get(..at)?.last()?;
        found.rows().contains(&row).then_some(found)
    }

    /// Returns the tree that contains a row, and the tree's first row.
    fn tree(&self, row: usize) -> Option<(&JsonTree, usize)> {
        let section = self.section(row)?;
        match &section.content {
            SectionContent::Tree(tree) => Some((tree, section.row)),
            _ => None,
        }
    }

    /// Returns the tree of a document that is one complete JSON text.
    pub(super) fn only_tree(&self) -> Option<&JsonTree> {
        let tree = match self.sections.as_slice() {
            [Section { content: SectionContent::Tree(tree), .. }]
                if self.form == DocumentForm::Json =>
            {
                tree
            }
            _ => return None,
        };
        tree.last(0).is_none_or(|last| tree.head(last) == 0).then_some(tree)
    }

    /// Iterates over the texts of the document, each with its first byte in the document.
    pub(super) fn texts(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let ends = self.sections.iter().skip(1).map(|next| next.byte).chain([usize::MAX]);
        self.sections.iter().zip(ends).map(|(section, end)| {
            // The rest of invalid JSON is a section of its own.
            let bytes = section.content.bytes();
            (section.byte, bytes.get(..end - section.byte).unwrap_or(bytes))
        })
    }
}
