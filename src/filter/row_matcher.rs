//! Evaluates a filter on many rows in which equal texts have one symbol.
//!
//! Each text is compared with a pattern once; after that, numbers are compared. The result for a
//! row equals that of [`super::Filter::test`] for its summary.

use jiff::Timestamp;

use super::Filter;
use super::eval;
use super::expression::{Expression, Term};
use super::field::{CHANGED, FieldKey};
use super::pattern::TextPattern;
use super::value::{Alternative, FieldValue};
use crate::delivery::{SignatureStatus, Source};

/// Columns whose texts repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterColumn {
    Type,
    Cause,
    Provider,
    Method,
    Path,
    Via,
    Peer,
}

/// A row as a filter reads it.
pub trait FilterRow {
    fn number(&self) -> u64;
    /// Returns the symbol of a column's text: 0 for none, otherwise a small number. Equal texts
    /// have the same symbol in all rows and columns.
    fn symbol(&self, column: FilterColumn) -> u32;
    /// Returns the text of a symbol; none for 0.
    fn text(&self, symbol: u32) -> Option<&str>;
    /// Returns the bytes of the event id, not checked to be UTF-8.
    fn event_id(&self) -> Option<&[u8]>;
    /// Returns the time of receipt in microseconds since 1970.
    fn received_us(&self) -> i64;
    fn body_size(&self) -> u64;
    /// Returns how long the client waited, in microseconds.
    fn waited_us(&self) -> Option<u64>;
    fn response(&self) -> Option<u16>;
    fn status(&self) -> SignatureStatus;
    fn source(&self) -> Source;
    fn is_duplicate(&self) -> bool;
    fn is_marked(&self) -> bool;
    /// Returns whether its event was received before with another body.
    fn differs(&self) -> bool;
    fn is_reshaped(&self) -> bool;
    fn is_resent(&self) -> bool;
}

/// A filter prepared for many rows of one table.
#[derive(Debug)]
pub struct RowMatcher<'f> {
    root: Option<Node<'f>>,
    known: Vec<Option<bool>>,
}

#[derive(Debug)]
enum Node<'f> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test(Test<'f>),
}

#[derive(Debug)]
enum Test<'f> {
    /// Only the bytes can decide.
    Open,
    /// Event ids are compared only if one in the current block may match.
    Word {
        pattern: &'f TextPattern,
        memo: Memo,
        ids_may_fit: bool,
    },
    Symbol {
        key: FieldKey,
        column: FilterColumn,
        value: &'f FieldValue,
        memo: Memo,
    },
    Id(&'f FieldValue),
    Status(&'f FieldValue, Memo),
    /// Result for each of a few states.
    Signature([bool; SignatureStatus::ALL.len()]),
    Source([bool; Source::ALL.len()]),
    Duplicate {
        yes: bool,
        no: bool,
        differs: bool,
    },
    /// A flag of a row.
    Is {
        key: FieldKey,
        yes: bool,
        no: bool,
    },
    Number {
        negated: bool,
        spans: Vec<(u64, u64)>,
    },
    Size {
        negated: bool,
        spans: Vec<(u64, u64)>,
    },
    Latency {
        negated: bool,
        spans: Vec<(u64, u64)>,
    },
    Time {
        negated: bool,
        spans: Vec<(i64, i64)>,
    },
}

/// Results by symbol.
#[derive(Debug, Default)]
struct Memo(Vec<Option<bool>>);

impl Memo {
    fn get(&mut self, symbol: u32, find_out: impl FnOnce() -> bool) -> bool {
        let at = symbol as usize;
        if let Some(&Some(known)) = self.0.get(at) {
            return known;
        }
        let found = find_out();
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        if let Some(place) = self.0.get_mut(at) {
            *place = Some(found);
        }
        found
    }
}

impl Filter {
    /// Prepares the filter for many rows of one table, with times relative to `now`.
    pub fn row_matcher(&self, now: Timestamp) -> RowMatcher<'_> {
        RowMatcher { root: self.root.as_ref().map(|root| Node::new(root, now)), known: Vec::new() }
    }
}

