//! Publishes deliveries, and waits for the stream's acknowledgement.
//!
//! A publish that fails is tried again with the same message id, which the stream recognizes, until
//! the client of the delivery has waited long enough. Afterwards the delivery stays marked in the
//! store, and is published once the hub is back.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::connection::{Hub, HubLink};
use super::envelope::{Envelope, MAX_CHUNKS, MAX_SIZE};
use super::subject;
use crate::delivery::HubPlace;
use crate::error_chain;

/// Time within which a client gets its response.
const CLIENT_WAITS: Duration = Duration::from_secs(5);

/// Time for one acknowledgement. The election of a leader takes longer than the response of one.
const TRY: Duration = Duration::from_millis(1500);

/// Time before a failed publish is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// Parts of a large delivery that are sent at a time, and the time that each of them adds.
const PARTS_AT_ONCE: usize = 4;
const TIME_PER_PART: Duration = Duration::from_millis(100);

/// Bytes that the headers of a message and the protocol around it may take.
const OVERHEAD: usize = 1024;

/// Reason why a delivery was not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubPublishError {
    #[error("the hub did not acknowledge it in time: {0}")]
    TimedOut(String),
    #[error("the hub has refused it: {0}")]
    Refused(String),
    #[error("it has more than {} MiB, the limit for a hub", MAX_SIZE >> 20)]
    TooLarge,
}

/// Publishes deliveries. Clones share a connection.
#[derive(Debug, Clone)]
pub struct Publisher {
    hub: Hub,
    link: watch::Receiver<HubLink>,
    messages: Arc<MessageIds>,
}

/// Message ids that no other process uses.
struct MessageIds {
    /// Random, for this process.
    process: String,
    next: AtomicU64,
}

impl fmt::Debug for MessageIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageIds").field("process", &self.process).finish_non_exhaustive()
    }
}

impl Publisher {
    pub fn new(hub: Hub) -> Self {
        let process = new_instance();
        let messages = Arc::new(MessageIds { process, next: AtomicU64::new(1) });
        Self { link: hub.link(), hub, messages }
    }

    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Returns the place of a delivery that is about to be published.
    pub fn place(&self) -> HubPlace {
        let number = self.messages.next.fetch_add(1, Ordering::Relaxed);
        HubPlace {
            message: format!("{}-{number}", self.messages.process),
            stream: self.hub.stream_name().to_owned(),
            sequence: None,
            listener: self.hub.name().to_owned(),
        }
    }

    /// Publishes a delivery while its client waits, and returns its sequence.
    pub async fn publish(&self, envelope: Envelope) -> Result<u64, HubPublishError> {
        self.publish_until(envelope, Instant::now() + CLIENT_WAITS).await
    }

    /// Publishes a delivery whose client does not wait any more.
    pub async fn publish_again(&self, envelope: Envelope) -> Result<u64, HubPublishError> {
        self.publish_until(envelope, Instant::now() + 4 * CLIENT_WAITS).await
    }

    /// Publishes a change of a delivery.
    pub async fn publish_update(&self, update: Vec<u8>) -> Result<(), HubPublishError> {
        let id = self.place().message;
        let message = PublishMessage::build().message_id(id).payload(update.into());
        let end = Instant::now() + CLIENT_WAITS;
        self.send_until(subject::attempts(self.hub.name()), message, end).await.map(drop)
    }

    /// Waits until the connection is established; false if the program is ending.
    pub async fn is_connected(&self) -> bool {
        self.link.clone().wait_for(|link| link.is_connected).await.is_ok()
    }

