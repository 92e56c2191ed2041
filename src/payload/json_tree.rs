//! JSON as flat rows of a fixed size: the position of each value in the text, and its relations to
//! other rows. Nothing is copied and nothing recurses, so size and depth cost only memory.

mod node;
mod preview;
mod read;
mod show;

pub use node::Node;
pub(super) use read::Fault;

use bytestring::ByteString;

/// Represents "no row".
const NONE: u32 = u32::MAX;

/// Maximum number of rows; the rest is displayed as lines.
const MAX_ROWS: usize = 4_000_000;

/// The row is a member of an object and begins with its key.
const KEY: u8 = 1;
/// A comma follows.
const COMMA: u8 = 2;

/// Content of a row of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JsonKind {
    /// `{`, with members in the rows below.
    Object,
    /// `[`, with items in the rows below.
    Array,
    EmptyObject,
    EmptyArray,
    ObjectEnd,
    ArrayEnd,
    String,
    Number,
    /// `true`, `false`, or `null`.
    Literal,
    /// A line of JSON Lines that is not JSON.
    Broken,
}

impl JsonKind {
    pub fn is_open(self) -> bool {
        matches!(self, Self::Object | Self::Array)
    }

    pub fn is_end(self) -> bool {
        matches!(self, Self::ObjectEnd | Self::ArrayEnd)
    }
}

/// One row, in 24 bytes.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// Start of the key or, without one, of the value.
    start: u32,
    value: u32,
    /// For the rows of a container, the matching row; otherwise the end of the value.
    tail: u32,
    parent: u32,
    /// Index of the member in its parent; for the end of a container, the number of members.
    ordinal: u32,
    depth: u16,
    kind: JsonKind,
    marks: u8,
}

/// Rows of a JSON text, or of JSON Lines.
#[derive(Debug, Clone)]
pub(super) struct JsonTree {
    text: ByteString,
    rows: Vec<Row>,
    /// Number of top-level values; more than one in JSON Lines.
    roots: usize,
}

impl JsonTree {
    pub(super) fn text(&self) -> &ByteString {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn roots(&self) -> usize {
        self.roots
    }

    pub(super) fn kind(&self, row: usize) -> Option<JsonKind> {
        self.row(row).map(|row| row.kind)
    }

    /// Returns the depth of a row; top-level values have depth 0.
    pub(super) fn depth(&self, row: usize) -> usize {
        self.row(row).map_or(0, |row| usize::from(row.depth))
    }

    fn row(&self, at: usize) -> Option<Row> {
        self.rows.get(at).copied()
    }

    /// Returns the last row of the container that a row opens; in invalid JSON its end may be
    /// missing.
    pub(super) fn last(&self, row: usize) -> Option<usize> {
        let found = self.row(row).filter(|row| row.kind.is_open())?;
        Some(found.tail as usize)
    }

    pub(super) fn parent(&self, row: usize) -> Option<usize> {
        self.row(row).map(|row| row.parent).filter(|parent| *parent != NONE).map(|at| at as usize)
    }

    /// Returns the row that represents a value: for the end of a container, the row that opens it.
    pub(super) fn head(&self, row: usize) -> usize {
        self.row(row).filter(|found| found.kind.is_end()).map_or(row, |found| found.tail as usize)
    }

    pub(super) fn first_child(&self, row: usize) -> Option<usize> {
        let below = self.row(row + 1).filter(|below| !below.kind.is_end())?;
        (below.parent as usize == row).then_some(row + 1)
    }

    pub(super) fn next_sibling(&self, row: usize) -> Option<usize> {
        let row = self.head(row);
        let next = self.last(row).unwrap_or(row) + 1;
        let found = self.row(next).filter(|found| !found.kind.is_end())?;
        (self.row(row)?.parent == found.parent).then_some(next)
    }

    pub(super) fn previous_sibling(&self, row: usize) -> Option<usize> {
        let row = self.head(row);
        let before = self.head(row.checked_sub(1)?);
        (self.row(row)?.parent == self.row(before)?.parent).then_some(before)
    }

    /// Iterates over the rows of the values directly in a container.
    pub(super) fn children(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.first_child(row), |child| self.next_sibling(*child))
    }

    /// Returns the index of a value in its container.
    pub(super) fn ordinal(&self, row: usize) -> usize {
        self.row(self.head(row)).map_or(0, |row| row.ordinal as usize)
    }

    /// Returns the number of values in a container.
    pub(super) fn count(&self, row: usize) -> usize {
        match self.last(row).and_then(|last| self.row(last)) {
            Some(end) if end.kind.is_end() && end.tail as usize == row => end.ordinal as usize,
            _ => self.children(row).count(),
        }
    }

    /// Returns the row that shows a byte of the text, or the last row before it.
    pub(super) fn row_at(&self, byte: usize) -> usize {
        self.rows.partition_point(|row| row.start as usize <= byte).saturating_sub(1)
    }

    /// Returns the start and end of a row's value in the text.
    pub(super) fn extent(&self, row: usize) -> Option<(usize, usize)> {
        let found = self.row(self.head(row))?;
        let start = found.value as usize;
        let Some(last) = self.last(self.head(row)) else {
            return Some((start, found.tail as usize));
        };
        let last = self.row(last)?;
        let end = if last.kind.is_end() { last.value as usize + 1 } else { self.text.len() };
        Some((start, end))
    }

    fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }
}
