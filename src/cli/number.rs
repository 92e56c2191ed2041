//! Whole numbers as values of flags.

use std::ops::RangeInclusive;

/// Parses a whole number; an error names the range.
pub(super) fn whole<T: TryFrom<u64>>(text: &str, range: RangeInclusive<u64>) -> Result<T, String> {
    let number = text.trim().parse::<u64>().ok().filter(|number| range.contains(number));
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| match range.into_inner() {
        (0, u64::MAX) => "expected a whole number, e.g. 5".to_owned(),
        (1, u64::MAX) => "expected a whole number of 1 or more".to_owned(),
        (least, most) => format!("expected a whole number from {least} to {most}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_range() {
        assert_eq!(whole::<u16>(" 5", 1..=256), Ok(5));
        for (text, range, expected) in [
            ("5x", 0..=u64::MAX, "expected a whole number, e.g. 5"),
            ("-1", 0..=u64::MAX, "expected a whole number, e.g. 5"),
            ("0", 1..=u64::MAX, "expected a whole number of 1 or more"),
            ("257", 1..=256, "expected a whole number from 1 to 256"),
        ] {
            assert_eq!(whole::<u64>(text, range).unwrap_err(), expected);
        }
    }
}
