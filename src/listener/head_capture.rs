//! Wraps the socket under hyper and stores each head as received.
//!
//! hyper sees a head with nothing but method, version, and framing, and the body as it is on the
//! wire; the real head is sent to the service through a channel. A request that cannot be received
//! completely becomes an empty one, so that the service responds to it like any other, and the
//! connection ends.

mod captured_io;

use std::fmt::Write as _;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, Sender};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use jiff::Timestamp;
use tokio::io::AsyncReadExt as _;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::body::{BodyFault, BodyLink, refusal, too_large};
use super::framing::Framing;
use super::link::{Link, Waiting};
use super::outcome::PendingResponse;
use super::{Limits, Refusal};
use crate::body_budget::BodyBudget;
use crate::delivery::{Head, HeadError, Version};
use crate::units;

/// Bytes read from the socket at a time: few at first, since most requests are small, and more from a
/// client that sends more.
const FIRST_READ_SIZE: usize = 4 << 10;
const MAX_READ_SIZE: usize = 64 << 10;

/// Start of the bytes that a client with prior knowledge of HTTP/2 sends (RFC 9113 section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";

/// Headers that hyper needs to see.
const FRAMING: [&str; 4] = [CONNECTION, "content-length", "expect", "transfer-encoding"];

const CONNECTION: &str = "connection";

/// The head of a request, in transit to the service.
#[derive(Debug)]
pub(super) struct CapturedRequest {
    pub(super) received_at: Timestamp,
    pub(super) head: Head,
    /// Length of the body as declared in the head.
    pub(super) declared: u64,
    pub(super) refused: Option<(u16, Refusal)>,
    pub(super) body: CapturedBody,
}

/// The body of a request.
#[derive(Debug)]
pub(super) enum CapturedBody {
    /// It arrived together with the head; hyper sees a request without a body.
    Whole(Bytes),
    /// hyper passes it on as it arrives.
    Streamed(BodyLink),
}

/// Meaning of the next bytes from the socket.
enum Phase {
    Head,
    Body(Framing),
    /// Kept from hyper: the body was refused, and the connection ends after the response.
    Refused,
    /// Ignored: the connection ends.
    Done,
}

/// Wait with a time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// For the first byte of a head.
    Idle,
    /// For the rest of it.
    Head,
}

pub(super) struct HeadCapture {
    link: Arc<Link>,
    reading: OwnedReadHalf,
    limits: Limits,
    captured: Sender<CapturedRequest>,
    responses: Receiver<PendingResponse>,
    /// The response that is being written, and the bytes written since.
    writing: Option<(PendingResponse, usize)>,
    /// Completes when the outcome of the last response is stored.
    recorded: Option<oneshot::Receiver<()>>,
    phase: Phase,
    /// Set once bytes of the next head have arrived, even if only empty lines.
    in_head: bool,
    /// Bytes of empty lines before the head.
    skipped: usize,
    fault: Option<oneshot::Sender<BodyFault>>,
    /// Lines after the last chunk, as far as they have come.
    trailer_lines: BytesMut,
    trailers: Option<oneshot::Sender<Bytes>>,
    is_body_refused: Arc<AtomicBool>,
    /// Bytes received and not yet used.
    buffer: BytesMut,
    /// Room for the next read.
    read_size: usize,
    /// Length of the start of the buffer that does not contain the end of a head.
    scanned: usize,
    /// Reduced head for hyper.
    skeleton: Bytes,
    timer: Pin<Box<Sleep>>,
    /// Wait that the timer is set for; none since the last request.
    limited: Option<Wait>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    give_way: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Limits the wait for `recorded`.
    shutdown_timer: Option<Pin<Box<Sleep>>>,
    refused: bool,
    is_shut_down: bool,
}

