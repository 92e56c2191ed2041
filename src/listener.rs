//! The listener: HTTP/1 connections in, whole requests out, answers back. It knows no store.
//!
//! hyper reads bodies, keeps connections alive and writes answers. Its header map would lose the
//! case, the order and the repetition of headers, so a gate stands under it: that takes each
//! head off the connection as it came and lets hyper see only what it needs for the framing.

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

/// How much a sender may send, and how long it may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a body; a larger one is answered 413.
    pub max_body: u64,
    /// Bytes of a head; a larger one is answered 431.
    pub max_head: usize,
    pub max_connections: usize,
    /// From the first byte of a head to its last; then 408.
    pub head_time: Duration,
    /// For a body; then 408. Every `body_rate` bytes that have come add a second.
    pub body_time: Duration,
    pub body_rate: u64,
    /// How long a connection may stay without a request.
    pub idle_time: Duration,
    /// How long requests in flight may take to end once the listener is told to stop.
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

/// A request as it came.
#[derive(Debug)]
pub struct Received {
    /// When its head was there.
    pub received_at: Timestamp,
    pub peer: SocketAddr,
    pub head: Head,
    /// Empty if the request was refused.
    pub body: Bytes,
    /// Bytes of the body; of a refused one what was declared, or what had come.
    pub body_size: u64,
    /// Why the request was not taken whole, and the status that says so.
    pub refused: Option<(u16, Refusal)>,
}

/// Why an address cannot be listened on.
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

/// Takes an address, so that senders can connect from now on.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken(address),
        io::ErrorKind::PermissionDenied => BindError::Denied(address),
        io::ErrorKind::AddrNotAvailable => BindError::NoSuchAddress(address.ip()),
        _ => BindError::Other { address, source },
    })
}

/// What all connections share.
struct Shared<T> {
    limits: Limits,
    take: T,
    stop: CancellationToken,
    /// Requests that were received whole are dealt with to the end, even if the sender hangs up.
    taking: TaskTracker,
}

/// Serves connections until `stop`, then finishes what is in flight. Each request goes to
/// `take`, whose reply goes back to the sender.
pub async fn serve<T, F>(listener: TcpListener, limits: Limits, take: T, stop: CancellationToken)
where
    T: Fn(Received) -> F + Send + Sync + 'static,
    F: Future<Output: Into<Reply> + Send + 'static> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(limits.max_connections));
    let stop_time = limits.stop_time;
    let shared = Arc::new(Shared { limits, take, stop: stop.clone(), taking: TaskTracker::new() });
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => { task::join_or_panic(ended); continue }
            accepted = accept(&listener, &places) => accepted,
        };
        // Out of file descriptors, most likely: those in use are given back soon.
        let Ok((stream, peer, place)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            connection(stream, peer, shared).await;
            drop(place);
        });
    }
    drop(listener);
    let ended = tokio::time::timeout(stop_time, async {
        while let Some(ended) = connections.join_next().await {
            task::join_or_panic(ended);
        }
    });
    if ended.await.is_err() {
        connections.shutdown().await;
    }
    shared.taking.close();
    shared.taking.wait().await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

async fn connection<T, F>(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared<T>>)
where
    T: Fn(Received) -> F + Send + Sync + 'static,
    F: Future<Output: Into<Reply> + Send + 'static> + Send + 'static,
{
    // Answers are small and wait for nothing. A socket that refuses is as good without.
    let _ = stream.set_nodelay(true);
    let (arrivals, heads) = mpsc::channel();
    let gate = HeadCapture::new(stream, &shared.limits, arrivals, shared.stop.clone());
    let stop = shared.stop.clone();
    let (ending, mut ended) = watch::channel(None);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        // The gate hands a head over before it lets hyper see that there is one.
        let arrival = heads.try_recv().ok();
        let (shared, ending) = (Arc::clone(&shared), ending.clone());
        async move {
            let arrival = arrival.ok_or_else(|| io::Error::other("a request without a head"))?;
            match answer_to(arrival, request.into_body(), peer, &shared).await {
                Reply::Answer(answer) => Ok::<_, io::Error>(answer.into_response()),
                unanswered => {
                    ending.send_replace(Some(unanswered));
                    std::future::pending().await
                }
            }
        }
    });
    let mut serving = http1::Builder::new()
        .half_close(true)
        .header_read_timeout(None)
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(gate), service);
    let mut stopping = false;
    let silent = loop {
        tokio::select! {
            // How a connection ends is the sender's business.
            _ = &mut serving => return,
            Ok(reply) = ended.wait_for(Option::is_some) => break *reply == Some(Reply::Silence),
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                std::pin::Pin::new(&mut serving).graceful_shutdown();
            }
        }
    };
    if silent {
        let gate = serving.into_parts().io.into_inner();
        tokio::select! {
            () = gate.until_hung_up() => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn answer_to<T, F>(
    arrival: CapturedRequest,
    body: Incoming,
    peer: SocketAddr,
    shared: &Shared<T>,
) -> Reply
where
    T: Fn(Received) -> F,
    F: Future<Output: Into<Reply> + Send + 'static> + Send + 'static,
{
    let CapturedRequest { received_at, head, declared, refused } = arrival;
    let (body, body_size, refused) = match refused {
        Some(refused) => (Bytes::new(), declared, Some(refused)),
        None => match body::collect(body, declared, &shared.limits).await {
            Ok(body) => (body.clone(), body.len() as u64, None),
            Err((size, refused)) => (Bytes::new(), size, Some(refused)),
        },
    };
    let closing = refused.is_some();
    let received = Received { received_at, peer, head, body, body_size, refused };
    let taken = shared.taking.spawn((shared.take)(received)).await;
    let stopping = || ClientResponse::plain_text(503, "hookglass is stopping\n".to_owned()).into();
    match task::join_or_panic(taken).map_or_else(stopping, Into::into) {
        Reply::Answer(answer) if closing => Reply::Answer(answer.closing()),
        reply => reply,
    }
}
