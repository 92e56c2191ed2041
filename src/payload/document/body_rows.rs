//! Rows of one body, without what was decoded from its strings.

use std::ops::Range;

use bytes::Bytes;

use super::DocumentForm;
use crate::payload::hex_view::HexRows;
use crate::payload::json_tree::{JsonTree, Node};
use crate::payload::raw_lines::RawLines;
use crate::payload::section::{Section, SectionContent};
use crate::payload::span::DisplayRow;

/// A body and an index of its rows.
#[derive(Debug)]
pub(super) struct BodyRows {
    pub(super) form: DocumentForm,
    pub(super) note: Option<String>,
    pub(super) is_damaged: bool,
    pub(super) wire: Bytes,
    pub(super) body: Bytes,
    pub(super) sections: Vec<Section>,
    pub(super) rows: usize,
    pub(super) language: Option<&'static str>,
}

impl BodyRows {
    /// Renders any body as offsets, hexadecimal, and text, without decoding it.
    pub(super) fn hex(body: Bytes) -> Self {
        let hex = HexRows::new(body.clone());
        let rows = hex.len();
        let content = SectionContent::Hex(hex);
        let sections = vec![Section { row: 0, byte: 0, level: 0, content }];
        let wire = body.clone();
        Self {
            form: DocumentForm::Hex,
            note: None,
            is_damaged: false,
            wire,
            body,
            sections,
            rows,
            language: None,
        }
    }

    /// Renders any bytes as lines with visible escapes, without decoding them.
    pub(super) fn raw(bytes: Bytes) -> Self {
        let raw = RawLines::new(bytes.clone());
        let rows = raw.len();
        let sections =
            vec![Section { row: 0, byte: 0, level: 0, content: SectionContent::Raw(raw) }];
        let wire = bytes.clone();
        Self {
            form: DocumentForm::Text,
            note: None,
            is_damaged: false,
            wire,
            body: bytes,
            sections,
            rows,
            language: None,
        }
    }

    /// Returns an unfolded row; `None` after the last one.
    pub(super) fn row(&self, row: usize) -> Option<DisplayRow<'_>> {
        self.section(row)?.show(row, false)
    }

    /// Returns a row that represents everything folded under it, as one line with a count.
    pub(super) fn folded_row(&self, row: usize) -> Option<DisplayRow<'_>> {
        self.section(row)?.show(row, true)
    }

    /// Returns the last row that is hidden when a row is folded; `None` if it cannot be folded.
    pub(super) fn last_folded(&self, row: usize) -> Option<usize> {
        self.section(row)?.last(row)
    }

    /// Returns the number of containers around a row.
    pub(super) fn depth(&self, row: usize) -> usize {
        self.section(row).map_or(0, |section| section.depth(row))
    }

    /// Returns the row that shows a byte of the document. Spans and hits count bytes in the same
    /// way.
    pub(super) fn row_at(&self, byte: usize) -> usize {
        let at = self.sections.partition_point(|section| section.byte <= byte);
        let before = self.sections.get(..at).unwrap_or_default();
        let found = before.iter().rev().find(|section| !section.rows().is_empty());
        found.map_or(0, |section| section.row_at(byte))
    }

    /// Returns the JSON value that a row belongs to; `None` in other forms.
    pub(super) fn node(&self, row: usize) -> Option<Node<'_>> {
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

    pub(super) fn section(&self, row: usize) -> Option<&Section> {
        let at = self.sections.partition_point(|section| section.row <= row);
        // A section without rows begins where the next one does.
        let found = self.sections.get(..at)?.last()?;
        found.rows().contains(&row).then_some(found)
    }

    /// Returns the tree that contains a row, and the tree's first row.
    pub(super) fn tree(&self, row: usize) -> Option<(&JsonTree, usize)> {
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

    /// Returns the body with bytes in hex in rows that fit `width` columns; `None` if they do
    /// already.
    pub(super) fn hex_fitted(&self, width: usize) -> Option<Self> {
        let room = |section: &Section| width.saturating_sub(2 * section.level);
        let is_wrong = |section: &Section| match &section.content {
            SectionContent::Hex(hex) => !hex.fits(room(section)),
            _ => false,
        };
        if !self.sections.iter().any(is_wrong) {
            return None;
        }
        let mut sections = self.sections.clone();
        let mut rows = 0;
        for section in &mut sections {
            let fitted = match &section.content {
                SectionContent::Hex(hex) => Some(hex.fitted(room(section))),
                _ => None,
            };
            if let Some(fitted) = fitted {
                section.content = SectionContent::Hex(fitted);
            }
            section.row = rows;
            rows = section.rows().end;
        }
        // A heading counts the rows below it.
        let firsts: Vec<usize> = sections.iter().map(|section| section.row).collect();
        for (old, section) in self.sections.iter().zip(&mut sections) {
            if let SectionContent::Heading { below, .. } = &mut section.content {
                let end = old.row + 1 + *below;
                let after = self.sections.partition_point(|one| one.row < end);
                *below = firsts.get(after).unwrap_or(&rows).saturating_sub(section.row + 1);
            }
        }
        let (note, wire, body) = (self.note.clone(), self.wire.clone(), self.body.clone());
        let Self { form, is_damaged, language, .. } = *self;
        Some(Self { form, note, is_damaged, wire, body, sections, rows, language })
    }

    /// Returns the first byte after those of all sections.
    pub(super) fn byte_end(&self) -> usize {
        let ends = self.sections.iter().map(|section| section.byte + section.content.bytes().len());
        ends.max().map_or(0, |end| end + 1)
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
