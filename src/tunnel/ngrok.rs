//! ngrok's agent: its local API (<https://ngrok.com/docs/agent/api/>) and its log.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use super::Advice;
use super::agent::AgentOutput;
use crate::delivery::{Head, Header};
use crate::outbound::{Client, Request, Target};

/// The API is on this machine, or not there.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, Deserialize)]
struct Listing {
    #[serde(default)]
    tunnels: Vec<Tunnel>,
}

#[derive(Debug, Deserialize)]
struct Tunnel {
    public_url: String,
    config: Config,
}

#[derive(Debug, Deserialize)]
struct Config {
    addr: String,
}

pub(super) fn arguments(address: SocketAddr) -> Vec<String> {
    let destination = if address.ip().is_loopback() || address.ip().is_unspecified() {
        address.port().to_string()
    } else {
        address.to_string()
    };
    ["http", &destination, "--log", "stdout"].map(str::to_owned).to_vec()
}

/// Returns the public URL of a tunnel to an address, if an agent has one; `https` is preferred.
pub(super) async fn tunnel(apis: &[Target], address: SocketAddr) -> Option<String> {
    let client = Client::with_timeouts(CONNECT_TIMEOUT, RESPONSE_TIMEOUT);
    for api in apis {
        let Ok(target) = format!("{api}/api/tunnels").parse::<Target>() else { continue };
        let headers = [Header::new("Accept", "application/json")];
        let head = Head::build("GET", "/api/tunnels", &headers);
        let sent = client.send(&target, &Request { head, body: Bytes::new() }).await;
        let Some(response) = sent.outcome.ok().filter(|response| response.status == 200) else {
            continue;
        };
        let found = find_tunnel(&response.body, address);
        if found.is_some() {
            return found;
        }
    }
    None
}

fn find_tunnel(listing: &[u8], address: SocketAddr) -> Option<String> {
    let listing: Listing = serde_json::from_slice(listing).ok()?;
    let mut urls: Vec<String> = listing
        .tunnels
        .into_iter()
        .filter(|tunnel| is_listener(&tunnel.config.addr, address))
        .map(|tunnel| tunnel.public_url)
        .filter(|url| url.starts_with("http"))
        .collect();
    urls.sort_by_key(|url| !url.starts_with("https:"));
    urls.into_iter().next()
}

/// Returns true if an address as ngrok writes it, `http://localhost:4400` or `4400`, is the
/// listener's.
fn is_listener(written: &str, address: SocketAddr) -> bool {
    let bare = written.split_once("://").map_or(written, |(_, rest)| rest);
    let bare = bare.split('/').next().unwrap_or_default();
    let (host, port) = bare.rsplit_once(':').unwrap_or(("localhost", bare));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_same_host = match host.parse::<IpAddr>() {
        Ok(ip) => ip == address.ip() || (ip.is_loopback() && address.ip().is_unspecified()),
        Err(_) => {
            host == "localhost" && (address.ip().is_loopback() || address.ip().is_unspecified())
        }
    };
    is_same_host && port.parse() == Ok(address.port())
}

/// Parses a line of the log, or an error that the agent ends with.
pub(super) fn parse_line(line: &str) -> AgentOutput {
    if line.contains("started tunnel")
        && let Some(url) = value(line, "url=")
    {
        return AgentOutput::Url(url);
    }
    let error = value(line, "err=").filter(|error| error != "nil");
    if let Some(error) = error
        && (line.contains("lvl=eror") || line.contains("lvl=crit"))
    {
        return AgentOutput::Error(collapse_spaces(&error));
    }
    match line.strip_prefix("ERROR:") {
        Some(rest) if !rest.trim().is_empty() => AgentOutput::Error(collapse_spaces(rest)),
        _ => AgentOutput::Other,
    }
}

