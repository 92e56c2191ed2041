//! Formats errors with their sources.

use std::error::Error;

/// Boxed error of any type, as passed up to where it is printed.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// Failed step, with the error as its source.
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

/// Joins an error and its sources with colons.
///
/// Leaves out a source that the text already contains, since many errors quote theirs in their own
/// message, and the numbers of operating system errors, which add nothing to their text.
pub(crate) fn with_sources(error: &dyn Error) -> String {
    let mut text = without_numbers(error.to_string());
    let mut source = error.source();
    while let Some(cause) = source {
        let said = without_numbers(cause.to_string());
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}

/// Removes ` (os error 2)` and the like.
fn without_numbers(text: String) -> String {
    const START: &str = " (os error ";
    let mut text = text;
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(START)).map(|at| at + from) {
        let behind = text.get(at + START.len()..).unwrap_or_default();
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        let end = at + START.len() + digits;
        if digits > 0 && text.get(end..).is_some_and(|rest| rest.starts_with(')')) {
            text.replace_range(at..=end, "");
        }
        from = at + 1;
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
    fn the_number_of_an_error_of_the_system_is_left_out() {
        let absent = || std::io::Error::from_raw_os_error(2);
        let words = absent().to_string().replace(" (os error 2)", "");
        let error = StepError::new(format!("no `a`: {}; check the path", absent()), absent());
        assert_eq!(with_sources(&error), format!("no `a`: {words}; check the path"));
        assert_eq!(
            without_numbers(" (os error x) (os error".to_owned()),
            " (os error x) (os error"
        );
    }

    #[test]
    fn a_source_named_in_the_message_is_not_repeated() {
        let error = StepError::new("no start", inline());
        assert_eq!(with_sources(&error), "no start: cannot read `a`: disk on fire; check the path");
    }
}
