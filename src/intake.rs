//! Takes a delivery in: verify, keep, answer. The answer goes out after the commit.
//!
//! It owns the way into the store; it shows nothing, and whoever shows reads the store.

mod diagnoser;

use std::sync::Arc;

use crate::delivery::SignatureStatus;
use crate::delivery::{AttemptKind, DeliveryId, EventRef, Header, Source, Verdict, is_hop_by_hop};
use crate::listener::{Answer, Received};
use crate::outbound::{Forwarder, Request, Response, SendError, Sent, attempt};
use crate::signature::{Subject, Verifier};
use crate::store::{KeepError, NewDelivery, Store};

pub use diagnoser::{Diagnoser, diagnose};

/// The provider of a delivery that none of several was recognised in.
const UNKNOWN: &str = "unknown";

/// After how many seconds a sender may try again when the store could not take a delivery.
const RETRY_AFTER: &str = "5";

/// What becomes of every delivery.
#[derive(Debug)]
pub struct Intake {
    pub verifier: Arc<Verifier>,
    pub diagnoser: Diagnoser,
    pub store: Store,
    pub forwarder: Option<Forwarder>,
}

impl Intake {
    /// Verifies a delivery, keeps it, sends it on where that is wanted, and says what to answer.
    pub async fn take(&self, received: Received) -> Answer {
        let refused = received.refused.as_ref().map(|(status, refusal)| (*status, refusal.clone()));
        let mut new = self.judge(received, refused.is_none() && self.forwarder.is_some());
        let turn = self.diagnoser.turn(&new.signature).filter(|_| refused.is_none());
        new.diagnosing = turn.is_some();
        let request = Request { head: new.head.clone(), body: new.body.clone() };
        let kept = match self.store.keep(new).await {
            Ok(kept) => kept,
            Err(error) => return unavailable(&error),
        };
        if let Some(turn) = turn {
            turn.take(kept.id);
        }
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
        let url = self.verifier.url(&head);
        let subject = Subject { head: &head, body: &body, url: url.as_deref() };
        let judged = refused.is_none().then(|| self.verifier.judge(&subject, received_at));
        let only = match self.verifier.candidates() {
            [only] => Some(only),
            _ => None,
        };
        let keyed = judged.as_ref().map_or(only, |judged| judged.keyed);
        let provider = keyed.map_or(UNKNOWN, |keyed| keyed.provider.name.as_str()).to_owned();
        let (event, signature, response) = match (&refused, judged) {
            (Some((status, refusal)), _) => {
                (EventRef::default(), unchecked(&refusal.code), Some(*status))
            }
            (None, judged) => {
                let event = keyed.map(|keyed| keyed.provider.event(&head, &body));
                let verdict = judged.map(|judged| judged.verdict);
                let verdict = verdict.unwrap_or_else(|| unchecked("unknown"));
                (event.unwrap_or_default(), verdict, (!answered_later).then_some(200))
            }
        };
        NewDelivery {
            received_at,
            peer: Some(peer.to_string()),
            head,
            body,
            body_size,
            provider,
            event,
            signature,
            response,
            refused: refused.map(|(_, refusal)| refusal),
            source: Source::Live,
            origin: None,
            diagnosing: false,
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
