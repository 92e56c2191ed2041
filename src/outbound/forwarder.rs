//! Sends deliveries to one target in the order received.
//!
//! **Order.** A delivery is started once the request of the previous one was written completely, or
//! failed, each on its own connection. So a target gets connections and requests in order, and may
//! process several at a time; with `at_once: 1` each waits for the *response* to the previous one.
//!
//! **Retries.** With a retry policy, a delivery that finds the target down waits in a backlog, which is
//! sent in order, one at a time, once the target is back. Meanwhile new deliveries join the backlog
//! without being sent, so that they stay in order.
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
use super::retry::{Backlog, was_down};
use super::{Client, Health, Request, Retry, SendError, SendOutcome, Target};
use crate::delivery::{AttemptKind, Timing};
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
    outcomes: mpsc::Sender<SendOutcome>,
    /// Number of times that it was sent.
    sent: u32,
    _permit: OwnedSemaphorePermit,
}

/// Receipt for a delivery in the queue of a target.
#[derive(Debug)]
pub struct Ticket {
    target: Target,
    /// Outcomes, or the reason why there are none.
    outcomes: Result<mpsc::Receiver<SendOutcome>, Option<SendError>>,
    kind: AttemptKind,
}

impl Ticket {
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Waits for the outcome of the first attempt.
    pub async fn sent(mut self) -> SendOutcome {
        let target = self.target.to_string();
        match self.next().await {
            Some((_, sent)) => sent,
            None => not_sent(SendError::Stopped { target }),
        }
    }

    /// Waits for the outcome of the first attempt, then for that of each retry; none after the last.
    pub async fn next(&mut self) -> Option<(AttemptKind, SendOutcome)> {
        let kind = std::mem::replace(&mut self.kind, AttemptKind::Retry);
        let sent = match &mut self.outcomes {
            Ok(outcomes) => outcomes.recv().await,
            Err(error) => error.take().map(not_sent),
        };
        let is_first = kind == AttemptKind::Forward;
        let stopped = || not_sent(SendError::Stopped { target: self.target.to_string() });
        sent.or_else(|| is_first.then(stopped)).map(|sent| (kind, sent))
    }
}

fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
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
        Self::with_retry(client, target, limits, Retry::Off, stop)
    }

    /// As [`Self::new`], with retries.
    pub fn with_retry(
        client: Client,
        target: Target,
        limits: QueueLimits,
        retry: Retry,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()>) {
        let (queue, jobs) = mpsc::channel(limits.waiting.max(1));
        let mut target = target;
        target.options.add_headers.push(hop::header());
        let (health, _) = watch::channel(Health::default());
        let work = QueueWorker {
            client,
            target: target.clone(),
            limits,
            retry,
            health: health.clone(),
            stop,
        };
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
        let outcomes = self.enqueue(request).map_err(Some);
        let waiting = self.waiting();
        self.health.send_modify(|health| health.waiting = health.waiting.max(waiting));
        Ticket { target: self.target.clone(), outcomes, kind: AttemptKind::Forward }
    }

    fn enqueue(&self, request: Request) -> Result<mpsc::Receiver<SendOutcome>, SendError> {
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
        let (outcomes, received) = mpsc::channel(1);
        let job = Job { request, outcomes, sent: 0, _permit: capacity };
        self.queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => queue_full(),
            mpsc::error::TrySendError::Closed(_) => SendError::Stopped { target: target() },
        })?;
        Ok(received)
    }

    fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

struct QueueWorker {
    client: Client,
    target: Target,
    limits: QueueLimits,
    retry: Retry,
    health: watch::Sender<Health>,
    stop: CancellationToken,
}

/// A delivery with its number in the order received.
type Numbered = (u64, Job);

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

    async fn serve(
        self: &Arc<Self>,
        jobs: &mut mpsc::Receiver<Job>,
        in_flight: &mut JoinSet<Option<Numbered>>,
    ) {
        let mut backlog = Backlog::default();
        let mut number = 0;
        let mut is_retrying = false;
        loop {
            let is_idle = in_flight.is_empty();
            let (flush_signal, flushed) = oneshot::channel();
            tokio::select! {
                biased;
                Some(done) = in_flight.join_next() => {
                    is_retrying = false;
                    match task::join_or_panic(done).flatten() {
                        Some((number, job)) => {
                            backlog.add(number, job);
                            backlog.pause(now());
                        }
                        None => backlog.resume(),
                    }
                }
                () = backlog.due(), if is_idle && !backlog.is_empty() => {
                    if let Some(job) = backlog.take_first() {
                        is_retrying = true;
                        in_flight.spawn(Arc::clone(self).carry_out(job, flush_signal));
                    }
                }
                job = jobs.recv(), if in_flight.len() < self.limits.at_once.max(1) => {
                    let Some(job) = job else { break };
                    number += 1;
                    if is_retrying || !backlog.is_empty() {
                        self.postpone((number, job), &mut backlog);
                    } else {
                        in_flight.spawn(Arc::clone(self).carry_out((number, job), flush_signal));
                        self.report_load(jobs.len(), in_flight.len());
                        // An error means that the request failed before it was written: start the
                        // next one.
                        let _ = flushed.await;
                    }
                }
            }
            self.report_load(jobs.len() + backlog.len(), in_flight.len());
        }
        while let Some(done) = in_flight.join_next().await {
            task::join_or_panic(done);
        }
    }

    /// Adds a delivery to the backlog without sending it, if there is room.
    fn postpone(&self, (number, job): Numbered, backlog: &mut Backlog<Job>) {
        let (target, waiting) = (self.target.to_string(), backlog.len());
        if waiting < self.limits.waiting.max(1) {
            // The channel is empty, or nobody reads it.
            let _ = job.outcomes.try_send(not_sent(SendError::Waiting { target, waiting }));
            backlog.add(number, job);
        } else {
            let _ = job.outcomes.try_send(not_sent(SendError::Overrun { target, waiting }));
        }
    }

    /// Sends a delivery, and returns it if it has to be sent again.
    async fn carry_out(
        self: Arc<Self>,
        (number, mut job): Numbered,
        flush_signal: oneshot::Sender<()>,
    ) -> Option<Numbered> {
        let sent =
            self.client.send_with_signal(&self.target, &job.request, Some(flush_signal)).await;
        job.sent += 1;
        let again = self.retry.allows(job.sent) && was_down(&sent);
        let condition = match &sent.outcome {
            Ok(_) => TargetCondition::Up,
            Err(error) => TargetCondition::Down(error.to_string()),
        };
        self.health.send_if_modified(|health| {
            let changed = health.condition != condition;
            health.condition = condition;
            changed
        });
        // Fails only if the program is ending, or if nobody records retries.
        let _ = job.outcomes.send(sent).await;
        again.then_some((number, job))
    }

    fn report_load(&self, waiting: usize, in_flight: usize) {
        self.health.send_if_modified(|health| {
            let before = (health.waiting, health.in_flight);
            (health.waiting, health.in_flight) = (waiting, in_flight);
            before != (waiting, in_flight)
        });
    }
}
