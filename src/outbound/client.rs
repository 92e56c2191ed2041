//! Sends one request per connection. Redirects are responses like any other.

use std::convert::Infallible;
use std::future::Ready;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::WithTrailers;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use super::next_hop::sent_trailers;
use super::raw_head_writer::{OnFlushed, RawHeadWriter};
use super::tls::Tls;
use super::{Request, Response, ResponseTimeout, SendError, SendOutcome, Target, next_hop_head};
use crate::body_budget::{BodyBudget, Room};
use crate::delivery::{Header, Timing};

/// Larger responses are an error.
const MAX_RESPONSE: u64 = 25 << 20;

/// Memory for the bodies of all responses in progress, in bytes. The first 64 KiB of each are not
/// counted.
const RESPONSES_IN_PROGRESS: usize = 256 << 20;

/// Interim responses (1xx) to one request; hyper itself accepts any number.
const MAX_INTERIM: usize = 100;

/// Time that a response waits for memory.
const ROOM_TIME: Duration = Duration::from_secs(10);

/// Records the timing, and signals the progress.
struct Progress {
    start: std::time::Instant,
    timing: Timing,
    signals: SendSignals,
}

/// Signals of a request in progress, each sent once.
#[derive(Debug, Default)]
pub(super) struct SendSignals {
    /// The connection is established, without TLS.
    pub(super) connected: Option<oneshot::Sender<()>>,
    /// The last byte of the request has been written.
    pub(super) flushed: OnFlushed,
}

/// Sends requests.
#[derive(Debug, Clone)]
pub struct Client {
    connect_time: Duration,
    response_time: ResponseTimeout,
    tls: Arc<Tls>,
    /// Memory for the bodies of all responses in progress.
    responses: BodyBudget,
    /// Address of the listener, to which nothing is sent.
    listener: Option<SocketAddr>,
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// Creates a client that waits 5 seconds for a connection and 30 seconds for the response.
    pub fn new() -> Self {
        Self::with_timeouts(Duration::from_secs(5), Duration::from_secs(30))
    }

    pub fn with_timeouts(connect_time: Duration, response_time: Duration) -> Self {
        let responses = BodyBudget::new(RESPONSES_IN_PROGRESS);
        let response_time = ResponseTimeout(Some(response_time));
        Self { connect_time, response_time, tls: Arc::default(), responses, listener: None }
    }

    /// Refuses to send to the listener at this address, however a target names it.
    #[must_use]
    pub fn without_loop_to(self, listener: SocketAddr) -> Self {
        Self { listener: Some(listener), ..self }
    }

    /// Sets the time to wait for the response.
    #[must_use]
    pub fn with_response_timeout(self, response_time: ResponseTimeout) -> Self {
        Self { response_time, ..self }
    }

    pub(super) fn response_timeout(&self) -> ResponseTimeout {
        self.response_time
    }

    /// Sends a request with the head of [`next_hop_head()`], and waits for the response.
    pub async fn send(&self, target: &Target, request: &Request) -> SendOutcome {
        self.send_with_signals(target, request, SendSignals::default()).await
    }

    /// Like [`Self::send`], with signals of the progress.
    #[expect(clippy::disallowed_methods, reason = "an attempt records its time and duration")]
    pub(super) async fn send_with_signals(
        &self,
        target: &Target,
        request: &Request,
        signals: SendSignals,
    ) -> SendOutcome {
        let started_at = Timestamp::now();
        let start = std::time::Instant::now();
        let mut progress = Progress { start, timing: Timing::default(), signals };
        let outcome = self.exchange(target, request, &mut progress).await;
        SendOutcome { started_at, took: start.elapsed(), timing: progress.timing, outcome }
    }

