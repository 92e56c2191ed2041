//! A value of a JSON body: its position and its content.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{JsonKind, JsonTree};
use crate::payload::path::{PathStep, PayloadPath};
use crate::payload::pointer;
use crate::work;

/// Value that a row of a document belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Node<'d> {
    pub(super) tree: &'d JsonTree,
    pub(super) row: usize,
}

impl JsonTree {
    /// Returns the value that a row belongs to; the row of a closing brace belongs to the value it
    /// closes.
    pub(in crate::payload) fn node(&self, row: usize) -> Option<Node<'_>> {
        let row = self.head(row);
        self.row(row).map(|_| Node { tree: self, row })
    }
}

impl<'d> Node<'d> {
    pub fn kind(&self) -> JsonKind {
        self.tree.kind(self.row).unwrap_or(JsonKind::Broken)
    }

    /// Returns the key as sent, without its quotes.
    pub fn raw_key(&self) -> Option<&'d str> {
        self.tree.key_text(self.row).map(|(key, _)| key)
    }

    /// Returns the unescaped key.
    pub fn key(&self) -> Option<Cow<'d, str>> {
        self.raw_key().map(unescaped)
    }

    /// Returns whether this is the unescaped key.
    pub(in crate::payload) fn has_key(&self, key: &str) -> bool {
        self.raw_key().is_some_and(|raw| {
            // An escape takes up to six bytes for one.
            raw == key
                || ((raw.len() > key.len() && raw.len() <= 6 * key.len()) && unescaped(raw) == key)
        })
    }

    /// Returns the path of the value; in JSON Lines, within its line.
    pub fn path(&self) -> PayloadPath {
        let up = |row: &usize| self.tree.parent(*row);
        let rows = std::iter::successors(Some(self.row), up);
        let mut steps: Vec<PathStep> = rows.filter_map(|row| self.tree.step(row)).collect();
        steps.reverse();
        PayloadPath(steps)
    }

    /// Returns the end of the path as a breadcrumb of about `most` bytes, with `…` if it is longer.
    pub fn path_end(&self, most: usize) -> String {
        let up = |row: &usize| self.tree.parent(*row);
        let mut steps: Vec<String> = Vec::new();
        let mut length = 0;
        for row in std::iter::successors(Some(self.row), up) {
            if length > most {
                steps.push("…".to_owned());
                break;
            }
            let step = self.tree.breadcrumb_step(row, most).unwrap_or_default();
            length += step.len();
            steps.push(step);
        }
        steps.reverse();
        if length == 0 { ".".to_owned() } else { steps.concat() }
    }

    /// Returns the value as sent, including white space.
    pub fn source(&self) -> &'d str {
        let (start, end) = self.tree.extent(self.row).unwrap_or_default();
        self.tree.slice(start, end)
    }

    /// Returns the unescaped text of a string; `None` for other values.
    pub fn string(&self) -> Option<Cow<'d, str>> {
        self.raw_string().map(unescaped)
    }

    /// Returns the text of a string as sent; `None` for other values.
    pub(in crate::payload) fn raw_string(&self) -> Option<&'d str> {
        let inside = self.source().strip_prefix('"')?.strip_suffix('"')?;
        (self.kind() == JsonKind::String).then_some(inside)
    }

    /// Returns the number of containers around the value, at most 65,535.
    pub fn depth(&self) -> usize {
        self.tree.depth(self.row)
    }

    /// Returns the time that a number represents if it is a Unix time of this century: 10 digits
    /// for seconds, 13 for milliseconds, 16 for microseconds, 19 for nanoseconds.
    pub fn instant(&self) -> Option<Timestamp> {
        (self.kind() == JsonKind::Number).then(|| instant(self.source())).flatten()
    }
}

impl JsonTree {
    /// Returns a step of a breadcrumb; of a key that is too long, the end as sent.
    fn breadcrumb_step(&self, row: usize, most: usize) -> Option<String> {
        work::count(1);
        match self.key_text(row) {
            Some((key, _)) if key.len() > most => {
                let end = key.get(key.ceil_char_boundary(key.len() - most)..)?;
                Some(format!(".…{end}"))
            }
            _ => self.step(row).map(|step| PayloadPath(vec![step]).breadcrumb()),
        }
    }

    fn step(&self, row: usize) -> Option<PathStep> {
        work::count(1);
        let found = self.row(row)?;
        match self.key_text(row) {
            Some((key, _)) => Some(PathStep::Key(unescaped(key).into_owned())),
            None if found.parent == super::NONE => None,
            None => Some(PathStep::Index(found.ordinal as usize)),
        }
    }
}

/// Unescapes the text between two quotes. Half of a surrogate pair is valid JSON but not text; then
/// the escapes are kept.
pub(in crate::payload) fn unescaped(inside: &str) -> Cow<'_, str> {
    work::count(inside.len());
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return Cow::Borrowed(inside);
    }
    match pointer::scalar(&format!("\"{inside}\"")) {
        Some(Cow::Owned(text)) => Cow::Owned(text),
        _ => Cow::Borrowed(inside),
    }
}

/// Returns the time that the text of a number represents, as in [`Node::instant`].
pub(in crate::payload) fn instant(number: &str) -> Option<Timestamp> {
    /// The years 2000 to 2099, in seconds.
    const CENTURY: std::ops::Range<i64> = 946_684_800..4_102_444_800;
    let (per_second, nanoseconds) = match number.len() {
        10 => (1, 1_000_000_000),
        13 => (1_000, 1_000_000),
        16 => (1_000_000, 1_000),
        19 => (1_000_000_000, 1),
        _ => return None,
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: i64 = number.parse().ok()?;
    let seconds = value / per_second;
    let rest = i32::try_from(value % per_second * nanoseconds).ok()?;
    CENTURY.contains(&seconds).then(|| Timestamp::new(seconds, rest).ok()).flatten()
}
