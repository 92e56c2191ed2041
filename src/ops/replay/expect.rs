//! Expectations about responses.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// Statuses, e.g. `2xx`, `200,204`, or `400..499`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statuses(Vec<StatusRange>);

/// First and last status, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StatusRange(u16, u16);

/// Reason why a text is not a list of statuses.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("invalid status `{0}`: expected e.g. 200, 2xx, 400..499, or a list such as 200,202")]
pub struct ExpectError(String);

impl Statuses {
    pub(super) fn accepted() -> Self {
        Self(vec![StatusRange(200, 299)])
    }

    pub(super) fn refused() -> Self {
        Self(vec![StatusRange(400, 499)])
    }

    pub(crate) fn has(&self, status: u16) -> bool {
        self.0.iter().any(|StatusRange(first, last)| (*first..=*last).contains(&status))
    }
}

impl FromStr for Statuses {
    type Err = ExpectError;

    fn from_str(text: &str) -> Result<Self, ExpectError> {
        text.split(',').map(|one| one.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for StatusRange {
    type Err = ExpectError;

    fn from_str(text: &str) -> Result<Self, ExpectError> {
        let wrong = || ExpectError(text.to_owned());
        let status =
            |text: &str| text.parse::<u16>().ok().filter(|status| (100..=599).contains(status));
        if let Some((first, last)) = text.split_once("..") {
            let (first, last) = (status(first).ok_or_else(wrong)?, status(last).ok_or_else(wrong)?);
            return if first <= last { Ok(Self(first, last)) } else { Err(wrong()) };
        }
        if let Some(class) = text.strip_suffix("xx") {
            let first = status(&format!("{class}00")).ok_or_else(wrong)?;
            return Ok(Self(first, first + 99));
        }
        status(text).map(|status| Self(status, status)).ok_or_else(wrong)
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, StatusRange(first, last)) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else if first % 100 == 0 && *last == first + 99 {
                write!(f, "{comma}{}xx", first / 100)?;
            } else {
                write!(f, "{comma}{first}..{last}")?;
            }
        }
        Ok(())
    }
}

/// Returns the expectations that a response body does not meet.
pub(super) fn unmet_json(expected: &BTreeMap<String, Value>, body: &[u8]) -> Vec<String> {
    if expected.is_empty() {
        return Vec::new();
    }
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return vec!["the response body is not JSON, as expected".to_owned()];
    };
    let unmet = |(path, due): (&String, &Value)| match answer.pointer(path) {
        Some(found) if found == due => None,
        Some(found) => Some(format!("{path} is {found}, expected {due}")),
        None => Some(format!("{path} is missing in the response, expected {due}")),
    };
    expected.iter().filter_map(unmet).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statuses_are_read_and_printed() {
        for (text, has, has_not) in
            [("2xx", 204, 300), ("200", 200, 201), ("200,400..499", 422, 500), ("5xx", 599, 499)]
        {
            let statuses: Statuses = text.parse().unwrap();
            assert!(statuses.has(has) && !statuses.has(has_not), "{text}");
            let printed = statuses.to_string();
            assert_eq!(printed.parse::<Statuses>().unwrap(), statuses);
        }
        for wrong in ["", "ok", "9xx", "600", "299..200", "2x", "2xx,"] {
            assert!(wrong.parse::<Statuses>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn bodies_are_compared_by_value() {
        let expected =
            BTreeMap::from([("/ok".to_owned(), json!(true)), ("/a/0".to_owned(), json!("x"))]);
        assert_eq!(unmet_json(&expected, br#"{"a":["x"],"ok":true}"#), Vec::<String>::new());
        let unmet = unmet_json(&expected, br#"{"ok":false}"#);
        let texts =
            ["/a/0 is missing in the response, expected \"x\"", "/ok is false, expected true"];
        assert_eq!(unmet, texts);
        assert_eq!(unmet_json(&expected, b"ok").len(), 1);
    }
}
