//! HTTP/1 listener: receives complete requests and sends responses. It does not know the store.
//!
//! hyper reads bodies, keeps connections alive, and writes responses. Its header map would lose the
//! case, order, and repetition of headers, so a head capture reads the connection first: it stores
//! each head as received and passes on only what hyper needs for the framing.

mod body;
mod framing;
mod head_capture;
mod response;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::delivery::{Head, Refusal};
use crate::task;
use head_capture::{CapturedRequest, HeadCapture};

pub use response::{ClientResponse, Reply};

/// Finds the end of a body, for the fuzzer; see [`framing`].
#[doc(hidden)]
pub fn body_end(head: &Head, bytes: &[u8], step: usize) -> Result<Option<usize>, String> {
    framing::body_end(head, bytes, step)
}

/// Limits on the size and duration of a request.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a body; a larger one gets 413.
    pub max_body: u64,
    /// Bytes of a head; a larger one gets 431.
    pub max_head: usize,
    pub max_connections: usize,
    /// Time from the first byte of a head to its last; then 408.
    pub head_time: Duration,
    /// Time for a body; then 408. Every `body_rate` bytes received add a second.
    pub body_time: Duration,
    pub body_rate: u64,
    /// Time that a connection may stay idle.
    pub idle_time: Duration,
    /// Time that requests in flight get to finish at shutdown.
    pub stop_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body: 25 << 20,
            max_head: 64 << 10,
            max_connections: 512,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(20),
            body_rate: 1 << 10,
            idle_time: Duration::from_secs(75),
            stop_time: Duration::from_secs(5),
        }
    }
}

/// A request as received.
#[derive(Debug)]
pub struct Received {
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
        "port {} on {} is taken by another program; choose another with --bind {}:PORT, or \
         --bind {}:0 for a free one", .0.port(), .0.ip(), .0.ip(), .0.ip()
    )]
    Taken(SocketAddr),
    #[error(
        "not allowed to listen on {0}; ports below 1024 are often reserved, choose a higher one \
         with --bind"
    )]
    Denied(SocketAddr),
    #[error("this machine has no address {0}; use one of its own with --bind, or 127.0.0.1")]
    NoSuchAddress(std::net::IpAddr),
    #[error("cannot listen on {address}: {source}")]
    Other { address: SocketAddr, source: io::Error },
}

/// Binds an address; clients can connect from now on.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken(address),
        io::ErrorKind::PermissionDenied => BindError::Denied(address),
        io::ErrorKind::AddrNotAvailable => BindError::NoSuchAddress(address.ip()),
        _ => BindError::Other { address, source },
    })
}

/// State shared by all connections.
struct Shared<T> {
    limits: Limits,
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
    F: Future<Output: Into<Reply> + Send + 'static> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(limits.max_connections));
    let stop_time = limits.stop_time;
    let shared =
        Arc::new(Shared { limits, handle, stop: stop.clone(), processing: TaskTracker::new() });
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(finished) = connections.join_next() => { task::join_or_panic(finished); continue }
            accepted = accept(&listener, &slots) => accepted,
        };
        // Most likely out of file descriptors: some are released soon.
        let Ok((stream, peer, slot)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            connection(stream, peer, shared).await;
            drop(slot);
        });
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
    shared.processing.wait().await;
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, slot))
}

async fn connection<T, F>(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared<T>>)
where
    T: Fn(Received) -> F + Send + Sync + 'static,
    F: Future<Output: Into<Reply> + Send + 'static> + Send + 'static,
{
    // Responses are small and should not be delayed. Without the option they are only slower.
    let _ = stream.set_nodelay(true);
    let (captured, heads) = mpsc::channel();
    let capture = HeadCapture::new(stream, &shared.limits, captured, shared.stop.clone());
    let stop = shared.stop.clone();
    let (end_without_response, mut finished) = watch::channel(None);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        // The capture sends a head before hyper can see that there is one.
        let request_head = heads.try_recv().ok();
        let (shared, end_without_response) = (Arc::clone(&shared), end_without_response.clone());
        async move {
            let request_head =
                request_head.ok_or_else(|| io::Error::other("a request without a head"))?;
            match respond(request_head, request.into_body(), peer, &shared).await {
                Reply::Answer(response) => Ok::<_, io::Error>(response.into_hyper()),
                no_response => {
                    end_without_response.send_replace(Some(no_response));
                    std::future::pending().await
                }
            }
        }
    });
    let mut serving = http1::Builder::new()
        .half_close(true)
        .header_read_timeout(None)
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(capture), service);
    let mut stopping = false;
    let keep_open = loop {
        tokio::select! {
            // Connection errors are the client's problem; only the log reports them.
            ended = &mut serving => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "connection failed");
                }
                return;
            }
            Ok(reply) = finished.wait_for(Option::is_some) => break *reply == Some(Reply::Silence),
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                std::pin::Pin::new(&mut serving).graceful_shutdown();
            }
        }
    };
    if keep_open {
        let capture = serving.into_parts().io.into_inner();
        tokio::select! {
            () = capture.until_hung_up() => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn respond<T, F>(
    request_head: CapturedRequest,
    body: Incoming,
    peer: SocketAddr,
    shared: &Shared<T>,
) -> Reply
where
    T: Fn(Received) -> F,
    F: Future<Output: Into<Reply> + Send + 'static> + Send + 'static,
{
    let CapturedRequest { received_at, head, declared, refused } = request_head;
    let (body, body_size, refused) = match refused {
        Some(refused) => (Bytes::new(), declared, Some(refused)),
        None => match body::collect(body, declared, &shared.limits).await {
            Ok(body) => (body.clone(), body.len() as u64, None),
            Err((size, refused)) => (Bytes::new(), size, Some(refused)),
        },
    };
    let last_on_connection = refused.is_some();
    let received = Received { received_at, peer, head, body, body_size, refused };
    let reply = shared.processing.spawn((shared.handle)(received)).await;
    let stopping = || ClientResponse::plain_text(503, "hookglass is stopping\n".to_owned()).into();
    match task::join_or_panic(reply).map_or_else(stopping, Into::into) {
        Reply::Answer(response) if last_on_connection => {
            Reply::Answer(response.last_on_connection())
        }
        reply => reply,
    }
}
