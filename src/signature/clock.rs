//! When a delivery was signed, and whether that is too long ago.

use jiff::{SignedDuration, Timestamp};

use super::Cause;
use super::content::Subject;
use super::verify::caused;
use crate::delivery::{SignatureStatus, Verdict};
use crate::payload::visible;
use crate::provider::{Scheme, Unit};

/// The time of signing; nothing where the scheme has none.
pub(super) fn read(
    scheme: &Scheme,
    subject: &Subject<'_>,
    signature: &str,
) -> Result<Option<Timestamp>, Verdict> {
    let Some(clock) = &scheme.timestamp else { return Ok(None) };
    let text = subject.at(scheme, &clock.from, signature);
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        let why = format!("the time of signing, {}, is not there, or blank", clock.from);
        return Err(caused(SignatureStatus::Missing, Cause::TimestampMissing, why));
    };
    let number = || text.trim().parse::<i64>().ok();
    let parsed = match clock.unit {
        Unit::Seconds => number().and_then(|seconds| Timestamp::from_second(seconds).ok()),
        Unit::Milliseconds => number().and_then(|millis| Timestamp::from_millisecond(millis).ok()),
        Unit::Rfc3339 => text.trim().parse().ok(),
    };
    parsed.map(Some).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let why = format!("the time of signing, {}, is no time: `{}`", clock.from, visible(&shown));
        caused(SignatureStatus::Malformed, Cause::TimestampMalformed, why)
    })
}

/// The verdict on a signature that is right but out of date.
pub(super) fn expired(
    scheme: &Scheme,
    signed_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<Verdict> {
    let clock = scheme.timestamp.as_ref()?;
    let age = now.duration_since(signed_at?);
    let words = |seconds: i64| format!("{seconds} s");
    if let Some(limit) = clock.max_age
        && age > SignedDuration::from_secs(limit)
    {
        let why = format!(
            "the signature is right, but {} old, and the provider's verifiers take {}; a late \
             retry, a replay, or a clock that is wrong",
            words(age.as_secs()),
            words(limit)
        );
        return Some(caused(SignatureStatus::Expired, Cause::TimestampOld, why));
    }
    if let Some(limit) = clock.max_ahead
        && -age > SignedDuration::from_secs(limit)
    {
        let why = format!(
            "the signature is right, but dated {} ahead, and the provider's verifiers take {}; \
             one of the two clocks is wrong",
            words(-age.as_secs()),
            words(limit)
        );
        return Some(caused(SignatureStatus::Expired, Cause::TimestampFuture, why));
    }
    None
}

/// A remark on a signature dated ahead, where the provider's verifiers do not mind.
pub(super) fn far_ahead(
    scheme: &Scheme,
    signed_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<String> {
    let clock = scheme.timestamp.as_ref().filter(|clock| clock.max_ahead.is_none())?;
    let ahead = signed_at?.duration_since(now);
    (ahead > SignedDuration::from_secs(clock.max_age?)).then(|| {
        let seconds = ahead.as_secs();
        format!("dated {seconds} s ahead, which this provider's verifiers take; a clock is wrong")
    })
}
