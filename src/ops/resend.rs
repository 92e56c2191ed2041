//! Resending stored deliveries: exactly as they were received or re-signed, once or many times, at
//! an interval, until done or stopped.
//!
//! A run loads one delivery at a time, prepares a request for each attempt, sends it, and records
//! the attempt. Deliveries that cannot be sent are skipped with a reason; a target that cannot be
//! reached ends the run.

mod prepare;
mod summary;

use std::time::Duration;

use tokio::sync::mpsc;

use crate::delivery::{Attempt, AttemptKind, Comparison, Delivery, DeliveryId, Outcome, Summary};
use crate::outbound::{self, Client, Target};
use crate::store::{AttemptWriter, KeepError, Store, StoreError, StoreReader};
use crate::task;

pub(in crate::ops) use prepare::signing_secret;
pub use prepare::{PreparedRequest, ReSigning, Signing, Unsigned, signing_name, throw_away_note};
pub use summary::{ResendSummary, RunEnd};

/// Repetitions of each delivery, and the time between two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResendPace {
    pub times: u64,
    pub interval: Duration,
}

impl Default for ResendPace {
    fn default() -> Self {
        Self { times: 1, interval: Duration::ZERO }
    }
}

impl ResendPace {
    /// Number of requests that this many deliveries take.
    pub fn total(self, deliveries: usize) -> u64 {
        self.times.saturating_mul(deliveries as u64)
    }
}

/// Target of deliveries, and their signature.
#[derive(Debug, Clone)]
pub struct Destination<'k> {
    pub target: Target,
    pub signing: Signing<'k>,
    /// Treatment of a delivery that cannot be re-signed.
    pub fallback: Fallback,
}

/// Treatment of deliveries that cannot be re-signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Send them exactly as they were received, and report why.
    Exact,
    /// Skip them, and report why.
    Skip,
}

/// Reason why a delivery is not sent.
#[derive(Debug, thiserror::Error)]
pub enum SkipReason {
    #[error("it is no longer in the store")]
    Gone,
    /// A refused request is stored without its body, or with a part of it.
    #[error("it was refused ({0}), so its bytes were not stored")]
    Refused(String),
    #[error("it cannot be re-signed: {0}")]
    Unsigned(Unsigned),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SkipReason {
    /// Returns why a delivery can never be sent, whatever it is signed with.
    pub fn of(summary: &Summary) -> Option<Self> {
        let refusal = summary.request.refused.as_ref()?;
        Some(Self::Refused(refusal.code.clone()))
    }
}

/// Result of one request.
#[derive(Debug)]
pub struct ResendOutcome {
    pub attempt: Attempt,
    /// Compared with the last attempt of this delivery to the same target.
    pub comparison: Option<Comparison>,
    pub recorded: Recorded,
    /// Reason why it was sent exactly although a new signature was wanted.
    pub unsigned: Option<Unsigned>,
    /// There was no connection, so other requests would fail as well.
    pub unreached: bool,
}

/// Progress of a run, in order; the last event is `Finished`.
#[derive(Debug)]
pub enum ResendEvent {
    Started(ResendSummary),
    Skipped { id: DeliveryId, reason: SkipReason },
    Sent { outcome: Box<ResendOutcome>, summary: ResendSummary },
    Finished(ResendSummary),
}

/// One run of requests, for any front end.
#[derive(Debug)]
pub struct ResendRun<'k> {
    pub ids: Vec<DeliveryId>,
    pub destination: Destination<'k>,
    pub pace: ResendPace,
    pub reader: StoreReader,
    pub recorder: AttemptRecorder,
    pub client: Client,
}

/// Error of a run whose receiver of events is gone.
struct Unheard;