/// Returns the value of a key in a log line; quoted if it has spaces.
fn value(line: &str, key: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!(" {key}"))?;
    Some(match rest.strip_prefix('"') {
        Some(quoted) => {
            let mut escaped = false;
            let inside = quoted.chars().take_while(|letter| {
                let ends = *letter == '"' && !escaped;
                escaped = *letter == '\\' && !escaped;
                !ends
            });
            inside.collect::<String>().replace("\\n", " ").replace("\\r", " ").replace("\\\"", "\"")
        }
        None => rest.split(' ').next().unwrap_or_default().to_owned(),
    })
}

fn collapse_spaces(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns advice for an error; the codes are from <https://ngrok.com/docs/errors/>.
pub(super) fn advice(message: &str) -> Advice {
    let has = |code: &str| message.contains(code);
    if has("ERR_NGROK_4018") {
        Advice::Fix(
            "no authtoken; get yours at https://dashboard.ngrok.com/get-started/your-authtoken, run \
         `ngrok config add-authtoken TOKEN`, and restart hookglass",
        )
    } else if has("ERR_NGROK_105") || has("ERR_NGROK_107") {
        Advice::Fix(
            "the authtoken is not valid; copy it again from \
         https://dashboard.ngrok.com/get-started/your-authtoken, run `ngrok config add-authtoken \
         TOKEN`, and restart hookglass",
        )
    } else if has("ERR_NGROK_108") {
        Advice::Fix(
            "another agent of your account is running; stop it or point it here, and \
             restart hookglass",
        )
    } else if has("ERR_NGROK_334") {
        Advice::Fix("this address is already online; stop the other tunnel, and restart hookglass")
    } else {
        Advice::TryAgain { diagnose: "ngrok diagnose".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_tunnel_to_the_listener() {
        let listing = br#"{"tunnels":[
            {"name":"a","uri":"/api/tunnels/a","public_url":"https://a.example","proto":"https","config":{"addr":"http://localhost:8080","inspect":true}},
            {"name":"b","public_url":"http://b.example","config":{"addr":"http://localhost:4400"}},
            {"name":"c","public_url":"tcp://c.example:1","config":{"addr":"localhost:4400"}},
            {"name":"d","public_url":"https://d.example","config":{"addr":"http://127.0.0.1:4400","inspect":true},"metrics":{}}
        ],"uri":"/api/tunnels"}"#;
        let at = |address: &str| find_tunnel(listing, address.parse().unwrap());
        assert_eq!(at("127.0.0.1:4400").as_deref(), Some("https://d.example"));
        assert_eq!(at("0.0.0.0:8080").as_deref(), Some("https://a.example"));
        assert_eq!(at("127.0.0.1:80"), None);
        assert_eq!(at("192.168.1.2:8080"), None);
        assert_eq!(find_tunnel(b"<html>", "127.0.0.1:80".parse().unwrap()), None);
    }

    #[test]
    fn parses_the_log() {
        let started = r#"t=2026-11-24T22:00:00+0000 lvl=info msg="started tunnel" obj=tunnels name=command_line addr=http://localhost:4400 url=https://x.ngrok-free.app"#;
        assert_eq!(parse_line(started), AgentOutput::Url("https://x.ngrok-free.app".to_owned()));
        let failed = r#"t=2026-11-24T22:00:00+0000 lvl=eror msg="failed to reconnect session" obj=tunnels.session err="authentication failed: Usage of ngrok requires a verified account and authtoken.\n\nERR_NGROK_4018\n""#;
        let AgentOutput::Error(message) = parse_line(failed) else { panic!("{failed}") };
        assert!(message.ends_with("authtoken. ERR_NGROK_4018"), "{message}");
        let Advice::Fix(fix) = advice(&message) else { panic!("{message}") };
        assert!(fix.contains("add-authtoken"));
        assert_eq!(
            parse_line("ERROR:  ERR_NGROK_4018"),
            AgentOutput::Error("ERR_NGROK_4018".to_owned())
        );
        for other in ["ERROR:", "", r#"lvl=info msg="no configuration paths" err=nil"#] {
            assert_eq!(parse_line(other), AgentOutput::Other, "{other}");
        }
    }
}
