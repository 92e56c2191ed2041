//! Deliveries to keep, and selection of those to delete.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::rows;
use crate::units;

/// Deliveries to keep; the others are deleted, oldest first. Marked ones are always kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retention {
    /// The newest N deliveries.
    Count(u64),
    /// The newest deliveries whose heads and bodies have this total size.
    Bytes(u64),
    /// Deliveries received since then.
    Since(#[serde(with = "crate::formats::wire::moment")] Timestamp),
}

/// Limit for the deliveries to keep, as the user writes it: `100k`, `10GiB`, or `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    Count(u64),
    Bytes(u64),
    Age(Duration),
}

/// Reason why a text is not a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    #[error("invalid limit `{0}`: expected a count (100k), a size (10GiB), or an age (30d)")]
    Invalid(String),
    #[error(
        "invalid limit `{0}`, which would delete each delivery once it is stored: expected 1 or \
         more, e.g. 100k, 10GiB, or 30d, or no limit to keep all"
    )]
    Zero(String),
}

impl FromStr for Keep {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let wrong = || LimitError::Invalid(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        if lower.ends_with('b') {
            return units::parse_size(&lower).map(Self::Bytes).map_err(|_| wrong());
        }
        // `10m` is ten million deliveries, and `10min` is a duration.
        let count = units::parse_size(&lower).map(Self::Count);
        count.or_else(|_| units::parse_duration(&lower).map(Self::Age)).map_err(|_| wrong())
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Bytes(bytes) => f.write_str(&units::format_size(*bytes)),
            Self::Age(age) => f.write_str(&units::format_duration(*age)),
        }
    }
}

impl Keep {
    /// Parses the limit of a store that receives deliveries.
    pub fn for_listener(text: &str) -> Result<Self, LimitError> {
        let keep = text.parse()?;
        let is_zero = match keep {
            Self::Count(count) => count == 0,
            Self::Bytes(bytes) => bytes == 0,
            Self::Age(age) => age.is_zero(),
        };
        if is_zero { Err(LimitError::Zero(text.to_owned())) } else { Ok(keep) }
    }

    /// Returns the limit at a time. An age that reaches before all time keeps everything.
    pub fn at(self, now: Timestamp) -> Retention {
        match self {
            Self::Count(count) => Retention::Count(count),
            Self::Bytes(bytes) => Retention::Bytes(bytes),
            Self::Age(age) => {
                let ago = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
                Retention::Since(now.checked_sub(ago).unwrap_or(Timestamp::MIN))
            }
        }
    }
}

/// Deliveries deleted at a time, so that a new one does not wait long.
const BATCH: i64 = 1000;

/// Returns the newest delivery to delete; 0 if there is none.
pub(super) fn last_prunable(
    connection: &Connection,
    retention: Retention,
) -> rusqlite::Result<i64> {
    let number = |sql: &str, param: &dyn rusqlite::ToSql| {
        let found: Option<i64> = connection.query_row(sql, params![param], |row| row.get(0))?;
        Ok(found.unwrap_or(0))
    };
    match retention {
        Retention::Count(count) => number(
            "SELECT (SELECT id FROM deliveries WHERE NOT removed ORDER BY id DESC LIMIT 1 OFFSET ?1)",
            &i64::try_from(count).unwrap_or(i64::MAX),
        ),
        Retention::Bytes(bytes) => number(
            "SELECT max(id) FROM (SELECT delivery_id AS id, \
             sum(length(head) + length(body)) OVER (ORDER BY delivery_id DESC) AS total \
             FROM wire WHERE delivery_id NOT IN (SELECT id FROM deliveries WHERE removed)) \
             WHERE total > ?1",
            &i64::try_from(bytes).unwrap_or(i64::MAX),
        ),
        // Ends before the first recent one: deliveries imported later may be older.
        Retention::Since(since) => {
            let recent = "SELECT min(id) - 1 FROM deliveries WHERE received_at >= ?1";
            let found: Option<i64> =
                connection.query_row(recent, [rows::time_text(since)], |row| row.get(0))?;
            match found {
                Some(last) => Ok(last),
                None => number("SELECT max(id) FROM deliveries WHERE ?1", &true),
            }
        }
    }
}

/// Counts the deliveries that a retention would delete; marked ones stay.
pub(super) fn count_prunable(
    connection: &Connection,
    retention: Retention,
) -> rusqlite::Result<u64> {
    let last = last_prunable(connection, retention)?;
    let sql = "SELECT count(*) FROM deliveries WHERE id <= ?1 AND NOT marked AND NOT removed";
    let count: i64 = connection.query_row(sql, [last], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Returns some of the deliveries to delete, and the newest one of all.
pub(super) fn prunable(
    connection: &Connection,
    retention: Retention,
) -> rusqlite::Result<(Vec<i64>, i64)> {
    let last = last_prunable(connection, retention)?;
    let sql = "SELECT id FROM deliveries WHERE id <= ?1 AND NOT marked AND NOT removed \
               ORDER BY id LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map([last, BATCH], |row| row.get(0))?;
    Ok((found.collect::<rusqlite::Result<_>>()?, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_distinguishes_counts_from_durations() {
        for (text, keep) in [
            ("100k", Keep::Count(100_000)),
            ("7", Keep::Count(7)),
            ("10GiB", Keep::Bytes(10 << 30)),
            ("5MB", Keep::Bytes(5_000_000)),
            ("30d", Keep::Age(Duration::from_hours(720))),
        ] {
            assert_eq!(text.parse(), Ok(keep), "{text}");
        }
        for wrong in ["", "some", "-1", "5 parsecs", "d", "b"] {
            assert!(wrong.parse::<Keep>().is_err(), "{wrong}");
        }
    }
}
