//! Compares the headers of two deliveries.

use super::Mark;
use super::merge::merged;

/// A header and its change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderChange<'h> {
    pub mark: Mark,
    /// Spelled as in the newer delivery, or as in the older one if it was removed.
    pub name: &'h str,
    pub old: Option<&'h str>,
    pub new: Option<&'h str>,
}

/// Compares ordered names and values. Names are case-insensitive; repeated headers are compared in
/// order.
pub fn headers<'h>(
    old: &[(&'h str, &'h str)],
    new: &[(&'h str, &'h str)],
) -> Vec<HeaderChange<'h>> {
    let names = |all: &[(&str, &str)]| -> Vec<String> {
        all.iter().map(|(name, _)| name.to_ascii_lowercase()).collect()
    };
    let (pairs, _) = merged(&names(old), &names(new));
    let change = |(before, after): (Option<usize>, Option<usize>)| {
        let before = before.and_then(|at| old.get(at)).copied();
        let after = after.and_then(|at| new.get(at)).copied();
        let mark = match (before, after) {
            (Some((_, before)), Some((_, after))) if before == after => Mark::Same,
            (Some(_), Some(_)) => Mark::Changed,
            (Some(_), None) => Mark::Removed,
            (None, _) => Mark::Added,
        };
        let (name, _) = after.or(before)?;
        let value = |side: Option<(&'h str, &'h str)>| side.map(|(_, value)| value);
        Some(HeaderChange { mark, name, old: value(before), new: value(after) })
    };
    pairs.into_iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_case_insensitively() {
        let old = [("Host", "a"), ("X-Id", "1"), ("Accept", "*/*"), ("x-id", "2")];
        let new = [("host", "a"), ("X-New", ""), ("x-id", "3"), ("X-ID", "2")];
        let found: Vec<_> = headers(&old, &new)
            .iter()
            .map(|it| (it.mark.sign(), it.name, it.old, it.new))
            .collect();
        assert_eq!(
            found,
            [
                (' ', "host", Some("a"), Some("a")),
                ('+', "X-New", None, Some("")),
                ('~', "x-id", Some("1"), Some("3")),
                ('-', "Accept", Some("*/*"), None),
                (' ', "X-ID", Some("2"), Some("2")),
            ]
        );
    }
}
