//! Values after the colon: alternatives, comparisons, and ranges.

use std::cmp::Ordering;
use std::fmt;

use super::error::ParseError;
use super::field::{Names, ValueKind, Words};
use super::number::Number;
use super::pattern::{MatchMode, TextPattern};
use super::time_expr::TimeExpr;
use crate::diagnostic::nearest;
use crate::units;

/// Alternatives, of which one must match, or none if the value is negated.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FieldValue {
    pub(super) negated: bool,
    pub(super) choices: Vec<Alternative>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Alternative {
    Text(TextPattern),
    Compare(Compare, Number),
    /// Both ends are included; a missing end is open.
    Range(Option<Number>, Option<Number>),
    Moment(TimeExpr),
    Between(TimeExpr, TimeExpr),
    /// `:empty`
    Empty,
    /// `:exists`
    Exists,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// One alternative as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Atom<'i> {
    Plain(&'i str),
    Quoted(String),
    Regex(&'i str),
}

impl FieldValue {
    /// Returns whether one of the alternatives matches, or none if the value is negated.
    pub(super) fn passes(&self, fits: impl FnMut(&Alternative) -> bool) -> bool {
        self.choices.iter().any(fits) != self.negated
    }
}

impl Alternative {
    pub(super) fn new(takes: ValueKind, atom: &Atom<'_>) -> Result<Self, ParseError> {
        let manner = match takes {
            ValueKind::Text
            | ValueKind::Data
            | ValueKind::Json
            | ValueKind::Jq
            | ValueKind::Known(Names::Cause | Names::Provider) => MatchMode::Whole,
            ValueKind::Known(Names::Method) => MatchMode::AnyCase,
            ValueKind::Path => MatchMode::Path,
            ValueKind::Part => MatchMode::Part,
            ValueKind::Words(_)
            | ValueKind::Status
            | ValueKind::Size
            | ValueKind::Duration
            | ValueKind::Count
            | ValueKind::Moment => {
                return match atom {
                    Atom::Plain(raw) | Atom::Regex(raw) => Self::bare(takes, raw),
                    Atom::Quoted(text) => Self::bare(takes, text),
                };
            }
        };
        match (takes, atom) {
            (_, Atom::Quoted(text)) => TextPattern::literal(text, manner).map(Self::Text),
            (_, Atom::Regex(source)) => TextPattern::regex(source, manner).map(Self::Text),
            (ValueKind::Json, Atom::Plain("empty")) => Ok(Self::Empty),
            (ValueKind::Json, Atom::Plain("exists")) => Ok(Self::Exists),
            (ValueKind::Json | ValueKind::Data, Atom::Plain(raw)) => match numeric(takes, raw)? {
                Some(choice) => Ok(choice),
                None => TextPattern::plain(raw, manner).map(Self::Text),
            },
            (_, Atom::Plain(raw)) => TextPattern::plain(raw, manner).map(Self::Text),
        }
    }

    /// Parses values of a fixed form, for which quotes make no difference.
    fn bare(takes: ValueKind, raw: &str) -> Result<Self, ParseError> {
        match takes {
            ValueKind::Words(words) => known_word(words, raw),
            ValueKind::Moment => moment(raw),
            _ => {
                if let Some(choice) = numeric(takes, raw)? {
                    return Ok(choice);
                }
                if let Some(number) = read_number(takes, raw) {
                    return Ok(Self::Compare(Compare::Equal, number));
                }
                let is_glob = raw.contains(['*', '?'])
                    && raw.chars().all(|c| c.is_ascii_digit() || matches!(c, '*' | '?'));
                if takes == ValueKind::Status && is_glob {
                    return TextPattern::plain(raw, MatchMode::Whole).map(Self::Text);
                }
                Err(no_number(takes, raw))
            }
        }
    }

    /// Returns the smallest and the largest integer that match a comparison.
    pub(super) fn whole_span(&self) -> Option<(u64, u64)> {
        let end = |end: &Option<Number>, open| end.as_ref().map_or(Some(open), Number::as_u64);
        match self {
            Self::Compare(compare, bound) => {
                let bound = bound.as_u64()?;
                match compare {
                    Compare::Equal => Some((bound, bound)),
                    Compare::Above => Some((bound.checked_add(1)?, u64::MAX)),
                    Compare::AtLeast => Some((bound, u64::MAX)),
                    Compare::Below => Some((0, bound.checked_sub(1)?)),
                    Compare::AtMost => Some((0, bound)),
                }
            }
            Self::Range(from, to) => Some((end(from, 0)?, end(to, u64::MAX)?)),
            Self::Text(_) | Self::Moment(_) | Self::Between(..) | Self::Empty | Self::Exists => {
                None
            }
        }
    }

    /// Returns whether a text matches; comparisons read it as a number.
    pub(super) fn fits(&self, text: &str) -> bool {
        match self {
            Self::Text(pattern) => pattern.is_match(text.as_bytes()),
            Self::Compare(compare, bound) => {
                Number::parse(text).is_some_and(|number| compare.holds(number.compare(bound)))
            }
            Self::Range(from, to) => Number::parse(text).is_some_and(|number| {
                from.as_ref().is_none_or(|from| number.compare(from).is_ge())
                    && to.as_ref().is_none_or(|to| number.compare(to).is_le())
            }),
            Self::Empty => text.is_empty(),
            Self::Exists => true,
            // Times are compared only with the time of receipt.
            Self::Moment(_) | Self::Between(..) => false,
        }
    }
}

impl Compare {
    const ALL: [Self; 4] = [Self::AtLeast, Self::AtMost, Self::Above, Self::Below];

    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Above => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Below => order.is_lt(),
            Self::AtMost => order.is_le(),
        }
    }
}

