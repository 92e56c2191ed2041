//! Providers with their secrets: those given for one run first, then those of the configuration,
//! then each provider's own variable.

use std::sync::Arc;

use super::secrets::{self, FoundSecrets, SecretError, Sources};
use super::{Config, SourceConfig, defaults};
use crate::provider::{Provider, ProviderError};
use crate::secret::Secret;
use crate::signature::{Credentials, SourceRoute, Verifier, lint, lint_under};

/// Selected providers with their secrets, and warnings about them.
#[derive(Debug, Default)]
pub struct Keyring {
    pub candidates: Vec<Credentials>,
    pub notes: Vec<String>,
    pub warnings: Vec<String>,
}

/// Reason why a provider or its secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl Config {
    /// Returns the secrets of all providers, selected or not. A secret that cannot be read is left
    /// out: it cannot leak either.
    pub fn every_secret(&self) -> Vec<Secret> {
        let found = self.providers().filter_map(|one| secrets::load(&self.sources(one)).ok());
        found.flat_map(|found| found.secrets).collect()
    }
}

impl Keyring {
    /// Loads the named providers, or all of them for `auto`. The secrets of `given` apply to each.
    pub fn load(
        config: &Config,
        names: &[String],
        given: Option<&Sources>,
    ) -> Result<Self, KeyringError> {
        let is_auto = names == [defaults::PROVIDER];
        let providers: Vec<Arc<Provider>> = if is_auto {
            config.providers().cloned().collect()
        } else {
            names.iter().map(|name| config.named(name)).collect::<Result<_, _>>()?
        };
        let mut keyring = Self::default();
        let one = providers.len() == 1 && !is_auto;
        // Standard input can be read only once.
        let given = given.map(secrets::load).transpose()?;
        if let Some(given) = &given {
            keyring.note(given);
        }
        for provider in providers {
            let secrets = if let Some(given) = &given {
                given.secrets.clone()
            } else {
                let found = match secrets::load(&config.sources(&provider)) {
                    // One of many providers is only worth a warning.
                    Err(error) if is_auto => {
                        keyring.warnings.push(format!("{error}; it is not used"));
                        FoundSecrets::default()
                    }
                    found => found?,
                };
                keyring.note(&found);
                found.secrets
            };
            // A secret that applies to all providers may be invalid for some of them.
            if one || given.is_none() {
                let odd = secrets.iter().flat_map(|secret| lint_under(&provider, secret));
                keyring.warn(odd);
            }
            keyring.candidates.push(Credentials { provider, secrets });
        }
        Ok(keyring)
    }

    /// Returns the sources with their providers and secrets. A source without a provider receives
    /// those of the keyring.
    pub fn routes(
        &mut self,
        sources: &[SourceConfig],
        config: &Config,
    ) -> Result<Vec<SourceRoute>, KeyringError> {
        let mut routes = Vec::new();
        for source in sources {
            let verifier = match &source.provider {
                None => Verifier::new(self.candidates.clone()).assuming_only_secret(),
                Some(name) => {
                    let provider = config.named(name)?;
                    let configured = || config.sources(&provider);
                    let found = secrets::load(&source.secrets.clone().unwrap_or_else(configured))?;
                    self.note(&found);
                    let odd = found.secrets.iter().flat_map(|secret| lint_under(&provider, secret));
                    self.warn(odd);
                    Verifier::new(vec![Credentials { provider, secrets: found.secrets }])
                }
            };
            routes.push(SourceRoute::new(source.path.clone(), verifier));
        }
        Ok(routes)
    }

    fn note(&mut self, found: &FoundSecrets) {
        self.notes.extend(found.notes.iter().cloned());
        self.warn(found.warnings.iter().cloned());
        self.warn(found.secrets.iter().flat_map(lint));
    }

    /// Adds warnings once, since providers may share a secret.
    fn warn(&mut self, warnings: impl IntoIterator<Item = String>) {
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }
}
