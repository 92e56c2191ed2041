//! Time of signing, and its tolerance.

use jiff::{SignedDuration, Timestamp};

use super::Cause;
use super::signed_payload::Subject;
use crate::delivery::{SignatureStatus, Verdict};
use crate::payload::escape;
use crate::provider::{Scheme, TimestampSpec, Unit};
use crate::units;

/// Time at which a delivery was signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignedAt {
    at: Timestamp,
    /// The received value, if it is a number.
    number: Option<i64>,
}

/// Reads the time of signing; none if the scheme has none.
pub(super) fn read(
    scheme: &Scheme,
    subject: &Subject<'_>,
    signature: &str,
) -> Result<Option<SignedAt>, Verdict> {
    let Some(clock) = &scheme.timestamp else { return Ok(None) };
    let text = subject.value_at(scheme, &clock.from, signature);
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        let why = format!("the time of signing ({}) is missing", clock.from);
        return Err(Verdict::with_cause(
            SignatureStatus::Missing,
            Cause::TimestampMissing.code(),
            why,
        ));
    };
    let number = || text.trim().parse::<i64>().ok();
    let parsed = match clock.unit {
        // A number out of range is far in the future or the past, not malformed.
        Unit::Seconds => {
            number().map(|seconds| Timestamp::from_second(seconds).unwrap_or(clamped(seconds)))
        }
        Unit::Milliseconds => {
            number().map(|millis| Timestamp::from_millisecond(millis).unwrap_or(clamped(millis)))
        }
        Unit::Rfc3339 => text.trim().parse().ok(),
    };
    let number = number();
    parsed.map(|at| Some(SignedAt { at, number })).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let expected = match clock.unit {
            Unit::Seconds => "a Unix time in seconds",
            Unit::Milliseconds => "a Unix time in milliseconds",
            Unit::Rfc3339 => "a time in RFC 3339",
        };
        let why =
            format!("the time of signing ({}) is `{}`, not {expected}", clock.from, escape(&shown));
        Verdict::with_cause(SignatureStatus::Malformed, Cause::TimestampMalformed.code(), why)
    })
}

/// Returns whether the time of signing is a value of the body.
pub(super) fn is_in_body(scheme: &Scheme) -> bool {
    let place = scheme.timestamp.as_ref().map(|clock| &clock.from);
    place.is_some_and(|place| place.body_pointer().is_some())
}

fn clamped(number: i64) -> Timestamp {
    if number < 0 { Timestamp::MIN } else { Timestamp::MAX }
}

/// Returns the verdict on a right signature outside the tolerance.
pub(super) fn expired(
    scheme: &Scheme,
    signed_at: Option<SignedAt>,
    now: Timestamp,
) -> Option<Verdict> {
    let clock = scheme.timestamp.as_ref()?;
    let signed_at = signed_at?;
    let age = now.duration_since(signed_at.at);
    let words = |seconds: i64| units::format_age(seconds);
    let late = clock.max_age.is_some_and(|limit| age > SignedDuration::from_secs(limit));
    let early = clock.max_ahead.is_some_and(|limit| -age > SignedDuration::from_secs(limit));
    if (late || early) && other_unit(clock, signed_at, now) {
        let why = format!("the signature is right, but {}", unit_mistake(clock));
        return Some(Verdict::with_cause(
            SignatureStatus::Expired,
            Cause::TimestampUnit.code(),
            why,
        ));
    }
    if let Some(limit) = clock.max_age
        && age > SignedDuration::from_secs(limit)
    {
        let why = format!(
            "the signature is right, but {} old; the provider's verifiers accept up to {}",
            words(age.as_secs()),
            words(limit)
        );
        return Some(Verdict::with_cause(
            SignatureStatus::Expired,
            Cause::TimestampOld.code(),
            why,
        ));
    }
    if let Some(limit) = clock.max_ahead
        && -age > SignedDuration::from_secs(limit)
    {
        let why = format!(
            "the signature is right, but dated {} in the future; the provider's verifiers accept \
             up to {}",
            words(-age.as_secs()),
            words(limit)
        );
        return Some(Verdict::with_cause(
            SignatureStatus::Expired,
            Cause::TimestampFuture.code(),
            why,
        ));
    }
    None
}

/// Returns true if the number is within a day of now when read in the other unit.
fn other_unit(clock: &TimestampSpec, signed_at: SignedAt, now: Timestamp) -> bool {
    let Some(number) = signed_at.number else { return false };
    let other = match clock.unit {
        Unit::Seconds => Timestamp::from_millisecond(number),
        Unit::Milliseconds => Timestamp::from_second(number),
        Unit::Rfc3339 => return false,
    };
    other.is_ok_and(|other| now.duration_since(other).abs() < SignedDuration::from_hours(24))
}

/// Returns a received time in other units, each with its name.
pub(super) fn other_units(received: &str) -> Vec<(&'static str, String)> {
    let text = received.trim();
    let mut out = Vec::new();
    let at = match text.parse::<i64>() {
        Ok(number) if number.abs() < MILLISECONDS => Timestamp::from_second(number).ok(),
        Ok(number) => Timestamp::from_millisecond(number).ok(),
        Err(_) => text.parse().ok(),
    };
    if let Some(at) = at {
        out.push(("seconds", at.as_second().to_string()));
        out.push(("milliseconds", at.as_millisecond().to_string()));
        out.push(("RFC 3339", at.to_string()));
        out.push(("RFC 3339 with milliseconds", at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()));
    }
    out.retain(|(_, other)| other != text);
    out
}

/// Smallest number read as milliseconds: the year 5138 in seconds, 1973 in milliseconds.
const MILLISECONDS: i64 = 100_000_000_000;

/// Returns a note on a time of signing far in the future, if the provider's verifiers accept it.
pub(super) fn future_note(
    scheme: &Scheme,
    signed_at: Option<SignedAt>,
    now: Timestamp,
) -> Option<(Cause, String)> {
    let clock = scheme.timestamp.as_ref().filter(|clock| clock.max_ahead.is_none())?;
    let signed_at = signed_at?;
    let ahead = signed_at.at.duration_since(now);
    (ahead > SignedDuration::from_secs(clock.max_age?)).then(|| {
        if other_unit(clock, signed_at, now) {
            return (Cause::TimestampUnit, unit_mistake(clock));
        }
        let ahead = units::format_age(ahead.as_secs());
        let why = format!(
            "dated {ahead} in the future, which the provider's verifiers accept: a clock is wrong"
        );
        (Cause::TimestampFuture, why)
    })
}

fn unit_mistake(clock: &TimestampSpec) -> String {
    let (expected, received) = match clock.unit {
        Unit::Seconds => ("seconds", "milliseconds"),
        _ => ("milliseconds", "seconds"),
    };
    format!("the time of signing is in {received}; the provider sends {expected}")
}
