//! Variants of a secret that the user may have meant.

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::signature::Cause;

/// A secret that may have been meant in place of the configured one.
pub(in crate::signature) struct SecretVariant {
    pub(in crate::signature) cause: Cause,
    /// The fault of the configured secret, as the end of "the configured secret …".
    pub(in crate::signature) wrong: &'static str,
    /// The configured secret and this one, with a word in place of what stays the same.
    pub(in crate::signature) shown: [String; 2],
    pub(in crate::signature) bytes: Zeroizing<Vec<u8>>,
}

/// Replaces the unchanged part of a secret, whatever its length.
const HIDDEN: &str = "••••";

/// Quotes and brackets that get copied together with a secret.
const PAIRS: [(&str, &str); 13] = [
    ("\"", "\""),
    ("'", "'"),
    ("`", "`"),
    ("“", "”"),
    ("‘", "’"),
    ("„", "“"),
    ("«", "»"),
    ("<", ">"),
    ("[", "]"),
    ("{", "}"),
    ("(", ")"),
    ("\\\"", "\\\""),
    ("”", "”"),
];

/// Characters that nobody sees, at the ends of a secret.
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{ad}')
}

/// White space written as an escape, which nothing decoded.
const ESCAPES: [&str; 5] = ["\\r\\n", "\\n", "\\r", "\\t", "%0A"];

/// Punctuation that gets copied from the text around a secret.
const PUNCTUATION: [char; 4] = [',', ';', '.', ':'];

/// Returns the secrets that may have been meant instead of the configured one. `prefix` is the one
/// that the provider's secrets begin with.
pub(in crate::signature) fn secrets(secret: &[u8], prefix: &str) -> Vec<SecretVariant> {
    let mut found = Found { secret, variants: Vec::new() };
    if let Ok(text) = std::str::from_utf8(secret) {
        found.ends(text);
        found.quotes(text);
        found.prefix(text, prefix);
        found.encodings(text.trim());
        found.letters(text);
    } else {
        let shown = ["•••• and white space", HIDDEN];
        found.add(Cause::SecretWhitespace, AROUND, shown, secret.trim_ascii());
    }
    found.variants
}

const AROUND: &str = "has white space around it";

struct Found<'s> {
    secret: &'s [u8],
    variants: Vec<SecretVariant>,
}

