//! Servers of a hub, how to authenticate, and how its stream is created.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::secret::Secret;

/// Everything that is needed to connect to a hub.
#[derive(Debug, Clone)]
pub struct HubOptions {
    pub servers: HubServers,
    /// Name of the stream.
    pub stream: String,
    /// Name under which this program is known to the others.
    pub name: String,
    pub auth: HubAuth,
    pub limits: StreamLimits,
}

/// Numbers of servers that may store a message. With an even number, no more of them can fail than
/// with one less.
pub const REPLICAS: [usize; 3] = [1, 3, 5];

/// Describes a number of servers that is not one of these.
pub fn invalid_replicas(text: impl Display) -> String {
    format!("invalid number of servers `{text}`: expected 1, 3, or 5")
}

/// Limits of a stream that is created; an existing stream keeps its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// Servers that store each message.
    pub replicas: usize,
    /// Age at which messages are deleted; none to keep them.
    pub max_age: Option<Duration>,
    /// Size above which the oldest messages are deleted; none for no limit.
    pub max_bytes: Option<u64>,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { replicas: 1, max_age: None, max_bytes: None }
    }
}

/// Credentials, from the environment or files, never from a command line.
#[derive(Debug, Clone, Default)]
pub struct HubAuth {
    /// File with a JWT and an nkey seed, as `nsc` writes it.
    pub creds: Option<PathBuf>,
    /// File with an nkey seed.
    pub nkey: Option<PathBuf>,
    pub user: Option<(String, Secret)>,
    pub token: Option<Secret>,
    /// File with the certificate of the authority that signed the servers' certificates.
    pub ca: Option<PathBuf>,
    /// Files with the certificate and the key of this client.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// URLs of the servers of a hub, tried in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubServers(Vec<String>);

/// Reason why a text does not name servers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubServersError {
    #[error(
        "invalid hub `{0}`: expected URLs of NATS servers separated by commas, e.g. \
         nats://127.0.0.1:4222 or tls://nats.example.com:4222"
    )]
    NoUrl(String),
    #[error(
        "the hub's URL contains a user name, password, or token; set HOOKGLASS_HUB_USER and \
         HOOKGLASS_HUB_PASSWORD, or HOOKGLASS_HUB_TOKEN, instead"
    )]
    Credentials,
}

impl HubServers {
    pub(super) fn urls(&self) -> &[String] {
        &self.0
    }
}

impl FromStr for HubServers {
    type Err = HubServersError;

    fn from_str(text: &str) -> Result<Self, HubServersError> {
        let urls = text.split(',').map(|url| server(url.trim()));
        urls.collect::<Result<_, _>>().map(Self)
    }
}

/// Checks a URL. `nats://` is the default scheme, and 4222 the default port.
fn server(text: &str) -> Result<String, HubServersError> {
    // The text may be a password in the wrong place.
    if text.contains('@') {
        return Err(HubServersError::Credentials);
    }
    let wrong = || HubServersError::NoUrl(text.to_owned());
    let (scheme, rest) = text.split_once("://").unwrap_or(("nats", text));
    let address = rest.strip_suffix('/').unwrap_or(rest);
    let is_plain = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_' | ':' | '[' | ']')
    };
    if !matches!(scheme, "nats" | "tls") || address.is_empty() || !address.chars().all(is_plain) {
        return Err(wrong());
    }
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (address, None),
    };
    let port = port.map_or(Ok(4222), |port| port.parse::<u16>().map_err(|_| wrong()))?;
    if host.is_empty() || port == 0 {
        return Err(wrong());
    }
    Ok(format!("{scheme}://{host}:{port}"))
}

impl Display for HubServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_completed() {
        for (text, shown) in [
            ("nats://a:1,b:2", "nats://a:1,nats://b:2"),
            ("127.0.0.1", "nats://127.0.0.1:4222"),
            ("tls://nats.example.com/", "tls://nats.example.com:4222"),
            ("nats://[::1]:4222", "nats://[::1]:4222"),
        ] {
            assert_eq!(text.parse::<HubServers>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "http://a:1", "nats://", "nats://a:x", "a,,b", "nats://a:0", "nats://a/b"]
        {
            assert!(text.parse::<HubServers>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        let error = "nats://me:hunter2@a:4222".parse::<HubServers>().unwrap_err();
        assert_eq!(error, HubServersError::Credentials);
        assert!(!error.to_string().contains("hunter2"));
    }
}
