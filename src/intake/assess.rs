//! Assessment of a request before it is stored: provider, event, verdict, and client address.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Intake, peer};
use crate::delivery::{
    EventRef, Explanation, Head, NewDelivery, Refusal, RequestFacts, SignatureStatus,
    UNKNOWN_PROVIDER, Verdict,
};
use crate::listener::{ClientResponse, Received};
use crate::signature::{Greeting, Identified, Subject, Verifier};
use crate::task;

/// Largest body that is checked on the thread that serves connections.
const INLINE: usize = 64 << 10;

/// Everything known about a request before it is stored.
pub(super) struct Assessment {
    pub(super) new: NewDelivery,
    /// Status of the response to a request that the listener refused.
    pub(super) refused_with: Option<u16>,
    /// Response to the provider's handshake, if it is one.
    pub(super) handshake: Option<ClientResponse>,
    /// The search for the cause is already complete.
    pub(super) diagnosed: bool,
}

impl Intake {
    pub(super) async fn assess(&self, received: Received) -> Assessment {
        let refused = received.refused.as_ref();
        let refused_with = refused.map(|(status, _)| *status);
        let verifier = self.verifier.get();
        let greeting = match (refused, &self.policy.handshakes) {
            (None, Some(handshakes)) => {
                let Received { head, body, received_at, .. } = &received;
                handshakes.greet(&verifier, head, body, *received_at)
            }
            (_, _) => None,
        };
        let mut findings = match refused {
            Some((_, refusal)) => identify_refused(&verifier, refusal),
            None => identify(&verifier, &received).await,
        };
        let diagnosed = greeting.is_some();
        let handshake = greeting.map(|greeting| {
            describe_handshake(&mut findings, &greeting);
            let Greeting { status, headers, body, .. } = greeting;
            ClientResponse { status, headers, body }
        });
        let new = self.delivery(received, &verifier, findings);
        Assessment { new, refused_with, handshake, diagnosed }
    }

    /// Builds the delivery; its response is not known yet.
    fn delivery(
        &self,
        received: Received,
        verifier: &Verifier,
        findings: Identified,
    ) -> NewDelivery {
        let peer = peer::peer(self.policy.proxies, received.peer, &received.head);
        let request = RequestFacts {
            peer: Some(peer),
            refused: received.refused.map(|(_, refusal)| refusal),
            via: verifier.via(&received.head).map(str::to_owned),
            ..RequestFacts::new(&received.head, received.body_size, received.received_at)
        };
        NewDelivery {
            request,
            head: received.head,
            body: received.body,
            provider: findings.provider,
            event: findings.event,
            signature: findings.verdict,
            diagnosing: false,
            response: None,
            latency: None,
        }
    }
}

/// Identifies a request, a large one on a thread of its own.
async fn identify(verifier: &Arc<Verifier>, received: &Received) -> Identified {
    let Received { head, body, received_at, .. } = received;
    let identify = |verifier: &Verifier, head: &Head, body: &[u8], at: Timestamp| {
        let url = verifier.url(head);
        verifier.identify(&Subject { head, body, url: url.as_deref() }, at)
    };
    if body.len() <= INLINE {
        return identify(verifier, head, body, *received_at);
    }
    let (head, body, at) = (head.clone(), body.clone(), *received_at);
    let shared = Arc::clone(verifier);
    let work = move || identify(&shared, &head, &body, at);
    match task::join_or_panic(tokio::task::spawn_blocking(work).await) {
        Some(found) => found,
        // The runtime is shutting down.
        None => identify(verifier, &received.head, &received.body, *received_at),
    }
}

fn identify_refused(verifier: &Verifier, refusal: &Refusal) -> Identified {
    let only = match verifier.candidates() {
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

/// Describes a handshake as such. Few are signed, so a missing signature is not a failure.
fn describe_handshake(findings: &mut Identified, greeting: &Greeting<'_>) {
    greeting.credentials.provider.name.clone_into(&mut findings.provider);
    findings.event.event_type = Some(greeting.kind.clone());
    if let Some(verdict) = &greeting.verdict {
        findings.verdict = verdict.clone();
    }
    let explanation = &greeting.explanation;
    match findings.verdict.status {
        SignatureStatus::Missing | SignatureStatus::Unchecked => {
            findings.verdict = Verdict::explained(SignatureStatus::Unchecked, explanation.clone());
        }
        // The refusal of a handshake says why its signature fails.
        status if greeting.verdict.is_some() && status != SignatureStatus::Verified => {
            findings.verdict.explanation = Some(explanation.clone());
        }
        _ => {
            let lines = [&explanation.sentence].into_iter().chain(&explanation.evidence);
            for line in lines {
                Explanation::add(&mut findings.verdict.explanation, line.clone());
            }
        }
    }
}
