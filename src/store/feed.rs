//! Hands each commit to followers in memory.
//!
//! The channel is bounded in commits and in bytes. A follower that falls behind, or that finds a
//! commit without its changes, reads them from the store by revision: nothing is lost, and nothing
//! is read back that is still in memory.

use std::sync::Arc;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

use super::{StoreChange, StoreError, Tail};
use crate::delivery::Outcome;

/// Commits that a follower may be behind.
const MAX_COMMITS: usize = 64;

/// Body bytes held for followers, in units of [`UNIT`].
const MAX_UNITS: usize = 8 << 10;
const UNIT: usize = 1 << 10;

/// Size that a delivery counts as in addition to its body.
const DELIVERY_BYTES: usize = 1 << 10;

/// One commit.
#[derive(Debug)]
pub struct Commit {
    /// Revision of the commit before it; a gap means that there were others.
    before: i64,
    revision: i64,
    /// None if they have to be read from the store.
    changes: Option<Vec<StoreChange>>,
    /// Counts the changes against the limit until every follower has dropped them.
    _held: Option<OwnedSemaphorePermit>,
}

impl Commit {
    /// Iterates over the changes in order.
    pub fn changes(&self) -> impl Iterator<Item = &StoreChange> {
        self.changes.iter().flatten()
    }
}

/// The writer's end.
#[derive(Debug)]
pub(super) struct Feed {
    commits: broadcast::Sender<Arc<Commit>>,
    room: Arc<Semaphore>,
}

/// Lets readers follow while the writer runs.
#[derive(Debug, Clone)]
pub(super) struct FeedHandle(broadcast::WeakSender<Arc<Commit>>);

impl Feed {
    pub(super) fn new() -> Self {
        let commits = broadcast::Sender::new(MAX_COMMITS);
        Self { commits, room: Arc::new(Semaphore::new(MAX_UNITS)) }
    }

    pub(super) fn handle(&self) -> FeedHandle {
        FeedHandle(self.commits.downgrade())
    }

    pub(super) fn has_followers(&self) -> bool {
        self.commits.receiver_count() > 0
    }

    /// Publishes a commit; without `changes`, followers read them from the store.
    pub(super) fn publish(&self, before: i64, revision: i64, changes: Option<Vec<StoreChange>>) {
        let bytes: usize = changes.iter().flatten().map(size).sum();
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let held = Arc::clone(&self.room).try_acquire_many_owned(units).ok();
        let changes = if held.is_some() { changes } else { None };
        // Fails only if there are no followers.
        let _ = self.commits.send(Arc::new(Commit { before, revision, changes, _held: held }));
    }
}

fn size(change: &StoreChange) -> usize {
    match change {
        StoreChange::New(delivery) => delivery.body.len() + DELIVERY_BYTES,
        StoreChange::Attempted(attempt) => match &attempt.outcome {
            Outcome::Responded(answered) => answered.body.len() + DELIVERY_BYTES,
            Outcome::Failed { .. } => DELIVERY_BYTES,
        },
        StoreChange::Kept(_) | StoreChange::Removed(_) => DELIVERY_BYTES,
    }
}

impl FeedHandle {
    /// Subscribes to the commits after `tail` was opened by `open`.
    pub(super) fn follow(
        &self,
        open: impl FnOnce() -> Result<Tail, StoreError>,
    ) -> Result<Follower, StoreError> {
        // A writer that has ended publishes nothing: the new channel is closed as well.
        let feed = match self.0.upgrade() {
            Some(commits) => commits.subscribe(),
            None => broadcast::channel(1).1,
        };
        // Subscribe first, so that no commit falls between the two.
        let tail = open()?;
        Ok(Follower { feed, target: tail.revision(), tail })
    }
}

/// Follows the changes of a store in this process.
#[derive(Debug)]
pub struct Follower {
    feed: broadcast::Receiver<Arc<Commit>>,
    tail: Tail,
    /// Revision that the follower has to reach by reading.
    target: i64,
}

/// Result of waiting for a commit.
#[derive(Debug)]
pub enum Followed {
    Commit(Arc<Commit>),
    /// The follower has missed changes: [`Follower::read_missed`] returns them, and
    /// [`Follower::skip_missed`] skips them.
    Missed,
}

impl Follower {
    /// Waits for the next commit. None when the store is closed.
    pub async fn next(&mut self) -> Option<Followed> {
        loop {
            match self.feed.recv().await {
                Ok(commit) => {
                    if let Some(followed) = self.take(commit) {
                        return Some(followed);
                    }
                }
                // The commits that are left begin with a gap.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Returns a commit that has already been made.
    pub fn try_next(&mut self) -> Option<Followed> {
        loop {
            match self.feed.try_recv() {
                Ok(commit) => {
                    if let Some(followed) = self.take(commit) {
                        return Some(followed);
                    }
                }
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }

    /// Returns the next commit, unless it was already read.
    fn take(&mut self, commit: Arc<Commit>) -> Option<Followed> {
        if commit.revision <= self.tail.revision() {
            return None;
        }
        if commit.changes.is_none() || commit.before > self.tail.revision() {
            self.target = commit.revision;
            return Some(Followed::Missed);
        }
        self.tail.skip_to(commit.revision);
        Some(Followed::Commit(commit))
    }

    /// Reads up to `limit` missed changes; empty if there are no more. Blocks.
    pub fn read_missed(&mut self, limit: usize) -> Result<Vec<StoreChange>, StoreError> {
        let missed = self.tail.next(limit)?;
        if missed.len() < limit {
            self.skip_missed();
        }
        Ok(missed)
    }

    /// Continues after the missed changes without reading them.
    pub fn skip_missed(&mut self) {
        self.tail.skip_to(self.target);
    }
}
