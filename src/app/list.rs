//! The list of deliveries: all known, the visible ones, and the selection.

mod groups;
mod jump;
mod sort;
mod visible_rows;

use std::ops::Range;

use jiff::Timestamp;

use super::index::{Index, ListRow, Previous, RowClass, RowRef};
use super::sort::{SortKey, SortOrder};
use crate::delivery::{DeliveryId, SignatureStatus, Summary};
use crate::filter::{Filter, FilterRow as _, Undecided};
use groups::Groups;
pub use jump::{JumpTarget, Seek};
use visible_rows::VisibleRows;

/// All known deliveries, with a window on those that pass the filter.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent settings")]
pub struct List {
    index: Index,
    shown: VisibleRows,
    selected: Option<DeliveryId>,
    /// Delivery that was under the cursor before a filter hid it. The selection returns to it as
    /// soon as it is shown again.
    pointed: Option<DeliveryId>,
    /// Position of the first visible line among the shown deliveries.
    top: usize,
    paused: bool,
    /// New deliveries do not move the selection, even if it follows them.
    held: bool,
    filling: bool,
    groups: Groups,
    /// Only the last delivery of each event is shown.
    grouped: bool,
}

/// Outcome of adding deliveries.
#[derive(Debug, Default)]
pub struct ListChange {
    /// Deliveries that only their bytes can decide.
    pub open: Undecided,
    /// Deliveries that were already known.
    pub known: Vec<DeliveryId>,
}

