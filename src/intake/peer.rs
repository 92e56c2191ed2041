//! Who sent a delivery, where a tunnel or another proxy stands in between.

use std::net::{IpAddr, SocketAddr};

use crate::delivery::{Head, header_text};

/// Whose word on the sender's address is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Proxies {
    /// Nobody's: the sender is the other end of the connection.
    #[default]
    None,
    /// That of an agent on this machine, for a tunnel.
    Local,
    /// That of whoever connects, for a public URL with a proxy of the user's own.
    Any,
}

/// The sender's address. The other end of the connection is `ADDR:PORT`; from `X-Forwarded-For`
/// comes the address alone. Of several in there the last counts: that is the one that the proxy
/// saw, while those before it are only the word of whoever sent.
pub(super) fn peer(proxies: Proxies, connection: SocketAddr, head: &Head) -> String {
    let trusted = match proxies {
        Proxies::None => false,
        Proxies::Local => connection.ip().to_canonical().is_loopback(),
        Proxies::Any => true,
    };
    let told = trusted.then(|| head.joined("x-forwarded-for")).flatten();
    let last = told.as_deref().map(header_text);
    let last = last.as_deref().and_then(|list| list.rsplit(',').next()).and_then(address);
    last.map_or_else(|| connection.to_string(), |address| address.to_string())
}

/// An address, or one with a port, as some proxies write it.
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
    fn takes_the_proxys_word_only_where_there_is_one() {
        let local = "127.0.0.1:9000";
        let remote = "192.0.2.1:9000";
        for (proxies, connection, told, peer_is) in [
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
            let head = Head::build("POST", "/", &[Header::new("X-Forwarded-For", told)]);
            assert_eq!(
                peer(proxies, connection.parse().unwrap(), &head),
                peer_is,
                "{proxies:?} {told}"
            );
        }
        let head = Head::build("POST", "/", &[]);
        assert_eq!(peer(Proxies::Local, local.parse().unwrap(), &head), local);
    }
}
