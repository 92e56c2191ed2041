//! State of one connection that its parts share: the socket, and what its client waits for.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Time for the reset of a client that has left to arrive over a network.
const RESET_TIME: Duration = Duration::from_millis(250);

/// Time between two checks of a client whose next request is already buffered.
const RECHECK: Duration = Duration::from_millis(100);

/// Part of a request that the listener waits for on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Waiting {
    /// Nothing: a request is in progress.
    No = 0,
    /// A head, or the end of the connection.
    Head = 1,
    Body = 2,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Link {
    /// The head capture has the other half.
    socket: OwnedWriteHalf,
    pub(super) peer: SocketAddr,
    opened: Instant,
    /// The awaited part, and the start of the wait in microseconds since `base`.
    waiting: AtomicU64,
    base: Instant,
    /// Time after which the client closed its end, in microseconds from the head; 0 if it has not.
    left: AtomicU64,
    failed: AtomicBool,
    give_way: CancellationToken,
}

/// The client of a request.
#[derive(Debug, Clone)]
pub struct RequestClient(Arc<Link>);

impl RequestClient {
    pub(super) fn new(link: &Arc<Link>) -> Self {
        Self(Arc::clone(link))
    }

    /// Returns whether the client has closed its end. It may still read.
    pub fn has_closed(&self) -> bool {
        self.0.left.load(Ordering::Acquire) > 0
    }
}

impl Link {
    pub(super) fn new(socket: OwnedWriteHalf, peer: SocketAddr, base: Instant) -> Self {
        Self {
            socket,
            peer,
            opened: Instant::now(),
            waiting: AtomicU64::new(0),
            base,
            left: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            give_way: CancellationToken::new(),
        }
    }

    pub(super) fn socket(&self) -> &TcpStream {
        self.socket.as_ref()
    }

    pub(super) fn set_waiting(&self, waiting: Waiting) {
        let since = Instant::now().duration_since(self.base).as_micros();
        let since = u64::try_from(since).unwrap_or(u64::MAX >> 2);
        self.waiting.store((since << 2) | waiting as u64, Ordering::Release);
    }

    /// Returns the order in which connections give way: those without a head first, then by time;
    /// none while a request is in progress.
    pub(super) fn rank(&self) -> Option<(u64, u64)> {
        let waiting = self.waiting.load(Ordering::Acquire);
        let kind = waiting & 3;
        let is_giving_way = self.give_way.is_cancelled();
        (kind != Waiting::No as u64 && !is_giving_way).then_some((kind, waiting >> 2))
    }

    /// Asks the connection to end in favor of another one.
    pub(super) fn ask_to_give_way(&self) {
        self.give_way.cancel();
    }

    pub(super) async fn gives_way(&self) {
        self.give_way.cancelled().await;
    }

    pub(super) fn give_way_token(&self) -> CancellationToken {
        self.give_way.clone()
    }

    /// Returns when the client has closed its end, wholly or for writing only.
    pub(super) async fn closed_by_client(&self) {
        loop {
            match self.socket().ready(Interest::READABLE).await {
                Ok(ready) if !ready.is_read_closed() => tokio::time::sleep(RECHECK).await,
                _ => return,
            }
        }
    }

    pub(super) fn note_closed_by_client(&self, after: Duration) {
        let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX).max(1);
        self.left.store(micros, Ordering::Release);
    }

    pub(super) fn has_left(&self) -> bool {
        self.left.load(Ordering::Acquire) > 0
    }

    /// Time after which the client closed its end, or since the connection was opened.
    pub(super) fn left_after(&self) -> Duration {
        match self.left.load(Ordering::Acquire) {
            0 => self.opened.elapsed(),
            micros => Duration::from_micros(micros),
        }
    }

    /// Notes the error of a write.
    pub(super) fn note_written<T>(&self, written: io::Result<T>) -> io::Result<T> {
        written.inspect_err(|_| self.failed.store(true, Ordering::Release))
    }

    /// Returns whether what was written may still be read: the client's system has not reset the
    /// connection.
    pub(super) fn is_intact(&self) -> bool {
        if let Ok(Some(_)) = self.socket().take_error() {
            self.failed.store(true, Ordering::Release);
        }
        !self.failed.load(Ordering::Acquire)
    }

    /// Returns whether [`Self::is_intact`] may soon be false: a client that has closed its end may
    /// not read any more, and its reset takes time to arrive over a network.
    pub(super) fn may_be_reset(&self) -> bool {
        self.has_left() && !self.peer.ip().to_canonical().is_loopback()
    }

    /// Like [`Self::is_intact`], once the reset of a client would have arrived.
    pub(super) async fn is_intact_at_last(&self) -> bool {
        tokio::time::sleep(RESET_TIME).await;
        self.is_intact()
    }
}
