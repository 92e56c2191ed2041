//! Gives deliveries that rules or targets may handle to the store one after the other, which
//! numbers them. Rules and target queues then see them in the order of these numbers.
//!
//! The sequencer waits for the store alone, and for a slot in the queue of background attempts.

use std::future::Future;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use tokio::sync::{mpsc, oneshot};

use super::judge::Judged;
use super::{Accepted, Forwards, decide};
use crate::delivery::NewDelivery;
use crate::respond::Rulebook;
use crate::store::{KeepError, Store, Stored};

/// Deliveries that may wait for the sequencer, and likewise for the store.
const QUEUE: usize = 1024;

/// Handle to the sequencer's task.
#[derive(Debug, Clone)]
pub struct Sequencer {
    queue: mpsc::Sender<(NewDelivery, Judged, Reply)>,
}

type Reply = oneshot::Sender<Result<Accepted, KeepError>>;

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

    /// Stores a delivery, and decides who responds once those before it are decided.
    pub(super) async fn submit(
        &self,
        new: NewDelivery,
        judged: Judged,
    ) -> Result<Accepted, KeepError> {
        let (reply, accepted) = oneshot::channel();
        self.queue.send((new, judged, reply)).await.map_err(|_| KeepError::Stopped)?;
        accepted.await.unwrap_or(Err(KeepError::Stopped))
    }
}

struct Worker {
    store: Store,
    rules: Rulebook,
    forwards: Arc<Forwards>,
}

impl Worker {
    async fn run(self, mut submissions: mpsc::Receiver<(NewDelivery, Judged, Reply)>) {
        let mut storing = FuturesOrdered::new();
        let mut open = true;
        while open || !storing.is_empty() {
            tokio::select! {
                // Poll the submitted ones first, so that each is in the store's queue before the
                // next one.
                biased;
                Some((judged, reply, stored)) = storing.next(), if !storing.is_empty() => {
                    let accepted = match stored {
                        Ok(Stored { delivery, .. }) => {
                            Ok(decide(delivery, &judged, &self.rules, &self.forwards).await)
                        }
                        Err(error) => Err(error),
                    };
                    let reply: Reply = reply;
                    // Fails only if the listener no longer waits for it.
                    let _ = reply.send(accepted);
                }
                submission = submissions.recv(), if open && storing.len() < QUEUE => match submission {
                    Some((new, judged, reply)) => {
                        storing.push_back(async { (judged, reply, self.store.keep(new).await) });
                    }
                    None => open = false,
                }
            }
        }
    }
}
