//! HTTP/1 listener: receives complete requests and sends responses. It does not know the store.
//!
//! hyper reads bodies, keeps connections alive, and writes responses. Its header map would lose the
//! case, order, and repetition of headers, so a head capture reads the connection first: it stores
//! each head as received and passes on only what hyper needs for the framing.

mod body;
mod framing;
mod head_capture;
mod link;
mod outcome;
mod response;

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::body_budget::BodyBudget;
use crate::delivery::{Head, Refusal};
use crate::task;
use head_capture::{CapturedBody, CapturedRequest, HeadCapture};
use link::{Link, Waiting};
use outcome::PendingResponse;

pub use framing::FramingError;
pub use link::RequestClient;
pub use outcome::{OnOutcome, Recording};
pub use response::{ClientResponse, Handled, Reply};

/// Finds the end of a body, for the fuzzer; see [`framing`].
#[doc(hidden)]
pub fn body_end(head: &Head, bytes: &[u8], step: usize) -> Result<Option<usize>, FramingError> {
    framing::body_end(head, bytes, step)
}

/// Limits on the size and duration of a request.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a body; a larger one gets 413.
    pub max_body: u64,
    /// Bytes of a head; a larger one gets 431.
    pub max_head: usize,
    /// When there are more connections, the one that has been idle longest is closed.
    pub max_connections: usize,
    /// Time from the first byte of a head to its last; then 408.
    pub head_time: Duration,
    /// Time for a body, and between two parts of it; then 408. Every `body_rate` bytes received add
    /// a second.
    pub body_time: Duration,
    pub body_rate: u64,
    /// Time for a whole body, at any rate.
    pub body_total_time: Duration,
    /// Memory for the bodies of all requests in progress, in bytes. The first 64 KiB of each are
    /// not counted.
    pub bodies_in_progress: usize,
    /// Time that a connection may stay idle.
    pub idle_time: Duration,
    /// Time that requests in flight get to finish at shutdown.
    pub stop_time: Duration,
    /// Time after that for requests whose clients have left.
    pub processing_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body: 25 << 20,
            max_head: 64 << 10,
            max_connections: 4096,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(20),
            body_rate: 1 << 10,
            body_total_time: Duration::from_mins(10),
            bodies_in_progress: 256 << 20,
            idle_time: Duration::from_secs(75),
            stop_time: Duration::from_millis(2500),
            processing_time: Duration::from_secs(1),
        }
    }
}

/// A request as received.
#[derive(Debug)]
pub struct Received {
    /// None if it was not received over a connection.
    pub client: Option<RequestClient>,
    /// Time at which its head was complete.
    pub received_at: Timestamp,
    pub peer: SocketAddr,
    pub head: Head,
    /// Empty if the request was refused.
    pub body: Bytes,
    /// Bytes of the body; of a refused request, the declared size or the bytes received.
    pub body_size: u64,
    /// Reason why the request was not received completely, with the status of its response.
    pub refused: Option<(u16, Refusal)>,
}

/// Error of binding an address.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error(
        "port {} on {} is in use by another program; choose another with --bind {}:PORT, or \
         --bind {}:0 for a free one", .0.port(), .0.ip(), .0.ip(), .0.ip()
    )]
    Taken(SocketAddr),
    #[error(
        "not allowed to listen on {0}; ports below 1024 are often reserved, choose a higher one \
         with --bind"
    )]
    Denied(SocketAddr),
    #[error("this machine has no address {0}; use one of its addresses with --bind, or 127.0.0.1")]
    NoSuchAddress(std::net::IpAddr),
    #[error("cannot listen on {address}: {source}")]
    Other { address: SocketAddr, source: io::Error },
}

/// Binds an address; clients can connect from now on.
#[expect(clippy::unused_async, reason = "only a runtime can register the socket")]
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    listen(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken(address),
        io::ErrorKind::PermissionDenied => BindError::Denied(address),
        io::ErrorKind::AddrNotAvailable => BindError::NoSuchAddress(address.ip()),
        _ => BindError::Other { address, source },
    })
}

/// Size of the buffer of each connection that hyper reads into, on the way of a body to its own.
const BUFFER: usize = 16 << 10;

/// Connections that the system keeps until they are accepted.
const BACKLOG: u32 = 4096;

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // On Windows the option would let another program take the port over.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// State shared by all connections.
struct Shared<T> {
    limits: Limits,
    bodies: BodyBudget,
    handle: T,
    stop: CancellationToken,
    /// Requests in progress. A complete request is processed to the end even if the client hangs
    /// up.
    processing: TaskTracker,
}

