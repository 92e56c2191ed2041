//! Sends deliveries to one target in the order in which they came, a few at a time.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::delivery::Timing;
use crate::task;

use super::{Client, Request, SendError, Sent, Target};

/// How many wait for their turn; behind them senders wait in their connections.
const WAITING: usize = 256;

/// How many are on their way to the target at a time.
const AT_ONCE: usize = 16;

type Order = (Request, oneshot::Sender<Sent>);

/// The way to a target. Clones share one queue.
#[derive(Debug, Clone)]
pub struct Forwarder {
    target: Target,
    queue: mpsc::Sender<Order>,
}

impl Forwarder {
    /// A forwarder, and the work it does; that ends when every clone is gone and all is sent.
    pub fn new(client: Client, target: Target) -> (Self, impl Future<Output = ()>) {
        let (queue, orders) = mpsc::channel(WAITING);
        let work = work(client, target.clone(), orders);
        (Self { target, queue }, work)
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Sends a request when its turn has come, and waits for the answer.
    pub async fn forward(&self, request: Request) -> Sent {
        let (reply, sent) = oneshot::channel();
        if self.queue.send((request, reply)).await.is_err() {
            return self.stopped();
        }
        sent.await.unwrap_or_else(|_| self.stopped())
    }

    fn stopped(&self) -> Sent {
        #[expect(clippy::disallowed_methods, reason = "an attempt says when it was")]
        let started_at = Timestamp::now();
        let outcome = Err(SendError::Stopped { target: self.target.to_string() });
        Sent { started_at, took: Duration::ZERO, timing: Timing::default(), outcome }
    }
}

async fn work(client: Client, target: Target, mut orders: mpsc::Receiver<Order>) {
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(done) = under_way.join_next() => {
                task::outcome(done);
            }
            order = orders.recv(), if under_way.len() < AT_ONCE => {
                let Some((request, reply)) = order else { break };
                let (client, target) = (client.clone(), target.clone());
                under_way.spawn(async move {
                    let sent = client.send(&target, &request).await;
                    // Whoever asked has gone only if the program is ending.
                    let _ = reply.send(sent);
                });
            }
        }
    }
    under_way.join_all().await;
}
