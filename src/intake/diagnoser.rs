//! Finds the causes of failed signatures, off the response path.
//!
//! One search runs at a time, within a time budget, behind a bounded queue of ids: a client that
//! floods the listener with bad signatures delays these searches and nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::delivery::{Delivery, DeliveryId, Head, NewDelivery, Verdict};
use crate::signature::{Budget, CurrentVerifier, Diagnosis, Subject, Verifier};
use crate::store::Store;
use crate::task;

/// Capacity of the queue. A delivery that finds it full is diagnosed when it is opened.
const WAITING: usize = 256;

/// Time limit of one search.
const LIMIT: Duration = Duration::from_secs(2);

/// Time for searches that are left at shutdown.
const LAST_SEARCHES: Duration = Duration::from_millis(500);

/// Time limit of a search while others wait, so that the last of them waits for seconds only:
/// headless output keeps its order, and waits for the searches.
const LIMIT_IN_A_QUEUE: Duration = Duration::from_millis(20);

/// Handle to the search task.
#[derive(Debug, Clone)]
pub struct Diagnoser {
    queue: mpsc::Sender<DeliveryId>,
}

/// A reserved place in the queue.
#[derive(Debug)]
pub(super) struct DiagnosisJob(mpsc::OwnedPermit<DeliveryId>);

impl DiagnosisJob {
    pub(super) fn start(self, id: DeliveryId) {
        drop(self.0.send(id));
    }
}

impl Diagnoser {
    /// Returns a diagnoser and its work, which runs until `stop`.
    pub fn new(
        verifier: CurrentVerifier,
        store: Store,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()>) {
        let (queue, waiting) = mpsc::channel(WAITING);
        let work = Work { verifier, store };
        (Self { queue }, work.run(waiting, stop))
    }

    /// Reserves a place in the queue. None if the queue is full, or the verdict needs no cause.
    pub(super) fn reserve(&self, verdict: &Verdict) -> Option<DiagnosisJob> {
        let permit = verdict.needs_cause().then(|| self.queue.clone().try_reserve_owned().ok());
        permit.flatten().map(DiagnosisJob)
    }
}

struct Work {
    verifier: CurrentVerifier,
    store: Store,
}

impl Work {
    async fn run(self, waiting: mpsc::Receiver<DeliveryId>, stop: CancellationToken) {
        let time_is_up = async {
            stop.cancelled().await;
            tokio::time::sleep(LAST_SEARCHES).await;
        };
        tokio::select! {
            () = self.search_all(waiting, &stop) => {}
            () = time_is_up => {}
        }
    }

    /// Searches until `stop` and until no delivery waits.
    async fn search_all(self, mut waiting: mpsc::Receiver<DeliveryId>, stop: &CancellationToken) {
        let worker = Arc::new(self);
        loop {
            let id = tokio::select! {
                biased;
                Some(id) = waiting.recv() => id,
                () = stop.cancelled() => return,
            };
            let limit = if waiting.is_empty() { LIMIT } else { LIMIT_IN_A_QUEUE };
            let searcher = Arc::clone(&worker);
            let found = tokio::task::spawn_blocking(move || searcher.search(id, limit)).await;
            if let Some(Some(verdict)) = task::join_or_panic(found) {
                tracing::debug!(id = id.0, cause = verdict.cause, "cause searched");
                // A failure shows in the store's progress.
                let _ = worker.store.record_diagnosis(id, verdict).await;
            }
        }
    }

    fn search(&self, id: DeliveryId, limit: Duration) -> Option<Verdict> {
        let delivery = self.store.reader().and_then(|reader| reader.delivery(id)).ok()??;
        let Delivery { summary, head, body, .. } = &delivery;
        let at = summary.request.received_at;
        Some(search_within(&self.verifier.get(), head, body, at, limit).verdict)
    }
}

/// Finds the cause of a stored delivery's verdict, as of the time it was received.
pub fn diagnose(verifier: &Verifier, delivery: &Delivery) -> Diagnosis {
    search_within(
        verifier,
        &delivery.head,
        &delivery.body,
        delivery.summary.request.received_at,
        LIMIT,
    )
}

/// Like [`diagnose`], but as briefly as while many deliveries wait.
pub fn diagnose_briefly(verifier: &Verifier, delivery: &Delivery) -> Diagnosis {
    let at = delivery.summary.request.received_at;
    search_within(verifier, &delivery.head, &delivery.body, at, LIMIT_IN_A_QUEUE)
}

/// Finds the cause of the verdict of a delivery that is not stored yet.
pub fn find_cause(verifier: &Verifier, new: &NewDelivery) -> Verdict {
    let limit = LIMIT_IN_A_QUEUE;
    search_within(verifier, &new.head, &new.body, new.request.received_at, limit).verdict
}

pub(super) fn search_within(
    verifier: &Verifier,
    head: &Head,
    body: &[u8],
    at: Timestamp,
    limit: Duration,
) -> Diagnosis {
    let url = verifier.url(head);
    let subject = Subject { head, body, url: url.as_deref() };
    let judgment = verifier.judge(&subject, at);
    #[expect(clippy::disallowed_methods, reason = "a search is bounded in time as well")]
    let until = Instant::now() + limit;
    #[expect(clippy::disallowed_methods, reason = "a search is bounded in time as well")]
    let go_on = || Instant::now() < until;
    verifier.explain(&judgment, &subject, at, Budget { bytes: Budget::BYTES, go_on: &go_on })
}
