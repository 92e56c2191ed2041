//! Reads a body whole, within its limits.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::time::Duration;
use tokio::time::Instant;

use super::Limits;
use crate::delivery::Refusal;
use crate::units;

/// Room that is made before anything has come; a declared length may be a lie.
const FIRST_ROOM: u64 = 1 << 20;

/// The bytes of a body, or how many had come, with the status and the reason of its refusal.
pub(super) async fn collect(
    mut body: Incoming,
    declared: u64,
    limits: &Limits,
) -> Result<Bytes, (u64, (u16, Refusal))> {
    let room = usize::try_from(declared.min(FIRST_ROOM)).unwrap_or_default();
    let mut bytes = BytesMut::with_capacity(room);
    let start = Instant::now();
    loop {
        let came = bytes.len() as u64;
        let earned = Duration::from_secs(came / limits.body_rate.max(1));
        let deadline = start + limits.body_time + earned;
        match tokio::time::timeout_at(deadline, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                // Trailers are no part of the body, and no known scheme signs them.
                let Ok(data) = frame.into_data() else { continue };
                if came + data.len() as u64 > limits.max_body {
                    return Err((came + data.len() as u64, too_large(limits)));
                }
                bytes.extend_from_slice(&data);
            }
            Ok(None) => return Ok(bytes.freeze()),
            Ok(Some(Err(error))) => return Err((came, broken(&error, came, declared))),
            Err(_) => return Err((came, too_slow(came, start.elapsed()))),
        }
    }
}

/// What a body over the limit is told; its declared or counted size stands beside it.
pub(super) fn too_large(limits: &Limits) -> (u16, Refusal) {
    let limit = units::format_size(limits.max_body);
    let reason = format!("the body is larger than {limit}; --max-body sets how large it may be");
    (413, refusal("body-too-large", reason))
}

fn broken(error: &hyper::Error, came: u64, declared: u64) -> (u16, Refusal) {
    if error.is_incomplete_message() || error.is_closed() || declared > came {
        let of = if declared > 0 { format!(" of {declared}") } else { String::new() };
        let reason = format!("the connection ended within the body, after {came}{of} bytes");
        return (400, refusal("body-incomplete", reason));
    }
    let reason = format!("the chunks of the body are malformed after {came} bytes ({error})");
    (400, refusal("body-malformed", reason))
}

fn too_slow(came: u64, after: Duration) -> (u16, Refusal) {
    let after = units::format_duration(after);
    let reason = format!("the body came too slowly: {came} bytes in {after}");
    (408, refusal("body-timeout", reason))
}

pub(super) fn refusal(code: &str, reason: String) -> Refusal {
    Refusal { code: code.to_owned(), reason }
}
