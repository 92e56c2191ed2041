//! Runs of requests that hookglass creates.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{DraftEvent, FileEvent, Tamper, request, still_verifies};
use crate::delivery::{Attempt, AttemptKind, DeliveryId, Header};
use crate::ops::resend::{ResendSummary, RunEnd, signing_secret};
use crate::outbound::{self, Client, Request, Target};
use crate::provider::{Provider, Sample, Seed};
use crate::signature::{Credentials, SignError};

/// Source of the requests' content.
#[derive(Debug, Clone)]
pub enum EventSource<'p> {
    Sample(&'p Sample),
    File(FileEvent),
}

/// Picks the credentials to send a named event with: of several providers, the first that has such
/// a sample.
pub fn credentials_for<'c>(
    candidates: &'c [Credentials],
    event_type: &str,
) -> Option<&'c Credentials> {
    let has = |credentials: &&Credentials| credentials.provider.sample(event_type).is_some();
    candidates.iter().find(has).or(candidates.first())
}

/// Picks a sample event at random, of a provider that can be verified here if there is one.
pub fn random_sample(candidates: &[Credentials]) -> Option<(&Credentials, &Sample)> {
    let mut credentials: Vec<&Credentials> =
        candidates.iter().filter(|one| !one.provider.samples.is_empty()).collect();
    if credentials.iter().any(|credentials| !credentials.secrets.is_empty()) {
        credentials.retain(|credentials| !credentials.secrets.is_empty());
    }
    let credentials = fastrand::choice(credentials)?;
    Some((credentials, fastrand::choice(&credentials.provider.samples)?))
}

/// Requests to one target.
#[derive(Debug, Clone)]
pub struct SendRun<'k> {
    pub credentials: &'k Credentials,
    pub source: EventSource<'k>,
    /// Headers that replace those of the event, or are added to them.
    pub headers: Vec<Header>,
    pub target: Target,
    pub tamper: Option<Tamper>,
    pub count: u64,
    /// Time between the starts of two requests.
    pub period: Duration,
}

/// Progress of a run, in order; the last event is `Finished`.
#[derive(Debug)]
pub enum SendEvent {
    Sent { number: u64, attempt: Box<Attempt>, summary: ResendSummary },
    Finished(Result<ResendSummary, SignError>),
}

impl SendRun<'_> {
    fn provider(&self) -> &Provider {
        &self.credentials.provider
    }

    /// Builds the next request: a new event each time.
    pub fn request(&self) -> Result<Request, SignError> {
        let mut draft = match &self.source {
            EventSource::Sample(sample) => DraftEvent::of(sample, fastrand::Rng::new()),
            EventSource::File(file) => {
                #[expect(clippy::disallowed_methods, reason = "headers may have the time")]
                let now = Timestamp::now();
                file.draft(self.provider(), Seed { now, random: fastrand::Rng::new() })
            }
        };
        draft.headers.retain(|header| !self.headers.iter().any(|own| own.is(&header.name)));
        draft.headers.extend(self.headers.iter().cloned());
        // A POST to the target's own path.
        let url = self.target.url("/");
        let secret = signing_secret(self.credentials);
        request(self.provider(), secret.as_deref(), draft, &url, self.tamper)
    }

    /// Returns a note if a request that was tampered with still verifies.
    pub fn tampering_note(&self, request: &Request) -> Option<String> {
        self.tamper?;
        let secret = self.credentials.secrets.first();
        let url = self.target.url("/");
        still_verifies(self.provider(), secret, request, &url).then(|| {
            format!(
                "the signature of {} does not cover what was changed, so the request still verifies",
                self.provider().title
            )
        })
    }

    /// Sends the requests until one gets no response, or until nobody receives `events`.
    pub async fn run(self, client: &Client, events: mpsc::Sender<SendEvent>) {
        let mut summary = ResendSummary::new(self.count);
        let mut pace = tokio::time::interval(self.period.max(Duration::from_nanos(1)));
        for number in 1..=self.count {
            let request = match self.request() {
                Ok(request) => request,
                Err(error) => {
                    let _ = events.send(SendEvent::Finished(Err(error))).await;
                    return;
                }
            };
            pace.tick().await;
            let sent = client.send(&self.target, &request).await;
            // It belongs to no delivery.
            let attempt =
                outbound::attempt(AttemptKind::Resend, DeliveryId(0), &self.target, &sent);
            summary.count_attempt(&attempt);
            if let Err(error) = &sent.outcome {
                summary.end = RunEnd::Unreached(error.to_string());
            }
            let over = summary.end != RunEnd::Complete;
            let attempt = Box::new(attempt);
            let event = SendEvent::Sent { number, attempt, summary: summary.clone() };
            if events.send(event).await.is_err() {
                return;
            }
            if over {
                break;
            }
        }
        let _ = events.send(SendEvent::Finished(Ok(summary))).await;
    }
}
