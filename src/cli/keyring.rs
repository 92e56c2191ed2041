//! Selected providers with their secrets: from flags first, then from the configuration, then from
//! each provider's own variable.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::place::{self, Origin, Place};
use crate::config::secrets::{self, Sources};
use crate::config::{Config, SourceConfig, defaults};
use crate::ops::KnownProviders;
use crate::provider::Provider;
use crate::signature::{Credentials, SourceRoute, Verifier, lint, lint_under};

#[derive(Debug, Clone, Args)]
pub(super) struct ProviderArgs {
    /// Provider; several separated by commas, or `auto` to recognize each delivery [default: `provider`
    /// in hookglass.toml, else `cribbly` to send and `auto` otherwise]
    #[arg(long, value_name = "NAME")]
    pub(super) provider: Option<String>,
    #[command(flatten)]
    pub(super) secrets: SecretArgs,
    #[command(flatten)]
    pub(super) config: ConfigArgs,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ConfigArgs {
    /// Configuration file [default: `$HOOKGLASS_CONFIG`, else hookglass.toml here or in a parent
    /// folder, if it exists]
    #[arg(long, value_name = "PATH")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct SecretArgs {
    /// Environment variable with a webhook secret; repeat during a rotation [default: the provider's
    /// own, e.g. `CRIBBLY_WEBHOOK_SECRET`]
    #[arg(long, value_name = "VAR")]
    pub(super) secret_env: Vec<String>,
    /// File with a webhook secret, or - for standard input
    #[arg(long, value_name = "PATH")]
    pub(super) secret_file: Vec<PathBuf>,
}

/// Selected providers with their secrets, and warnings about them.
#[derive(Default)]
pub(super) struct Keyring {
    pub(super) candidates: Vec<Credentials>,
    pub(super) notes: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl ConfigArgs {
    /// Returns the path of the configuration file, which is also where changes are saved.
    pub(super) fn path(&self) -> PathBuf {
        self.place().path
    }

    pub(super) fn place(&self) -> Place {
        place::config(self.config.as_deref())
    }

    pub(super) fn load(&self) -> Result<Config, CliError> {
        let Place { path, origin } = self.place();
        let config = Config::load((origin != Origin::Default).then_some(path.as_path()))?;
        tracing::info!(
            forwards = config.forwards.len(),
            rules = config.rules.len(),
            "configuration loaded"
        );
        Ok(config)
    }
}

impl ProviderArgs {
    /// Returns the providers to listen for or to send as.
    pub(super) fn keyring(&self) -> Result<Keyring, CliError> {
        let config = self.config.load()?;
        self.keyring_under(&config)
    }

    /// Like [`Self::keyring`], with the configuration already read.
    pub(super) fn keyring_under(&self, config: &Config) -> Result<Keyring, CliError> {
        self.keyring_with_default(config, defaults::SENDER)
    }

    /// Returns the providers of recorded requests, which may be signed again. Secrets from flags alone
    /// are those of the provider to send as.
    pub(super) fn replaying_keyring(&self, config: &Config) -> Result<Keyring, CliError> {
        let is_ambiguous = self.provider.is_none() && self.secrets.is_given();
        let default = if is_ambiguous { defaults::SENDER } else { defaults::PROVIDER };
        self.keyring_with_default(config, default)
    }

    /// Returns the providers to listen for.
    pub(super) fn listening_keyring(&self, config: &Config) -> Result<Keyring, CliError> {
        self.keyring_with_default(config, defaults::PROVIDER)
    }

    fn keyring_with_default(&self, config: &Config, default: &str) -> Result<Keyring, CliError> {
        self.keyring_or(config, || match config.provider.as_slice() {
            [] => vec![default.to_owned()],
            names => names.to_vec(),
        })
    }

    /// Returns the providers of given deliveries, unless others are selected.
    pub(super) fn keyring_of(&self, names: &[String]) -> Result<Keyring, CliError> {
        self.keyring_or(&self.config.load()?, || names.to_vec())
    }

