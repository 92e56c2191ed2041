//! Terms combined by `and`, `or`, and `not`, and their evaluation and printing.

use std::fmt;

use super::field::{FieldKey, ValueKind};
use super::jq::Program;
use super::json_path::JsonPath;
use super::pattern::TextPattern;
use super::value::FieldValue;

/// A filter that is not empty.
///
/// The parser limits the depth, so recursion over it needs no guard.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// Two or more, combined by `and`.
    All(Vec<Self>),
    /// Two or more, combined by `or`.
    Any(Vec<Self>),
    Not(Box<Self>),
    Term(Term),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    /// A bare word, which is searched in several places.
    Word(TextPattern),
    Field(FieldKey, FieldValue),
    Header(String, FieldValue),
    Json(JsonPath, FieldValue),
    Jq(Program),
}

impl Expression {
    /// Combines the parts by `and`; `None` if there are none.
    pub(super) fn all(mut parts: Vec<Self>) -> Option<Self> {
        if parts.len() > 1 { Some(Self::All(parts)) } else { parts.pop() }
    }

    /// Combines the parts by `or`; `None` if there are none.
    pub(super) fn any(mut parts: Vec<Self>) -> Option<Self> {
        if parts.len() > 1 { Some(Self::Any(parts)) } else { parts.pop() }
    }

    /// Evaluates the terms; `None` if the result depends on undecided ones (Kleene's logic).
    pub(super) fn evaluate(&self, judge: &mut impl FnMut(&Term) -> Option<bool>) -> Option<bool> {
        match self {
            Self::All(parts) => decide(parts, false, judge),
            Self::Any(parts) => decide(parts, true, judge),
            Self::Not(part) => part.evaluate(judge).map(|passes| !passes),
            Self::Term(term) => judge(term),
        }
    }
}

/// Combines results: one that equals `decisive` decides, whatever the others are.
fn decide(
    parts: &[Expression],
    decisive: bool,
    judge: &mut impl FnMut(&Term) -> Option<bool>,
) -> Option<bool> {
    let mut all_known = true;
    for part in parts {
        match part.evaluate(judge) {
            Some(verdict) if verdict == decisive => return Some(decisive),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!decisive)
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    f.write_str(if at > 0 { " " } else { "" })?;
                    part.write_tight(f)?;
                }
                Ok(())
            }
            Self::Any(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    f.write_str(if at > 0 { " or " } else { "" })?;
                    match part {
                        Self::Any(_) => part.write_tight(f)?,
                        Self::All(_) | Self::Not(_) | Self::Term(_) => part.fmt(f)?,
                    }
                }
                Ok(())
            }
            Self::Not(part) => {
                f.write_str("-")?;
                part.write_tight(f)
            }
            Self::Term(term) => term.fmt(f),
        }
    }
}

impl Expression {
    /// Writes parentheses where neighbors would change the meaning.
    fn write_tight(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(_) | Self::Any(_) => write!(f, "({self})"),
            Self::Not(_) | Self::Term(_) => write!(f, "{self}"),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(pattern) => pattern.fmt(f),
            Self::Field(key, value) => {
                write!(f, "{}:", key.name())?;
                value.write(f, key.takes())
            }
            Self::Header(name, value) => {
                write!(f, "header.{name}:")?;
                value.write(f, ValueKind::Data)
            }
            Self::Json(path, value) => {
                write!(f, "{path}:")?;
                value.write(f, ValueKind::Json)
            }
            Self::Jq(program) => write!(f, "jq:{program}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::pattern::MatchMode;

    /// A term whose first letter is its result: yes, no, or unknown.
    fn term(word: &str) -> Expression {
        Expression::Term(Term::Word(TextPattern::plain(word, MatchMode::Part).unwrap()))
    }

    fn evaluate(expression: &Expression) -> Option<bool> {
        expression.evaluate(&mut |term| match term.to_string().as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        })
    }

    #[test]
    fn evaluates_undecided_terms() {
        for (one, other, all, any) in [
            ("yes", "unknown", None, Some(true)),
            ("unknown", "no", Some(false), None),
            ("unknown", "unknown", None, None),
            ("yes", "no", Some(false), Some(true)),
            ("yes", "yes", Some(true), Some(true)),
            ("no", "no", Some(false), Some(false)),
        ] {
            for (first, second) in [(one, other), (other, one)] {
                let parts = || vec![term(first), term(second)];
                assert_eq!(evaluate(&Expression::all(parts()).unwrap()), all, "{first} {second}");
                assert_eq!(
                    evaluate(&Expression::any(parts()).unwrap()),
                    any,
                    "{first} or {second}"
                );
            }
        }
        assert_eq!(evaluate(&Expression::Not(Box::new(term("unknown")))), None);
        assert_eq!(evaluate(&Expression::Not(Box::new(term("no")))), Some(true));
    }

    #[test]
    fn parentheses_are_printed_only_if_needed() {
        let both = || Expression::All(vec![term("a"), term("b")]);
        let either = || Expression::Any(vec![term("a"), both()]);
        assert_eq!(either().to_string(), "a or a b");
        let nested = Expression::All(vec![either(), both(), Expression::Not(Box::new(term("c")))]);
        assert_eq!(nested.to_string(), "(a or a b) (a b) -c");
        assert_eq!(Expression::Not(Box::new(nested)).to_string(), "-((a or a b) (a b) -c)");
    }
}
