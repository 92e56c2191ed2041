//! A body made ready to be shown, row by row.

mod build;
mod navigate;

use std::ops::Range;

use bytes::Bytes;

use super::hex_view;
use super::json_tree::{JsonTree, Node};
use super::raw_lines::RawLines;
use super::section::{Section, SectionContent};
use super::span::DisplayRow;

/// In which form a body is shown.
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

/// A body made ready to be shown.
///
/// Its rows are made when they are asked for, from an index of where they stand in the body.
/// Numbers, escapes, the order of keys and repeated keys are as they were sent. A row may hold
/// anything that the body held; whoever shows one passes it through [`super::escape()`] first.
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
    /// Reads a body as its `Content-Type` and its `Content-Encoding` say, and by its looks where
    /// they say nothing.
    pub fn new(wire: Bytes, content_type: Option<&str>, content_encoding: Option<&str>) -> Self {
        build::document(wire, content_type, content_encoding)
    }

    /// Any body as offsets, hexadecimal and text; nothing is decoded.
    pub fn hex(body: Bytes) -> Self {
        let rows = hex_view::row_count(&body);
        let content = SectionContent::Hex(body.clone());
        let sections = vec![Section { row: 0, byte: 0, level: 0, content }];
        let wire = body.clone();
        Self { form: DocumentForm::Hex, note: None, wire, body, sections, rows, language: None }
    }

    /// Any bytes as lines, with what nobody sees in them; nothing is decoded.
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

    /// The language of a text whose rows have no tokens of their own, by the ending that its files
    /// have; empty where only the first line may tell.
    pub fn language(&self) -> Option<&'static str> {
        self.language
    }

    /// What the reader should know: what was decoded, where JSON is broken.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The body as it was received.
    pub fn wire(&self) -> &Bytes {
        &self.wire
    }

    /// The body without its content codings.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// A row with nothing folded; nothing behind the last one.
    pub fn row(&self, row: usize) -> Option<DisplayRow<'_>> {
        self.section(row)?.show(row, false)
    }

    /// A row that stands for all that is folded under it, as one line with a count.
    pub fn folded_row(&self, row: usize) -> Option<DisplayRow<'_>> {
        self.section(row)?.show(row, true)
    }

    /// The rows as text, with line ends between them.
    pub fn text(&self) -> String {
        let rows = (0..self.rows).filter_map(|row| self.line(row));
        rows.collect::<Vec<_>>().join("\n")
    }

    /// The text of a row.
    pub fn line(&self, row: usize) -> Option<String> {
        self.row(row).map(|row| row.text())
    }

    /// The last row that hides when a row is folded; nothing for rows that cannot be.
    pub fn last_folded(&self, row: usize) -> Option<usize> {
        self.section(row)?.last(row)
    }

    /// How many containers a row stands in.
    pub fn depth(&self, row: usize) -> usize {
        self.section(row).map_or(0, |section| section.depth(row))
    }

    /// The row that shows a byte of the document, as pieces of rows and hits count them.
    pub fn row_at(&self, byte: usize) -> usize {
        let at = self.sections.partition_point(|section| section.byte <= byte);
        let before = self.sections.get(..at).unwrap_or_default();
        let found = before.iter().rev().find(|section| !section.rows().is_empty());
        found.map_or(0, |section| section.row_at(byte))
    }

    /// The JSON value that a row belongs to; nothing in other forms.
    pub fn node(&self, row: usize) -> Option<Node<'_>> {
        let (tree, base) = self.tree(row)?;
        tree.node(row - base)
    }

    /// Calls with each row of a range that can be folded, and its depth.
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
        // Sections without rows begin where the next one does.
        let found = self.sections.get(..at)?.last()?;
        found.rows().contains(&row).then_some(found)
    }

    /// The tree that a row stands in, and the tree's first row.
    fn tree(&self, row: usize) -> Option<(&JsonTree, usize)> {
        let section = self.section(row)?;
        match &section.content {
            SectionContent::Tree(tree) => Some((tree, section.row)),
            _ => None,
        }
    }

    /// The tree of a document that is one JSON text and whole.
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

    /// The texts of the document, and where each of them begins in it.
    pub(super) fn texts(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let ends = self.sections.iter().skip(1).map(|next| next.byte).chain([usize::MAX]);
        self.sections.iter().zip(ends).map(|(section, end)| {
            // Of broken JSON, the rest is a section of its own.
            let bytes = section.content.bytes();
            (section.byte, bytes.get(..end - section.byte).unwrap_or(bytes))
        })
    }
}
