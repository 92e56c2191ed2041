//! Takes a delivery in: verify, keep, answer. The answer goes out after the commit.
//!
//! It owns the way into the store; it shows nothing, and whoever shows reads the store.

use crate::delivery::SignatureStatus;
use crate::delivery::{AttemptKind, DeliveryId, EventRef, Header, Source, Verdict, is_hop_by_hop};
use crate::listener::{Answer, Received};
use crate::outbound::{Forwarder, Request, Response, SendError, Sent, attempt};
use crate::provider::Provider;
use crate::secret::Secret;
use crate::signature::{self, Subject};
use crate::store::{KeepError, NewDelivery, Store};

/// After how many seconds a sender may try again when the store could not take a delivery.
const RETRY_AFTER: &str = "5";

/// What becomes of every delivery.
#[derive(Debug)]
pub struct Intake {
    pub provider: Provider,
    /// The current secret first.
    pub secrets: Vec<Secret>,
    pub store: Store,
    pub forwarder: Option<Forwarder>,
}

impl Intake {
    /// Verifies a delivery, keeps it, sends it on where that is wanted, and says what to answer.
    pub async fn take(&self, received: Received) -> Answer {
        let refused = received.refused.as_ref().map(|(status, refusal)| (*status, refusal.clone()));
        let new = self.judge(received, refused.is_none() && self.forwarder.is_some());
        let request = Request { head: new.head.clone(), body: new.body.clone() };
        let kept = match self.store.keep(new).await {
            Ok(kept) => kept,
            Err(error) => return unavailable(&error),
        };
        if let Some((status, refusal)) = refused {
            return Answer::text(status, format!("{}\n", refusal.reason));
        }
        match &self.forwarder {
            None => Answer::text(200, format!("kept as delivery {}\n", kept.id)),
            Some(forwarder) => self.forward(forwarder, kept.id, request).await,
        }
    }

    /// What is to be kept of a request. Where the answer is another's, it is not known yet.
    fn judge(&self, received: Received, answered_later: bool) -> NewDelivery {
        let Received { received_at, peer, head, body, body_size, refused } = received;
        let (event, signature, response) = match &refused {
            Some((status, refusal)) => {
                (EventRef::default(), unchecked(&refusal.code), Some(*status))
            }
            None => (
                self.provider.event(&head, &body),
                {
                    let subject = Subject::new(&head, &body);
                    signature::verify(&self.provider.scheme, &self.secrets, &subject, received_at)
                },
                (!answered_later).then_some(200),
            ),
        };
        NewDelivery {
            received_at,
            peer: Some(peer.to_string()),
            head,
            body,
            body_size,
            provider: self.provider.name.clone(),
            event,
            signature,
            response,
            refused: refused.map(|(_, refusal)| refusal),
            source: Source::Live,
        }
    }

    async fn forward(&self, forwarder: &Forwarder, id: DeliveryId, request: Request) -> Answer {
        let sent = forwarder.forward(request).await;
        let attempt = attempt(AttemptKind::Forward, id, forwarder.target(), &sent);
        let answer = onward_answer(sent);
        // The delivery itself is on disk. If this is not, the store's trouble is shown already,
        // and the sender still gets the answer that the target gave.
        let _ = self.store.attempted(attempt).await;
        let _ = self.store.answered(id, answer.status).await;
        answer
    }
}

fn unchecked(code: &str) -> Verdict {
    let why = format!("the delivery was refused ({code}), so its signature was not checked");
    Verdict::explained(SignatureStatus::Unchecked, why)
}

fn unavailable(error: &KeepError) -> Answer {
    let mut answer = Answer::text(503, format!("this delivery was not kept: {error}\n"));
    answer.headers.push(Header::new("Retry-After", RETRY_AFTER));
    answer
}

/// The target's answer for the sender, or why there is none.
fn onward_answer(sent: Sent) -> Answer {
    match sent.outcome {
        Ok(Response { status, headers, body }) => {
            let passed = headers.into_iter().filter(|header| !is_hop_by_hop(&header.name));
            Answer { status, headers: passed.collect(), body }
        }
        Err(error) => gateway_answer(&error),
    }
}

fn gateway_answer(error: &SendError) -> Answer {
    let status = if error.timed_out() { 504 } else { 502 };
    Answer::text(
        status,
        format!("hookglass kept this delivery, but could not forward it: {error}\n"),
    )
}
