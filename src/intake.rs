//! Handles each request: assess it, store it, respond. The response is sent after the commit.
//!
//! The first of these that applies produces the response:
//!
//! 1. the listener, if it **refused** a request that it could not receive completely;
//! 2. a **handshake** of the provider, unless handshakes are disabled;
//! 3. **strict** mode, with 401, if the signature is not verified;
//! 4. the first **rule** that matches the delivery and does not pass it on;
//! 5. the first **target** whose filter matches, or a gateway error (502, 503, 504);
//! 6. the default response: what the provider expects, or else 200 with an empty body.
//!
//! Only a delivery that reaches step 5 is forwarded, to every target whose filter matches. Whatever
//! the response, the delivery is on disk before it is sent.
//!
//! It displays nothing: front ends follow the store.

mod ask;
mod assess;
mod diagnoser;
mod forwards;
mod judge;
mod pause;
mod peer;
mod publishing;
mod respond;
mod schema_drift;
mod sequencer;
mod strict;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::delivery::{Delivery, DeliveryId, Header, NewDelivery, Refusal, SignatureStatus};
use crate::hub::HubPublishError;
use crate::listener::{ClientResponse, Handled, Received, Recording, Reply, RequestClient};
use crate::outbound::{Health, Ticket};
use crate::respond::{Rulebook, ScriptStep};
use crate::signature::{CurrentVerifier, Handshakes};
use crate::store::{KeepError, Store, Stored};
use assess::Assessment;
use judge::Judged;

pub use diagnoser::{Diagnoser, diagnose, diagnose_briefly, find_cause};
pub use forwards::{Forward, Forwards};
pub use judge::FilterShare;
pub use pause::{PausedRequests, ReleaseAction};
pub use peer::Proxies;
pub use publishing::Publishing;
pub use schema_drift::learn_schemas;
pub use sequencer::Sequencer;
pub use strict::Strict;

/// Seconds until a client may retry, as `Retry-After`.
const RETRY_AFTER: &str = "5";

/// Services and configuration that every delivery passes through.
#[derive(Debug)]
pub struct Intake {
    pub verifier: CurrentVerifier,
    pub diagnoser: Diagnoser,
    pub store: Store,
    pub sequencer: Sequencer,
    pub rules: Rulebook,
    pub forwards: Arc<Forwards>,
    pub paused: PausedRequests,
    pub policy: Policy,
    /// Limits the evaluation of filters on large bodies.
    pub filter_share: FilterShare,
    /// Publishes deliveries to a hub, if one is configured.
    pub publishing: Option<Publishing>,
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

/// A delivery that is on disk.
#[derive(Debug)]
struct Accepted {
    delivery: Arc<Delivery>,
    disposition: Disposition,
    /// Its place in the stream of the hub, if it is there.
    sequence: Option<u64>,
}

/// Producer of the response to a stored delivery.
#[derive(Debug)]
enum Disposition {
    Preset(ClientResponse),
    /// Nobody else decided.
    Default,
    /// A rule matched.
    Respond(ScriptStep),
    /// It is in the queue of the target that produces the response.
    Forward(Ticket),
}

impl Disposition {
    /// Returns the producer's name for the log.
    fn name(&self) -> &'static str {
        match self {
            Self::Preset(_) => "preset",
            Self::Default => "default",
            Self::Respond(_) => "rule",
            Self::Forward(_) => "target",
        }
    }
}

