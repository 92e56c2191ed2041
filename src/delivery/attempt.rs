//! One sending of a delivery onwards, with the answer and the time that it took.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::{DeliveryId, Header};

/// On whose behalf a delivery was sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptKind {
    /// By `--forward`, while the sender waited for the answer.
    Forward,
    /// By the user's hand.
    Resend,
    /// By a replay of fixtures.
    Replay,
}

impl AttemptKind {
    pub const ALL: [Self; 3] = [Self::Forward, Self::Resend, Self::Replay];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Resend => "resend",
            Self::Replay => "replay",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a target answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseRecord {
    pub status: u16,
    /// In the order received, as far as the client library tells.
    pub headers: Vec<Header>,
    /// The body, or its beginning.
    pub body: Bytes,
    /// Bytes that the target sent; more than `body.len()` where only the beginning is kept.
    pub body_size: u64,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Answered(ResponseRecord),
    /// No answer came; the reason in a sentence.
    Failed {
        reason: String,
        timed_out: bool,
    },
}

/// When things happened, counted from the start of an attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// The connection stood, with TLS where the target wants it.
    pub connected: Option<Duration>,
    /// The head of the answer was there.
    pub first_byte: Option<Duration>,
}

/// One sending of a delivery to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub delivery: DeliveryId,
    pub kind: AttemptKind,
    /// The URL that was sent to, without credentials.
    pub target: String,
    pub at: Timestamp,
    /// From the start of the connection to the end of the answer.
    pub took: Duration,
    pub timing: Timing,
    /// What was changed for a new signature, in a line; nothing of one that was sent exactly as
    /// it came.
    pub changes: Option<String>,
    pub outcome: Outcome,
}

/// What became of a target's answer since it was last asked the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// A 2xx now, and none before.
    Fixed,
    /// A 2xx before, and none now.
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

/// An attempt beside the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    pub turn: Transition,
    /// Both were answered, with different statuses.
    pub status_differs: bool,
    /// Both were answered, with different bodies as far as these were kept.
    pub body_differs: bool,
}

impl Attempt {
    /// The status that the target answered with, if it answered.
    pub fn status(&self) -> Option<u16> {
        match &self.outcome {
            Outcome::Answered(answered) => Some(answered.status),
            Outcome::Failed { .. } => None,
        }
    }

    /// Whether the target said yes.
    pub fn is_accepted(&self) -> bool {
        self.status().is_some_and(|status| (200..300).contains(&status))
    }

    /// `exact`, or `resigned` where a new signature was put in.
    pub fn form(&self) -> &'static str {
        if self.changes.is_some() { "resigned" } else { "exact" }
    }

    /// This attempt beside an earlier one.
    pub fn compared(&self, earlier: &Self) -> Comparison {
        let turn = match (earlier.is_accepted(), self.is_accepted()) {
            (false, true) => Transition::Fixed,
            (true, false) => Transition::Broken,
            _ => Transition::Same,
        };
        let (mut status_differs, mut body_differs) = (false, false);
        if let (Outcome::Answered(one), Outcome::Answered(other)) =
            (&earlier.outcome, &self.outcome)
        {
            status_differs = one.status != other.status;
            body_differs = (one.body_size, &one.body) != (other.body_size, &other.body);
        }
        Comparison { turn, status_differs, body_differs }
    }

    /// The attempt among `earlier` ones, oldest first, that this one is compared with: the last
    /// one to the same target.
    pub fn last_of<'a>(&self, earlier: &'a [Self]) -> Option<&'a Self> {
        earlier.iter().rev().find(|one| one.target == self.target)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.turn.as_str())?;
        match (self.turn, self.status_differs, self.body_differs) {
            (Transition::Same, true, _) => f.write_str(", but another status"),
            (Transition::Same, false, true) => f.write_str(", but another body"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(target: &str, status: Option<u16>, body: &'static [u8]) -> Attempt {
        let outcome = match status {
            Some(status) => Outcome::Answered(ResponseRecord {
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
            changes: None,
            outcome,
        }
    }

    #[test]
    fn an_attempt_is_compared_with_the_last_to_the_same_target() {
        for (before, now, says) in [
            ((Some(500), "a"), (Some(204), "a"), "fixed"),
            ((None, ""), (Some(200), ""), "fixed"),
            ((Some(299), ""), (None, ""), "broken"),
            ((Some(200), "a"), (Some(300), "a"), "broken"),
            ((Some(200), "a"), (Some(200), "a"), "same"),
            ((Some(200), "a"), (Some(200), "b"), "same, but another body"),
            ((Some(500), "a"), (Some(404), "b"), "same, but another status"),
            ((None, ""), (None, ""), "same"),
        ] {
            let earlier = [
                attempt("http://a", before.0, before.1.as_bytes()),
                attempt("http://b", Some(200), b"other"),
            ];
            let now = attempt("http://a", now.0, now.1.as_bytes());
            let last = now.last_of(&earlier).unwrap();
            assert_eq!(now.compared(last).to_string(), says);
        }
        assert_eq!(attempt("http://c", None, b"").last_of(&[]), None);
    }
}
