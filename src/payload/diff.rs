//! Differences between two payloads: by structure if both are JSON, otherwise by line.

mod array;
mod digest;
mod headers;
mod ignored;
mod json;
mod lines;
mod merge;

pub use headers::headers;
pub use ignored::IgnoredPaths;

use super::document::{Document, DocumentForm};

/// Maximum number of rows in a diff.
const MAX_ROWS: usize = 1_000_000;

/// Kind of change of a value, a line, or a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    Same,
    Added,
    Removed,
    Changed,
    /// Equal, but at another index of its array.
    Moved,
}

impl Mark {
    /// Returns the sign that identifies the mark without color.
    pub fn sign(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
            Self::Moved => '>',
        }
    }
}

/// One row of a diff, as row numbers of the two documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffRow {
    pub mark: Mark,
    /// The difference was expected: a time, or a path that is ignored.
    pub is_muted: bool,
    /// The row represents everything in its container, as [`Document::folded_row`] renders it.
    pub is_folded: bool,
    old: u32,
    new: u32,
}

/// Represents "no row".
const NONE: u32 = u32::MAX;

impl DiffRow {
    fn new(mark: Mark, old: Option<usize>, new: Option<usize>) -> Self {
        let narrow =
            |row: Option<usize>| row.and_then(|row| u32::try_from(row).ok()).unwrap_or(NONE);
        Self { mark, is_muted: false, is_folded: false, old: narrow(old), new: narrow(new) }
    }

    /// Returns the row of the older document.
    pub fn old(&self) -> Option<usize> {
        Some(self.old).filter(|row| *row != NONE).map(|row| row as usize)
    }

    /// Returns the row of the newer document.
    pub fn new_row(&self) -> Option<usize> {
        Some(self.new).filter(|row| *row != NONE).map(|row| row as usize)
    }
}

/// Differences between two documents as a flat list, in the order of the newer one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    pub rows: Vec<DiffRow>,
    /// Notes on how the diff was made and what it leaves out.
    pub notes: Vec<String>,
}

impl Diff {
    /// Compares two payloads.
    pub fn new(old: &Document, new: &Document, ignored: &IgnoredPaths) -> Self {
        if old.body() == new.body() && old.form() == new.form() {
            return Self { rows: Vec::new(), notes: vec!["identical bytes".to_owned()] };
        }
        let mut diff = match (old.only_tree(), new.only_tree()) {
            (Some(before), Some(after)) => json::diff(before, after, ignored),
            _ => lines::diff(old, new),
        };
        let is_json = old.form() == DocumentForm::Json && new.form() == DocumentForm::Json;
        if is_json && diff.changes().next().is_none() {
            let what = "same values: only whitespace, escapes, or key order differ";
            diff.notes.push(what.to_owned());
        }
        diff
    }

    /// Iterates over the rows that differ.
    pub fn changes(&self) -> impl Iterator<Item = &DiffRow> {
        self.rows.iter().filter(|row| row.mark != Mark::Same)
    }

    /// Adds a row; returns false if the diff is full.
    fn push(&mut self, row: DiffRow) -> bool {
        if self.rows.len() >= MAX_ROWS {
            return false;
        }
        self.rows.push(row);
        true
    }
}
