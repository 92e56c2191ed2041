//! Sends fixtures to a target and checks its responses.
//!
//! A request whose signature was valid is re-signed, so that it is as fresh as when it was
//! received. One with an invalid signature is sent as it is, and has to be refused.

mod cases;
mod expect;
mod history;
mod junit;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::delivery::SignatureStatus;
use crate::formats::fixture::Expect;
use crate::ops::resign::{EventIdPolicy, resign};
use crate::outbound::{Client, Request, Response, SendOutcome, Target};
use crate::provider::Provider;
use crate::secret::Secret;
use crate::signature::{SignError, Subject};
use crate::task;

pub(crate) use cases::{CaseError, CaseReader, KeyCounts, LeftOutCase, LoadedCases};
pub(crate) use expect::{ExpectError, Statuses};
pub(crate) use history::{CaseChange, ReplayHistory};
pub(crate) use junit::junit;

/// A request to send, and the expected response.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Name in reports: the fixture's name, or file and number.
    pub name: String,
    pub request: Request,
    pub received_at: Option<Timestamp>,
    /// Provider and secret for re-signing; `None` to send the request as it is.
    pub signer: Option<(Arc<Provider>, Secret)>,
    pub statuses: Statuses,
    pub expect: Expect,
}

/// Time between one request and the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ReplayTiming {
    None,
    /// The original time, divided by this factor.
    Original(f64),
}

/// Order and number of requests.
#[derive(Debug, Clone)]
pub(crate) struct ReplayPlan {
    pub timing: ReplayTiming,
    /// Seed of a random order; `None` for the original order.
    pub shuffle: Option<u64>,
    /// Number of consecutive sends of each request.
    pub duplicate: usize,
    /// Maximum number of requests in transit.
    pub concurrency: usize,
}

/// Outcome of one send.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CaseOutcome {
    pub name: String,
    pub status: Option<u16>,
    pub took: Duration,
    /// Unmet expectations; empty if the case passed.
    pub failures: Vec<String>,
    /// Beginning of the response body, if an expectation is not met.
    pub response_body: Option<String>,
    /// There was no response at all.
    pub is_unreachable: bool,
}

/// Characters of a response body that a failure shows.
const SHOWN_BODY: usize = 2000;

/// Returns the beginning of a response body as text; none if it is empty.
fn excerpt(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let mut shown: String = text.chars().take(SHOWN_BODY).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    (!shown.is_empty()).then_some(shown)
}

/// Returns the statuses that a target should respond with, given the verdict of the request.
pub(crate) fn default_statuses(verdict: Option<SignatureStatus>) -> Statuses {
    if verdict.is_some_and(SignatureStatus::is_failed) {
        Statuses::refused()
    } else {
        Statuses::accepted()
    }
}

/// Progress of a run, in order; the last event is `Finished`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ReplayEvent {
    /// Number of requests to send.
    Started(usize),
    /// One request has its outcome; those of other requests in transit may arrive in any order.
    Done(CaseOutcome),
    /// All outcomes, in the order of sending.
    Finished(Vec<CaseOutcome>),
}

/// Cases to send to one target.
#[derive(Debug, Clone)]
pub(crate) struct ReplayRun {
    pub cases: Vec<Case>,
    pub target: Target,
    pub plan: ReplayPlan,
}

/// Error of a run whose receiver of events is gone.
struct Unheard;

impl ReplayRun {
    /// Sends every case, or stops when nobody receives `events`.
    pub(crate) async fn run(self, client: &Client, events: mpsc::Sender<ReplayEvent>) {
        let total = self.cases.len() * self.plan.duplicate;
        if events.send(ReplayEvent::Started(total)).await.is_err() {
            return;
        }
        if let Ok(outcomes) = self.send_all(client, &events).await {
            // Nothing is left to do for a receiver that is gone.
            let _ = events.send(ReplayEvent::Finished(outcomes)).await;
        }
    }

    async fn send_all(
        self,
        client: &Client,
        events: &mpsc::Sender<ReplayEvent>,
    ) -> Result<Vec<CaseOutcome>, Unheard> {
        let Self { cases, target, plan } = self;
        let mut requests = InTransit { tasks: JoinSet::new(), outcomes: Vec::new(), events };
        let mut last: Option<Timestamp> = None;
        let mut number = 0;
        for case in ordered(cases, plan.shuffle) {
            tokio::time::sleep(pause(plan.timing, last, case.received_at)).await;
            last = case.received_at.or(last);
            for _ in 0..plan.duplicate {
                while requests.tasks.len() >= plan.concurrency.max(1) {
                    requests.finish_one().await?;
                }
                let (client, target, case) = (client.clone(), target.clone(), case.clone());
                let task = async move { (number, send(&client, &target, case).await) };
                requests.tasks.spawn(task);
                number += 1;
            }
        }
        while !requests.tasks.is_empty() {
            requests.finish_one().await?;
        }
        requests.outcomes.sort_by_key(|(number, _)| *number);
        Ok(requests.outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }
}

/// Requests in transit, and the outcomes of the others with their place in the order of sending.
struct InTransit<'e> {
    tasks: JoinSet<(usize, CaseOutcome)>,
    outcomes: Vec<(usize, CaseOutcome)>,
    events: &'e mpsc::Sender<ReplayEvent>,
}

