//! Counts of a run.

use super::ResendOutcome;
use crate::delivery::{Attempt, Transition};

/// Counts of a run so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResendSummary {
    /// Requests that were planned.
    pub total: u64,
    /// Responses with 2xx.
    pub accepted: u64,
    /// Responses with another status.
    pub rejected: u64,
    /// Requests without a response.
    pub failed: u64,
    /// Accepted after the last attempt to the same target was not.
    pub fixed: u64,
    /// Not accepted after the last attempt to the same target was.
    pub broken: u64,
    /// Sent exactly, because they could not be re-signed.
    pub unsigned: u64,
    /// Deliveries that could not be sent.
    pub skipped: u64,
    pub end: RunEnd,
}

/// Reason why a run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RunEnd {
    /// Nothing: it went through everything, or is not over yet.
    #[default]
    Complete,
    Stopped,
    /// The target cannot be reached, for this reason.
    Unreached(String),
}

impl ResendSummary {
    pub fn new(total: u64) -> Self {
        Self { total, ..Self::default() }
    }

    pub fn sent(&self) -> u64 {
        self.accepted + self.rejected + self.failed
    }

    pub fn unsent(&self) -> u64 {
        self.total.saturating_sub(self.sent())
    }

    /// Counts an attempt by its response.
    pub fn count_attempt(&mut self, attempt: &Attempt) {
        *match attempt.status() {
            None => &mut self.failed,
            Some(_) if attempt.is_accepted() => &mut self.accepted,
            Some(_) => &mut self.rejected,
        } += 1;
    }

    pub(super) fn count(&mut self, outcome: &ResendOutcome) {
        self.count_attempt(&outcome.attempt);
        match outcome.comparison.map(|comparison| comparison.transition) {
            Some(Transition::Fixed) => self.fixed += 1,
            Some(Transition::Broken) => self.broken += 1,
            Some(Transition::Same) | None => {}
        }
        self.unsigned += u64::from(outcome.unsigned.is_some());
        if let Some(reason) = outcome.unreached_reason() {
            self.end = RunEnd::Unreached(reason.to_owned());
        }
    }
}
