//! Client address, also behind a tunnel or another proxy.

use std::net::{IpAddr, SocketAddr};

use crate::delivery::{Head, header_text};

/// Proxies trusted to set `X-Forwarded-For`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Proxies {
    /// No proxy: the client is the other end of the connection.
    #[default]
    None,
    /// Proxies on this machine, such as the agent of a tunnel.
    Local,
    /// Any proxy, for a public URL with the user's own proxy.
    Any,
}

/// Returns the client address: `ADDR:PORT` of the connection, or the address alone from
/// `X-Forwarded-For`. Of several addresses the last counts, since the trusted proxy added it; the
/// ones before it can be forged by the client.
pub(super) fn peer(proxies: Proxies, connection: SocketAddr, head: &Head) -> String {
    let trusted = match proxies {
        Proxies::None => false,
        Proxies::Local => connection.ip().to_canonical().is_loopback(),
        Proxies::Any => true,
    };
    let forwarded = trusted.then(|| head.joined("x-forwarded-for")).flatten();
    let last = forwarded.as_deref().map(header_text);
    let last = last.as_deref().and_then(|list| list.rsplit(',').next()).and_then(address);
    last.map_or_else(|| connection.to_string(), |address| address.to_string())
}

/// Parses an address with or without a port, as some proxies write it.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Header;

    #[test]
    fn trusts_forwarded_addresses_only_from_configured_proxies() {
        let local = "127.0.0.1:9000";
        let remote = "192.0.2.1:9000";
        for (proxies, connection, forwarded, expected) in [
            (Proxies::None, local, "203.0.113.7", local),
            (Proxies::Local, local, "203.0.113.7", "203.0.113.7"),
            (Proxies::Local, remote, "203.0.113.7", remote),
            (Proxies::Any, remote, "203.0.113.7", "203.0.113.7"),
            (Proxies::Local, local, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
            (Proxies::Local, local, "2001:db8::1", "2001:db8::1"),
            (Proxies::Local, local, "[2001:db8::1]:443", "2001:db8::1"),
            (Proxies::Local, local, "203.0.113.7:55", "203.0.113.7"),
            (Proxies::Local, local, "unknown", local),
            (Proxies::Local, local, "", local),
            (Proxies::Local, "[::ffff:127.0.0.1]:9", "203.0.113.7", "203.0.113.7"),
        ] {
            let head = Head::build("POST", "/", &[Header::new("X-Forwarded-For", forwarded)]);
            assert_eq!(
                peer(proxies, connection.parse().unwrap(), &head),
                expected,
                "{proxies:?} {forwarded}"
            );
        }
        let head = Head::build("POST", "/", &[]);
        assert_eq!(peer(Proxies::Local, local.parse().unwrap(), &head), local);
    }
}