    async fn exchange(
        &self,
        target: &Target,
        request: &Request,
        progress: &mut Progress,
    ) -> Result<Response, SendError> {
        let name = || target.to_string();
        let after = self.connect_time;
        let connecting = tokio::time::timeout(after, connect(target));
        let stream =
            connecting.await.map_err(|_| SendError::ConnectTimeout { target: name(), after })??;
        if self.listener.is_some_and(|listener| leads_to(&stream, listener)) {
            return Err(SendError::OwnListener { target: name() });
        }
        // Small requests should not be delayed. Without the option they are only slower.
        let _ = stream.set_nodelay(true);
        if let Some(connected) = progress.signals.connected.take() {
            let _ = connected.send(());
        }
        let response = async {
            if target.tls {
                let stream = self.with_tls(target, stream).await?;
                progress.timing.connected = Some(progress.start.elapsed());
                exchange_on(stream, target, request, progress, &self.responses).await
            } else {
                progress.timing.connected = Some(progress.start.elapsed());
                exchange_on(stream, target, request, progress, &self.responses).await
            }
        };
        let ResponseTimeout(Some(after)) = self.response_time else { return response.await };
        tokio::time::timeout(after, response)
            .await
            .map_err(|_| SendError::AnswerTimeout { target: name(), after })?
    }

    async fn with_tls(
        &self,
        target: &Target,
        stream: TcpStream,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, SendError> {
        let failed = |source| SendError::Tls { target: target.to_string(), source };
        let config = self.tls.config(target.options.insecure);
        let name = ServerName::try_from(target.host().to_owned())
            .map_err(|error| failed(io::Error::other(error)))?;
        TlsConnector::from(config).connect(name, stream).await.map_err(failed)
    }
}

/// Returns whether a connection ends at the listener with this address.
fn leads_to(stream: &TcpStream, listener: SocketAddr) -> bool {
    let (Ok(peer), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else { return false };
    let [peer_ip, local_ip, listener_ip] =
        [peer, local, listener].map(|address| address.ip().to_canonical());
    let is_here = peer_ip == listener_ip || (listener_ip.is_unspecified() && peer_ip == local_ip);
    is_here && peer.port() == listener.port()
}

async fn connect(target: &Target) -> Result<TcpStream, SendError> {
    let name = || target.to_string();
    let found = tokio::net::lookup_host((target.host(), target.port())).await;
    let found = found.map_err(|source| SendError::Name { target: name(), source })?;
    let mut addresses: Vec<SocketAddr> = found.collect();
    if target.host().eq_ignore_ascii_case("localhost") {
        // Many systems resolve `localhost` to only one of them, and an application may listen only
        // on the other.
        for ip in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
            let address = SocketAddr::new(ip, target.port());
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut is_refused = false;
    for address in &addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                is_refused |= error.kind() == io::ErrorKind::ConnectionRefused;
                last = error;
            }
        }
    }
    let tried = tried(target, &addresses);
    Err(if is_refused {
        SendError::Refused { target: name(), tried }
    } else {
        SendError::Unreachable { target: name(), tried, source: last }
    })
}

/// Names the addresses of a host that is a name.
fn tried(target: &Target, addresses: &[SocketAddr]) -> String {
    let are_named = addresses.iter().all(|address| address.ip().to_string() == target.host());
    let ips: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    if are_named { String::new() } else { format!(" on {}", ips.join(" and ")) }
}

async fn exchange_on<S>(
    stream: S,
    target: &Target,
    request: &Request,
    progress: &mut Progress,
    budget: &BodyBudget,
) -> Result<Response, SendError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let broken = |error: hyper::Error| to_send_error(&error, target);
    let head = next_hop_head(&request.head, request.body.len(), target);
    let writer =
        RawHeadWriter::new(stream, head.raw, request.body.len(), progress.signals.flushed.take());
    let (mut sender, connection) = http1::handshake(TokioIo::new(writer)).await.map_err(broken)?;
    let mut placeholder = placeholder(request);
    let flooded = limit_interim(&mut placeholder);
    let response = async move {
        let response = sender.send_request(placeholder).await?;
        Ok::<_, hyper::Error>(response)
    };
    tokio::pin!(connection, response);
    // Drives the connection, which may end before the response is polled.
    let response = tokio::select! {
        biased;
        () = flooded.cancelled() => {
            let reason = format!("more than {MAX_INTERIM} interim responses");
            return Err(SendError::Garbage { target: target.to_string(), reason });
        }
        response = &mut response => response.map_err(broken)?,
        ended = &mut connection => {
            ended.map_err(broken)?;
            response.await.map_err(broken)?
        }
    };
    progress.timing.first_byte = Some(progress.start.elapsed());
    let (parts, body) = response.into_parts();
    let reading = read(body, target, budget);
    tokio::pin!(reading);
    let body = tokio::select! {
        biased;
        body = &mut reading => body?,
        _ = &mut connection => reading.await?,
    };
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        Header::new(name.as_str(), Bytes::copy_from_slice(value.as_bytes()))
    };
    let headers = parts.headers.iter().map(header).collect();
    Ok(Response { status: parts.status.as_u16(), headers, body })
}

