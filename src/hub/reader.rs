//! Reads a stream from a position on, without gaps, until it is stopped.
//!
//! No state on the server matters: a consumer is created at the next message whenever the
//! connection, the server, or the consumer itself was lost. A message whose headers the client
//! library refuses would end the connection again and again, so after two attempts without progress
//! the next messages are fetched one by one as data.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::{State, Stream};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::connection::Hub;
use super::envelope::{self, MAX_SIZE, MessageError};
use super::error::HubError;
use crate::delivery::NewDelivery;
use crate::error_chain;

/// Messages requested at a time.
const BATCH: usize = 64;

/// Parts of a large delivery that are fetched at a time.
const PARTS_AT_ONCE: usize = 4;

/// Interval of the heartbeats of an idle server.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Time without a message or a heartbeat after which a new consumer is created.
const SILENCE: Duration = Duration::from_secs(3);

/// Time after which a server deletes the consumer of a reader that is gone.
const INACTIVE: Duration = Duration::from_secs(30);

/// Time before a failed read is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// Attempts without progress until messages are fetched one by one, and their number.
const ATTEMPTS: u32 = 2;
const ONE_BY_ONE: usize = 2 * BATCH;

/// Position to read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFrom {
    Now,
    Start,
    Sequence(u64),
    Time(Timestamp),
}

/// Event of a reader.
#[derive(Debug)]
pub enum HubEvent {
    /// Reading begins after this sequence; later ones are at least this many messages away.
    Started {
        after: u64,
        pending: u64,
    },
    Delivery {
        delivery: Box<NewDelivery>,
        sequence: u64,
        pending: u64,
    },
    /// A change of a delivery, as data.
    Data {
        payload: Bytes,
        sequence: u64,
    },
    /// The message is not one of hookglass's.
    Skipped {
        sequence: u64,
        pending: u64,
        reason: MessageError,
    },
    /// The limits of the stream removed these messages before they were read.
    Gap {
        first: u64,
        last: u64,
    },
    /// Reading was interrupted, and is tried again.
    Interrupted(String),
}

/// Reads the messages of one subject.
#[derive(Debug)]
pub struct HubReader {
    hub: Hub,
    subject: String,
    /// The last message that was read.
    last: u64,
    /// Last sequence that was compared with the beginning of the stream.
    checked: u64,
}

/// A message before it is decoded.
struct RawMessage {
    sequence: u64,
    pending: u64,
    headers: Result<HeaderMap, MessageError>,
    payload: Bytes,
}

/// Reason why reading was interrupted.
struct Interruption(String);

impl<E: std::error::Error + 'static> From<E> for Interruption {
    fn from(error: E) -> Self {
        Self(error_chain::with_sources(&error))
    }
}

impl HubReader {
    /// Finds the position. Reports if messages after it were removed.
    pub async fn open(
        hub: Hub,
        subject: String,
        from: ReadFrom,
        events: &mpsc::Sender<HubEvent>,
    ) -> Result<Self, HubError> {
        let stream = hub.find_stream().await?;
        let State { first_sequence, last_sequence, .. } = stream.cached_info().state;
        let before_first = first_sequence.max(1) - 1;
        let last = match from {
            ReadFrom::Now => last_sequence,
            ReadFrom::Start => before_first,
            // A stream that does not reach it yet is read from the next message on.
            ReadFrom::Sequence(first) => first.saturating_sub(1).min(last_sequence),
            ReadFrom::Time(time) => sequence_before(&stream, time).await?,
        };
        let mut reader = Self { hub, subject, last, checked: 0 };
        if matches!(from, ReadFrom::Sequence(_)) {
            reader.report_gap(&stream.cached_info().state, events).await;
        }
        let pending = last_sequence.saturating_sub(reader.last);
        let _ = events.send(HubEvent::Started { after: reader.last, pending }).await;
        Ok(reader)
    }

