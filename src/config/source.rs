//! Sources: `[[source]]`, a path with its own provider, secrets, target, and rules.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use super::routing::ForwardTo;
use super::secrets::Sources;
use crate::filter::{self, Filter};
use crate::input_file;
use crate::outbound::{ForwardOptions, Target};
use crate::provider::one_or_more;
use crate::respond::{MAX_FILE, ResponseRule, RuleError};

/// Path of a source, and the provider whose deliveries it receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceConfig {
    pub path: String,
    /// None to recognize the sender of each delivery.
    pub provider: Option<String>,
    /// Locations of its secrets; none for those of the provider.
    pub secrets: Option<Sources>,
}

/// A source as written in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceTable {
    #[serde(deserialize_with = "path")]
    path: String,
    provider: Option<String>,
    #[serde(default, deserialize_with = "one_or_more")]
    secret_env: Vec<String>,
    #[serde(default, deserialize_with = "one_or_more")]
    secret_file: Vec<String>,
    #[serde(default, deserialize_with = "targets")]
    forward: Vec<Target>,
    /// Rules as `--respond` takes them.
    #[serde(default, deserialize_with = "one_or_more")]
    respond: Vec<String>,
}

/// A source with the targets and rules of its deliveries.
pub(super) struct ReadSource {
    pub(super) source: SourceConfig,
    pub(super) forwards: Vec<ForwardTo>,
    pub(super) rules: Vec<ResponseRule>,
}

impl SourceTable {
    /// Returns the source; its files must be below `folder`.
    pub(super) fn read(self, folder: &Path) -> Result<ReadSource, RuleError> {
        let term = filter::term("via", &self.path, false);
        let read_file = |name: &str| input_file::read_below(folder, name, MAX_FILE);
        let rule = |text: &String| ResponseRule::read(text, &read_file)?.narrowed(&term);
        let rules = self.respond.iter().map(rule).collect::<Result<Vec<_>, _>>()?;
        let through: Filter = Filter::default()
            .narrowed(&term)
            .map_err(|mistake| RuleError::Syntax { text: term.clone(), mistake })?;
        let forward = |url| {
            ForwardTo::everything(url, ForwardOptions::default()).for_deliveries(through.clone())
        };
        let files: Vec<PathBuf> = self.secret_file.iter().map(|file| folder.join(file)).collect();
        let is_given = !self.secret_env.is_empty() || !files.is_empty();
        let secrets = is_given.then(|| Sources {
            variables: self.secret_env,
            files,
            default_variable: String::new(),
            table: Some(format!("source \"{}\"", self.path)),
            key_folder: None,
        });
        let forwards = self.forward.into_iter().map(forward).collect();
        let source = SourceConfig { path: self.path, provider: self.provider, secrets };
        Ok(ReadSource { source, forwards, rules })
    }
}

/// Mistake in a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceMistake {
    #[error("invalid source `{0}`: expected a provider after `=`")]
    NoProvider(String),
    #[error("invalid path `{0}`: expected the path of a URL, without a query, e.g. /stripe")]
    Path(String),
}

impl FromStr for SourceConfig {
    type Err = SourceMistake;

    /// Parses `PATH=PROVIDER`, or a path alone.
    fn from_str(text: &str) -> Result<Self, SourceMistake> {
        let (path, provider) = match text.rsplit_once('=') {
            Some((_, "")) => return Err(SourceMistake::NoProvider(text.to_owned())),
            Some((path, provider)) => (path, Some(provider.trim().to_owned())),
            None => (text, None),
        };
        Ok(Self { path: checked(path.trim())?, provider, secrets: None })
    }
}

fn checked(path: &str) -> Result<String, SourceMistake> {
    if !path.starts_with('/')
        || path.contains(['?', '#', '"'])
        || path.contains(char::is_whitespace)
    {
        return Err(SourceMistake::Path(path.to_owned()));
    }
    // Requests below the path go through the source too, so a slash at its end says nothing.
    let trimmed = path.trim_end_matches('/');
    Ok(if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() })
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

fn targets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Target>, D::Error> {
    let texts = one_or_more::<D, String>(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(de::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_a_path_and_a_provider() {
        let read = |text: &str| text.parse::<SourceConfig>().map(|one| (one.path, one.provider));
        assert_eq!(read("/stripe/=stripe"), Ok(("/stripe".to_owned(), Some("stripe".to_owned()))));
        assert_eq!(read("/"), Ok(("/".to_owned(), None)));
        assert_eq!(read("stripe=stripe"), Err(SourceMistake::Path("stripe".to_owned())));
        assert_eq!(read("/a?b=stripe"), Err(SourceMistake::Path("/a?b".to_owned())));
        assert_eq!(read("/a="), Err(SourceMistake::NoProvider("/a=".to_owned())));
    }
}
