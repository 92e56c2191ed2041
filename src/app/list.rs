//! The list of deliveries: which there are, which are shown, which one is selected.

use std::collections::VecDeque;

use crate::delivery::{DeliveryId, Summary};

/// All deliveries that are known, and the window on those that pass the filter.
#[derive(Debug, Default)]
pub struct List {
    /// By rising id.
    rows: VecDeque<Summary>,
    /// Rising ids of the rows that pass the filter.
    shown: VecDeque<DeliveryId>,
    selected: Option<DeliveryId>,
    /// The position in `shown` of the first line on the screen.
    top: usize,
    paused: bool,
    bad: usize,
}

impl List {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Deliveries whose signature somebody should look at.
    pub fn bad(&self) -> usize {
        self.bad
    }

    pub fn shown(&self) -> usize {
        self.shown.len()
    }

    /// Whether the newest delivery is selected as it comes.
    pub fn is_following(&self) -> bool {
        !self.paused
    }

    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Summary> {
        self.rows.iter()
    }

    pub fn get(&self, id: DeliveryId) -> Option<&Summary> {
        let at = self.rows.binary_search_by_key(&id, |row| row.id).ok()?;
        self.rows.get(at)
    }

    pub fn selected(&self) -> Option<&Summary> {
        self.get(self.selected?)
    }

    /// How many of the shown deliveries stand after the selected one.
    pub fn below_selected(&self) -> usize {
        self.position().map_or(0, |at| self.shown.len().saturating_sub(at + 1))
    }

    /// The rows on a screen of `height` lines, and whether each is selected.
    pub fn window(&self, height: usize) -> impl Iterator<Item = (&Summary, bool)> {
        self.shown.iter().skip(self.top).take(height).filter_map(|&id| {
            let row = self.get(id)?;
            Some((row, self.selected == Some(id)))
        })
    }

    /// Takes in a new delivery, or a newer state of a known one. True if it was known.
    pub fn keep(&mut self, row: Summary, shows: bool) -> bool {
        let id = row.id;
        let newest = self.rows.back().is_none_or(|last| last.id < id);
        let found = if newest {
            Err(self.rows.len())
        } else {
            self.rows.binary_search_by_key(&id, |row| row.id)
        };
        let bad = usize::from(row.signature.status.is_bad());
        match found {
            Ok(at) => {
                if let Some(old) = self.rows.get_mut(at) {
                    self.bad = self.bad + bad - usize::from(old.signature.status.is_bad());
                    *old = row;
                }
            }
            Err(at) => {
                self.bad += bad;
                self.rows.insert(at, row);
            }
        }
        if shows {
            self.show(id);
        }
        found.is_ok()
    }

    /// Takes in a delivery of an earlier run, unless it is known already.
    pub fn keep_older(&mut self, row: Summary, shows: bool) {
        if self.get(row.id).is_none() {
            self.keep(row, shows);
        }
    }

    /// Forgets deliveries; the selection goes to the next one.
    pub fn remove(&mut self, ids: &[DeliveryId]) {
        self.rows.retain(|row| !ids.contains(&row.id));
        self.bad = self.rows.iter().filter(|row| row.signature.status.is_bad()).count();
        let left = self.shown.iter().copied().filter(|id| !ids.contains(id)).collect();
        self.show_only(left);
    }

    /// Lets a delivery pass the filter.
    pub fn show(&mut self, id: DeliveryId) {
        let at = match self.shown.back() {
            Some(&last) if last < id => self.shown.len(),
            _ => match self.shown.binary_search(&id) {
                Ok(_) => return,
                Err(at) => at,
            },
        };
        self.shown.insert(at, id);
        // What is above the screen grows without moving what is on it.
        if at < self.top || (at == self.top && self.paused && self.shown.len() > 1) {
            self.top += 1;
        }
    }

    /// Shows exactly these, given by rising id; the selection stays, or goes to the next one.
    pub fn show_only(&mut self, ids: VecDeque<DeliveryId>) {
        self.shown = ids;
        self.top = 0;
        if let Some(id) = self.selected {
            let at = self.shown.binary_search(&id).unwrap_or_else(|at| at);
            let at = at.min(self.shown.len().saturating_sub(1));
            self.selected = self.shown.get(at).copied();
        }
    }

    /// Follows the newest delivery from now on, or stops doing so.
    pub fn follow(&mut self, following: bool) {
        self.paused = !following;
    }

    /// Selects the delivery `by` lines further down (or up), and stops following.
    pub fn move_by(&mut self, by: isize) {
        let at = self.position().unwrap_or(0).saturating_add_signed(by);
        let last = self.shown.len().saturating_sub(1);
        let target = at.min(last);
        if self.position() != Some(target) {
            self.paused = true;
        }
        self.selected = self.shown.get(target).copied();
    }

    /// Selects what stands on a line of the screen; false if nothing does.
    pub fn select_line(&mut self, line: usize) -> bool {
        let Some(&id) = self.shown.get(self.top + line) else { return false };
        self.paused |= self.selected != Some(id);
        self.selected = Some(id);
        true
    }

    /// Puts selection and window right for a screen of `height` lines.
    pub fn settle(&mut self, height: usize) {
        if !self.paused || self.selected.is_none() {
            self.selected = self.shown.back().copied();
        }
        let Some(at) = self.position() else {
            self.top = 0;
            return;
        };
        let height = height.max(1);
        if at < self.top {
            self.top = at;
        } else if at >= self.top + height {
            self.top = at + 1 - height;
        }
        // A screen that grew is filled from above.
        self.top = self.top.min(self.shown.len().saturating_sub(height));
    }

    fn position(&self) -> Option<usize> {
        let id = self.selected?;
        if self.shown.back() == Some(&id) {
            return Some(self.shown.len() - 1);
        }
        self.shown.binary_search(&id).ok()
    }
}
