//! Providers and secrets that an installation knows, whether or not it listens for them.

use crate::provider::Provider;
use crate::secret::Secret;

/// Known providers, and every secret that is configured for one of them.
#[derive(Debug, Clone, Default)]
pub struct KnownProviders {
    /// Those that are built in and those of the configuration, which come first.
    pub providers: Vec<Provider>,
    /// None of them may be in anything that is written for others.
    pub secrets: Vec<Secret>,
}

impl KnownProviders {
    pub fn named(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }
}
