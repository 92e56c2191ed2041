//! Feeds stored and changed deliveries to the loop.
//!
//! Both arrive through a queue of their own, from which the loop takes one page at a time, so that
//! a key waits for one page at most.

use tokio::sync::mpsc;

use crate::app::Event;
use crate::store::{Store, StoreChange, StoreError, StoreReader, Tail};

/// Capacity of the queue of pages.
pub(super) const WAITING: usize = 2;

/// The first page fills any screen; the larger ones follow.
const FIRST_PAGE: usize = 300;
const PAGE: usize = 4096;

/// Changes reported at a time.
const NEWS: usize = 1000;

/// Reads earlier deliveries, newest first, until all are sent or the loop has ended.
pub(super) fn send_older(
    reader: &StoreReader,
    pages: &mpsc::Sender<Event>,
) -> Result<(), StoreError> {
    let mut before = None;
    loop {
        let size = if before.is_none() { FIRST_PAGE } else { PAGE };
        let page = reader.newest(before, size)?;
        before = page.last().map(|row| row.id);
        let is_last = page.is_empty();
        if pages.blocking_send(Event::Older(page)).is_err() || is_last {
            return Ok(());
        }
    }
}

/// Reports every change from `tail` on while the store is open.
pub(super) async fn send_changes(
    store: Store,
    tail: Tail,
    pages: mpsc::Sender<Event>,
) -> Result<(), StoreError> {
    let mut progress = store.progress();
    let mut trouble = None;
    let mut tail = tail;
    // Includes commits made after the tail was created.
    progress.mark_changed();
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().error.clone();
        if trouble != now {
            trouble = now;
            if pages.send(Event::Trouble(trouble.clone())).await.is_err() {
                break;
            }
        }
        tail = forward(tail, &pages).await?;
    }
    Ok(())
}

/// Sends the pending changes page by page.
async fn forward(tail: Tail, pages: &mpsc::Sender<Event>) -> Result<Tail, StoreError> {
    let mut tail = tail;
    loop {
        let read = tokio::task::spawn_blocking(move || {
            let page = tail.next(NEWS);
            (tail, page)
        });
        let page;
        (tail, page) = match read.await {
            Ok(read) => read,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        let page = page?;
        let whole = page.len() == NEWS;
        for event in events_of(page) {
            if pages.send(event).await.is_err() {
                return Ok(tail);
            }
        }
        if !whole {
            return Ok(tail);
        }
    }
}

/// Converts changes to events of the core; each delivery is in one of the two.
fn events_of(changes: Vec<StoreChange>) -> impl Iterator<Item = Event> {
    let mut kept = Vec::with_capacity(changes.len());
    let mut gone = Vec::new();
    for change in changes {
        match change {
            StoreChange::Kept(row) => kept.push(*row),
            StoreChange::Removed(id) => gone.push(id),
        }
    }
    let kept = (!kept.is_empty()).then_some(Event::Kept(kept));
    kept.into_iter().chain((!gone.is_empty()).then_some(Event::Gone(gone)))
}
