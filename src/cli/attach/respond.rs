//! Forwards the deliveries of a hub, in order and a few at a time, and responds to those who ask
//! for the response to one.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::AttachSession;
use crate::filter::Filter;
use crate::hub::{AskedResponse, HubReply};
use crate::intake::{
    Controls, Diagnoser, FilterShare, Forward, Forwards, Intake, PausedRequests, Policy, Sequencer,
};
use crate::ops::hub_responses::HubResponses;
use crate::outbound::{Client, Forwarder, QueueLimits, Retry};
use crate::respond::Rulebook;
use crate::store::HubDelivery;
use crate::task;

/// Deliveries that are forwarded at a time.
const AT_ONCE: usize = 64;

/// Targets of the deliveries that match.
pub(super) struct Responding {
    intake: Arc<Intake>,
    stop: CancellationToken,
}

impl Responding {
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
        let rules = Rulebook::new(session.args.respond.iter().cloned());
        let (sequencer, work) = Sequencer::new(store.clone(), rules.clone(), Arc::clone(&forwards));
        tasks.spawn(work);
        let intake = Intake {
            verifier: session.verifier.clone(),
            diagnoser,
            store,
            sequencer,
            rules,
            forwards,
            paused: PausedRequests::new(stop.clone()),
            policy: Policy::default(),
            filter_share: FilterShare::default(),
            publishing: None,
            stop: stop.clone(),
        };
        Self { intake: Arc::new(intake), stop: stop.clone() }
    }

    pub(super) fn controls(&self) -> Controls {
        let Intake { rules, paused, forwards, .. } = &*self.intake;
        Controls { rules: rules.clone(), paused: paused.clone(), targets: forwards.targets() }
    }

    /// Prints and forwards every delivery that matches, until there are no more, and replies to
    /// requests for responses.
    pub(super) async fn run(
        self,
        mut deliveries: mpsc::Receiver<HubDelivery>,
        filter: Filter,
        mut requests: mpsc::Receiver<AskedResponse>,
        mut responses: HubResponses<AskedResponse>,
        printer: Option<mpsc::Sender<HubDelivery>>,
    ) {
        let mut running = JoinSet::new();
        loop {
            let one = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                Some(ended) = running.join_next() => {
                    let ended: Option<(String, HubReply)> = task::join_or_panic(ended);
                    if let Some((message, reply)) = ended {
                        reply_to(responses.finish(&message, &reply), &reply).await;
                    }
                    continue;
                }
                Some(asked) = requests.recv() => {
                    let request = asked.request.clone();
                    if let Some((asked, reply)) = responses.ask(request, asked) {
                        asked.send(&reply).await;
                    }
                    continue;
                }
                one = deliveries.recv(), if running.len() < AT_ONCE => one,
            };
            let Some(one) = one else { break };
            let matches = filter.matches(&one.delivery, now());
            let declined = self.respond(&one, matches, &mut responses, &mut running).await;
            if let Some((message, reason)) = declined {
                let reply = HubReply::Declined(reason.to_owned());
                reply_to(responses.finish(&message, &reply), &reply).await;
            }
            if matches && let Some(printer) = &printer {
                tokio::select! {
                    () = self.stop.cancelled() => break,
                    sent = printer.send(one) => if sent.is_err() { break },
                }
            }
        }
    }

    /// Starts to produce the response to a delivery. Returns its message and the reason if there is
    /// none.
    async fn respond(
        &self,
        one: &HubDelivery,
        matches: bool,
        responses: &mut HubResponses<AskedResponse>,
        running: &mut JoinSet<(String, HubReply)>,
    ) -> Option<(String, &'static str)> {
        const NOBODY: &str = "it has no target and no rule for this delivery";
        let request = &one.delivery.summary.request;
        let place = request.hub.as_ref()?;
        let message = place.message.clone();
        responses.start(&message, place.sequence.unwrap_or_default());
        if !matches {
            return Some((message, "its filter leaves this delivery out"));
        }
        if self.intake.is_default() || request.refused.is_some() {
            return Some((message, NOBODY));
        }
        let response = self.intake.begin_response(Arc::clone(&one.delivery)).await;
        running.spawn(async move {
            let reply = response.await;
            (message, reply.map_or_else(|| HubReply::Declined(NOBODY.to_owned()), HubReply::Reply))
        });
        None
    }
}

async fn reply_to(asked: Vec<AskedResponse>, reply: &HubReply) {
    for one in asked {
        one.send(reply).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "since: and until: are relative to now")]
fn now() -> Timestamp {
    Timestamp::now()
}
