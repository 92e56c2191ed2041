//! Under hyper's client: puts our head in the place of the one that hyper writes, since hyper's
//! would lose the case, the order and the repetition of headers. It also sees when the last byte
//! of the request has gone out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// Receives a message when the last byte of a request has been written.
pub(super) type OnFlushed = Option<oneshot::Sender<()>>;

pub(super) struct RawHeadWriter<S> {
    stream: S,
    /// What is left to be written of our head.
    head: Bytes,
    /// How much of the empty line that ends hyper's head has been seen.
    seen: usize,
    /// Bytes of the body that are still to be written.
    body: usize,
    departed: OnFlushed,
}

const END: &[u8; 4] = b"\r\n\r\n";

impl<S> RawHeadWriter<S> {
    pub(super) fn new(stream: S, head: Bytes, body: usize, departed: OnFlushed) -> Self {
        Self { stream, head, seen: 0, body, departed }
    }

    fn is_gone(&self) -> bool {
        self.head.is_empty() && self.body == 0 && self.seen == END.len()
    }

    /// Swallows hyper's head; how many of the bytes belong to it.
    fn swallow(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        for byte in bytes {
            if self.seen == END.len() {
                break;
            }
            taken += 1;
            self.seen = match END.get(self.seen) {
                Some(expected) if expected == byte => self.seen + 1,
                _ => usize::from(*byte == b'\r'),
            };
        }
        taken
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for RawHeadWriter<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let exact = self.get_mut();
        // Before anything is said to be taken, so that nothing is swallowed twice.
        while !exact.head.is_empty() {
            let written = ready!(Pin::new(&mut exact.stream).poll_write(cx, &exact.head))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            exact.head.advance(written);
        }
        match exact.swallow(bytes) {
            0 => {
                let written = ready!(Pin::new(&mut exact.stream).poll_write(cx, bytes))?;
                exact.body = exact.body.saturating_sub(written);
                Poll::Ready(Ok(written))
            }
            swallowed => Poll::Ready(Ok(swallowed)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let exact = self.get_mut();
        ready!(Pin::new(&mut exact.stream).poll_flush(cx))?;
        if exact.is_gone()
            && let Some(departed) = exact.departed.take()
        {
            // Whoever waited for it has gone only if the program is ending.
            let _ = departed.send(());
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for RawHeadWriter<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, out)
    }
}
