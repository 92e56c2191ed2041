//! Time limit for the response of a target.

use std::str::FromStr;
use std::time::Duration;

use crate::units::parse_duration;

/// Time that a target has to respond; none for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseTimeout(pub Option<Duration>);

/// Error of parsing a time limit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("invalid duration `{0}`: expected a duration above zero, e.g. 30s or 10m, or none")]
pub struct ResponseTimeoutError(String);

impl Default for ResponseTimeout {
    fn default() -> Self {
        Self(Some(Duration::from_secs(30)))
    }
}

impl FromStr for ResponseTimeout {
    type Err = ResponseTimeoutError;

    fn from_str(text: &str) -> Result<Self, ResponseTimeoutError> {
        if text == "none" {
            return Ok(Self(None));
        }
        let time = parse_duration(text).ok().filter(|time| !time.is_zero());
        time.map(|time| Self(Some(time))).ok_or_else(|| ResponseTimeoutError(text.to_owned()))
    }
}
