//! Cloudflare's agent with a quick tunnel: no account, and a URL printed in its output
//! (<https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/do-more-with-tunnels/trycloudflare/>).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use super::Advice;
use super::agent::AgentOutput;
use crate::delivery::Head;
use crate::outbound::{Client, Request, Target};

/// The metrics server is on this machine, or not there.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Domain of quick tunnels.
const DOMAIN: &str = ".trycloudflare.com";

pub(super) fn arguments(address: SocketAddr) -> Vec<String> {
    let ip =
        if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    let url = format!("http://{}", SocketAddr::new(ip, address.port()));
    ["tunnel", "--url", &url].map(str::to_owned).to_vec()
}

pub(super) fn parse_line(line: &str) -> AgentOutput {
    if let Some(url) = url(line) {
        return AgentOutput::Url(url);
    }
    if let Some(address) = metrics(line) {
        return AgentOutput::Metrics(address);
    }
    let level = line.split_whitespace().nth(1).unwrap_or_default();
    if matches!(level, "ERR" | "FTL") {
        let message = line.split_whitespace().skip(2).collect::<Vec<_>>().join(" ");
        return AgentOutput::Error(message);
    }
    let is_error = ["failed", "error"].iter().any(|word| line.to_lowercase().starts_with(word));
    if is_error { AgentOutput::Error(line.trim().to_owned()) } else { AgentOutput::Other }
}

/// Finds the URL of a quick tunnel in a line. Cloudflare's own API is in the same domain.
fn url(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("https://")?;
    let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !".-".contains(letter));
    let host = rest.split_at_checked(end.unwrap_or(rest.len()))?.0;
    let name = host.strip_suffix(DOMAIN)?;
    (!name.is_empty() && name != "api").then(|| format!("https://{host}"))
}

/// Finds the address of the metrics server, which is on this machine, in a line.
fn metrics(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("Starting metrics server on ")?;
    let address: SocketAddr = rest.split('/').next()?.trim().parse().ok()?;
    address.ip().is_loopback().then_some(address)
}

/// Returns true if the metrics server reports a connection to Cloudflare
/// (<https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/monitor-tunnels/metrics/>).
pub(super) async fn is_connected(metrics: SocketAddr) -> bool {
    let Ok(target) = format!("http://{metrics}/ready").parse::<Target>() else { return false };
    let client = Client::with_timeouts(CONNECT_TIMEOUT, RESPONSE_TIMEOUT);
    let head = Head::build("GET", "/ready", &[]);
    let sent = client.send(&target, &Request { head, body: Bytes::new() }).await;
    sent.outcome.is_ok_and(|response| response.status == 200)
}

pub(super) fn advice(message: &str, address: SocketAddr) -> Advice {
    if message.contains("429") || message.contains("Too Many Requests") {
        Advice::Fix(
            "too many quick tunnels were started from this address; wait a few minutes, then \
             restart hookglass",
        )
    } else if message.contains("config") {
        Advice::Fix(
            "quick tunnels do not work with a configuration file in ~/.cloudflared; rename it, \
             then restart hookglass",
        )
    } else {
        Advice::TryAgain { diagnose: format!("cloudflared {}", arguments(address).join(" ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_the_output() {
        let line = "2026-11-24T22:00:00Z INF |  https://odd-words-here.trycloudflare.com                                                   |";
        assert_eq!(
            parse_line(line),
            AgentOutput::Url("https://odd-words-here.trycloudflare.com".to_owned())
        );
        let failed = r#"failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": dial tcp: lookup api.trycloudflare.com: no such host"#;
        assert_eq!(parse_line(failed), AgentOutput::Error(failed.to_owned()));
        let error = "2026-11-24T22:00:00Z ERR Error unmarshaling QuickTunnel response: 429 Too Many Requests";
        let AgentOutput::Error(message) = parse_line(error) else { panic!("{error}") };
        assert!(message.starts_with("Error unmarshaling"), "{message}");
        let Advice::Fix(fix) = advice(&message, "127.0.0.1:4400".parse().unwrap()) else {
            panic!("{message}")
        };
        assert!(fix.contains("wait"), "{fix}");
        let info = "2026-11-24T22:00:00Z INF Thank you. By using it you agree to https://www.cloudflare.com/website-terms/";
        assert_eq!(parse_line(info), AgentOutput::Other);
    }

    #[test]
    fn finds_the_local_metrics_server() {
        let line = "2026-11-24T22:00:00Z INF Starting metrics server on 127.0.0.1:20241/metrics";
        assert_eq!(parse_line(line), AgentOutput::Metrics("127.0.0.1:20241".parse().unwrap()));
        let elsewhere = "2026-11-24T22:00:00Z INF Starting metrics server on 192.0.2.1:80/metrics";
        assert_eq!(parse_line(elsewhere), AgentOutput::Other);
    }

    #[test]
    fn advice_names_the_port_in_use() {
        let advice = advice("", "127.0.0.1:9999".parse().unwrap());
        let diagnose = "cloudflared tunnel --url http://127.0.0.1:9999".to_owned();
        assert_eq!(advice, Advice::TryAgain { diagnose });
    }

    #[test]
    fn uses_loopback_for_a_listener_on_all_addresses() {
        let arguments = arguments("0.0.0.0:4400".parse().unwrap());
        assert_eq!(arguments, ["tunnel", "--url", "http://127.0.0.1:4400"]);
    }
}
