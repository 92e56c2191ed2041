//! Flags that select a hub, and how to authenticate.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::CliError;
use crate::config::HubSettings;
use crate::hub::{
    Hub, HubAuth, HubOptions, HubServers, REPLICAS, ReadFrom, STREAM, StreamLimits,
    invalid_replicas,
};
use crate::ops::hub_updates::{self, Updates};
use crate::secret::Secret;
use crate::store::Store;

/// Variables that replace flags, and those of credentials, which have no flags.
pub(super) const NAME: &str = "HOOKGLASS_HUB_NAME";
pub(super) const URL: &str = "HOOKGLASS_HUB";
pub(super) const CREDS: &str = "HOOKGLASS_HUB_CREDS";
pub(super) const NKEY: &str = "HOOKGLASS_HUB_NKEY";
pub(super) const USER: &str = "HOOKGLASS_HUB_USER";
pub(super) const PASSWORD: &str = "HOOKGLASS_HUB_PASSWORD";
pub(super) const TOKEN: &str = "HOOKGLASS_HUB_TOKEN";
pub(super) const CA: &str = "HOOKGLASS_HUB_CA";
pub(super) const CERT: &str = "HOOKGLASS_HUB_CERT";
pub(super) const KEY: &str = "HOOKGLASS_HUB_KEY";

/// Flags of every command that connects to a hub.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "the flags have these names")]
pub(super) struct HubFlags {
    /// Stream of the hub [default: hookglass]
    #[arg(long, value_name = "NAME")]
    hub_stream: Option<String>,
    /// File with credentials for the hub, as `nsc` writes it [default: `$HOOKGLASS_HUB_CREDS`]
    #[arg(long, value_name = "FILE")]
    hub_creds: Option<PathBuf>,
    /// Name under which others on the hub see this program [default: `$HOOKGLASS_HUB_NAME`, else
    /// the user or the machine]
    #[arg(long, value_name = "NAME")]
    hub_name: Option<String>,
    /// Do not publish attempts and notes
    #[arg(long)]
    hub_private: bool,
}

/// Flags of a listener.
#[derive(Debug, Clone, Args)]
pub(super) struct PublishFlags {
    /// Publish deliveries to a shared stream on these NATS servers, e.g. `nats://127.0.0.1:4222`;
    /// they get a 2xx response once the stream has acknowledged them [default: `$HOOKGLASS_HUB`]
    #[arg(long, value_name = "URL[,URL…]")]
    hub: Option<HubServers>,
    #[command(flatten)]
    flags: HubFlags,
    /// Servers that store each delivery of a stream that is created: 1, 3, or 5 [default: 1]
    #[arg(long, value_name = "N", value_parser = replicas)]
    hub_replicas: Option<usize>,
    /// Age at which deliveries leave a stream that is created, e.g. 30d [default: never]
    #[arg(long, value_name = "TIME", value_parser = crate::units::parse_duration)]
    hub_max_age: Option<Duration>,
    /// Size above which the oldest deliveries leave a stream that is created, e.g. 10GiB [default:
    /// no limit]
    #[arg(long, value_name = "SIZE", value_parser = crate::units::parse_size)]
    hub_max_bytes: Option<u64>,
}

fn replicas(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| REPLICAS.contains(count));
    count.ok_or_else(|| invalid_replicas(text))
}

impl PublishFlags {
    pub(super) fn flags(&self) -> &HubFlags {
        &self.flags
    }