impl Found<'_> {
    fn add(
        &mut self,
        cause: Cause,
        wrong: &'static str,
        shown: [&str; 2],
        variant: impl AsRef<[u8]>,
    ) {
        let bytes = variant.as_ref();
        if bytes != self.secret && !bytes.is_empty() {
            let (shown, bytes) = (shown.map(str::to_owned), Zeroizing::new(bytes.to_vec()));
            self.variants.push(SecretVariant { cause, wrong, shown, bytes });
        }
    }

    /// White space, invisible characters, and escapes of white space at the ends.
    fn ends(&mut self, text: &str) {
        let cause = Cause::SecretWhitespace;
        let trimmed = text.trim_matches(is_invisible);
        let (before, after) = text.split_once(trimmed).unwrap_or_default();
        let is_space = |ends: &str| ends.chars().all(char::is_whitespace);
        let wrong = if is_space(before) && is_space(after) {
            AROUND
        } else {
            "has invisible characters around it"
        };
        let shown = format!("{}{HIDDEN}{}", visible(before), visible(after));
        self.add(cause, wrong, [&shown, HIDDEN], trimmed);
        self.add(cause, AROUND, [&shown, HIDDEN], text.trim_end_matches(['\n', '\r']));
        for escape in ESCAPES {
            let wrong = "ends with an escape that nothing decoded";
            if let Some(rest) = text.trim_end().strip_suffix(escape) {
                let shown = format!("{HIDDEN}{escape}");
                self.add(cause, wrong, [&shown, HIDDEN], rest);
                self.add(cause, wrong, [&shown, HIDDEN], format!("{rest}\n"));
            }
        }
        for (end, shown) in
            [("\n", "••••\\n"), (" ", "••••␠"), ("\r\n", "••••\\r\\n"), ("\r", "••••\\r")]
        {
            let wrong = "is right, but the sender signs with white space after it";
            self.add(cause, wrong, [HIDDEN, shown], format!("{text}{end}"));
        }
        let wrong = "is right, but the sender signs with white space before it";
        self.add(cause, wrong, [HIDDEN, "␠••••"], format!(" {text}"));
    }

    /// Quotes, brackets, punctuation, and whole assignments.
    fn quotes(&mut self, text: &str) {
        let text = text.trim();
        // From `.env` files and shell scripts, exported or not.
        if let Some((name, value)) = text.split_once(['=', ':']) {
            let name = name.trim_start_matches("export ").trim().trim_matches(['"', '\'']);
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            let begins =
                name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
            if begins && name.bytes().all(is_name) && name.len() <= 64 {
                let wrong = "is a whole assignment, not only the value";
                let value = value.trim().trim_end_matches([',', ';']);
                for value in std::iter::once(value).chain(unquoted(value)) {
                    let shown = ["NAME=••••", HIDDEN];
                    self.add(Cause::SecretAssignment, wrong, shown, value);
                }
            }
        }
        let bare = text.trim_end_matches(PUNCTUATION);
        let end = text.strip_prefix(bare).unwrap_or_default();
        for (whole, end) in [(text, ""), (bare, end)] {
            let Some((open, close)) = quotes_of(whole) else { continue };
            let inner = whole.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
            let shown = format!("{open}{HIDDEN}{close}{end}");
            for inner in inner.into_iter().flat_map(|inner| [inner, inner.trim()]) {
                let wrong = if open.starts_with(['<', '[', '{', '(']) {
                    "is in brackets"
                } else {
                    "is in quotes"
                };
                self.add(Cause::SecretQuoted, wrong, [&shown, HIDDEN], inner);
            }
        }
        let wrong = "has punctuation after it";
        self.add(Cause::SecretQuoted, wrong, [&format!("{HIDDEN}{end}"), HIDDEN], bare);
        // Only one of two quotes was copied.
        for (open, close) in PAIRS {
            let wrong = "has a quote or bracket at one end";
            if let Some(rest) = text.strip_prefix(open) {
                self.add(Cause::SecretQuoted, wrong, [&format!("{open}{HIDDEN}"), HIDDEN], rest);
            }
            if let Some(rest) = text.strip_suffix(close) {
                self.add(Cause::SecretQuoted, wrong, [&format!("{HIDDEN}{close}"), HIDDEN], rest);
            }
        }
    }

    /// A prefix that is missing, or one too many.
    fn prefix(&mut self, text: &str, prefix: &str) {
        let text = text.trim();
        if !prefix.is_empty() {
            let (wrong, shown) = ("lacks its prefix", [HIDDEN, &format!("{prefix}{HIDDEN}")]);
            self.add(Cause::SecretPrefix, wrong, shown, format!("{prefix}{text}"));
        }
        for known in ["whsec_", "whk_", "sha256=", "Bearer ", "base64:", "hex:", "secret_", prefix]
        {
            if !known.is_empty()
                && let Some(rest) = text.strip_prefix(known)
            {
                let shown = [&format!("{known}{HIDDEN}"), HIDDEN];
                self.add(
                    Cause::SecretPrefix,
                    "has a prefix that is not part of the key",
                    shown,
                    rest,
                );
            }
        }
    }

    /// Encodings of the key, and base64 that lost its padding.
    fn encodings(&mut self, text: &str) {
        // The prefix of Standard Webhooks is not part of the base64.
        for base64 in [text, text.strip_prefix("whsec_").unwrap_or(text)] {
            let wrong = "is text, and the key is its base64-decoded form";
            let shown = [HIDDEN, "base64_decode(••••)"];
            for alphabet in [STANDARD, URL_SAFE] {
                if let Ok(bytes) = lenient(&alphabet).decode(base64) {
                    self.add(Cause::SecretBase64Encoded, wrong, shown, bytes);
                }
            }
        }
        if let Ok(bytes) = hex::decode(text) {
            let wrong = "is text, and the key is its hex-decoded form";
            self.add(Cause::SecretHexEncoded, wrong, [HIDDEN, "hex_decode(••••)"], bytes);
        }
        for padding in ["=", "=="] {
            let shown = [HIDDEN, &format!("{HIDDEN}{padding}")];
            let wrong = "lost the padding at its end";
            self.add(Cause::SecretPadding, wrong, shown, format!("{text}{padding}"));
        }
        let (wrong, shown) = ("has padding at its end", ["••••=", HIDDEN]);
        self.add(Cause::SecretPadding, wrong, shown, text.trim_end_matches('='));
    }

    /// Case, Unicode form, and percent-encoding.
    fn letters(&mut self, text: &str) {
        for text in [text, text.trim()] {
            let wrong = "is right in lowercase only";
            let shown = [HIDDEN, "lowercase(••••)"];
            self.add(Cause::SecretCase, wrong, shown, text.to_lowercase());
            let wrong = "is right in uppercase only";
            let shown = [HIDDEN, "uppercase(••••)"];
            self.add(Cause::SecretCase, wrong, shown, text.to_uppercase());
        }
        if let Ok(plain) = percent_decode_str(text).decode_utf8() {
            let shown = [HIDDEN, "url_decode(••••)"];
            self.add(Cause::SecretUrlEncoded, "is URL-encoded", shown, plain.as_bytes());
        }
        let wrong = "is in another Unicode normalization form";
        let form = Cause::SecretUnicodeForm;
        self.add(form, wrong, [HIDDEN, "NFC(••••)"], text.nfc().collect::<String>());
        self.add(form, wrong, [HIDDEN, "NFD(••••)"], text.nfd().collect::<String>());
        self.add(form, wrong, [HIDDEN, "NFKC(••••)"], text.nfkc().collect::<String>());
    }
}

