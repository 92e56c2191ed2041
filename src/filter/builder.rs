//! Builds filters from selected values instead of typed text.

use std::fmt;

use super::Filter;
use super::expression::Expression;
use super::field::{FilterField, ValueKind};
use super::json_path::JsonPath;
use super::pattern::{MatchMode, TextPattern};
use crate::diagnostic::Diagnostic;
use crate::payload::path::write_quoted;

/// Returns a term that requires a field to have a value, spelled so that it parses as that value.
pub fn term(field: &str, value: &str, negated: bool) -> String {
    format!("{field}:{}{}", sign(negated), spelled_in(field, value))
}

/// Returns a term for a value at a path in a JSON body.
pub fn path_term(path: &[String], value: &str, negated: bool) -> String {
    format!("{}:{}{}", JsonPath(path.to_vec()), sign(negated), spelled(value))
}

fn sign(negated: bool) -> &'static str {
    if negated { "!" } else { "" }
}

/// Returns a value of a field as spelled in a filter.
pub(super) fn spelled_in(field: &str, value: &str) -> String {
    match FilterField::named(field).map(|field| field.takes) {
        Some(ValueKind::Known(names)) if !names.has(value) => Quoted(value).to_string(),
        _ => spelled(value),
    }
}

struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_quoted(f, self.0)
    }
}

/// Returns a value as spelled in a filter.
pub(super) fn spelled(value: &str) -> String {
    let pattern = TextPattern::literal(value, MatchMode::Whole);
    pattern.map_or_else(|_| value.to_owned(), |pattern| pattern.to_string())
}

impl Filter {
    /// Combines the filter with another term by `and`.
    pub fn narrowed(&self, term: &str) -> Result<Self, Diagnostic> {
        match &self.root {
            None => term.parse(),
            Some(Expression::Any(_)) => format!("({self}) {term}").parse(),
            Some(_) => format!("{self} {term}").parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_narrows_the_whole_filter() {
        let narrowed = |filter: &str, term: &str| {
            filter.parse::<Filter>().unwrap().narrowed(term).unwrap().to_string()
        };
        let created = term("type", "message.created", false);
        assert_eq!(narrowed("", &created), "type:message.created");
        assert_eq!(narrowed("a b", &created), "a b type:message.created");
        assert_eq!(narrowed("a or b", &created), "(a or b) type:message.created");
        assert_eq!(narrowed("a", &term("id", "x y*", true)), "a id:!\"x y*\"");
        let path = ["payload".to_owned(), "odd key".to_owned(), "0".to_owned()];
        assert_eq!(path_term(&path, "or", true), ".payload.\"odd key\".0:!\"or\"");
    }
}
