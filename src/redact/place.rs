//! Finds where a text occurs in a request, for error messages.

use crate::delivery::Head;

use super::rule::pointer;
use super::scan;

/// Place of a text, and the rule that would redact it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeakPlace {
    pub(crate) name: String,
    pub(crate) rule: Option<String>,
}

impl LeakPlace {
    fn at(name: impl Into<String>, rule: Option<String>) -> Self {
        Self { name: name.into(), rule }
    }
}

/// Returns the first place of a request whose text passes a test.
pub(crate) fn find(head: &Head, body: &[u8], holds: impl Fn(&[u8]) -> bool) -> Option<LeakPlace> {
    if holds(&head.target) {
        return Some(LeakPlace::at("the URL", None));
    }
    if let Some(header) = head.headers.iter().find(|header| holds(&header.value)) {
        let name = &header.name;
        let rule = format!("header:{}", name.to_ascii_lowercase());
        return Some(LeakPlace::at(format!("the header {name}"), Some(rule)));
    }
    if !holds(body) {
        return None;
    }
    let Ok(text) = std::str::from_utf8(body) else { return Some(LeakPlace::at("the body", None)) };
    let mut found = None;
    scan::replaced(text, &mut |token| {
        if found.is_none() && holds(token.raw.as_bytes()) {
            let at = pointer(token.steps);
            let rule = (!token.is_key).then(|| format!("json:{at}"));
            found =
                Some(LeakPlace::at(if at.is_empty() { "the body".to_owned() } else { at }, rule));
        }
        None
    });
    found.or_else(|| Some(LeakPlace::at("the body", None)))
}
