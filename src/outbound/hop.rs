//! Marks forwarded requests, so that a loop is recognized.

use std::sync::LazyLock;

use crate::delivery::{Head, Header, header_text};

/// Name of this process in `Via` (RFC 9110 section 7.6.3).
static NAME: LazyLock<String> = LazyLock::new(|| format!("hookglass-{:016x}", fastrand::u64(..)));

/// Returns the header that a forwarded request gets.
pub(super) fn header() -> Header {
    Header::new("Via", format!("1.1 {}", *NAME))
}

/// Returns whether this process has forwarded the request.
pub(super) fn has_passed(head: &Head) -> bool {
    head.values("via").any(|value| header_text(value).contains(NAME.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_its_own_requests_only() {
        let head = |headers: &[Header]| Head::build("POST", "/", headers);
        assert!(has_passed(&head(&[Header::new("via", "1.0 a"), header()])));
        assert!(!has_passed(&head(&[Header::new("Via", "1.1 hookglass-0")])));
    }
}
