//! Providers and secrets known to an installation, whether or not it listens for them.

use crate::provider::Provider;
use crate::secret::Secret;

/// Known providers, and every secret configured for one of them.
#[derive(Debug, Clone, Default)]
pub struct KnownProviders {
    /// Custom providers first, then built-in ones.
    pub providers: Vec<Provider>,
    /// Secrets that must not be in anything written for others.
    pub secrets: Vec<Secret>,
}

impl KnownProviders {
    pub fn named(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }
}
