//! Numbers as each language reads and writes them.

use super::JsonLibrary;

/// Python refuses longer integers, because reading one takes time quadratic in its length.
const PYTHON_DIGITS: usize = 4300;

fn is_integer(text: &str) -> bool {
    !text.contains(['.', 'e', 'E'])
}

/// Returns whether the language fails when it reads the number, even if it never writes it.
pub(super) fn refused(language: JsonLibrary, text: &str) -> bool {
    match language {
        JsonLibrary::Go => text.parse::<f64>().is_ok_and(f64::is_infinite),
        JsonLibrary::Python => {
            is_integer(text) && text.trim_start_matches('-').len() > PYTHON_DIGITS
        }
        JsonLibrary::JavaScript | JsonLibrary::Php | JsonLibrary::Ruby => false,
    }
}

/// Returns the number as the language writes it; `None` if it fails.
pub(super) fn written(language: JsonLibrary, text: &str) -> Option<String> {
    match language {
        // Both keep every digit, but an integer has no negative zero.
        JsonLibrary::Python | JsonLibrary::Ruby if is_integer(text) => {
            Some(without_negative_zero(text))
        }
        // PHP keeps 64-bit integers and reads longer ones as floats.
        JsonLibrary::Php if text.parse::<i64>().is_ok() => Some(without_negative_zero(text)),
        _ => float(language, text.parse().ok()?),
    }
}

fn without_negative_zero(integer: &str) -> String {
    if integer == "-0" { "0" } else { integer }.to_owned()
}

fn float(language: JsonLibrary, value: f64) -> Option<String> {
    if value.is_infinite() {
        return match language {
            JsonLibrary::JavaScript => Some("null".to_owned()),
            JsonLibrary::Python if value > 0.0 => Some("Infinity".to_owned()),
            JsonLibrary::Python => Some("-Infinity".to_owned()),
            JsonLibrary::Go | JsonLibrary::Php | JsonLibrary::Ruby => None,
        };
    }
    let decimal = Decimal::new(value)?;
    // All write the fewest digits that read back as the same float. They differ in when they use an
    // exponent, and in whether a whole number is marked as a float.
    let (plain, whole_plain, whole_exponent) = match language {
        JsonLibrary::JavaScript | JsonLibrary::Go => (-6..21, "", ""),
        JsonLibrary::Python => (-4..16, ".0", ""),
        // Ruby pads with zeros to 15 digits, but allows a point after 16. After 2.10 its json gem
        // writes some exponents differently, such as 1e+16.
        JsonLibrary::Ruby if decimal.digits.len() < 17 => (-4..15, ".0", ".0"),
        JsonLibrary::Ruby => (-4..16, ".0", ".0"),
        JsonLibrary::Php => (-4..17, "", ".0"),
    };
    let negative =
        value.is_sign_negative() && !(value == 0.0 && language == JsonLibrary::JavaScript);
    let sign = if negative { "-" } else { "" };
    if plain.contains(&decimal.exponent) {
        return Some(format!("{sign}{}", decimal.plain(whole_plain)));
    }
    let (digits, exponent) = (decimal.with_point(1, whole_exponent), decimal.exponent);
    Some(match language {
        JsonLibrary::Python | JsonLibrary::Ruby => format!("{sign}{digits}e{exponent:+03}"),
        JsonLibrary::JavaScript | JsonLibrary::Go | JsonLibrary::Php => {
            format!("{sign}{digits}e{exponent:+}")
        }
    })
}

/// Absolute value of a float; `exponent` is the power of ten of its first digit.
struct Decimal {
    digits: String,
    exponent: i32,
}

impl Decimal {
    fn new(value: f64) -> Option<Self> {
        let value = value.abs();
        let shortest = format!("{value:e}");
        let places = shortest.split_once('e')?.0.len().saturating_sub(2);
        // If two such numbers are equally near, the other languages take the even one. So does Rust
        // when the number of digits is given.
        let nearest = format!("{value:.places$e}");
        let same = nearest.parse::<f64>().is_ok_and(|read| read.to_bits() == value.to_bits());
        let (digits, exponent) = if same { &nearest } else { &shortest }.split_once('e')?;
        Some(Self { digits: digits.replace('.', ""), exponent: exponent.parse().ok()? })
    }

    fn plain(&self, whole: &str) -> String {
        if let Ok(exponent) = usize::try_from(self.exponent) {
            return self.with_point(exponent + 1, whole);
        }
        let zeros = usize::try_from(-1 - self.exponent).unwrap_or_default();
        format!("0.{}{}", "0".repeat(zeros), self.digits)
    }

    /// Returns the digits with a point after the first `count`; if no digits remain, `whole` in
    /// place of the fraction.
    fn with_point(&self, count: usize, whole: &str) -> String {
        match self.digits.split_at_checked(count) {
            Some((before, after)) if !after.is_empty() => format!("{before}.{after}"),
            _ => format!("{:0<count$}{whole}", self.digits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Output of Node 20, Python 3.11, Go 1.27, PHP 8.2, and Ruby 3.4 with json 2.9.
    const NUMBERS: &str = "
read    JavaScript         Python             Go                 PHP               Ruby
-0      0                  0                  -0                 0                 0
-0.0    0                  -0.0               -0                 -0                -0.0
1.0     1                  1.0                1                  1                 1.0
1e3     1000               1000.0             1000               1000              1000.0
0.0001  0.0001             0.0001             0.0001             0.0001            0.0001
1e-5    0.00001            1e-05              0.00001            1.0e-5            1.0e-05
1e-6    0.000001           1e-06              0.000001           1.0e-6            1.0e-06
1.5e-7  1.5e-7             1.5e-07            1.5e-7             1.5e-7            1.5e-07
1e14    100000000000000    100000000000000.0  100000000000000    100000000000000   100000000000000.0
1e15    1000000000000000   1000000000000000.0 1000000000000000   1000000000000000  1.0e+15
1e16    10000000000000000  1e+16              10000000000000000  10000000000000000 1.0e+16
1e17    100000000000000000 1e+17              100000000000000000 1.0e+17           1.0e+17
1e21    1e+21              1e+21              1e+21              1.0e+21           1.0e+21
1.0e25  1e+25              1e+25              1e+25              1.0e+25           1.0e+25
5e-324  5e-324             5e-324             5e-324             5.0e-324          5.0e-324
0.1e400 null               Infinity           error              error             error
1e400   null               Infinity           error              error             error
-1e400  null               -Infinity          error              error             error
";

    #[test]
    fn numbers_are_written_as_by_the_languages() {
        for row in NUMBERS.trim().lines().skip(1) {
            let (number, expected) = row.split_once(' ').unwrap();
            for (language, expected) in
                JsonLibrary::ALL.into_iter().zip(expected.split_whitespace())
            {
                let read = (!refused(language, number)).then_some(number);
                let written = read.and_then(|number| written(language, number));
                let written = written.as_deref().unwrap_or("error");
                assert_eq!(written, expected, "{language:?} of {number}");
            }
        }
    }

    #[test]
    fn python_refuses_the_longest_integers() {
        let (longest, longer) = ("-".to_owned() + &"1".repeat(4300), "1".repeat(4301));
        assert!(!refused(JsonLibrary::Python, &longest));
        assert!(refused(JsonLibrary::Python, &longer));
        assert_eq!(written(JsonLibrary::Ruby, &longer), Some(longer));
    }
}
