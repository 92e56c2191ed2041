//! Sends deliveries to one target in the order in which they came.
//!
//! **Order.** A delivery is begun once the request of the one before it has gone out whole, or has
//! failed, each on a connection of its own. So a target gets connections and requests in the order
//! of arrival, and may deal with several at a time; with `at_once: 1` each waits for the *answer*
//! of the one before it.
//!
//! **Bounds.** So many wait, so many are under way, and what waits has so many bytes. What comes on
//! top fails at once and says so; nobody who sends waits for a place. Nothing is shared with other
//! targets.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::health::TargetCondition;
use super::{Client, Health, Request, SendError, SendOutcome, Target};
use crate::delivery::Timing;
use crate::task;

/// Bytes of the bodies that wait or are under way, counted in [`UNIT`]s.
const BYTES: usize = 64 << 20;
const UNIT: usize = 1 << 10;

/// How long to go on once the program is stopping.
const GRACE: Duration = Duration::from_secs(2);

/// How many deliveries a target is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Deliveries that may wait for their turn.
    pub waiting: usize,
    /// Deliveries that may be under way at a time.
    pub at_once: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { waiting: 256, at_once: 16 }
    }
}

/// The way to a target. Clones share one queue.
#[derive(Debug, Clone)]
pub struct Forwarder {
    target: Target,
    queue: mpsc::Sender<Job>,
    room: Arc<Semaphore>,
    health: watch::Sender<Health>,
}

#[derive(Debug)]
struct Job {
    request: Request,
    reply: oneshot::Sender<SendOutcome>,
    _room: OwnedSemaphorePermit,
}

/// A delivery's place in the queue of a target.
#[derive(Debug)]
pub struct Ticket {
    target: Target,
    sent: Result<oneshot::Receiver<SendOutcome>, SendError>,
}

impl Ticket {
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Waits for the answer.
    pub async fn sent(self) -> SendOutcome {
        let stopped = || SendError::Stopped { target: self.target.to_string() };
        match self.sent {
            Ok(reply) => reply.await.unwrap_or_else(|_| untried(stopped())),
            Err(error) => untried(error),
        }
    }
}

/// A sending that did not come to pass.
fn untried(error: SendError) -> SendOutcome {
    #[expect(clippy::disallowed_methods, reason = "an attempt says when it was")]
    let started_at = Timestamp::now();
    SendOutcome { started_at, took: Duration::ZERO, timing: Timing::default(), outcome: Err(error) }
}

impl Forwarder {
    /// A forwarder, and the work it does; that ends when every clone is gone and all is sent, or
    /// a moment after `stop`.
    pub fn new(
        client: Client,
        target: Target,
        pace: QueueLimits,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()>) {
        let (queue, orders) = mpsc::channel(pace.waiting.max(1));
        let (health, _) = watch::channel(Health::default());
        let work =
            QueueWorker { client, target: target.clone(), pace, health: health.clone(), stop };
        let room = Arc::new(Semaphore::new(BYTES / UNIT));
        (Self { target, queue, room, health }, work.run(orders))
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How the target is doing, from now on.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Takes a place in the queue, or says that there is none. Waits for nothing.
    pub fn begin(&self, request: Request) -> Ticket {
        let sent = self.enqueue(request);
        let waiting = self.waiting();
        self.health.send_modify(|health| health.waiting = waiting);
        Ticket { target: self.target.clone(), sent }
    }

    /// Sends a request when its turn has come, and waits for the answer.
    pub async fn forward(&self, request: Request) -> SendOutcome {
        self.begin(request).sent().await
    }

    fn enqueue(&self, request: Request) -> Result<oneshot::Receiver<SendOutcome>, SendError> {
        let target = || self.target.to_string();
        let overrun = || SendError::Overrun { target: target(), waiting: self.waiting() };
        // One that is larger than all the room has it for itself.
        let units = request.body.len().div_ceil(UNIT).min(BYTES / UNIT);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(units).map_err(|_| overrun())?;
        let (reply, sent) = oneshot::channel();
        let order = Job { request, reply, _room: room };
        self.queue.try_send(order).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => overrun(),
            mpsc::error::TrySendError::Closed(_) => SendError::Stopped { target: target() },
        })?;
        Ok(sent)
    }

    fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

struct QueueWorker {
    client: Client,
    target: Target,
    pace: QueueLimits,
    health: watch::Sender<Health>,
    stop: CancellationToken,
}

impl QueueWorker {
    async fn run(self, mut orders: mpsc::Receiver<Job>) {
        let this = Arc::new(self);
        let mut under_way = JoinSet::new();
        tokio::select! {
            () = this.serve(&mut orders, &mut under_way) => {}
            () = this.patience() => under_way.shutdown().await,
        }
        // Those that were not answered see that nobody is there any longer.
        drop(orders);
    }

    /// Ends a moment after the program was told to stop.
    async fn patience(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    }

    async fn serve(
        self: &Arc<Self>,
        orders: &mut mpsc::Receiver<Job>,
        under_way: &mut JoinSet<()>,
    ) {
        loop {
            let order = tokio::select! {
                biased;
                Some(done) = under_way.join_next() => {
                    task::join_or_panic(done);
                    self.report(orders.len(), under_way.len());
                    continue;
                }
                order = orders.recv(), if under_way.len() < self.pace.at_once.max(1) => order,
            };
            let Some(order) = order else { break };
            let (departing, departed) = oneshot::channel();
            under_way.spawn(Arc::clone(self).carry_out(order, departing));
            self.report(orders.len(), under_way.len());
            // An error says that it failed before it had gone out: the next one may try.
            let _ = departed.await;
        }
        while let Some(done) = under_way.join_next().await {
            task::join_or_panic(done);
        }
    }

    async fn carry_out(self: Arc<Self>, order: Job, departing: oneshot::Sender<()>) {
        let sent = self.client.send_telling(&self.target, &order.request, Some(departing)).await;
        let condition = match &sent.outcome {
            Ok(_) => TargetCondition::Up,
            Err(error) => TargetCondition::Down(error.to_string()),
        };
        self.health.send_if_modified(|health| {
            let changed = health.condition != condition;
            health.condition = condition;
            changed
        });
        // Whoever asked has gone only if the program is ending.
        let _ = order.reply.send(sent);
    }

    fn report(&self, waiting: usize, under_way: usize) {
        self.health.send_if_modified(|health| {
            let before = (health.waiting, health.under_way);
            (health.waiting, health.under_way) = (waiting, under_way);
            before != (waiting, under_way)
        });
    }
}
