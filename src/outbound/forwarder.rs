//! Sends deliveries to one target in the order received.
//!
//! **Order.** A delivery is started once the request of the previous one was written completely, or
//! failed, each on its own connection. So a target gets connections and requests in order, and may
//! process several at a time; with `at_once: 1` each waits for the *response* to the previous one.
//!
//! **Bounds.** The number of waiting deliveries, of those in flight, and their total size are
//! limited. A delivery beyond a limit fails at once with an error; senders never wait. Targets
//! share nothing.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::health::TargetCondition;
use super::hop;
use super::{Client, Health, Request, SendError, SendOutcome, Target};
use crate::delivery::Timing;
use crate::task;

/// Total body size of waiting and in-flight deliveries, counted in [`UNIT`]s.
const MAX_BYTES: usize = 64 << 20;
const UNIT: usize = 1 << 10;

/// Time to continue at shutdown.
const GRACE: Duration = Duration::from_secs(2);

/// Limits of a target's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Deliveries that may wait.
    pub waiting: usize,
    /// Deliveries that may be in flight at a time.
    pub at_once: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { waiting: 256, at_once: 16 }
    }
}

/// Handle to a target's queue. Clones share one queue.
#[derive(Debug, Clone)]
pub struct Forwarder {
    target: Target,
    queue: mpsc::Sender<Job>,
    capacity: Arc<Semaphore>,
    health: watch::Sender<Health>,
}

#[derive(Debug)]
struct Job {
    request: Request,
    reply: oneshot::Sender<SendOutcome>,
    _permit: OwnedSemaphorePermit,
}

/// Receipt for a delivery in the queue of a target.
#[derive(Debug)]
pub struct Ticket {
    target: Target,
    sent: Result<oneshot::Receiver<SendOutcome>, SendError>,
}

impl Ticket {
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Waits for the outcome.
    pub async fn sent(self) -> SendOutcome {
        let stopped = || SendError::Stopped { target: self.target.to_string() };
        match self.sent {
            Ok(reply) => reply.await.unwrap_or_else(|_| not_sent(stopped())),
            Err(error) => not_sent(error),
        }
    }
}

/// Outcome of a request that was never sent.
fn not_sent(error: SendError) -> SendOutcome {
    #[expect(clippy::disallowed_methods, reason = "an attempt records its time")]
    let started_at = Timestamp::now();
    SendOutcome { started_at, took: Duration::ZERO, timing: Timing::default(), outcome: Err(error) }
}

impl Forwarder {
    /// Returns a forwarder and its work, which ends when every clone is dropped and everything is
    /// sent, or a moment after `stop`.
    pub fn new(
        client: Client,
        target: Target,
        limits: QueueLimits,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()>) {
        let (queue, jobs) = mpsc::channel(limits.waiting.max(1));
        let mut target = target;
        target.options.add_headers.push(hop::header());
        let (health, _) = watch::channel(Health::default());
        let work =
            QueueWorker { client, target: target.clone(), limits, health: health.clone(), stop };
        let capacity = Arc::new(Semaphore::new(MAX_BYTES / UNIT));
        (Self { target, queue, capacity, health }, work.run(jobs))
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Watches the health of the target.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Enqueues a request without waiting; the ticket has an error if the queue is full.
    pub fn begin(&self, request: Request) -> Ticket {
        let sent = self.enqueue(request);
        let waiting = self.waiting();
        self.health.send_modify(|health| health.waiting = waiting);
        Ticket { target: self.target.clone(), sent }
    }

    /// Enqueues a request and waits for the outcome.
    pub async fn forward(&self, request: Request) -> SendOutcome {
        self.begin(request).sent().await
    }

    fn enqueue(&self, request: Request) -> Result<oneshot::Receiver<SendOutcome>, SendError> {
        let target = || self.target.to_string();
        if hop::has_passed(&request.head) {
            return Err(SendError::Loop { target: target() });
        }
        let queue_full = || SendError::Overrun { target: target(), waiting: self.waiting() };
        // A request larger than the total capacity takes all of it.
        let units = request.body.len().div_ceil(UNIT).min(MAX_BYTES / UNIT);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let capacity =
            Arc::clone(&self.capacity).try_acquire_many_owned(units).map_err(|_| queue_full())?;
        let (reply, sent) = oneshot::channel();
        let job = Job { request, reply, _permit: capacity };
        self.queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => queue_full(),
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
    limits: QueueLimits,
    health: watch::Sender<Health>,
    stop: CancellationToken,
}

impl QueueWorker {
    async fn run(self, mut jobs: mpsc::Receiver<Job>) {
        let worker = Arc::new(self);
        let mut in_flight = JoinSet::new();
        tokio::select! {
            () = worker.serve(&mut jobs, &mut in_flight) => {}
            () = worker.grace_period_over() => in_flight.shutdown().await,
        }
        // Dropping the rest ends their tickets with an error.
        drop(jobs);
    }

    /// Returns a moment after shutdown began.
    async fn grace_period_over(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    }

    async fn serve(self: &Arc<Self>, jobs: &mut mpsc::Receiver<Job>, in_flight: &mut JoinSet<()>) {
        loop {
            let job = tokio::select! {
                biased;
                Some(done) = in_flight.join_next() => {
                    task::join_or_panic(done);
                    self.report_load(jobs.len(), in_flight.len());
                    continue;
                }
                job = jobs.recv(), if in_flight.len() < self.limits.at_once.max(1) => job,
            };
            let Some(job) = job else { break };
            let (flush_signal, flushed) = oneshot::channel();
            in_flight.spawn(Arc::clone(self).carry_out(job, flush_signal));
            self.report_load(jobs.len(), in_flight.len());
            // An error means that the request failed before it was written: start the next one.
            let _ = flushed.await;
        }
        while let Some(done) = in_flight.join_next().await {
            task::join_or_panic(done);
        }
    }

    async fn carry_out(self: Arc<Self>, job: Job, flush_signal: oneshot::Sender<()>) {
        let sent =
            self.client.send_with_signal(&self.target, &job.request, Some(flush_signal)).await;
        let condition = match &sent.outcome {
            Ok(_) => TargetCondition::Up,
            Err(error) => TargetCondition::Down(error.to_string()),
        };
        self.health.send_if_modified(|health| {
            let changed = health.condition != condition;
            health.condition = condition;
            changed
        });
        // Fails only if the program is ending.
        let _ = job.reply.send(sent);
    }

    fn report_load(&self, waiting: usize, in_flight: usize) {
        self.health.send_if_modified(|health| {
            let before = (health.waiting, health.in_flight);
            (health.waiting, health.in_flight) = (waiting, in_flight);
            before != (waiting, in_flight)
        });
    }
}
