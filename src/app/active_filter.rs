//! The current filter, and the search for matches that only the bytes of a delivery can decide.

use jiff::Timestamp;

use super::effect::Effect;
use super::list::List;
use crate::delivery::{DeliveryId, Summary};
use crate::diagnostic::Diagnostic;
use crate::filter::{Filter, Undecided};

/// The current filter.
#[derive(Debug, Default)]
pub struct ActiveFilter {
    /// Text as typed by the user.
    text: String,
    filter: Filter,
    /// Results with another number belong to an earlier filter.
    number: u64,
    /// Number of deliveries to test by their bytes, including those already tested.
    asked: usize,
    tested: usize,
}

impl ActiveFilter {
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the current filter narrowed by a term.
    pub fn narrowed(&self, term: &str) -> Result<String, Diagnostic> {
        self.filter.narrowed(term).map(|filter| filter.to_string())
    }

    pub fn is_on(&self) -> bool {
        !self.filter.is_all()
    }

    /// Returns true while more matches may arrive.
    pub fn is_running(&self) -> bool {
        self.tested < self.asked
    }

    /// Returns the number of deliveries tested by their bytes and the total.
    pub fn progress(&self) -> (usize, usize) {
        (self.tested, self.asked)
    }

    /// Applies a filter. On an error, the previous one stays.
    pub fn apply(
        &mut self,
        text: &str,
        list: &mut List,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Diagnostic> {
        let filter = Filter::draft(text)?;
        text.clone_into(&mut self.text);
        // An edit that does not change the filter must not restart the search.
        if filter == self.filter && self.number > 0 {
            return Ok(Vec::new());
        }
        self.filter = filter;
        Ok(self.again(list, now))
    }

    /// Applies the current filter again.
    pub fn again(&mut self, list: &mut List, now: Timestamp) -> Vec<Effect> {
        self.number += 1;
        let open = list.filter(&self.filter, now);
        (self.asked, self.tested) = (open.rows(), 0);
        let (search, filter) = (self.number, self.filter.clone());
        // An empty search still cancels the previous one.
        vec![Effect::Search { search, filter, open }]
    }

    /// Adds deliveries to the list and requests a search for those that only their bytes can
    /// decide. Returns true if the `watched` one is among them and was known before.
    pub fn take(
        &mut self,
        rows: &[Summary],
        list: &mut List,
        now: Timestamp,
        watched: Option<DeliveryId>,
    ) -> (Vec<Effect>, bool) {
        let taken = list.take(rows, &self.filter, now);
        let touched = watched.is_some_and(|id| taken.known.contains(&id));
        (self.more(taken.open), touched)
    }

    /// Like [`Self::take`], for deliveries of earlier runs.
    pub fn take_older(&mut self, rows: &[Summary], list: &mut List, now: Timestamp) -> Vec<Effect> {
        let open = list.take_older(rows, &self.filter, now);
        self.more(open)
    }

    /// Adds the matches of a search that has `tested` a number of deliveries.
    pub fn matched(&mut self, search: u64, ids: Vec<DeliveryId>, tested: usize, list: &mut List) {
        if search == self.number {
            list.show(ids);
            self.tested += tested;
        }
    }

    fn more(&mut self, open: Undecided) -> Vec<Effect> {
        if open.is_empty() {
            return Vec::new();
        }
        self.asked += open.rows();
        let (search, filter) = (self.number, self.filter.clone());
        vec![Effect::SearchMore { search, filter, open }]
    }
}
