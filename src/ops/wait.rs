//! Waits until a listener has stored the deliveries that a test expects.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::selection::Selection;
use super::tail::{PACE, StoreTail, Waited, now};
use crate::delivery::{Delivery, DeliveryId, SignatureStatus};
use crate::store::{StoreError, StoreReader};

/// Deliveries to wait for, and how long.
#[derive(Debug, Clone)]
pub(crate) struct Expectation {
    pub selection: Selection,
    /// Also counts deliveries that are already stored and match this; if none, only later ones.
    pub since: Option<Selection>,
    /// Counts deliveries after this one; if none, those received from now on.
    pub after: Option<DeliveryId>,
    pub goal: Goal,
    pub timeout: Duration,
}

impl Expectation {
    /// Returns the last delivery that does not count; none if it is the newest one.
    fn start(&self) -> Option<DeliveryId> {
        self.after.or(self.since.is_some().then_some(DeliveryId(0)))
    }
}

/// Condition to wait for.
#[derive(Debug, Clone)]
pub(crate) enum Goal {
    /// At least this many deliveries.
    Count(usize),
    /// This many deliveries and no more until the time is over.
    Exactly(usize),
    /// One delivery for each step, in this order; others may arrive in between.
    Sequence(Vec<Selection>),
    /// No delivery until the time is over.
    Absent,
}

/// Outcome of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitEnd {
    /// The expectation was met.
    Met,
    /// A delivery matched although none, or no more, should have.
    Unexpected(DeliveryId),
    TimedOut(WaitProgress),
    /// There was no store until the time was over.
    NoStore,
    /// Nobody receives the deliveries any more.
    Abandoned,
}

/// Progress of an expectation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct WaitProgress {
    /// Deliveries that matched.
    pub matched: usize,
    /// Steps of a sequence that were met in order.
    pub steps: usize,
    /// Deliveries that did not match.
    pub others: usize,
    /// Of these, deliveries that were not verified, because no secret is configured.
    pub unchecked: usize,
}

/// Waits, and sends each delivery that matches. Blocks.
pub(crate) fn wait(
    path: &Path,
    expectation: Expectation,
    found: &mpsc::Sender<Delivery>,
) -> Result<WaitEnd, StoreError> {
    let end = now() + expectation.timeout;
    let is_wanted = || !found.is_closed();
    let absent = matches!(expectation.goal, Goal::Absent);
    let Some(mut tail) = begin(path, expectation.start(), end, &is_wanted)? else {
        return Ok(if absent { WaitEnd::Met } else { WaitEnd::NoStore });
    };
    let mut matches = Matches { expectation, passed: Vec::new(), others: 0, unchecked: 0 };
    loop {
        let waited = tail.wait(Some(end), &is_wanted)?;
        if waited == Waited::Unwanted {
            return Ok(WaitEnd::Abandoned);
        }
        let is_over = waited == Waited::TimedOut;
        loop {
            let mut received = tail.settled()?;
            let is_all = tail.is_at_the_end()?;
            // When the time is over, those that still lack a response count as well.
            if is_all && is_over {
                received.extend(tail.unsettled()?);
            }
            for delivery in received {
                if !matches.take(&delivery) {
                    continue;
                }
                let id = delivery.summary.id;
                if found.blocking_send(delivery).is_err() {
                    return Ok(WaitEnd::Abandoned);
                }
                if matches.has_too_many() {
                    return Ok(WaitEnd::Unexpected(id));
                }
                if matches.is_met() {
                    return Ok(WaitEnd::Met);
                }
            }
            if is_all {
                break;
            }
        }
        if is_over {
            let is_met = matches.is_met_at_the_end();
            return Ok(if is_met { WaitEnd::Met } else { WaitEnd::TimedOut(matches.progress()) });
        }
    }
}

/// Waits until there is a store, and returns none if there is none at the end. A store that is
/// created in the meantime holds nothing that was received earlier.
fn begin(
    path: &Path,
    start: Option<DeliveryId>,
    end: Instant,
    is_wanted: &dyn Fn() -> bool,
) -> Result<Option<StoreTail>, StoreError> {
    let mut was_absent = false;
    loop {
        match StoreReader::open(path) {
            Ok(reader) => {
                let newest = reader.last_id()?;
                let last = match start {
                    // A store that was created again starts with smaller ids.
                    Some(start) => start.min(newest),
                    None if was_absent => DeliveryId(0),
                    None => newest,
                };
                return Ok(Some(StoreTail::new(reader, last)));
            }
            Err(StoreError::Absent { .. }) if now() < end && is_wanted() => {
                was_absent = true;
                std::thread::sleep(PACE);
            }
            Err(StoreError::Absent { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// Deliveries that matched so far.
struct Matches {
    expectation: Expectation,
    /// Those that matched, and which steps each of them meets.
    passed: Vec<(DeliveryId, Vec<bool>)>,
    others: usize,
    unchecked: usize,
}

impl Matches {
    fn steps(&self) -> &[Selection] {
        match &self.expectation.goal {
            Goal::Sequence(steps) => steps,
            Goal::Count(_) | Goal::Exactly(_) | Goal::Absent => &[],
        }
    }

    /// Returns whether a delivery is one of those that are waited for.
    fn take(&mut self, delivery: &Delivery) -> bool {
        let Expectation { selection, since, .. } = &self.expectation;
        if since.as_ref().is_some_and(|since| !since.matches(delivery)) {
            return false;
        }
        let meets: Vec<bool> = self.steps().iter().map(|step| step.matches(delivery)).collect();
        let counts = self.steps().is_empty() || meets.contains(&true);
        if !counts || !selection.matches(delivery) {
            self.others += 1;
            let is_unchecked = delivery.summary.signature.status == SignatureStatus::Unchecked;
            self.unchecked += usize::from(is_unchecked);
            return false;
        }
        self.passed.push((delivery.summary.id, meets));
        // Responses may come late; what counts is the order of receipt.
        self.passed.sort_unstable_by_key(|(id, _)| *id);
        true
    }

    fn progress(&self) -> WaitProgress {
        let mut steps = 0;
        for (_, meets) in &self.passed {
            steps += usize::from(meets.get(steps) == Some(&true));
        }
        let Self { passed, others, unchecked, .. } = self;
        WaitProgress { matched: passed.len(), steps, others: *others, unchecked: *unchecked }
    }

    fn is_met(&self) -> bool {
        let WaitProgress { matched, steps, .. } = self.progress();
        match &self.expectation.goal {
            Goal::Count(count) => matched >= *count,
            Goal::Sequence(all) => steps == all.len(),
            Goal::Exactly(_) | Goal::Absent => false,
        }
    }

    fn has_too_many(&self) -> bool {
        match self.expectation.goal {
            Goal::Exactly(count) => self.passed.len() > count,
            Goal::Absent => !self.passed.is_empty(),
            Goal::Count(_) | Goal::Sequence(_) => false,
        }
    }

    fn is_met_at_the_end(&self) -> bool {
        match self.expectation.goal {
            Goal::Exactly(count) => self.passed.len() == count,
            Goal::Absent => true,
            Goal::Count(_) | Goal::Sequence(_) => false,
        }
    }
}
