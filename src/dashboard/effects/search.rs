//! Searches on a limited number of threads outside of the loop.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Context, Effects};
use crate::app::Event;
use crate::filter::{Filter, Undecided};
use crate::ops::search::{SearchBatch, StoreSearch};
use crate::store::StoreError;
use crate::task;

/// Maximum number of concurrent search threads.
pub(super) const THREADS: usize = 2;

impl Effects {
    pub(super) fn start_search(&mut self, number: u64, filter: Filter, open: Undecided) {
        let search = Arc::new(StoreSearch::new(filter, open));
        for _ in 0..THREADS.min(search.width()) {
            let (context, search) = (Arc::clone(&self.context), Arc::clone(&search));
            self.tasks.spawn(async move {
                // The semaphore is never closed.
                let Ok(place) = Arc::clone(&context.searching).acquire_owned().await else {
                    return;
                };
                let searching = tokio::task::spawn_blocking(move || {
                    context.report_error(context.search(number, &search));
                    drop(place);
                });
                task::join_or_panic(searching.await);
            });
        }
    }
}

impl Context {
    fn search(&self, number: u64, search: &StoreSearch) -> Result<(), StoreError> {
        let is_wanted = || self.search.load(Ordering::Relaxed) == number;
        if !is_wanted() {
            return Ok(());
        }
        let reader = self.setup.store.reader()?;
        search.run(&reader, is_wanted, |SearchBatch { ids, tested }| {
            self.send(Event::Matched { search: number, ids, tested });
        })
    }
}
