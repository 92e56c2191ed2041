//! Checksums of card and bank account numbers.

/// Lengths of IBANs by country (ISO 13616 registry).
const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

/// Returns the length in bytes of the valid IBAN that a text begins with, spaces included.
pub(super) fn iban(text: &str) -> Option<usize> {
    let country = text.get(..2)?;
    let (_, length) = IBAN_LENGTHS.iter().find(|(name, _)| *name == country)?;
    let mut compact = String::new();
    let mut end = 0;
    for (at, character) in text.char_indices() {
        if character.is_ascii_alphanumeric() {
            if compact.len() == *length {
                break;
            }
            compact.push(character);
            end = at + 1;
        }
    }
    let is_cut = text
        .get(end..)
        .is_some_and(|rest| rest.starts_with(|one: char| one.is_ascii_alphanumeric()));
    (compact.len() == *length && !is_cut && iban_remainder(&compact)? == 1).then_some(end)
}

/// Returns the remainder of an IBAN without spaces by 97 (ISO 7064); 1 if it is valid.
fn iban_remainder(compact: &str) -> Option<u32> {
    let turned = format!("{}{}", compact.get(4..)?, compact.get(..4)?);
    turned.chars().try_fold(0u32, |remainder, character| {
        let value = character.to_digit(36)?;
        let shifted = if value < 10 { remainder * 10 } else { remainder * 100 };
        Some((shifted + value) % 97)
    })
}

/// Returns an IBAN with valid check digits.
pub(super) fn iban_of(country: &str, account: &str) -> String {
    let remainder = iban_remainder(&format!("{country}00{account}")).unwrap_or_default();
    format!("{country}{:02}{account}", 98 - remainder % 97)
}

/// Returns whether the digits of a text are the number of a payment card.
pub(super) fn is_card(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let starts = |length: usize| {
        digits.get(..length).and_then(|start| start.parse::<u32>().ok()).unwrap_or_default()
    };
    let is_brand = match digits.len() {
        14 => matches!(starts(2), 36 | 38 | 39) || (300..=305).contains(&starts(3)),
        15 => matches!(starts(2), 34 | 37),
        16 => {
            starts(1) == 4
                || (51..=55).contains(&starts(2))
                || (2221..=2720).contains(&starts(4))
                || matches!(starts(4), 6011)
                || matches!(starts(2), 35 | 62 | 65)
                || (644..=649).contains(&starts(3))
        }
        _ => false,
    };
    is_brand && luhn(&digits) == 0
}

/// Returns the sum of a number by Luhn's algorithm, modulo 10; 0 if its last digit is right.
fn luhn(digits: &str) -> u32 {
    let doubled = |(at, digit): (usize, u32)| match at % 2 {
        0 => digit,
        _ if digit < 5 => digit * 2,
        _ => digit * 2 - 9,
    };
    digits
        .chars()
        .rev()
        .filter_map(|digit| digit.to_digit(10))
        .enumerate()
        .map(doubled)
        .sum::<u32>()
        % 10
}

/// Returns a card number that ends in the right check digit.
pub(super) fn card_of(start: &str) -> String {
    let open = luhn(&format!("{start}0"));
    format!("{start}{}", (10 - open) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iban_ends_where_its_country_says() {
        for (text, expected) in [
            ("DE89370400440532013000", Some(22)),
            ("DE89 3704 0044 0532 0130 00", Some(27)),
            ("BE68 5390 0754 7034 THANKS", Some(19)),
            ("GB29NWBK60161331926819", Some(22)),
            ("DE89370400440532013001", None),
            ("XX89370400440532013000", None),
            ("DE8937040044053201300", None),
        ] {
            assert_eq!(iban(text), expected, "{text}");
        }
    }

    #[test]
    fn a_card_has_a_brand_and_a_check_digit() {
        for (text, is_it) in [
            ("4111 1111 1111 1111", true),
            ("5555555555554444", true),
            ("3782-822463-10005", true),
            ("4111111111111112", false),
            ("1234567812345670", false),
            ("0000000000000000", false),
        ] {
            assert_eq!(is_card(text), is_it, "{text}");
        }
    }

    #[test]
    fn generated_numbers_are_valid() {
        assert!(is_card(&card_of("400000000000001")));
        assert!(iban(&iban_of("GB", "TEST00000000000001")).is_some());
    }
}
