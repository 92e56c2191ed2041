//! Gives deliveries to the store one after the other, which numbers them. Rules and target queues
//! then see them in the order of these numbers.
//!
//! The sequencer waits for the store alone, and for a slot in the queue of background attempts.

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

/// Deliveries that may wait for the sequencer, and likewise for the store.
const QUEUE: usize = 1024;

/// Handle to the sequencer's task.
#[derive(Debug, Clone)]
pub struct Sequencer {
    queue: mpsc::Sender<Submission>,
}

#[derive(Debug)]
struct Submission {
    new: NewDelivery,
    /// The response, if rules and targets are not consulted.
    preset_response: Option<ClientResponse>,
    reply: Reply,
}

type Reply = oneshot::Sender<Result<Accepted, KeepError>>;

/// A delivery that is on disk.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) id: DeliveryId,
    pub(super) disposition: Disposition,
}

/// Producer of the response to a stored delivery.
#[derive(Debug)]
pub(super) enum Disposition {
    Answer(ClientResponse),
    /// A rule matched.
    Respond(Box<(ScriptStep, Delivery)>),
    /// It is in the queue of the target that produces the response.
    Forward(Ticket),
}

impl Disposition {
    /// What decides the response, for the log.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Answer(_) => "default",
            Self::Respond(_) => "rule",
            Self::Forward(_) => "target",
        }
    }
}

impl Sequencer {
    /// Returns a sequencer and its work, which runs until every clone is dropped.
    pub fn new(
        store: Store,
        rules: Rulebook,
        forwards: Arc<Forwards>,
    ) -> (Self, impl Future<Output = ()>) {
        let (queue, submissions) = mpsc::channel(QUEUE);
        (Self { queue }, Worker { store, rules, forwards }.run(submissions))
    }

    pub(super) async fn submit(
        &self,
        new: NewDelivery,
        preset_response: Option<ClientResponse>,
    ) -> Result<Accepted, KeepError> {
        let (reply, accepted) = oneshot::channel();
        let submission = Submission { new, preset_response, reply };
        self.queue.send(submission).await.map_err(|_| KeepError::Stopped)?;
        accepted.await.unwrap_or(Err(KeepError::Stopped))
    }
}

struct Worker {
    store: Store,
    rules: Rulebook,
    forwards: Arc<Forwards>,
}

impl Worker {
    async fn run(self, mut submissions: mpsc::Receiver<Submission>) {
        let mut storing = FuturesOrdered::new();
        let mut open = true;
        while open || !storing.is_empty() {
            tokio::select! {
                // Poll the submitted ones first, so that each is in the store's queue before the
                // next one.
                biased;
                Some((reply, stored)) = storing.next(), if !storing.is_empty() => {
                    let reply: Reply = reply;
                    // Fails only if the listener no longer waits for it.
                    let _ = reply.send(self.decide(stored).await);
                }
                submission = submissions.recv(), if open && storing.len() < QUEUE => match submission {
                    Some(submission) => storing.push_back(self.store(submission)),
                    None => open = false,
                }
            }
        }
    }

    /// Stores a delivery. The copy for rules and targets is made only if there are any.
    async fn store(&self, submission: Submission) -> (Reply, Stored) {
        let Submission { new, preset_response, reply } = submission;
        let consulted = preset_response.is_none()
            && !(self.rules.rules().is_empty() && self.forwards.is_empty());
        let delivery = consulted.then(|| new.clone());
        let stored = self.store.keep(new).await.map(|stored| {
            let delivery = delivery.map(|new| {
                let mut delivery = new.into_delivery(stored.id, stored.duplicate_of);
                delivery.summary.flags.differs = stored.differs;
                delivery
            });
            (stored.id, preset_response, delivery)
        });
        (reply, stored)
    }

    async fn decide(&self, stored: Stored) -> Result<Accepted, KeepError> {
        let (id, preset_response, delivery) = stored?;
        let disposition = match (preset_response, delivery) {
            (Some(answer), _) => Disposition::Answer(answer),
            (None, Some(delivery)) => self.disposition(delivery).await,
            (None, None) => Disposition::Answer(default_response(id)),
        };
        Ok(Accepted { id, disposition })
    }

    async fn disposition(&self, delivery: Delivery) -> Disposition {
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

/// The response if no rule or target produces one.
pub(super) fn default_response(id: DeliveryId) -> ClientResponse {
    ClientResponse::plain_text(200, format!("kept as delivery {id}\n"))
}

#[expect(clippy::disallowed_methods, reason = "since: and until: count from now")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
