//! A range of rows of one kind; a document is a list of them.

use std::ops::Range;

use super::hex_view::HexRows;
use super::json_tree::JsonTree;
use super::lines::{FormFields, LineIndex};
use super::raw_lines::RawLines;
use super::span::{DisplayRow, SpanKind};
use super::xml::XmlLayout;

/// Source of the rows of a section.
#[derive(Debug, Clone)]
pub(super) enum SectionContent {
    Tree(JsonTree),
    Lines(LineIndex),
    Fields(FormFields),
    Markup(XmlLayout),
    Hex(HexRows),
    /// Lines with invisible bytes escaped.
    Raw(RawLines),
    /// A row above the rows that belong to it, and the number of these.
    Heading {
        text: String,
        below: usize,
    },
}

/// Content and its position in the document.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// First row.
    pub(super) row: usize,
    /// First byte; bytes are numbered across the texts of all sections.
    pub(super) byte: usize,
    /// Levels of indentation.
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
            Self::Hex(hex) => hex.len(),
            Self::Raw(raw) => raw.len(),
            Self::Heading { .. } => 1,
        }
    }

    /// Returns the bytes that its rows show.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Tree(tree) => tree.text().as_bytes(),
            Self::Lines(lines) => lines.text().as_bytes(),
            Self::Fields(fields) => fields.text().as_bytes(),
            Self::Markup(markup) => markup.text().as_bytes(),
            Self::Hex(hex) => &hex.bytes,
            Self::Raw(raw) => raw.bytes(),
            Self::Heading { text, .. } => text.as_bytes(),
        }
    }
}

impl Section {
    pub(super) fn rows(&self) -> Range<usize> {
        self.row..self.row + self.content.row_count()
    }

    /// Returns a row of the document that is in this section.
    pub(super) fn show(&self, row: usize, folded: bool) -> Option<DisplayRow<'_>> {
        let at = row.checked_sub(self.row)?;
        let mut out = match &self.content {
            SectionContent::Tree(tree) if folded => tree.show_folded(at, self.byte)?,
            SectionContent::Tree(tree) => tree.show(at, self.byte)?,
            SectionContent::Lines(lines) => lines.show(at, self.byte)?,
            SectionContent::Fields(fields) => fields.show(at, self.byte)?,
            SectionContent::Markup(markup) => markup.show(at, self.byte, folded)?,
            SectionContent::Hex(hex) => hex.show(at, self.byte)?,
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

    /// Returns the row that shows a byte of the document.
    pub(super) fn row_at(&self, byte: usize) -> usize {
        let at = byte.saturating_sub(self.byte);
        self.row
            + match &self.content {
                SectionContent::Tree(tree) => tree.row_at(at),
                SectionContent::Lines(lines) => lines.row_at(at),
                SectionContent::Fields(fields) => fields.row_at(at),
                SectionContent::Markup(markup) => markup.row_at(at),
                SectionContent::Hex(hex) => hex.row_at(at),
                SectionContent::Raw(raw) => raw.row_at(at),
                SectionContent::Heading { .. } => 0,
            }
    }

    /// Returns the last row that is hidden when a row is folded.
    pub(super) fn last(&self, row: usize) -> Option<usize> {
        let at = row.checked_sub(self.row)?;
        match &self.content {
            // The last container that invalid JSON opens is empty.
            SectionContent::Tree(tree) => {
                tree.last(at).filter(|last| *last > at).map(|last| last + self.row)
            }
            SectionContent::Markup(markup) => markup.last(at).map(|last| last + self.row),
            SectionContent::Heading { below, .. } if *below > 0 => Some(row + below),
            _ => None,
        }
    }

    /// Returns the opening row of a closing row, or the row itself.
    pub(super) fn head(&self, row: usize) -> usize {
        let at = row.saturating_sub(self.row);
        match &self.content {
            SectionContent::Tree(tree) => self.row + tree.head(at),
            SectionContent::Markup(markup) => self.row + markup.head(at),
            _ => row,
        }
    }

    /// Returns the parent of a row in the same section.
    pub(super) fn parent(&self, row: usize) -> Option<usize> {
        let at = row.checked_sub(self.row)?;
        let parent = match &self.content {
            SectionContent::Tree(tree) => tree.parent(at),
            SectionContent::Markup(markup) => markup.parent(at),
            _ => None,
        };
        parent.map(|parent| parent + self.row)
    }

    /// Returns the depth of a row, for folding to a level.
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