    fn keyring_or(
        &self,
        config: &Config,
        names: impl FnOnce() -> Vec<String>,
    ) -> Result<Keyring, CliError> {
        let names = match &self.provider {
            Some(names) => names.split(',').map(|name| name.trim().to_owned()).collect(),
            None => names(),
        };
        if names == [defaults::PROVIDER] {
            return Keyring::load(
                config.providers().cloned().collect(),
                &self.secrets,
                config,
                true,
            );
        }
        let providers: Result<Vec<Provider>, _> =
            names.iter().map(|name| config.named(name)).collect();
        Keyring::load(providers?, &self.secrets, config, false)
    }
}

/// Returns the sources with their providers and secrets. A source without a provider receives those
/// of the keyring.
pub(super) fn source_routes(
    sources: &[SourceConfig],
    config: &Config,
    keyring: &mut Keyring,
) -> Result<Vec<SourceRoute>, CliError> {
    let mut routes = Vec::new();
    for source in sources {
        let verifier = match &source.provider {
            None => Verifier::new(keyring.candidates.clone()).assuming_only_secret(),
            Some(name) => {
                let provider = config.named(name)?;
                let locations = source.secrets.clone().unwrap_or_else(|| config.sources(&provider));
                let found = secrets::load(&locations)?;
                keyring.notes.extend(found.notes);
                keyring.warnings.extend(found.warnings);
                keyring.warnings.extend(found.secrets.iter().flat_map(lint));
                let odd = found.secrets.iter().flat_map(|secret| lint_under(&provider, secret));
                keyring.warnings.extend(odd);
                Verifier::new(vec![Credentials { provider, secrets: found.secrets }])
            }
        };
        routes.push(SourceRoute::new(source.path.clone(), verifier));
    }
    Ok(routes)
}

/// Returns all providers and secrets in the configuration, selected or not. A secret that cannot be
/// read is left out: it cannot leak either.
pub(super) fn known_providers(config: &Config) -> KnownProviders {
    let providers: Vec<Provider> = config.providers().cloned().collect();
    let found = providers.iter().filter_map(|one| secrets::load(&config.sources(one)).ok());
    let secrets = found.flat_map(|found| found.secrets).collect();
    KnownProviders { providers, secrets }
}

impl Keyring {
    /// Loads the secrets of providers. `auto`: of all of them, so a secret that cannot be read is
    /// only worth a warning.
    fn load(
        providers: Vec<Provider>,
        flags: &SecretArgs,
        config: &Config,
        auto: bool,
    ) -> Result<Self, CliError> {
        let mut keyring = Self::default();
        let one = providers.len() == 1;
        // Standard input can be read only once, and the secrets from flags apply to all providers.
        let given = flags.is_given().then(|| secrets::load(&flags.sources())).transpose()?;
        if let Some(given) = &given {
            keyring.notes.clone_from(&given.notes);
            keyring.warnings.clone_from(&given.warnings);
            keyring.warnings.extend(given.secrets.iter().flat_map(lint));
        }
        for provider in providers {
            let secrets = if let Some(given) = &given {
                given.secrets.clone()
            } else {
                let found = match secrets::load(&config.sources(&provider)) {
                    Err(error) if auto => {
                        keyring.warnings.push(format!("{error}; it is not used"));
                        secrets::Secrets::default()
                    }
                    found => found?,
                };
                keyring.notes.extend(found.notes);
                keyring.warnings.extend(found.warnings);
                keyring.warnings.extend(found.secrets.iter().flat_map(lint));
                found.secrets
            };
            // A secret that applies to all providers may be invalid for some of them.
            if one || given.is_none() {
                let odd = secrets.iter().flat_map(|secret| lint_under(&provider, secret));
                keyring.warnings.extend(odd);
            }
            keyring.candidates.push(Credentials { provider, secrets });
        }
        Ok(keyring)
    }
}

impl SecretArgs {
    /// Checks that no secret is read from standard input, because `other` already is.
    pub(super) fn leave_standard_input(&self, other: &str) -> Result<(), CliError> {
        if self.secret_file.iter().any(|path| path.as_os_str() == "-") {
            return Err(CliError::usage(format!(
                "{other} and --secret-file cannot both read standard input; use a file for one of \
                 them"
            )));
        }
        Ok(())
    }

    fn is_given(&self) -> bool {
        !self.secret_env.is_empty() || !self.secret_file.is_empty()
    }

    fn sources(&self) -> Sources {
        Sources {
            variables: self.secret_env.clone(),
            files: self.secret_file.clone(),
            default_variable: String::new(),
            key_folder: None,
            table: None,
        }
    }
}
