//! Looks for the causes of bad signatures, off the path of the answers.
//!
//! One search at a time, each within a budget, and a bounded queue of numbers before it: whoever
//! sends bad signatures slows down these searches and nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::delivery::{Delivery, DeliveryId, Head, Verdict};
use crate::signature::{Budget, Diagnosis, Subject, Verifier};
use crate::store::Store;
use crate::task;

/// Deliveries that may wait; of those that come on top no cause is looked for until they are
/// opened.
const WAITING: usize = 256;

/// How long one search may take.
const LIMIT: Duration = Duration::from_secs(2);

/// How long one may take while others wait, so that the last of them waits for seconds only: what
/// is printed without a dashboard keeps its order, and waits for the searches.
const LIMIT_IN_A_QUEUE: Duration = Duration::from_millis(20);

/// The way to the searches.
#[derive(Debug, Clone)]
pub struct Diagnoser {
    queue: mpsc::Sender<DeliveryId>,
}

/// A place in the queue.
#[derive(Debug)]
pub(super) struct DiagnosisJob(mpsc::OwnedPermit<DeliveryId>);

impl DiagnosisJob {
    pub(super) fn take(self, id: DeliveryId) {
        drop(self.0.send(id));
    }
}

impl Diagnoser {
    /// A diagnoser, and the work that it does until `stop`.
    pub fn new(
        verifier: Arc<Verifier>,
        store: Store,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()>) {
        let (queue, waiting) = mpsc::channel(WAITING);
        let work = Work { verifier, store };
        (Self { queue }, work.run(waiting, stop))
    }

    /// A place in the queue for a delivery with such a verdict; nothing if there is none, or
    /// nothing to look for.
    pub(super) fn turn(&self, verdict: &Verdict) -> Option<DiagnosisJob> {
        let permit = verdict.wants_cause().then(|| self.queue.clone().try_reserve_owned().ok());
        permit.flatten().map(DiagnosisJob)
    }
}

struct Work {
    verifier: Arc<Verifier>,
    store: Store,
}

impl Work {
    async fn run(self, mut waiting: mpsc::Receiver<DeliveryId>, stop: CancellationToken) {
        let this = Arc::new(self);
        loop {
            let id = tokio::select! {
                biased;
                Some(id) = waiting.recv() => id,
                () = stop.cancelled() => return,
            };
            let limit = if waiting.is_empty() { LIMIT } else { LIMIT_IN_A_QUEUE };
            let one = Arc::clone(&this);
            let found = tokio::task::spawn_blocking(move || one.search(id, limit)).await;
            if let Some(Some(verdict)) = task::join_or_panic(found) {
                // If this is not kept, the store's trouble is shown already.
                let _ = this.store.explained(id, verdict).await;
            }
        }
    }

    fn search(&self, id: DeliveryId, limit: Duration) -> Option<Verdict> {
        let delivery = self.store.reader().and_then(|reader| reader.delivery(id)).ok()??;
        let Delivery { summary, head, body, .. } = &delivery;
        Some(within(&self.verifier, head, body, summary.request.received_at, limit).verdict)
    }
}

/// Looks for the cause of a kept delivery's verdict, as of when it came.
pub fn diagnose(verifier: &Verifier, delivery: &Delivery) -> Diagnosis {
    within(verifier, &delivery.head, &delivery.body, delivery.summary.request.received_at, LIMIT)
}

pub(super) fn within(
    verifier: &Verifier,
    head: &Head,
    body: &[u8],
    at: Timestamp,
    limit: Duration,
) -> Diagnosis {
    let url = verifier.url(head);
    let subject = Subject { head, body, url: url.as_deref() };
    let judged = verifier.judge(&subject, at);
    #[expect(clippy::disallowed_methods, reason = "a search is bounded in time as well")]
    let until = Instant::now() + limit;
    #[expect(clippy::disallowed_methods, reason = "a search is bounded in time as well")]
    let go_on = || Instant::now() < until;
    verifier.explain(&judged, &subject, at, Budget { bytes: Budget::BYTES, go_on: &go_on })
}
