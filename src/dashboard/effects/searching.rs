//! Searches in threads beside the loop, few at a time whatever is asked.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Effects, World};
use crate::app::Event;
use crate::filter::{Filter, Open};
use crate::ops::search::{Findings, Search};
use crate::store::StoreError;
use crate::task;

/// Threads that search at a time.
pub(super) const THREADS: usize = 2;

impl Effects {
    pub(super) fn start_search(&mut self, number: u64, filter: Filter, open: Open) {
        let search = Arc::new(Search::new(filter, open));
        for _ in 0..THREADS.min(search.width()) {
            let (world, search) = (Arc::clone(&self.world), Arc::clone(&search));
            self.tasks.spawn(async move {
                // It is never closed.
                let Ok(place) = Arc::clone(&world.searching).acquire_owned().await else { return };
                let searching = tokio::task::spawn_blocking(move || {
                    world.told(world.search(number, &search));
                    drop(place);
                });
                task::outcome(searching.await);
            });
        }
    }
}

impl World {
    fn search(&self, number: u64, search: &Search) -> Result<(), StoreError> {
        let is_wanted = || self.search.load(Ordering::Relaxed) == number;
        if !is_wanted() {
            return Ok(());
        }
        let reader = self.setup.store.reader()?.for_searching()?;
        search.run(&reader, is_wanted, |Findings { ids, tested }| {
            self.tell(Event::Matched { search: number, ids, tested });
        })
    }
}
