//! Publishes deliveries to a hub while they are stored, and later those that it did not acknowledge
//! in time.
//!
//! A delivery has the id of its message from the moment it is stored, and its sequence once the
//! stream has acknowledged it. A delivery with an id but no sequence is still owed to the hub, also
//! after a restart; the stream and its readers recognize a message that was published before.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::delivery::{Delivery, DeliveryId, HubPlace, NewDelivery};
use crate::hub::{Envelope, Hub, HubPublishError, Publisher};
use crate::store::{Store, StoreError, StoreReader};
use crate::task;

/// Acknowledgements that may wait to be stored, and those that are stored in one commit.
const ACKNOWLEDGED: usize = 4096;
const TOGETHER: usize = 512;

/// Deliveries that are published again at a time.
const AT_ONCE: usize = 16;

/// Time before the hub is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Publishes the deliveries of an intake.
#[derive(Debug)]
pub struct Publishing {
    publisher: Publisher,
    acknowledged: mpsc::Sender<(DeliveryId, u64)>,
    /// Last delivery that may be owed to the hub.
    owed: watch::Sender<DeliveryId>,
}

impl Publishing {
    /// Returns the publishing and its work, which runs until `stop`.
    pub fn new(
        publisher: Publisher,
        store: Store,
        stop: CancellationToken,
    ) -> Result<(Self, impl Future<Output = ()>), StoreError> {
        let (acknowledged, queue) = mpsc::channel(ACKNOWLEDGED);
        // Those of earlier runs.
        let (owed, debts) = watch::channel(store.reader()?.last_id()?);
        let publishing =
            Self { publisher: publisher.clone(), acknowledged: acknowledged.clone(), owed };
        let worker = Worker { publisher, store: store.clone(), acknowledged };
        let work = async move {
            let republishing = async {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = worker.pay(debts) => {}
                }
                drop(worker);
            };
            tokio::join!(record(store, queue), republishing);
        };
        Ok((publishing, work))
    }

    /// Returns the hub that deliveries are published to.
    pub(super) fn hub(&self) -> &Hub {
        self.publisher.hub()
    }

    /// Marks a delivery as owed to the hub, and returns it as a message.
    pub(super) fn begin(&self, new: &mut NewDelivery) -> Envelope {
        let place = self.publisher.place();
        let envelope = Envelope::new(new, &place);
        new.request.hub = Some(Box::new(place));
        envelope
    }

    pub(super) async fn publish(&self, envelope: Envelope) -> Result<u64, HubPublishError> {
        let outcome = self.publisher.publish(envelope).await;
        report(&self.publisher, outcome.as_ref().err());
        outcome
    }

    /// Records the outcome for a delivery that is stored.
    pub(super) fn end(&self, id: DeliveryId, outcome: &Result<u64, HubPublishError>) {
        let is_recorded = match outcome {
            // If the queue is full, the delivery is published again, which changes nothing.
            Ok(sequence) => self.acknowledged.try_send((id, *sequence)).is_ok(),
            Err(_) => false,
        };
        if !is_recorded {
            self.owed.send_modify(|last| *last = (*last).max(id));
        }
    }
}

fn report(publisher: &Publisher, error: Option<&HubPublishError>) {
    if let Some(error) = error {
        tracing::error!(%error, "delivery not acknowledged by the hub");
    }
    let error: Option<Arc<str>> = error.map(|error| error.to_string().into());
    if publisher.hub().status().borrow().unpublished != error {
        publisher.hub().report(|status| status.unpublished = error);
    }
}

/// Stores acknowledgements until every sender is dropped.
async fn record(store: Store, mut queue: mpsc::Receiver<(DeliveryId, u64)>) {
    let mut published = Vec::new();
    while queue.recv_many(&mut published, TOGETHER).await > 0 {
        // A delivery without its sequence is published again after a restart.
        let _ = store.record_sequences(std::mem::take(&mut published)).await;
    }
}

struct Worker {
    publisher: Publisher,
    store: Store,
    acknowledged: mpsc::Sender<(DeliveryId, u64)>,
}

impl Worker {
    /// Publishes what is owed, until the publishing is dropped.
    async fn pay(&self, mut debts: watch::Receiver<DeliveryId>) {
        loop {
            let end = *debts.borrow_and_update();
            while self.publisher.is_connected().await && !self.pay_up_to(end).await {
                sleep(PAUSE).await;
            }
            if debts.changed().await.is_err() {
                return;
            }
        }
    }

    /// Publishes everything owed up to a delivery; false if something is left.
    async fn pay_up_to(&self, end: DeliveryId) -> bool {
        let mut last = DeliveryId(0);
        let mut is_complete = true;
        loop {
            let store = self.store.clone();
            let read = move || -> Result<Vec<Delivery>, StoreError> {
                let reader: StoreReader = store.reader()?;
                reader.unpublished(last, end, AT_ONCE)
            };
            let owed = match task::blocking(read).await {
                Ok(owed) => owed,
                Err(error) => {
                    tracing::warn!(%error, "cannot read what is owed to the hub");
                    return false;
                }
            };
            let Some(newest) = owed.last() else { return is_complete };
            last = newest.summary.id;
            let results: Vec<bool> = stream::iter(owed)
                .map(|delivery| self.publish(delivery))
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            is_complete &= results.into_iter().all(|is_done| is_done);
            if !is_complete {
                return false;
            }
        }
    }

    /// Publishes a stored delivery; true if that is done for good.
    async fn publish(&self, delivery: Delivery) -> bool {
        let id = delivery.summary.id;
        let Some((new, place)) = unstored(delivery) else { return true };
        match self.publisher.publish_again(Envelope::new(&new, &place)).await {
            Ok(sequence) => {
                tracing::info!(id = id.0, sequence, "delivery published later");
                report(&self.publisher, None);
                self.acknowledged.send((id, sequence)).await.is_ok()
            }
            // It stays in this store only.
            Err(HubPublishError::TooLarge) => true,
            Err(error) => {
                report(&self.publisher, Some(&error));
                false
            }
        }
    }
}

/// Returns a delivery as it was before it was stored.
fn unstored(delivery: Delivery) -> Option<(NewDelivery, HubPlace)> {
    let Delivery { summary, head, body, .. } = delivery;
    let place = HubPlace::clone(summary.request.hub.as_deref()?);
    let new = NewDelivery {
        request: summary.request,
        head,
        body,
        provider: summary.provider,
        event: summary.event,
        signature: summary.signature,
        diagnosing: false,
        response: summary.response,
        latency: summary.latency,
    };
    Some((new, place))
}