impl Intake {
    /// Verifies a delivery, stores it, and returns the response.
    pub async fn handle(self: &Arc<Self>, received: Received) -> Handled {
        let client = received.client.clone();
        let arrived = Instant::now();
        let mut assessment = self.assess(received).await;
        let mut preset = self.preset_response(&mut assessment).await;
        let Assessment { mut new, diagnosed, .. } = assessment;
        let judged = match preset {
            None => self.judge_new(&new).await,
            Some(_) => Some(Judged::default()),
        };
        if judged.is_none() {
            preset = Some(stopped_first());
        }
        let find_cause = new.request.refused.is_none() && !diagnosed;
        let diagnosis = if find_cause { self.diagnoser.reserve(&new.signature) } else { None };
        new.diagnosing = diagnosis.is_some();
        // The status of a response by a rule or a target is not known yet.
        let default_status = || self.is_default().then(|| self.expected_status(&new.provider));
        let stored_status = preset.as_ref().map(|one| one.status).or_else(default_status);
        new.response = stored_status;
        let judged = judged.unwrap_or_default();
        let (accepted, unpublished) = match self.keep(new, preset, judged).await {
            Ok(kept) => kept,
            Err(error) => {
                tracing::error!(%error, "delivery not stored");
                return unavailable(&error).into();
            }
        };
        log(&accepted);
        let id = accepted.delivery.summary.id;
        if let Some(diagnosis) = diagnosis {
            diagnosis.start(id);
        }
        let reply = match unpublished {
            None => self.carry_out(accepted, client.clone()).await,
            Some(error) => Box::pin(self.decline(accepted, &error)).await,
        };
        let status = reply.status();
        let latency = matches!(reply, Reply::Response(_)).then(|| arrived.elapsed());
        // If the client has closed its end, only writing shows whether it still reads.
        let has_closed = client.is_some_and(|client| client.has_closed());
        let is_certain = !has_closed || !matches!(reply, Reply::Response(_));
        if stored_status != Some(status) && is_certain {
            // The delivery itself is on disk. If the status cannot be stored, the error shows in
            // the store's progress, and the client still gets its response.
            let _ = self.store.record_response(id, status, latency).await;
        }
        let is_recorded = is_certain || stored_status == Some(status);
        let intake = Arc::clone(self);
        let on_outcome = move |gone: Option<Duration>| -> Option<Recording> {
            if gone.is_none() && is_recorded {
                return None;
            }
            Some(Box::pin(async move { intake.record_outcome(id, status, latency, gone).await }))
        };
        Handled { reply, on_outcome: Some(Box::new(on_outcome)) }
    }

    /// Stores whether the client got the response.
    async fn record_outcome(
        &self,
        id: DeliveryId,
        status: u16,
        latency: Option<Duration>,
        gone: Option<Duration>,
    ) {
        // As with the status: an error shows in the store's progress.
        let _ = match gone {
            Some(after) => self.store.record_client_gone(id, after).await,
            None => self.store.record_response(id, status, latency).await,
        };
    }

