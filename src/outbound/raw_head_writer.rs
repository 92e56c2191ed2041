//! Writes our head in place of hyper's, which would lose the case, order, and repetition of
//! headers. Also signals when the last byte of the request has been written.

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
    /// The part of our head that is still to be written.
    head: Bytes,
    /// Length of the matched part of the empty line that ends hyper's head.
    seen: usize,
    /// Bytes of the body left to write.
    body: usize,
    on_flushed: OnFlushed,
}

const END: &[u8; 4] = b"\r\n\r\n";

impl<S> RawHeadWriter<S> {
    pub(super) fn new(stream: S, head: Bytes, body: usize, on_flushed: OnFlushed) -> Self {
        Self { stream, head, seen: 0, body, on_flushed }
    }

    fn is_written(&self) -> bool {
        self.head.is_empty() && self.body == 0 && self.seen == END.len()
    }

    /// Skips hyper's head and returns how many of the bytes belong to it.
    fn skip_head(&mut self, bytes: &[u8]) -> usize {
        let mut skipped = 0;
        for byte in bytes {
            if self.seen == END.len() {
                break;
            }
            skipped += 1;
            self.seen = match END.get(self.seen) {
                Some(expected) if expected == byte => self.seen + 1,
                _ => usize::from(*byte == b'\r'),
            };
        }
        skipped
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for RawHeadWriter<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let writer = self.get_mut();
        // Write our head first, before any byte is reported as written, so that nothing is skipped
        // twice.
        while !writer.head.is_empty() {
            let written = ready!(Pin::new(&mut writer.stream).poll_write(cx, &writer.head))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            writer.head.advance(written);
        }
        match writer.skip_head(bytes) {
            0 => {
                let written = ready!(Pin::new(&mut writer.stream).poll_write(cx, bytes))?;
                writer.body = writer.body.saturating_sub(written);
                Poll::Ready(Ok(written))
            }
            skipped => Poll::Ready(Ok(skipped)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let writer = self.get_mut();
        ready!(Pin::new(&mut writer.stream).poll_flush(cx))?;
        if writer.is_written()
            && let Some(on_flushed) = writer.on_flushed.take()
        {
            // Fails only if the program is ending.
            let _ = on_flushed.send(());
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
