//! Reads a request body within its limits.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::time::Duration;
use tokio::time::Instant;

use super::Limits;
use crate::delivery::Refusal;
use crate::units;

/// Initial buffer capacity at most; a declared length may be false.
const MAX_INITIAL_CAPACITY: u64 = 1 << 20;

/// Returns the bytes of a body. The error has the number of bytes received, and the status and
/// reason of the refusal.
pub(super) async fn collect(
    mut body: Incoming,
    declared: u64,
    limits: &Limits,
) -> Result<Bytes, (u64, (u16, Refusal))> {
    let capacity = usize::try_from(declared.min(MAX_INITIAL_CAPACITY)).unwrap_or_default();
    let mut bytes = BytesMut::with_capacity(capacity);
    let start = Instant::now();
    loop {
        let received = bytes.len() as u64;
        let extra_time = Duration::from_secs(received / limits.body_rate.max(1));
        let deadline = start + limits.body_time + extra_time;
        match tokio::time::timeout_at(deadline, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                // Trailers are not part of the body, and no known scheme signs them.
                let Ok(data) = frame.into_data() else { continue };
                if received + data.len() as u64 > limits.max_body {
                    return Err((received + data.len() as u64, too_large(limits)));
                }
                bytes.extend_from_slice(&data);
            }
            Ok(None) => return Ok(bytes.freeze()),
            Ok(Some(Err(error))) => {
                return Err((received, incomplete_or_malformed(&error, received, declared)));
            }
            Err(_) => return Err((received, too_slow(received, start.elapsed()))),
        }
    }
}

/// Refusal of a body over the limit.
pub(super) fn too_large(limits: &Limits) -> (u16, Refusal) {
    let limit = units::format_size(limits.max_body);
    let reason = format!("the body is larger than {limit}; --max-body sets how large it may be");
    (413, refusal("body-too-large", reason))
}

fn incomplete_or_malformed(error: &hyper::Error, received: u64, declared: u64) -> (u16, Refusal) {
    if error.is_incomplete_message() || error.is_closed() || declared > received {
        let of = if declared > 0 { format!(" of {declared}") } else { String::new() };
        let reason = format!("the connection ended within the body, after {received}{of} bytes");
        return (400, refusal("body-incomplete", reason));
    }
    let reason = format!("the chunks of the body are malformed after {received} bytes ({error})");
    (400, refusal("body-malformed", reason))
}

fn too_slow(received: u64, after: Duration) -> (u16, Refusal) {
    let after = units::format_duration(after);
    let reason = format!("the body came too slowly: {received} bytes in {after}");
    (408, refusal("body-timeout", reason))
}

pub(super) fn refusal(code: &str, reason: String) -> Refusal {
    Refusal { code: code.to_owned(), reason }
}
