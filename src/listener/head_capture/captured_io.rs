//! [`HeadCapture`] as hyper sees it: a stream to read from and to write to.

use std::future::Future as _;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{HeadCapture, Phase};
use crate::listener::body::BodyFault;
use crate::listener::link::Waiting;

/// Time to keep reading from a client that was refused: closing earlier would reset the connection,
/// and the client might never read the response.
const LINGER: Duration = Duration::from_secs(10);

/// Time that storing the outcome of a response may delay the end of a connection.
const RECORD_TIME: Duration = Duration::from_secs(1);

/// Copies bytes to the reader, as many as fit.
fn copy(from: &[u8], out: &mut ReadBuf<'_>) -> usize {
    let length = from.len().min(out.remaining());
    out.put_slice(from.get(..length).unwrap_or_default());
    length
}

impl HeadCapture {
    /// Counts written bytes against the response in progress.
    fn note_written(&mut self, written: io::Result<usize>) -> io::Result<usize> {
        self.next_response();
        if let (Ok(count), Some((_, sum))) = (&written, &mut self.writing) {
            *sum += count;
        }
        self.link.note_written(written)
    }

    fn next_response(&mut self) {
        if self.writing.is_none() {
            self.writing = self.responses.try_recv().ok().map(|response| (response, 0));
        }
    }

    /// Copies what is in the buffer of a body; false if nothing was copied.
    fn copy_body(&mut self, out: &mut ReadBuf<'_>) -> bool {
        let Self {
            phase: Phase::Body(framing),
            buffer,
            link,
            skeleton,
            trailers,
            trailer_lines,
            ..
        } = self
        else {
            return false;
        };
        let is_trailer = framing.is_in_trailers();
        let length = buffer.len().min(out.remaining());
        let owned = framing.advance(buffer.get(..length).unwrap_or_default());
        if framing.is_done() {
            link.set_waiting(Waiting::No);
        }
        if is_trailer {
            // hyper gets the end of the trailers only.
            trailer_lines.extend_from_slice(buffer.get(..owned).unwrap_or_default());
            if framing.is_done() {
                // Fails if the body was refused.
                let sent = trailers.take().map(|one| one.send(trailer_lines.split().freeze()));
                drop(sent);
                *skeleton = Bytes::from_static(b"\r\n");
            }
        } else {
            copy(buffer.get(..owned).unwrap_or_default(), out);
        }
        buffer.advance(owned);
        !is_trailer && owned > 0
    }

    /// Reports a response whose last byte was written.
    fn note_flushed(&mut self) {
        let is_whole =
            self.writing.as_ref().is_some_and(|(response, written)| *written > response.size);
        if is_whole && let Some((response, _)) = self.writing.take() {
            self.recorded = response.written();
        }
    }
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
                // Written responses wake the connection, and nothing else is left to do.
                Phase::Refused => return Poll::Pending,
                Phase::Body(_) if capture.is_body_refused.load(Ordering::Acquire) => {
                    capture.phase = Phase::Refused;
                }
                Phase::Body(framing) if framing.is_broken() => {
                    capture.end_body(BodyFault::Malformed);
                }
                Phase::Head => ready!(capture.poll_head(cx))?,
                Phase::Body(framing) if framing.is_done() => {
                    capture.phase = Phase::Head;
                    capture.in_head = !capture.buffer.is_empty();
                    capture.release_buffer();
                    capture.limited = None;
                }
                Phase::Body(_) if !capture.buffer.is_empty() => {
                    if capture.copy_body(out) {
                        return Poll::Ready(Ok(()));
                    }
                }
                Phase::Body(_) => match capture.poll_fill(cx)? {
                    Poll::Ready(0) => capture.end_body(BodyFault::Incomplete),
                    Poll::Ready(_) => {}
                    Poll::Pending => {
                        capture.release_buffer();
                        return Poll::Pending;
                    }
                },
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
        let capture = self.get_mut();
        loop {
            ready!(capture.link.socket().poll_write_ready(cx))?;
            match capture.link.socket().try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(capture.note_written(written)),
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let capture = self.get_mut();
        loop {
            ready!(capture.link.socket().poll_write_ready(cx))?;
            match capture.link.socket().try_write_vectored(parts) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(capture.note_written(written)),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().note_flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let capture = self.get_mut();
        capture.note_flushed();
        if capture.link.has_left()
            && let Some(recorded) = &mut capture.recorded
        {
            // A client that has closed its end reads until this end is closed, and may then look
            // at what was stored.
            if capture.shutdown_timer.is_none() {
                capture.shutdown_timer = Some(Box::pin(tokio::time::sleep(RECORD_TIME)));
            }
            let is_late = capture
                .shutdown_timer
                .as_mut()
                .is_some_and(|timer| timer.as_mut().poll(cx).is_ready());
            if Pin::new(recorded).poll(cx).is_pending() && !is_late {
                return Poll::Pending;
            }
            capture.recorded = None;
        }
        if !capture.is_shut_down {
            SockRef::from(capture.link.socket()).shutdown(Shutdown::Write)?;
            capture.is_shut_down = true;
            capture.set_timer(LINGER);
            capture.link.set_waiting(Waiting::Head);
        }
        let unread = match &capture.phase {
            Phase::Body(framing) => !framing.is_done(),
            Phase::Refused => true,
            Phase::Head | Phase::Done => false,
        };
        while capture.refused || unread {
            capture.buffer.clear();
            let gives_way = capture.give_way.as_mut().poll(cx).is_ready();
            if gives_way || capture.timer.as_mut().poll(cx).is_ready() {
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
