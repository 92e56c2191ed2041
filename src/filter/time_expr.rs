//! Time expressions of filters: a duration ago, a time of day, a day, or an instant.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::friendly::{Spacing, SpanPrinter};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::units::parse_duration;

/// A point in time, some kinds of which are relative to now.
///
/// Without an offset, the time zone of this computer applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeExpr {
    /// A duration before now.
    Ago(SignedDuration),
    /// The last time a clock showed this.
    Clock(Time),
    Day(Date),
    Local(DateTime),
    Instant(Timestamp),
}

/// Units in seconds, the longest first.
const UNITS: [(char, i64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

impl TimeExpr {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Ok(duration) = parse_duration(text) {
            return duration.try_into().ok().map(Self::Ago);
        }
        if let Ok(instant) = text.parse() {
            return Some(Self::Instant(instant));
        }
        if text.contains(':') && !text.contains('-') {
            return text.parse().ok().map(Self::Clock);
        }
        if !text.contains('-') {
            return None;
        }
        if text.contains(':') {
            return text.parse().ok().map(Self::Local);
        }
        text.parse().ok().map(Self::Day)
    }

    /// Returns the start; `None` if no calendar has it.
    pub(super) fn start(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            // A time before the first timestamp is before everything.
            Self::Ago(ago) => Some(now.checked_sub(ago).unwrap_or(Timestamp::MIN)),
            Self::Clock(time) => {
                let zone = TimeZone::system();
                let today = zone.to_datetime(now).date();
                let at = zone.to_timestamp(today.to_datetime(time)).ok()?;
                if at <= now {
                    return Some(at);
                }
                zone.to_timestamp(today.yesterday().ok()?.to_datetime(time)).ok()
            }
            Self::Day(date) => TimeZone::system().to_timestamp(date.to_datetime(Time::MIN)).ok(),
            Self::Local(at) => TimeZone::system().to_timestamp(at).ok(),
            Self::Instant(at) => Some(at),
        }
    }

    /// Returns the last instant: the end, for a day.
    pub(super) fn end(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Day(date) => TimeZone::system().to_timestamp(date.to_datetime(Time::MAX)).ok(),
            Self::Ago(_) | Self::Clock(_) | Self::Local(_) | Self::Instant(_) => self.start(now),
        }
    }

    /// Returns the end of a range that begins at `start`.
    pub(super) fn end_after(self, start: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let end = self.end(now)?;
        // At half past five, `17:00..18:00` ends today, not yesterday.
        if matches!(self, Self::Clock(_)) && end < start {
            return end.checked_add(SignedDuration::from_hours(24)).ok();
        }
        Some(end)
    }
}

impl fmt::Display for TimeExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ago(ago) if ago.subsec_nanos() != 0 => {
                let printer = SpanPrinter::new().spacing(Spacing::None);
                f.write_str(&printer.duration_to_string(ago))
            }
            Self::Ago(ago) => {
                let seconds = ago.as_secs();
                let whole = UNITS.into_iter().find(|(_, unit)| seconds % unit == 0 && seconds > 0);
                let (letter, unit) = whole.unwrap_or(('s', 1));
                write!(f, "{}{letter}", seconds / unit)
            }
            Self::Clock(time) => time.fmt(f),
            Self::Day(date) => date.fmt(f),
            Self::Local(at) => at.fmt(f),
            Self::Instant(at) => at.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T17:30:00Z".parse().unwrap()
    }

    fn start(text: &str) -> Timestamp {
        TimeExpr::parse(text).unwrap().start(now()).unwrap()
    }

    #[test]
    fn parses_common_spellings_and_prints_them_back() {
        let moments =
            ["90s", "5m", "90m", "2h", "1d", "1w", "0s", "2026-11-23T16:00:00Z", "17:00:00"];
        for text in moments.into_iter().chain(["2026-11-23", "2026-11-23T17:00:00"]) {
            assert_eq!(TimeExpr::parse(text).unwrap().to_string(), text);
        }
        for (text, same) in [
            ("1h30m", "90m"),
            ("17:00", "17:00:00"),
            ("60M", "1h"),
            ("30", "30s"),
            ("1s500ms", "1s500ms"),
        ] {
            assert_eq!(TimeExpr::parse(text).unwrap().to_string(), same);
        }
        for wrong in ["", "m", "5x", "25:00", "2026-13-01", "yesterdy", "5m-", "٣m"] {
            assert_eq!(TimeExpr::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn counts_back_from_now() {
        assert_eq!(start("90m"), "2026-11-23T16:00:00Z".parse().unwrap());
        assert_eq!(start("2026-11-23T17:00+01:00"), "2026-11-23T16:00:00Z".parse().unwrap());
        assert_eq!(start("1000000w"), Timestamp::MIN);
    }

    #[test]
    fn local_times_follow_the_zone_of_the_computer() {
        let zone = TimeZone::system();
        let local = zone.to_datetime(now());
        let today = local.date().to_string();
        assert!(start(&today) <= now());
        let end = TimeExpr::parse(&today).unwrap().end(now()).unwrap();
        assert!(end >= now() && end.duration_since(start(&today)).as_hours() < 25);
        // A clock time is never in the future, whatever the time zone.
        for hour in 0..24 {
            let at = start(&format!("{hour:02}:45"));
            assert!(at <= now() && now().duration_since(at).as_hours() < 25, "{hour}");
        }
        let (early, late) = (start("17:00"), TimeExpr::parse("18:00").unwrap());
        let length = late.end_after(early, now()).unwrap().duration_since(early);
        assert_eq!(length, SignedDuration::from_hours(1));
    }
}
