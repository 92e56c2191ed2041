//! Line-by-line diff of two deliveries.

use super::Volatile;
use crate::app::style::{StyleClass, StyledLine};
use crate::delivery::{Delivery, Head, Summary, is_added_in_transit};
use crate::ops::diff::BaselineReason;
use crate::payload::Document;
use crate::payload::diff::{Diff, DiffRow, Mark, headers};
use crate::units;

/// Unchanged rows shown around a change.
const CONTEXT: usize = 2;

/// Bytes of the path of a line that are shown.
const PLACE: usize = 200;

/// Side of the diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffSide {
    Old,
    New,
}

/// Line of the diff.
#[derive(Debug, Clone, PartialEq)]
pub enum DiffEntry {
    /// Remark on the diff as a whole.
    Said(StyledLine),
    /// Number of unchanged rows left out.
    Skipped(usize),
    /// Row of one of the documents.
    Row { mark: Mark, which: DiffSide, row: usize, is_folded: bool, is_muted: bool },
    /// Header of one of the deliveries.
    Header { mark: Mark, which: DiffSide, name: String, value: String, is_muted: bool },
}

#[derive(Debug)]
struct Side {
    summary: Summary,
    head: Head,
    document: Document,
}

impl Side {
    fn new(delivery: Delivery) -> Self {
        let kind = delivery.head.joined_text("content-type");
        let coding = delivery.head.joined_text("content-encoding");
        let document = Document::new(delivery.body, kind.as_deref(), coding.as_deref());
        Self { summary: delivery.summary, head: delivery.head, document }
    }
}

/// Two deliveries and their diff, ready to be shown.
#[derive(Debug)]
pub struct DeliveryDiff {
    old: Side,
    new: Side,
    pub lines: Vec<DiffEntry>,
    /// Lines that begin a row where both sides are next to each other: all but the new side of a
    /// change.
    rows: Vec<usize>,
    /// Lines at which changes begin, except ignored ones.
    pub changes: Vec<usize>,
    /// Number of values, lines, or headers that differ, and how many of those are ignored.
    pub count: usize,
    pub muted: usize,
}

impl DeliveryDiff {
    /// Compares two deliveries. `signing` names the signature headers, which always differ.
    pub fn new(
        old: Delivery,
        new: Delivery,
        pick: BaselineReason,
        volatile: &Volatile,
        signing: &[&str],
    ) -> Self {
        let (old, new) = (Side::new(old), Side::new(new));
        let diff = Diff::new(&old.document, &new.document, &volatile.muted);
        let mut lines = about(&old.summary, &new.summary, pick).to_vec();
        let say = |role, text: &str| DiffEntry::Said(StyledLine::new(role, text));
        lines.extend(diff.notes.iter().map(|note| say(StyleClass::Dim, note)));
        lines.extend(rows(&diff.rows));
        let of_headers = header_lines(&old.head, &new.head, volatile, signing);
        lines.extend(of_headers);
        let begins_row = |at: &usize| *at == 0 || !is_pair(&lines, at - 1);
        let rows = (0..lines.len()).filter(begins_row).collect();
        let is_change = |line: &DiffEntry| line.mark() != Mark::Same && !line.is_muted();
        let mut before = false;
        let mut changes = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let is = is_change(line);
            if is && !before {
                changes.push(at);
            }
            before = is;
        }
        // A change has a line per side but counts once.
        let differing = || {
            lines.iter().filter(|line| match line.mark() {
                Mark::Same => false,
                Mark::Changed => line.which() == Some(DiffSide::New),
                Mark::Added | Mark::Removed | Mark::Moved => true,
            })
        };
        let (count, muted) = (differing().count(), differing().filter(|it| it.is_muted()).count());
        Self { old, new, lines, rows, changes, count, muted }
    }

    /// Returns the line of the first change that is not ignored.
    pub fn first_change(&self) -> usize {
        self.changes.first().copied().unwrap_or(0)
    }

    /// Returns the number of rows: of lines, or of pairs of lines if both sides are next to each
    /// other.
    pub fn row_count(&self, is_split: bool) -> usize {
        if is_split { self.rows.len() } else { self.lines.len() }
    }

    /// Returns the first line of a row.
    pub fn line_of(&self, row: usize, is_split: bool) -> usize {
        if is_split { self.rows.get(row).copied().unwrap_or(self.lines.len()) } else { row }
    }

    /// Returns the row that shows a line.
    pub fn row_of(&self, line: usize, is_split: bool) -> usize {
        if !is_split {
            return line;
        }
        self.rows.partition_point(|first| *first <= line).saturating_sub(1)
    }

    /// Returns the other side of a changed line, which is the next one.
    pub fn new_side(&self, line: usize) -> Option<&DiffEntry> {
        if is_pair(&self.lines, line) { self.lines.get(line + 1) } else { None }
    }

    pub fn document(&self, which: DiffSide) -> &Document {
        match which {
            DiffSide::Old => &self.old.document,
            DiffSide::New => &self.new.document,
        }
    }

    /// Returns the length of a line in bytes, if it is a document row.
    pub fn length(&self, line: usize) -> Option<usize> {
        match self.lines.get(line)? {
            DiffEntry::Row { which, row, .. } => Some(self.document(*which).row(*row)?.len()),
            DiffEntry::Header { name, value, .. } => Some(name.len() + 2 + value.len()),
            DiffEntry::Said(line) => Some(line.width()),
            DiffEntry::Skipped(_) => None,
        }
    }

    /// Returns the location of a line for display: the end of its path in the body, or its header.
    pub fn place(&self, line: usize) -> Option<String> {
        match self.lines.get(line)? {
            DiffEntry::Row { which, row, .. } => self.document(*which).path_end(*row, PLACE),
            DiffEntry::Header { name, .. } => Some(format!("header {name}")),
            DiffEntry::Said(_) | DiffEntry::Skipped(_) => None,
        }
    }
}

