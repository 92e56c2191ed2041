//! Mistakes in a filter that do not know their place yet.

use std::ops::Range;

use crate::diagnostic::Diagnostic;

/// A mistake found in a part of a filter; the parser adds the place.
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
