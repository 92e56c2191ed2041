//! The gate as hyper sees it: a stream to read from and to write to.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Buf as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{HeadCapture, Phase};

/// How long to go on listening to a sender that was refused: closing earlier would reset the
/// connection, and the sender might never read why.
const LINGER: Duration = Duration::from_secs(2);

/// Moves bytes to the reader, as many as it has room for.
fn give(from: &[u8], out: &mut ReadBuf<'_>) -> usize {
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
        let gate = self.get_mut();
        loop {
            if !gate.skeleton.is_empty() {
                let given = give(&gate.skeleton, out);
                gate.skeleton.advance(given);
                return Poll::Ready(Ok(()));
            }
            match &mut gate.phase {
                Phase::Over => return Poll::Ready(Ok(())),
                Phase::Head => ready!(gate.poll_head(cx))?,
                Phase::Body(framing) if framing.is_done() => {
                    gate.phase = Phase::Head;
                    let time = if gate.buffer.is_empty() {
                        gate.limits.idle_time
                    } else {
                        gate.limits.head_time
                    };
                    gate.set_timer(time);
                }
                Phase::Body(framing) if !gate.buffer.is_empty() => {
                    let room = gate.buffer.len().min(out.remaining());
                    let taken = framing.advance(gate.buffer.get(..room).unwrap_or_default());
                    let given = give(gate.buffer.get(..taken).unwrap_or_default(), out);
                    gate.buffer.advance(given);
                    return Poll::Ready(Ok(()));
                }
                Phase::Body(_) => {
                    if ready!(gate.poll_fill(cx))? == 0 {
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
        let gate = self.get_mut();
        if !gate.shut {
            ready!(Pin::new(&mut gate.socket).poll_shutdown(cx))?;
            gate.shut = true;
            gate.set_timer(LINGER);
        }
        let unread = matches!(&gate.phase, Phase::Body(framing) if !framing.is_done());
        while gate.refused || unread {
            gate.buffer.clear();
            if gate.timer.as_mut().poll(cx).is_ready() {
                break;
            }
            match ready!(gate.poll_fill(cx)) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        Poll::Ready(Ok(()))
    }
}