impl DiffEntry {
    pub fn mark(&self) -> Mark {
        match self {
            Self::Row { mark, .. } | Self::Header { mark, .. } => *mark,
            Self::Said(_) | Self::Skipped(_) => Mark::Same,
        }
    }

    pub fn is_muted(&self) -> bool {
        match self {
            Self::Row { is_muted, .. } | Self::Header { is_muted, .. } => *is_muted,
            Self::Said(_) | Self::Skipped(_) => false,
        }
    }

    /// Returns the side that the line belongs to.
    pub fn which(&self) -> Option<DiffSide> {
        match self {
            Self::Row { which, .. } | Self::Header { which, .. } => Some(*which),
            Self::Said(_) | Self::Skipped(_) => None,
        }
    }
}

/// Returns true if a line is the old side of a change, and the next one its new side.
fn is_pair(lines: &[DiffEntry], at: usize) -> bool {
    let is = |at: usize, side: DiffSide| {
        let line = lines.get(at);
        line.is_some_and(|line| line.mark() == Mark::Changed && line.which() == Some(side))
    };
    is(at, DiffSide::Old) && is(at + 1, DiffSide::New)
}

fn about(old: &Summary, new: &Summary, pick: BaselineReason) -> [DiffEntry; 2] {
    let word = if new.request.received_at < old.request.received_at { "later" } else { "earlier" };
    let why = match pick {
        BaselineReason::Object => "vs. previous delivery of the same object and type",
        BaselineReason::ObjectOtherType => {
            "vs. previous delivery of the same object, different type"
        }
        BaselineReason::Type => {
            "vs. previous delivery of the same type (none of the same object nearby)"
        }
        BaselineReason::TypeAlone => "vs. previous delivery of the same type",
        BaselineReason::Chosen => "vs. the delivery you chose",
    };
    let line = StyledLine::new(StyleClass::Plain, format!("delivery {} ", new.id))
        .with(StyleClass::Dim, "against ")
        .with(StyleClass::Plain, format!("delivery {}", old.id))
        .with(
            StyleClass::Dim,
            format!(
                ", {} {word}",
                units::format_gap(old.request.received_at, new.request.received_at)
            ),
        );
    let reason = StyledLine::new(StyleClass::Dim, why);
    let reason = if old.event.event_type == new.event.event_type {
        reason
    } else {
        reason.with(StyleClass::Dim, ": ").with(StyleClass::Accent, old.title())
    };
    [DiffEntry::Said(line), DiffEntry::Said(reason)]
}

/// Builds the entries of a diff, with long unchanged stretches folded.
fn rows(all: &[DiffRow]) -> Vec<DiffEntry> {
    let mut lines = Vec::new();
    let mut at = 0;
    for stretch in all.chunk_by(|one, other| (one.mark == Mark::Same) == (other.mark == Mark::Same))
    {
        let is_same = stretch.first().is_some_and(|row| row.mark == Mark::Same);
        let before = if at == 0 { 0 } else { CONTEXT };
        at += stretch.len();
        let behind = if at == all.len() { 0 } else { CONTEXT };
        // Folding a single row would save nothing.
        if is_same && stretch.len() > before + behind + 1 {
            let (shown, rest) = stretch.split_at(before);
            let (left_out, last) = rest.split_at(rest.len() - behind);
            lines.extend(shown.iter().flat_map(lines_of));
            lines.push(DiffEntry::Skipped(left_out.len()));
            lines.extend(last.iter().flat_map(lines_of));
        } else {
            lines.extend(stretch.iter().flat_map(lines_of));
        }
    }
    lines
}

/// Returns a line for each side that has its own content in the row.
fn lines_of(row: &DiffRow) -> impl Iterator<Item = DiffEntry> {
    let DiffRow { mark, is_muted, is_folded, .. } = *row;
    let line = move |which, row| DiffEntry::Row { mark, which, row, is_folded, is_muted };
    let has_old = matches!(mark, Mark::Removed | Mark::Changed);
    let old = if has_old { row.old() } else { None };
    let new = if mark == Mark::Removed { None } else { row.new_row() };
    let old = old.map(|row| line(DiffSide::Old, row));
    old.into_iter().chain(new.map(|row| line(DiffSide::New, row)))
}

fn header_lines(old: &Head, new: &Head, volatile: &Volatile, signing: &[&str]) -> Vec<DiffEntry> {
    let texts = |head: &Head| -> Vec<(String, String)> {
        let header = |header: &crate::delivery::Header| (header.name.clone(), header.text().into());
        head.headers.iter().map(header).collect()
    };
    let (old, new) = (texts(old), texts(new));
    let all = headers(&borrowed(&old), &borrowed(&new));
    let same = all.iter().filter(|change| change.mark == Mark::Same).count();
    let count = if same == 1 { "1 header is".to_owned() } else { format!("{same} headers are") };
    let mut lines = vec![DiffEntry::Said(StyledLine::default())];
    for change in all.iter().filter(|change| change.mark != Mark::Same) {
        let is_muted = volatile.has_header(change.name)
            || is_added_in_transit(change.name)
            || signing.iter().any(|name| name.eq_ignore_ascii_case(change.name));
        let line = |which, value: &str| DiffEntry::Header {
            mark: change.mark,
            which,
            name: change.name.to_owned(),
            value: value.to_owned(),
            is_muted,
        };
        lines.extend(change.old.map(|value| line(DiffSide::Old, value)));
        lines.extend(change.new.map(|value| line(DiffSide::New, value)));
    }
    lines.push(DiffEntry::Said(StyledLine::new(StyleClass::Dim, format!("{count} the same"))));
    lines
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
