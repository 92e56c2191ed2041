//! Forwarding and responses: `[[forward]]` and `[[respond]]`.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use crate::delivery::Header;
use crate::filter::Filter;
use crate::input_file;
use crate::outbound::{ForwardOptions, QueueLimits, ResponseTimeout, Retry, Target, added_header};
use crate::provider::Placeholders;
use crate::respond::{MAX_FILE, ResponseRule, RuleError, Script, Supplement};
use crate::units::parse_duration;

/// Switches that apply to every delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    pub handshakes: bool,
    pub strict: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self { handshakes: true, strict: false }
    }
}

/// A target and the filter for its deliveries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardTo {
    #[serde(default, deserialize_with = "parsed")]
    pub filter: Filter,
    #[serde(deserialize_with = "parsed")]
    url: Target,
    #[serde(default)]
    preserve_host: bool,
    #[serde(default, deserialize_with = "headers_to_add")]
    add_headers: Vec<Header>,
    #[serde(default)]
    insecure: bool,
    #[serde(default, deserialize_with = "response_timeout")]
    pub timeout: ResponseTimeout,
    #[serde(default, deserialize_with = "at_least_one")]
    concurrency: Option<usize>,
    #[serde(default, deserialize_with = "at_least_one")]
    queue: Option<usize>,
    #[serde(default, deserialize_with = "retry_policy")]
    pub retry: Retry,
}

/// A rule as written in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RespondWith {
    #[serde(default, deserialize_with = "parsed")]
    filter: Filter,
    #[serde(default = "ok", deserialize_with = "parsed")]
    answer: Script,
    #[serde(default, deserialize_with = "response_headers")]
    headers: Vec<Header>,
    body: Option<Placeholders>,
    file: Option<String>,
    #[serde(default, deserialize_with = "optional_duration")]
    delay: Option<Duration>,
}

impl ForwardTo {
    /// Forwards every delivery, with options from flags.
    pub fn everything(url: Target, manner: ForwardOptions) -> Self {
        let ForwardOptions { preserve_host, add_headers, insecure } = manner;
        Self {
            filter: Filter::default(),
            url,
            preserve_host,
            add_headers,
            insecure,
            timeout: ResponseTimeout::default(),
            concurrency: None,
            queue: None,
            retry: Retry::Off,
        }
    }

    /// Sets the time limit for the response.
    #[must_use]
    pub fn with_timeout(self, timeout: ResponseTimeout) -> Self {
        Self { timeout, ..self }
    }

    /// Forwards only the deliveries that match a filter.
    pub(super) fn for_deliveries(self, filter: Filter) -> Self {
        Self { filter, ..self }
    }

    /// Forwards only the deliveries that match this filter as well.
    #[must_use]
    pub fn only(self, filter: Filter) -> Self {
        Self { filter: self.filter.and(filter), ..self }
    }

    pub fn target(&self) -> Target {
        self.url.clone().with(ForwardOptions {
            preserve_host: self.preserve_host,
            add_headers: self.add_headers.clone(),
            insecure: self.insecure,
        })
    }

    pub fn pace(&self) -> QueueLimits {
        let usual = QueueLimits::default();
        QueueLimits {
            at_once: self.concurrency.unwrap_or(usual.at_once),
            waiting: self.queue.unwrap_or(usual.waiting),
        }
    }
}

impl RespondWith {
    /// Returns the rule; its files must be below `folder`.
    pub(super) fn rule(self, folder: &Path) -> Result<ResponseRule, RuleError> {
        let Self { filter, answer, headers, body, file, delay } = self;
        let supplement = Supplement { headers, body, file, delay };
        let read_file = |name: &str| input_file::read_below(folder, name, MAX_FILE);
        ResponseRule::new(filter, answer, supplement, &read_file)
    }
}

fn ok() -> Script {
    Script::always(200)
}

pub(super) fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

fn response_timeout<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<ResponseTimeout, D::Error> {
    deserializer.deserialize_any(TimeoutVisitor)
}

/// Reads a time limit as text or as a number of seconds.
struct TimeoutVisitor;

impl de::Visitor<'_> for TimeoutVisitor {
    type Value = ResponseTimeout;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration, e.g. \"30s\", or \"none\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ResponseTimeout, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<ResponseTimeout, E> {
        self.visit_str(&seconds.to_string())
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<ResponseTimeout, E> {
        self.visit_str(&seconds.to_string())
    }
}

fn optional_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    deserializer.deserialize_any(DurationVisitor).map(Some)
}

/// Reads a duration as text or as a number of seconds.
struct DurationVisitor;

impl de::Visitor<'_> for DurationVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration, e.g. \"30s\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        parse_duration(text).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Duration, E> {
        self.visit_str(&seconds.to_string())
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Duration, E> {
        self.visit_str(&seconds.to_string())
    }
}

fn retry_policy<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Retry, D::Error> {
    deserializer.deserialize_any(RetryVisitor)
}

/// Reads a number of retries, or a word.
struct RetryVisitor;

impl de::Visitor<'_> for RetryVisitor {
    type Value = Retry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of retries, e.g. 5, or \"until-delivered\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Retry, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, times: i64) -> Result<Retry, E> {
        self.visit_str(&times.to_string())
    }
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    match usize::deserialize(deserializer)? {
        0 => Err(de::Error::custom("expected 1 or more")),
        number @ 1..=10_000 => Ok(Some(number)),
        _ => Err(de::Error::custom("expected at most 10000")),
    }
}

fn headers_to_add<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Header>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| added_header(text).map_err(de::Error::custom)).collect()
}

fn response_headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Header>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| Supplement::header(text).map_err(de::Error::custom)).collect()
}
