//! A webhook secret, wiped from memory when dropped and never printed.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_names_the_source_and_hides_the_value() {
        let shown = format!("{:?}", Secret::new("CRIBBLY_WEBHOOK_SECRET", "test-key-hush"));
        assert!(shown.contains("CRIBBLY_WEBHOOK_SECRET"), "{shown}");
        assert!(!shown.contains("hush"), "{shown}");
    }
}
