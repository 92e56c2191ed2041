//! Location of a value in a request.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// Location of a value: `header:NAME`, `json:/pointer` (RFC 6901) in the body, `form:FIELD` in a
/// form body, or `pair:KEY` in the signature header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueLocation {
    Header(String),
    Json(String),
    Form(String),
    Pair(String),
}

impl FromStr for ValueLocation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("header", name)) if !name.is_empty() => Ok(Self::Header(name.to_owned())),
            Some(("json", path)) if path.starts_with('/') => Ok(Self::Json(path.to_owned())),
            Some(("form", field)) if !field.is_empty() => Ok(Self::Form(field.to_owned())),
            Some(("pair", key)) if !key.is_empty() => Ok(Self::Pair(key.to_owned())),
            _ => Err(format!(
                "`{text}` names no place; expected `header:NAME`, `json:/pointer`, \
                 `form:FIELD` or `pair:KEY`"
            )),
        }
    }
}

impl<'de> Deserialize<'de> for ValueLocation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl fmt::Display for ValueLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => f.write_str(name),
            Self::Json(path) => write!(f, "{path} of the body"),
            Self::Form(field) => write!(f, "{field} of the form"),
            Self::Pair(key) => write!(f, "{key}= of the signature header"),
        }
    }
}
