//! Sends requests onwards, byte for byte, and says how that went. It knows no store.

mod client;
mod error;
mod forward_options;
mod forwarder;
mod health;
mod next_hop;
mod raw_head_writer;
mod target;
mod tls;

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::delivery::{
    Attempt, AttemptKind, DeliveryId, Head, Header, Outcome, ResponseRecord, Timing,
};

pub use client::Client;
pub use error::SendError;
pub use forward_options::{AddedHeaderError, ForwardOptions, added_header};
pub use forwarder::{Forwarder, QueueLimits, Ticket};
pub use health::{Health, TargetCondition};
pub use next_hop::next_hop_head;
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
pub struct SendOutcome {
    pub started_at: Timestamp,
    /// From the start of the connection to the end of the answer.
    pub took: Duration,
    pub timing: Timing,
    pub outcome: Result<Response, SendError>,
}

/// What is kept of a sending of the bytes as they came; another form has its `changes` told
/// afterwards.
pub fn attempt(
    kind: AttemptKind,
    delivery: DeliveryId,
    target: &Target,
    sent: &SendOutcome,
) -> Attempt {
    let outcome = match &sent.outcome {
        Ok(response) => Outcome::Answered(ResponseRecord {
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
