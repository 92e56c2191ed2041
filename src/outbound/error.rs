//! Errors of sending a request.

use std::io;
use std::time::Duration;

use crate::units;

/// Reason for the lack of a response. The message names the target.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("cannot resolve {target}: {source}; check the host name")]
    Name { target: String, source: io::Error },
    #[error("{target} refused the connection{tried}; is it running, and on that port?")]
    Refused { target: String, tried: String },
    #[error("cannot reach {target}{tried}: {source}")]
    Unreachable { target: String, tried: String, source: io::Error },
    #[error("{target} did not accept the connection within {}", units::format_duration(*.after))]
    ConnectTimeout { target: String, after: Duration },
    #[error("{target} did not respond within {}", units::format_duration(*.after))]
    AnswerTimeout { target: String, after: Duration },
    #[error("TLS with {target} failed: {source}")]
    Tls { target: String, source: io::Error },
    #[error("{target} closed the connection before the end of its response")]
    Ended { target: String },
    #[error("{target} sent an invalid HTTP response: {reason}")]
    Garbage { target: String, reason: String },
    #[error("the response of {target} is larger than {}", units::format_size(*.limit))]
    TooLarge { target: String, limit: u64 },
    #[error("not sent to {target}: its queue is full ({waiting} waiting)")]
    Overrun { target: String, waiting: usize },
    #[error(
        "{target} is down; the delivery is sent when it is back, after {waiting} that came before it"
    )]
    Waiting { target: String, waiting: usize },
    #[error("the response of {target} was not read: other responses take up all memory for them")]
    NoRoom { target: String },
    #[error(
        "{target} is this listener itself, so the delivery was not sent there; forward to where \
         your application listens"
    )]
    OwnListener { target: String },
    #[error(
        "forwarding loop: this listener has already forwarded the delivery, so it was not sent to \
         {target} again"
    )]
    Loop { target: String },
    #[error("{target} had not responded when hookglass stopped")]
    Stopped { target: String },
}

impl SendError {
    /// Returns the code for logs, which contains nothing from the target or its response.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name { .. } => "name-not-found",
            Self::Refused { .. } => "connection-refused",
            Self::Unreachable { .. } => "unreachable",
            Self::ConnectTimeout { .. } => "connect-timeout",
            Self::AnswerTimeout { .. } => "response-timeout",
            Self::Tls { .. } => "tls",
            Self::Ended { .. } => "connection-ended",
            Self::Garbage { .. } => "not-http",
            Self::TooLarge { .. } => "response-too-large",
            Self::Overrun { .. } => "queue-full",
            Self::Waiting { .. } => "waiting",
            Self::NoRoom { .. } => "no-room",
            Self::OwnListener { .. } => "own-listener",
            Self::Loop { .. } => "forwarding-loop",
            Self::Stopped { .. } => "stopped",
        }
    }

    /// Returns true if no connection was made.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Name { .. }
                | Self::Refused { .. }
                | Self::Unreachable { .. }
                | Self::ConnectTimeout { .. }
        )
    }

    pub fn timed_out(&self) -> bool {
        matches!(self, Self::ConnectTimeout { .. } | Self::AnswerTimeout { .. })
    }

    /// Returns true if the request was refused because it would return to this listener.
    pub fn is_loop(&self) -> bool {
        matches!(self, Self::OwnListener { .. } | Self::Loop { .. })
    }

    /// Returns true if the target received the request and its response could not be used.
    pub fn is_about_the_response(&self) -> bool {
        matches!(self, Self::Garbage { .. } | Self::TooLarge { .. } | Self::NoRoom { .. })
    }

    /// Returns true if the request was not sent, so that the error says nothing about the target.
    pub fn was_not_sent(&self) -> bool {
        matches!(self, Self::Overrun { .. } | Self::Waiting { .. } | Self::Stopped { .. })
    }
}
