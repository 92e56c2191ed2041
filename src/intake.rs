//! Handles each request: assess it, store it, respond. The response is sent after the commit.
//!
//! The first of these that applies produces the response:
//!
//! 1. the listener, if it **refused** a request that it could not receive completely;
//! 2. a **handshake** of the provider, unless handshakes are disabled;
//! 3. **strict** mode, with 401, if the signature is not verified;
//! 4. the first **rule** that matches the delivery and does not pass it on;
//! 5. the first **target** whose filter matches, or a gateway error (502, 503, 504);
//! 6. the default response, 200.
//!
//! Only a delivery that reaches step 5 is forwarded, to every target whose filter matches. Whatever
//! the response, the delivery is on disk before it is sent.
//!
//! It displays nothing: front ends follow the store.

mod assess;
mod diagnoser;
mod forwards;
mod pause;
mod peer;
mod schema_drift;
mod sequencer;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::delivery::{
    AttemptKind, Delivery, DeliveryId, Header, NewDelivery, SignatureStatus, is_hop_by_hop,
};
use crate::listener::{ClientResponse, Handled, Received, Reply};
use crate::outbound::{Health, Response, SendError, SendOutcome, Ticket, attempt};
use crate::respond::{Rulebook, ScriptAction, ScriptStep};
use crate::signature::{Handshakes, Verifier};
use crate::store::{KeepError, Store, Stored};
use sequencer::{Accepted, Disposition};

pub use assess::Strict;
pub use diagnoser::{Diagnoser, diagnose};
pub use forwards::{Forward, Forwards};
pub use pause::{PausedRequest, PausedRequests, ReleaseAction};
pub use peer::Proxies;
pub use schema_drift::learn_schemas;
pub use sequencer::Sequencer;

/// Seconds until a client may retry, as `Retry-After`.
const RETRY_AFTER: &str = "5";

/// Services and configuration that every delivery passes through.
#[derive(Debug)]
pub struct Intake {
    pub verifier: Arc<Verifier>,
    pub diagnoser: Diagnoser,
    pub store: Store,
    pub sequencer: Sequencer,
    pub rules: Rulebook,
    pub forwards: Arc<Forwards>,
    pub paused: PausedRequests,
    pub policy: Policy,
    /// Ends delays at shutdown.
    pub stop: CancellationToken,
}

/// Handling of deliveries apart from rules and targets.
#[derive(Debug, Default)]
pub struct Policy {
    /// Responds to handshakes; none if they are disabled.
    pub handshakes: Option<Handshakes>,
    /// Refuses deliveries that are not verified; none if strict mode is off.
    pub strict: Option<Strict>,
    pub proxies: Proxies,
}

/// State that a front end can watch and change while deliveries arrive.
#[derive(Debug)]
pub struct Controls {
    pub rules: Rulebook,
    pub paused: PausedRequests,
    /// Every target with its health, in the order in which their filters are tried.
    pub targets: Vec<(String, watch::Receiver<Health>)>,
}

