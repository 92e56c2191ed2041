//! Jumps to an id, a time, or the next row of a kind.

use jiff::Timestamp;

use super::List;
use super::sort::compare;
use crate::app::index::{RowClass, RowRef};
use crate::app::sort::SortKey;
use crate::delivery::DeliveryId;
use crate::filter::{Filter, FilterRow as _, RowMatcher};

/// Steps to try row by row before scanning the whole index.
const NEAR: usize = 1024;

/// Rows to jump to.
#[derive(Debug, Clone, Copy)]
pub enum JumpTarget<'f> {
    /// Rows with a failed signature.
    Bad,
    Marked,
    /// Rows that pass a filter, as far as it can be decided without their bytes.
    Passing(&'f Filter, Timestamp),
}

struct Seeker<'f> {
    sought: JumpTarget<'f>,
    scan: Option<RowMatcher<'f>>,
}

impl Seeker<'_> {
    fn wants(&mut self, cell: &RowRef<'_>) -> bool {
        match (&self.sought, &mut self.scan) {
            (JumpTarget::Bad, _) => cell.is_failed(),
            (JumpTarget::Marked, _) => cell.is_marked(),
            (JumpTarget::Passing(..), scan) => {
                scan.as_mut().is_some_and(|scan| scan.evaluate(cell) == Some(true))
            }
        }
    }
}

/// Outcome of a search for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    Found,
    /// The search continued at the other end of the list.
    Wrapped,
    /// No row but the selected one matches.
    NotFound,
}

impl List {
    /// Selects the nearest such row below or above the selected one and stops following. Continues
    /// at the other end of the list; if no other row matches, changes nothing.
    pub fn seek(&mut self, sought: JumpTarget<'_>, down: bool) -> Seek {
        let scan = match sought {
            JumpTarget::Passing(filter, now) => Some(filter.row_matcher(now)),
            JumpTarget::Bad | JumpTarget::Marked => None,
        };
        let mut seeker = Seeker { sought, scan };
        let Some(at) = self.place() else { return Seek::NotFound };
        let ahead = match self.near(&mut seeker, at, down) {
            Near::Found(id) => Some(id),
            Near::End => None,
            Near::Far => self.far(&mut seeker, down, self.selected),
        };
        let (found, outcome) = match ahead {
            Some(id) => (Some(id), Seek::Found),
            None => (self.far(&mut seeker, down, None), Seek::Wrapped),
        };
        match found.filter(|id| self.selected != Some(*id)) {
            Some(id) => {
                self.select(id);
                outcome
            }
            None => Seek::NotFound,
        }
    }

    fn near(&self, seeker: &mut Seeker<'_>, at: usize, down: bool) -> Near {
        for step in 1..=NEAR {
            let place = if down { Some(at + step) } else { at.checked_sub(step) };
            let Some(id) = place.and_then(|place| self.shown.at(place)) else { return Near::End };
            if self.index.get(id).is_some_and(|cell| seeker.wants(&cell)) {
                return Near::Found(id);
            }
        }
        Near::Far
    }

    /// Scans all rows in memory order for the first match after a row, or from the end of the list.
    /// In a sorted list this is faster than stepping from row to row.
    fn far(
        &self,
        seeker: &mut Seeker<'_>,
        down: bool,
        after: Option<DeliveryId>,
    ) -> Option<DeliveryId> {
        let order = self.order();
        let rising = down != order.descending;
        let after = after.and_then(|id| self.index.get(id));
        let is_behind = |cell: &RowRef<'_>, other: &RowRef<'_>| {
            let differ = compare(order.by, cell, other);
            if rising { differ.is_gt() } else { differ.is_lt() }
        };
        let trait_ = match seeker.sought {
            JumpTarget::Bad => RowClass::Bad,
            JumpTarget::Marked => RowClass::Marked,
            JumpTarget::Passing(..) => RowClass::Any,
        };
        let mut best: Option<RowRef<'_>> = None;
        for cell in self.index.cells(trait_) {
            let is_better = cell.is_shown()
                && after.as_ref().is_none_or(|after| is_behind(&cell, after))
                && best.as_ref().is_none_or(|best| is_behind(best, &cell));
            if is_better && seeker.wants(&cell) {
                best = Some(cell);
            }
        }
        best.map(|cell| cell.id())
    }

    /// Selects the shown row with the nearest id, the earlier one of two, and returns its id; none
    /// if no row is shown.
    pub fn jump_to_id(&mut self, id: DeliveryId) -> Option<DeliveryId> {
        let later = self.index.from(id).find(RowRef::is_shown).map(|cell| cell.id());
        let earlier = self.index.before(id).find(RowRef::is_shown).map(|cell| cell.id());
        let far = |other: DeliveryId| other.0.abs_diff(id.0);
        let nearest = [earlier, later].into_iter().flatten().min_by_key(|other| far(*other));
        nearest.inspect(|id| self.select(*id))
    }

    /// Selects the shown row received nearest to a time, the earliest one of several; false if no
    /// row is shown.
    pub fn jump_to_time(&mut self, at: Timestamp) -> bool {
        // Imported deliveries may be older than those before them, so scan all rows.
        let wanted = at.as_microsecond();
        let shown = self.index.cells(RowClass::Any).filter(RowRef::is_shown);
        let nearest = shown.min_by_key(|cell| cell.received_us().abs_diff(wanted));
        let nearest = nearest.map(|cell| cell.id());
        nearest.map(|id| self.select(id)).is_some()
    }

    fn select(&mut self, id: DeliveryId) {
        self.paused |= self.selected != Some(id) || self.order().by != SortKey::Time;
        self.point(Some(id));
    }
}

enum Near {
    Found(DeliveryId),
    /// No more rows in that direction.
    End,
    Far,
}
