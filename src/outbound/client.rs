//! One request, one connection, one answer. Redirects are answers like any other.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::raw_head_writer::{OnFlushed, RawHeadWriter};
use super::tls::Tls;
use super::{Request, Response, SendError, SendOutcome, Target, next_hop_head};
use crate::delivery::{Header, Timing};

/// A larger answer is given up.
const MAX_ANSWER: u64 = 25 << 20;

/// Writes down when things happened, and tells when the request has gone out.
struct Watch {
    start: std::time::Instant,
    timing: Timing,
    departed: OnFlushed,
}

/// Sends requests.
#[derive(Debug, Clone)]
pub struct Client {
    connect_time: Duration,
    answer_time: Duration,
    tls: Arc<Tls>,
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A client that waits 5 seconds for a connection and 30 for the answer.
    pub fn new() -> Self {
        Self::with_timeouts(Duration::from_secs(5), Duration::from_secs(30))
    }

    pub fn with_timeouts(connect_time: Duration, answer_time: Duration) -> Self {
        Self { connect_time, answer_time, tls: Arc::default() }
    }

    /// The same, with another patience for the answer.
    #[must_use]
    pub fn waiting(self, answer_time: Duration) -> Self {
        Self { answer_time, ..self }
    }

    /// Sends a request as [`next_hop_head()`] writes it, and waits for the answer.
    pub async fn send(&self, target: &Target, request: &Request) -> SendOutcome {
        self.send_telling(target, request, None).await
    }

    /// The same, and tells when the last byte of the request has gone out.
    #[expect(
        clippy::disallowed_methods,
        reason = "an attempt says when it was and how long it took"
    )]
    pub(super) async fn send_telling(
        &self,
        target: &Target,
        request: &Request,
        departed: OnFlushed,
    ) -> SendOutcome {
        let started_at = Timestamp::now();
        let start = std::time::Instant::now();
        let mut watch = Watch { start, timing: Timing::default(), departed };
        let outcome = self.exchange(target, request, &mut watch).await;
        SendOutcome { started_at, took: start.elapsed(), timing: watch.timing, outcome }
    }

    async fn exchange(
        &self,
        target: &Target,
        request: &Request,
        watch: &mut Watch,
    ) -> Result<Response, SendError> {
        let name = || target.to_string();
        let after = self.connect_time;
        let connecting = tokio::time::timeout(after, connect(target));
        let stream =
            connecting.await.map_err(|_| SendError::ConnectTimeout { target: name(), after })??;
        // A small request should not wait for company. Without it is as good, only slower.
        let _ = stream.set_nodelay(true);
        let after = self.answer_time;
        let answer = async {
            if target.tls {
                let stream = self.secured(target, stream).await?;
                watch.timing.connected = Some(watch.start.elapsed());
                talk(stream, target, request, watch).await
            } else {
                watch.timing.connected = Some(watch.start.elapsed());
                talk(stream, target, request, watch).await
            }
        };
        tokio::time::timeout(after, answer)
            .await
            .map_err(|_| SendError::AnswerTimeout { target: name(), after })?
    }

    async fn secured(
        &self,
        target: &Target,
        stream: TcpStream,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, SendError> {
        let failed = |source| SendError::Tls { target: target.to_string(), source };
        let config = self.tls.config(target.manner.insecure);
        let name = ServerName::try_from(target.host().to_owned())
            .map_err(|error| failed(io::Error::other(error)))?;
        TlsConnector::from(config).connect(name, stream).await.map_err(failed)
    }
}

async fn connect(target: &Target) -> Result<TcpStream, SendError> {
    let name = || target.to_string();
    let found = tokio::net::lookup_host((target.host(), target.port())).await;
    let addresses = found.map_err(|source| SendError::Name { target: name(), source })?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(match last.kind() {
        io::ErrorKind::ConnectionRefused => SendError::Refused { target: name() },
        _ => SendError::Unreachable { target: name(), source: last },
    })
}

async fn talk<S>(
    stream: S,
    target: &Target,
    request: &Request,
    watch: &mut Watch,
) -> Result<Response, SendError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let broken = |error: hyper::Error| explain(&error, target);
    let head = next_hop_head(&request.head, request.body.len(), target);
    let exact = RawHeadWriter::new(stream, head.raw, request.body.len(), watch.departed.take());
    let (mut sender, connection) = http1::handshake(TokioIo::new(exact)).await.map_err(broken)?;
    let answer = async move {
        let response = sender.send_request(stand_in(request)).await?;
        Ok::<_, hyper::Error>(response)
    };
    tokio::pin!(connection, answer);
    // The connection does the work; it may end before the answer is looked at.
    let response = tokio::select! {
        biased;
        response = &mut answer => response.map_err(broken)?,
        ended = &mut connection => {
            ended.map_err(broken)?;
            answer.await.map_err(broken)?
        }
    };
    watch.timing.first_byte = Some(watch.start.elapsed());
    let (parts, body) = response.into_parts();
    let reading = read(body, target);
    tokio::pin!(reading);
    let body = tokio::select! {
        biased;
        body = &mut reading => body?,
        _ = &mut connection => reading.await?,
    };
    let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
        Header::new(name.as_str(), Bytes::copy_from_slice(value.as_bytes()))
    };
    let headers = parts.headers.iter().map(header).collect();
    Ok(Response { status: parts.status.as_u16(), headers, body })
}

/// The request as hyper believes to send it: method and body, so that it knows what answer to
/// expect. [`RawHeadWriter`] writes the real head.
fn stand_in(request: &Request) -> hyper::Request<Full<Bytes>> {
    let mut stand_in = hyper::Request::new(Full::new(request.body.clone()));
    let method = hyper::Method::from_bytes(request.head.method.as_bytes());
    // A tunnel is never wanted, whatever the method's name.
    let method = method.ok().filter(|method| *method != hyper::Method::CONNECT);
    *stand_in.method_mut() = method.unwrap_or(hyper::Method::POST);
    let length = request.body.len().into();
    stand_in.headers_mut().insert(hyper::header::CONTENT_LENGTH, length);
    stand_in
}

async fn read(mut body: Incoming, target: &Target) -> Result<Bytes, SendError> {
    let too_large = || SendError::TooLarge { target: target.to_string(), limit: MAX_ANSWER };
    // What says so beforehand need not be read.
    if body.size_hint().lower() > MAX_ANSWER {
        return Err(too_large());
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| explain(&error, target))?;
        let Ok(data) = frame.into_data() else { continue };
        bytes.extend_from_slice(&data);
        if bytes.len() as u64 > MAX_ANSWER {
            return Err(too_large());
        }
    }
    Ok(bytes.freeze())
}

fn explain(error: &hyper::Error, target: &Target) -> SendError {
    let target = target.to_string();
    if error.is_parse() {
        SendError::Garbage { target, reason: error.to_string() }
    } else {
        SendError::Ended { target }
    }
}
