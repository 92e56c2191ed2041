//! The hub: `[hub]`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::routing::parsed;
use crate::hub::HubServers;
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

fn some_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    units::parse_duration(&String::deserialize(from)?).map(Some).map_err(de::Error::custom)
}

fn some_size<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    units::parse_size(&String::deserialize(from)?).map(Some).map_err(de::Error::custom)
}