impl HeadCapture {
    pub(super) fn new(
        link: Arc<Link>,
        reading: OwnedReadHalf,
        limits: &Limits,
        captured: Sender<CapturedRequest>,
        responses: Receiver<PendingResponse>,
        stop: CancellationToken,
    ) -> Self {
        link.set_waiting(Waiting::Head);
        let give_way = Box::pin(link.give_way_token().cancelled_owned());
        Self {
            link,
            reading,
            limits: limits.clone(),
            captured,
            responses,
            writing: None,
            recorded: None,
            phase: Phase::Head,
            in_head: false,
            skipped: 0,
            fault: None,
            trailer_lines: BytesMut::new(),
            trailers: None,
            is_body_refused: Arc::default(),
            buffer: BytesMut::new(),
            read_size: FIRST_READ_SIZE,
            scanned: 0,
            skeleton: Bytes::new(),
            timer: Box::pin(tokio::time::sleep(limits.idle_time)),
            limited: Some(Wait::Idle),
            stop: Box::pin(stop.cancelled_owned()),
            give_way,
            shutdown_timer: None,
            refused: false,
            is_shut_down: false,
        }
    }

    /// Returns when the client has closed its end.
    pub(super) async fn until_hung_up(mut self) {
        while let Ok(1..) = std::future::poll_fn(|cx| self.poll_fill(cx)).await {
            self.buffer.clear();
        }
    }

    /// Sets the timer for the wait that begins, unless it is set.
    fn limit_wait(&mut self) {
        let wait = if self.in_head { Wait::Head } else { Wait::Idle };
        if self.limited.is_none() {
            self.link.set_waiting(Waiting::Head);
        }
        if self.limited.replace(wait) != Some(wait) {
            self.set_timer(match wait {
                Wait::Idle => self.limits.idle_time,
                Wait::Head => self.limits.head_time,
            });
        }
    }

    fn set_timer(&mut self, time: Duration) {
        let now = Instant::now();
        self.timer.as_mut().reset(now + time);
    }

