//! A stretch of rows of one kind; a document is a list of them.

use std::ops::Range;

use bytes::Bytes;

use super::hex_view;
use super::lines::{Fields, Lines};
use super::markup::Markup;
use super::piece::{PieceKind, Row};
use super::raw::Raw;
use super::tree::Tree;

/// What the rows of a section are made from.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Tree(Tree),
    Lines(Lines),
    Fields(Fields),
    Markup(Markup),
    Hex(Bytes),
    /// Lines with what nobody sees.
    Raw(Raw),
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
    pub(super) content: Content,
}

impl Content {
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
    pub(super) fn show(&self, row: usize, folded: bool) -> Option<Row<'_>> {
        let at = row.checked_sub(self.row)?;
        let mut out = match &self.content {
            Content::Tree(tree) if folded => tree.show_folded(at, self.byte)?,
            Content::Tree(tree) => tree.show(at, self.byte)?,
            Content::Lines(lines) => lines.show(at, self.byte)?,
            Content::Fields(fields) => fields.show(at, self.byte)?,
            Content::Markup(markup) => markup.show(at, self.byte, folded)?,
            Content::Hex(bytes) => hex_view::show(bytes, at, self.byte)?,
            Content::Raw(raw) => raw.show(at, self.byte)?,
            Content::Heading { text, below } => {
                let mut out = Row::new(0);
                out.source(PieceKind::Remark, text, self.byte);
                if folded {
                    let noun = if *below == 1 { "row" } else { "rows" };
                    out.laid(PieceKind::Remark, format!(" … {below} {noun}"));
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
                Content::Tree(tree) => tree.row_at(at),
                Content::Lines(lines) => lines.row_at(at),
                Content::Fields(fields) => fields.row_at(at),
                Content::Markup(markup) => markup.row_at(at),
                Content::Hex(_) => hex_view::row_at(at),
                Content::Raw(raw) => raw.row_at(at),
                Content::Heading { .. } => 0,
            }
    }

    /// The last row that is hidden when a row is folded.
    pub(super) fn last(&self, row: usize) -> Option<usize> {
        let at = row.checked_sub(self.row)?;
        match &self.content {
            // What broken JSON opens last has nothing in it.
            Content::Tree(tree) => {
                tree.last(at).filter(|last| *last > at).map(|last| last + self.row)
            }
            Content::Markup(markup) => markup.last(at).map(|last| last + self.row),
            Content::Heading { below, .. } if *below > 0 => Some(row + below),
            _ => None,
        }
    }

    /// The row that opens what a row closes; else the row itself.
    pub(super) fn head(&self, row: usize) -> usize {
        let at = row.saturating_sub(self.row);
        match &self.content {
            Content::Tree(tree) => self.row + tree.head(at),
            Content::Markup(markup) => self.row + markup.head(at),
            _ => row,
        }
    }

    /// The row of the same section that a row stands in.
    pub(super) fn parent(&self, row: usize) -> Option<usize> {
        let at = row.checked_sub(self.row)?;
        let parent = match &self.content {
            Content::Tree(tree) => tree.parent(at),
            Content::Markup(markup) => markup.parent(at),
            _ => None,
        };
        parent.map(|parent| parent + self.row)
    }

    /// How deep a row stands, for folding to a level.
    pub(super) fn depth(&self, row: usize) -> usize {
        let at = row.saturating_sub(self.row);
        self.level
            + match &self.content {
                Content::Tree(tree) => tree.depth(at),
                Content::Markup(markup) => markup.depth(at),
                _ => 0,
            }
    }
}
