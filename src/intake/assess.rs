//! Assessment of a request before it is stored, and the responses that rules and targets cannot
//! override.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::{Intake, diagnoser, peer};
use crate::delivery::{
    EventRef, Head, Header, NewDelivery, Refusal, RequestFacts, SignatureStatus, UNKNOWN_PROVIDER,
    Verdict,
};
use crate::listener::{ClientResponse, Received};
use crate::signature::{Greeting, Identified, Subject, Verifier};
use crate::task;

/// Time limit of the search for a cause before a delivery is refused.
const LIMIT: Duration = Duration::from_millis(200);

/// Largest body that is checked on the thread that serves connections.
const INLINE: usize = 64 << 10;

/// Refuses deliveries that are not verified, and explains why.
#[derive(Debug)]
pub struct Strict {
    /// Allows one search at a time: a flood of bad signatures gets responses without a cause, and
    /// delays nobody.
    searching: Arc<Semaphore>,
}

impl Default for Strict {
    fn default() -> Self {
        Self { searching: Arc::new(Semaphore::new(1)) }
    }
}

/// Everything known about a delivery before it is stored.
pub(super) struct Assessment {
    pub(super) new: NewDelivery,
    /// The response, if rules and targets are not consulted.
    pub(super) preset_response: Option<ClientResponse>,
    /// The search for the cause is already complete.
    pub(super) diagnosed: bool,
}

impl Intake {
    pub(super) async fn assess(&self, received: Received) -> Assessment {
        if let Some((status, refusal)) = &received.refused {
            let (findings, response) =
                (self.identify_refused(refusal), refusal_response(*status, refusal));
            return self.assessment(received, findings, Some(response), false);
        }
        let greeting = self.policy.handshakes.as_ref().and_then(|handshakes| {
            handshakes.greet(&self.verifier, &received.head, &received.body)
        });
        let mut findings = self.identify(&received).await;
        if let Some(greeting) = greeting {
            findings = with_handshake(findings, &greeting);
            let Greeting { status, headers, body, .. } = greeting;
            return self.assessment(
                received,
                findings,
                Some(ClientResponse { status, headers, body }),
                false,
            );
        }
        let Some(strict) = &self.policy.strict else {
            return self.assessment(received, findings, None, false);
        };
        if findings.verdict.status == SignatureStatus::Verified {
            return self.assessment(received, findings, None, false);
        }
        let diagnosed = self.find_cause(strict, &received, &mut findings.verdict).await;
        let response = unverified(&findings.verdict);
        self.assessment(received, findings, Some(response), diagnosed)
    }

    /// Searches for the cause and puts it into the verdict; returns whether the search is complete.
    async fn find_cause(
        &self,
        strict: &Strict,
        received: &Received,
        verdict: &mut Verdict,
    ) -> bool {
        if !verdict.needs_cause() {
            return false;
        }
        let Ok(_permit) = Arc::clone(&strict.searching).try_acquire_owned() else { return false };
        let verifier = Arc::clone(&self.verifier);
        let (head, body, at) = (received.head.clone(), received.body.clone(), received.received_at);
        let search = move || diagnoser::search_within(&verifier, &head, &body, at, LIMIT);
        let Some(found) = task::join_or_panic(tokio::task::spawn_blocking(search).await) else {
            return false;
        };
        *verdict = found.verdict;
        found.complete
    }

    async fn identify(&self, received: &Received) -> Identified {
        let Received { head, body, received_at, .. } = received;
        let identify = |verifier: &Verifier, head: &Head, body: &[u8], at: Timestamp| {
            let url = verifier.url(head);
            verifier.identify(&Subject { head, body, url: url.as_deref() }, at)
        };
        if body.len() <= INLINE {
            return identify(&self.verifier, head, body, *received_at);
        }
        let (head, body, at) = (head.clone(), body.clone(), *received_at);
        let verifier = Arc::clone(&self.verifier);
        let work = move || identify(&verifier, &head, &body, at);
        match task::join_or_panic(tokio::task::spawn_blocking(work).await) {
            Some(found) => found,
            // The runtime is shutting down.
            None => identify(&self.verifier, &received.head, &received.body, *received_at),
        }
    }

    fn identify_refused(&self, refusal: &Refusal) -> Identified {
        let only = match self.verifier.candidates() {
            [only] => only.provider.name.as_str(),
            _ => UNKNOWN_PROVIDER,
        };
        let code = &refusal.code;
        let why = format!("the delivery was refused ({code}), so its signature was not checked");
        Identified {
            provider: only.to_owned(),
            event: EventRef::default(),
            verdict: Verdict::explained(SignatureStatus::Unchecked, why),
        }
    }

    /// Builds the assessment. The status of a response by a rule or a target is not known yet.
    fn assessment(
        &self,
        received: Received,
        findings: Identified,
        preset_response: Option<ClientResponse>,
        diagnosed: bool,
    ) -> Assessment {
        let peer = peer::peer(self.policy.proxies, received.peer, &received.head);
        let default_status = || self.is_default().then_some(200);
        let request = RequestFacts {
            peer: Some(peer),
            refused: received.refused.map(|(_, refusal)| refusal),
            ..RequestFacts::new(&received.head, received.body_size, received.received_at)
        };
        let new = NewDelivery {
            request,
            head: received.head,
            body: received.body,
            provider: findings.provider,
            event: findings.event,
            signature: findings.verdict,
            diagnosing: false,
            response: preset_response
                .as_ref()
                .map(|response| response.status)
                .or_else(default_status),
        };
        Assessment { new, preset_response, diagnosed }
    }
}

/// Describes a handshake as such. Few are signed, so a missing signature is not a failure.
fn with_handshake(mut findings: Identified, greeting: &Greeting<'_>) -> Identified {
    greeting.credentials.provider.name.clone_into(&mut findings.provider);
    findings.event.event_type = Some(greeting.kind.clone());
    if matches!(findings.verdict.status, SignatureStatus::Missing | SignatureStatus::Unchecked) {
        findings.verdict =
            Verdict::explained(SignatureStatus::Unchecked, greeting.explanation.clone());
    }
    findings
}

fn refusal_response(status: u16, refusal: &Refusal) -> ClientResponse {
    let mut response = ClientResponse::plain_text(status, format!("{}\n", refusal.reason));
    if status == 503 {
        response.headers.push(Header::new("Retry-After", super::RETRY_AFTER));
    }
    response
}

fn unverified(verdict: &Verdict) -> ClientResponse {
    let mut text = format!("rejected, since the signature is not verified: {}", verdict.status);
    if let Some(cause) = &verdict.cause {
        // Writing to a String cannot fail.
        let _ = write!(text, " ({cause})");
    }
    if let Some(explanation) = &verdict.explanation {
        let _ = write!(text, "; {explanation}");
    }
    text.push('\n');
    let mut response = ClientResponse::plain_text(401, text);
    // RFC 9110 section 15.5.2 asks for a challenge.
    response.headers.push(Header::new("WWW-Authenticate", "Signature"));
    response
}