impl RowMatcher<'_> {
    /// Sets the event ids of the next block of rows: all of them, each followed by a line end.
    pub fn enter(&mut self, event_ids: &[u8]) {
        if let Some(root) = &mut self.root {
            root.each_test(&mut |test| {
                if let Test::Word { pattern, ids_may_fit, .. } = test {
                    *ids_may_fit = pattern.may_stand_in(event_ids);
                }
            });
        }
    }

    /// Returns whether a row matches; `None` if only its bytes can decide.
    pub fn evaluate(&mut self, row: &impl FilterRow) -> Option<bool> {
        match &mut self.root {
            Some(root) => root.evaluate(row),
            None => Some(true),
        }
    }

    /// Returns the results of the terms for an undecided row, for `BodyMatcher`.
    pub fn known(&mut self, row: &impl FilterRow) -> &[Option<bool>] {
        let Self { root, known } = self;
        known.clear();
        if let Some(root) = root {
            root.each_test(&mut |test| known.push(test.evaluate(row)));
        }
        known
    }
}

impl<'f> Node<'f> {
    fn new(expression: &'f Expression, now: Timestamp) -> Self {
        let all = |parts: &'f [Expression]| parts.iter().map(|part| Self::new(part, now)).collect();
        match expression {
            Expression::All(parts) => Self::All(all(parts)),
            Expression::Any(parts) => Self::Any(all(parts)),
            Expression::Not(part) => Self::Not(Box::new(Self::new(part, now))),
            Expression::Term(term) => Self::Test(Test::new(term, now)),
        }
    }

    fn each_test(&mut self, visit: &mut impl FnMut(&mut Test<'f>)) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.each_test(visit);
                }
            }
            Self::Not(part) => part.each_test(visit),
            Self::Test(test) => visit(test),
        }
    }

    /// Evaluates by Kleene's logic, as in [`Expression::evaluate`].
    fn evaluate(&mut self, row: &impl FilterRow) -> Option<bool> {
        match self {
            Self::All(parts) => decide(parts, false, row),
            Self::Any(parts) => decide(parts, true, row),
            Self::Not(part) => part.evaluate(row).map(|passes| !passes),
            Self::Test(test) => test.evaluate(row),
        }
    }
}