impl InTransit<'_> {
    /// Waits for the outcome of one request.
    async fn finish_one(&mut self) -> Result<(), Unheard> {
        let Some(done) = self.tasks.join_next().await.and_then(task::join_or_panic) else {
            return Ok(());
        };
        let event = ReplayEvent::Done(done.1.clone());
        self.outcomes.push(done);
        self.events.send(event).await.map_err(|_| Unheard)
    }
}

fn ordered(mut cases: Vec<Case>, shuffle: Option<u64>) -> Vec<Case> {
    if let Some(seed) = shuffle {
        fastrand::Rng::with_seed(seed).shuffle(&mut cases);
    }
    cases
}

fn pause(timing: ReplayTiming, last: Option<Timestamp>, next: Option<Timestamp>) -> Duration {
    let (ReplayTiming::Original(speed), Some(last), Some(next)) = (timing, last, next) else {
        return Duration::ZERO;
    };
    let gap = Duration::try_from(next.duration_since(last)).unwrap_or_default();
    Duration::try_from_secs_f64(gap.as_secs_f64() / speed).unwrap_or_default()
}

async fn send(client: &Client, target: &Target, case: Case) -> CaseOutcome {
    let not_sent = CaseOutcome {
        name: case.name.clone(),
        status: None,
        took: Duration::ZERO,
        failures: Vec::new(),
        response_body: None,
        is_unreachable: false,
    };
    let request = match signed(&case, target) {
        Ok(request) => request,
        Err(error) => {
            let failures = vec![format!("it cannot be signed: {error}")];
            return CaseOutcome { failures, ..not_sent };
        }
    };
    let SendOutcome { took, outcome, .. } = client.send(target, &request).await;
    match outcome {
        Ok(response) => {
            let (status, failures) = (Some(response.status), unmet(&case, &response));
            let response_body = if failures.is_empty() { None } else { excerpt(&response.body) };
            CaseOutcome { status, took, failures, response_body, ..not_sent }
        }
        Err(error) => {
            let (failures, is_unreachable) = (vec![error.to_string()], error.is_unreachable());
            CaseOutcome { took, failures, is_unreachable, ..not_sent }
        }
    }
}

/// Returns the request to send.
fn signed(case: &Case, target: &Target) -> Result<Request, SignError> {
    let Some((provider, secret)) = &case.signer else { return Ok(case.request.clone()) };
    let url = target.url(&case.request.head.target_text());
    let subject = Subject { head: &case.request.head, body: &case.request.body, url: Some(&url) };
    #[expect(clippy::disallowed_methods, reason = "a signature may cover the time of signing")]
    let now = Timestamp::now();
    Ok(resign(provider, secret, &subject, now, EventIdPolicy::Kept)?.request)
}

/// Returns the expectations that a response does not meet.
fn unmet(case: &Case, response: &Response) -> Vec<String> {
    let mut failures = Vec::new();
    if !case.statuses.has(response.status) {
        failures.push(format!("answered {}, expected {}", response.status, case.statuses));
    }
    failures.extend(expect::unmet_json(&case.expect.json, &response.body));
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_response_is_cut() {
        assert_eq!(excerpt(b" \n"), None);
        assert_eq!(excerpt(b" why\n").as_deref(), Some("why"));
        let shown = excerpt("\u{e9}".repeat(SHOWN_BODY + 1).as_bytes()).unwrap();
        assert_eq!((shown.chars().count(), shown.ends_with('…')), (SHOWN_BODY + 1, true));
    }

    #[test]
    fn pauses_follow_the_original() {
        let at = |second| Timestamp::from_second(second).ok();
        for (timing, last, next, millis) in [
            (ReplayTiming::None, at(1), at(9), 0),
            (ReplayTiming::Original(1.0), at(1), at(3), 2000),
            (ReplayTiming::Original(4.0), at(1), at(3), 500),
            (ReplayTiming::Original(1.0), at(3), at(1), 0),
            (ReplayTiming::Original(1.0), None, at(1), 0),
        ] {
            assert_eq!(pause(timing, last, next), Duration::from_millis(millis));
        }
    }
}
