//! Targets: URLs that requests are sent to.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use hyper::Uri;
use hyper::http::uri::Authority;

use super::ForwardOptions;

/// A URL that requests are sent to. One with a path sends everything there; one without keeps the
/// path of each delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub(super) tls: bool,
    pub(super) authority: Authority,
    /// Path and query, if the URL has any.
    pub(super) path: Option<String>,
    pub(super) options: ForwardOptions,
}

/// Error of parsing a target.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum TargetError {
    #[error(
        "invalid URL `{0}`: expected e.g. https://example.com/hooks, or localhost:3000 or 3000 for \
         http://localhost:3000"
    )]
    NoUrl(String),
    #[error(
        "the URL contains a user name or password; remove them, since they would be stored with \
         each attempt"
    )]
    Credentials,
    #[error(
        "`{0}` is not a URL; to ask a program on the hub, use --respond {0} or `answer = \"{0}\"` \
         in [[respond]]"
    )]
    Hub(String),
}

impl Target {
    /// Scheme, host, and port. Logs show this, since paths and queries of targets may hold tokens.
    pub fn origin(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }

    /// Sets the options for sending.
    #[must_use]
    pub fn with(self, options: ForwardOptions) -> Self {
        Self { options, ..self }
    }

    /// Returns true for `https` without verification of the certificate, so that anyone could
    /// impersonate the target.
    pub fn is_insecure(&self) -> bool {
        self.tls && self.options.insecure
    }

    /// Returns true if the target may be the listener at this address of this machine.
    pub fn leads_to(&self, address: SocketAddr) -> bool {
        let is_same_host = match self.host().parse::<IpAddr>() {
            Ok(ip) => {
                ip == address.ip()
                    || (address.ip().is_unspecified() && ip.is_loopback())
                    || (address.ip().is_loopback() && ip.is_unspecified())
            }
            Err(_) => self.host().eq_ignore_ascii_case("localhost"),
        };
        is_same_host && !self.tls && self.port() == address.port()
    }

    /// Returns true if requests stay on this machine: an address of the loopback network, or
    /// `localhost`.
    pub fn is_loopback(&self) -> bool {
        match self.host().parse::<IpAddr>() {
            Ok(ip) => ip.to_canonical().is_loopback(),
            Err(_) => self.host().eq_ignore_ascii_case("localhost"),
        }
    }

    /// Returns true if everything that is sent to this target goes to `allowed`: to the same
    /// origin, and to the same path if `allowed` has one.
    pub fn is_within(&self, allowed: &Self) -> bool {
        let path = |target: &Self| {
            let path = target.path.as_deref()?;
            Some(path.split_once('?').map_or(path, |(path, _)| path).to_owned())
        };
        self.tls == allowed.tls
            && self.host().eq_ignore_ascii_case(allowed.host())
            && self.port() == allowed.port()
            && (allowed.path.is_none() || path(self) == path(allowed))
    }

    pub(super) fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// Returns the URL of a request with this request target, as schemes sign it.
    pub fn url(&self, request_target: &str) -> String {
        match &self.path {
            Some(_) => self.to_string(),
            None => format!("{self}{request_target}"),
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.tls { 443 } else { 80 })
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if text.starts_with("hub:") {
            return Err(TargetError::Hub(text.to_owned()));
        }
        let wrong = || TargetError::NoUrl(text.to_owned());
        let uri: Uri = with_scheme(text.trim()).parse().map_err(|_| wrong())?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?.clone();
        if authority.as_str().contains('@') {
            return Err(TargetError::Credentials);
        }
        // The parser treats an empty or too large port as none.
        let port = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
        if authority.host().is_empty() || (!port.is_empty() && authority.port_u16().is_none()) {
            return Err(wrong());
        }
        let path = uri.path_and_query().map(|path| path.as_str().to_owned());
        let path = path.filter(|path| path != "/");
        Ok(Self { tls, authority, path, options: ForwardOptions::default() })
    }
}

