//! What is to be kept of a request, and what is answered whatever rules and targets there are.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::{Intake, diagnoser, peer};
use crate::delivery::{EventRef, Header, Refusal, SignatureStatus, Source, Verdict};
use crate::listener::{Answer, Received};
use crate::signature::{Greeting, Subject};
use crate::store::NewDelivery;
use crate::task;

/// The provider of a delivery that none of several was recognised in.
const UNKNOWN: &str = "unknown";

/// How long to look for the cause before a delivery that is not verified is refused.
const LIMIT: Duration = Duration::from_millis(200);

/// Refuses what is not verified, and says why.
#[derive(Debug)]
pub struct Strict {
    /// One search for a cause at a time: whoever floods with bad signatures is told less, and
    /// slows nobody down.
    searching: Arc<Semaphore>,
}

impl Default for Strict {
    fn default() -> Self {
        Self { searching: Arc::new(Semaphore::new(1)) }
    }
}

/// What is known of a delivery before it is kept.
pub(super) struct Judgement {
    pub(super) new: NewDelivery,
    /// The answer, where neither rules nor targets are asked.
    pub(super) settled: Option<Answer>,
    /// Whether the cause of the verdict was looked for already.
    pub(super) diagnosed: bool,
}

/// Who a delivery is from, what it is about and what is to be thought of its signature.
struct Findings {
    provider: String,
    event: EventRef,
    verdict: Verdict,
}

impl Intake {
    pub(super) async fn judge(&self, received: Received) -> Judgement {
        if let Some((status, refusal)) = &received.refused {
            let (findings, answer) = (self.refused(refusal), refusal_answer(*status, refusal));
            return self.settle(received, findings, Some(answer), false);
        }
        let greeting = self.policy.handshakes.as_ref().and_then(|handshakes| {
            handshakes.greet(&self.verifier, &received.head, &received.body)
        });
        let mut findings = self.findings(&received);
        if let Some(greeting) = greeting {
            findings.greeted(&greeting);
            let Greeting { status, headers, body, .. } = greeting;
            return self.settle(received, findings, Some(Answer { status, headers, body }), false);
        }
        let Some(strict) = &self.policy.strict else {
            return self.settle(received, findings, None, false);
        };
        if findings.verdict.status == SignatureStatus::Verified {
            return self.settle(received, findings, None, false);
        }
        let diagnosed = self.look_for_cause(strict, &received, &mut findings.verdict).await;
        let answer = unverified(&findings.verdict);
        self.settle(received, findings, Some(answer), diagnosed)
    }

    /// Whether a search for the cause came to its end.
    async fn look_for_cause(
        &self,
        strict: &Strict,
        received: &Received,
        verdict: &mut Verdict,
    ) -> bool {
        if !verdict.wants_cause() {
            return false;
        }
        let Ok(_permit) = Arc::clone(&strict.searching).try_acquire_owned() else { return false };
        let verifier = Arc::clone(&self.verifier);
        let (head, body, at) = (received.head.clone(), received.body.clone(), received.received_at);
        let search = move || diagnoser::within(&verifier, &head, &body, at, LIMIT);
        let Some(found) = task::outcome(tokio::task::spawn_blocking(search).await) else {
            return false;
        };
        *verdict = found.verdict;
        found.complete
    }

    fn findings(&self, received: &Received) -> Findings {
        let Received { head, body, received_at, .. } = received;
        let url = self.verifier.url(head);
        let subject = Subject { head, body, url: url.as_deref() };
        let judged = self.verifier.judge(&subject, *received_at);
        let event = judged.keyed.map(|keyed| keyed.provider.event(head, body));
        let provider = judged.keyed.map_or(UNKNOWN, |keyed| keyed.provider.name.as_str());
        Findings {
            provider: provider.to_owned(),
            event: event.unwrap_or_default(),
            verdict: judged.verdict,
        }
    }

    fn refused(&self, refusal: &Refusal) -> Findings {
        let only = match self.verifier.candidates() {
            [only] => only.provider.name.as_str(),
            _ => UNKNOWN,
        };
        let code = &refusal.code;
        let why = format!("the delivery was refused ({code}), so its signature was not checked");
        Findings {
            provider: only.to_owned(),
            event: EventRef::default(),
            verdict: Verdict::explained(SignatureStatus::Unchecked, why),
        }
    }

    /// Where the answer is a rule's or a target's, it is not known yet.
    fn settle(
        &self,
        received: Received,
        findings: Findings,
        settled: Option<Answer>,
        diagnosed: bool,
    ) -> Judgement {
        let peer = peer::peer(self.policy.proxies, received.peer, &received.head);
        let plain = self.rules.rules().is_empty() && self.forwards.is_empty();
        let plainly = || plain.then_some(200);
        let new = NewDelivery {
            received_at: received.received_at,
            peer: Some(peer),
            head: received.head,
            body: received.body,
            body_size: received.body_size,
            provider: findings.provider,
            event: findings.event,
            signature: findings.verdict,
            response: settled.as_ref().map(|answer| answer.status).or_else(plainly),
            refused: received.refused.map(|(_, refusal)| refusal),
            source: Source::Live,
            diagnosing: false,
            origin: None,
        };
        Judgement { new, settled, diagnosed }
    }
}

impl Findings {
    /// A handshake is listed as what it is. Few are signed: what is missing there is no fault.
    fn greeted(&mut self, greeting: &Greeting<'_>) {
        greeting.keyed.provider.name.clone_into(&mut self.provider);
        self.event.event_type = Some(greeting.kind.clone());
        if matches!(self.verdict.status, SignatureStatus::Missing | SignatureStatus::Unchecked) {
            self.verdict =
                Verdict::explained(SignatureStatus::Unchecked, greeting.explanation.clone());
        }
    }
}

fn refusal_answer(status: u16, refusal: &Refusal) -> Answer {
    Answer::text(status, format!("{}\n", refusal.reason))
}

fn unverified(verdict: &Verdict) -> Answer {
    let mut text = format!("not taken, since its signature is not verified: {}", verdict.status);
    if let Some(cause) = &verdict.cause {
        // Writing to a String cannot fail.
        let _ = write!(text, " ({cause})");
    }
    if let Some(explanation) = &verdict.explanation {
        let _ = write!(text, "; {explanation}");
    }
    text.push('\n');
    let mut answer = Answer::text(401, text);
    // RFC 9110 section 15.5.2 asks for a challenge.
    answer.headers.push(Header::new("WWW-Authenticate", "Signature"));
    answer
}
