//! What two deliveries differ in: the lines of it that are on the screen.

use super::super::comparing::{Compared, Line, Which};
use super::super::model::Model;
use super::super::reading::piece_role;
use super::super::role::{Marked, Role};
use crate::payload::diff::Mark;
use crate::units;

/// Columns of the signs on the left.
pub const GUTTER: usize = 3;

/// A line of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// What happened, which stays where it is when the rest moves to the side.
    pub sign: Marked,
    pub line: Marked,
    /// Columns that are to be cut off on the left.
    pub left: usize,
    pub has_cursor: bool,
}

/// The lines for a screen of `height` lines and `width` columns.
pub fn lines(model: &Model, width: usize, height: usize) -> Vec<DiffLine> {
    let comparing = &model.comparing;
    // Where nothing passes the filter, there is nothing that could be compared.
    if model.detail.loaded.is_none() {
        return Vec::new();
    }
    if let Some(reason) = &comparing.failure {
        let reason = Marked::new(Role::Plain, reason).wrap(width, 0);
        return reason.into_iter().take(height).map(plain).collect();
    }
    let Some(compared) = &comparing.compared else {
        return vec![plain(Marked::new(Role::Dim, "comparing …"))];
    };
    let shown = compared.lines.iter().enumerate().skip(comparing.top).take(height);
    shown
        .map(|(at, line)| {
            let (text, left) = text(compared, line, comparing.left, width);
            let text = if model.is_masked() { text.masked() } else { text };
            let (sign, role) = sign(line);
            // Values are masked by now, so that their roles may go.
            let text = match role {
                Role::Plain => text,
                role => text.toned(role),
            };
            DiffLine {
                sign: Marked::new(role, sign),
                line: text,
                left,
                has_cursor: at == comparing.cursor,
            }
        })
        .collect()
}

/// How many of the lines differ, for the line of tabs.
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
        muted => format!(", {} expected", units::grouped(muted as u64)),
    };
    format!("{} {differ}{muted}", units::grouped(compared.count as u64))
}

fn plain(line: Marked) -> DiffLine {
    DiffLine { sign: Marked::default(), line, left: 0, has_cursor: false }
}

/// The sign of a line and its role; what was to be expected is dim.
fn sign(line: &Line) -> (&'static str, Role) {
    let (sign, role) = match (line.mark(), line.which()) {
        (Mark::Same, _) => ("", Role::Plain),
        (Mark::Added, _) => ("+", Role::Good),
        (Mark::Removed, _) => ("-", Role::Bad),
        (Mark::Changed, Some(Which::Old)) => ("~-", Role::Bad),
        (Mark::Changed, _) => ("~+", Role::Good),
        (Mark::Moved, _) => (">", Role::Warn),
    };
    (sign, if line.is_muted() { Role::Dim } else { role })
}

/// A line as far as it may be on the screen, and what of it is still to be cut on the left.
fn text(compared: &Compared, line: &Line, left: usize, width: usize) -> (Marked, usize) {
    match line {
        Line::Said(line) => (line.clone(), 0),
        Line::Skipped(count) => {
            let rows = units::grouped(*count as u64);
            (Marked::new(Role::Dim, format!("⋯ {rows} lines are the same")), 0)
        }
        Line::Header { name, value, .. } => {
            let line = Marked::new(Role::Name, name).with(Role::Dim, ": ");
            (line.with(Role::Text, value), left)
        }
        Line::Row { which, row, is_folded, .. } => {
            let document = compared.document(*which);
            let found = if *is_folded { document.folded_row(*row) } else { document.row(*row) };
            let Some((found, cut)) = found.map(|found| found.scrolled(left)) else {
                return (Marked::default(), 0);
            };
            // No column takes more than four bytes, but for marks that are stacked on one.
            let rest = left - cut;
            let found = found.clipped((rest + width).saturating_mul(4).saturating_add(64));
            let indent = Marked::new(Role::Plain, " ".repeat(found.indent));
            let line = found
                .pieces
                .iter()
                .fold(indent, |line, piece| line.with(piece_role(piece.kind), &piece.text));
            (line, rest)
        }
    }
}
