//! Identifies a request: provider, event, and verdict.

use jiff::Timestamp;

use super::signed_payload::Subject;
use super::verifier::Verifier;
use super::verify::verify_as;
use crate::delivery::{EventRef, UNKNOWN_PROVIDER, Verdict};
use crate::provider::common_event;

/// Provider, event, and verdict of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Identified {
    pub provider: String,
    pub event: EventRef,
    pub verdict: Verdict,
}

impl Verifier {
    /// Detects the provider of a request and checks its signature, as of `at`.
    pub fn identify(&self, subject: &Subject<'_>, at: Timestamp) -> Identified {
        let values = self.values(subject);
        let judgment = self.judge_values(subject, &values, at);
        let provider = judgment.credentials.map(|credentials| &credentials.provider);
        let name = provider.map_or(UNKNOWN_PROVIDER, |provider| &provider.name);
        let event = match provider {
            Some(provider) => provider.event_in(&values),
            None => common_event(&values),
        };
        Identified { provider: name.to_owned(), event, verdict: judgment.verdict }
    }

    /// Checks a request whose provider is known already.
    pub fn identify_as(&self, provider: &str, subject: &Subject<'_>, at: Timestamp) -> Identified {
        let Some(credentials) = self.named(provider) else {
            let verdict = self.judge(subject, at).verdict;
            return Identified {
                provider: provider.to_owned(),
                event: EventRef::default(),
                verdict,
            };
        };
        let known = &credentials.provider;
        Identified {
            provider: known.name.clone(),
            event: known.event(subject.head, subject.body),
            verdict: verify_as(known, &credentials.secrets, subject, at),
        }
    }
}