impl Intake {
    /// Verifies a delivery, stores it, and returns the response.
    pub async fn handle(&self, received: Received) -> Handled {
        let client = received.client.clone();
        let assessment = self.assess(received).await;
        let (mut new, preset_response) = (assessment.new, assessment.preset_response);
        let find_cause = new.request.refused.is_none() && !assessment.diagnosed;
        let diagnosis = if find_cause { self.diagnoser.reserve(&new.signature) } else { None };
        new.diagnosing = diagnosis.is_some();
        let stored_status = new.response;
        let entry = tracing::enabled!(tracing::Level::INFO).then(|| LogEntry::of(&new));
        let accepted = match self.store_and_decide(new, preset_response).await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::error!(%error, "delivery not stored");
                return unavailable(&error).into();
            }
        };
        let id = accepted.delivery.summary.id;
        if let Some(entry) = entry {
            entry.write(id);
        }
        if let Some(diagnosis) = diagnosis {
            diagnosis.start(id);
        }
        let reply = self.carry_out(accepted).await;
        let status = reply.status();
        // If the client has closed its end, it is only known after writing whether it still reads.
        let has_closed = client.is_some_and(|client| client.has_closed());
        let is_certain = !has_closed || !matches!(reply, Reply::Answer(_));
        if stored_status != Some(status) && is_certain {
            // The delivery itself is on disk. If the status cannot be stored, the error shows in
            // the store's progress, and the client still gets its response.
            let _ = self.store.record_response(id, status).await;
        }
        let is_recorded = is_certain || stored_status == Some(status);
        let store = self.store.clone();
        let on_outcome =
            move |gone| Box::pin(record_outcome(store, id, (status, is_recorded), gone)) as _;
        Handled { reply, on_outcome: Some(Box::new(on_outcome)) }
    }

    /// Stores a delivery and decides who responds. Only rules and targets need the sequencer.
    async fn store_and_decide(
        &self,
        new: NewDelivery,
        preset_response: Option<ClientResponse>,
    ) -> Result<Accepted, KeepError> {
        if preset_response.is_none() && !self.is_default() {
            return self.sequencer.submit(new).await;
        }
        let Stored { delivery, id, .. } = self.store.keep(new).await?;
        let response = preset_response.unwrap_or_else(|| sequencer::default_response(id));
        Ok(Accepted { delivery, disposition: Disposition::Answer(response) })
    }

    /// Returns whether every delivery gets the default response.
    fn is_default(&self) -> bool {
        self.rules.is_empty() && self.forwards.is_empty()
    }

    async fn carry_out(&self, accepted: Accepted) -> Reply {
        let Accepted { delivery, disposition } = accepted;
        let id = delivery.summary.id;
        tracing::debug!(id = id.0, by = disposition.name(), "response decided");
        match disposition {
            Disposition::Answer(response) => response.into(),
            Disposition::Respond(step) => self.respond(step, &delivery).await,
            Disposition::Forward(ticket) => self.await_target(id, ticket).await.into(),
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
            ScriptAction::Hold => match self.paused.wait(delivery.summary.id).await {
                Some(ReleaseAction::Answer(status)) => {
                    let id = delivery.summary.id;
                    let text = format!("{status} by hand; stored as delivery {id}\n");
                    ClientResponse::plain_text(status, text).into()
                }
                Some(ReleaseAction::Forward) => self.forward_now(delivery).await.into(),
                Some(ReleaseAction::Close) => Reply::Close,
                None => {
                    let why = "this delivery was stored, and paused until hookglass stopped\n";
                    with_retry_after(ClientResponse::plain_text(503, why.to_owned())).into()
                }
            },
            ScriptAction::Pass => self.forward_now(delivery).await.into(),
        }
    }

    /// Forwards a delivery that a rule had kept from its targets.
    async fn forward_now(&self, delivery: &Delivery) -> ClientResponse {
        let id = delivery.summary.id;
        match self.forwards.begin(delivery, sequencer::now()).await {
            Some(ticket) => self.await_target(id, ticket).await,
            None => sequencer::default_response(id),
        }
    }

    async fn await_target(&self, id: DeliveryId, ticket: Ticket) -> ClientResponse {
        let target = ticket.target().clone();
        let sent = ticket.sent().await;
        let attempt = attempt(AttemptKind::Forward, id, &target, &sent);
        // As with the status: the client gets the target's response even if the attempt cannot be
        // stored.
        let _ = self.store.record_attempt(attempt).await;
        target_response(sent)
    }
}

/// Stores whether the client got the response, unless that is already stored.
async fn record_outcome(
    store: Store,
    id: DeliveryId,
    (status, is_recorded): (u16, bool),
    gone: Option<Duration>,
) {
    // As with the status: an error shows in the store's progress.
    let _ = match gone {
        Some(after) => store.record_client_gone(id, after).await,
        None if is_recorded => Ok(()),
        None => store.record_response(id, status).await,
    };
}

/// Facts of a delivery for the log, which holds nothing that a client chose freely.
struct LogEntry {
    provider: String,
    signature: SignatureStatus,
    refused: Option<String>,
    body_size: u64,
    received_at: Timestamp,
}

impl LogEntry {
    fn of(new: &NewDelivery) -> Self {
        let request = &new.request;
        Self {
            provider: new.provider.clone(),
            signature: new.signature.status,
            refused: request.refused.as_ref().map(|refusal| refusal.code.clone()),
            body_size: request.body_size,
            received_at: request.received_at,
        }
    }

    fn write(self, id: DeliveryId) {
        let Self { provider, signature, refused, body_size, received_at } = self;
        let took_us = sequencer::now().duration_since(received_at).as_micros();
        tracing::info!(
            id = id.0, provider, %signature, refused, body_size, took_us, "delivery stored"
        );
    }
}

fn with_retry_after(mut response: ClientResponse) -> ClientResponse {
    response.headers.push(Header::new("Retry-After", RETRY_AFTER));
    response
}

fn unavailable(error: &KeepError) -> ClientResponse {
    with_retry_after(ClientResponse::plain_text(
        503,
        format!("this delivery was not stored: {error}\n"),
    ))
}

/// Response for the client: the target's, or a gateway error.
fn target_response(sent: SendOutcome) -> ClientResponse {
    match sent.outcome {
        Ok(Response { status, headers, body }) => {
            let end_to_end = headers.into_iter().filter(|header| !is_hop_by_hop(&header.name));
            ClientResponse { status, headers: end_to_end.collect(), body }
        }
        Err(error) => gateway_error(&error),
    }
}

fn gateway_error(error: &SendError) -> ClientResponse {
    let why = format!("hookglass stored this delivery, but could not forward it: {error}\n");
    match error {
        _ if error.is_loop() => ClientResponse::plain_text(508, why),
        _ if error.was_not_sent() => with_retry_after(ClientResponse::plain_text(503, why)),
        _ if error.timed_out() => ClientResponse::plain_text(504, why),
        _ => ClientResponse::plain_text(502, why),
    }
}
