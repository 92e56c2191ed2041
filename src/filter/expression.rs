//! What a filter says, and whether a delivery fits it.

use std::fmt;

use super::field::{Subject, name_of};
use super::value::{Test, Value};
use crate::delivery::{Delivery, Summary};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Term(Subject, Value),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

impl Expression {
    /// The answer if the summary has it (Kleene's three values).
    pub(super) fn test(&self, row: &Summary) -> Option<bool> {
        match self {
            Self::Term(subject, value) => term(subject, value, row),
            Self::Not(inner) => inner.test(row).map(|passes| !passes),
            Self::And(all) => decide(all, row, false),
            Self::Or(any) => decide(any, row, true),
        }
    }

    pub(super) fn matches(&self, delivery: &Delivery) -> bool {
        match self {
            Self::Term(subject, value) => term(subject, value, &delivery.summary)
                .unwrap_or_else(|| within(subject, value, delivery)),
            Self::Not(inner) => !inner.matches(delivery),
            Self::And(all) => all.iter().all(|one| one.matches(delivery)),
            Self::Or(any) => any.iter().any(|one| one.matches(delivery)),
        }
    }
}

/// One part that is `decisive` decides for all; one that is open leaves it open.
fn decide(parts: &[Expression], row: &Summary, decisive: bool) -> Option<bool> {
    let mut open = false;
    for part in parts {
        match part.test(row) {
            Some(found) if found == decisive => return Some(decisive),
            Some(_) => {}
            None => open = true,
        }
    }
    (!open).then_some(!decisive)
}

fn term(subject: &Subject, value: &Value, row: &Summary) -> Option<bool> {
    let text = |text: Option<&str>| {
        let text = text.unwrap_or_default();
        Some(value.fits(|test| test.fits_text(text.as_bytes())))
    };
    let number = |number: Option<u64>| {
        Some(value.fits(|test| number.is_some_and(|number| test.fits_number(number))))
    };
    match subject {
        Subject::Type => text(row.event.kind.as_deref()),
        Subject::Signature => text(Some(row.signature.status.as_str())),
        Subject::Cause => text(row.signature.cause.as_deref()),
        Subject::Provider => text(Some(&row.provider)),
        Subject::Method => text(Some(&row.method)),
        Subject::Path => {
            let path = row.target.split('?').next().unwrap_or_default();
            let whole = |test: &Test| test.fits_text(row.target.as_bytes());
            Some(value.fits(|test| whole(test) || test.fits_text(path.as_bytes())))
        }
        Subject::Status => number(row.response.map(u64::from)),
        Subject::EventId => text(row.event.id.as_deref()),
        Subject::Size => number(Some(row.body_size)),
        Subject::Source => text(Some(row.source.as_str())),
        Subject::Duplicate => {
            let duplicate = row.duplicate_of.is_some();
            Some(value.fits(|test| *test == Test::Flag(duplicate)))
        }
        Subject::Peer => text(row.peer.as_deref()),
        // A refused delivery has no body to look into.
        Subject::Body if row.refused.is_some() || row.body_size == 0 => text(None),
        Subject::Body | Subject::Header(_) => None,
        Subject::Anywhere => {
            let shown = [row.event.kind.as_deref(), Some(&row.target), row.event.id.as_deref()];
            let hit = shown
                .into_iter()
                .flatten()
                .any(|text| value.any.iter().any(|test| test.fits_text(text.as_bytes())));
            let bodiless = row.refused.is_some() || row.body_size == 0;
            (hit || bodiless).then_some(hit != value.negated)
        }
    }
}

/// What the summary left open.
fn within(subject: &Subject, value: &Value, delivery: &Delivery) -> bool {
    match subject {
        Subject::Header(name) => {
            let found = delivery.head.joined(name);
            value.fits(|test| found.as_deref().is_some_and(|found| test.fits_text(found)))
        }
        _ => value.fits(|test| test.fits_text(&delivery.body)),
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, parts: &[Self], between: &str| {
            for (at, part) in parts.iter().enumerate() {
                f.write_str(if at > 0 { between } else { "" })?;
                match part {
                    Self::And(_) | Self::Or(_) => write!(f, "({part})")?,
                    Self::Term(..) | Self::Not(_) => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::Term(Subject::Anywhere, value) => {
                // The words of the grammar are quoted, so that they stay words.
                let word = value.to_string();
                let reserved =
                    ["or", "and", "not"].iter().any(|known| word.eq_ignore_ascii_case(known));
                if reserved { write!(f, "\"{word}\"") } else { f.write_str(&word) }
            }
            Self::Term(subject, value) => write!(f, "{}:{value}", name_of(subject)),
            Self::Not(inner) => match inner.as_ref() {
                Self::Term(..) => write!(f, "not {inner}"),
                Self::Not(_) | Self::And(_) | Self::Or(_) => write!(f, "not ({inner})"),
            },
            Self::And(all) => list(f, all, " "),
            Self::Or(any) => list(f, any, " or "),
        }
    }
}
