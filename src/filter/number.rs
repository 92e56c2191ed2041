//! Numbers as written, compared digit by digit: as 64-bit floats, neighboring ids would be equal.

use std::cmp::Ordering;
use std::fmt;

/// Unit of durations.
const MICROSECONDS: &str = "us";

/// A decimal number of any length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    /// Original text, used for printing.
    text: String,
    negative: bool,
    /// Without zeros on either end; empty for zero.
    digits: String,
    /// Position of the point: the value is `0.DIGITS` times ten to this power.
    point: i64,
}

impl Number {
    /// Parses a JSON number; leading zeros are accepted.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
        let point = i64::try_from(whole.len()).ok()?.checked_sub(zeros)?.checked_add(exponent)?;
        let digits = significant.trim_end_matches('0').to_owned();
        // All spellings of zero are equal.
        let (negative, point) = if digits.is_empty() { (false, 0) } else { (negative, point) };
        Some(Self { text: text.to_owned(), negative, digits, point })
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let size = match (self.digits.is_empty(), other.digits.is_empty()) {
            (false, false) => self.point.cmp(&other.point).then(self.digits.cmp(&other.digits)),
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        };
        match (self.negative, other.negative) {
            (false, false) => size,
            (true, true) => size.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

/// An exponent too long to count is greater than all others.
fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let far = i64::MAX / 4;
    let size = digits.parse().unwrap_or(far).min(far);
    Some(if text.starts_with('-') { -size } else { size })
}

impl Number {
    /// Returns the number if it is an integer in range.
    pub(super) fn as_u64(&self) -> Option<u64> {
        self.text.strip_suffix(MICROSECONDS).unwrap_or(&self.text).parse().ok()
    }

    /// Creates a number of microseconds, which prints with its unit: a bare number means seconds.
    pub(super) fn microseconds(count: u64) -> Self {
        Self { text: format!("{count}{MICROSECONDS}"), ..Self::from(count) }
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        let text = value.to_string();
        let significant = text.trim_start_matches('0');
        let point = i64::try_from(significant.len()).unwrap_or(i64::MAX);
        let digits = significant.trim_end_matches('0').to_owned();
        Self { negative: false, digits, point, text }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn orders_by_value() {
        let rising = [
            "-1e99999999999999999999",
            "-10",
            "-9.5",
            "-1e-3",
            "0",
            "1e-3",
            "0.5",
            "1",
            "9.99",
            "10",
            "12345678901234567890",
            "12345678901234567891",
            "1e40",
        ];
        for (at, low) in rising.iter().enumerate() {
            for high in &rising[at + 1..] {
                assert_eq!(number(low).compare(&number(high)), Ordering::Less, "{low} {high}");
                assert_eq!(number(high).compare(&number(low)), Ordering::Greater, "{low} {high}");
            }
        }
    }

    #[test]
    fn spellings_of_one_value_are_equal() {
        for (one, other) in [("1", "1.0"), ("100", "1e2"), ("0", "-0.0e7"), ("1.50", "15e-1")] {
            assert_eq!(number(one).compare(&number(other)), Ordering::Equal, "{one} {other}");
        }
        for value in [0, 7, 400, u64::MAX] {
            assert_eq!(Number::from(value), number(&value.to_string()));
        }
    }

    #[test]
    fn refuses_invalid_numbers() {
        for wrong in ["", "-", ".5", "1.", "1e", "1e+", "0x10", "1,5", "٣", "--1", "NaN"] {
            assert_eq!(Number::parse(wrong), None, "{wrong}");
        }
    }
}
