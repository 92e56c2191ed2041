//! Visible lines of the diff.

use crate::app::diff::{DeliveryDiff, DiffEntry, DiffSide};
use crate::app::document_view::piece_role;
use crate::app::model::Model;
use crate::app::style::{StyleClass, StyledLine};
use crate::payload::diff::Mark;
use crate::units;

/// Width of the markers on the left.
pub const GUTTER: usize = 3;

/// Line of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// Marker of the change, which does not scroll horizontally.
    pub sign: StyledLine,
    pub line: StyledLine,
    /// Columns to clip on the left.
    pub left: usize,
    pub has_cursor: bool,
}

/// Renders the lines for a screen of `height` lines and `width` columns.
pub fn lines(model: &Model, width: usize, height: usize) -> Vec<DiffLine> {
    let comparing = &model.comparing;
    // If no delivery matches the filter, there is nothing to compare.
    if model.detail.loaded.is_none() {
        return Vec::new();
    }
    if let Some(reason) = &comparing.failure {
        let reason = StyledLine::new(StyleClass::Plain, reason).wrap(width, 0);
        return reason.into_iter().take(height).map(plain).collect();
    }
    let Some(compared) = &comparing.compared else {
        return vec![plain(StyledLine::new(StyleClass::Dim, "comparing …"))];
    };
    let shown = compared.lines.iter().enumerate().skip(comparing.top).take(height);
    shown
        .map(|(at, line)| {
            let (text, left) = text(compared, line, comparing.left, width);
            let text = if model.is_masked() { text.masked_with_names() } else { text };
            let (sign, role) = sign(line);
            // Values are already masked, so their style can be replaced.
            let text = match role {
                StyleClass::Plain => text,
                role => text.toned(role),
            };
            DiffLine {
                sign: StyledLine::new(role, sign),
                line: text,
                left,
                has_cursor: at == comparing.cursor,
            }
        })
        .collect()
}

/// Returns the number of differing lines for the tab line.
pub fn facts(model: &Model) -> String {
    let Some(compared) = &model.comparing.compared else { return String::new() };
    if let Some(place) = compared.place(model.comparing.cursor)
        && compared.lines.get(model.comparing.cursor).is_some_and(|line| line.mark() != Mark::Same)
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

fn plain(line: StyledLine) -> DiffLine {
    DiffLine { sign: StyledLine::default(), line, left: 0, has_cursor: false }
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
