//! Reports the progress of the store to those who watch it.

use std::sync::Arc;

use tokio::sync::watch;

/// State of the store after the last commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreProgress {
    /// Revision of the last commit; every new or changed delivery has a higher one than those
    /// before.
    pub revision: i64,
    /// Error of the last commit; none once one has succeeded.
    pub error: Option<String>,
    /// Description of the last restoration of the store, if there was one.
    pub restored: Option<Arc<str>>,
}

impl StoreProgress {
    fn is_as_healthy_as(&self, other: &Self) -> bool {
        self.error == other.error && self.restored == other.restored
    }
}

/// The writer's end.
#[derive(Debug)]
pub(super) struct ProgressSender {
    progress: watch::Sender<StoreProgress>,
    /// Changes only with the error and the restoration, so that its receivers sleep otherwise.
    health: watch::Sender<StoreProgress>,
}

impl ProgressSender {
    pub(super) fn new(revision: i64) -> Self {
        let first = StoreProgress { revision, ..StoreProgress::default() };
        Self { progress: watch::Sender::new(first.clone()), health: watch::Sender::new(first) }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<StoreProgress> {
        self.progress.subscribe()
    }

    pub(super) fn subscribe_to_health(&self) -> watch::Receiver<StoreProgress> {
        self.health.subscribe()
    }

    pub(super) fn revision(&self) -> i64 {
        self.progress.borrow().revision
    }

    /// Reports the state after a commit. A restoration is kept until the next one.
    pub(super) fn send(&self, revision: i64, error: Option<String>, restored: Option<String>) {
        self.progress.send_modify(|progress| {
            progress.revision = revision;
            progress.error = error;
            progress.restored = restored.map(Into::into).or(progress.restored.take());
        });
        let now = self.progress.borrow();
        self.health.send_if_modified(|known| {
            let is_changed = !known.is_as_healthy_as(&now);
            if is_changed {
                known.clone_from(&now);
            }
            is_changed
        });
    }
}
