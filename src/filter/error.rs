//! Errors in a filter before their position is known.

use std::ops::Range;

use crate::diagnostic::Diagnostic;

/// An error in a part of a filter; the parser adds the position.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ParseError {
    pub(super) message: String,
    pub(super) suggestion: Option<String>,
}

impl ParseError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), suggestion: None }
    }

    pub(super) fn suggest(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }

    pub(super) fn at(self, input: &str, span: Range<usize>) -> Diagnostic {
        Diagnostic::at(input, span, self.message).suggest(self.suggestion)
    }
}
