//! Visible rows of the diff.

use crate::app::diff::{DeliveryDiff, DiffEntry, DiffSide};
use crate::app::document_view::piece_role;
use crate::app::model::Model;
use crate::app::style::{StyleClass, StyledLine, StyledSpan};
use crate::payload::diff::Mark;
use crate::units;

/// Width of the markers on the left.
pub(crate) const GUTTER: usize = 3;

/// Row of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DiffLine {
    /// The whole row, or the older delivery if both sides are next to each other.
    pub cell: DiffCell,
    /// The newer delivery next to the older one.
    pub new: Option<DiffCell>,
    pub has_cursor: bool,
}

/// Text of a row with its marker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DiffCell {
    /// Marker of the change, which does not scroll horizontally.
    pub sign: StyledLine,
    pub line: StyledLine,
    /// Columns to clip on the left.
    pub left: usize,
}

/// Width of each side of two that share `width` columns, with a column between them.
pub(crate) fn half(width: usize) -> usize {
    width.saturating_sub(1) / 2
}

/// Renders the rows for a screen of `height` lines and `width` columns, markers included.
pub(crate) fn lines(model: &Model, width: usize, height: usize) -> Vec<DiffLine> {
    let comparing = &model.comparing;
    // If no delivery matches the filter, there is nothing to compare.
    if model.detail.loaded.is_none() {
        return Vec::new();
    }
    let whole = width.saturating_sub(GUTTER);
    if let Some(reason) = &comparing.failure {
        let reason = StyledLine::new(StyleClass::Plain, reason).wrap(whole, 0);
        return reason.into_iter().take(height).map(plain).collect();
    }
    let Some(compared) = &comparing.compared else {
        return vec![plain(StyledLine::new(StyleClass::Dim, "comparing …"))];
    };
    let is_split = comparing.is_split;
    let rows = comparing.top..compared.row_count(is_split);
    rows.take(height)
        .filter_map(|row| {
            let at = compared.line_of(row, is_split);
            let entry = compared.lines.get(at)?;
            let has_cursor = row == comparing.cursor;
            let (true, Some(side)) = (is_split, entry.which()) else {
                let cell = cell(model, compared, at, whole)?;
                return Some(DiffLine { cell, new: None, has_cursor });
            };
            let width = half(width).saturating_sub(GUTTER);
            let own = cell(model, compared, at, width)?;
            let (cell, new) = match (entry.mark(), side, compared.new_side(at)) {
                (Mark::Same, ..) => (own.clone(), own),
                (_, DiffSide::Old, Some(_)) => (own, cell(model, compared, at + 1, width)?),
                (_, DiffSide::Old, None) => (own, DiffCell::default()),
                (_, DiffSide::New, _) => (DiffCell::default(), own),
            };
            Some(DiffLine { cell, new: Some(new), has_cursor })
        })
        .collect()
}

/// Renders the line at an index in a cell of `width` columns without its marker.
fn cell(model: &Model, compared: &DeliveryDiff, at: usize, width: usize) -> Option<DiffCell> {
    let line = compared.lines.get(at)?;
    let (text, left) = text(compared, line, model.comparing.left, width);
    let text = if model.is_masked() { text.masked_with_names() } else { text };
    let (sign, role) = sign(line);
    // Values are already masked, so their style can be replaced.
    let is_exact = role != StyleClass::Dim && model.comparing.left == 0 && !model.is_masked();
    let line = match (role, counterpart(compared, at)) {
        (StyleClass::Plain, _) => text,
        (role, Some(other)) if is_exact => {
            let (other, _) = self::text(compared, other, 0, width);
            emphasized(text, &plain_text(&other), role)
        }
        (role, _) => text.toned(role),
    };
    Some(DiffCell { sign: StyledLine::new(role, sign), line, left })
}

/// Returns the number of differing lines for the tab line.
pub(crate) fn facts(model: &Model) -> String {
    let Some(compared) = &model.comparing.compared else { return String::new() };
    let cursor = compared.line_of(model.comparing.cursor, model.comparing.is_split);
    if let Some(place) = compared.place(cursor)
        && compared.lines.get(cursor).is_some_and(|line| line.mark() != Mark::Same)
    {
        return place;
    }
    let differ = if compared.count == 1 { "line differs" } else { "lines differ" };
    let muted = match compared.muted {
        0 => String::new(),
        muted => format!(", {} expected", units::format_count(muted as u64)),
    };
    format!("{} {differ}{muted}", units::format_count(compared.count as u64))
}

/// Returns the other side of a changed line.
fn counterpart(compared: &DeliveryDiff, at: usize) -> Option<&DiffEntry> {
    let (side, beside) = match compared.lines.get(at)?.which()? {
        DiffSide::Old => (DiffSide::New, at + 1),
        DiffSide::New => (DiffSide::Old, at.checked_sub(1)?),
    };
    let is_changed = |line: &&DiffEntry| line.mark() == Mark::Changed && line.which() == Some(side);
    let line = compared.lines.get(at).filter(|line| line.mark() == Mark::Changed);
    line.and_then(|_| compared.lines.get(beside)).filter(is_changed)
}

