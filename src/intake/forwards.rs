//! Which targets a delivery is sent on to. The first one's answer is the sender's; the others run
//! beside it, and what they answered is kept.

use std::collections::HashSet;
use std::future::Future;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::delivery::{AttemptKind, Delivery, DeliveryId};
use crate::filter::Filter;
use crate::outbound::{Forwarder, Health, Request, Ticket, attempt};
use crate::store::Store;
use crate::task;

/// Answers from beside that may wait to be kept; behind them deliveries wait, since the store
/// does not keep up.
const KEEPING: usize = 1024;

/// A target, and the deliveries that are for it.
#[derive(Debug)]
pub struct Forward {
    pub filter: Filter,
    pub forwarder: Forwarder,
}

/// The targets, in the order in which they are asked.
#[derive(Debug)]
pub struct Forwards {
    forwards: Vec<Forward>,
    beside: mpsc::Sender<(DeliveryId, Ticket)>,
}

impl Forwards {
    /// The way to the targets, and the work of keeping what those beside the first answer.
    pub fn new(forwards: Vec<Forward>, store: Store) -> (Self, impl Future<Output = ()>) {
        let (beside, tickets) = mpsc::channel(KEEPING);
        (Self { forwards, beside }, keep(store, tickets))
    }

    pub fn is_empty(&self) -> bool {
        self.forwards.is_empty()
    }

    /// Every target, and how it is doing from now on.
    pub fn targets(&self) -> Vec<(String, watch::Receiver<Health>)> {
        let forwarders = self.forwards.iter().map(|forward| &forward.forwarder);
        forwarders.map(|one| (one.target().to_string(), one.health())).collect()
    }

    /// Puts a delivery into the queue of every target that it is for; the ticket is the first
    /// one's. Each target gets it once, however many filters fit.
    pub(super) async fn begin(&self, delivery: &Delivery, now: Timestamp) -> Option<Ticket> {
        let fitting = self.forwards.iter().filter(|forward| forward.filter.matches(delivery, now));
        let mut seen = HashSet::new();
        let mut first = None;
        for forward in fitting {
            if !seen.insert(forward.forwarder.target().to_string()) {
                continue;
            }
            let request = Request { head: delivery.head.clone(), body: delivery.body.clone() };
            let ticket = forward.forwarder.begin(request);
            if first.is_none() {
                first = Some(ticket);
            } else {
                // The keeper ends after everybody who could send to it.
                let _ = self.beside.send((delivery.summary.id, ticket)).await;
            }
        }
        first
    }
}

/// Waits for the answers of targets beside the first, and keeps them.
async fn keep(store: Store, mut tickets: mpsc::Receiver<(DeliveryId, Ticket)>) {
    let mut waiting = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(kept) = waiting.join_next() => drop(task::join_or_panic(kept)),
            ticket = tickets.recv() => {
                let Some((id, ticket)) = ticket else { break };
                let store = store.clone();
                waiting.spawn(async move {
                    let target = ticket.target().clone();
                    let sent = ticket.sent().await;
                    // If this is not kept, the store's trouble is shown already.
                    let _ = store.attempted(attempt(AttemptKind::Forward, id, &target, &sent)).await;
                });
            }
        }
    }
    while let Some(kept) = waiting.join_next().await {
        task::join_or_panic(kept);
    }
}
