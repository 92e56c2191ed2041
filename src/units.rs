//! Reads and formats sizes, counts, and durations.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo, Timestamp};

/// Formats a size in bytes, at most six characters wide up to a gigabyte: `412B`, `1.2k`, `25.0M`.
///
/// Steps are powers of 1024.
pub(crate) fn format_size(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let mut value = f64_of(bytes) / 1024.0;
    for unit in ["k", "M"] {
        if value < 1023.95 {
            return format!("{value:.1}{unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1}G")
}

#[expect(clippy::cast_precision_loss, reason = "a size is shown with three digits")]
fn f64_of(bytes: u64) -> f64 {
    bytes as f64
}

/// Formats a count with commas between the thousands: `1,204`.
pub(crate) fn format_count(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats a duration with about three digits: `0.4 ms`, `12 ms`, `1.3 s`.
pub(crate) fn format_duration(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1000.0;
    if millis < 10.0 {
        format!("{millis:.1} ms")
    } else if millis < 1000.0 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", millis / 1000.0)
    }
}

/// Returns a duration in milliseconds for JSON, without digits that only floating point adds.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// Formats a length of time: `45 s`, `12 min`, `3 h 20 min`, `5 days`.
pub(crate) fn format_age(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let two = |whole: u64, unit: &str, rest: u64, smaller: &str| match rest {
        0 => format!("{whole} {unit}"),
        rest => format!("{whole} {unit} {rest} {smaller}"),
    };
    match seconds {
        0..120 => format!("{seconds} s"),
        120..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        3600..172_800 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => format!("{} days", format_count(seconds / 86_400)),
    }
}

/// Reason why a text is not a size.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("invalid size `{0}`: expected a number with a unit, e.g. 512KiB, 25MiB, or 1048576")]
pub(crate) struct SizeError(String);

/// Parses a size: a number of bytes, or a number with `k`, `M`, `G` (or `kB`, `MB`, `GB`: powers of
/// 1000) or `KiB`, `MiB`, `GiB` (powers of 1024).
pub(crate) fn parse_size(text: &str) -> Result<u64, SizeError> {
    let wrong = || SizeError(text.to_owned());
    let text = text.trim();
    let split = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).ok_or_else(wrong)
}

/// Reason why a text is not a duration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "invalid duration `{0}`: expected a number with a unit, e.g. `500ms`, `30s`, `1h30m`, or `2d`"
)]
pub(crate) struct DurationError(String);

/// Parses a duration in jiff's friendly format, e.g. `500ms`, `1h30m`, or `1.5 hours`. A number
/// without a unit is in seconds, a day has 24 hours, and case does not matter.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let wrong = || DurationError(text.to_owned());
    let mut lower = text.trim().to_ascii_lowercase();
    if lower.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        lower.push('s');
    }
    // jiff also reads `01:30:00`, which here is a time of day.
    let span: Span = Some(lower)
        .filter(|text| !text.contains(':'))
        .ok_or_else(wrong)?
        .parse()
        .map_err(|_| wrong())?;
    let days = SpanRelativeTo::days_are_24_hours();
    span.to_duration(days).ok().and_then(|time| time.try_into().ok()).ok_or_else(wrong)
}

/// Formats the time between two moments, whichever is later.
pub(crate) fn format_gap(from: Timestamp, to: Timestamp) -> String {
    let gap = to.duration_since(from).abs();
    if gap.as_secs() < 1 {
        return format_duration(gap.unsigned_abs());
    }
    format_age(gap.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_numbers() {
        let sizes = [0, 1023, 1024, 1_048_575, 26_214_400, 3 << 30].map(format_size);
        assert_eq!(sizes, ["0B", "1023B", "1.0k", "1.0M", "25.0M", "3.0G"]);
        assert_eq!(format_count(1_204_000), "1,204,000");
        assert_eq!(format_duration(Duration::from_micros(412)), "0.4 ms");
        assert_eq!(format_duration(Duration::from_millis(1300)), "1.3 s");
    }

    #[test]
    fn reads_sizes() {
        assert_eq!(parse_size("25MiB"), Ok(25 << 20));
        assert_eq!(parse_size("10k"), Ok(10_000));
        assert_eq!(parse_size("7"), Ok(7));
        for wrong in ["", "MiB", "1.5M", "-1", "99999999999G", "5 parsecs"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn reads_durations() {
        for (text, millis) in [
            ("500ms", 500),
            ("30", 30_000),
            ("0.5", 500),
            ("30s", 30_000),
            ("1.5m", 90_000),
            ("1h30m", 5_400_000),
            ("1H 30Min", 5_400_000),
            ("2h", 7_200_000),
            ("PT1H", 3_600_000),
            ("2d", 172_800_000),
            ("1w", 604_800_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_duration() {
        for wrong in [
            "",
            "s",
            ".",
            "-1s",
            "1s ago",
            "1.2.3s",
            "5 parsecs",
            "1e9h",
            "1mo",
            "01:30:00",
            "٣m",
            "9999999999999999999999d",
        ] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
