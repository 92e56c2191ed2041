//! Sends requests onwards, byte for byte, and says how that went. It knows no store.

mod client;
mod error;
mod raw_head_writer;
mod forwarder;
mod health;
mod manner;
mod onward;
mod target;
mod tls;

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::delivery::{Answered, Attempt, AttemptKind, DeliveryId, Head, Header, Outcome, Timing};

pub use client::Client;
pub use error::SendError;
pub use forwarder::{Forwarder, Pace, Ticket};
pub use health::{Condition, Health};
pub use manner::{AddedHeaderError, Manner, added_header};
pub use onward::onward;
pub use target::{Target, TargetError};

/// Bytes of an answer's body that are kept with an attempt.
const KEPT: usize = 64 << 10;

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub head: Head,
    pub body: Bytes,
}

/// What a target answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Bytes,
}

/// How a sending went.
#[derive(Debug)]
pub struct Sent {
    pub started_at: Timestamp,
    /// From the start of the connection to the end of the answer.
    pub took: Duration,
    pub timing: Timing,
    pub outcome: Result<Response, SendError>,
}

/// What is kept of a sending of the bytes as they came; another form has its `changes` told
/// afterwards.
pub fn attempt(kind: AttemptKind, delivery: DeliveryId, target: &Target, sent: &Sent) -> Attempt {
    let outcome = match &sent.outcome {
        Ok(response) => Outcome::Answered(Answered {
            status: response.status,
            headers: response.headers.clone(),
            // A slice would hold on to the whole of a large answer.
            body: response.body.iter().copied().take(KEPT).collect(),
            body_size: response.body.len() as u64,
        }),
        Err(error) => Outcome::Failed { reason: error.to_string(), timed_out: error.timed_out() },
    };
    Attempt {
        delivery,
        kind,
        target: target.to_string(),
        at: sent.started_at,
        took: sent.took,
        timing: sent.timing,
        changes: None,
        outcome,
    }
}
