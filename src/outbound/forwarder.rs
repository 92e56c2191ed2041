//! Sends deliveries to one target in the order received.
//!
//! **Order.** A delivery is started once the request of the previous one was written completely, or
//! failed, each on its own connection. So a target gets connections and requests in order, and may
//! process several at a time; with `at_once: 1` each waits for the *response* to the previous one.
//!
//! **Retries.** With a retry policy, a delivery that finds the target down waits in a backlog,
//! which is sent in order, one at a time, once the target is back. Meanwhile new deliveries join
//! the backlog without being sent, so that they stay in order.
//!
//! **Late responses.** After the time limit a delivery counts as failed and makes room for the next
//! one. Unless it is sent again, its connection stays open for a while, and a response is reported
//! as a second outcome.
//!
//! **Bounds.** The number of waiting deliveries, of those in flight, and their total size are
//! limited. A delivery beyond a limit fails at once with an error; senders never wait. Targets
//! share nothing.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::client::SendSignals;
use super::health::TargetCondition;
use super::hop;
use super::retry::{Backlog, was_down};
use super::{Client, Health, Request, ResponseTimeout, Retry, SendError, SendOutcome, Target};
use crate::delivery::{AttemptKind, Timing};
use crate::task;

/// Total body size of waiting and in-flight deliveries, counted in [`UNIT`]s.
const MAX_BYTES: usize = 64 << 20;
const UNIT: usize = 1 << 10;

/// Time to continue at shutdown.
const GRACE: Duration = Duration::from_secs(2);

/// Time to wait for a late response, and number of requests that wait for one.
const LATE_TIME: Duration = Duration::from_mins(10);
const MAX_LATE: usize = 16;

/// Body size of a request that may wait for a late response, for which nothing is reserved.
const MAX_LATE_BODY: usize = 1 << 20;

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
    outcomes: mpsc::Sender<TicketOutcome>,
    /// Kind of its next outcome.
    kind: AttemptKind,
    /// Number of times that it was sent.
    sent: u32,
    _permit: OwnedSemaphorePermit,
}

/// Outcome of one attempt, and its kind.
type TicketOutcome = (AttemptKind, SendOutcome);

/// Receipt for a delivery in the queue of a target.
#[derive(Debug)]
pub struct Ticket {
    target: Target,
    /// Outcomes, or the reason why there are none.
    outcomes: Result<mpsc::Receiver<TicketOutcome>, Option<SendError>>,
    /// No outcome was taken yet.
    is_first: bool,
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

    /// Waits for the outcome of the first attempt, then for that of each retry or for a late
    /// response; none after the last.
    pub async fn next(&mut self) -> Option<(AttemptKind, SendOutcome)> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        let forward = |error| (AttemptKind::Forward, not_sent(error));
        let sent = match &mut self.outcomes {
            Ok(outcomes) => outcomes.recv().await,
            Err(error) => error.take().map(forward),
        };
        let stopped = || forward(SendError::Stopped { target: self.target.to_string() });
        sent.or_else(|| is_first.then(stopped))
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

