//! Forwarding to targets. The first target that matches produces the client's response; attempts to
//! the others run in the background and are stored.

use std::collections::HashSet;
use std::future::Future;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::delivery::{Delivery, DeliveryId};
use crate::filter::{BodyResults, Filter};
use crate::outbound::{Forwarder, Health, Request, Ticket, attempt};
use crate::store::Store;
use crate::task;

/// Background attempts that may wait to be stored. When the queue is full, deliveries wait, since
/// the store does not keep up.
const BACKGROUND_QUEUE: usize = 1024;

/// A target and the filter for its deliveries.
#[derive(Debug)]
pub struct Forward {
    pub filter: Filter,
    pub forwarder: Forwarder,
}

/// Results of the targets' filters on the body of a delivery, in their order.
#[derive(Debug, Default)]
pub(super) struct JudgedTargets(Vec<BodyResults>);

/// The targets, in the order in which their filters are tried.
#[derive(Debug)]
pub struct Forwards {
    forwards: Vec<Forward>,
    background: mpsc::Sender<(DeliveryId, Ticket)>,
}

impl Forwards {
    /// Returns the targets and the work of storing background attempts.
    pub fn new(forwards: Vec<Forward>, store: Store) -> (Self, impl Future<Output = ()>) {
        let (background, tickets) = mpsc::channel(BACKGROUND_QUEUE);
        (Self { forwards, background }, record(store, tickets))
    }

    pub fn is_empty(&self) -> bool {
        self.forwards.is_empty()
    }

    /// Returns every target with its health from now on.
    pub fn targets(&self) -> Vec<(String, watch::Receiver<Health>)> {
        let forwarders = self.forwards.iter().map(|forward| &forward.forwarder);
        forwarders.map(|one| (one.target().to_string(), one.health())).collect()
    }

    /// Returns whether a filter reads bodies.
    pub(super) fn read_body(&self) -> bool {
        self.forwards.iter().any(|forward| forward.filter.reads_body())
    }

    /// Evaluates the filters on the body of a delivery.
    pub(super) fn judge_body(&self, delivery: &Delivery) -> JudgedTargets {
        let filters = self.forwards.iter().map(|forward| &forward.filter);
        JudgedTargets(filters.map(|filter| filter.judge_body(delivery)).collect())
    }

    /// Enqueues a delivery for every target whose filter matches, and returns the first one's
    /// ticket. A target gets it once, even if several filters name that target.
    pub(super) async fn begin(
        &self,
        delivery: &Delivery,
        judged: &JudgedTargets,
        now: Timestamp,
    ) -> Option<Ticket> {
        let none = BodyResults::default();
        let matching = self.forwards.iter().enumerate().filter(|(at, forward)| {
            forward.filter.matches_with(delivery, now, judged.0.get(*at).unwrap_or(&none))
        });
        let mut seen = HashSet::new();
        let mut first = None;
        for (_, forward) in matching {
            if !seen.insert(forward.forwarder.target().to_string()) {
                continue;
            }
            let request = Request { head: delivery.head.clone(), body: delivery.body.clone() };
            let ticket = forward.forwarder.begin(request);
            if first.is_none() {
                first = Some(ticket);
            } else {
                // Fails only if the recording task has ended, which outlives its senders.
                let _ = self.background.send((delivery.summary.id, ticket)).await;
            }
        }
        first
    }

    /// Stores the retries of a delivery whose first attempt is stored.
    pub(super) async fn follow_retries(&self, id: DeliveryId, ticket: Ticket) {
        // Fails only if the recording task has ended, which outlives its senders.
        let _ = self.background.send((id, ticket)).await;
    }
}

/// Waits for the outcomes of background attempts and stores them.
async fn record(store: Store, mut tickets: mpsc::Receiver<(DeliveryId, Ticket)>) {
    let mut recording = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(recorded) = recording.join_next() => drop(task::join_or_panic(recorded)),
            ticket = tickets.recv() => {
                let Some((id, mut ticket)) = ticket else { break };
                let store = store.clone();
                recording.spawn(async move {
                    let target = ticket.target().clone();
                    while let Some((kind, sent)) = ticket.next().await {
                        // A failure shows in the store's progress.
                        let _ = store.record_attempt(attempt(kind, id, &target, &sent)).await;
                    }
                });
            }
        }
    }
    while let Some(recorded) = recording.join_next().await {
        task::join_or_panic(recorded);
    }
}
