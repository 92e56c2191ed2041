//! Feeds stored and changed deliveries to the loop.
//!
//! Both arrive through a queue of their own, from which the loop takes one page at a time, so that
//! a key waits for one page at most.

use tokio::sync::mpsc;

use crate::app::{Event, Notice};
use crate::store::{Followed, Follower, Store, StoreChange, StoreError, StoreReader};

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

/// Reports every change while the store is open.
pub(super) async fn send_changes(
    store: Store,
    mut follower: Follower,
    pages: mpsc::Sender<Event>,
) -> Result<(), StoreError> {
    let mut health = store.health();
    let mut error = None;
    let mut restored = None;
    loop {
        let changed_error = async {
            let changed = health
                .wait_for(|health| health.error != error || health.restored != restored)
                .await;
            changed.map(|health| (health.error.clone(), health.restored.clone()))
        };
        tokio::select! {
            news = follower.next() => {
                let Some(news) = news else { return Ok(()) };
                let (changes, is_missing) = gather(&mut follower, news);
                let mut sent = send(changes, &pages).await;
                if is_missing && sent.is_ok() {
                    (follower, sent) = send_missed(follower, &pages).await?;
                }
                if sent.is_err() {
                    return Ok(());
                }
            }
            Ok((changed, now_restored)) = changed_error => {
                if now_restored != restored && let Some(text) = &now_restored {
                    // The next event reports a loop that has ended.
                    let _ = pages.send(Event::Notice(Notice::failed(text.to_string()))).await;
                }
                restored = now_restored;
                error.clone_from(&changed);
                if pages.send(Event::Trouble(changed)).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// Collects the changes of all commits so far; also returns true if more have to be read from the
/// store.
fn gather(follower: &mut Follower, first: Followed) -> (Vec<StoreChange>, bool) {
    let mut changes = Vec::new();
    let mut next = Some(first);
    while let Some(news) = next {
        match news {
            Followed::Commit(commit) => changes.extend(commit.changes().cloned()),
            Followed::Missed => return (changes, true),
        }
        next = if changes.len() < NEWS { follower.try_next() } else { None };
    }
    (changes, false)
}

type SendResult = Result<(), mpsc::error::SendError<Event>>;

/// Sends the changes that the follower has missed, page by page.
async fn send_missed(
    mut follower: Follower,
    pages: &mpsc::Sender<Event>,
) -> Result<(Follower, SendResult), StoreError> {
    loop {
        let read = tokio::task::spawn_blocking(move || {
            let page = follower.read_missed(NEWS);
            (follower, page)
        });
        let page;
        (follower, page) = match read.await {
            Ok(read) => read,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        let page = page?;
        let is_last = page.len() < NEWS;
        let sent = send(page, pages).await;
        if is_last || sent.is_err() {
            return Ok((follower, sent));
        }
    }
}

async fn send(changes: Vec<StoreChange>, pages: &mpsc::Sender<Event>) -> SendResult {
    for event in events_of(changes) {
        pages.send(event).await?;
    }
    Ok(())
}

/// Converts changes to events of the core; each delivery is in one of the two.
fn events_of(changes: Vec<StoreChange>) -> impl Iterator<Item = Event> {
    let mut kept = Vec::new();
    let mut gone = Vec::new();
    for change in changes {
        match change {
            StoreChange::New(delivery) => kept.push(delivery.summary.clone()),
            StoreChange::Kept(row) => kept.push(*row),
            // The change of its delivery follows.
            StoreChange::Attempted(_) => {}
            StoreChange::Removed(id) => gone.push(id),
        }
    }
    let kept = (!kept.is_empty()).then_some(Event::Kept(kept));
    kept.into_iter().chain((!gone.is_empty()).then_some(Event::Gone(gone)))
}
