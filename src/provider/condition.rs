//! Conditions on values of a request, as written in a provider's file.

use regex::Regex;

use super::placeholders::UnknownField;

/// Mistake in a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
    #[error(transparent)]
    Field(#[from] UnknownField),
}

/// A text that is not a regular expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid pattern `{pattern}`: {error}")]
pub struct InvalidPattern {
    pattern: String,
    error: String,
}

/// Test of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ValueTest {
    Exists,
    IsAbsent,
    Is(String),
    Matches(Pattern),
}

/// A regular expression that a whole value must match.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    text: String,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl ValueTest {
    /// Splits a condition into the place and its test: `PLACE`, `!PLACE`, `PLACE=VALUE`, or
    /// `PLACE~REGEX`.
    pub(super) fn split(text: &str) -> Result<(&str, Self), InvalidPattern> {
        if let Some(place) = text.strip_prefix('!') {
            return Ok((place, Self::IsAbsent));
        }
        let Some((at, sign)) = text.char_indices().find(|(_, one)| matches!(one, '=' | '~')) else {
            return Ok((text, Self::Exists));
        };
        let (place, rest) = text.split_at(at);
        let value = rest.get(1..).unwrap_or_default();
        if sign == '=' {
            return Ok((place, Self::Is(value.to_owned())));
        }
        let regex = Regex::new(&format!("^(?:{value})$")).map_err(|error| InvalidPattern {
            pattern: value.to_owned(),
            error: error.to_string(),
        })?;
        Ok((place, Self::Matches(Pattern { text: value.to_owned(), regex })))
    }

    /// Returns whether a value passes; `Exists` and `IsAbsent` are about there being one.
    pub(super) fn allows(&self, found: Option<&str>) -> bool {
        match (self, found) {
            (Self::Exists, found) => found.is_some(),
            (Self::IsAbsent, found) => found.is_none(),
            (Self::Is(expected), Some(found)) => expected == found.trim(),
            (Self::Matches(pattern), Some(found)) => pattern.regex.is_match(found.trim()),
            (Self::Is(_) | Self::Matches(_), None) => false,
        }
    }
}

impl std::fmt::Display for ValueTest {
    /// Writes the test, which follows the name of the place.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exists => f.write_str("is there"),
            Self::IsAbsent => f.write_str("is not there"),
            Self::Is(value) => write!(f, "is `{value}`"),
            Self::Matches(pattern) => write!(f, "matches `{}`", pattern.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_value() {
        let (place, test) = ValueTest::split("form:id~(tr|ord)_[a-z]+").unwrap();
        assert_eq!(place, "form:id");
        for (value, fits) in [("tr_a", true), (" ord_b ", true), ("xtr_a", false), ("tr_A", false)]
        {
            assert_eq!(test.allows(Some(value)), fits, "{value}");
        }
        assert!(!test.allows(None));
        assert!(ValueTest::split("form:id~(").unwrap_err().to_string().contains("pattern `(`"));
    }
}
