//! Brings what the store holds, and what it gets, to the loop.

use tokio::sync::mpsc;

use crate::app::Event;
use crate::store::{Change, Reader, Store, StoreError, Tail};

/// The first page fills any screen; the rest comes behind it in larger ones.
const FIRST_PAGE: usize = 300;
const PAGE: usize = 5000;

/// Deliveries that are told of at a time.
const NEWS: usize = 500;

/// Reads what was kept before, newest first, until all is told or nobody listens.
pub(super) fn tell_older(reader: &Reader, events: &mpsc::Sender<Event>) -> Result<(), StoreError> {
    let mut before = None;
    loop {
        let size = if before.is_none() { FIRST_PAGE } else { PAGE };
        let page = reader.newest(before, size)?;
        let Some(oldest) = page.last() else { return Ok(()) };
        before = Some(oldest.id);
        if events.blocking_send(Event::Older(page)).is_err() {
            return Ok(());
        }
    }
}

/// Tells of every change from `tail` on, for as long as the store is open.
pub(super) async fn tell_news(
    store: Store,
    tail: Tail,
    events: mpsc::Sender<Event>,
) -> Result<(), StoreError> {
    let mut progress = store.progress();
    let mut trouble = None;
    let mut tail = tail;
    // What was committed between the making of the tail and now.
    progress.mark_changed();
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().trouble.clone();
        if trouble != now {
            trouble = now;
            if events.send(Event::Trouble(trouble.clone())).await.is_err() {
                break;
            }
        }
        tail = forward(tail, &events).await?;
    }
    Ok(())
}

/// Passes on what has changed, page by page.
async fn forward(tail: Tail, events: &mpsc::Sender<Event>) -> Result<Tail, StoreError> {
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
        let mut kept = Vec::with_capacity(page.len());
        let mut gone = Vec::new();
        for change in page {
            match change {
                Change::Kept(row) => kept.push(*row),
                Change::Removed(id) => gone.push(id),
            }
        }
        for event in [Event::Kept(kept), Event::Gone(gone)] {
            if events.send(event).await.is_err() {
                return Ok(tail);
            }
        }
        if !whole {
            return Ok(tail);
        }
    }
}