/// Serves connections until `stop`, then finishes requests in flight. `handle` produces the reply
/// to each request.
pub async fn serve<T, F>(listener: TcpListener, limits: Limits, handle: T, stop: CancellationToken)
where
    T: Fn(Received) -> F + Send + Sync + 'static,
    F: Future<Output: Into<Handled> + Send + 'static> + Send + 'static,
{
    let (stop_time, processing_time) = (limits.stop_time, limits.processing_time);
    let most = limits.max_connections.max(2);
    let bodies = BodyBudget::new(limits.bodies_in_progress);
    let processing = TaskTracker::new();
    let shared = Arc::new(Shared { limits, bodies, handle, stop: stop.clone(), processing });
    let base = Instant::now();
    let mut connections = JoinSet::new();
    let mut links: HashMap<u64, Arc<Link>> = HashMap::new();
    let mut number = 0;
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(finished) = connections.join_next() => {
                if let Some(number) = task::join_or_panic(finished) {
                    links.remove(&number);
                }
                continue;
            }
            accepted = listener.accept(), if links.len() < most => accepted,
            // Without one that can give way, all clients are being responded to.
            () = tokio::time::sleep(RETRY), if links.len() >= most => {
                close_longest_idle(&links);
                continue;
            }
        };
        // Most likely out of file descriptors.
        let Ok((stream, peer)) = accepted else {
            close_longest_idle(&links);
            tokio::time::sleep(RETRY).await;
            continue;
        };
        number += 1;
        let (reading, writing) = stream.into_split();
        let (shared, link) = (Arc::clone(&shared), Arc::new(Link::new(writing, peer, base)));
        links.insert(number, Arc::clone(&link));
        connections.spawn(async move {
            connection(link, reading, shared).await;
            number
        });
        // Keep a free place, so that the next client need not wait.
        if links.len() >= most {
            close_longest_idle(&links);
        }
    }
    drop(listener);
    let finished = tokio::time::timeout(stop_time, async {
        while let Some(finished) = connections.join_next().await {
            task::join_or_panic(finished);
        }
    });
    if finished.await.is_err() {
        connections.shutdown().await;
    }
    shared.processing.close();
    if tokio::time::timeout(processing_time, shared.processing.wait()).await.is_err() {
        tracing::warn!("some requests were not processed in time; their clients have left");
    }
}

/// Time until the listener looks again for a connection to close.
const RETRY: Duration = Duration::from_millis(10);

/// Closes the connection that has waited longest for a head, or else for a body.
fn close_longest_idle(links: &HashMap<u64, Arc<Link>>) {
    let ranked = links.values().filter_map(|link| link.rank().map(|rank| (rank, link)));
    if let Some((_, link)) = ranked.min_by_key(|(rank, _)| *rank) {
        link.ask_to_give_way();
    }
}

/// Parts of a connection that its requests share.
struct Connection<T> {
    link: Arc<Link>,
    shared: Arc<Shared<T>>,
    responses: mpsc::Sender<PendingResponse>,
    end_without_response: watch::Sender<Option<Reply>>,
}

async fn connection<T, F>(link: Arc<Link>, reading: OwnedReadHalf, shared: Arc<Shared<T>>)
where
    T: Fn(Received) -> F + Send + Sync + 'static,
    F: Future<Output: Into<Handled> + Send + 'static> + Send + 'static,
{
    let peer = link.peer;
    // Responses are small and should not be delayed. Without the option they are only slower.
    let _ = link.socket().set_nodelay(true);
    let (captured, heads) = mpsc::channel();
    let (responses, pending) = mpsc::channel();
    let stop = shared.stop.clone();
    let (limits, capture_stop) = (&shared.limits, stop.clone());
    let capture =
        HeadCapture::new(Arc::clone(&link), reading, limits, captured, pending, capture_stop);
    let (end_without_response, mut finished) = watch::channel(None);
    let connection =
        Connection { link: Arc::clone(&link), shared, responses, end_without_response };
    let connection = Arc::new(connection);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        // The capture sends a head before hyper can see that there is one.
        let captured = heads.try_recv().ok();
        let connection = Arc::clone(&connection);
        async move {
            let captured = captured.ok_or_else(|| io::Error::other("a request without a head"))?;
            connection.respond(captured, request.into_body()).await
        }
    });
    let mut serving = http1::Builder::new()
        .half_close(true)
        .header_read_timeout(None)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(capture), service);
    let mut stopping = false;
    let keep_open = loop {
        tokio::select! {
            biased;
            // Connection errors concern only the client, so they are only logged.
            ended = &mut serving => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "connection failed");
                }
                return;
            }
            Ok(reply) = finished.wait_for(Option::is_some) => break *reply == Some(Reply::Silence),
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                Pin::new(&mut serving).graceful_shutdown();
            }
        }
    };
    if keep_open {
        let capture = serving.into_parts().io.into_inner();
        link.set_waiting(Waiting::Head);
        tokio::select! {
            () = capture.until_hung_up() => {}
            () = link.gives_way() => {}
            () = stop.cancelled() => {}
        }
    }
}