impl ResendRun<'_> {
    /// Sends everything, one request at a time, until `stop` or until nobody receives `events`. A
    /// request in transit at `stop` is still completed and recorded.
    pub async fn run(self, events: mpsc::Sender<ResendEvent>, stop: impl Future<Output = ()>) {
        let mut summary = ResendSummary::new(self.pace.total(self.ids.len()));
        if report(&events, ResendEvent::Started(summary.clone())).await.is_err() {
            return;
        }
        if self.send_all(&mut summary, &events, stop).await.is_ok() {
            // Nothing is left to do for a receiver that is gone.
            let _ = report(&events, ResendEvent::Finished(summary)).await;
        }
    }

    async fn send_all(
        self,
        summary: &mut ResendSummary,
        events: &mpsc::Sender<ResendEvent>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Unheard> {
        let Self { ids, destination, pace, mut reader, recorder, client } = self;
        let mut sender = RecordingSender { client, recorder };
        let mut stop = std::pin::pin!(stop);
        for id in ids {
            let loaded;
            (reader, loaded) = load(reader, id).await;
            let mut delivery = match loaded {
                Ok(delivery) => delivery,
                Err(reason) => {
                    summary.skipped += 1;
                    report(events, ResendEvent::Skipped { id, reason }).await?;
                    continue;
                }
            };
            for _ in 0..pace.times {
                let is_first = summary.sent() == 0;
                let pause = pause(if is_first { Duration::ZERO } else { pace.interval });
                tokio::select! {
                    biased;
                    () = &mut stop => {
                        summary.end = RunEnd::Stopped;
                        return Ok(());
                    }
                    () = pause => {}
                }
                let (prepared, unsigned) = match destination.prepare(&delivery) {
                    Ok(prepared) => prepared,
                    Err(reason) => {
                        summary.skipped += 1;
                        report(events, ResendEvent::Skipped { id, reason }).await?;
                        break;
                    }
                };
                let target = &destination.target;
                let outcome = sender.send(target, &prepared, &mut delivery).await;
                let outcome = ResendOutcome { unsigned, ..outcome };
                summary.count(&outcome);
                let over = matches!(summary.end, RunEnd::Unreached(_));
                let outcome = Box::new(outcome);
                report(events, ResendEvent::Sent { outcome, summary: summary.clone() }).await?;
                if over {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl Destination<'_> {
    /// Prepares the request for a delivery; also returns why it is not re-signed if that was
    /// wanted.
    pub fn prepare(
        &self,
        delivery: &Delivery,
    ) -> Result<(PreparedRequest, Option<Unsigned>), SkipReason> {
        match (PreparedRequest::new(delivery, &self.target, &self.signing), self.fallback) {
            (Ok(prepared), _) => Ok((prepared, None)),
            (Err(unsigned), Fallback::Skip) => Err(SkipReason::Unsigned(unsigned)),
            (Err(unsigned), Fallback::Exact) => {
                Ok((PreparedRequest::exact(delivery), Some(unsigned)))
            }
        }
    }
}

/// Sends requests, and records the attempts with their deliveries.
#[derive(Debug)]
pub(in crate::ops) struct RecordingSender {
    pub(in crate::ops) client: Client,
    pub(in crate::ops) recorder: AttemptRecorder,
}

impl RecordingSender {
    pub(in crate::ops) async fn send(
        &mut self,
        target: &Target,
        prepared: &PreparedRequest,
        delivery: &mut Delivery,
    ) -> ResendOutcome {
        let sent = self.client.send(target, &prepared.request).await;
        let unreached =
            sent.outcome.as_ref().err().is_some_and(outbound::SendError::is_unreachable);
        let id = delivery.summary.id;
        let attempt = Attempt {
            changes: prepared.changes.clone(),
            ..outbound::attempt(AttemptKind::Resend, id, target, &sent)
        };
        let comparison =
            attempt.predecessor_in(&delivery.attempts).map(|last| attempt.compare_with(last));
        let recorded = self.recorder.record(attempt.clone()).await;
        delivery.attempts.push(attempt.clone());
        ResendOutcome { attempt, comparison, recorded, unsigned: None, unreached }
    }
}

/// Destination of recorded attempts.
#[derive(Debug)]
pub enum AttemptRecorder {
    /// The store that this process writes.
    Store(Store),
    /// A store that a listener in another process may write.
    Writer(Box<AttemptWriter>),
    /// Attempts are not recorded.
    Off,
}

/// Outcome of recording an attempt.
#[derive(Debug)]
pub enum Recorded {
    Yes,
    /// Recording is off.
    No,
    Failed(RecordError),
}

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum RecordError {
    Keep(#[from] KeepError),
    Store(#[from] StoreError),
}

impl Recorded {
    pub fn is_recorded(&self) -> bool {
        matches!(self, Self::Yes)
    }
}

impl AttemptRecorder {
    /// Records an attempt. It is on disk when this returns `Yes`.
    pub async fn record(&mut self, attempt: Attempt) -> Recorded {
        let outcome;
        (*self, outcome) = match std::mem::replace(self, Self::Off) {
            Self::Store(store) => {
                let outcome = store.record_attempt(attempt).await;
                (Self::Store(store), outcome.into())
            }
            // Another process may hold the lock for a while.
            Self::Writer(mut writer) => {
                task::blocking(move || {
                    let outcome = writer.keep(&attempt);
                    (Self::Writer(writer), outcome.into())
                })
                .await
            }
            Self::Off => (Self::Off, Recorded::No),
        };
        outcome
    }
}

impl<E: Into<RecordError>> From<Result<(), E>> for Recorded {
    fn from(outcome: Result<(), E>) -> Self {
        outcome.map_or_else(|error| Self::Failed(error.into()), |()| Self::Yes)
    }
}

impl ResendOutcome {
    /// Returns the reason why there was no connection.
    fn unreached_reason(&self) -> Option<&str> {
        match &self.attempt.outcome {
            Outcome::Failed { reason, .. } if self.unreached => Some(reason),
            Outcome::Failed { .. } | Outcome::Responded(_) => None,
        }
    }
}

async fn report(events: &mpsc::Sender<ResendEvent>, event: ResendEvent) -> Result<(), Unheard> {
    events.send(event).await.map_err(|_| Unheard)
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// Reads a delivery that can be sent, on a thread for blocking work.
async fn load(reader: StoreReader, id: DeliveryId) -> (StoreReader, Result<Delivery, SkipReason>) {
    task::blocking(move || {
        let loaded = match reader.delivery(id) {
            Ok(Some(delivery)) => SkipReason::of(&delivery.summary).map_or(Ok(delivery), Err),
            Ok(None) => Err(SkipReason::Gone),
            Err(error) => Err(error.into()),
        };
        (reader, loaded)
    })
    .await
}