    /// Reads more from the socket; 0 at its end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.buffer.reserve(self.read_size);
        let room = self.buffer.capacity() - self.buffer.len();
        // A read that does not fill the room tells the runtime that the socket is empty; a second one
        // to find that out would cost as much again.
        let read = ready!(pin!(self.reading.read_buf(&mut self.buffer)).poll(cx))?;
        if read == room {
            self.read_size = (self.read_size * 2).min(MAX_READ_SIZE);
        }
        Poll::Ready(Ok(read))
    }

    /// Releases the memory of a large read before the wait for another one.
    fn release_buffer(&mut self) {
        if self.buffer.is_empty() && self.buffer.capacity() > FIRST_READ_SIZE {
            self.buffer = BytesMut::new();
        }
    }

    /// Reads a head: `Ready` once it, or its refusal, was sent to the service.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.skip_empty_lines();
            if self.skipped > self.limits.max_head {
                self.phase = Phase::Done;
                return Poll::Ready(Ok(()));
            }
            if self.find_head() {
                return Poll::Ready(Ok(()));
            }
            let is_empty = self.buffer.is_empty();
            match self.poll_fill(cx) {
                Poll::Ready(Ok(0)) if is_empty => self.phase = Phase::Done,
                Poll::Ready(Ok(0)) => {
                    let why = "the connection ended within the head".to_owned();
                    self.refuse(400, refusal("head-malformed", why));
                }
                Poll::Ready(Ok(_)) => {
                    self.in_head = true;
                    continue;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.limit_wait();
                    ready!(self.poll_timeout(cx));
                }
            }
            return Poll::Ready(Ok(()));
        }
    }

    /// `Ready` when the wait for a head is over.
    fn poll_timeout(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let idle = self.buffer.is_empty();
        if idle && self.stop.as_mut().poll(cx).is_ready() {
            self.phase = Phase::Done;
            return Poll::Ready(());
        }
        if self.give_way.as_mut().poll(cx).is_pending() {
            ready!(self.timer.as_mut().poll(cx));
        }
        if idle {
            self.phase = Phase::Done;
        } else {
            let time = if self.timer.is_elapsed() {
                format!(" in {}", units::format_duration(self.limits.head_time))
            } else {
                ", and other clients needed the connection".to_owned()
            };
            let why = format!("the head arrived too slowly: {} bytes{time}", self.buffer.len());
            self.refuse(408, refusal("head-timeout", why));
        }
        Poll::Ready(())
    }

    /// Some clients send an extra line end after a request (RFC 9112 section 2.2).
    fn skip_empty_lines(&mut self) {
        while matches!(self.buffer.first(), Some(b'\r' | b'\n')) {
            self.buffer.advance(1);
            self.skipped += 1;
        }
    }

    /// Takes a head from the buffer, or refuses it; false if it is still incomplete.
    fn find_head(&mut self) -> bool {
        if self.buffer.starts_with(HTTP2_PREFACE) {
            let why = "this is HTTP/2 without TLS, but the listener expects HTTP/1.1: set the client \
                       or proxy to HTTP/1.1 (curl: without --http2-prior-knowledge)";
            self.refuse(400, refusal("head-malformed", why.to_owned()));
            return true;
        }
        let Some(length) = self.head_length() else {
            if self.buffer.len() > self.limits.max_head {
                self.refuse_large_head();
                return true;
            }
            return self.refuse_other_protocols();
        };
        if length > self.limits.max_head {
            self.refuse_large_head();
            return true;
        }
        let raw = self.take(length);
        (self.scanned, self.skipped) = (0, 0);
        match Head::parse(raw.clone()) {
            Ok(head) => self.accept(head),
            Err(HeadError::Malformed(httparse::Error::TooManyHeaders)) => {
                let why = "the head has more than 256 headers".to_owned();
                self.refuse_head(Head::lenient(raw), 0, (431, refusal("head-too-large", why)));
            }
            Err(error) => {
                let refused = (400, refusal("head-malformed", error.to_string()));
                self.refuse_head(Head::lenient(raw), 0, refused);
            }
        }
        true
    }

    /// Takes bytes from the front of the buffer. A copy, since a slice would keep the whole buffer
    /// in memory for as long as the delivery is needed, and each request would get a new one.
    fn take(&mut self, length: usize) -> Bytes {
        let taken = Bytes::copy_from_slice(self.buffer.get(..length).unwrap_or_default());
        self.buffer.advance(taken.len());
        taken
    }

    /// Returns the length of the head in the buffer, including its empty line.
    fn head_length(&mut self) -> Option<usize> {
        // The empty line may begin in the part already scanned.
        let start = self.scanned.saturating_sub(3);
        let found = memchr::memchr_iter(b'\n', self.buffer.get(start..)?).find_map(|at| {
            let next = start + at + 1;
            match self.buffer.get(next..)? {
                [b'\n', ..] => Some(next + 1),
                [b'\r', b'\n', ..] => Some(next + 2),
                _ => None,
            }
        });
        self.scanned = self.buffer.len();
        found
    }

    /// Refuses another protocol at once, not when the time for a head is over.
    fn refuse_other_protocols(&mut self) -> bool {
        let why = match self.buffer.get(..3) {
            Some([0x16, 3, _]) => "this is TLS, but the listener expects plain HTTP: use http://",
            _ => return false,
        };
        self.refuse(400, refusal("head-malformed", why.to_owned()));
        true
    }

    /// Sends a head to the service, and its framing to hyper.
    fn accept(&mut self, head: Head) {
        let framing = match Framing::of(&head) {
            Ok(framing) => framing,
            Err(why) => {
                let refused =
                    (400, refusal("head-malformed", format!("the head is ambiguous: {why}")));
                return self.refuse_head(head, 0, refused);
            }
        };
        let declared = framing.declared();
        if declared > self.limits.max_body {
            let refused = too_large(&self.limits);
            return self.refuse_head(head, declared, refused);
        }
        if let Some(body) = self.take_whole_body(&head, &framing) {
            self.skeleton = bare_skeleton(&head);
            self.phase = Phase::Body(Framing::Length(0));
            return self.announce(head, declared, None, CapturedBody::Whole(body));
        }
        self.skeleton = skeleton(&head, &FRAMING);
        self.phase = Phase::Body(framing);
        let body = CapturedBody::Streamed(self.body_link());
        self.announce(head, declared, None, body);
    }

    /// Takes a body that has already arrived, and is so small that it needs no room in the budget.
    fn take_whole_body(&mut self, head: &Head, framing: &Framing) -> Option<Bytes> {
        let Framing::Length(length) = framing else { return None };
        // hyper tells the client to go on.
        if head.values("expect").next().is_some() {
            return None;
        }
        let length = usize::try_from(*length).ok()?;
        (length <= self.buffer.len().min(BodyBudget::FREE)).then(|| self.take(length))
    }

    /// Connects this capture with the reader of a body.
    fn body_link(&mut self) -> BodyLink {
        let (sender, fault) = oneshot::channel();
        self.fault = Some(sender);
        let (sender, trailers) = oneshot::channel();
        self.trailers = Some(sender);
        self.trailer_lines.clear();
        self.is_body_refused = Arc::default();
        BodyLink { fault, trailers, is_refused: Arc::clone(&self.is_body_refused) }
    }

    fn refuse_large_head(&mut self) {
        let limit = units::format_size(self.limits.max_head as u64);
        self.refuse(431, refusal("head-too-large", format!("the head is larger than {limit}")));
    }

    /// Refuses the part of a head received so far.
    fn refuse(&mut self, status: u16, why: Refusal) {
        let raw = self.take(self.buffer.len().min(self.limits.max_head));
        self.buffer.clear();
        self.refuse_head(Head::lenient(raw), 0, (status, why));
    }

    fn refuse_head(&mut self, head: Head, declared: u64, refused: (u16, Refusal)) {
        self.skeleton = Bytes::from_static(b"POST / HTTP/1.1\r\nconnection: close\r\n\r\n");
        self.phase = Phase::Done;
        self.refused = true;
        self.announce(head, declared, Some(refused), CapturedBody::Whole(Bytes::new()));
    }

    /// Ends a body that cannot become complete. hyper waits for more of it until the response is
    /// written.
    pub(super) fn end_body(&mut self, fault: BodyFault) {
        self.phase = Phase::Refused;
        if let Some(reader) = self.fault.take() {
            // Fails if the body was refused for another reason.
            let _ = reader.send(fault);
        }
    }

    fn announce(
        &mut self,
        head: Head,
        declared: u64,
        refused: Option<(u16, Refusal)>,
        body: CapturedBody,
    ) {
        #[expect(clippy::disallowed_methods, reason = "this is when a delivery is received")]
        let received_at = Timestamp::now();
        let is_complete = match &self.phase {
            Phase::Body(framing) => framing.is_done(),
            _ => true,
        };
        let waiting = if is_complete { Waiting::No } else { Waiting::Body };
        self.link.set_waiting(waiting);
        // Fails only if the connection, and the service with it, has ended.
        let _ = self.captured.send(CapturedRequest { received_at, head, declared, refused, body });
    }
}