    /// Sends every message until `stop`, or until nobody receives them.
    pub async fn run(mut self, events: mpsc::Sender<HubEvent>, stop: CancellationToken) {
        let mut attempts = 0;
        while !events.is_closed() {
            let before = self.last;
            let interrupted = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                interrupted = self.read(&events, attempts >= ATTEMPTS) => interrupted,
            };
            attempts = if self.last > before { 0 } else { attempts + 1 };
            let Err(Interruption(reason)) = interrupted else { continue };
            let refused = self.hub.link().borrow().refusal("$JS.API.CONSUMER").cloned();
            let reason = refused.map_or(reason, |refused| format!("no permission: {refused}"));
            tracing::warn!(reason, last = self.last, "reading the hub was interrupted");
            if events.send(HubEvent::Interrupted(reason)).await.is_err() {
                return;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(PAUSE) => {}
            }
        }
    }

    /// Reads until an error, or, one by one, a number of messages.
    async fn read(
        &mut self,
        events: &mpsc::Sender<HubEvent>,
        one_by_one: bool,
    ) -> Result<(), Interruption> {
        let mut link = self.hub.link();
        link.wait_for(|link| link.is_connected).await?;
        let stream = self.hub.find_stream().await?;
        let state = stream.cached_info().state.clone();
        if state.last_sequence < self.last {
            return Err(Interruption(format!(
                "the stream ends at {}, and {} was read: it was restored from an older copy, or \
                 created again",
                state.last_sequence, self.last
            )));
        }
        self.report_gap(&state, events).await;
        if one_by_one {
            for _ in 0..ONE_BY_ONE {
                let Some(message) = self.fetch().await? else { break };
                self.take(message, &stream, events).await?;
            }
            return Ok(());
        }
        let consumer = stream
            .create_consumer(pull::Config {
                deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: self.last + 1 },
                ack_policy: AckPolicy::None,
                filter_subject: self.subject.clone(),
                inactive_threshold: INACTIVE,
                memory_storage: true,
                num_replicas: 1,
                ..pull::Config::default()
            })
            .await?;
        let mut messages = consumer
            .stream()
            .max_messages_per_batch(BATCH)
            .heartbeat(HEARTBEAT)
            .expires(Duration::from_secs(30))
            .messages()
            .await?;
        let mut expected = 1;
        loop {
            tokio::select! {
                message = messages.next() => {
                    let Some(message) = message.transpose()? else {
                        return Err(Interruption("the consumer has ended".to_owned()));
                    };
                    let info = message.info().map_err(|error| Interruption(error.to_string()))?;
                    if info.consumer_sequence != expected {
                        return Err(Interruption("messages were lost in transit".to_owned()));
                    }
                    expected += 1;
                    let raw = RawMessage {
                        sequence: info.stream_sequence,
                        pending: info.pending,
                        headers: Ok(message.headers.clone().unwrap_or_default()),
                        payload: message.payload.clone(),
                    };
                    self.take(raw, &stream, events).await?;
                }
                changed = link.changed() => {
                    changed?;
                    if !link.borrow_and_update().is_connected {
                        return Err(Interruption("the connection was lost".to_owned()));
                    }
                }
            }
        }
    }

    /// Sends a message, with the bytes of its parts.
    async fn take(
        &mut self,
        message: RawMessage,
        stream: &Stream,
        events: &mpsc::Sender<HubEvent>,
    ) -> Result<(), Interruption> {
        let RawMessage { sequence, pending, headers, payload } = message;
        if sequence > self.last + 1 && sequence > self.checked + 1 {
            // A slow reader may have been overtaken by the limits of the stream.
            let state = stream.get_info().await?.state;
            self.checked = state.last_sequence;
            self.report_gap(&state, events).await;
        }
        let event = if self.subject == super::subject::ATTEMPTS {
            HubEvent::Data { payload, sequence }
        } else {
            match self.delivery(headers, payload, stream, sequence).await? {
                Ok(delivery) => {
                    HubEvent::Delivery { delivery: Box::new(delivery), sequence, pending }
                }
                Err(reason) => {
                    tracing::warn!(sequence, %reason, "message of the hub skipped");
                    HubEvent::Skipped { sequence, pending, reason }
                }
            }
        };
        // The receiver is gone only if the program is ending.
        let _ = events.send(event).await;
        self.last = sequence;
        Ok(())
    }

    async fn delivery(
        &self,
        headers: Result<HeaderMap, MessageError>,
        payload: Bytes,
        stream: &Stream,
        sequence: u64,
    ) -> Result<Result<NewDelivery, MessageError>, Interruption> {
        let decoded = async {
            let headers = headers?;
            let payload = match envelope::chunks(&headers)? {
                None => payload,
                Some(sequences) => match self.parts(&sequences, stream).await {
                    Ok(payload) => {
                        let payload = payload?;
                        envelope::check_digest(&headers, &payload)?;
                        payload
                    }
                    Err(interruption) => return Ok(Err(interruption)),
                },
            };
            let place = (self.hub.stream_name(), sequence);
            envelope::decode(&headers, payload, place).map(Ok)
        };
        match decoded.await {
            Ok(Ok(delivery)) => Ok(Ok(delivery)),
            Ok(Err(interruption)) => Err(interruption),
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// Joins the parts of a delivery.
    async fn parts(
        &self,
        sequences: &[u64],
        source: &Stream,
    ) -> Result<Result<Bytes, MessageError>, Interruption> {
        use async_nats::jetstream::stream::LastRawMessageErrorKind as Kind;
        let mut whole = BytesMut::new();
        // Owned, since the compiler cannot tell that borrowed futures may change threads.
        let fetch = |sequence: u64| {
            let source = source.clone();
            async move { source.get_raw_message(sequence).await }
        };
        let fetches: Vec<_> = sequences.iter().copied().map(fetch).collect();
        let mut parts = stream::iter(fetches).buffered(PARTS_AT_ONCE);
        while let Some(part) = parts.next().await {
            let part = match part {
                Ok(part) => part,
                Err(error) if error.kind() == Kind::NoMessageFound => {
                    return Ok(Err(MessageError::MissingPart));
                }
                Err(error) => return Err(error.into()),
            };
            if whole.len() + part.payload.len() > MAX_SIZE {
                return Ok(Err(MessageError::TooLarge));
            }
            whole.extend_from_slice(&part.payload);
        }
        Ok(Ok(whole.freeze()))
    }

    /// Fetches the next message as data; none if there are no more.
    async fn fetch(&self) -> Result<Option<RawMessage>, Interruption> {
        let subject = format!("STREAM.MSG.GET.{}", self.hub.stream_name());
        let request = json!({"seq": self.last + 1, "next_by_subj": self.subject});
        let reply: Value = timeout(SILENCE, self.hub.context.request(subject, &request)).await??;
        let message = reply.get("message").unwrap_or(&Value::Null);
        let Some(sequence) = message.get("seq").and_then(Value::as_u64) else {
            let error = reply.get("error").unwrap_or(&Value::Null);
            return match error.get("code").and_then(Value::as_u64) {
                Some(404) => Ok(None),
                _ => Err(Interruption(format!("cannot fetch a message: {error}"))),
            };
        };
        let bytes = |name: &str| {
            let text = message.get(name).and_then(Value::as_str).unwrap_or_default();
            BASE64_STANDARD.decode(text).unwrap_or_default()
        };
        let headers = envelope::parse_headers(&bytes("hdrs"));
        Ok(Some(RawMessage { sequence, pending: 0, headers, payload: bytes("data").into() }))
    }

    /// Skips messages that are no longer in the stream, and reports the gap.
    async fn report_gap(&mut self, state: &State, events: &mpsc::Sender<HubEvent>) {
        if state.first_sequence > self.last + 1 {
            let gap = HubEvent::Gap { first: self.last + 1, last: state.first_sequence - 1 };
            self.last = state.first_sequence - 1;
            tracing::warn!(first = self.last + 1, "messages of the hub were removed unread");
            let _ = events.send(gap).await;
        }
    }
}

/// Returns the last sequence before a time.
async fn sequence_before(stream: &Stream, time: Timestamp) -> Result<u64, HubError> {
    let failed = |reason: String| HubError::Failed { reason };
    let start_time = async_nats::datetime::parse_rfc3339(&time.to_string())
        .map_err(|error| failed(error.to_string()))?;
    let consumer = stream
        .create_consumer(pull::Config {
            deliver_policy: DeliverPolicy::ByStartTime { start_time },
            ack_policy: AckPolicy::None,
            inactive_threshold: Duration::from_secs(1),
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        })
        .await
        .map_err(|error| failed(error_chain::with_sources(&error)))?;
    let pending = consumer.cached_info().num_pending;
    let last =
        stream.get_info().await.map_err(|error| failed(error_chain::with_sources(&error)))?;
    let State { messages, first_sequence, .. } = last.state;
    // Messages deleted by hand would be counted as well, which only begins a little earlier.
    Ok((first_sequence.max(1) - 1) + messages.saturating_sub(pending))
}
