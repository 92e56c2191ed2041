//! The filter in force, and the search for what only the bytes of a delivery can tell.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::list::List;
use super::message::Effect;
use crate::delivery::{DeliveryId, Summary};
use crate::filter::{Filter, FilterError};

/// The filter in force.
#[derive(Debug, Default)]
pub struct Search {
    /// As the user typed it.
    text: String,
    filter: Filter,
    /// Answers that carry another number belong to a filter that is gone.
    number: u64,
    /// How many requests for matches have not been answered to the end.
    pending: usize,
}

impl Search {
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The filter in force, narrowed by a term.
    pub fn narrowed(&self, term: &str) -> Result<String, FilterError> {
        self.filter.narrowed(term).map(|filter| filter.to_string())
    }

    pub fn is_on(&self) -> bool {
        !self.filter.is_all()
    }

    /// Whether matches may still come.
    pub fn is_running(&self) -> bool {
        self.pending > 0
    }

    /// Puts a filter in force; an error leaves the old one.
    pub fn apply(
        &mut self,
        text: &str,
        list: &mut List,
        now: Timestamp,
    ) -> Result<Vec<Effect>, FilterError> {
        let filter: Filter = text.parse()?;
        text.clone_into(&mut self.text);
        self.filter = filter;
        self.number += 1;
        let mut sure = VecDeque::new();
        let mut open = Vec::new();
        for row in list.rows() {
            match self.filter.test(row, now) {
                Some(true) => sure.push_back(row.id),
                Some(false) => {}
                None => open.push(row.id),
            }
        }
        list.show_only(sure);
        open.reverse();
        self.pending = usize::from(!open.is_empty());
        Ok(self.request(open, false))
    }

    /// Takes deliveries into the list; asks about those that only their bytes can decide.
    /// Returns whether the `watched` one was among them and known before.
    pub fn take(
        &mut self,
        rows: Vec<Summary>,
        list: &mut List,
        now: Timestamp,
        watched: Option<DeliveryId>,
    ) -> (Vec<Effect>, bool) {
        let mut open = Vec::new();
        let mut touched = false;
        for row in rows {
            let id = row.id;
            let verdict = self.filter.test(&row, now);
            if verdict.is_none() {
                open.push(id);
            }
            let known = list.keep(row, verdict == Some(true));
            touched |= known && watched == Some(id);
        }
        open.reverse();
        (self.more(open), touched)
    }

    /// The same for deliveries of earlier runs.
    pub fn take_older(
        &mut self,
        rows: Vec<Summary>,
        list: &mut List,
        now: Timestamp,
    ) -> Vec<Effect> {
        let mut open = Vec::new();
        for row in rows {
            let verdict = self.filter.test(&row, now);
            if verdict.is_none() {
                open.push(row.id);
            }
            list.keep_older(row, verdict == Some(true));
        }
        self.more(open)
    }

    /// Takes in what a search found.
    pub fn matched(&mut self, search: u64, ids: Vec<DeliveryId>, done: bool, list: &mut List) {
        if search != self.number {
            return;
        }
        for id in ids {
            list.show(id);
        }
        self.pending = self.pending.saturating_sub(usize::from(done));
    }

    fn more(&mut self, ids: Vec<DeliveryId>) -> Vec<Effect> {
        self.pending += usize::from(!ids.is_empty());
        self.request(ids, true)
    }

    fn request(&self, ids: Vec<DeliveryId>, more: bool) -> Vec<Effect> {
        let (search, filter) = (self.number, self.filter.clone());
        match (ids.is_empty(), more) {
            // A search without deliveries still puts an end to the one before it.
            (true, true) => Vec::new(),
            (_, false) => vec![Effect::Search { search, filter, ids }],
            (false, true) => vec![Effect::SearchMore { search, filter, ids }],
        }
    }
}
