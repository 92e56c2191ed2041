//! Reasons why a request in a file is invalid.

use std::io;

use crate::formats::wire::WireError;

/// Reason why a request is invalid. The position is part of [`super::RequestFileError`].
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum RequestError {
    #[error("it has no URL")]
    NoUrl,
    #[error("it has no request")]
    NoRequest,
    #[error("it has no method, headers, or body, so it is not a request")]
    NotARequest,
    #[error("invalid method: expected a text such as POST")]
    Method,
    /// A place that should contain base64.
    #[error("`{place}` is not base64: {reason}")]
    Base64 { place: &'static str, reason: String },
    #[error("the variable `{0}` has no value in this file; write its value instead of {{{{{0}}}}}")]
    Variable(String),
    #[error("file `{name}`: {reason}")]
    File { name: String, reason: String },
    #[error("the body comes from standard input, which the file does not contain")]
    StandardInput,
    #[error("its body is a file without a name")]
    UnnamedFile,
    #[error("a quote is not closed")]
    OpenQuote,
    #[error("a script is not closed: expected a line with `%}}`")]
    OpenScript,
    #[error("`{0}` needs a value")]
    NoValue(String),
    #[error("invalid header line `{0}`: expected `Name: value`")]
    HeaderLine(String),
    #[error("invalid request line `{0}`: expected e.g. POST http://host/path")]
    RequestLine(String),
    #[error("{0} is not an HTTP request")]
    Protocol(String),
    #[error("damaged or truncated at byte {0}")]
    Truncated(usize),
    /// Its head, body, or a value in it.
    #[error("{0}")]
    Invalid(String),
}

impl RequestError {
    pub(super) fn file(name: &str, error: &io::Error) -> Self {
        Self::File { name: name.to_owned(), reason: error.to_string() }
    }

    /// Describes JSON of another form than expected; its position in the text is the caller's.
    pub(super) fn json(error: &serde_json::Error) -> Self {
        Self::Invalid(json_reason(error))
    }
}

impl From<WireError> for RequestError {
    fn from(error: WireError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// Returns an error of JSON without its position.
pub(super) fn json_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}
