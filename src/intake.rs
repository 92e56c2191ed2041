//! Takes a delivery in: verify, keep, answer. The answer goes out after the commit.
//!
//! Who answers is decided in this order; the first that has something to say does:
//!
//! 1. the listener, which **refused** a request that it could not take whole;
//! 2. a **handshake** of the provider, unless handshakes are off;
//! 3. **strict**, with 401, where the signature is not verified;
//! 4. the first **rule** that is for the delivery and does not pass it on;
//! 5. the first **target** that the delivery is for, or the reason why it cannot (502, 503, 504);
//! 6. nobody: 200.
//!
//! Only what comes to 5 is sent on to targets, and all of those that it is for get it. Whatever is
//! answered, the delivery is on disk before.
//!
//! It owns the way into the store; it shows nothing, and whoever shows reads the store.

mod assess;
mod diagnoser;
mod forwards;
mod pause;
mod peer;
mod schema_drift;
mod sequencer;

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::delivery::{AttemptKind, Delivery, DeliveryId, Header, is_hop_by_hop};
use crate::listener::{ClientResponse, Received, Reply};
use crate::outbound::{Health, Response, SendError, SendOutcome, Ticket, attempt};
use crate::respond::{Rulebook, ScriptAction, ScriptStep};
use crate::signature::{Handshakes, Verifier};
use crate::store::{KeepError, Store};
use sequencer::{Accepted, Disposition};

pub use assess::Strict;
pub use diagnoser::{Diagnoser, diagnose};
pub use forwards::{Forward, Forwards};
pub use pause::{PausedRequest, PausedRequests, ReleaseAction};
pub use peer::Proxies;
pub use schema_drift::learn_shapes;
pub use sequencer::Sequencer;

/// After how many seconds a sender may try again.
const RETRY_AFTER: &str = "5";

/// What becomes of every delivery.
#[derive(Debug)]
pub struct Intake {
    pub verifier: Arc<Verifier>,
    pub diagnoser: Diagnoser,
    pub store: Store,
    pub door: Sequencer,
    pub rules: Rulebook,
    pub forwards: Arc<Forwards>,
    pub holds: PausedRequests,
    pub policy: Policy,
    /// Cuts short what is only delayed.
    pub stop: CancellationToken,
}

/// How deliveries are met, beside rules and targets.
#[derive(Debug, Default)]
pub struct Policy {
    /// Answers handshakes; nothing where they are off.
    pub handshakes: Option<Handshakes>,
    /// Refuses what is not verified; nothing where that is not wanted.
    pub strict: Option<Strict>,
    pub proxies: Proxies,
}

/// What a front end can watch and change while deliveries come.
#[derive(Debug)]
pub struct Controls {
    pub rules: Rulebook,
    pub holds: PausedRequests,
    /// Every target with how it is doing, in the order in which they are asked.
    pub targets: Vec<(String, watch::Receiver<Health>)>,
}

impl Intake {
    /// Verifies a delivery, keeps it, and says what to answer.
    pub async fn take(&self, received: Received) -> Reply {
        let judgement = self.assess(received).await;
        let (mut new, settled) = (judgement.new, judgement.preset_response);
        let wants_cause = new.request.refused.is_none() && !judgement.diagnosed;
        let turn = self.diagnoser.turn(&new.signature).filter(|_| wants_cause);
        new.diagnosing = turn.is_some();
        let noted = new.response;
        let passed = match self.door.submit(new, settled).await {
            Ok(passed) => passed,
            Err(error) => return unavailable(&error).into(),
        };
        let id = passed.id;
        if let Some(turn) = turn {
            turn.take(id);
        }
        let reply = self.carry_out(passed).await;
        if noted != Some(reply.status()) {
            // The delivery itself is on disk. If this is not, the store's trouble is shown
            // already, and the sender still gets its answer.
            let _ = self.store.answered(id, reply.status()).await;
        }
        reply
    }

    async fn carry_out(&self, passed: Accepted) -> Reply {
        let Accepted { id, course } = passed;
        match course {
            Disposition::Answer(answer) => answer.into(),
            Disposition::Respond(taken) => {
                let (step, delivery) = *taken;
                self.respond(step, &delivery).await
            }
            Disposition::Forward(ticket) => self.forwarded(id, ticket).await.into(),
        }
    }

    async fn respond(&self, step: ScriptStep, delivery: &Delivery) -> Reply {
        if !step.delay.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(step.delay) => {}
                () = self.stop.cancelled() => {}
            }
        }
        match step.action {
            ScriptAction::Answer(canned) => {
                let (headers, body) = canned.fill(delivery);
                ClientResponse { status: canned.status, headers, body }.into()
            }
            ScriptAction::Timeout => Reply::Silence,
            ScriptAction::Close => Reply::Close,
            ScriptAction::Hold => match self.holds.wait(delivery.summary.id).await {
                Some(ReleaseAction::Answer(status)) => {
                    let id = delivery.summary.id;
                    let text = format!("{status} by hand; kept as delivery {id}\n");
                    ClientResponse::plain_text(status, text).into()
                }
                Some(ReleaseAction::Forward) => self.send_on(delivery).await.into(),
                Some(ReleaseAction::Close) => Reply::Close,
                None => {
                    let why = "this delivery was kept, and held until hookglass stopped\n";
                    later(ClientResponse::plain_text(503, why.to_owned())).into()
                }
            },
            ScriptAction::Pass => self.send_on(delivery).await.into(),
        }
    }

    /// Sends a delivery on that the door did not.
    async fn send_on(&self, delivery: &Delivery) -> ClientResponse {
        let id = delivery.summary.id;
        match self.forwards.begin(delivery, sequencer::now()).await {
            Some(ticket) => self.forwarded(id, ticket).await,
            None => sequencer::default_response(id),
        }
    }

    async fn forwarded(&self, id: DeliveryId, ticket: Ticket) -> ClientResponse {
        let target = ticket.target().clone();
        let sent = ticket.sent().await;
        let attempt = attempt(AttemptKind::Forward, id, &target, &sent);
        // As with the status: the sender gets the answer that the target gave.
        let _ = self.store.attempted(attempt).await;
        onward_answer(sent)
    }
}

fn later(mut answer: ClientResponse) -> ClientResponse {
    answer.headers.push(Header::new("Retry-After", RETRY_AFTER));
    answer
}

fn unavailable(error: &KeepError) -> ClientResponse {
    later(ClientResponse::plain_text(503, format!("this delivery was not kept: {error}\n")))
}

/// The target's answer for the sender, or why there is none.
fn onward_answer(sent: SendOutcome) -> ClientResponse {
    match sent.outcome {
        Ok(Response { status, headers, body }) => {
            let passed = headers.into_iter().filter(|header| !is_hop_by_hop(&header.name));
            ClientResponse { status, headers: passed.collect(), body }
        }
        Err(error) => gateway_answer(&error),
    }
}

fn gateway_answer(error: &SendError) -> ClientResponse {
    let why = format!("hookglass kept this delivery, but could not forward it: {error}\n");
    match error {
        _ if error.is_ours() => later(ClientResponse::plain_text(503, why)),
        _ if error.timed_out() => ClientResponse::plain_text(504, why),
        _ => ClientResponse::plain_text(502, why),
    }
}
