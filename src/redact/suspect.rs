//! Values that look personal although no rule names them, for the report of an export.

use super::keys::KeyName;

/// Returns what a text looks like, if that is something personal.
pub(super) fn look(text: &str, key: Option<&KeyName>) -> Option<&'static str> {
    let length = text.chars().count();
    if !(2..=200).contains(&length) || super::pseudonym::is_one(text) {
        return None;
    }
    let named = |words: &[&str]| key.is_some_and(|key| key.has_word(words));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let has_letter = text.chars().any(char::is_alphabetic);
    if named(&["username", "login", "handle", "nick", "screenname", "nickname"]) && has_letter {
        return Some("a user name");
    }
    if named(&["latitude", "longitude", "lat", "lng", "lon", "coordinates", "geo"]) && digits > 3 {
        return Some("a position");
    }
    if named(&["birth", "birthday", "dob", "gender", "nationality"]) {
        return Some("a personal detail");
    }
    if named(&["device", "fingerprint", "advertising", "idfa", "imei"]) && digits > 3 {
        return Some("a device id");
    }
    if is_person(text) {
        return Some("a name");
    }
    if is_random(text)
        && !named(&["id", "sha", "hash", "etag", "commit", "digest", "checksum", "signature"])
    {
        return Some("a key");
    }
    None
}

/// Returns whether a text is two or three capitalized words.
fn is_person(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let is_name = |word: &&str| {
        let mut characters = word.chars();
        characters.next().is_some_and(char::is_uppercase)
            && word.chars().count() > 1
            && characters.all(|one| one.is_lowercase() || one == '\'' || one == '-')
    };
    (2..=3).contains(&words.len()) && words.iter().all(is_name)
}

/// Returns whether a text is long and of uppercase and lowercase letters and digits.
fn is_random(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
    (24..=120).contains(&text.len())
        && text.bytes().all(is_key)
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_values_are_noticed() {
        for (key, text, expected) in [
            ("reviewed_by", "Ada Lovelace", Some("a name")),
            ("username", "ada", Some("a user name")),
            ("status", "in progress", None),
            ("sha", "0123456789abcdef0123456789abcdef01234567", None),
            ("blob", "aB3dE6gH9jK2mN5pQ8sT1vW4", Some("a key")),
        ] {
            assert_eq!(look(text, Some(&KeyName::of(key))), expected, "{text}");
        }
    }
}
