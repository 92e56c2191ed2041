//! A stretch of rows of one kind; a document is a list of them.

use std::ops::Range;

use bytes::Bytes;

use super::hex_view;
use super::json_tree::JsonTree;
use super::lines::{FormFields, LineIndex};
use super::raw_lines::RawLines;
use super::span::{DisplayRow, SpanKind};
use super::xml::XmlLayout;

/// What the rows of a section are made from.
#[derive(Debug, Clone)]
pub(super) enum SectionContent {
    Tree(JsonTree),
    Lines(LineIndex),
    Fields(FormFields),
    Markup(XmlLayout),
    Hex(Bytes),
    /// Lines with what nobody sees.
    Raw(RawLines),
    /// A row above others that belong to it, and how many these are.
    Heading {
        text: String,
        below: usize,
    },
}

/// Content, and where it stands in the document.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// Its first row.
    pub(super) row: usize,
    /// Its first byte: the texts of all sections are counted through.
    pub(super) byte: usize,
    /// Levels of indentation around it.
    pub(super) level: usize,
    pub(super) content: SectionContent,
}

impl SectionContent {
    pub(super) fn row_count(&self) -> usize {
        match self {
            Self::Tree(tree) => tree.len(),
            Self::Lines(lines) => lines.len(),
            Self::Fields(fields) => fields.len(),
            Self::Markup(markup) => markup.len(),
            Self::Hex(bytes) => hex_view::row_count(bytes),
            Self::Raw(raw) => raw.len(),
            Self::Heading { .. } => 1,
        }
    }

    /// The bytes that its rows show.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Tree(tree) => tree.text().as_bytes(),
            Self::Lines(lines) => lines.text().as_bytes(),
            Self::Fields(fields) => fields.text().as_bytes(),
            Self::Markup(markup) => markup.text().as_bytes(),
            Self::Hex(bytes) => bytes,
            Self::Raw(raw) => raw.bytes(),
            Self::Heading { text, .. } => text.as_bytes(),
        }
    }
}

impl Section {
    pub(super) fn rows(&self) -> Range<usize> {
        self.row..self.row + self.content.row_count()
    }

    /// A row of the document, which stands in this section.
    pub(super) fn show(&self, row: usize, folded: bool) -> Option<DisplayRow<'_>> {
        let at = row.checked_sub(self.row)?;
        let mut out = match &self.content {
            SectionContent::Tree(tree) if folded => tree.show_folded(at, self.byte)?,
            SectionContent::Tree(tree) => tree.show(at, self.byte)?,
            SectionContent::Lines(lines) => lines.show(at, self.byte)?,
            SectionContent::Fields(fields) => fields.show(at, self.byte)?,
            SectionContent::Markup(markup) => markup.show(at, self.byte, folded)?,
            SectionContent::Hex(bytes) => hex_view::show(bytes, at, self.byte)?,
            SectionContent::Raw(raw) => raw.show(at, self.byte)?,
            SectionContent::Heading { text, below } => {
                let mut out = DisplayRow::new(0);
                out.source(SpanKind::Remark, text, self.byte);
                if folded {
                    let noun = if *below == 1 { "row" } else { "rows" };
                    out.laid(SpanKind::Remark, format!(" … {below} {noun}"));
                }
                out
            }
        };
        out.indent += 2 * self.level;
        Some(out)
    }

    /// The row that shows a byte of the document.
    pub(super) fn row_at(&self, byte: usize) -> usize {
        let at = byte.saturating_sub(self.byte);
        self.row
            + match &self.content {
                SectionContent::Tree(tree) => tree.row_at(at),
                SectionContent::Lines(lines) => lines.row_at(at),
                SectionContent::Fields(fields) => fields.row_at(at),
                SectionContent::Markup(markup) => markup.row_at(at),
                SectionContent::Hex(_) => hex_view::row_at(at),
                SectionContent::Raw(raw) => raw.row_at(at),
                SectionContent::Heading { .. } => 0,
            }
    }

    /// The last row that is hidden when a row is folded.
    pub(super) fn last(&self, row: usize) -> Option<usize> {
        let at = row.checked_sub(self.row)?;
        match &self.content {
            // What broken JSON opens last has nothing in it.
            SectionContent::Tree(tree) => {
                tree.last(at).filter(|last| *last > at).map(|last| last + self.row)
            }
            SectionContent::Markup(markup) => markup.last(at).map(|last| last + self.row),
            SectionContent::Heading { below, .. } if *below > 0 => Some(row + below),
            _ => None,
        }
    }

    /// The row that opens what a row closes; else the row itself.
    pub(super) fn head(&self, row: usize) -> usize {
        let at = row.saturating_sub(self.row);
        match &self.content {
            SectionContent::Tree(tree) => self.row + tree.head(at),
            SectionContent::Markup(markup) => self.row + markup.head(at),
            _ => row,
        }
    }

    /// The row of the same section that a row stands in.
    pub(super) fn parent(&self, row: usize) -> Option<usize> {
        let at = row.checked_sub(self.row)?;
        let parent = match &self.content {
            SectionContent::Tree(tree) => tree.parent(at),
            SectionContent::Markup(markup) => markup.parent(at),
            _ => None,
        };
        parent.map(|parent| parent + self.row)
    }

    /// How deep a row stands, for folding to a level.
    pub(super) fn depth(&self, row: usize) -> usize {
        let at = row.saturating_sub(self.row);
        self.level
            + match &self.content {
                SectionContent::Tree(tree) => tree.depth(at),
                SectionContent::Markup(markup) => markup.depth(at),
                _ => 0,
            }
    }
}
