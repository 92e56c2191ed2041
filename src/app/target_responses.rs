//! Responses of targets, prepared for display: bodies as text, and the differences from the
//! previous response.

use std::fmt::Write as _;

use crate::delivery::{Attempt, Comparison, Outcome, ResponseRecord};
use crate::payload::Document;
use crate::payload::diff::{Mark, headers};

/// Lines shown of a response body; the store has the rest.
const LINES: usize = 12;

/// Response headers shown.
const HEADERS: usize = 16;

/// Maximum length of such a line in bytes.
const LINE: usize = 400;

/// Lines searched for the first difference.
const COMPARED: usize = 2_000;

/// Headers that differ in every response.
const VOLATILE: [&str; 2] = ["date", "content-length"];

/// Details of an attempt shown in addition to its status and timing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetResponse {
    pub lines: Vec<String>,
    /// Number of stored lines not shown.
    pub more: usize,
    /// Number of bytes received from the target but not stored.
    pub cut: u64,
    /// Comparison with the last attempt to the same target.
    pub compared: Option<Comparison>,
    /// Response headers that differ from that attempt, with their markers.
    pub headers: Vec<String>,
    /// Names and values of the other response headers.
    pub received: Vec<(String, String)>,
    /// Number of headers not shown.
    pub more_headers: usize,
}

/// Comparison of a target's last response with that of the first target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetComparison {
    pub first: String,
    pub other: String,
    /// Both statuses, the first target's first.
    pub status: (u16, u16),
    /// First differing line of the bodies, from 1, with both texts; none if they are equal.
    pub body: Option<(usize, String, String)>,
}

impl TargetResponse {
    /// Prepares each attempt of a delivery, oldest first.
    pub fn all(attempts: &[Attempt]) -> Vec<Self> {
        let before = |at: usize| attempts.get(..at).unwrap_or_default();
        let each = attempts.iter().enumerate();
        each.map(|(at, attempt)| Self::new(attempt, attempt.predecessor_in(before(at)))).collect()
    }

    fn new(attempt: &Attempt, last: Option<&Attempt>) -> Self {
        let mut answer =
            Self { compared: last.map(|last| attempt.compare_with(last)), ..Self::default() };
        let Outcome::Responded(answered) = &attempt.outcome else { return answer };
        let document = document(answered);
        answer.lines = (0..LINES).filter_map(|row| document.line(row)).map(shortened).collect();
        answer.more = document.row_count().saturating_sub(LINES);
        answer.cut = answered.body_size.saturating_sub(answered.body.len() as u64);
        if answered.body.is_empty() {
            answer.lines.clear();
        }
        if let Some(Outcome::Responded(before)) = last.map(|last| &last.outcome) {
            answer.headers = changed(before, answered);
        }
        let is_changed = |name: &str| {
            let named = |line: &String| {
                line.get(2..).is_some_and(|line| {
                    line.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'))
                })
            };
            answer.headers.iter().any(named)
        };
        let others: Vec<_> =
            answered.headers.iter().filter(|header| !is_changed(&header.name)).collect();
        answer.more_headers = others.len().saturating_sub(HEADERS);
        let text = |header: &&crate::delivery::Header| {
            (header.name.clone(), shortened(header.text().into_owned()))
        };
        answer.received = others.iter().take(HEADERS).map(text).collect();
        answer
    }
}

impl TargetComparison {
    /// Compares each target's last response with that of the first target.
    pub fn all(attempts: &[Attempt]) -> Vec<Self> {
        let mut targets: Vec<&str> = Vec::new();
        for attempt in attempts {
            if !targets.contains(&attempt.target.as_str()) {
                targets.push(&attempt.target);
            }
        }
        let last = |target: &str| {
            let mut of_target = attempts.iter().rev().filter(|attempt| attempt.target == target);
            of_target.find_map(|attempt| match &attempt.outcome {
                Outcome::Responded(answered) => Some(answered),
                Outcome::Failed { .. } => None,
            })
        };
        let Some((first, others)) = targets.split_first() else { return Vec::new() };
        let Some(one) = last(first) else { return Vec::new() };
        let beside = |target: &&str| {
            let other = last(target)?;
            Some(Self {
                first: (*first).to_owned(),
                other: (*target).to_owned(),
                status: (one.status, other.status),
                body: first_difference(one, other),
            })
        };
        others.iter().filter_map(beside).collect()
    }
}

