//! Produces the response of a rule or a target.

use std::sync::Arc;

use bytes::Bytes;

use super::{Intake, ReleaseAction, now, stopped_first, with_retry_after};
use crate::delivery::{Delivery, DeliveryId, Summary, is_hop_by_hop};
use crate::listener::{ClientResponse, Reply, RequestClient};
use crate::outbound::{Response, SendError, SendOutcome, Ticket, attempt};
use crate::provider::ExpectedResponse;
use crate::respond::{Canned, ScriptAction, ScriptStep};

impl Intake {
    /// Runs a step of a rule's script. `sequence` is the delivery's place in the hub's stream.
    pub(super) async fn respond(
        &self,
        step: ScriptStep,
        delivery: &Arc<Delivery>,
        sequence: Option<u64>,
        client: Option<RequestClient>,
    ) -> Reply {
        if !step.delay.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(step.delay) => {}
                () = self.stop.cancelled() => {}
            }
        }
        match step.action {
            ScriptAction::Respond(canned) => self.canned_response(&canned, delivery).into(),
            ScriptAction::Timeout => Reply::Silence,
            ScriptAction::Close => Reply::Close,
            ScriptAction::Hold => match self.paused.wait(delivery.summary.id, client).await {
                Some(ReleaseAction::Respond(status)) => {
                    self.bare_response(status, "by hand", delivery).into()
                }
                Some(ReleaseAction::Forward) => self.forward_now(delivery).await.into(),
                Some(ReleaseAction::Close) => Reply::Close,
                None => {
                    let why = "this delivery was stored, and paused until hookglass stopped\n";
                    with_retry_after(ClientResponse::plain_text(503, why.to_owned())).into()
                }
            },
            ScriptAction::Pass => self.forward_now(delivery).await.into(),
            ScriptAction::Ask(program) => self.ask(&program, delivery, sequence).await,
        }
    }

    fn canned_response(&self, canned: &Canned, delivery: &Delivery) -> ClientResponse {
        if let Some((headers, body)) = canned.fill(delivery) {
            return ClientResponse { status: canned.status, headers, body };
        }
        let mut bare = self.bare_response(canned.status, "by a rule", delivery);
        bare.headers.extend_from_slice(&canned.headers);
        bare
    }

    /// Returns a response of which only the status was chosen: the one that the provider expects,
    /// or, with an error, a sentence for its reader.
    fn bare_response(&self, status: u16, by: &str, delivery: &Delivery) -> ClientResponse {
        let Summary { id, provider, .. } = &delivery.summary;
        match status {
            200..=299 => ClientResponse { status, ..self.expected_response(provider) },
            300..=399 => ClientResponse { status, headers: Vec::new(), body: Bytes::new() },
            _ => {
                let text = format!("{status} {by}; stored as delivery {id}\n");
                ClientResponse::plain_text(status, text)
            }
        }
    }

    /// Returns what a provider expects as the response to an event.
    pub(super) fn expected_response(&self, provider: &str) -> ClientResponse {
        let verifier = self.verifier.get();
        match verifier.named(provider) {
            Some(known) => ClientResponse::expected(&known.provider.response),
            None => ClientResponse::expected(&ExpectedResponse::default()),
        }
    }

    /// Returns the status of that response.
    pub(super) fn expected_status(&self, provider: &str) -> u16 {
        let verifier = self.verifier.get();
        let known = verifier.named(provider);
        known.map_or_else(|| ExpectedResponse::default().status, |it| it.provider.response.status)
    }

    /// Forwards a delivery that a rule had kept from its targets.
    async fn forward_now(&self, delivery: &Arc<Delivery>) -> ClientResponse {
        let id = delivery.summary.id;
        let Some(judged) = self.judge_targets(delivery).await else { return stopped_first() };
        match self.forwards.begin(delivery, &judged, now()).await {
            Some(ticket) => self.await_target(id, ticket).await,
            None => self.expected_response(&delivery.summary.provider),
        }
    }

    /// Waits for the response of a target, and stores the attempt.
    pub(super) async fn await_target(&self, id: DeliveryId, mut ticket: Ticket) -> ClientResponse {
        let Some((kind, sent)) = ticket.next().await else {
            let why = "hookglass stored this delivery, and stopped before it was forwarded\n";
            return with_retry_after(ClientResponse::plain_text(503, why.to_owned()));
        };
        let attempt = attempt(kind, id, ticket.target(), &sent);
        // As with the status: the client gets the target's response even if the attempt cannot be
        // stored.
        let _ = self.store.record_attempt(attempt).await;
        if !sent.outcome.as_ref().is_ok_and(|response| response.status < 400) {
            self.forwards.follow_retries(id, ticket).await;
        }
        target_response(sent)
    }
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