fn plain_text(line: &StyledLine) -> String {
    line.spans().iter().map(StyledSpan::text).collect()
}

/// Gives the style of a change only to the part of a line that differs from the other side.
fn emphasized(line: StyledLine, other: &str, role: StyleClass) -> StyledLine {
    let own = plain_text(&line);
    let same = |one: char, other: char| one == other;
    let letters = |pairs: usize| own.chars().take(pairs).map(char::len_utf8).sum::<usize>();
    let first = own.chars().zip(other.chars()).take_while(|(one, two)| same(*one, *two)).count();
    let start = letters(first);
    let rests = (own.get(start..).unwrap_or_default(), other.get(start..).unwrap_or_default());
    let last: usize = rests
        .0
        .chars()
        .rev()
        .zip(rests.1.chars().rev())
        .take_while(|(one, two)| same(*one, *two))
        .map(|(one, _)| one.len_utf8())
        .sum();
    let end = own.len() - last;
    // If one side only leaves something out, its whole line is plain except for its marker.
    let mut out = StyledLine::default();
    let mut column = 0;
    for span in line.spans() {
        let text = span.text();
        let cut = |at: usize| at.clamp(column, column + text.len()) - column;
        let (from, to) = (cut(start), cut(end.max(start)));
        for (part, role) in
            [(0..from, StyleClass::Plain), (from..to, role), (to..text.len(), StyleClass::Plain)]
        {
            if let Some(part) = text.get(part).filter(|part| !part.is_empty()) {
                out = out.with(role, part);
            }
        }
        column += text.len();
    }
    out
}

fn plain(line: StyledLine) -> DiffLine {
    DiffLine { cell: DiffCell { line, ..DiffCell::default() }, new: None, has_cursor: false }
}

/// Returns the marker of a line and its style; expected changes are dim.
fn sign(line: &DiffEntry) -> (&'static str, StyleClass) {
    let (sign, role) = match (line.mark(), line.which()) {
        (Mark::Same, _) => ("", StyleClass::Plain),
        (Mark::Added, _) => ("+", StyleClass::Good),
        (Mark::Removed, _) => ("-", StyleClass::Bad),
        (Mark::Changed, Some(DiffSide::Old)) => ("~-", StyleClass::Bad),
        (Mark::Changed, _) => ("~+", StyleClass::Good),
        (Mark::Moved, _) => (">", StyleClass::Accent),
    };
    (sign, if line.is_muted() { StyleClass::Dim } else { role })
}

/// Renders a line clipped to about the screen. Also returns the columns still to clip on the left.
fn text(
    compared: &DeliveryDiff,
    line: &DiffEntry,
    left: usize,
    width: usize,
) -> (StyledLine, usize) {
    match line {
        DiffEntry::Said(line) => (line.clone(), 0),
        DiffEntry::Skipped(count) => {
            let rows = units::format_count(*count as u64);
            (StyledLine::new(StyleClass::Dim, format!("⋯ {rows} identical lines")), 0)
        }
        DiffEntry::Header { name, value, .. } => {
            let line = StyledLine::new(StyleClass::Name, name).with(StyleClass::Dim, ": ");
            (line.with(StyleClass::Text, value), left)
        }
        DiffEntry::Row { which, row, is_folded, .. } => {
            let document = compared.document(*which);
            let found = if *is_folded { document.folded_row(*row) } else { document.row(*row) };
            let Some((found, cut)) = found.map(|found| found.scrolled(left)) else {
                return (StyledLine::default(), 0);
            };
            // A column takes at most four bytes, except for combining characters.
            let rest = left - cut;
            let found = found.clipped((rest + width).saturating_mul(4).saturating_add(64));
            let indent = StyledLine::new(StyleClass::Plain, " ".repeat(found.indent));
            let line = found
                .pieces
                .iter()
                .fold(indent, |line, piece| line.with(piece_role(piece.kind), &piece.text));
            (line, rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(own: &str, other: &str) -> Vec<String> {
        let line = StyledLine::new(StyleClass::Text, own);
        let line = emphasized(line, other, StyleClass::Good);
        let spans = line.spans().iter().filter(|span| span.role == StyleClass::Good);
        spans.map(|span| span.text().to_owned()).collect()
    }

    #[test]
    fn only_the_changed_part_of_a_line_is_marked() {
        assert_eq!(marked("\"a cat sat\",", "\"a dog sat\","), ["cat"]);
        assert_eq!(marked("\"zäh\"", "\"zöh\""), ["ä"]);
        assert_eq!(marked("1800000060", "1800000001"), ["60"]);
    }

    #[test]
    fn a_line_that_only_leaves_something_out_is_plain() {
        assert_eq!(marked("ab", "axb"), Vec::<String>::new());
        assert_eq!(marked("aa", "aaa"), Vec::<String>::new());
    }
}
