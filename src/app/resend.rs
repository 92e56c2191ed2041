//! Resend state: requests, progress, and the prompt for a target.

use std::fmt::Write as _;

use super::action::Direction;
use super::prompt::Prompt;
use crate::delivery::DeliveryId;
use crate::ops::resend::{ResendPace, ResendSummary};
use crate::units;

/// Target to start from if none was used yet.
pub(super) const SUGGESTED: &str = "http://127.0.0.1:3000";

/// Maximum number of remembered targets.
const REMEMBERED: usize = 50;

/// A larger number is most likely a typing mistake.
const MOST_TIMES: u64 = 100_000;

/// Deliveries to resend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResendRequest {
    /// Number of the run in this session.
    pub number: u64,
    pub ids: Vec<DeliveryId>,
    /// URL as typed or configured.
    pub target: String,
    /// Keep the original signature instead of re-signing.
    pub exact: bool,
    pub pace: ResendPace,
}

impl ResendRequest {
    /// Returns the total number of requests.
    pub fn total(&self) -> u64 {
        self.pace.total(self.ids.len())
    }
}

/// Running resend of several requests.
#[derive(Debug, Clone)]
pub struct ResendProgress {
    /// Number of the run in this session.
    pub number: u64,
    pub target: String,
    pub summary: ResendSummary,
    /// Remark for the final notice: the last delivery that was skipped or attempt that was not
    /// recorded.
    pub remark: Option<String>,
}

/// Formats the counts of a run.
pub(super) fn counts(summary: &ResendSummary) -> String {
    let many = units::format_count;
    let mut text = format!("{} of {} sent", many(summary.sent()), many(summary.total));
    for (count, word) in [
        (summary.accepted, "accepted"),
        (summary.rejected + summary.failed, "not accepted"),
        (summary.fixed, "fixed"),
        (summary.broken, "broken"),
        (summary.unsigned, "exactly as received, since they cannot be re-signed"),
        (summary.skipped, "skipped"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {} {word}", many(count));
        }
    }
    text
}

/// Purpose of the target being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TargetPurpose {
    Resend(Vec<DeliveryId>),
    /// Send the edited version of a delivery; the edit has this number.
    Edited {
        number: u64,
        id: DeliveryId,
    },
}

/// Decision about an edit in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditDecision {
    /// Return to the editor.
    Again,
    Discard,
    Send {
        target: String,
        exact: bool,
    },
}

/// Target being typed.
#[derive(Debug, Clone)]
pub(super) struct TargetPrompt {
    pub prompt: Prompt,
    pub purpose: TargetPurpose,
    pub exact: bool,
    pub error: Option<String>,
    /// Steps back in the history; 0 is the typed text.
    back: usize,
    /// Typed text from before the history was opened.
    draft: String,
}

impl TargetPrompt {
    /// Steps through the previous targets.
    pub(super) fn recall(&mut self, turn: Direction, targets: &[String]) {
        let back = match turn {
            Direction::Previous => (self.back + 1).min(targets.len()),
            Direction::Next => self.back.saturating_sub(1),
        };
        if back == self.back {
            return;
        }
        if self.back == 0 {
            self.draft = self.prompt.text();
        }
        let known = targets.len().checked_sub(back).and_then(|at| targets.get(at));
        self.prompt = Prompt::new(known.unwrap_or(&self.draft));
        (self.back, self.error) = (back, None);
    }
}

/// State of resending.
#[derive(Debug, Default)]
pub struct ResendState {
    /// Targets as typed, the latest last.
    targets: Vec<String>,
    /// Keep the original signatures, as chosen last.
    pub(super) exact: bool,
    numbers: u64,
    /// The running resend, if it takes more than one request.
    pub round: Option<ResendProgress>,
}

impl ResendState {
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// Returns the number for the next run.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Creates the prompt for a target, filled with `last`.
    pub(super) fn ask(&self, purpose: TargetPurpose, last: Option<&str>) -> TargetPrompt {
        TargetPrompt {
            prompt: Prompt::new(last.unwrap_or(SUGGESTED)),
            purpose,
            exact: self.exact,
            error: None,
            back: 0,
            draft: String::new(),
        }
    }

    /// Remembers a typed target.
    pub(super) fn keep(&mut self, typed: &str) {
        self.targets.retain(|known| known != typed);
        self.targets.push(typed.to_owned());
        if self.targets.len() > REMEMBERED {
            self.targets.remove(0);
        }
    }
}

/// Parses `URL [xTIMES] [INTERVAL]`, e.g. `http://127.0.0.1:3000 x3 500ms`.
pub(super) fn read(typed: &str) -> Result<(String, ResendPace), String> {
    let mut words = typed.split_whitespace();
    let url = words.next().ok_or("expected a URL, e.g. http://127.0.0.1:3000")?;
    let mut pace = ResendPace::default();
    for word in words {
        let times = word.strip_prefix(['x', '×']).map(str::parse::<u64>);
        match (times, units::parse_duration(word)) {
            (Some(Ok(times @ 1..=MOST_TIMES)), _) => pace.times = times,
            (Some(_), _) => {
                let most = units::format_count(MOST_TIMES);
                return Err(format!("invalid count `{word}`: expected x1 to x{most}"));
            }
            (None, Ok(interval)) => pace.interval = interval,
            (None, Err(_)) => {
                return Err(format!(
                    "invalid option `{word}`: expected a count (x3) or an interval (500ms) after \
                     the URL"
                ));
            }
        }
    }
    Ok((url.to_owned(), pace))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn parses_target_times_and_interval() {
        let url = "http://h:1/x".to_owned();
        let pace = |times, millis| ResendPace { times, interval: Duration::from_millis(millis) };
        assert_eq!(read("http://h:1/x"), Ok((url.clone(), pace(1, 0))));
        assert_eq!(read(" http://h:1/x  x3 500ms "), Ok((url.clone(), pace(3, 500))));
        assert_eq!(read("http://h:1/x 2s ×4"), Ok((url, pace(4, 2000))));
        for (wrong, says) in [
            ("", "expected a URL"),
            ("http://h x0", "`x0`"),
            ("http://h x", "`x`"),
            ("http://h x1000000", "x100"),
            ("http://h often", "`often`"),
        ] {
            let said = read(wrong).unwrap_err();
            assert!(said.contains(says), "{wrong}: {said}");
        }
    }

    #[test]
    fn history_recalls_targets_and_restores_the_typed_text() {
        let mut sendings = ResendState::default();
        for typed in ["http://a", "http://b x3", "http://a"] {
            sendings.keep(typed);
        }
        assert_eq!(sendings.targets(), ["http://b x3", "http://a"]);
        let mut targeting = sendings.ask(TargetPurpose::Resend(Vec::new()), Some("http://c"));
        let mut turn = |turn| {
            targeting.recall(turn, sendings.targets());
            targeting.prompt.text()
        };
        assert_eq!(turn(Direction::Previous), "http://a");
        assert_eq!(turn(Direction::Previous), "http://b x3");
        assert_eq!(turn(Direction::Previous), "http://b x3");
        assert_eq!(turn(Direction::Next), "http://a");
        assert_eq!(turn(Direction::Next), "http://c");
    }
}