    /// Returns a flag that does nothing without a hub.
    fn unused(&self) -> Option<&'static str> {
        let HubFlags { hub_stream, hub_creds, hub_name, hub_private } = &self.flags;
        let flags = [
            ("--hub-stream", hub_stream.is_some()),
            ("--hub-creds", hub_creds.is_some()),
            ("--hub-name", hub_name.is_some()),
            ("--hub-private", *hub_private),
            ("--hub-replicas", self.hub_replicas.is_some()),
            ("--hub-max-age", self.hub_max_age.is_some()),
            ("--hub-max-bytes", self.hub_max_bytes.is_some()),
        ];
        flags.into_iter().find_map(|(flag, is_set)| is_set.then_some(flag))
    }

    /// Returns the hub to publish to; none if none is configured.
    pub(super) fn options(&self, settings: &HubSettings) -> Result<Option<HubOptions>, CliError> {
        let servers = match self.hub.clone() {
            Some(servers) => Some(servers),
            None => variable(URL)
                .map(|text| text.parse())
                .transpose()
                .map_err(|error| CliError::usage(format!("{URL}: {error}")))?
                .or_else(|| settings.url.clone()),
        };
        let Some(servers) = servers else {
            return match self.unused() {
                Some(flag) => Err(CliError::usage(format!(
                    "{flag} is about a hub, and there is none: add --hub URL"
                ))),
                None => Ok(None),
            };
        };
        let limits = StreamLimits {
            replicas: self.hub_replicas.or(settings.replicas).unwrap_or(1),
            max_age: self.hub_max_age.or(settings.max_age),
            max_bytes: self.hub_max_bytes.or(settings.max_bytes),
        };
        Ok(Some(HubOptions { limits, ..self.flags.options(servers, settings, machine())? }))
    }
}

impl HubFlags {
    /// Starts to share changes of deliveries with others, and to report that this program is
    /// there, until `stop`.
    pub(super) async fn share(
        &self,
        tasks: &mut JoinSet<()>,
        hub: Hub,
        store: Store,
        from: ReadFrom,
        stop: &CancellationToken,
    ) -> Result<(), CliError> {
        let instance = hub_updates::instance(&store).await.map_err(CliError::environment)?;
        tasks.spawn(hub.clone().stay_present(instance.clone(), stop.clone()));
        let updates = Updates::new(hub, store, instance, !self.hub_private);
        tasks.spawn(updates.run(from, stop.clone()));
        Ok(())
    }

    /// Returns the options for these servers.
    pub(super) fn options(
        &self,
        servers: HubServers,
        settings: &HubSettings,
        default_name: Option<String>,
    ) -> Result<HubOptions, CliError> {
        let stream = self.hub_stream.clone().or_else(|| settings.stream.clone());
        let stream = stream.unwrap_or_else(|| STREAM.to_owned());
        let is_foreign =
            |one: char| one.is_whitespace() || one.is_control() || ".*>/\\".contains(one);
        if stream.is_empty() || stream.contains(is_foreign) {
            return Err(CliError::usage(format!(
                "invalid stream `{stream}`: expected a name without spaces, dots, `*`, `>`, or \
                 slashes, e.g. {STREAM}"
            )));
        }
        let name = self.hub_name.clone().or_else(|| variable(NAME));
        let name = name.or_else(|| settings.name.clone()).or(default_name);
        let name = name.unwrap_or_else(|| "hookglass".to_owned());
        if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            return Err(CliError::usage(format!(
                "invalid name `{name}`: expected up to 64 printable characters, e.g. staging-1"
            )));
        }
        let file = |flag: &Option<PathBuf>, name: &str, setting: &Option<PathBuf>| {
            let variable = || variable(name).map(PathBuf::from);
            flag.clone().or_else(variable).or_else(|| setting.clone())
        };
        let secret = |name: &str| variable(name).map(|text| Secret::new(name, text));
        let password = secret(PASSWORD).unwrap_or_else(|| Secret::new(PASSWORD, ""));
        let auth = HubAuth {
            creds: file(&self.hub_creds, CREDS, &settings.creds),
            nkey: file(&None, NKEY, &settings.nkey),
            user: variable(USER).map(|user| (user, password)),
            token: secret(TOKEN),
            ca: file(&None, CA, &settings.ca),
            certificate: file(&None, CERT, &settings.cert).zip(file(&None, KEY, &settings.key)),
        };
        Ok(HubOptions { servers, stream, name, auth, limits: StreamLimits::default() })
    }
}

/// Returns the value of a variable that is set.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns the name of this machine.
fn machine() -> Option<String> {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
    #[cfg(not(unix))]
    let name = variable("COMPUTERNAME");
    name.filter(|name| !name.is_empty())
}

/// Returns the name of the user, or else of the machine.
pub(super) fn person() -> Option<String> {
    variable("USER").or_else(|| variable("USERNAME")).or_else(machine)
}
