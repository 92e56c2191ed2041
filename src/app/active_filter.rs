//! The filter in force, and the search for what only the bytes of a delivery can tell.

use jiff::Timestamp;

use super::effect::Effect;
use super::list::List;
use crate::delivery::{DeliveryId, Summary};
use crate::diagnostic::Diagnostic;
use crate::filter::{Filter, Undecided};

/// The filter in force.
#[derive(Debug, Default)]
pub struct ActiveFilter {
    /// As the user typed it.
    text: String,
    filter: Filter,
    /// Answers that carry another number belong to a filter that is gone.
    number: u64,
    /// Deliveries whose bytes are to be tested, and those that were.
    asked: usize,
    tested: usize,
}

impl ActiveFilter {
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The filter in force, narrowed by a term.
    pub fn narrowed(&self, term: &str) -> Result<String, Diagnostic> {
        self.filter.narrowed(term).map(|filter| filter.to_string())
    }

    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    pub fn is_on(&self) -> bool {
        !self.filter.is_all()
    }

    /// Whether matches may still come.
    pub fn is_running(&self) -> bool {
        self.tested < self.asked
    }

    /// How many deliveries were tested whole, and how many are to be.
    pub fn progress(&self) -> (usize, usize) {
        (self.tested, self.asked)
    }

    /// Puts a filter in force; an error leaves the old one.
    pub fn apply(
        &mut self,
        text: &str,
        list: &mut List,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Diagnostic> {
        let filter: Filter = text.parse()?;
        text.clone_into(&mut self.text);
        // A letter that changes nothing lets the search go on.
        if filter == self.filter && self.number > 0 {
            return Ok(Vec::new());
        }
        self.filter = filter;
        self.number += 1;
        let open = list.filter(&self.filter, now);
        (self.asked, self.tested) = (open.rows(), 0);
        let (search, filter) = (self.number, self.filter.clone());
        // A search without deliveries still puts an end to the one before it.
        Ok(vec![Effect::Search { search, filter, open }])
    }

    /// Takes deliveries into the list; asks about those that only their bytes can decide.
    /// Returns whether the `watched` one was among them and known before.
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

    /// The same for deliveries of earlier runs.
    pub fn take_older(&mut self, rows: &[Summary], list: &mut List, now: Timestamp) -> Vec<Effect> {
        let open = list.take_older(rows, &self.filter, now);
        self.more(open)
    }

    /// Takes in what a search found among so many that it `tested`.
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
