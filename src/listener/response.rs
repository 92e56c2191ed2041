//! Responses to clients.

use bytes::Bytes;
use http_body_util::Full;
use hyper::StatusCode;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue};

use super::outcome::OnOutcome;
use crate::delivery::{Header, is_hop_by_hop};
use crate::provider::ExpectedResponse;

/// Result of handling a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Response(ClientResponse),
    /// Close the connection without a response.
    Close,
    /// Never respond; the connection stays open until the client gives up.
    Silence,
}

impl Reply {
    /// Returns the status sent to the client; 0 without a response.
    pub fn status(&self) -> u16 {
        match self {
            Self::Response(response) => response.status,
            Self::Close | Self::Silence => 0,
        }
    }
}

/// A reply, and a callback for whether the client got it.
pub struct Handled {
    pub reply: Reply,
    /// None if the outcome does not matter.
    pub on_outcome: Option<OnOutcome>,
}

impl From<Reply> for Handled {
    fn from(reply: Reply) -> Self {
        Self { reply, on_outcome: None }
    }
}

impl From<ClientResponse> for Handled {
    fn from(response: ClientResponse) -> Self {
        Reply::from(response).into()
    }
}

impl std::fmt::Debug for Handled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handled").field("reply", &self.reply).finish_non_exhaustive()
    }
}

impl From<ClientResponse> for Reply {
    fn from(response: ClientResponse) -> Self {
        Self::Response(response)
    }
}

/// A response to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientResponse {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Bytes,
}

impl ClientResponse {
    /// Creates a plain-text response.
    pub fn plain_text(status: u16, text: String) -> Self {
        let headers = vec![Header::new("Content-Type", "text/plain; charset=utf-8")];
        Self { status, headers, body: text.into() }
    }

    /// Creates the response that a provider expects to an event.
    pub fn expected(expected: &ExpectedResponse) -> Self {
        let kind = expected.content_type.iter();
        Self {
            status: expected.status,
            headers: kind.map(|kind| Header::new("Content-Type", kind.clone())).collect(),
            body: expected.body.clone().into(),
        }
    }

    /// Returns the bytes of the body that are written.
    pub(super) fn written_size(&self, is_head: bool) -> usize {
        if is_head || matches!(self.status, 204 | 304) { 0 } else { self.body.len() }
    }

    /// Makes this the last response on its connection.
    pub(super) fn last_on_connection(mut self) -> Self {
        self.headers.push(Header::new("Connection", "close"));
        self
    }

    /// Converts the response for hyper, which writes length and framing. Headers that cannot be
    /// sent are left out.
    pub(super) fn into_hyper(self) -> hyper::Response<Full<Bytes>> {
        let mut response = hyper::Response::new(Full::new(self.body));
        // An interim status would leave the client waiting for the final one.
        let status =
            StatusCode::from_u16(self.status).ok().filter(|status| *status >= StatusCode::OK);
        *response.status_mut() = status.unwrap_or(StatusCode::BAD_GATEWAY);
        for header in self.headers {
            let name = HeaderName::from_bytes(header.name.as_bytes());
            let value = HeaderValue::from_maybe_shared(header.value);
            if let (Ok(name), Ok(value)) = (name, value)
                && name != CONTENT_LENGTH
                && (name == CONNECTION || !is_hop_by_hop(name.as_str()))
            {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}