impl List {
    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.len() == 0
    }

    /// Returns the number of deliveries with a failed signature.
    pub fn bad(&self) -> usize {
        self.index.bad()
    }

    pub fn marked(&self) -> usize {
        self.index.marked()
    }

    pub fn shown(&self) -> usize {
        self.shown.len()
    }

    pub fn order(&self) -> SortOrder {
        self.shown.order()
    }

    /// Returns true if only the last delivery of each event is shown.
    pub fn is_grouped(&self) -> bool {
        self.grouped
    }

    /// Returns the number of deliveries of the same event.
    pub fn deliveries_of_event(&self, id: DeliveryId) -> usize {
        self.groups.count(id)
    }

    /// Shows only the last delivery of each event, or all; the filter has to be applied again. The
    /// selection moves to the last delivery of its event.
    pub fn group(&mut self, grouped: bool) {
        self.grouped = grouped;
        if grouped {
            self.select_last_of_event();
        }
    }

    fn select_last_of_event(&mut self) {
        let last = |id| self.groups.last(id);
        (self.selected, self.pointed) = (self.selected.map(last), self.pointed.map(last));
    }

    fn is_hidden_in_group(&self, id: DeliveryId) -> bool {
        self.grouped && self.groups.is_superseded(id)
    }

    /// Returns true while deliveries of earlier runs are being read.
    pub fn is_filling(&self) -> bool {
        self.filling
    }

    /// Returns true if the selection follows the newest delivery.
    pub fn is_following(&self) -> bool {
        !self.paused && self.shown.order().by == SortKey::Time
    }

    pub fn get(&self, id: DeliveryId) -> Option<ListRow<'_>> {
        Some(self.index.get(id)?.row())
    }

    pub fn selected(&self) -> Option<ListRow<'_>> {
        self.get(self.selected?)
    }

    /// Returns the ids of all shown rows in ascending order.
    pub fn shown_ids(&self) -> Vec<DeliveryId> {
        self.index.cells(RowClass::Any).filter(RowRef::is_shown).map(|cell| cell.id()).collect()
    }

    /// Returns the ids of all marked rows, shown or not, in ascending order.
    pub fn marked_ids(&self) -> Vec<DeliveryId> {
        self.index.cells(RowClass::Marked).filter(RowRef::is_marked).map(|cell| cell.id()).collect()
    }

    /// Returns the ids of all rows in ascending order.
    pub fn ids(&self) -> Vec<DeliveryId> {
        self.index.cells(RowClass::Any).map(|cell| cell.id()).collect()
    }

    /// Returns the ids of up to `most` deliveries that are not verified, newest first.
    pub fn unverified(&self, most: usize) -> Vec<DeliveryId> {
        let rows = self.index.cells(RowClass::Any).rev();
        let open = rows.filter(|row| row.status() != SignatureStatus::Verified);
        open.take(most).map(|row| row.id()).collect()
    }

    /// Returns how many of these deliveries the filter hides.
    pub fn count_hidden(&self, ids: &[DeliveryId]) -> usize {
        let is_hidden = |id: &&DeliveryId| !self.index.get(**id).is_some_and(|row| row.is_shown());
        ids.iter().filter(is_hidden).count()
    }

    /// Returns the shown deliveries between two, in ascending order of their ids; the other one
    /// alone if one is not shown.
    pub fn between(&self, one: DeliveryId, other: DeliveryId) -> Vec<DeliveryId> {
        let place = |id| self.shown.place(id, &self.index);
        let (Some(one), Some(end)) = (place(one), place(other)) else { return vec![other] };
        let mut ids: Vec<DeliveryId> =
            (one.min(end)..=one.max(end)).filter_map(|at| self.shown.at(at)).collect();
        ids.sort_unstable();
        ids
    }

    /// Returns the number of shown deliveries from one to the selected one.
    pub fn count_from(&self, from: DeliveryId) -> usize {
        let from = self.shown.place(from, &self.index);
        from.zip(self.place()).map_or(1, |(one, other)| one.abs_diff(other) + 1)
    }

    /// Returns the screen lines from a delivery to the selected one.
    pub fn range_lines(&self, from: DeliveryId) -> Option<Range<usize>> {
        let (one, other) = (self.shown.place(from, &self.index)?, self.place()?);
        let line = |place: usize| place.saturating_sub(self.top);
        Some(line(one.min(other))..(one.max(other) + 1).saturating_sub(self.top))
    }

    /// Returns the number of shown deliveries after the selected one.
    pub fn below_selected(&self) -> usize {
        self.place().map_or(0, |at| self.shown.len().saturating_sub(at + 1))
    }

    /// Iterates over the rows on a screen of `height` lines, with whether each is selected.
    pub fn window(&self, height: usize) -> impl Iterator<Item = (ListRow<'_>, bool)> {
        (self.top..self.top + height).map_while(|at| self.shown.at(at)).filter_map(|id| {
            let row = self.get(id)?;
            Some((row, self.selected == Some(id)))
        })
    }

    /// Adds new deliveries and updates known ones.
    pub fn take(&mut self, rows: &[Summary], filter: &Filter, now: Timestamp) -> ListChange {
        let mut taken = ListChange::default();
        let line = self.line();
        if self.order().by != SortKey::Time {
            // Their position may depend on what changes.
            let moving = self.shown_among(rows);
            self.shown.remove(&moving, &self.index);
        }
        let before: Vec<Previous> = rows.iter().map(|row| self.index.put(row)).collect();
        let superseded: Vec<DeliveryId> =
            rows.iter().filter_map(|row| self.groups.add(row)).collect();
        let mut scan = filter.row_matcher(now);
        let (mut came, mut stayed, mut went) = (Vec::new(), Vec::new(), Vec::new());
        for (row, before) in rows.iter().zip(before) {
            let Some(cell) = self.index.get(row.id) else { continue };
            let verdict = scan.evaluate(&cell);
            if verdict.is_none() {
                taken.open.push(&mut scan, row.id, &cell);
            }
            taken.open.next();
            let was_shown = before == Previous::Known { shown: true };
            if before != Previous::New {
                taken.known.push(row.id);
            }
            let verdict = if self.is_hidden_in_group(row.id) { Some(false) } else { verdict };
            match (verdict, was_shown) {
                // Bytes never change, so an earlier match by bytes is still valid.
                (Some(true) | None, true) => stayed.push(row.id),
                (Some(true), false) => came.push(row.id),
                (Some(false), true) => went.push(row.id),
                (Some(false) | None, false) => {}
            }
        }
        if self.order().by == SortKey::Time {
            // These keep their positions; others were removed, to be inserted at new ones.
            for id in stayed.iter().chain(&went) {
                self.index.set_shown(*id, true);
            }
            self.hide(&went);
        } else {
            came.extend(stayed);
        }
        self.show(came);
        if self.grouped {
            self.select_last_of_event();
            self.hide(&superseded);
        }
        self.keep_line(line);
        taken
    }

    /// Returns the ids of those rows that are shown now.
    fn shown_among(&self, rows: &[Summary]) -> Vec<DeliveryId> {
        let is_shown = |id| self.index.get(id).is_some_and(|cell| cell.is_shown());
        rows.iter().map(|row| row.id).filter(|id| is_shown(*id)).collect()
    }

    /// Adds deliveries of earlier runs, newest first; an empty page ends them. Rows that are
    /// already known are more recent and stay.
    pub fn take_older(&mut self, rows: &[Summary], filter: &Filter, now: Timestamp) -> Undecided {
        let mut open = Undecided::default();
        self.filling = !rows.is_empty();
        let is_new = |row: &&Summary| self.index.get(row.id).is_none();
        let mut new: Vec<DeliveryId> = rows.iter().filter(is_new).map(|row| row.id).collect();
        new.reverse();
        self.index.put_older(rows);
        for row in rows {
            self.groups.add(row);
        }
        let mut scan = filter.row_matcher(now);
        let mut passing = Vec::new();
        for id in new {
            let Some(cell) = self.index.get(id) else { continue };
            match scan.evaluate(&cell) {
                Some(true) => passing.push(id),
                Some(false) => {}
                None => open.push(&mut scan, id, &cell),
            }
            open.next();
        }
        self.show(passing);
        open.finish()
    }

    /// Removes deliveries; the selection moves to the next one. Returns true if the filter has to
    /// be applied again, because other deliveries are the last ones of their events.
    pub fn remove(&mut self, ids: &[DeliveryId]) -> bool {
        self.hide(ids);
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        if self.pointed.is_some_and(|id| ids.binary_search(&id).is_ok()) {
            self.pointed = self.selected;
        }
        self.index.remove(&ids);
        self.groups.remove(&ids) && self.grouped
    }

    /// Shows deliveries as matches of the filter; unknown ones are skipped.
    pub fn show(&mut self, mut ids: Vec<DeliveryId>) {
        ids.retain(|id| !self.is_hidden_in_group(*id));
        ids.retain(|id| self.index.set_shown(*id, true));
        let line = self.line();
        self.shown.insert(ids, &self.index);
        self.keep_line(line);
    }

    /// Hides deliveries.
    fn hide(&mut self, ids: &[DeliveryId]) {
        let mut ids = ids.to_vec();
        ids.retain(|id| self.index.set_shown(*id, false));
        let line = self.line();
        self.shown.remove(&ids, &self.index);
        self.keep_line(line);
    }

    /// Applies a filter and returns the deliveries that only bytes can decide, newest first. The
    /// selection stays, or moves to the next match until its delivery is shown again.
    pub fn filter(&mut self, filter: &Filter, now: Timestamp) -> Undecided {
        let Self { index, shown, groups, grouped, .. } = self;
        let mut open = Undecided::default();
        let mut superseded = Vec::new();
        shown.clear();
        index.evaluate(&mut filter.row_matcher(now), |scan, cell, verdict| {
            match verdict {
                Some(true) if *grouped && groups.is_superseded(cell.id()) => {
                    superseded.push(cell.id());
                }
                Some(true) => shown.push(cell.id()),
                Some(false) => {}
                None => open.push(scan, cell.id(), &cell),
            }
            open.next();
        });
        for id in superseded {
            index.set_shown(id, false);
        }
        shown.resort(index);
        self.top = 0;
        self.keep_selection();
        open.finish()
    }

    /// Sorts by a column and keeps the selection. Only the time order can follow the newest
    /// delivery.
    pub fn sort(&mut self, order: SortOrder) {
        self.paused |= order.by != SortKey::Time;
        self.shown.sort(order, &self.index);
        self.top = 0;
    }

    /// Selects the delivery that was pointed at, or the shown row next to its position.
    fn keep_selection(&mut self) {
        if let Some(id) = self.pointed.or(self.selected) {
            self.selected = self.shown.nearest(id, &self.index);
        }
    }

    /// Points at the selected delivery. Not called while a filter is typed or matched, because the
    /// selection may have moved aside only for that time.
    pub fn settle_pointer(&mut self) {
        self.pointed = self.selected.or(self.pointed);
    }

    /// Selects a delivery on the user's request.
    fn point(&mut self, id: Option<DeliveryId>) {
        (self.selected, self.pointed) = (id, id.or(self.pointed));
    }

    /// Keeps the selection where it is while a menu or a prompt acts on it, even if it follows the
    /// newest delivery.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Returns the screen line of the selection.
    fn line(&self) -> usize {
        self.place().map_or(0, |place| place.saturating_sub(self.top))
    }

    /// Keeps the selection on its screen line when rows are inserted or moved.
    fn keep_line(&mut self, line: usize) {
        self.keep_selection();
        self.top = self.place().map_or(0, |place| place.saturating_sub(line));
    }

    /// Starts or stops following the newest delivery. Following requires the time order, so that it
    /// is restored.
    pub fn follow(&mut self, following: bool) {
        if following && self.order().by != SortKey::Time {
            self.sort(SortOrder::default());
        }
        self.paused = !following;
    }

    /// Moves the selection by a number of lines and stops following.
    pub fn move_by(&mut self, by: isize) {
        let at = self.place().unwrap_or(0).saturating_add_signed(by);
        let last = self.shown.len().saturating_sub(1);
        let target = self.shown.at(at.min(last));
        self.paused |= self.selected != target;
        self.point(target);
    }

    /// Selects the delivery on a screen line; false if the line is empty.
    pub fn select_line(&mut self, line: usize) -> bool {
        let Some(id) = self.shown.at(self.top + line) else { return false };
        self.paused |= self.selected != Some(id);
        self.point(Some(id));
        true
    }

    /// Clamps the selection and scrolls it into view on a screen of `height` lines.
    pub fn settle(&mut self, height: usize) {
        if self.is_following() && !self.held {
            self.selected = self.shown.newest(&self.index);
            self.pointed = self.selected.or(self.pointed);
        } else if self.selected.is_none() {
            self.keep_selection();
            self.selected = self.selected.or_else(|| self.shown.newest(&self.index));
        }
        let Some(at) = self.place() else {
            self.top = 0;
            return;
        };
        let height = height.max(1);
        if at < self.top {
            self.top = at;
        } else if at >= self.top + height {
            self.top = at + 1 - height;
        }
        // Fill a taller screen from above.
        self.top = self.top.min(self.shown.len().saturating_sub(height));
    }

    fn place(&self) -> Option<usize> {
        self.shown.place(self.selected?, &self.index)
    }
}
