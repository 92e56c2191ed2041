//! A value of a JSON body: where it stands, and what it is.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{JsonKind, JsonTree};
use crate::payload::path::{PathStep, PayloadPath};
use crate::payload::pointer;

/// The value that a row of a document belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Node<'d> {
    pub(super) tree: &'d JsonTree,
    pub(super) row: usize,
}

impl JsonTree {
    /// The value that a row belongs to; the row of a closing brace to what it closes.
    pub(in crate::payload) fn node(&self, row: usize) -> Option<Node<'_>> {
        let row = self.head(row);
        self.row(row).map(|_| Node { tree: self, row })
    }
}

impl<'d> Node<'d> {
    pub fn kind(&self) -> JsonKind {
        self.tree.kind(self.row).unwrap_or(JsonKind::Broken)
    }

    /// The key as it was sent, without its quotes.
    pub fn raw_key(&self) -> Option<&'d str> {
        self.tree.key_text(self.row).map(|(key, _)| key)
    }

    /// The key, unescaped.
    pub fn key(&self) -> Option<Cow<'d, str>> {
        self.raw_key().map(unescaped)
    }

    /// Where the value stands. Of JSON lines, within its line.
    pub fn path(&self) -> PayloadPath {
        let up = |row: &usize| self.tree.parent(*row);
        let rows = std::iter::successors(Some(self.row), up);
        let mut steps: Vec<PathStep> = rows.filter_map(|row| self.tree.step(row)).collect();
        steps.reverse();
        PayloadPath(steps)
    }

    /// The value as it was sent, white space included.
    pub fn source(&self) -> &'d str {
        let (start, end) = self.tree.extent(self.row).unwrap_or_default();
        self.tree.slice(start, end)
    }

    /// The text of a string, unescaped; nothing of other values.
    pub fn string(&self) -> Option<Cow<'d, str>> {
        let inside = self.source().strip_prefix('"')?.strip_suffix('"')?;
        (self.kind() == JsonKind::String).then(|| unescaped(inside))
    }

    /// How many containers the value stands in; beyond 65,535 that is what is said.
    pub fn depth(&self) -> usize {
        self.tree.depth(self.row)
    }

    /// How many values a container holds.
    pub fn count(&self) -> usize {
        self.tree.count(self.row)
    }

    /// The moment that a number means if it is a Unix time of our century: seconds in ten digits,
    /// milliseconds in 13, microseconds in 16, nanoseconds in 19.
    pub fn instant(&self) -> Option<Timestamp> {
        (self.kind() == JsonKind::Number).then(|| instant(self.source())).flatten()
    }
}

impl JsonTree {
    fn step(&self, row: usize) -> Option<PathStep> {
        let found = self.row(row)?;
        match self.key_text(row) {
            Some((key, _)) => Some(PathStep::Key(unescaped(key).into_owned())),
            None if found.parent == super::NONE => None,
            None => Some(PathStep::Index(found.ordinal as usize)),
        }
    }
}

/// The text that stands between two quotes. Half of a surrogate pair is valid JSON and no text;
/// then the escapes stand for it.
pub(in crate::payload) fn unescaped(inside: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return Cow::Borrowed(inside);
    }
    match pointer::scalar(&format!("\"{inside}\"")) {
        Some(Cow::Owned(text)) => Cow::Owned(text),
        _ => Cow::Borrowed(inside),
    }
}

/// The moment that a number's text means, as [`Node::instant`] has it.
pub(in crate::payload) fn instant(number: &str) -> Option<Timestamp> {
    /// The years 2000 to 2099, in seconds.
    const CENTURY: std::ops::Range<i64> = 946_684_800..4_102_444_800;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: i64 = number.parse().ok()?;
    let (per_second, nanoseconds) = match number.len() {
        10 => (1, 1_000_000_000),
        13 => (1_000, 1_000_000),
        16 => (1_000_000, 1_000),
        19 => (1_000_000_000, 1),
        _ => return None,
    };
    let seconds = value / per_second;
    let rest = i32::try_from(value % per_second * nanoseconds).ok()?;
    CENTURY.contains(&seconds).then(|| Timestamp::new(seconds, rest).ok()).flatten()
}
