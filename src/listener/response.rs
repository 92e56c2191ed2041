//! What the sender is told.

use bytes::Bytes;
use http_body_util::Full;
use hyper::StatusCode;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue};

use crate::delivery::{Header, is_hop_by_hop};

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Answer(ClientResponse),
    /// The connection ends without an answer.
    Close,
    /// No answer ever comes; the connection stays until the sender has had enough.
    Silence,
}

impl Reply {
    /// The status that is sent; 0 where none is.
    pub fn status(&self) -> u16 {
        match self {
            Self::Answer(answer) => answer.status,
            Self::Close | Self::Silence => 0,
        }
    }
}

impl From<ClientResponse> for Reply {
    fn from(answer: ClientResponse) -> Self {
        Self::Answer(answer)
    }
}

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientResponse {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Bytes,
}

impl ClientResponse {
    /// An answer in plain text.
    pub fn plain_text(status: u16, text: String) -> Self {
        let headers = vec![Header::new("Content-Type", "text/plain; charset=utf-8")];
        Self { status, headers, body: text.into() }
    }

    /// The same answer, the last one on its connection.
    pub(super) fn closing(mut self) -> Self {
        self.headers.push(Header::new("Connection", "close"));
        self
    }

    /// Length and framing are hyper's to write; headers that cannot be sent are left out.
    pub(super) fn into_response(self) -> hyper::Response<Full<Bytes>> {
        let mut response = hyper::Response::new(Full::new(self.body));
        // A final answer is due; an interim status here would leave the sender waiting.
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