/// Parses a comparison or a range; `None` if it is neither.
fn numeric(takes: ValueKind, raw: &str) -> Result<Option<Alternative>, ParseError> {
    for compare in Compare::ALL {
        if let Some(bound) = raw.strip_prefix(compare.sign()) {
            let number = read_number(takes, bound).ok_or_else(|| no_number(takes, bound))?;
            return Ok(Some(Alternative::Compare(compare, number)));
        }
    }
    let Some((first, last)) = raw.split_once("..") else { return Ok(None) };
    let end = |text: &str| match text {
        "" => Some(None),
        _ => read_number(takes, text).map(Some),
    };
    match (end(first), end(last)) {
        (Some(None), Some(None)) | (None, _) | (_, None) => Ok(None),
        (Some(from), Some(to)) => {
            if let (Some(low), Some(high)) = (&from, &to)
                && low.compare(high).is_gt()
            {
                return Err(upside_down(&first, &last));
            }
            Ok(Some(Alternative::Range(from, to)))
        }
    }
}

fn upside_down(low: &dyn fmt::Display, high: &dyn fmt::Display) -> ParseError {
    ParseError::new("the end of the range is before its start")
        .suggest(Some(format!("{high}..{low}")))
}

fn read_number(takes: ValueKind, text: &str) -> Option<Number> {
    let size = || units::parse_size(text).ok().map(Number::from);
    match takes {
        ValueKind::Size => size(),
        ValueKind::Duration => {
            let time = units::parse_duration(text).ok()?;
            u64::try_from(time.as_micros()).ok().map(Number::microseconds)
        }
        ValueKind::Count => text.parse::<u64>().ok().map(Number::from),
        ValueKind::Status => text.parse::<u16>().ok().map(|status| Number::from(u64::from(status))),
        _ => Number::parse(text).or_else(size),
    }
}

fn no_number(takes: ValueKind, text: &str) -> ParseError {
    let wrong = |kind: &str, examples: &str| {
        if text.is_empty() {
            return ParseError::new(format!("expected a {kind}, e.g. {examples}"));
        }
        ParseError::new(format!("invalid {kind} `{text}`: expected e.g. {examples}"))
    };
    match takes {
        ValueKind::Size => wrong("size", "512, >10k, <=25MiB or 1k..1M"),
        ValueKind::Duration => wrong("duration", ">200ms, <=1.5s or 1s..5s"),
        ValueKind::Count => wrong("delivery number", "3, >=3, or 3..7"),
        ValueKind::Status => {
            let shape = text.replace(['x', 'X'], "?");
            let is_class = shape != text && shape.chars().all(|c| c.is_ascii_digit() || c == '?');
            wrong("status", "200, 4*, >=400 or 500..599").suggest(is_class.then_some(shape))
        }
        _ => wrong("number", ">0, <=1.5 or 10..20, or put text in quotes"),
    }
}

fn known_word(words: Words, raw: &str) -> Result<Alternative, ParseError> {
    let all = words.all();
    let word = raw.to_lowercase();
    let is_glob = word.contains(['*', '?']);
    if is_glob || all.contains(&word.as_str()) {
        let pattern = TextPattern::plain(&word, MatchMode::Whole)?;
        if !is_glob || all.iter().any(|known| pattern.is_match(known.as_bytes())) {
            return Ok(Alternative::Text(pattern));
        }
    }
    let near = nearest(&word, all.iter().copied()).map(ToOwned::to_owned);
    let known = all.join(", ");
    Err(ParseError::new(format!("unknown value `{raw}`: expected one of {known}")).suggest(near))
}

