//! Errors with the causes behind them, in one text.

use std::error::Error;

/// The boxed form in which errors of any type travel to where they are printed.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A step that failed, with the error that made it fail as its source.
#[derive(Debug, thiserror::Error)]
#[error("{step}")]
pub(crate) struct StepError {
    step: String,
    source: BoxError,
}

impl StepError {
    pub(crate) fn new(step: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self { step: step.into(), source: source.into() }
    }
}

/// An error and its sources, joined with colons.
///
/// A source that the text already contains is left out: many errors name theirs in their own
/// message, where it reads better in the middle of a sentence.
pub(crate) fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read `a`: {source}; check the path")]
    struct Inline {
        source: std::io::Error,
    }

    fn inline() -> Inline {
        Inline { source: std::io::Error::other("disk on fire") }
    }

    #[test]
    fn sources_follow_in_order() {
        let error = StepError::new("no start", StepError::new("no store", "disk on fire"));
        assert_eq!(with_sources(&error), "no start: no store: disk on fire");
    }

    #[test]
    fn a_source_named_in_the_message_is_not_repeated() {
        let error = StepError::new("no start", inline());
        assert_eq!(with_sources(&error), "no start: cannot read `a`: disk on fire; check the path");
    }
}
