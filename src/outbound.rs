//! Sends requests to targets, byte for byte, and reports the outcome. It does not know the store.

mod client;
mod error;
mod forward_options;
mod forwarder;
mod health;
mod hop;
mod next_hop;
mod raw_head_writer;
mod response_timeout;
mod retry;
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
pub use forward_options::{ForwardOptions, added_header};
pub use forwarder::{Forwarder, QueueLimits, Ticket};
pub use health::{Health, TargetCondition};
pub use next_hop::next_hop_head;
pub use response_timeout::ResponseTimeout;
pub use retry::Retry;
pub use target::{Target, TargetError};

/// Maximum size of a response body stored with an attempt.
const MAX_KEPT_BODY: usize = 64 << 10;

/// A request to send.
#[derive(Debug, Clone)]
pub struct Request {
    pub head: Head,
    pub body: Bytes,
}

/// Response of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Bytes,
}

impl Response {
    /// Returns what is stored with an attempt.
    pub fn record(&self) -> ResponseRecord {
        ResponseRecord {
            status: self.status,
            headers: self.headers.clone(),
            // Copied, since a slice would keep all of a large body in memory.
            body: self.body.iter().copied().take(MAX_KEPT_BODY).collect(),
            body_size: self.body.len() as u64,
        }
    }
}

/// Outcome of sending a request.
#[derive(Debug)]
pub struct SendOutcome {
    pub started_at: Timestamp,
    /// From the start of the connection to the end of the response.
    pub took: Duration,
    pub timing: Timing,
    pub outcome: Result<Response, SendError>,
}

/// Creates the attempt of a request sent exactly as received; for a re-signed one the caller sets
/// `changes`.
pub fn attempt(
    kind: AttemptKind,
    delivery: DeliveryId,
    target: &Target,
    sent: &SendOutcome,
) -> Attempt {
    let took_ms = sent.took.as_millis();
    match &sent.outcome {
        Ok(response) => tracing::info!(
            id = delivery.0,
            kind = kind.as_str(),
            target = target.origin(),
            status = response.status,
            took_ms,
            "attempt answered"
        ),
        Err(error) => tracing::warn!(
            id = delivery.0,
            kind = kind.as_str(),
            target = target.origin(),
            error = error.code(),
            took_ms,
            "attempt failed"
        ),
    }
    let outcome = match &sent.outcome {
        Ok(response) => Outcome::Responded(response.record()),
        Err(error) => Outcome::Failed { reason: error.to_string(), timed_out: error.timed_out() },
    };
    Attempt {
        delivery,
        kind,
        target: target.to_string(),
        at: sent.started_at,
        took: sent.took,
        timing: sent.timing,
        sender: None,
        changes: None,
        outcome,
    }
}
