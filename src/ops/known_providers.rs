//! Providers and secrets known to an installation, whether or not it listens for them.

use std::ffi::OsString;
use std::sync::Arc;

use crate::provider::{self, Provider};
use crate::secret::Secret;
use crate::signature::Verifier;

/// Shorter secrets occur in other variables by chance.
const MIN_LENGTH: usize = 8;

/// Known providers, and every secret configured for one of them.
#[derive(Debug, Clone, Default)]
pub struct KnownProviders {
    /// Custom providers first, then built-in ones.
    pub providers: Vec<Arc<Provider>>,
    /// Secrets that must not appear in anything written for others.
    pub secrets: Vec<Secret>,
}

impl KnownProviders {
    /// Returns the environment variables that hold a secret, which other programs must not inherit:
    /// those of all providers, and every other one with the value of a configured secret.
    pub fn secret_variables(&self) -> Vec<OsString> {
        let providers = provider::all().iter().chain(&self.providers);
        let named = providers.flat_map(|provider| {
            let tokens =
                provider.handshakes.iter().filter_map(|one| Some(&one.token.as_ref()?.env));
            tokens.chain([&provider.secret_env]).map(OsString::from)
        });
        let holding = std::env::vars_os().filter(|(_, value)| {
            let value = value.as_encoded_bytes();
            self.secrets.iter().map(Secret::expose).any(|secret| {
                value == secret
                    || (secret.len() >= MIN_LENGTH && memchr::memmem::find(value, secret).is_some())
            })
        });
        named.chain(holding.map(|(name, _)| name)).collect()
    }

    /// Returns them with the providers that a verifier has in addition.
    #[must_use]
    pub fn with(mut self, verifier: &Verifier) -> Self {
        for one in verifier.all_candidates() {
            if self.named(&one.provider.name).is_none() {
                self.providers.insert(0, Arc::clone(&one.provider));
            }
        }
        self
    }

    pub fn named(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name).map(Arc::as_ref)
    }
}
