//! Filters: one grammar for the dashboard and the commands.
//!
//! A filter is tested in two steps, since a list has no bytes: [`Filter::test`] answers from the
//! summary where that is enough, [`Filter::matches`] from the whole delivery.

mod error;
mod expression;
mod field;
mod parse;
mod token;
mod value;

use std::fmt;
use std::str::FromStr;

use crate::delivery::{Delivery, Summary};
use expression::Expression;

pub use error::FilterError;
pub use field::{FIELDS, Field};

/// A filter on deliveries. The default passes all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter(Option<Expression>);

impl Filter {
    /// Whether every delivery passes.
    pub fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a delivery passes, as far as its summary tells; `None` if its bytes decide.
    pub fn test(&self, row: &Summary) -> Option<bool> {
        self.0.as_ref().map_or(Some(true), |expression| expression.test(row))
    }

    /// Whether a delivery passes.
    pub fn matches(&self, delivery: &Delivery) -> bool {
        self.0.as_ref().is_none_or(|expression| expression.matches(delivery))
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(input: &str) -> Result<Self, FilterError> {
        parse::parse(input).map(Self)
    }
}

impl fmt::Display for Filter {
    /// Prints what parses back to the same filter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |expression| expression.fmt(f))
    }
}
