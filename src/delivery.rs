//! Shared data types: a delivery, its head, its verdict, its attempts.
//!
//! This module knows no sockets, files, or screens. A [`Summary`] is what a list needs of a
//! delivery; a [`Delivery`] adds the bytes as received.

mod attempt;
mod flags;
mod head;
mod verdict;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::words::words;

pub use attempt::{Attempt, AttemptKind, Comparison, Outcome, ResponseRecord, Timing, Transition};
pub use flags::{DeliveryFlags, Related};
pub use head::{
    Head, HeadError, Header, Version, header_text, is_added_in_transit, is_credential,
    is_hop_by_hop, is_token, target_path,
};
pub use verdict::{BodyPosition, Explanation, Help, Proof, ProofRow, SignatureStatus, Verdict};

/// The store's id of a delivery; later deliveries have larger ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub i64);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Error of parsing a delivery id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a delivery number such as 7, or `last` (see `hookglass list`)")]
pub struct NoDeliveryId;

impl FromStr for DeliveryId {
    type Err = NoDeliveryId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        digits.parse().map(Self).map_err(|_| NoDeliveryId)
    }
}

/// Event of a delivery, as far as its provider states where to find it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventRef {
    /// The provider's event id, the same in every retry.
    pub id: Option<String>,
    /// Event type, e.g. `message.updated`.
    pub event_type: Option<String>,
}

words! {
    /// Origin of a delivery in the store.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Source {
        Live = "live",
        Resend = "resend",
        Replay = "replay",
        Import = "import",
        /// Received by another listener, and read from the stream that it publishes to.
        Hub = "hub",
    }
}

/// Place of a delivery in the stream of a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubPlace {
    /// Identifies the message of the delivery, also when it is published again.
    pub message: String,
    pub stream: String,
    /// Number in the stream; none until the stream acknowledged the message.
    pub sequence: Option<u64>,
    /// Name of the listener that received the delivery.
    pub listener: String,
}

/// Reason why the listener did not receive a request completely. Such a request is listed all the
/// same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A kebab-case code: `body-too-large`, `head-too-large`, `head-malformed`, `head-timeout`,
    /// `body-timeout`, `body-malformed`, `body-incomplete`.
    pub code: String,
    /// What happened, in one sentence with the known figures.
    pub reason: String,
}

impl Refusal {
    /// Explains why a refused delivery cannot be exported, copied, or sent as if it were complete.
    pub fn incomplete_reason(&self) -> String {
        format!("it was refused ({}), so it is incomplete", self.code)
    }
}

/// The provider of a delivery in which none was recognized.
pub const UNKNOWN_PROVIDER: &str = "unknown";

/// Facts known once a request was received or read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestFacts {
    pub received_at: Timestamp,
    /// `ADDR:PORT` of the client; absent if an imported file does not state it.
    pub peer: Option<String>,
    pub method: String,
    /// The request target as text; bytes that are not UTF-8 are decoded as Latin-1.
    pub target: String,
    pub version: Version,
    /// Size of the body in bytes. Of a refused delivery: the declared size, or the bytes received.
    pub body_size: u64,
    pub refused: Option<Refusal>,
    pub source: Source,
    /// The delivery that this one was made from by an edit.
    pub origin: Option<DeliveryId>,
    /// Path of the configured source that it came through.
    pub via: Option<String>,
    /// Place in the stream of a hub, if the delivery is published or was read from there.
    pub hub: Option<Box<HubPlace>>,
}

impl RequestFacts {
    /// Creates the facts of a live request with this head, received at `received_at`.
    pub fn new(head: &Head, body_size: u64, received_at: Timestamp) -> Self {
        Self {
            received_at,
            peer: None,
            method: head.method.clone(),
            target: head.target_text().into_owned(),
            version: head.version,
            body_size,
            refused: None,
            source: Source::Live,
            origin: None,
            via: None,
            hub: None,
        }
    }
}

