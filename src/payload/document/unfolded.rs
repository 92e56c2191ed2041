//! Strings decoded in place: documents whose rows follow the rows of their strings.

use super::Document;
use super::body_rows::BodyRows;
use crate::payload::derived;
use crate::payload::json_tree::Node;

/// Content decoded from a string, and its position in the document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unfolded {
    /// Row of the string, counting the rows of the body alone.
    pub(super) host: usize,
    /// First row in the document.
    pub(super) row: usize,
    /// Rows of the decoded strings before it.
    before: usize,
    /// First byte in the document.
    pub(super) byte: usize,
    pub(super) label: String,
    pub(super) document: Document,
}

impl Unfolded {
    /// Returns the number of decoded rows up to the end of these.
    pub(super) fn rows_to_end(&self) -> usize {
        self.before + self.document.row_count()
    }
}

/// Origin of a row of a document.
pub(super) enum RowOrigin<'d> {
    /// Row of the body.
    Body(usize),
    /// Row of decoded content.
    Unfolded(&'d Unfolded, usize),
}

/// Returns the label of the encoded content of a string.
fn hint(node: Node<'_>) -> Option<String> {
    match node.raw_string()? {
        // Few escapes matter to the start and the end by which a long string is judged.
        raw if raw.len() > derived::HINTED => derived::hint_of_long(raw),
        _ => derived::hint(&node.string()?),
    }
}

impl Document {
    /// Returns the label of the encoded content of the string in a row, as a hint to decode it;
    /// none if it is decoded already.
    pub fn hint(&self, row: usize) -> Option<String> {
        match self.place(row) {
            RowOrigin::Body(at) if self.unfolded_at(at).is_some() => None,
            RowOrigin::Body(at) => hint(self.base.node(at)?),
            RowOrigin::Unfolded(inner, at) => inner.document.hint(at),
        }
    }

    /// Returns whether a row has a string that is not decoded yet.
    pub(crate) fn may_decode(&self, row: usize) -> bool {
        match self.place(row) {
            RowOrigin::Body(at) if self.unfolded_at(at).is_some() => false,
            RowOrigin::Body(at) => {
                self.base.node(at).is_some_and(|node| node.raw_string().is_some())
            }
            RowOrigin::Unfolded(inner, at) => inner.document.may_decode(at),
        }
    }

    /// Returns the document with the content of the string in a row as rows below it; `None` if it
    /// has no encoded content, or if it is decoded already.
    #[must_use]
    pub fn decoded_at(&self, row: usize) -> Option<Self> {
        let mut document = self.clone();
        match self.place(row) {
            RowOrigin::Body(at) if self.unfolded_at(at).is_some() => return None,
            RowOrigin::Body(host) => {
                let found = derived::derived(&self.base.node(host)?.string()?)?;
                let inner = Self::new(found.content, None, None);
                let (row, before, byte, label) = (0, 0, 0, found.label);
                let inner = Unfolded { host, row, before, byte, label, document: inner };
                let at = self.unfolded.partition_point(|other| other.host < host);
                document.unfolded.insert(at, inner);
            }
            RowOrigin::Unfolded(inner, at) => {
                let decoded = inner.document.decoded_at(at)?;
                let known = document.unfolded.iter_mut().find(|other| other.host == inner.host)?;
                known.document = decoded;
            }
        }
        document.arrange();
        Some(document)
    }

    /// Recomputes the positions of decoded strings.
    fn arrange(&mut self) {
        let (mut before, mut byte) = (0, self.base.byte_end());
        for inner in &mut self.unfolded {
            (inner.row, inner.before, inner.byte) = (inner.host + before + 1, before, byte);
            before += inner.document.row_count();
            byte += inner.document.byte_end();
        }
    }

    fn byte_end(&self) -> usize {
        self.unfolded
            .last()
            .map_or_else(|| self.base.byte_end(), |inner| inner.byte + inner.document.byte_end())
    }

    pub fn is_decoded(&self) -> bool {
        !self.unfolded.is_empty()
    }