impl<T, F> Connection<T>
where
    T: Fn(Received) -> F,
    F: Future<Output: Into<Handled> + Send + 'static> + Send + 'static,
{
    /// Returns the response to a request for hyper; never, if it gets none.
    async fn respond(
        &self,
        captured: CapturedRequest,
        body: Incoming,
    ) -> io::Result<hyper::Response<Full<Bytes>>> {
        let is_head = captured.head.method == "HEAD";
        let Handled { reply, on_outcome } = self.handle(captured, body).await;
        match reply {
            Reply::Response(response) => {
                if let Some(on_outcome) = on_outcome {
                    let (size, link) = (response.written_size(is_head), Arc::clone(&self.link));
                    let processing = self.shared.processing.clone();
                    let pending = PendingResponse::new(size, link, on_outcome, processing);
                    // Fails only if the connection has ended, and so has the response.
                    drop(self.responses.send(pending));
                }
                Ok(response.into_hyper())
            }
            no_response => {
                self.end_without_response.send_replace(Some(no_response));
                std::future::pending().await
            }
        }
    }

    /// Receives the rest of a request and handles it.
    async fn handle(&self, captured: CapturedRequest, body: Incoming) -> Handled {
        let Self { link, shared, .. } = self;
        let CapturedRequest { received_at, mut head, declared, refused, body: captured } = captured;
        let started = Instant::now();
        let (body, body_size, refused) = match (refused, captured) {
            (Some(refused), _) => (Bytes::new(), declared, Some(refused)),
            (None, CapturedBody::Whole(body)) => (body, declared, None),
            (None, CapturedBody::Streamed(body_link)) => {
                let Shared { limits, bodies, .. } = &**shared;
                match body::collect(body, declared, body_link, limits, bodies, link).await {
                    Ok((body, trailers)) => {
                        head.trailers = trailers;
                        let size = body.len() as u64;
                        (body, size, None)
                    }
                    Err((size, refused)) => (Bytes::new(), size, Some(refused)),
                }
            }
        };
        link.set_waiting(Waiting::No);
        let last_on_connection = refused.is_some();
        let (client, peer) = (Some(RequestClient::new(link)), link.peer);
        let received = Received { client, received_at, peer, head, body, body_size, refused };
        let mut handling = Handling::new((shared.handle)(received), &shared.processing);
        let handled = tokio::select! {
            biased;
            handled = &mut handling => handled,
            () = link.closed_by_client() => {
                link.note_closed_by_client(started.elapsed());
                handling.await
            }
        };
        let Handled { reply, on_outcome } = handled.into();
        let reply = match reply {
            Reply::Response(response) if last_on_connection => {
                Reply::Response(response.last_on_connection())
            }
            reply => reply,
        };
        Handled { reply, on_outcome }
    }
}

/// Processing of a complete request. If the connection ends first, it continues in a task of its own.
struct Handling<'c, F: Future<Output: Send + 'static> + Send + 'static> {
    /// None once it is done.
    work: Option<Pin<Box<F>>>,
    processing: &'c TaskTracker,
}

impl<'c, F: Future<Output: Send + 'static> + Send + 'static> Handling<'c, F> {
    fn new(work: F, processing: &'c TaskTracker) -> Self {
        Self { work: Some(Box::pin(work)), processing }
    }
}

impl<F: Future<Output: Send + 'static> + Send + 'static> Future for Handling<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        let done = ready!(work.as_mut().poll(cx));
        self.work = None;
        Poll::Ready(done)
    }
}

impl<F: Future<Output: Send + 'static> + Send + 'static> Drop for Handling<'_, F> {
    fn drop(&mut self) {
        // Without a runtime the program is ending.
        if let Some(work) = self.work.take()
            && let Ok(runtime) = Handle::try_current()
        {
            drop(self.processing.spawn_on(work, &runtime));
        }
    }
}