/// Completes a port, or a host with a port, to a URL: `3000`, `:3000/hooks`, `localhost:3000`.
fn with_scheme(text: &str) -> Cow<'_, str> {
    let end = text.find(['/', '?']).unwrap_or(text.len());
    let (address, _) = text.split_at_checked(end).unwrap_or((text, ""));
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match address.rsplit_once(':') {
        None if is_port(address) => Cow::Owned(format!("http://localhost:{text}")),
        Some(("", port)) if is_port(port) => Cow::Owned(format!("http://localhost{text}")),
        Some((_, port)) if is_port(port) => Cow::Owned(format!("http://{text}")),
        _ => Cow::Borrowed(text),
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_the_listener_itself() {
        let leads = |target: &str, address: &str| {
            target.parse::<Target>().unwrap().leads_to(address.parse().unwrap())
        };
        for (target, address, expected) in [
            ("http://127.0.0.1:4400/x", "127.0.0.1:4400", true),
            ("http://localhost:4400", "127.0.0.1:4400", true),
            ("http://127.0.0.1:4400", "0.0.0.0:4400", true),
            ("http://127.0.0.1:4401", "127.0.0.1:4400", false),
            ("https://127.0.0.1:4400", "127.0.0.1:4400", false),
            ("http://192.168.0.2:4400", "127.0.0.1:4400", false),
        ] {
            assert_eq!(leads(target, address), expected, "{target} {address}");
        }
    }

    #[test]
    fn loopback_is_an_address_and_not_a_look_alike() {
        let is = |target: &str| target.parse::<Target>().unwrap().is_loopback();
        for target in
            ["http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:1/x", "https://LOCALHOST"]
        {
            assert!(is(target), "{target}");
        }
        assert!(is("http://[::ffff:127.0.0.1]"));
        for target in [
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://0.0.0.0:1",
            "http://2130706433",
            "http://169.254.169.254",
            "http://10.0.0.1",
        ] {
            assert!(!is(target), "{target}");
        }
    }

    #[test]
    fn a_target_is_within_its_origin_and_path() {
        let is = |target: &str, allowed: &str| {
            target.parse::<Target>().unwrap().is_within(&allowed.parse().unwrap())
        };
        for (target, allowed, expected) in [
            ("https://a.example/x?y", "https://a.example", true),
            ("https://A.example:443", "https://a.example", true),
            ("http://a.example", "https://a.example", false),
            ("https://a.example:444", "https://a.example", false),
            ("https://a.example.org", "https://a.example", false),
            ("https://a.example/hooks?x", "https://a.example/hooks", true),
            // Without a path, a delivery's own one is used.
            ("https://a.example", "https://a.example/hooks", false),
            ("https://a.example/hooks/../x", "https://a.example/hooks", false),
        ] {
            assert_eq!(is(target, allowed), expected, "{target} {allowed}");
        }
    }

    #[test]
    fn a_port_is_one_of_localhost() {
        for (text, url) in [
            ("3000", "http://localhost:3000"),
            (":3000", "http://localhost:3000"),
            ("3000/hooks?a=b:1", "http://localhost:3000/hooks?a=b:1"),
            ("localhost:3000", "http://localhost:3000"),
            ("127.0.0.1:3000/hooks", "http://127.0.0.1:3000/hooks"),
            ("[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), url, "{text}");
        }
        assert_eq!("me:key@host:1".parse::<Target>(), Err(TargetError::Credentials));
        assert_eq!("hub:ann".parse::<Target>(), Err(TargetError::Hub("hub:ann".to_owned())));
    }

    #[test]
    fn parses_urls() {
        let target: Target = "https://example.com/hooks?a=1".parse().unwrap();
        assert_eq!((target.host(), target.port()), ("example.com", 443));
        assert_eq!(target.to_string(), "https://example.com/hooks?a=1");
        assert_eq!(target.url("/b"), "https://example.com/hooks?a=1");
        let target: Target = "http://[::1]:3000/".parse().unwrap();
        assert_eq!((target.host(), target.port()), ("::1", 3000));
        assert_eq!(
            (target.path.as_deref(), target.to_string().as_str()),
            (None, "http://[::1]:3000")
        );
        assert_eq!(target.url("/a?b"), "http://[::1]:3000/a?b");
        for wrong in
            ["", "localhost", "99999", "C:/x", "ftp://x", "http://", "http://a:99999", "/x", "a b"]
        {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
        assert_eq!("http://me:key@host".parse::<Target>(), Err(TargetError::Credentials));
    }
}