/// Builds the reduced head of a request without a body, or with one that hyper need not see.
fn bare_skeleton(head: &Head) -> Bytes {
    if head.version == Version::Http10 || head.values(CONNECTION).next().is_some() {
        return skeleton(head, &[CONNECTION]);
    }
    // Of the other methods, hyper treats none differently.
    let is_head = head.method == "HEAD";
    let text = if is_head { "HEAD / HTTP/1.1\r\n\r\n" } else { "POST / HTTP/1.1\r\n\r\n" };
    Bytes::from_static(text.as_bytes())
}

/// Builds the reduced head: method, version, and these headers. CONNECT would change the rules of the
/// connection, so hyper sees POST instead: nothing is tunneled.
fn skeleton(head: &Head, names: &[&str]) -> Bytes {
    let method = if head.method == "CONNECT" { "POST" } else { &head.method };
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(out, "{method} / {}\r\n", head.version);
    let mut out = out.into_bytes();
    for header in head.headers.iter().filter(|header| names.iter().any(|name| header.is(name))) {
        // Upgrades are not supported, so hyper must not see a request for one.
        if header.is(CONNECTION) && header.value.to_ascii_lowercase().ends_with(b"upgrade") {
            continue;
        }
        out.extend_from_slice(header.name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(&header.value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.into()
}
