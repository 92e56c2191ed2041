//! One sending of a delivery onwards, with the answer and the time that it took.

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
pub struct Answered {
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
    Answered(Answered),
    /// No answer came; the reason in a sentence.
    Failed {
        reason: String,
        timed_out: bool,
    },
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
    pub outcome: Outcome,
}

impl Attempt {
    /// The status that the target answered with, if it answered.
    pub fn status(&self) -> Option<u16> {
        match &self.outcome {
            Outcome::Answered(answered) => Some(answered.status),
            Outcome::Failed { .. } => None,
        }
    }
}