fn first_difference(
    one: &ResponseRecord,
    other: &ResponseRecord,
) -> Option<(usize, String, String)> {
    if (&one.body, one.body_size) == (&other.body, other.body_size) {
        return None;
    }
    let (one, other) = (document(one), document(other));
    let line = |document: &Document, row| document.line(row).map(|line| line.trim().to_owned());
    let differs = |row: &usize| line(&one, *row) != line(&other, *row);
    let row = (0..COMPARED).find(differs);
    let show = |document: &Document| {
        let line = row.and_then(|row| line(document, row));
        line.map_or_else(|| "nothing more".to_owned(), shortened)
    };
    Some((row.unwrap_or(COMPARED) + 1, show(&one), show(&other)))
}

fn document(answered: &ResponseRecord) -> Document {
    let header = |name: &str| {
        let found = answered.headers.iter().find(|header| header.is(name));
        found.map(|header| header.text().into_owned())
    };
    let (kind, coding) = (header("content-type"), header("content-encoding"));
    Document::new(answered.body.clone(), kind.as_deref(), coding.as_deref())
}

fn shortened(mut line: String) -> String {
    if line.len() > LINE {
        let left_out = line.len() - LINE;
        line.truncate(line.floor_char_boundary(LINE));
        // Writing to a String cannot fail.
        let _ = write!(line, " … {left_out} more bytes");
    }
    line
}

fn changed(before: &ResponseRecord, now: &ResponseRecord) -> Vec<String> {
    let texts = |answered: &ResponseRecord| -> Vec<(String, String)> {
        let all = answered.headers.iter();
        all.map(|header| (header.name.clone(), header.text().into_owned())).collect()
    };
    let (before, now) = (texts(before), texts(now));
    let old: Vec<_> = before.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let new: Vec<_> = now.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    headers(&old, &new)
        .into_iter()
        .filter(|change| change.mark != Mark::Same)
        .filter(|change| !VOLATILE.iter().any(|name| name.eq_ignore_ascii_case(change.name)))
        .map(|change| {
            let sign = change.mark.sign();
            let text = match (change.old, change.new) {
                (Some(old), Some(new)) => format!("{sign} {}: {old} → {new}", change.name),
                (old, new) => format!("{sign} {}: {}", change.name, new.or(old).unwrap_or("")),
            };
            shortened(text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use jiff::Timestamp;

    use super::*;
    use crate::delivery::{AttemptKind, DeliveryId, Header, Timing};

    fn attempt(target: &str, status: u16, body: &str) -> Attempt {
        let headers = vec![
            Header::new("Content-Type", "application/json"),
            Header::new("Date", format!("{status}")),
            Header::new("X-Status", format!("{status}")),
        ];
        let body = Bytes::copy_from_slice(body.as_bytes());
        let body_size = body.len() as u64 + 5;
        Attempt {
            delivery: DeliveryId(1),
            kind: AttemptKind::Forward,
            target: target.to_owned(),
            at: Timestamp::UNIX_EPOCH,
            took: Duration::ZERO,
            timing: Timing::default(),
            sender: None,
            changes: None,
            outcome: Outcome::Responded(ResponseRecord { status, headers, body, body_size }),
        }
    }

    #[test]
    fn responses_are_compared_with_previous_ones() {
        let many = format!("[{}]", vec!["1"; 50].join(","));
        let attempts = [attempt("http://a", 500, "{\"a\":1}"), attempt("http://a", 204, &many)];
        let [first, second] = TargetResponse::all(&attempts).try_into().unwrap();
        assert_eq!((first.lines.join("").replace(' ', ""), first.cut), ("{\"a\":1}".to_owned(), 5));
        assert_eq!((first.compared, first.headers.len()), (None, 0));
        assert_eq!((second.lines.len(), second.more), (12, 40));
        assert_eq!(second.compared.unwrap().to_string(), "fixed");
        assert_eq!(second.headers, ["~ X-Status: 500 → 204"]);
        let long = TargetResponse::all(&[attempt("http://a", 200, &"é".repeat(900))]);
        assert_eq!(long[0].lines[0].len(), 400 + " … 1400 more bytes".len());
    }

    #[test]
    fn second_target_is_compared_with_the_first() {
        let attempts = [
            attempt("http://old", 200, r#"{"a":1,"b":2}"#),
            attempt("http://new", 200, r#"{"a":1,"b":3}"#),
            attempt("http://same", 200, r#"{"a":1,"b":2}"#),
        ];
        let beside = TargetComparison::all(&attempts);
        assert_eq!(beside[0].body, Some((3, "\"b\": 2".to_owned(), "\"b\": 3".to_owned())));
        assert_eq!((beside[1].other.as_str(), &beside[1].body), ("http://same", &None));
        assert_eq!(TargetComparison::all(&attempts[..1]), []);
    }
}