/// Mark and note that the user added to a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations {
    pub marked: bool,
    pub note: Option<String>,
}

/// A delivery that the store has not numbered yet.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    pub request: RequestFacts,
    pub head: Head,
    pub body: Bytes,
    pub provider: String,
    pub event: EventRef,
    pub signature: Verdict,
    /// The search for the cause of the verdict is still running.
    pub diagnosing: bool,
    /// The status of the response, as far as it is known; see [`Summary::response`].
    pub response: Option<u16>,
    /// See [`Summary::latency`].
    pub latency: Option<Duration>,
}

impl NewDelivery {
    /// Creates a live delivery of which only bytes and time are known.
    pub fn new(head: Head, body: Bytes, received_at: Timestamp) -> Self {
        Self {
            request: RequestFacts::new(&head, body.len() as u64, received_at),
            head,
            body,
            provider: UNKNOWN_PROVIDER.to_owned(),
            event: EventRef::default(),
            signature: Verdict {
                status: SignatureStatus::Unchecked,
                cause: None,
                explanation: None,
                secret: None,
            },
            diagnosing: false,
            response: None,
            latency: None,
        }
    }

    /// Turns it into a stored delivery with the id that the store assigned.
    pub fn into_delivery(self, id: DeliveryId, duplicate_of: Option<DeliveryId>) -> Delivery {
        let Self { request, head, body, provider, event, signature, .. } = self;
        let Self { diagnosing, response, latency, .. } = self;
        let summary = Summary {
            id,
            request,
            provider,
            event,
            signature,
            diagnosing,
            response,
            latency,
            duplicate_of,
            annotations: Annotations::default(),
            flags: DeliveryFlags::default(),
        };
        Delivery { summary, head, body, attempts: Vec::new() }
    }
}

/// Everything about a delivery but its bytes and attempts.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub id: DeliveryId,
    pub request: RequestFacts,
    pub provider: String,
    pub event: EventRef,
    pub signature: Verdict,
    /// The search for the cause of the verdict is still running.
    pub diagnosing: bool,
    /// The status of the response to the client; none while it waits, and 0 if no response was
    /// sent on purpose.
    pub response: Option<u16>,
    /// Time from the complete request to the response of a rule or a target; none if hookglass
    /// responded at once by itself.
    pub latency: Option<Duration>,
    /// The first delivery with the same event id from the same provider.
    pub duplicate_of: Option<DeliveryId>,
    pub annotations: Annotations,
    pub flags: DeliveryFlags,
}

impl Summary {
    /// Returns true if it no longer changes by itself: it has a response and a diagnosis. An
    /// imported delivery never gets a response, and one from a hub gets it elsewhere.
    pub fn is_settled(&self) -> bool {
        let is_foreign = matches!(self.request.source, Source::Import | Source::Hub);
        (self.response.is_some() || is_foreign) && !self.diagnosing
    }

    /// Returns whether type and id of the event are guesses, because the sender is unknown.
    pub fn is_guessed(&self) -> bool {
        let EventRef { id, event_type } = &self.event;
        self.provider == UNKNOWN_PROVIDER && (id.is_some() || event_type.is_some())
    }

    /// Returns how long the client waited for the response of a rule or a target, or until it left.
    pub fn waited(&self) -> Option<Duration> {
        self.flags.client_gone.or(self.latency)
    }

    /// Returns the title for lists: the event type, or the request line of a delivery without one.
    pub fn title(&self) -> String {
        match (&self.request.refused, &self.event.event_type) {
            (Some(refusal), _) => format!("refused {}", refusal.code),
            (None, Some(kind)) => kind.clone(),
            (None, None) => format!("{} {}", self.request.method, self.request.target),
        }
    }
}

/// One HTTP request, complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub summary: Summary,
    pub head: Head,
    /// The body bytes as received, chunk framing removed. Empty for a refused delivery.
    pub body: Bytes,
    /// Every attempt to send this delivery, oldest first.
    pub attempts: Vec<Attempt>,
}
