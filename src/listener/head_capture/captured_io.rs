//! [`HeadCapture`] as hyper sees it: a stream to read from and to write to.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Buf as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{HeadCapture, Phase};

/// Time to keep reading from a client that was refused: closing earlier would reset the connection,
/// and the client might never read the response.
const LINGER: Duration = Duration::from_secs(2);

/// Copies bytes to the reader, as many as fit.
fn copy(from: &[u8], out: &mut ReadBuf<'_>) -> usize {
    let length = from.len().min(out.remaining());
    out.put_slice(from.get(..length).unwrap_or_default());
    length
}

impl AsyncRead for HeadCapture {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let capture = self.get_mut();
        loop {
            if !capture.skeleton.is_empty() {
                let copied = copy(&capture.skeleton, out);
                capture.skeleton.advance(copied);
                return Poll::Ready(Ok(()));
            }
            match &mut capture.phase {
                Phase::Done => return Poll::Ready(Ok(())),
                Phase::Head => ready!(capture.poll_head(cx))?,
                Phase::Body(framing) if framing.is_done() => {
                    capture.phase = Phase::Head;
                    let time = if capture.buffer.is_empty() {
                        capture.limits.idle_time
                    } else {
                        capture.limits.head_time
                    };
                    capture.set_timer(time);
                }
                Phase::Body(framing) if !capture.buffer.is_empty() => {
                    let length = capture.buffer.len().min(out.remaining());
                    let owned = framing.advance(capture.buffer.get(..length).unwrap_or_default());
                    let copied = copy(capture.buffer.get(..owned).unwrap_or_default(), out);
                    capture.buffer.advance(copied);
                    return Poll::Ready(Ok(()));
                }
                Phase::Body(_) => {
                    if ready!(capture.poll_fill(cx))? == 0 {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl AsyncWrite for HeadCapture {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let capture = self.get_mut();
        if !capture.is_shut_down {
            ready!(Pin::new(&mut capture.socket).poll_shutdown(cx))?;
            capture.is_shut_down = true;
            capture.set_timer(LINGER);
        }
        let unread = matches!(&capture.phase, Phase::Body(framing) if !framing.is_done());
        while capture.refused || unread {
            capture.buffer.clear();
            if capture.timer.as_mut().poll(cx).is_ready() {
                break;
            }
            match ready!(capture.poll_fill(cx)) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        Poll::Ready(Ok(()))
    }
}