    /// Like [`Self::new`], with retries.
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
        Ticket { target: self.target.clone(), outcomes, is_first: true }
    }

    fn enqueue(&self, request: Request) -> Result<mpsc::Receiver<TicketOutcome>, SendError> {
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
        let job = Job { request, outcomes, kind: AttemptKind::Forward, sent: 0, _permit: capacity };
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

/// A request in progress, with everything that it needs.
type Sending = Pin<Box<dyn Future<Output = SendOutcome> + Send>>;

/// End of an attempt, as the queue sees it.
enum AttemptEnd {
    Done,
    /// The delivery has to be sent again.
    Again(Numbered),
    /// The response may still come.
    Late(Sending, mpsc::Sender<TicketOutcome>),
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

    async fn serve(
        self: &Arc<Self>,
        jobs: &mut mpsc::Receiver<Job>,
        in_flight: &mut JoinSet<AttemptEnd>,
    ) {
        let mut late = JoinSet::new();
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
                    match task::join_or_panic(done) {
                        Some(AttemptEnd::Again((number, job))) => {
                            backlog.add(number, job);
                            backlog.pause(now());
                        }
                        Some(AttemptEnd::Late(sending, outcomes)) => {
                            backlog.resume();
                            if late.len() < MAX_LATE {
                                late.spawn(Arc::clone(self).await_late(sending, outcomes));
                            }
                        }
                        Some(AttemptEnd::Done) | None => backlog.resume(),
                    }
                }
                Some(done) = late.join_next() => drop(task::join_or_panic(done)),
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
    fn postpone(&self, (number, mut job): Numbered, backlog: &mut Backlog<Job>) {
        let (target, waiting) = (self.target.to_string(), backlog.len());
        let forward = |error| (AttemptKind::Forward, not_sent(error));
        if waiting < self.limits.waiting.max(1) {
            // The channel is empty, or nobody reads it.
            let _ = job.outcomes.try_send(forward(SendError::Waiting { target, waiting }));
            job.kind = AttemptKind::Retry;
            backlog.add(number, job);
        } else {
            let _ = job.outcomes.try_send(forward(SendError::Overrun { target, waiting }));
        }
    }

    /// Sends a delivery once.
    async fn carry_out(
        self: Arc<Self>,
        (number, mut job): Numbered,
        flush_signal: oneshot::Sender<()>,
    ) -> AttemptEnd {
        let (sent, sending) = self.send(&job.request, flush_signal).await;
        let kind = std::mem::replace(&mut job.kind, AttemptKind::Retry);
        job.sent += 1;
        let again = self.retry.allows(job.sent) && was_down(&sent);
        self.report_condition(&sent);
        // Fails only if the program is ending, or if nobody records retries.
        let _ = job.outcomes.send((kind, sent)).await;
        match sending {
            _ if again => AttemptEnd::Again((number, job)),
            Some(sending) if job.request.body.len() <= MAX_LATE_BODY => {
                AttemptEnd::Late(sending, job.outcomes)
            }
            Some(_) | None => AttemptEnd::Done,
        }
    }

    /// Sends a request, and returns its outcome; after the time limit also the request in progress.
    #[expect(clippy::disallowed_methods, reason = "an attempt records its time")]
    async fn send(
        &self,
        request: &Request,
        flush_signal: oneshot::Sender<()>,
    ) -> (SendOutcome, Option<Sending>) {
        let (started_at, start) = (Timestamp::now(), now());
        let ResponseTimeout(limit) = self.client.response_timeout();
        let extended = ResponseTimeout(limit.map(|limit| limit.saturating_add(LATE_TIME)));
        let client = self.client.clone().with_response_timeout(extended);
        let (connect_signal, connected) = oneshot::channel();
        let signals = SendSignals { connected: Some(connect_signal), flushed: Some(flush_signal) };
        let (target, request) = (self.target.clone(), request.clone());
        let mut sending: Sending =
            Box::pin(async move { client.send_with_signals(&target, &request, signals).await });
        let mut timing = Timing::default();
        let over = async {
            // Without a connection, the request fails by itself.
            if let (Ok(()), Some(limit)) = (connected.await, limit) {
                timing.connected = Some(start.elapsed());
                tokio::time::sleep(limit).await;
                limit
            } else {
                std::future::pending().await
            }
        };
        let after = tokio::select! {
            biased;
            sent = &mut sending => return (sent, None),
            after = over => after,
        };
        let outcome = Err(SendError::AnswerTimeout { target: self.target.to_string(), after });
        (SendOutcome { started_at, took: start.elapsed(), timing, outcome }, Some(sending))
    }

    /// Reports a response that comes after the time limit.
    async fn await_late(self: Arc<Self>, sending: Sending, outcomes: mpsc::Sender<TicketOutcome>) {
        let sent = sending.await;
        if sent.outcome.is_ok() {
            self.report_condition(&sent);
            let _ = outcomes.send((AttemptKind::Late, sent)).await;
        }
    }

    fn report_condition(&self, sent: &SendOutcome) {
        let condition = match &sent.outcome {
            Ok(_) => TargetCondition::Up,
            Err(error) => TargetCondition::Down(error.to_string()),
        };
        self.health.send_if_modified(|health| {
            let changed = health.condition != condition;
            health.condition = condition;
            changed
        });
    }

    fn report_load(&self, waiting: usize, in_flight: usize) {
        self.health.send_if_modified(|health| {
            let before = (health.waiting, health.in_flight);
            (health.waiting, health.in_flight) = (waiting, in_flight);
            before != (waiting, in_flight)
        });
    }
}
