//! Responses that a program on the hub produces for a listener, by request and reply of NATS.
//!
//! A request names the delivery, which the program reads from the stream. Programs of one name are
//! a queue group: each request goes to one of them.

use std::time::Duration;

use async_nats::{Client, Request, RequestErrorKind, Subject, Subscriber};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::connection::Hub;
use super::error::HubError;
use super::subject;
use crate::delivery::Header;
use crate::error_chain;
use crate::listener::{ClientResponse, Reply};
use crate::units::format_duration;

/// Queue group of the programs that share a name.
const GROUP: &str = "hookglass";

/// Longest request, longest text of a reply, and most headers of a response.
const MAX_REQUEST: usize = 4 << 10;
const MAX_TEXT: usize = 1 << 10;
const MAX_HEADERS: usize = 256;

/// Request for the response to a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseRequest {
    /// Message of the delivery.
    pub message: String,
    pub sequence: u64,
    /// Subject of the message, by which a program decides whether it reads it.
    pub subject: String,
}

/// Reply to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HubReply {
    Reply(Reply),
    /// The program has no response, for this reason.
    Declined(String),
}

/// A request, and where its reply is sent.
#[derive(Debug)]
pub struct AskedResponse {
    pub request: ResponseRequest,
    reply_to: Subject,
    client: Client,
}

/// Reason why a program on the hub produced no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    #[error("this program is not connected to a hub; start it with --hub")]
    NoHub,
    #[error("no program `{0}` is attached to the hub")]
    Absent(String),
    #[error("`{name}` on the hub did not respond within {}", format_duration(*.timeout))]
    TimedOut { name: String, timeout: Duration },
    #[error("`{name}` on the hub has no response: {reason}")]
    Declined { name: String, reason: String },
    #[error("`{0}` on the hub sent an invalid response")]
    Invalid(String),
    #[error("the hub did not transport the request: {0}")]
    Failed(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
enum ReplyMessage {
    /// Header values and body are base64.
    Response {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    Silence,
    Close,
    Declined {
        reason: String,
    },
}

impl Hub {
    /// Asks a program for the response to a delivery.
    pub async fn ask(
        &self,
        name: &str,
        request: &ResponseRequest,
        timeout: Duration,
    ) -> Result<Reply, AskError> {
        // Texts and numbers always serialize.
        let payload = serde_json::to_vec(request).unwrap_or_default();
        let sending = Request::new().payload(payload.into()).timeout(Some(timeout));
        let answered = self.client.send_request(subject::responses(name), sending).await;
        let name = || name.to_owned();
        let message = answered.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => AskError::Absent(name()),
            RequestErrorKind::TimedOut => AskError::TimedOut { name: name(), timeout },
            _ => AskError::Failed(error_chain::with_sources(&error)),
        })?;
        match HubReply::from_message(&message.payload) {
            Some(HubReply::Reply(reply)) => Ok(reply),
            Some(HubReply::Declined(reason)) => Err(AskError::Declined { name: name(), reason }),
            None => Err(AskError::Invalid(name())),
        }
    }

    /// Subscribes to the requests to this program's name.
    pub async fn subscribe_to_requests(&self) -> Result<ResponseRequests, HubError> {
        let subject = subject::responses(self.name());
        let failed = |reason: String| HubError::Failed { reason };
        let subscribing = self.client.queue_subscribe(subject, GROUP.to_owned());
        let messages = subscribing.await.map_err(|error| failed(error.to_string()))?;
        // A listener may ask once the server knows of it.
        self.client.flush().await.map_err(|error| failed(error.to_string()))?;
        Ok(ResponseRequests { messages, client: self.client.clone() })
    }
}

/// Requests that others send to this program.
#[derive(Debug)]
pub struct ResponseRequests {
    messages: Subscriber,
    client: Client,
}

