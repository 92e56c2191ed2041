//! Evaluates rules and the filters of targets on bodies before the store numbers the deliveries, so
//! that nobody waits for the evaluation of another client's body.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::Intake;
use super::forwards::JudgedTargets;
use crate::delivery::{Delivery, DeliveryId, NewDelivery};
use crate::filter::is_compressed;
use crate::respond::JudgedRules;
use crate::task;

/// Largest body that is evaluated on the thread that serves connections.
const INLINE: usize = 64 << 10;

/// Time for an evaluation that has begun when the program stops.
const STOP_TIME: Duration = Duration::from_secs(1);

/// Results on the body of a delivery.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) rules: JudgedRules,
    pub(super) targets: JudgedTargets,
}

/// Limits how many large bodies are evaluated at a time. Clones share the limit.
#[derive(Debug, Clone)]
pub struct FilterShare(Arc<Semaphore>);

impl FilterShare {
    /// Creates a share for this many bodies at a time.
    pub fn new(bodies: usize) -> Self {
        Self(Arc::new(Semaphore::new(bodies)))
    }
}

impl Default for FilterShare {
    /// Leaves a processor to everything else.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        Self::new(processors.saturating_sub(1).max(1))
    }
}

impl Intake {
    /// Evaluates rules and filters on the body of a new delivery; none if the program stops first.
    pub(super) async fn judge_new(&self, new: &NewDelivery) -> Option<Judged> {
        if !self.reads_bodies() {
            return Some(Judged::default());
        }
        let preview = new.clone().into_delivery(DeliveryId(0), None);
        self.judge(&Arc::new(preview)).await
    }

    fn reads_bodies(&self) -> bool {
        self.rules.reads_body() || self.forwards.read_body()
    }

    /// Returns whether the evaluation of a delivery may take long.
    pub(super) fn is_costly(&self, delivery: &Delivery) -> bool {
        self.reads_bodies() && is_large(delivery)
    }

    /// Evaluates rules and filters on the body of a delivery; none if the program stops first.
    pub(super) async fn judge(&self, delivery: &Arc<Delivery>) -> Option<Judged> {
        if !self.reads_bodies() {
            return Some(Judged::default());
        }
        let (rules, forwards) = (self.rules.clone(), Arc::clone(&self.forwards));
        let judge = move |delivery: &Delivery| Judged {
            rules: rules.judge_body(delivery),
            targets: forwards.judge_body(delivery),
        };
        self.run_in_share(delivery, judge).await
    }

    /// Evaluates the filters of targets alone; none if the program stops first.
    pub(super) async fn judge_targets(&self, delivery: &Arc<Delivery>) -> Option<JudgedTargets> {
        if !self.forwards.read_body() {
            return Some(JudgedTargets::default());
        }
        let forwards = Arc::clone(&self.forwards);
        self.run_in_share(delivery, move |delivery| forwards.judge_body(delivery)).await
    }

    /// Runs the evaluation of a large body on a thread of its own, when the share has room.
    async fn run_in_share<T: Send + 'static>(
        &self,
        delivery: &Arc<Delivery>,
        judge: impl FnOnce(&Delivery) -> T + Send + 'static,
    ) -> Option<T> {
        if !is_large(delivery) {
            return Some(judge(delivery));
        }
        let room = tokio::select! {
            biased;
            () = self.stop.cancelled() => return None,
            // The semaphore is never closed.
            room = Arc::clone(&self.filter_share.0).acquire_owned() => room.ok()?,
        };
        let delivery = Arc::clone(delivery);
        let work = move || {
            let judged = judge(&delivery);
            drop(room);
            judged
        };
        let stop_time = async {
            self.stop.cancelled().await;
            tokio::time::sleep(STOP_TIME).await;
        };
        tokio::select! {
            biased;
            judged = task::blocking(work) => Some(judged),
            () = stop_time => None,
        }
    }
}

fn is_large(delivery: &Delivery) -> bool {
    let Delivery { head, body, .. } = delivery;
    body.len() > INLINE || is_compressed(head, body)
}
