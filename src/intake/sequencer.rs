//! Gives deliveries that rules or targets may handle to the store one after the other, which numbers
//! them. Rules and target queues then see them in the order of these numbers.
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
use crate::store::{KeepError, Store, Stored};

/// Deliveries that may wait for the sequencer, and likewise for the store.
const QUEUE: usize = 1024;

/// Handle to the sequencer's task.
#[derive(Debug, Clone)]
pub struct Sequencer {
    queue: mpsc::Sender<(NewDelivery, Reply)>,
}

type Reply = oneshot::Sender<Result<Accepted, KeepError>>;

/// A delivery that is on disk.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) delivery: Arc<Delivery>,
    pub(super) disposition: Disposition,
}

/// Producer of the response to a stored delivery.
#[derive(Debug)]
pub(super) enum Disposition {
    Answer(ClientResponse),
    /// A rule matched.
    Respond(ScriptStep),
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

    pub(super) async fn submit(&self, new: NewDelivery) -> Result<Accepted, KeepError> {
        let (reply, accepted) = oneshot::channel();
        self.queue.send((new, reply)).await.map_err(|_| KeepError::Stopped)?;
        accepted.await.unwrap_or(Err(KeepError::Stopped))
    }
}

struct Worker {
    store: Store,
    rules: Rulebook,
    forwards: Arc<Forwards>,
}

impl Worker {
    async fn run(self, mut submissions: mpsc::Receiver<(NewDelivery, Reply)>) {
        let mut storing = FuturesOrdered::new();
        let mut open = true;
        while open || !storing.is_empty() {
            tokio::select! {
                // Poll the submitted ones first, so that each is in the store's queue before the
                // next one.
                biased;
                Some((reply, stored)) = storing.next(), if !storing.is_empty() => {
                    let accepted = match stored {
                        Ok(stored) => Ok(self.decide(stored).await),
                        Err(error) => Err(error),
                    };
                    let reply: Reply = reply;
                    // Fails only if the listener no longer waits for it.
                    let _ = reply.send(accepted);
                }
                submission = submissions.recv(), if open && storing.len() < QUEUE => match submission {
                    Some((new, reply)) => {
                        storing.push_back(async { (reply, self.store.keep(new).await) });
                    }
                    None => open = false,
                }
            }
        }
    }

    async fn decide(&self, stored: Stored) -> Accepted {
        let Stored { delivery, id, .. } = stored;
        let now = now();
        let disposition = match self.rules.decide(&delivery, now) {
            Some(step) => Disposition::Respond(step),
            None => match self.forwards.begin(&delivery, now).await {
                Some(ticket) => Disposition::Forward(ticket),
                None => Disposition::Answer(default_response(id)),
            },
        };
        Accepted { delivery, disposition }
    }
}

/// The response if no rule or target produces one.
pub(super) fn default_response(id: DeliveryId) -> ClientResponse {
    ClientResponse::plain_text(200, format!("kept as delivery {id}\n"))
}

#[expect(clippy::disallowed_methods, reason = "since: and until: count from now")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