impl ResponseRequests {
    /// Passes requests on until `stop`.
    pub async fn run(mut self, requests: mpsc::Sender<AskedResponse>, stop: CancellationToken) {
        loop {
            let message = tokio::select! {
                () = stop.cancelled() => return,
                message = self.messages.next() => message,
            };
            let Some(message) = message else { return };
            let Some(reply_to) = message.reply else { continue };
            if message.payload.len() > MAX_REQUEST {
                continue;
            }
            let Ok(request) = serde_json::from_slice(&message.payload) else { continue };
            let asked = AskedResponse { request, reply_to, client: self.client.clone() };
            if requests.send(asked).await.is_err() {
                return;
            }
        }
    }
}

impl AskedResponse {
    /// Sends the reply. A response that is too large for the hub is declined.
    pub async fn send(self, reply: &HubReply) {
        let mut message = reply.to_message();
        let limit = self.client.max_payload();
        if message.len() > limit {
            let size = message.len();
            let reason = format!("its response takes {size} bytes, and the hub transports {limit}");
            message = HubReply::Declined(reason).to_message();
        }
        if let Err(error) = self.client.publish(self.reply_to, message.into()).await {
            tracing::warn!(%error, "reply not sent to the hub");
        }
    }
}

impl HubReply {
    fn to_message(&self) -> Vec<u8> {
        let message = match self {
            Self::Declined(reason) => ReplyMessage::Declined { reason: reason.clone() },
            Self::Reply(Reply::Silence) => ReplyMessage::Silence,
            Self::Reply(Reply::Close) => ReplyMessage::Close,
            Self::Reply(Reply::Response(ClientResponse { status, headers, body })) => {
                let headers = headers.iter();
                ReplyMessage::Response {
                    status: *status,
                    headers: headers
                        .map(|one| (one.name.clone(), BASE64_STANDARD.encode(&one.value)))
                        .collect(),
                    body: BASE64_STANDARD.encode(body),
                }
            }
        };
        serde_json::to_vec(&message).unwrap_or_default()
    }

    /// Decodes a message, which may come from anyone; none if it is not a reply.
    fn from_message(bytes: &[u8]) -> Option<Self> {
        Some(match serde_json::from_slice(bytes).ok()? {
            ReplyMessage::Silence => Self::Reply(Reply::Silence),
            ReplyMessage::Close => Self::Reply(Reply::Close),
            ReplyMessage::Declined { reason } if reason.len() <= MAX_TEXT => Self::Declined(reason),
            ReplyMessage::Response { status: status @ 200..600, headers, body }
                if headers.len() <= MAX_HEADERS =>
            {
                let decode = |text: String| BASE64_STANDARD.decode(text).ok().map(Bytes::from);
                let headers = headers
                    .into_iter()
                    .map(|(name, value)| Some(Header::new(name, decode(value)?)))
                    .collect::<Option<_>>()?;
                Self::Reply(Reply::Response(ClientResponse {
                    status,
                    headers,
                    body: decode(body)?,
                }))
            }
            ReplyMessage::Declined { .. } | ReplyMessage::Response { .. } => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_the_same_after_a_hub() {
        let headers = vec![Header::new("X-A", b"caf\xe9".to_vec()), Header::new("x-a", "2")];
        let response = ClientResponse { status: 418, headers, body: "\0 body".into() };
        for reply in [
            HubReply::Reply(Reply::Response(response)),
            HubReply::Reply(Reply::Silence),
            HubReply::Reply(Reply::Close),
            HubReply::Declined("why".to_owned()),
        ] {
            assert_eq!(HubReply::from_message(&reply.to_message()), Some(reply));
        }
    }

    #[test]
    fn other_messages_are_no_replies() {
        let long = "x".repeat(MAX_TEXT + 1);
        for text in [
            "",
            "{}",
            r#"{"reply":"response","status":101,"headers":[],"body":""}"#,
            r#"{"reply":"response","status":200,"headers":[],"body":"%"}"#,
            r#"{"reply":"response","status":200,"headers":[["a","%"]],"body":""}"#,
            &format!(r#"{{"reply":"declined","reason":"{long}"}}"#),
        ] {
            assert_eq!(HubReply::from_message(text.as_bytes()), None, "{text}");
        }
    }
}
