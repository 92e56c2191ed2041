//! Values that every matching delivery has, for sources that can select by them.

use super::expression::{Expression, Term};
use super::field::FieldKey;
use super::value::{Alternative, FieldValue};
use super::{Filter, pattern::TextPattern};

/// Provider and event type of every delivery that a filter matches, as far as it fixes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    pub provider: Option<String>,
    pub event_type: Option<TypeBound>,
}

/// Beginning of an event type, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeBound {
    Exact(String),
    Prefix(String),
}

impl Filter {
    /// Returns the values that the filter requires in every delivery that it matches.
    pub fn bounds(&self) -> Bounds {
        let mut bounds = Bounds::default();
        match &self.root {
            Some(Expression::All(parts)) => parts.iter().for_each(|part| bounds.narrow(part)),
            Some(part) => bounds.narrow(part),
            None => {}
        }
        bounds
    }
}

impl Bounds {
    fn narrow(&mut self, part: &Expression) {
        let Expression::Term(Term::Field(key, value)) = part else { return };
        let Some(pattern) = only(value) else { return };
        match key {
            FieldKey::Provider => {
                if let Some(name) = pattern.exact() {
                    self.provider = Some(name.to_lowercase());
                }
            }
            FieldKey::Type => {
                let exact = pattern.exact().map(|name| TypeBound::Exact(name.to_lowercase()));
                let prefix = || Some(TypeBound::Prefix(pattern.prefix()?.to_lowercase()));
                self.event_type = exact.or_else(prefix).or(self.event_type.take());
            }
            _ => {}
        }
    }
}

/// Returns the pattern of a value with a single alternative.
fn only(value: &FieldValue) -> Option<&TextPattern> {
    match value.choices.as_slice() {
        [Alternative::Text(pattern)] if !value.negated => Some(pattern),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(filter: &str) -> (Option<String>, Option<TypeBound>) {
        let Bounds { provider, event_type } = filter.parse::<Filter>().unwrap().bounds();
        (provider, event_type)
    }

    #[test]
    fn terms_that_every_match_meets_are_bounds() {
        let exact = |text: &str| Some(TypeBound::Exact(text.to_owned()));
        let prefix = |text: &str| Some(TypeBound::Prefix(text.to_owned()));
        let stripe = || Some("stripe".to_owned());
        for (filter, expected) in [
            ("provider:stripe", (stripe(), None)),
            ("provider:stripe type:Order.Paid", (stripe(), exact("order.paid"))),
            ("type:message.*", (None, prefix("message."))),
            ("type:mess*.a", (None, prefix("mess"))),
            ("type:*", (None, prefix(""))),
            ("type:/message/", (None, None)),
            ("-provider:stripe", (None, None)),
            ("provider:!stripe", (None, None)),
            ("provider:stripe,github", (None, None)),
            ("provider:stripe or provider:github", (None, None)),
            ("stripe", (None, None)),
            ("", (None, None)),
        ] {
            assert_eq!(bounds(filter), expected, "{filter}");
        }
    }
}
