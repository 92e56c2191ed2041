//! Produces the response of a rule or a target.

use super::{Intake, ReleaseAction, default_response, now, with_retry_after};
use crate::delivery::{AttemptKind, Delivery, DeliveryId, is_hop_by_hop};
use crate::listener::{ClientResponse, Reply};
use crate::outbound::{Response, SendError, SendOutcome, Ticket, attempt};
use crate::respond::{ScriptAction, ScriptStep};

impl Intake {
    /// Runs a step of a rule's script.
    pub(super) async fn respond(&self, step: ScriptStep, delivery: &Delivery) -> Reply {
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
        match self.forwards.begin(delivery, now()).await {
            Some(ticket) => self.await_target(id, ticket).await,
            None => default_response(id),
        }
    }

    /// Waits for the response of a target, and stores the attempt.
    pub(super) async fn await_target(&self, id: DeliveryId, ticket: Ticket) -> ClientResponse {
        let target = ticket.target().clone();
        let sent = ticket.sent().await;
        let attempt = attempt(AttemptKind::Forward, id, &target, &sent);
        // As with the status: the client gets the target's response even if the attempt cannot be
        // stored.
        let _ = self.store.record_attempt(attempt).await;
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
