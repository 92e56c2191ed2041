//! The outcome of a response: whether the client got it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use super::link::Link;

/// Stores an outcome.
pub type Recording = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Called with the time after which the client had gone, or none if the response was sent. Returns none
/// if there is nothing to store.
pub type OnOutcome = Box<dyn FnOnce(Option<Duration>) -> Option<Recording> + Send>;

/// A response in transit to the socket. Dropped before it is written, it was not sent.
pub(super) struct PendingResponse {
    /// Size of the body in bytes, without the head.
    pub(super) size: usize,
    link: Arc<Link>,
    /// None once it was called.
    on_outcome: Option<OnOutcome>,
    processing: TaskTracker,
}

impl PendingResponse {
    pub(super) fn new(
        size: usize,
        link: Arc<Link>,
        on_outcome: OnOutcome,
        processing: TaskTracker,
    ) -> Self {
        Self { size, link, on_outcome: Some(on_outcome), processing }
    }

    /// Reports that the whole response was written. Returns a receiver that completes when the outcome
    /// is stored; none if there is nothing to store.
    pub(super) fn written(mut self) -> Option<oneshot::Receiver<()>> {
        let on_outcome = self.on_outcome.take()?;
        let is_intact = self.link.is_intact();
        if !is_intact || !self.link.may_be_reset() {
            let gone = (!is_intact).then(|| self.link.left_after());
            return self.record(on_outcome(gone)?);
        }
        let link = Arc::clone(&self.link);
        self.record(Box::pin(async move {
            let gone = (!link.is_intact_at_last().await).then(|| link.left_after());
            if let Some(recording) = on_outcome(gone) {
                recording.await;
            }
        }))
    }

    /// Stores an outcome even if the connection ends meanwhile.
    fn record(&self, recording: Recording) -> Option<oneshot::Receiver<()>> {
        // Without a runtime the program is ending.
        let runtime = Handle::try_current().ok()?;
        let (done, recorded) = oneshot::channel();
        let task = async move {
            recording.await;
            // Nobody waits if the connection has ended.
            let _ = done.send(());
        };
        drop(self.processing.spawn_on(task, &runtime));
        Some(recorded)
    }
}

impl Drop for PendingResponse {
    fn drop(&mut self) {
        let unsent = self.on_outcome.take();
        if let Some(recording) = unsent.and_then(|it| it(Some(self.link.left_after()))) {
            self.record(recording);
        }
    }
}