    pub(super) fn place(&self, row: usize) -> RowOrigin<'_> {
        let at = self.unfolded.partition_point(|inner| inner.row <= row);
        match at.checked_sub(1).and_then(|at| self.unfolded.get(at)) {
            Some(inner) if row < inner.row + inner.document.row_count() => {
                RowOrigin::Unfolded(inner, row - inner.row)
            }
            Some(inner) => RowOrigin::Body(row - inner.rows_to_end()),
            None => RowOrigin::Body(row),
        }
    }

    /// Returns the content decoded from the string in a row of the body.
    pub(super) fn unfolded_at(&self, host: usize) -> Option<&Unfolded> {
        let at = self.unfolded.binary_search_by_key(&host, |inner| inner.host).ok()?;
        self.unfolded.get(at)
    }

    /// Returns the row of the document for a row of the body.
    pub(super) fn lifted(&self, row: usize) -> usize {
        let at = self.unfolded.partition_point(|inner| inner.host < row);
        row + at
            .checked_sub(1)
            .and_then(|at| self.unfolded.get(at))
            .map_or(0, Unfolded::rows_to_end)
    }

    /// Returns the last row that belongs to a row of the body: the row itself, or the last row of
    /// its decoded content.
    pub(super) fn lifted_end(&self, row: usize) -> usize {
        self.lifted(row) + self.unfolded_at(row).map_or(0, |inner| inner.document.row_count())
    }
}

/// Movement between rows.
impl Document {
    /// Returns the row that represents a value: for a closing brace or tag, the opening row.
    pub fn head(&self, row: usize) -> usize {
        match self.place(row) {
            RowOrigin::Body(at) => self.lifted(self.base.head(at)),
            RowOrigin::Unfolded(inner, at) => inner.row + inner.document.head(at),
        }
    }

    /// Returns the row of the container around a row, or of the string that it is decoded from.
    pub fn parent(&self, row: usize) -> Option<usize> {
        match self.place(row) {
            RowOrigin::Body(at) => self.base.parent(at).map(|parent| self.lifted(parent)),
            RowOrigin::Unfolded(inner, at) => {
                Some(inner.document.parent(at).map_or(inner.row - 1, |parent| inner.row + parent))
            }
        }
    }

    /// Returns the first row in a container that is not empty.
    pub fn first_child(&self, row: usize) -> Option<usize> {
        match self.place(row) {
            RowOrigin::Body(at) if self.unfolded_at(at).is_some() => Some(row + 1),
            RowOrigin::Body(at) => self.base.first_child(at).map(|child| self.lifted(child)),
            RowOrigin::Unfolded(inner, at) => Some(inner.row + inner.document.first_child(at)?),
        }
    }

    pub fn next_sibling(&self, row: usize) -> Option<usize> {
        self.moved(row, BodyRows::next_sibling, Self::next_sibling)
    }

    pub fn previous_sibling(&self, row: usize) -> Option<usize> {
        self.moved(row, BodyRows::previous_sibling, Self::previous_sibling)
    }

    /// Returns the next row with the same key; wraps around at the end.
    pub fn next_same_key(&self, row: usize) -> Option<usize> {
        self.moved(row, BodyRows::next_same_key, Self::next_same_key)
    }

    /// Returns the previous row with the same key; wraps around at the start.
    pub fn previous_same_key(&self, row: usize) -> Option<usize> {
        self.moved(row, BodyRows::previous_same_key, Self::previous_same_key)
    }

    /// Moves among the rows of the body, or among those of decoded content.
    fn moved(
        &self,
        row: usize,
        in_body: impl Fn(&BodyRows, usize) -> Option<usize>,
        in_decoded: impl Fn(&Self, usize) -> Option<usize>,
    ) -> Option<usize> {
        match self.place(row) {
            RowOrigin::Body(at) => in_body(&self.base, at).map(|found| self.lifted(found)),
            RowOrigin::Unfolded(inner, at) => Some(inner.row + in_decoded(&inner.document, at)?),
        }
    }
}
