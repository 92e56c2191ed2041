//! Attempts: outgoing sends of a delivery, with response and timing.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::{DeliveryId, Header};
use crate::words::words;

words! {
    /// Reason for an attempt.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum AttemptKind {
        /// Forwarded to a target, normally while the client waits for the response.
        Forward = "forward",
        /// Forwarded again, because the target was down.
        Retry = "retry",
        /// Forwarded, with a response that came after the time limit.
        Late = "late",
        /// Resent by the user.
        Resend = "resend",
        /// Sent by a replay of fixtures.
        Replay = "replay",
    }
}

/// Response of a target, as stored with an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseRecord {
    pub status: u16,
    /// In the order received, as far as the client library preserves it.
    pub headers: Vec<Header>,
    /// The body, or its beginning.
    pub body: Bytes,
    /// Bytes that the target sent; more than `body.len()` if only the beginning is kept.
    pub body_size: u64,
}

/// Outcome of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Responded(ResponseRecord),
    /// No response was received; the reason in one sentence.
    Failed {
        reason: String,
        timed_out: bool,
    },
}

/// Times within an attempt, counted from its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// The connection was established, including TLS if the target uses it.
    pub connected: Option<Duration>,
    /// The head of the response was received.
    pub first_byte: Option<Duration>,
}

/// One outgoing send of a delivery to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub delivery: DeliveryId,
    pub kind: AttemptKind,
    /// The target URL, without credentials.
    pub target: String,
    pub at: Timestamp,
    /// From the start of the connection to the end of the response.
    pub took: Duration,
    pub timing: Timing,
    /// Changes made for a new signature, in one line; none if it was sent exactly as received.
    pub changes: Option<String>,
    /// Name of the person who sent it from another machine; none if it was sent from here.
    pub sender: Option<String>,
    pub outcome: Outcome,
}

/// Change between two attempts to send a delivery to the same target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// 2xx now, but not before.
    Fixed,
    /// 2xx before, but not now.
    Broken,
    Same,
}

impl Transition {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Broken => "broken",
            Self::Same => "same",
        }
    }
}

/// Comparison of an attempt with an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    pub transition: Transition,
    /// Both got responses, with different statuses.
    pub status_differs: bool,
    /// Both got responses, with different bodies as far as they are kept.
    pub body_differs: bool,
}

impl Attempt {
    /// Returns the status of the response, if there was one.
    pub fn status(&self) -> Option<u16> {
        match &self.outcome {
            Outcome::Responded(answered) => Some(answered.status),
            Outcome::Failed { .. } => None,
        }
    }

    /// Returns true for a 2xx response.
    pub fn is_accepted(&self) -> bool {
        self.status().is_some_and(|status| (200..300).contains(&status))
    }

    /// Returns `resigned` if the attempt has a new signature, else `exact`.
    pub fn form(&self) -> &'static str {
        if self.changes.is_some() { "resigned" } else { "exact" }
    }

    /// Compares this attempt with an earlier one.
    pub fn compare_with(&self, earlier: &Self) -> Comparison {
        let transition = match (earlier.is_accepted(), self.is_accepted()) {
            (false, true) => Transition::Fixed,
            (true, false) => Transition::Broken,
            _ => Transition::Same,
        };
        let (mut status_differs, mut body_differs) = (false, false);
        if let (Outcome::Responded(one), Outcome::Responded(other)) =
            (&earlier.outcome, &self.outcome)
        {
            status_differs = one.status != other.status;
            body_differs = (one.body_size, &one.body) != (other.body_size, &other.body);
        }
        Comparison { transition, status_differs, body_differs }
    }

    /// Finds the attempt among `earlier` ones, oldest first, to compare this one with: the last to
    /// the same target.
    pub fn predecessor_in<'a>(&self, earlier: &'a [Self]) -> Option<&'a Self> {
        earlier.iter().rev().find(|one| one.target == self.target)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.transition.as_str())?;
        match (self.transition, self.status_differs, self.body_differs) {
            (Transition::Same, true, _) => f.write_str(", different status"),
            (Transition::Same, false, true) => f.write_str(", different body"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(target: &str, status: Option<u16>, body: &'static [u8]) -> Attempt {
        let outcome = match status {
            Some(status) => Outcome::Responded(ResponseRecord {
                status,
                headers: Vec::new(),
                body: Bytes::from_static(body),
                body_size: body.len() as u64,
            }),
            None => Outcome::Failed { reason: "refused".to_owned(), timed_out: false },
        };
        Attempt {
            delivery: DeliveryId(1),
            kind: AttemptKind::Resend,
            target: target.to_owned(),
            at: Timestamp::UNIX_EPOCH,
            took: Duration::ZERO,
            timing: Timing::default(),
            sender: None,
            changes: None,
            outcome,
        }
    }

    #[test]
    fn compares_an_attempt_with_the_last_to_the_same_target() {
        for (before, now, expected) in [
            ((Some(500), "a"), (Some(204), "a"), "fixed"),
            ((None, ""), (Some(200), ""), "fixed"),
            ((Some(299), ""), (None, ""), "broken"),
            ((Some(200), "a"), (Some(300), "a"), "broken"),
            ((Some(200), "a"), (Some(200), "a"), "same"),
            ((Some(200), "a"), (Some(200), "b"), "same, different body"),
            ((Some(500), "a"), (Some(404), "b"), "same, different status"),
            ((None, ""), (None, ""), "same"),
        ] {
            let earlier = [
                attempt("http://a", before.0, before.1.as_bytes()),
                attempt("http://b", Some(200), b"other"),
            ];
            let now = attempt("http://a", now.0, now.1.as_bytes());
            let last = now.predecessor_in(&earlier).unwrap();
            assert_eq!(now.compare_with(last).to_string(), expected);
        }
        assert_eq!(attempt("http://c", None, b"").predecessor_in(&[]), None);
    }
}
