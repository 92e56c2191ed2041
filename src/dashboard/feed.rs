//! Brings what the store holds, and what it gets, to the loop.
//!
//! Both go through a queue of their own, of which the loop takes one page at a time: however
//! much is read, keys wait for a page at most.

use tokio::sync::mpsc;

use crate::app::Event;
use crate::store::{Store, StoreChange, StoreError, StoreReader, Tail};

/// Pages that may wait for the loop.
pub(super) const WAITING: usize = 2;

/// The first page fills any screen; the rest comes behind it in larger ones.
const FIRST_PAGE: usize = 300;
const PAGE: usize = 4096;

/// Changes that are told of at a time.
const NEWS: usize = 1000;

/// Reads what was kept before, newest first, until all is told or nobody listens.
pub(super) fn tell_older(
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

/// Tells of every change from `tail` on, for as long as the store is open.
pub(super) async fn tell_news(
    store: Store,
    tail: Tail,
    pages: mpsc::Sender<Event>,
) -> Result<(), StoreError> {
    let mut progress = store.progress();
    let mut trouble = None;
    let mut tail = tail;
    // What was committed between the making of the tail and now.
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

/// Passes on what has changed, page by page.
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
        for event in told(page) {
            if pages.send(event).await.is_err() {
                return Ok(tail);
            }
        }
        if !whole {
            return Ok(tail);
        }
    }
}

/// Changes as the core takes them; each delivery is in one of the two.
fn told(changes: Vec<StoreChange>) -> impl Iterator<Item = Event> {
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
