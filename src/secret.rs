//! A webhook secret, wiped from memory when dropped and never printed.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A secret with the name of its source.
///
/// Only [`Secret::expose`] returns the bytes, so that a search for that word finds every use.
#[derive(Clone)]
pub struct Secret {
    name: String,
    bytes: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// Creates a secret. `name` is shown to the user: the variable or the file, never the value.
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: Zeroizing::new(bytes.into()) }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }
}

/// Compares in constant time.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && bool::from(self.bytes.as_slice().ct_eq(&other.bytes))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Shorter secrets occur in other texts by chance.
const MIN_LENGTH: usize = 8;

/// Finds configured secrets in text for a person. Some providers send theirs with every delivery.
#[derive(Clone, Default)]
pub struct SecretMask(Vec<Zeroizing<Vec<u8>>>);

impl SecretMask {
    pub fn new(secrets: &[Secret]) -> Self {
        let mut mask = Self::default();
        for secret in secrets {
            let secret = secret.expose().trim_ascii();
            // Basic credentials are sent in base64.
            for form in [secret.to_vec(), STANDARD.encode(secret).into_bytes()] {
                let form = Zeroizing::new(form);
                if secret.len() >= MIN_LENGTH && !mask.0.contains(&form) {
                    mask.0.push(form);
                }
            }
        }
        mask
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a text with an asterisk for each byte of a secret.
    pub fn mask<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let mut masked = Cow::Borrowed(text);
        for found in self.find(text) {
            if let Some(part) = masked.to_mut().get_mut(found) {
                part.fill(b'*');
            }
        }
        masked
    }

    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let all = self.0.iter().flat_map(|secret| {
            memmem::find_iter(text, secret.as_slice()).map(|at| at..at + secret.len())
        });
        all.collect()
    }

    /// Returns where secrets are in a row of a screen, whose ends may cut them.
    pub fn find_in_row(&self, row: &[u8]) -> Vec<Range<usize>> {
        let mut found = self.find(row);
        for secret in self.0.iter().map(|secret| secret.as_slice()) {
            // At least half of a secret that is cut once.
            let least = secret.len().div_ceil(2).min(MIN_LENGTH);
            let lengths = || (least..secret.len().min(row.len() + 1)).rev();
            let begins = |length: &usize| {
                secret.get(..*length).is_some_and(|beginning| row.ends_with(beginning))
            };
            if let Some(length) = lengths().find(begins) {
                found.push(row.len() - length..row.len());
            }
            let ends = |length: &usize| {
                let end = secret.get(secret.len() - length..);
                end.is_some_and(|end| row.starts_with(end))
            };
            if let Some(length) = lengths().find(ends) {
                found.push(0..length);
            }
            let whole = 0..row.len();
            if row.len() >= least && !found.contains(&whole) && memmem::find(secret, row).is_some()
            {
                found.push(whole);
            }
        }
        found
    }
}

impl fmt::Debug for SecretMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretMask").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask() -> SecretMask {
        let secrets = ["test-key-not-real", "short", "ten-bytes-\n"];
        SecretMask::new(&secrets.map(|secret| Secret::new("A", secret)))
    }

    #[test]
    fn secrets_and_their_base64_are_masked() {
        for (text, masked) in [
            ("x test-key-not-real,test-key-not-real y", "x *****************,***************** y"),
            ("Basic dGVzdC1rZXktbm90LXJlYWw=", "Basic ************************"),
            ("test-key short", "test-key short"),
            ("ten-bytes-", "**********"),
            ("", ""),
        ] {
            assert_eq!(&*mask().mask(text.as_bytes()), masked.as_bytes(), "{text}");
        }
    }

    #[test]
    fn a_secret_that_a_row_cuts_is_found() {
        for (row, found) in [
            ("token: test-key-no", Some(7..18)),
            ("not-real, next", Some(0..8)),
            ("est-key-not-rea", Some(0..15)),
            ("ten-b", Some(0..5)),
            ("test", None),
            ("test-key, next", None),
            ("a test-key-not-real b", Some(2..19)),
        ] {
            assert!(mask().find_in_row(row.as_bytes()).into_iter().eq(found), "{row}");
        }
    }

    #[test]
    fn debug_names_the_source_and_hides_the_value() {
        let shown = format!("{:?}", Secret::new("CRIBBLY_WEBHOOK_SECRET", "test-key-hush"));
        assert!(shown.contains("CRIBBLY_WEBHOOK_SECRET"), "{shown}");
        assert!(!shown.contains("hush"), "{shown}");
    }
}
