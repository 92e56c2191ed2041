//! Sends fixtures to a target and checks its responses.
//!
//! A request whose signature was valid is re-signed, so that it is as fresh as when it was
//! received. One with an invalid signature is sent as it is, and has to be refused.

mod cases;
mod expect;
mod history;
mod junit;

use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::delivery::SignatureStatus;
use crate::formats::fixture::Expect;
use crate::ops::resign::{EventIdPolicy, resign};
use crate::outbound::{Client, Request, Response, SendOutcome, Target};
use crate::provider::Provider;
use crate::secret::Secret;
use crate::signature::Subject;

pub use cases::{CaseError, CaseReader, FileCases, KeyCounts, LeftOutCase};
pub use expect::{ExpectError, StatusRange, Statuses};
pub use history::{CaseChange, ReplayHistory};
pub use junit::junit;

/// A request to send, and the expected response.
#[derive(Debug, Clone)]
pub struct Case {
    /// Name in reports: the fixture's name, or file and number.
    pub name: String,
    pub request: Request,
    pub received_at: Option<Timestamp>,
    /// Provider and secret for re-signing; `None` to send the request as it is.
    pub signer: Option<(Provider, Secret)>,
    pub statuses: Statuses,
    pub expect: Expect,
}

/// Time between one request and the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ReplayTiming {
    None,
    /// The original time, divided by this factor.
    Original(f64),
}

/// Order and number of requests.
#[derive(Debug, Clone)]
pub struct ReplayPlan {
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
pub struct CaseOutcome {
    pub name: String,
    pub status: Option<u16>,
    pub took: Duration,
    /// Unmet expectations; empty if the case passed.
    pub failures: Vec<String>,
    /// There was no response at all.
    pub is_unreachable: bool,
}

/// Returns the statuses that a target should respond with, given the verdict of the request.
pub fn default_statuses(verdict: Option<SignatureStatus>) -> Statuses {
    if verdict.is_some_and(SignatureStatus::is_failed) {
        Statuses::refused()
    } else {
        Statuses::accepted()
    }
}

/// Sends every case and reports each outcome as it arrives; the returned outcomes are in the order
/// of sending.
pub async fn run(
    client: &Client,
    target: &Target,
    (cases, plan): (Vec<Case>, &ReplayPlan),
    mut tell: impl FnMut(&CaseOutcome),
) -> Vec<CaseOutcome> {
    let mut sendings: JoinSet<(usize, CaseOutcome)> = JoinSet::new();
    let mut outcomes: Vec<(usize, CaseOutcome)> = Vec::new();
    let mut last: Option<Timestamp> = None;
    let mut number = 0;
    for case in ordered(cases, plan.shuffle) {
        tokio::time::sleep(pause(plan.timing, last, case.received_at)).await;
        last = case.received_at.or(last);
        for _ in 0..plan.duplicate {
            while sendings.len() >= plan.concurrency.max(1) {
                take(&mut sendings, &mut outcomes, &mut tell).await;
            }
            let (client, target, case) = (client.clone(), target.clone(), case.clone());
            sendings.spawn(async move { (number, send(&client, &target, case).await) });
            number += 1;
        }
    }
    while !sendings.is_empty() {
        take(&mut sendings, &mut outcomes, &mut tell).await;
    }
    outcomes.sort_by_key(|(number, _)| *number);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

async fn take(
    sendings: &mut JoinSet<(usize, CaseOutcome)>,
    outcomes: &mut Vec<(usize, CaseOutcome)>,
    tell: &mut impl FnMut(&CaseOutcome),
) {
    match sendings.join_next().await {
        Some(Ok(done)) => {
            tell(&done.1);
            outcomes.push(done);
        }
        Some(Err(failed)) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        Some(Err(_)) | None => {}
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
    let request = match signed(&case, target) {
        Ok(request) => request,
        Err(reason) => {
            let failures = vec![reason];
            let took = Duration::ZERO;
            return CaseOutcome {
                name: case.name,
                status: None,
                took,
                failures,
                is_unreachable: false,
            };
        }
    };
    let SendOutcome { took, outcome, .. } = client.send(target, &request).await;
    let name = case.name.clone();
    match outcome {
        Ok(response) => CaseOutcome {
            name,
            status: Some(response.status),
            took,
            failures: unmet(&case, &response),
            is_unreachable: false,
        },
        Err(error) => {
            let is_unreachable = error.is_unreachable();
            CaseOutcome {
                name,
                status: None,
                took,
                failures: vec![error.to_string()],
                is_unreachable,
            }
        }
    }
}

/// Returns the request to send.
fn signed(case: &Case, target: &Target) -> Result<Request, String> {
    let Some((provider, secret)) = &case.signer else { return Ok(case.request.clone()) };
    let url = target.url(&case.request.head.target_text());
    let subject = Subject { head: &case.request.head, body: &case.request.body, url: Some(&url) };
    #[expect(clippy::disallowed_methods, reason = "a signature may cover the time of signing")]
    let now = Timestamp::now();
    let again = resign(provider, secret, &subject, now, EventIdPolicy::Kept);
    again.map(|again| again.request).map_err(|error| format!("it cannot be signed: {error}"))
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
