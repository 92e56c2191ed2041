//! Retries of deliveries that a target could not take.

use std::collections::VecDeque;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

use super::SendOutcome;

/// Pause before the first retry, which doubles with each failure.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Statuses of a server or proxy whose application is down or overloaded.
const UNAVAILABLE: [u16; 4] = [429, 502, 503, 504];

/// Number of times that a delivery is sent again to a target that is down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Retry {
    #[default]
    Off,
    /// Up to this many times.
    Times(u32),
    /// Until the target takes it.
    UntilDelivered,
}

/// Error of parsing a retry policy.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("invalid retry `{0}`: expected a number of retries, e.g. 5, or \"until-delivered\"")]
pub struct RetryError(String);

impl FromStr for Retry {
    type Err = RetryError;

    fn from_str(text: &str) -> Result<Self, RetryError> {
        match text {
            "until-delivered" => Ok(Self::UntilDelivered),
            _ => match text.parse() {
                Ok(0) => Ok(Self::Off),
                Ok(times) => Ok(Self::Times(times)),
                Err(_) => Err(RetryError(text.to_owned())),
            },
        }
    }
}

impl Retry {
    /// Returns whether a delivery that was sent this many times is sent again.
    pub(super) fn allows(self, sent: u32) -> bool {
        match self {
            Self::Off => false,
            Self::Times(times) => sent <= times,
            Self::UntilDelivered => true,
        }
    }
}

/// Returns whether the target was down, so that the delivery can be sent again later. A status such
/// as 500 is the application's response to this delivery.
pub(super) fn was_down(sent: &SendOutcome) -> bool {
    match &sent.outcome {
        Ok(response) => UNAVAILABLE.contains(&response.status),
        Err(error) => !error.is_loop() && !error.is_about_the_response(),
    }
}

/// Deliveries that wait for a target that is down, in the order received, and the time of the next
/// attempt.
#[derive(Debug)]
pub(super) struct Backlog<J> {
    jobs: VecDeque<(u64, J)>,
    failures: u32,
    next: Option<Instant>,
}

impl<J> Default for Backlog<J> {
    fn default() -> Self {
        Self { jobs: VecDeque::new(), failures: 0, next: None }
    }
}

impl<J> Backlog<J> {
    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Adds a delivery at its place in the order received.
    pub(super) fn add(&mut self, number: u64, job: J) {
        let at = self.jobs.partition_point(|(other, _)| *other < number);
        self.jobs.insert(at, (number, job));
    }

    /// Removes and returns the delivery to send next.
    pub(super) fn take_first(&mut self) -> Option<(u64, J)> {
        self.next = None;
        self.jobs.pop_front()
    }

    /// Pauses after a failure.
    pub(super) fn pause(&mut self, now: Instant) {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16)).min(MAX_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.next = Some(now + pause);
    }

    /// Continues at once after a success.
    pub(super) fn resume(&mut self) {
        self.failures = 0;
        self.next = None;
    }

    /// Waits until the next attempt is due.
    pub(super) async fn due(&self) {
        if let Some(next) = self.next {
            tokio::time::sleep_until(next).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_a_number_or_a_word() {
        for (text, policy) in [
            ("0", Some(Retry::Off)),
            ("5", Some(Retry::Times(5))),
            ("until-delivered", Some(Retry::UntilDelivered)),
            ("always", None),
            ("-1", None),
        ] {
            assert_eq!(text.parse().ok(), policy, "{text}");
        }
    }

    #[test]
    fn the_first_attempt_is_no_retry() {
        assert!(Retry::Times(1).allows(1) && !Retry::Times(1).allows(2));
        assert!(!Retry::Off.allows(1) && Retry::UntilDelivered.allows(u32::MAX));
    }

    #[test]
    fn deliveries_wait_in_the_order_received() {
        let mut backlog = Backlog::default();
        for number in [2, 3, 1] {
            backlog.add(number, ());
        }
        let order = std::iter::from_fn(|| backlog.take_first().map(|(number, ())| number));
        assert_eq!(order.collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn pauses_double_up_to_half_a_minute() {
        let now = Instant::now();
        let mut backlog = Backlog::<()>::default();
        let mut pauses = [0_u128; 9];
        for pause in &mut pauses {
            backlog.pause(now);
            *pause = backlog.next.unwrap().duration_since(now).as_millis();
        }
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        backlog.resume();
        backlog.pause(now);
        assert_eq!(backlog.next.unwrap().duration_since(now), FIRST_PAUSE);
    }
}
