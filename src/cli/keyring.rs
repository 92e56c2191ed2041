//! Flags that select providers, their secrets, and the configuration.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::place::{self, ChosenFile, Origin};
use crate::config::secrets::Sources;
use crate::config::{Config, Keyring, defaults};
use crate::ops::KnownProviders;
use crate::secret::SecretMask;

#[derive(Debug, Clone, Args)]
pub(super) struct ProviderArgs {
    /// Provider; several separated by commas, or `auto` to recognize each delivery [default:
    /// `provider` in hookglass.toml, else `cribbly` to send and `auto` otherwise]
    #[arg(long, value_name = "NAME")]
    pub(super) provider: Option<String>,
    #[command(flatten)]
    pub(super) secrets: SecretArgs,
    #[command(flatten)]
    pub(super) config: ConfigArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub(super) struct ConfigArgs {
    /// Configuration file [default: `$HOOKGLASS_CONFIG`, else hookglass.toml here or in a parent
    /// folder, if it exists]
    #[arg(long, value_name = "PATH")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct SecretArgs {
    /// Environment variable with a webhook secret; repeat during a rotation [default: the
    /// provider's own, e.g. `CRIBBLY_WEBHOOK_SECRET`]
    #[arg(long, value_name = "VAR")]
    pub(super) secret_env: Vec<String>,
    /// File with a webhook secret, or - for standard input
    #[arg(long, value_name = "PATH")]
    pub(super) secret_file: Vec<PathBuf>,
}

impl ConfigArgs {
    /// Returns the path of the configuration file, which is also where changes are saved.
    pub(super) fn path(&self) -> PathBuf {
        self.place().path
    }

    pub(super) fn place(&self) -> ChosenFile {
        place::config(self.config.as_deref())
    }

    pub(super) fn load(&self) -> Result<Config, CliError> {
        let ChosenFile { path, origin } = self.place();
        let config = match origin {
            Origin::Named(_) => Config::load(Some(&path)),
            Origin::Parent => Config::load_found(&path),
            Origin::Default => Config::load(None),
        }?;
        tracing::info!(
            forwards = config.forwards.len(),
            rules = config.rules.len(),
            "configuration loaded"
        );
        Ok(config)
    }

    /// Returns a mask of all configured secrets. Commands that need the configuration report its
    /// mistakes; without it, the secrets of the environment are masked.
    pub(super) fn secret_mask(&self) -> SecretMask {
        let config = self.load().unwrap_or_default();
        SecretMask::new(&config.every_secret())
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

    /// Returns the providers of recorded requests, which may be signed again. Secrets from flags
    /// alone are those of the provider to send as.
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
        let given = self.secrets.is_given().then(|| self.secrets.sources());
        Ok(Keyring::load(config, &names, given.as_ref())?)
    }
}

/// Returns all providers and secrets of the configuration, selected or not.
pub(super) fn known_providers(config: &Config) -> KnownProviders {
    KnownProviders {
        providers: config.providers().cloned().collect(),
        secrets: config.every_secret(),
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

    /// Checks that secrets can be read again.
    pub(super) fn require_files(&self) -> Result<(), CliError> {
        if self.secret_file.iter().any(|path| path.as_os_str() == "-") {
            return Err(CliError::usage(
                "the secret was read from standard input, which can be read only once".to_owned(),
            ));
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