/// Returns the quotes or brackets around a text.
fn quotes_of(text: &str) -> Option<(&'static str, &'static str)> {
    let is_around = |(open, close): &&(&str, &str)| {
        text.len() > open.len() + close.len() && text.starts_with(open) && text.ends_with(close)
    };
    PAIRS.iter().find(is_around).copied()
}

fn unquoted(text: &str) -> Option<&str> {
    let (open, close) = quotes_of(text)?;
    text.strip_prefix(open)?.strip_suffix(close)
}

/// Shows white space and invisible characters at the ends of a secret, which are no part of it.
fn visible(ends: &str) -> String {
    ends.chars()
        .map(|character| match character {
            ' ' => "␠".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            _ => format!("\\u{{{:x}}}", u32::from(character)),
        })
        .collect()
}

fn lenient(alphabet: &Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whk_AbCdEf123456";

    #[test]
    fn finds_the_secret_in_text_copied_with_it() {
        for (configured, cause) in [
            ("whk_AbCdEf123456\n", Cause::SecretWhitespace),
            ("whk_AbCdEf123456\u{a0}", Cause::SecretWhitespace),
            ("\u{feff}whk_AbCdEf123456", Cause::SecretWhitespace),
            ("whk_AbCdEf123456\u{200b}", Cause::SecretWhitespace),
            ("whk_AbCdEf123456\\n", Cause::SecretWhitespace),
            ("\"whk_AbCdEf123456\"", Cause::SecretQuoted),
            ("“whk_AbCdEf123456”", Cause::SecretQuoted),
            ("`whk_AbCdEf123456`", Cause::SecretQuoted),
            ("<whk_AbCdEf123456>", Cause::SecretQuoted),
            ("whk_AbCdEf123456\"", Cause::SecretQuoted),
            ("whk_AbCdEf123456,", Cause::SecretQuoted),
            ("\"whk_AbCdEf123456\",", Cause::SecretQuoted),
            ("SECRET=whk_AbCdEf123456", Cause::SecretAssignment),
            ("export SECRET='whk_AbCdEf123456'", Cause::SecretAssignment),
            ("AbCdEf123456", Cause::SecretPrefix),
            ("whsec_whk_AbCdEf123456", Cause::SecretPrefix),
            ("d2hrX0FiQ2RFZjEyMzQ1Ng", Cause::SecretBase64Encoded),
            ("77686b5f416243644566313233343536", Cause::SecretHexEncoded),
            ("whk%5FAbCdEf123456", Cause::SecretUrlEncoded),
        ] {
            let found = secrets(configured.as_bytes(), "whk_");
            let right = found.iter().find(|found| found.bytes.as_slice() == SECRET.as_bytes());
            assert_eq!(right.map(|found| found.cause), Some(cause), "{configured:?}");
        }
    }

    #[test]
    fn shows_nothing_of_the_secret() {
        for configured in ["\"hush\" ", "hush\\n", "NAME=hush", "<hush>,", "\u{feff}hush="] {
            for found in secrets(configured.as_bytes(), "whsec_") {
                assert!(!found.shown.concat().to_lowercase().contains("hush"), "{:?}", found.shown);
            }
        }
    }
}