/// Builds the request that hyper believes it sends: method and body, so that it knows which
/// response to expect. [`RawHeadWriter`] writes the real head.
fn placeholder(request: &Request) -> hyper::Request<OutgoingBody> {
    let trailers: Vec<&Header> = sent_trailers(&request.head.trailers).collect();
    let mut placeholder = hyper::Request::new(outgoing_body(&request.body, &trailers));
    let method = hyper::Method::from_bytes(request.head.method.as_bytes());
    // CONNECT would make hyper open a tunnel.
    let method = method.ok().filter(|method| *method != hyper::Method::CONNECT);
    *placeholder.method_mut() = method.unwrap_or(hyper::Method::POST);
    let headers = placeholder.headers_mut();
    if trailers.is_empty() {
        headers.insert(hyper::header::CONTENT_LENGTH, request.body.len().into());
        return placeholder;
    }
    headers.insert(hyper::header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    for header in trailers {
        // hyper sends only trailers that are announced.
        if let Ok(name) = HeaderValue::from_str(&header.name) {
            headers.append(hyper::header::TRAILER, name);
        }
    }
    placeholder
}

/// Returns a token that is canceled at the first interim response beyond the limit.
fn limit_interim(request: &mut hyper::Request<OutgoingBody>) -> CancellationToken {
    let flooded = CancellationToken::new();
    let (exceeded, count) = (flooded.clone(), AtomicUsize::new(0));
    hyper::ext::on_informational(request, move |_| {
        if count.fetch_add(1, Ordering::Relaxed) >= MAX_INTERIM {
            exceeded.cancel();
        }
    });
    flooded
}

/// Body of a request, with trailers if it has any.
type OutgoingBody = WithTrailers<Full<Bytes>, Ready<Option<Result<HeaderMap, Infallible>>>>;

fn outgoing_body(body: &Bytes, trailers: &[&Header]) -> OutgoingBody {
    let mut map = HeaderMap::new();
    for Header { name, value } in trailers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            map.append(name, value);
        }
    }
    let trailers = (!map.is_empty()).then_some(Ok(map));
    Full::new(body.clone()).with_trailers(std::future::ready(trailers))
}

async fn read(
    mut body: Incoming,
    target: &Target,
    budget: &BodyBudget,
) -> Result<Bytes, SendError> {
    let too_large = || SendError::TooLarge { target: target.to_string(), limit: MAX_RESPONSE };
    // A response with too large a declared length need not be read.
    if body.size_hint().lower() > MAX_RESPONSE {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut room = Room::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| to_send_error(&error, target))?;
        let Ok(data) = frame.into_data() else { continue };
        let size = bytes.len() + data.len();
        if size as u64 > MAX_RESPONSE {
            return Err(too_large());
        }
        if !room.grow(budget, size, ROOM_TIME).await {
            return Err(SendError::NoRoom { target: target.to_string() });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(room.hold(bytes))
}

fn to_send_error(error: &hyper::Error, target: &Target) -> SendError {
    let target = target.to_string();
    if error.is_parse() {
        SendError::Garbage { target, reason: error.to_string() }
    } else {
        SendError::Ended { target }
    }
}
