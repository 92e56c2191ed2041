//! Options for sending requests to a target.

use hyper::header::{HeaderName, HeaderValue};

use crate::delivery::{Header, is_hop_by_hop};

/// Differences between a delivery and the request that a target gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForwardOptions {
    /// Keep the `Host` of the delivery instead of naming the target's.
    pub preserve_host: bool,
    /// Headers appended to those of the delivery.
    pub add_headers: Vec<Header>,
    /// Accept any TLS certificate.
    pub insecure: bool,
}

/// Error of parsing a header to add.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum AddedHeaderError {
    #[error(
        "invalid header `{0}`: expected a name, a colon, and a value, e.g. 'X-From: hookglass'"
    )]
    NoHeader(String),
    #[error("invalid header name `{0}`: expected letters, digits, and `-`")]
    Name(String),
    #[error("the value of `{0}` contains a control character")]
    Value(String),
    #[error("cannot add `{0}`: hookglass sets connection and length headers")]
    Reserved(String),
    #[error("cannot add `Host`: it is the target's, or the delivery's with --preserve-host")]
    Host,
}

/// Parses a header to add, `Name: value`.
pub fn added_header(text: &str) -> Result<Header, AddedHeaderError> {
    let (name, value) =
        text.split_once(':').ok_or_else(|| AddedHeaderError::NoHeader(text.to_owned()))?;
    let (name, value) = (name.trim(), value.trim());
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(AddedHeaderError::Name(name.to_owned()));
    }
    if HeaderValue::from_str(value).is_err() {
        return Err(AddedHeaderError::Value(name.to_owned()));
    }
    if name.eq_ignore_ascii_case("host") {
        return Err(AddedHeaderError::Host);
    }
    if name.eq_ignore_ascii_case("content-length") || is_hop_by_hop(name) {
        return Err(AddedHeaderError::Reserved(name.to_owned()));
    }
    Ok(Header::new(name, value.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_headers_to_add() {
        assert_eq!(added_header("X-A:  b: c "), Ok(Header::new("X-A", "b: c")));
        assert_eq!(added_header("X-Empty:"), Ok(Header::new("X-Empty", "")));
        for (wrong, part) in [
            ("X-A", "a colon"),
            ("X A: b", "name"),
            (": b", "name"),
            ("X-A: a\r\nX-B: c", "control character"),
            ("Host: x", "--preserve-host"),
            ("content-LENGTH: 3", "length"),
            ("Connection: close", "connection"),
        ] {
            let error = added_header(wrong).unwrap_err().to_string();
            assert!(error.contains(part), "{wrong}: {error}");
        }
    }
}
