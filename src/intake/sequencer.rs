//! The door that every delivery goes through, one after the other: it is numbered by the store,
//! and then rules and queues of targets see it in the order of these numbers.
//!
//! Nobody waits in the door for anything but the store.

use std::future::Future;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::Forwards;
use crate::delivery::{Delivery, DeliveryId, NewDelivery};
use crate::listener::ClientResponse;
use crate::outbound::Ticket;
use crate::respond::{Rulebook, ScriptStep};
use crate::store::{KeepError, Store};

/// Deliveries that may wait before the door, and as many that wait for the store.
const WAITING: usize = 1024;

/// The way to the door.
#[derive(Debug, Clone)]
pub struct Sequencer {
    entering: mpsc::Sender<Submission>,
}

#[derive(Debug)]
struct Submission {
    new: NewDelivery,
    /// What is answered whatever rules and targets there are.
    preset_response: Option<ClientResponse>,
    reply: Reply,
}

type Reply = oneshot::Sender<Result<Accepted, KeepError>>;

/// A delivery that is on disk.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) id: DeliveryId,
    pub(super) course: Disposition,
}

/// What becomes of a delivery that is on disk.
#[derive(Debug)]
pub(super) enum Disposition {
    Answer(ClientResponse),
    /// A rule takes it.
    Respond(Box<(ScriptStep, Delivery)>),
    /// It has a place in the queue of the target whose answer is the sender's.
    Forward(Ticket),
}

impl Sequencer {
    /// A door, and the work that it does until nobody can enter any longer.
    pub fn new(
        store: Store,
        rules: Rulebook,
        forwards: Arc<Forwards>,
    ) -> (Self, impl Future<Output = ()>) {
        let (entering, entries) = mpsc::channel(WAITING);
        (Self { entering }, Worker { store, rules, forwards }.run(entries))
    }

    pub(super) async fn submit(
        &self,
        new: NewDelivery,
        settled: Option<ClientResponse>,
    ) -> Result<Accepted, KeepError> {
        let (reply, passed) = oneshot::channel();
        let entry = Submission { new, preset_response: settled, reply };
        self.entering.send(entry).await.map_err(|_| KeepError::Stopped)?;
        passed.await.unwrap_or(Err(KeepError::Stopped))
    }
}

struct Worker {
    store: Store,
    rules: Rulebook,
    forwards: Arc<Forwards>,
}

impl Worker {
    async fn run(self, mut entries: mpsc::Receiver<Submission>) {
        let mut keeping = FuturesOrdered::new();
        let mut open = true;
        while open || !keeping.is_empty() {
            tokio::select! {
                // Those that were handed in are asked first, so that each is in the store's queue
                // before the next one.
                biased;
                Some((reply, passed)) = keeping.next(), if !keeping.is_empty() => {
                    let reply: Reply = reply;
                    // The listener has given up on it if nobody takes this.
                    let _ = reply.send(self.decide(passed).await);
                }
                entry = entries.recv(), if open && keeping.len() < WAITING => match entry {
                    Some(entry) => keeping.push_back(self.keep(entry)),
                    None => open = false,
                }
            }
        }
    }

    /// Keeps a delivery. What rules and targets need of it is put aside only where there are any.
    async fn keep(&self, entry: Submission) -> (Reply, Stored) {
        let Submission { new, preset_response: settled, reply } = entry;
        let awaited =
            settled.is_none() && !(self.rules.rules().is_empty() && self.forwards.is_empty());
        let delivery = awaited.then(|| new.clone());
        let kept = self.store.keep(new).await.map(|kept| {
            let delivery = delivery.map(|new| {
                let mut delivery = new.into_delivery(kept.id, kept.duplicate_of);
                delivery.summary.flags.differs = kept.differs;
                delivery
            });
            (kept.id, settled, delivery)
        });
        (reply, kept)
    }

    async fn decide(&self, kept: Stored) -> Result<Accepted, KeepError> {
        let (id, settled, delivery) = kept?;
        let course = match (settled, delivery) {
            (Some(answer), _) => Disposition::Answer(answer),
            (None, Some(delivery)) => self.course(delivery).await,
            (None, None) => Disposition::Answer(default_response(id)),
        };
        Ok(Accepted { id, course })
    }

    async fn course(&self, delivery: Delivery) -> Disposition {
        let now = now();
        if let Some(step) = self.rules.decide(&delivery, now) {
            return Disposition::Respond(Box::new((step, delivery)));
        }
        let id = delivery.summary.id;
        let ticket = self.forwards.begin(&delivery, now).await;
        ticket.map_or_else(|| Disposition::Answer(default_response(id)), Disposition::Forward)
    }
}

type Stored = Result<(DeliveryId, Option<ClientResponse>, Option<Delivery>), KeepError>;

/// What is answered where nobody says otherwise.
pub(super) fn default_response(id: DeliveryId) -> ClientResponse {
    ClientResponse::plain_text(200, format!("kept as delivery {id}\n"))
}

#[expect(clippy::disallowed_methods, reason = "since: and until: are told from now")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