fn moment(raw: &str) -> Result<Alternative, ParseError> {
    let read = |text: &str| {
        TimeExpr::parse(text).ok_or_else(|| {
            let examples = "5m, 2h, 1d, 17:00, 2026-11-23 or 2026-11-23T17:00";
            ParseError::new(if text.is_empty() {
                format!("expected a time, e.g. {examples}")
            } else {
                format!("invalid time `{text}`: expected e.g. {examples}")
            })
        })
    };
    match raw.split_once("..") {
        Some((from, to)) => Ok(Alternative::Between(read(from)?, read(to)?)),
        None => read(raw).map(Alternative::Moment),
    }
}

impl FieldValue {
    /// Writes the value of a field, with quotes around names that need them to be accepted.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, takes: ValueKind) -> fmt::Result {
        if self.negated {
            f.write_str("!")?;
        }
        for (at, choice) in self.choices.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            match (takes, choice) {
                (ValueKind::Known(names), Alternative::Text(pattern)) => {
                    let is_known = pattern.text().is_none_or(|text| names.has(text));
                    pattern.write(f, is_known)?;
                }
                _ => write!(f, "{choice}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(pattern) => pattern.fmt(f),
            Self::Compare(compare, number) => write!(f, "{}{number}", compare.sign()),
            Self::Range(from, to) => {
                let text = |end: &Option<Number>| end.as_ref().map(ToString::to_string);
                let (from, to) = (text(from), text(to));
                write!(f, "{}..{}", from.unwrap_or_default(), to.unwrap_or_default())
            }
            Self::Moment(moment) => moment.fmt(f),
            Self::Between(from, to) => write!(f, "{from}..{to}"),
            Self::Empty => f.write_str("empty"),
            Self::Exists => f.write_str("exists"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(takes: ValueKind, raw: &str) -> Result<Alternative, ParseError> {
        Alternative::new(takes, &Atom::Plain(raw))
    }

    #[test]
    fn compares_numbers_and_sizes() {
        for (takes, raw, fits, fails) in [
            (ValueKind::Status, "200", "200", "201"),
            (ValueKind::Status, "4*", "404", "200"),
            (ValueKind::Status, ">=400", "400", "399"),
            (ValueKind::Status, "500..599", "599", "600"),
            (ValueKind::Status, "..299", "299", "300"),
            (ValueKind::Size, ">10k", "10001", "10000"),
            (ValueKind::Size, "1KiB..", "1024", "1023"),
            (ValueKind::Duration, ">200ms", "200001", "200000"),
            (ValueKind::Duration, "..1.5s", "1500000", "1500001"),
            (ValueKind::Data, "<-1.5", "-2", "-1.5"),
            (
                ValueKind::Json,
                ">12345678901234567890",
                "12345678901234567891",
                "12345678901234567890",
            ),
        ] {
            let choice = read(takes, raw).unwrap();
            assert!(choice.fits(fits) && !choice.fits(fails) && !choice.fits("x"), "{raw}");
            assert_eq!(read(takes, &choice.to_string()).unwrap(), choice, "{raw}");
        }
    }

    #[test]
    fn text_is_not_compared_as_a_number() {
        assert!(read(ValueKind::Text, "..").unwrap().fits(".."));
        assert!(read(ValueKind::Part, "<b>").unwrap().fits("a <b> c"));
        assert!(read(ValueKind::Data, "1..x").unwrap().fits("1..x"));
        assert!(read(ValueKind::Data, "2.50").unwrap().fits("2.50"));
        assert!(!read(ValueKind::Data, "2.5").unwrap().fits("2.50"));
    }

    #[test]
    fn errors_name_the_expected_values() {
        for (takes, raw, suggestion) in [
            (ValueKind::Status, "4xx", Some("4??")),
            (ValueKind::Status, "ok", None),
            (ValueKind::Size, "5..1", Some("1..5")),
            (ValueKind::Data, ">x", None),
            (ValueKind::Moment, ">5m", None),
            (ValueKind::Words(Words::Signature), "mismach", Some("mismatch")),
            (ValueKind::Words(Words::YesNo), "z*", None),
        ] {
            assert_eq!(read(takes, raw).unwrap_err().suggestion.as_deref(), suggestion, "{raw}");
        }
        let empty = read(ValueKind::Size, ">").unwrap_err().message;
        assert_eq!(empty, "expected a size, e.g. 512, >10k, <=25MiB or 1k..1M");
    }
}
