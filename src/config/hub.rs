//! The hub: `[hub]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::routing::parsed;
use crate::hub::{HubServers, REPLICAS, invalid_replicas};
use crate::units;

/// Settings of a hub. Flags and the environment take precedence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HubSettings {
    #[serde(deserialize_with = "some_servers")]
    pub url: Option<HubServers>,
    pub stream: Option<String>,
    pub name: Option<String>,
    /// Files, relative to the folder of the configuration.
    pub creds: Option<PathBuf>,
    pub nkey: Option<PathBuf>,
    pub ca: Option<PathBuf>,
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    #[serde(deserialize_with = "some_replicas")]
    pub replicas: Option<usize>,
    #[serde(deserialize_with = "some_duration")]
    pub max_age: Option<Duration>,
    #[serde(deserialize_with = "some_size")]
    pub max_bytes: Option<u64>,
}

impl HubSettings {
    /// Makes paths relative to the working directory.
    pub(super) fn below(mut self, folder: &Path) -> Self {
        let files = [&mut self.creds, &mut self.nkey, &mut self.ca, &mut self.cert, &mut self.key];
        for file in files.into_iter().flatten() {
            *file = folder.join(&file);
        }
        self
    }
}

fn some_servers<'de, D: Deserializer<'de>>(from: D) -> Result<Option<HubServers>, D::Error> {
    parsed(from).map(Some)
}

fn some_replicas<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    let count = usize::deserialize(from)?;
    if REPLICAS.contains(&count) {
        return Ok(Some(count));
    }
    Err(de::Error::custom(invalid_replicas(count)))
}

fn some_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    units::parse_duration(&String::deserialize(from)?).map(Some).map_err(de::Error::custom)
}

fn some_size<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    units::parse_size(&String::deserialize(from)?).map(Some).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_number_of_replicas_is_refused() {
        let read = |text| toml::from_str::<HubSettings>(text).map(|read| read.replicas);
        assert_eq!(read("replicas = 3").unwrap(), Some(3));
        let error = read("replicas = 2").unwrap_err().to_string();
        assert!(error.contains("`2`: expected 1, 3, or 5"), "{error}");
    }
}
