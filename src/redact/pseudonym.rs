//! Pseudonyms: the same for the same value, in the same form.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::checksum;

/// Kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum PseudonymKind {
    Email,
    Phone,
    Ipv4,
    Ipv6,
    Iban,
    Card,
    Token,
    Url,
    Host,
    Text,
    Number,
}

/// Assigned pseudonyms, by kind and value.
#[derive(Debug, Default)]
pub(super) struct Pseudonyms {
    /// The kind is left out, so that a value stays the same wherever it is found; only a JSON
    /// number has to stay one.
    given: HashMap<(bool, Option<usize>, String), String>,
    counts: HashMap<PseudonymKind, usize>,
    /// Pseudonyms found in input, which already represent other values.
    taken: HashSet<String>,
}

impl Pseudonyms {
    /// Returns the pseudonym of a value; `None` if it already is one, so that a second export
    /// changes nothing. With `keeps_length` it is as long as the value.
    pub(super) fn of(
        &mut self,
        kind: PseudonymKind,
        value: &str,
        keeps_length: bool,
    ) -> Option<String> {
        if kind != PseudonymKind::Number && is_one(value) {
            self.taken.insert(value.to_owned());
            return None;
        }
        let length = keeps_length.then(|| value.chars().count());
        let key = (kind == PseudonymKind::Number, length, value.to_owned());
        if let Some(known) = self.given.get(&key) {
            return Some(known.clone());
        }
        let count = self.counts.entry(kind).or_default();
        let new = loop {
            *count += 1;
            let new = written(kind, *count, length);
            // A pseudonym too short to be unique is accepted.
            if !self.taken.contains(&new) || length.is_some() {
                break new;
            }
        };
        self.given.insert(key, new.clone());
        Some(new)
    }
}

/// Returns a pseudonym by its number, from names, numbers, and addresses reserved for such uses
/// (RFC 2606, RFC 2544, RFC 3849, 555-01xx).
fn written(kind: PseudonymKind, number: usize, length: Option<usize>) -> String {
    let (before, digits, fill, after) = match kind {
        PseudonymKind::Email => ("person-", number.to_string(), 'x', "@redacted.example"),
        PseudonymKind::Phone => {
            let (area, line) = (201 + number / 100 % 700, number % 100);
            ("+1", format!("{area}55501{line:02}"), '0', "")
        }
        PseudonymKind::Ipv4 => {
            ("198.18.", format!("{}.{}", number / 256 % 256, number % 256), '0', "")
        }
        PseudonymKind::Ipv6 => ("2001:db8:ffff::", format!("{number:x}"), '0', ""),
        PseudonymKind::Card => ("400000", format!("{number:09}"), '0', ""),
        PseudonymKind::Iban => ("GB00TEST", format!("{number:014}"), '0', ""),
        PseudonymKind::Token => ("redacted-token-", number.to_string(), 'x', ""),
        PseudonymKind::Url => ("https://redacted.example/", number.to_string(), 'x', ""),
        PseudonymKind::Host => ("redacted-", number.to_string(), 'x', ".example"),
        PseudonymKind::Text => ("redacted-", number.to_string(), 'x', ""),
        PseudonymKind::Number => ("", number.to_string(), '0', ""),
    };
    let whole = match kind {
        PseudonymKind::Card => checksum::card_of(&format!("{before}{digits}")),
        PseudonymKind::Iban => checksum::iban_of("GB", &format!("TEST{digits}")),
        _ => format!("{before}{digits}{after}"),
    };
    let Some(length) = length.filter(|length| *length != whole.len()) else { return whole };
    let plain = format!("{before}{digits}{after}");
    let filled = |text: &str, length: usize| {
        let missing = length.saturating_sub(text.len());
        let kept: String = text.chars().take(length).collect();
        format!("{kept}{}", fill.to_string().repeat(missing))
    };
    match length.checked_sub(plain.len()) {
        Some(more) => format!("{before}{}{after}", filled(&digits, digits.len() + more)),
        None => filled(&digits, length),
    }
}

/// Returns whether a text has the form of a pseudonym.
pub(super) fn is_one(text: &str) -> bool {
    static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"^(?:redacted(?:-token)?-[0-9]+x*|redacted-[0-9]+x*\.example|person-[0-9]+x*@redacted\.example|\+1[2-9][0-9]{2}55501[0-9]{2}0*|198\.18\.[0-9]+\.[0-9]+|2001:db8:ffff::[0-9a-f]+|https://redacted\.example/[0-9]+x*|400000[0-9]{10}|GB[0-9]{2}TEST[0-9]{14})$",
        )
        .ok()
    });
    FORM.as_ref().is_some_and(|form| form.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [PseudonymKind; 10] = [
        PseudonymKind::Email,
        PseudonymKind::Phone,
        PseudonymKind::Ipv4,
        PseudonymKind::Ipv6,
        PseudonymKind::Iban,
        PseudonymKind::Card,
        PseudonymKind::Token,
        PseudonymKind::Url,
        PseudonymKind::Host,
        PseudonymKind::Text,
    ];

    #[test]
    fn equal_values_have_equal_pseudonyms() {
        let mut names = Pseudonyms::default();
        let first = names.of(PseudonymKind::Email, "a@b.org", false).unwrap();
        assert_eq!(first, "person-1@redacted.example");
        assert_ne!(names.of(PseudonymKind::Email, "c@b.org", false).unwrap(), first);
        assert_eq!(names.of(PseudonymKind::Email, "a@b.org", false).unwrap(), first);
        assert_eq!(names.of(PseudonymKind::Number, "4711", true).unwrap(), "1000");
    }

    #[test]
    fn a_pseudonym_is_kept_and_not_assigned_again() {
        let mut names = Pseudonyms::default();
        for kind in KINDS {
            let one = written(kind, 1, None);
            assert_eq!(names.of(kind, &one, false), None, "{one}");
            assert_eq!(
                names.of(kind, &format!("real {kind:?}"), false).unwrap(),
                written(kind, 2, None)
            );
        }
    }

    #[test]
    fn the_length_is_kept_on_request() {
        for kind in KINDS {
            for length in 1..60 {
                let mut names = Pseudonyms::default();
                let new = names.of(kind, &"é".repeat(length), true).unwrap();
                assert_eq!(new.chars().count(), length, "{kind:?} {new}");
            }
        }
    }
}
