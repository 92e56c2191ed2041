//! State of the diff view: the compared deliveries and the scroll position.

mod delivery_diff;
mod volatile;

use std::sync::Arc;

use super::action::{Direction, Move};
use super::list::List;
use crate::delivery::DeliveryId;

pub use delivery_diff::{DeliveryDiff, DiffEntry, DiffSide};
pub use volatile::Volatile;

/// Deliveries to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffRequest {
    pub new: DeliveryId,
    /// If absent, the earlier delivery that is most similar.
    pub old: Option<DeliveryId>,
}

/// Deliveries that the user chose to compare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DiffBasis {
    /// The selected delivery with its predecessor.
    #[default]
    Before,
    /// The selected delivery with this one.
    With(DeliveryId),
    /// These two, regardless of the selection.
    Both(DeliveryId, DeliveryId),
}

/// The comparison on the screen.
#[derive(Debug, Default)]
pub struct DiffView {
    pub choice: DiffBasis,
    wish: Option<DiffRequest>,
    pub compared: Option<Arc<DeliveryDiff>>,
    /// Reason why the comparison failed.
    pub failure: Option<String>,
    /// Both sides are next to each other.
    pub is_split: bool,
    /// Row of the cursor.
    pub cursor: usize,
    /// First visible row.
    pub top: usize,
    /// First visible column.
    pub left: usize,
}

/// Minimum width of a pane that shows both sides next to each other.
const SPLIT: usize = 110;

/// Columns per horizontal scroll step.
const SIDEWAYS: usize = 8;

impl DiffView {
    /// Returns the choice made by marks: both marked deliveries, or the marked and the selected
    /// one.
    pub fn by_marks(list: &List) -> DiffBasis {
        let selected = list.selected().map(|row| row.id);
        match list.marked_ids().as_slice() {
            [one, other] => DiffBasis::Both(*one.min(other), *one.max(other)),
            [one] if Some(*one) != selected => DiffBasis::With(*one),
            _ => DiffBasis::Before,
        }
    }

    /// Returns the comparison to make for a selected delivery.
    pub fn wish(&self, selected: DeliveryId) -> DiffRequest {
        match self.choice {
            DiffBasis::Both(old, new) => DiffRequest { new, old: Some(old) },
            DiffBasis::With(other) if other != selected => {
                DiffRequest { new: selected.max(other), old: Some(selected.min(other)) }
            }
            DiffBasis::Before | DiffBasis::With(_) => DiffRequest { new: selected, old: None },
        }
    }

    /// Records the wanted comparison; true if it has to be computed.
    pub fn want(&mut self, wish: DiffRequest) -> bool {
        if self.wish == Some(wish) {
            return false;
        }
        let Self { choice, is_split, .. } = *self;
        *self = Self { choice, is_split, wish: Some(wish), ..Self::default() };
        true
    }

    /// Stores a result, unless another comparison is wanted by now.
    pub fn take(&mut self, wish: DiffRequest, outcome: Result<Arc<DeliveryDiff>, String>) {
        if self.wish != Some(wish) {
            return;
        }
        match outcome {
            Ok(compared) => {
                // Start at the first difference, with its context above.
                self.cursor = compared.row_of(compared.first_change(), self.is_split);
                self.compared = Some(compared);
            }
            Err(reason) => self.failure = Some(reason),
        }
    }

    fn count(&self) -> usize {
        self.compared.as_ref().map_or(0, |compared| compared.row_count(self.is_split))
    }

    pub fn travel(&mut self, step: Move, height: usize) {
        let page = height.saturating_sub(1).max(1);
        let last = self.count().saturating_sub(1);
        match step {
            Move::Up => self.cursor = self.cursor.saturating_sub(1),
            Move::Down => self.cursor = (self.cursor + 1).min(last),
            Move::PageUp => self.cursor = self.cursor.saturating_sub(page),
            Move::PageDown => self.cursor = (self.cursor + page).min(last),
            Move::HalfPageUp => self.cursor = self.cursor.saturating_sub(page.div_ceil(2)),
            Move::HalfPageDown => self.cursor = (self.cursor + page.div_ceil(2)).min(last),
            Move::First => self.cursor = 0,
            Move::Last => self.cursor = last,
            Move::Left => self.left = self.left.saturating_sub(SIDEWAYS),
            Move::Right => self.left = (self.left + SIDEWAYS).min(self.widest()),
        }
    }

    /// Returns the maximum horizontal scroll position, which keeps the end of the cursor's row
    /// visible.
    fn widest(&self) -> usize {
        let line = self.compared.as_ref().and_then(|compared| {
            let line = compared.line_of(self.cursor, self.is_split);
            let new =
                if self.is_split && compared.new_side(line).is_some() { line + 1 } else { line };
            compared.length(line).max(compared.length(new))
        });
        line.unwrap_or(0).saturating_sub(SIDEWAYS).max(self.left)
    }

    /// Goes to the next change, wrapping around; false if there is none.
    pub fn change(&mut self, turn: Direction) -> bool {
        let Some(compared) = &self.compared else { return false };
        let row = |line: &usize| compared.row_of(*line, self.is_split);
        let changes: Vec<usize> = compared.changes.iter().map(row).collect();
        let found = match turn {
            Direction::Next => changes.iter().find(|row| **row > self.cursor).or(changes.first()),
            Direction::Previous => {
                changes.iter().rev().find(|row| **row < self.cursor).or(changes.last())
            }
        };
        self.cursor = found.copied().unwrap_or(self.cursor);
        found.is_some()
    }

    /// Moves the cursor to a line of the screen, if it is not empty.
    pub fn select_line(&mut self, line: usize) {
        let line = self.top + line;
        if line < self.count() {
            self.cursor = line;
        }
    }

    /// Puts both sides next to each other in a pane that is wide enough, and keeps the cursor's
    /// line.
    pub fn fit(&mut self, width: usize) {
        let is_split = width >= SPLIT;
        if self.is_split == is_split {
            return;
        }
        if let Some(compared) = &self.compared {
            let moved = |row| compared.row_of(compared.line_of(row, self.is_split), is_split);
            (self.cursor, self.top) = (moved(self.cursor), moved(self.top));
        }
        self.is_split = is_split;
    }

    /// Clamps the cursor and scrolls it into view with some context.
    pub fn settle(&mut self, height: usize) {
        let height = height.max(1);
        let (count, around) = (self.count(), (height - 1).min(6) / 2);
        self.cursor = self.cursor.min(count.saturating_sub(1));
        let lowest = (self.cursor + 1 + around).saturating_sub(height);
        self.top = self.top.min(self.cursor.saturating_sub(around)).max(lowest);
        self.top = self.top.min(count.saturating_sub(height));
    }
}
