//! Reads a request body within its limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::{Limits, Link};
use crate::body_budget::{BodyBudget, Room};
use crate::delivery::{Head, Header, Refusal};
use crate::units;

/// Initial buffer capacity at most; a declared length may be false.
const MAX_INITIAL_CAPACITY: u64 = 64 << 10;

/// Reason why the bytes after a head are not a complete body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFault {
    Malformed,
    /// The client closed its end.
    Incomplete,
}

/// Connects the reader of a body with the capture that hyper reads from.
#[derive(Debug)]
pub(super) struct BodyLink {
    pub(super) fault: oneshot::Receiver<BodyFault>,
    /// Receives the lines after the last chunk.
    pub(super) trailers: oneshot::Receiver<Bytes>,
    /// Set when the rest of the body must not reach hyper.
    pub(super) is_refused: Arc<AtomicBool>,
}

/// Returns the bytes of a body, and its trailers. The error has the number of bytes received, and
/// the status and reason of the refusal.
pub(super) async fn collect(
    body: Incoming,
    declared: u64,
    mut link: BodyLink,
    limits: &Limits,
    budget: &BodyBudget,
    client: &Link,
) -> Result<(Bytes, Vec<Header>), (u64, (u16, Refusal))> {
    let mut bytes = Vec::new();
    let outcome = read(body, declared, &mut link.fault, limits, budget, client, &mut bytes).await;
    match outcome {
        Ok(room) => {
            // hyper sees the end of the trailers only after they were sent here.
            let lines = link.trailers.try_recv().unwrap_or_default();
            let received = bytes.len() as u64;
            let trailers = Head::trailers_in(&lines).ok_or_else(|| {
                let reason = format!("the trailers after a body of {received} bytes are malformed");
                (received, (400, refusal("body-malformed", reason)))
            });
            trailers.map(|trailers| (room.hold(bytes), trailers))
        }
        Err((received, refused)) => {
            link.is_refused.store(true, Ordering::Release);
            Err((received, refused))
        }
    }
}

async fn read(
    mut body: Incoming,
    declared: u64,
    fault: &mut oneshot::Receiver<BodyFault>,
    limits: &Limits,
    budget: &BodyBudget,
    client: &Link,
    bytes: &mut Vec<u8>,
) -> Result<Room, (u64, (u16, Refusal))> {
    bytes.reserve(usize::try_from(declared.min(MAX_INITIAL_CAPACITY)).unwrap_or_default());
    let mut room = Room::default();
    let mut start = Instant::now();
    loop {
        let received = bytes.len() as u64;
        let time = limits.body_time + Duration::from_secs(received / limits.body_rate.max(1));
        let deadline =
            (start + time.min(limits.body_total_time)).min(Instant::now() + limits.body_time);
        let frame = tokio::select! {
            biased;
            frame = timeout_at(deadline, body.frame()) => frame,
            Ok(fault) = &mut *fault => return Err((received, refused(fault, received, declared))),
            () = client.gives_way() => {
                return Err((received, too_slow(received, start.elapsed())));
            }
        };
        match frame {
            Ok(Some(Ok(frame))) => {
                // hyper gets no trailers: the capture keeps them.
                let Ok(data) = frame.into_data() else { continue };
                let size = bytes.len() + data.len();
                if size as u64 > limits.max_body {
                    return Err((size as u64, too_large(limits)));
                }
                let waiting = Instant::now();
                if !room.grow(budget, size, limits.body_time).await {
                    return Err((size as u64, no_room(limits)));
                }
                start += waiting.elapsed();
                bytes.extend_from_slice(&data);
            }
            Ok(None) => return Ok(room),
            Ok(Some(Err(_))) => {
                let fault = if declared > 0 { BodyFault::Incomplete } else { BodyFault::Malformed };
                return Err((received, refused(fault, received, declared)));
            }
            Err(_) => return Err((received, too_slow(received, start.elapsed()))),
        }
    }
}

/// Refusal of a body over the limit.
pub(super) fn too_large(limits: &Limits) -> (u16, Refusal) {
    let limit = units::format_size(limits.max_body);
    let reason = format!("the body is larger than {limit} (see --max-body)");
    (413, refusal("body-too-large", reason))
}

fn no_room(limits: &Limits) -> (u16, Refusal) {
    let budget = units::format_size(limits.bodies_in_progress as u64);
    let reason = format!("other bodies in progress take up all of {budget}; send it again later");
    (503, refusal("body-no-room", reason))
}

fn refused(fault: BodyFault, received: u64, declared: u64) -> (u16, Refusal) {
    match fault {
        BodyFault::Incomplete => {
            let of = if declared > 0 { format!(" of {declared}") } else { String::new() };
            let reason =
                format!("the connection ended within the body, after {received}{of} bytes");
            (400, refusal("body-incomplete", reason))
        }
        BodyFault::Malformed => {
            let reason = format!("the chunks of the body are malformed after {received} bytes");
            (400, refusal("body-malformed", reason))
        }
    }
}

fn too_slow(received: u64, after: Duration) -> (u16, Refusal) {
    let after = units::format_duration(after);
    let reason = format!("the body arrived too slowly: {received} bytes in {after}");
    (408, refusal("body-timeout", reason))
}

pub(super) fn refusal(code: &str, reason: String) -> Refusal {
    Refusal { code: code.to_owned(), reason }
}
