//! Forwards the deliveries of a hub, in order and a few at a time.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::AttachSession;
use crate::filter::Filter;
use crate::intake::{
    Controls, Diagnoser, Forward, Forwards, Intake, PausedRequests, Policy, Sequencer,
};
use crate::outbound::{Client, Forwarder, QueueLimits, Retry};
use crate::respond::Rulebook;
use crate::store::HubDelivery;
use crate::task;

/// Deliveries that are forwarded at a time.
const AT_ONCE: usize = 16;

/// Targets of the deliveries that match.
pub(super) struct Answering {
    intake: Arc<Intake>,
    stop: CancellationToken,
}

impl Answering {
    /// Starts the queues of the targets.
    pub(super) fn start(
        tasks: &mut JoinSet<()>,
        session: &AttachSession,
        diagnoser: Diagnoser,
        stop: &CancellationToken,
    ) -> Self {
        let client = Client::new();
        let forwards = session.args.forward.iter().map(|target| {
            let (client, limits) = (client.clone(), QueueLimits::default());
            let (forwarder, work) =
                Forwarder::with_retry(client, target.clone(), limits, Retry::Off, stop.clone());
            tasks.spawn(work);
            Forward { filter: Filter::default(), forwarder }
        });
        let store = session.store.clone();
        let (forwards, recording) = Forwards::new(forwards.collect(), store.clone());
        tasks.spawn(recording);
        let forwards = Arc::new(forwards);
        let rules = Rulebook::new([]);
        let (sequencer, work) = Sequencer::new(store.clone(), rules.clone(), Arc::clone(&forwards));
        tasks.spawn(work);
        let intake = Intake {
            verifier: Arc::clone(&session.verifier),
            diagnoser,
            store,
            sequencer,
            rules,
            forwards,
            paused: PausedRequests::new(stop.clone()),
            policy: Policy::default(),
            publishing: None,
            stop: stop.clone(),
        };
        Self { intake: Arc::new(intake), stop: stop.clone() }
    }

    pub(super) fn controls(&self) -> Controls {
        let Intake { rules, paused, forwards, .. } = &*self.intake;
        Controls { rules: rules.clone(), paused: paused.clone(), targets: forwards.targets() }
    }

    /// Prints and forwards every delivery that matches, until there are no more.
    pub(super) async fn run(
        self,
        mut deliveries: mpsc::Receiver<HubDelivery>,
        filter: Filter,
        printer: Option<mpsc::Sender<HubDelivery>>,
    ) {
        let mut running = JoinSet::new();
        loop {
            let one = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                Some(ended) = running.join_next() => {
                    task::join_or_panic(ended);
                    continue;
                }
                one = deliveries.recv(), if running.len() < AT_ONCE => one,
            };
            let Some(one) = one else { break };
            if !filter.matches(&one.delivery, now()) {
                continue;
            }
            if !self.intake.is_default() && one.delivery.summary.request.refused.is_none() {
                let response = self.intake.begin_response(Arc::clone(&one.delivery)).await;
                running.spawn(async move { drop(response.await) });
            }
            if let Some(printer) = &printer {
                tokio::select! {
                    () = self.stop.cancelled() => break,
                    sent = printer.send(one) => if sent.is_err() { break },
                }
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "since: and until: are relative to now")]
fn now() -> Timestamp {
    Timestamp::now()
}