    /// Decides who responds to a delivery that another listener received, and returns the response
    /// later; none if no rule or target matches. Call it for one delivery after the other.
    pub async fn begin_response(
        self: &Arc<Self>,
        delivery: Arc<Delivery>,
    ) -> impl Future<Output = Option<Reply>> + Send + 'static {
        let (accepted, costly) = if self.is_costly(&delivery) {
            (None, Some(delivery))
        } else {
            (self.judge_and_decide(delivery).await, None)
        };
        let intake = Arc::clone(self);
        async move {
            let accepted = match costly {
                // The next deliveries do not wait for it.
                Some(delivery) => intake.judge_and_decide(delivery).await,
                None => accepted,
            };
            let Some(accepted) = accepted else { return Some(stopped_first().into()) };
            match accepted.disposition {
                Disposition::Default => None,
                _ => Some(intake.carry_out(accepted, None).await),
            }
        }
    }

    /// Decides who responds; none if the program stops first.
    async fn judge_and_decide(&self, delivery: Arc<Delivery>) -> Option<Accepted> {
        let judged = self.judge(&delivery).await?;
        Some(decide(delivery, &judged, &self.rules, &self.forwards).await)
    }

    /// Returns the response of steps 1 to 3, if one applies.
    async fn preset_response(&self, assessment: &mut Assessment) -> Option<ClientResponse> {
        let Assessment { new, refused_with, handshake, diagnosed } = assessment;
        if let (Some(status), Some(refusal)) = (*refused_with, &new.request.refused) {
            return Some(refusal_response(status, refusal));
        }
        if handshake.is_some() {
            return handshake.take();
        }
        let strict = self.policy.strict.as_ref()?;
        if new.signature.status == SignatureStatus::Verified {
            return None;
        }
        if strict::is_url_check(new) {
            return Some(strict::pass_url_check(new));
        }
        *diagnosed = strict.find_cause(&self.verifier.get(), new).await;
        Some(strict::refusal(&new.signature))
    }

    /// Stores a delivery and publishes it, both at once. The error is that of the hub.
    async fn keep(
        &self,
        mut new: NewDelivery,
        preset: Option<ClientResponse>,
        judged: Judged,
    ) -> Result<(Accepted, Option<HubPublishError>), KeepError> {
        let Some(publishing) = &self.publishing else {
            return Ok((self.store(new, preset, judged).await?, None));
        };
        let envelope = publishing.begin(&mut new);
        let (stored, published) =
            tokio::join!(self.store(new, preset, judged), publishing.publish(envelope));
        let mut accepted = stored?;
        accepted.sequence = published.as_ref().ok().copied();
        publishing.end(accepted.delivery.summary.id, &published);
        Ok((accepted, published.err()))
    }

    /// Responds to a delivery that the hub has not acknowledged, so that the client sends it again.
    async fn decline(&self, accepted: Accepted, error: &HubPublishError) -> Reply {
        let Accepted { delivery, disposition, .. } = accepted;
        let id = delivery.summary.id;
        match disposition {
            Disposition::Preset(response) if response.status >= 400 => return response.into(),
            Disposition::Forward(ticket) => self.forwards.follow_retries(id, ticket).await,
            Disposition::Preset(_) | Disposition::Default | Disposition::Respond(_) => {}
        }
        let why = format!("this delivery was stored, but not in the hub: {error}\n");
        with_retry_after(ClientResponse::plain_text(503, why)).into()
    }

    /// Stores a delivery and decides who responds. Only rules and targets need the sequencer.
    async fn store(
        &self,
        new: NewDelivery,
        preset: Option<ClientResponse>,
        judged: Judged,
    ) -> Result<Accepted, KeepError> {
        if preset.is_none() && !self.is_default() {
            return self.sequencer.submit(new, judged).await;
        }
        let Stored { delivery, .. } = self.store.keep(new).await?;
        let disposition = preset.map_or(Disposition::Default, Disposition::Preset);
        Ok(Accepted { delivery, disposition, sequence: None })
    }

    /// Returns whether every delivery gets the default response.
    pub fn is_default(&self) -> bool {
        self.rules.is_empty() && self.forwards.is_empty()
    }

    async fn carry_out(&self, accepted: Accepted, client: Option<RequestClient>) -> Reply {
        let Accepted { delivery, disposition, sequence } = accepted;
        let id = delivery.summary.id;
        tracing::debug!(id = id.0, by = disposition.name(), "response decided");
        match disposition {
            Disposition::Preset(response) => response.into(),
            Disposition::Default => self.expected_response(&delivery.summary.provider).into(),
            // Boxed, so that the future of a delivery with the default response is small.
            Disposition::Respond(step) => {
                Box::pin(self.respond(step, &delivery, sequence, client)).await
            }
            Disposition::Forward(ticket) => Box::pin(self.await_target(id, ticket)).await.into(),
        }
    }
}

/// Decides who responds by steps 4 to 6. The sequencer calls it for one delivery after the other.
async fn decide(
    delivery: Arc<Delivery>,
    judged: &Judged,
    rules: &Rulebook,
    forwards: &Forwards,
) -> Accepted {
    let now = now();
    let disposition = match rules.decide(&delivery, &judged.rules, now) {
        Some(step) => Disposition::Respond(step),
        None => match forwards.begin(&delivery, &judged.targets, now).await {
            Some(ticket) => Disposition::Forward(ticket),
            None => Disposition::Default,
        },
    };
    Accepted { delivery, disposition, sequence: None }
}

/// Logs a stored delivery, without anything that a client chose freely.
fn log(accepted: &Accepted) {
    let summary = &accepted.delivery.summary;
    let request = &summary.request;
    tracing::info!(
        id = summary.id.0,
        provider = summary.provider,
        signature = %summary.signature.status,
        refused = request.refused.as_ref().map(|refusal| &refusal.code),
        body_size = request.body_size,
        took_us = now().duration_since(request.received_at).as_micros(),
        "delivery stored"
    );
}

#[expect(clippy::disallowed_methods, reason = "since: and until: count from now")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Returns the response to a request that was not received completely.
fn refusal_response(status: u16, refusal: &Refusal) -> ClientResponse {
    let response = ClientResponse::plain_text(status, format!("{}\n", refusal.reason));
    if status == 503 { with_retry_after(response) } else { response }
}

/// Returns the response to a delivery whose response was not decided before the program stops.
fn stopped_first() -> ClientResponse {
    let why = "this delivery was stored, and hookglass stopped before it had a response\n";
    with_retry_after(ClientResponse::plain_text(503, why.to_owned()))
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
