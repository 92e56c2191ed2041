//! Asks a program on the hub for the response to a delivery.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Intake, now, stopped_first, with_retry_after};
use crate::delivery::{Attempt, AttemptKind, Delivery, Outcome, Timing};
use crate::hub::{AskError, ResponseRequest, subject};
use crate::listener::{ClientResponse, Reply};
use crate::outbound::Response;
use crate::respond::HubProgram;

impl Intake {
    /// Returns the response of a program on the hub, or else that of the first target that matches.
    pub(super) async fn ask(
        &self,
        program: &HubProgram,
        delivery: &Arc<Delivery>,
        sequence: Option<u64>,
    ) -> Reply {
        let id = delivery.summary.id;
        let (at, started) = (now(), Instant::now());
        let asked = tokio::select! {
            asked = self.ask_hub(program, delivery, sequence) => asked,
            () = self.stop.cancelled() => return stopped_first().into(),
        };
        let attempt = Attempt {
            delivery: id,
            kind: AttemptKind::Forward,
            target: format!("hub:{}", program.name),
            at,
            took: started.elapsed(),
            timing: Timing::default(),
            changes: None,
            sender: None,
            outcome: outcome(&asked),
        };
        // As with the status: the client gets the response even if the attempt cannot be stored.
        let _ = self.store.record_attempt(attempt).await;
        match asked {
            Ok(reply) => reply,
            Err(error) => match self.judge_targets(delivery).await {
                None => stopped_first().into(),
                Some(judged) => match self.forwards.begin(delivery, &judged, now()).await {
                    Some(ticket) => self.await_target(id, ticket).await.into(),
                    None => no_response(&error).into(),
                },
            },
        }
    }

    async fn ask_hub(
        &self,
        program: &HubProgram,
        delivery: &Delivery,
        sequence: Option<u64>,
    ) -> Result<Reply, AskError> {
        let publishing = self.publishing.as_ref().ok_or(AskError::NoHub)?;
        let summary = &delivery.summary;
        let (Some(place), Some(sequence)) = (summary.request.hub.as_ref(), sequence) else {
            return Err(AskError::Failed("the delivery is not in the stream".to_owned()));
        };
        let request = ResponseRequest {
            message: place.message.clone(),
            sequence,
            subject: subject::delivery(&summary.provider, summary.event.event_type.as_deref()),
        };
        publishing.hub().ask(&program.name, &request, program.timeout).await
    }
}

fn outcome(asked: &Result<Reply, AskError>) -> Outcome {
    let failed = |reason: String, timed_out| Outcome::Failed { reason, timed_out };
    match asked {
        Ok(Reply::Response(ClientResponse { status, headers, body })) => {
            let (headers, body) = (headers.clone(), body.clone());
            Outcome::Responded(Response { status: *status, headers, body }.record())
        }
        Ok(Reply::Silence) => failed("it decided not to respond".to_owned(), false),
        Ok(Reply::Close) => failed("it decided to close the connection".to_owned(), false),
        Err(error) => failed(error.to_string(), matches!(error, AskError::TimedOut { .. })),
    }
}

/// Returns the response to the client if there is no other one.
fn no_response(error: &AskError) -> ClientResponse {
    let why = format!("hookglass stored this delivery, but it has no response: {error}\n");
    match error {
        AskError::TimedOut { .. } => ClientResponse::plain_text(504, why),
        AskError::NoHub | AskError::Absent(_) | AskError::Failed(_) => {
            with_retry_after(ClientResponse::plain_text(503, why))
        }
        AskError::Declined { .. } | AskError::Invalid(_) => ClientResponse::plain_text(502, why),
    }
}