fn decide(parts: &mut [Node<'_>], decisive: bool, row: &impl FilterRow) -> Option<bool> {
    let mut all_known = true;
    for part in parts {
        match part.evaluate(row) {
            Some(verdict) if verdict == decisive => return Some(decisive),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!decisive)
}

impl<'f> Test<'f> {
    fn new(term: &'f Term, now: Timestamp) -> Self {
        match term {
            Term::Word(pattern) => Self::Word { pattern, memo: Memo::default(), ids_may_fit: true },
            Term::Field(key, value) => Self::field(*key, value, now),
            Term::Header(..) | Term::Json(..) | Term::Jq(_) => Self::Open,
        }
    }

    fn field(key: FieldKey, value: &'f FieldValue, now: Timestamp) -> Self {
        let symbol = |column| Self::Symbol { key, column, value, memo: Memo::default() };
        let passes = |word: &str| eval::text(key, value, Some(word));
        let (yes, no) = (passes(eval::yes_or_no(true)), passes(eval::yes_or_no(false)));
        let spans = || value.choices.iter().filter_map(Alternative::whole_span).collect();
        match key {
            FieldKey::Number => Self::Number { negated: value.negated, spans: spans() },
            FieldKey::Type => symbol(FilterColumn::Type),
            FieldKey::Cause => symbol(FilterColumn::Cause),
            FieldKey::Provider => symbol(FilterColumn::Provider),
            FieldKey::Method => symbol(FilterColumn::Method),
            FieldKey::Path => symbol(FilterColumn::Path),
            FieldKey::Via => symbol(FilterColumn::Via),
            FieldKey::Peer => symbol(FilterColumn::Peer),
            FieldKey::Body => Self::Open,
            FieldKey::Id => Self::Id(value),
            FieldKey::Status => Self::Status(value, Memo::default()),
            FieldKey::Signature => {
                Self::Signature(SignatureStatus::ALL.map(|status| eval::signature(value, status)))
            }
            FieldKey::Source => Self::Source(Source::ALL.map(|source| passes(source.as_str()))),
            FieldKey::Duplicate => {
                Self::Duplicate { yes, no, differs: eval::duplicate(value, true, true) }
            }
            FieldKey::Marked | FieldKey::Resent => Self::Is { key, yes, no },
            FieldKey::Shape => {
                let (yes, no) = (passes(CHANGED), eval::text(key, value, None));
                Self::Is { key, yes, no }
            }
            FieldKey::Size => Self::Size { negated: value.negated, spans: spans() },
            FieldKey::Latency => Self::Latency { negated: value.negated, spans: spans() },
            FieldKey::Since | FieldKey::Until => Self::time(value, now, key == FieldKey::Since),
        }
    }

    fn time(value: &FieldValue, now: Timestamp, is_since: bool) -> Self {
        let spans = value.choices.iter().filter_map(|choice| {
            let (from, to) = eval::span(choice, now, is_since)?;
            // Rows count microseconds: the first one not before the start, and the last one not
            // after the end.
            let first = -(-from.as_nanosecond()).div_euclid(1000);
            let last = to.as_nanosecond().div_euclid(1000);
            Some((i64::try_from(first).ok()?, i64::try_from(last).ok()?))
        });
        Self::Time { negated: value.negated, spans: spans.collect() }
    }

    fn evaluate(&mut self, row: &impl FilterRow) -> Option<bool> {
        Some(match self {
            Self::Open => return None,
            Self::Word { pattern, memo, ids_may_fit } => {
                return has_word(pattern, memo, *ids_may_fit, row).then_some(true);
            }
            Self::Symbol { key, column, value, memo } => {
                let symbol = row.symbol(*column);
                memo.get(symbol, || eval::text(*key, value, row.text(symbol)))
            }
            Self::Id(value) => {
                let id = row.event_id();
                // The parser creates no other alternatives for this field.
                value.passes(|choice| match choice {
                    Alternative::Text(pattern) => id.is_some_and(|id| pattern.is_match(id)),
                    _ => false,
                })
            }
            Self::Status(value, memo) => {
                let response = row.response();
                memo.get(response.map_or(0, |status| u32::from(status) + 1), || {
                    let text = response.map(|status| status.to_string());
                    eval::text(FieldKey::Status, value, text.as_deref())
                })
            }
            Self::Signature(passing) => {
                passing.get(row.status() as usize).copied().unwrap_or_default()
            }
            Self::Source(passing) => {
                passing.get(row.source() as usize).copied().unwrap_or_default()
            }
            Self::Duplicate { yes, no, differs } => match (row.is_duplicate(), row.differs()) {
                (false, _) => *no,
                (true, false) => *yes,
                (true, true) => *differs,
            },
            Self::Is { key, yes, no } => {
                let is = match key {
                    FieldKey::Resent => row.is_resent(),
                    FieldKey::Shape => row.is_reshaped(),
                    _ => row.is_marked(),
                };
                if is { *yes } else { *no }
            }
            Self::Number { negated, spans } => {
                let number = row.number();
                spans.iter().any(|(from, to)| (*from..=*to).contains(&number)) != *negated
            }
            Self::Size { negated, spans } => {
                let size = row.body_size();
                spans.iter().any(|(from, to)| (*from..=*to).contains(&size)) != *negated
            }
            Self::Latency { negated, spans } => {
                let fits = |us: u64| spans.iter().any(|(from, to)| (*from..=*to).contains(&us));
                row.waited_us().is_some_and(fits) != *negated
            }
            Self::Time { negated, spans } => {
                let at = row.received_us();
                spans.iter().any(|(from, to)| (*from..=*to).contains(&at)) != *negated
            }
        })
    }
}

/// Returns whether a word is in the row; if not, it may be in the body.
fn has_word(
    pattern: &TextPattern,
    memo: &mut Memo,
    ids_may_fit: bool,
    row: &impl FilterRow,
) -> bool {
    let mut stands_in = |column| {
        let symbol = row.symbol(column);
        memo.get(symbol, || {
            let text = row.text(symbol);
            text.is_some_and(|text| pattern.is_match(text.as_bytes()))
        })
    };
    stands_in(FilterColumn::Type)
        || stands_in(FilterColumn::Path)
        || (ids_may_fit && row.event_id().is_some_and(|id| pattern.is_match(id)))
}