    async fn publish_until(
        &self,
        mut envelope: Envelope,
        end: Instant,
    ) -> Result<u64, HubPublishError> {
        let mut end = end;
        let payload = envelope.payload.clone();
        if payload.len() > MAX_SIZE {
            return Err(HubPublishError::TooLarge);
        }
        let room = self.hub.client.max_payload().saturating_sub(OVERHEAD).max(OVERHEAD);
        if payload.len() + size(&envelope) > room {
            let mut sequences = Vec::new();
            let parts = payload.len().div_ceil(room);
            if parts > MAX_CHUNKS {
                return Err(HubPublishError::TooLarge);
            }
            end += TIME_PER_PART * u32::try_from(parts).unwrap_or(u32::MAX);
            let sending = (0..parts).map(|part| {
                let bytes = payload.slice(part * room..payload.len().min((part + 1) * room));
                let id = format!("{}.{part}", envelope.message);
                let message = PublishMessage::build().message_id(id).payload(bytes);
                self.send_until(subject::chunk(&envelope.message), message, end)
            });
            let mut sent = stream::iter(sending).buffered(PARTS_AT_ONCE);
            while let Some(stored) = sent.try_next().await? {
                sequences.push(stored.sequence);
            }
            drop(sent);
            envelope.refer_to(&sequences);
        }
        let Envelope { subject, headers, payload, .. } = envelope;
        let message = PublishMessage::build().headers(headers).payload(payload);
        self.send_until(subject, message, end).await.map(|stored| stored.sequence)
    }

    /// Sends a message until it is acknowledged.
    async fn send_until(
        &self,
        subject: String,
        message: PublishMessage,
        end: Instant,
    ) -> Result<PublishAck, HubPublishError> {
        let message = message.expected_stream(self.hub.stream_name());
        let mut last = "it is not connected".to_owned();
        loop {
            // Without a connection the client would keep the message in memory.
            let mut link = self.link.clone();
            let Ok(Ok(_)) = timeout_at(end, link.wait_for(|link| link.is_connected)).await else {
                return Err(HubPublishError::TimedOut(last));
            };
            let sent = self.send(subject.clone(), message.clone(), end).await;
            match sent {
                Ok(stored) => return Ok(stored),
                Err(error) if is_final(&error) => {
                    return Err(HubPublishError::Refused(error_chain::with_sources(&error)));
                }
                Err(error) => last = error_chain::with_sources(&error),
            }
            // The server names the subject.
            let refused = self.link.borrow().refusal(&subject).cloned();
            if let Some(reason) = refused {
                return Err(HubPublishError::Refused(reason.to_string()));
            }
            if Instant::now() + PAUSE >= end {
                return Err(HubPublishError::TimedOut(last));
            }
            sleep(PAUSE).await;
        }
    }

    async fn send(
        &self,
        subject: String,
        message: PublishMessage,
        end: Instant,
    ) -> Result<PublishAck, PublishError> {
        let limit = end.min(Instant::now() + TRY);
        tokio::select! {
            biased;
            outcome = async { self.hub.context.send_publish(subject, message).await?.await } => outcome,
            () = sleep_until(limit) => Err(PublishError::new(PublishErrorKind::TimedOut)),
        }
    }
}

/// Returns whether a message would fail again.
fn is_final(error: &PublishError) -> bool {
    use async_nats::jetstream::{Error, ErrorCode};
    if error.kind() == PublishErrorKind::MaxPayloadExceeded {
        return true;
    }
    let source = std::error::Error::source(error);
    let refused = source.and_then(|source| source.downcast_ref::<Error>());
    refused.is_some_and(|refused| {
        [ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM, ErrorCode::STREAM_SEALED]
            .contains(&refused.error_code())
    })
}

/// Returns the size of the headers of a message.
fn size(envelope: &Envelope) -> usize {
    let values = envelope.headers.iter().flat_map(|(name, values)| {
        values.iter().map(|value| AsRef::<str>::as_ref(name).len() + value.as_str().len() + 4)
    });
    values.sum()
}

/// Returns 96 random bits as text.
pub fn new_instance() -> String {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; 12];
    // If the system has no randomness, another generator is still different in each process.
    if ring::rand::SystemRandom::new().fill(&mut bytes).is_err() {
        fastrand::fill(&mut bytes);
    }
    hex::encode(bytes)
}
