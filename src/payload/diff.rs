//! What changed from one payload to the next: by structure where both are JSON, else by line.

mod array;
mod digest;
mod headers;
mod ignored;
mod json;
mod lines;
mod merge;

pub use headers::{HeaderChange, headers};
pub use ignored::{IgnoredPaths, IgnoredPathsError};

use super::document::{Document, DocumentForm};

/// More differences than this are not listed.
const MAX_ROWS: usize = 1_000_000;

/// What happened to a value, a line or a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    Same,
    Added,
    Removed,
    Changed,
    /// It stands at another place of its array, and is the same.
    Moved,
}

impl Mark {
    /// The sign that tells them apart without colour.
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

/// One row of a difference, by the rows of the documents that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffRow {
    pub mark: Mark,
    /// The difference was to be expected: a time, or a path that was said to change.
    pub is_muted: bool,
    /// It stands for all that is in its container, as [`Document::folded_row`] shows it.
    pub is_folded: bool,
    old: u32,
    new: u32,
}

/// Stands for "no row".
const NONE: u32 = u32::MAX;

impl DiffRow {
    fn new(mark: Mark, old: Option<usize>, new: Option<usize>) -> Self {
        let narrow =
            |row: Option<usize>| row.and_then(|row| u32::try_from(row).ok()).unwrap_or(NONE);
        Self { mark, is_muted: false, is_folded: false, old: narrow(old), new: narrow(new) }
    }

    /// The row of the older document.
    pub fn old(&self) -> Option<usize> {
        Some(self.old).filter(|row| *row != NONE).map(|row| row as usize)
    }

    /// The row of the newer document.
    pub fn new_row(&self) -> Option<usize> {
        Some(self.new).filter(|row| *row != NONE).map(|row| row as usize)
    }
}

/// The difference of two documents as a flat list, in the order of the newer one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    pub rows: Vec<DiffRow>,
    /// How it was made, and what it leaves out.
    pub notes: Vec<String>,
}

impl Diff {
    /// Compares two payloads.
    pub fn new(old: &Document, new: &Document, muted: &IgnoredPaths) -> Self {
        if old.body() == new.body() && old.form() == new.form() {
            return Self { rows: Vec::new(), notes: vec!["byte for byte the same".to_owned()] };
        }
        let mut diff = match (old.only_tree(), new.only_tree()) {
            (Some(before), Some(after)) => json::diff(before, after, muted),
            _ => lines::diff(old, new),
        };
        let is_json = old.form() == DocumentForm::Json && new.form() == DocumentForm::Json;
        if is_json && diff.changes().next().is_none() {
            let what = "the same values: only white space, escapes or the order of keys differ";
            diff.notes.push(what.to_owned());
        }
        diff
    }

    /// The rows that are not the same on both sides.
    pub fn changes(&self) -> impl Iterator<Item = &DiffRow> {
        self.rows.iter().filter(|row| row.mark != Mark::Same)
    }

    /// Adds a row; false if there is no room for more.
    fn push(&mut self, row: DiffRow) -> bool {
        if self.rows.len() >= MAX_ROWS {
            return false;
        }
        self.rows.push(row);
        true
    }
}
