//! JSON as flat rows of a fixed size: where each value stands in the text, and which rows belong
//! together. Nothing is copied and nothing recurses, so size and depth cost only memory.

mod node;
mod read;
mod show;

pub use node::Node;
pub(super) use read::Fault;

use bytestring::ByteString;

/// Stands for "no row".
const NONE: u32 = u32::MAX;

/// More rows than this are not kept: what follows is shown as lines.
const MAX_ROWS: usize = 4_000_000;

/// The row belongs to a member of an object, and its key comes first.
const KEY: u8 = 1;
/// A comma follows.
const COMMA: u8 = 2;

/// What a row of JSON holds.
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
    /// `true`, `false` or `null`.
    Literal,
    /// A line of JSON lines that is no JSON.
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
    /// Where the key or, without one, the value begins.
    start: u32,
    value: u32,
    /// Of a container's rows the matching row, else where the value ends.
    tail: u32,
    parent: u32,
    /// Which member of its parent it is; of the end of a container, how many there are.
    ordinal: u32,
    depth: u16,
    kind: JsonKind,
    marks: u8,
}

/// The rows of a JSON text, or of JSON lines.
#[derive(Debug, Clone)]
pub(super) struct JsonTree {
    text: ByteString,
    rows: Vec<Row>,
    /// How many values stand side by side; more than one in JSON lines.
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

    /// How deep a row stands; the outermost values at 0.
    pub(super) fn depth(&self, row: usize) -> usize {
        self.row(row).map_or(0, |row| usize::from(row.depth))
    }

    fn row(&self, at: usize) -> Option<Row> {
        self.rows.get(at).copied()
    }

    /// The last row of the container that a row opens; it may lack its end in broken JSON.
    pub(super) fn last(&self, row: usize) -> Option<usize> {
        let found = self.row(row).filter(|row| row.kind.is_open())?;
        Some(found.tail as usize)
    }

    pub(super) fn parent(&self, row: usize) -> Option<usize> {
        self.row(row).map(|row| row.parent).filter(|parent| *parent != NONE).map(|at| at as usize)
    }

    /// The row that stands for a value: where it is the end of a container, the one that opens it.
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

    /// The rows of the values directly in a container.
    pub(super) fn children(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.first_child(row), |child| self.next_sibling(*child))
    }

    /// Which value of its container a row is, from 0.
    pub(super) fn ordinal(&self, row: usize) -> usize {
        self.row(self.head(row)).map_or(0, |row| row.ordinal as usize)
    }

    /// How many values a container holds.
    pub(super) fn count(&self, row: usize) -> usize {
        match self.last(row).and_then(|last| self.row(last)) {
            Some(end) if end.kind.is_end() && end.tail as usize == row => end.ordinal as usize,
            _ => self.children(row).count(),
        }
    }

    /// The row in which a byte of the text is shown, or the last one before it.
    pub(super) fn row_at(&self, byte: usize) -> usize {
        self.rows.partition_point(|row| row.start as usize <= byte).saturating_sub(1)
    }

    /// Where the value of a row begins and ends in the text.
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
