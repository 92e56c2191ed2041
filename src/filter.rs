//! Filters: one grammar for the dashboard, the commands, and everything else that selects
//! deliveries.
//!
//! A filter is first evaluated on a [`Summary`], which may leave it undecided; then the bytes of
//! the [`Delivery`] decide. A [`RowMatcher`] evaluates it on many rows, and a `BodyMatcher` on the
//! bytes of the undecided ones. Nothing here reads a clock: callers pass the current time.

mod body_matcher;
mod body_results;
mod bounds;
mod builder;
mod complete;
mod error;
mod eval;
mod expression;
mod field;
mod jq;
mod json_path;
mod number;
mod parse;
mod pattern;
mod row_matcher;
mod time_expr;
mod token;
mod undecided;
mod value;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

pub use body_results::{BodyResults, is_compressed};
pub use bounds::{Bounds, TypeBound};
pub use builder::{path_term, term};
pub use complete::complete;
pub use field::FIELDS;
pub use row_matcher::{FilterColumn, FilterRow, RowMatcher};
pub use undecided::{IdRange, Undecided};

use crate::delivery::{Delivery, Summary};
use crate::diagnostic::Diagnostic;
use expression::Expression;
use parse::ParseContext;

/// Conditions for deliveries; without terms, all deliveries match.
///
/// Prints as text that parses as the same filter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    root: Option<Expression>,
}

impl Filter {
    /// Returns the filter that matches what both filters match.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let parts = self.root.into_iter().chain(other.root);
        Self { root: Expression::all(parts.collect()) }
    }

    /// Returns whether the filter is empty, so that every delivery matches.
    pub fn is_all(&self) -> bool {
        self.root.is_none()
    }

    /// Returns whether a delivery matches; `None` if only its bytes can decide.
    pub fn test(&self, summary: &Summary, now: Timestamp) -> Option<bool> {
        let Some(root) = &self.root else { return Some(true) };
        root.evaluate(&mut |term| eval::summary(term, summary, now))
    }

    /// Returns whether a delivery matches.
    pub fn matches(&self, delivery: &Delivery, now: Timestamp) -> bool {
        let Some(root) = &self.root else { return true };
        root.evaluate(&mut |term| Some(eval::delivery(term, delivery, now))).unwrap_or_default()
    }
}

impl Filter {
    /// Parses a filter that is being typed: a field without a value is skipped, so that a list does
    /// not change while the value is being typed.
    pub fn draft(input: &str) -> Result<Self, Diagnostic> {
        let root = parse::parse(input, ParseContext { is_draft: true, providers: None })?;
        Ok(Self { root })
    }

    /// Parses a filter, and reports providers that are not among these.
    pub fn among(input: &str, providers: &[String]) -> Result<Self, Diagnostic> {
        let root =
            parse::parse(input, ParseContext { is_draft: false, providers: Some(providers) })?;
        Ok(Self { root })
    }
}

impl FromStr for Filter {
    type Err = Diagnostic;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        let root = parse::parse(input, ParseContext::default())?;
        Ok(Self { root })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.as_ref().map_or(Ok(()), |root| root.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(input: &str) -> String {
        input.parse::<Filter>().unwrap().to_string()
    }

    #[test]
    fn prints_in_one_spelling() {
        for (input, same) in [
            ("  a   AND b ", "a b"),
            ("not (a or b) OR -c", "-(a or b) or -c"),
            ("Type:message.*,\"x y\"", "type:message.*,\"x y\""),
            ("header.X-Y:1", "header.x-y:1"),
            (".a[0].\"b c\":!empty,>0", ".a.0.\"b c\":!empty,>0"),
            ("size:>10k since:90m", "size:>10000 since:90m"),
            ("path:/a/*,/^\\/b/", "path:/a/*,/^\\/b/"),
            ("((a))", "a"),
            ("#3,5", "number:3,5"),
            ("3..7", "number:3..7"),
            ("-#>=3", "-number:>=3"),
            (".a:1.50 .b:\"1.50\"", ".a:1.50 .b:\"1.50\""),
            ("method:\"foo\" method:\"GET\"", "method:\"foo\" method:GET"),
            ("cause:\"gone-cause\"", "cause:\"gone-cause\""),
        ] {
            assert_eq!(printed(input), same, "{input}");
        }
    }

    #[test]
    fn an_unfinished_field_is_ignored_in_a_draft() {
        let draft = |input| Filter::draft(input).unwrap();
        for input in ["", " ", "type:", "sig:!", "-type:", "(type:)", ".a.b:", "type:, or id:"] {
            assert!(draft(input).is_all(), "{input}");
        }
        assert_eq!(draft("a type:").to_string(), "a");
        assert_eq!(draft("type:a,").to_string(), "type:a");
        assert_eq!(draft("a or type:").to_string(), "a");
    }
}
