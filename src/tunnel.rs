//! Makes the listener reachable from the internet by the agent of a tunnel.
//!
//! The agent is another program with a configuration of its own. It is found running, or started
//! and taken down with us; what it says tells the public URL, or why there is none. Listening
//! goes on in any case.

mod agent;
mod cloudflared;
mod ngrok;

use std::future::Future;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::outbound::Target;
use agent::{Agent, Said};

/// An agent that is still not up after this long has something to say, or nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a running agent is asked what it has.
const ASKING: Duration = Duration::from_millis(300);
const ASKING_AGAIN: Duration = Duration::from_secs(3);

/// Which agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TunnelKind {
    Ngrok,
    Cloudflared,
}

/// How the tunnel is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TunnelState {
    Starting,
    /// The public URL.
    Up(String),
    /// Why there is none, and what to do.
    Failed(String),
}

/// What leads where.
#[derive(Debug, Clone)]
pub struct Settings {
    pub kind: TunnelKind,
    /// The listener.
    pub address: SocketAddr,
    /// Where a running agent of ngrok tells its tunnels.
    pub ngrok_api: Vec<Target>,
}

/// Where an agent of ngrok tells its tunnels if nothing else is said.
pub const NGROK_API: &str = "http://127.0.0.1:4040";

impl TunnelKind {
    pub const ALL: [Self; 2] = [Self::Ngrok, Self::Cloudflared];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ngrok => "ngrok",
            Self::Cloudflared => "cloudflared",
        }
    }

    /// What it is started with.
    fn arguments(self, address: SocketAddr) -> Vec<String> {
        match self {
            Self::Ngrok => ngrok::arguments(address),
            Self::Cloudflared => cloudflared::arguments(address),
        }
    }

    /// What a line of its output tells.
    fn read(self, line: &str) -> Said {
        match self {
            Self::Ngrok => ngrok::read(line),
            Self::Cloudflared => cloudflared::read(line),
        }
    }

    /// What to do about what it said last.
    fn advice(self, said: &str) -> &'static str {
        match self {
            Self::Ngrok => ngrok::advice(said),
            Self::Cloudflared => cloudflared::advice(said),
        }
    }

    fn install(self) -> &'static str {
        match self {
            Self::Ngrok => "https://ngrok.com/download",
            Self::Cloudflared => "https://github.com/cloudflare/cloudflared/releases",
        }
    }
}

impl FromStr for TunnelKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| {
            format!("`{text}` is no tunnel that is known here; write ngrok or cloudflared, or give the URL of any other with --public-url")
        })
    }
}

/// A tunnel's state from now on, and the work of keeping it up until `stop`.
pub fn open(
    settings: Settings,
    stop: CancellationToken,
) -> (watch::Receiver<TunnelState>, impl Future<Output = ()>) {
    let (state, states) = watch::channel(TunnelState::Starting);
    (states, Work { settings, state }.run(stop))
}

struct Work {
    settings: Settings,
    state: watch::Sender<TunnelState>,
}

impl Work {
    async fn run(self, stop: CancellationToken) {
        let found = tokio::select! {
            () = stop.cancelled() => return,
            found = self.running() => found,
        };
        if let Some(url) = found {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.watch(url) => {}
            }
            return;
        }
        let kind = self.settings.kind;
        let mut agent = match Agent::start(kind.name(), &kind.arguments(self.settings.address)) {
            Ok(agent) => agent,
            Err(error) => return self.report(TunnelState::Failed(self.unstartable(&error))),
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.follow(&mut agent) => {}
        }
        agent.end().await;
    }

    /// The URL of an agent that runs already and leads here.
    async fn running(&self) -> Option<String> {
        match self.settings.kind {
            TunnelKind::Cloudflared => None,
            TunnelKind::Ngrok => {
                ngrok::tunnel(&self.settings.ngrok_api, self.settings.address).await
            }
        }
    }

    /// Watches an agent that is not ours.
    async fn watch(&self, url: String) {
        self.report(TunnelState::Up(url));
        loop {
            tokio::time::sleep(ASKING_AGAIN).await;
            self.report(match self.running().await {
                Some(url) => TunnelState::Up(url),
                None => TunnelState::Failed(format!(
                    "the ngrok agent that led here has gone; run `ngrok http {}` again, or start \
                     hookglass again",
                    self.settings.address.port()
                )),
            });
        }
    }

    /// Follows an agent of our own until it ends.
    async fn follow(&self, agent: &mut Agent) {
        let kind = self.settings.kind;
        let mut trouble = String::new();
        let patience = tokio::time::sleep(PATIENCE);
        tokio::pin!(patience);
        let mut patient = true;
        loop {
            let starting = !matches!(*self.state.borrow(), TunnelState::Up(_));
            tokio::select! {
                biased;
                line = agent.line() => match line.map(|line| kind.read(&line)) {
                    None => break,
                    Some(Said::Url(url)) => self.report(TunnelState::Up(url)),
                    Some(Said::Trouble(said)) => trouble = said,
                    Some(Said::Nothing) => {}
                },
                // Not every version says where it leads; its local interface does.
                url = self.asked(), if starting => self.report(TunnelState::Up(url)),
                () = &mut patience, if starting && patient => {
                    patient = false;
                    let name = kind.name();
                    self.report(TunnelState::Failed(explained(&format!("{name} is not up yet"), &trouble, kind)));
                }
            }
        }
        let status = agent.status().await;
        let ended = format!("{} ended ({status})", kind.name());
        self.report(TunnelState::Failed(explained(&ended, &trouble, kind)));
    }

    async fn asked(&self) -> String {
        loop {
            tokio::time::sleep(ASKING).await;
            if let Some(url) = self.running().await {
                return url;
            }
        }
    }

    fn report(&self, state: TunnelState) {
        self.state.send_if_modified(|before| {
            let changed = *before != state;
            *before = state;
            changed
        });
    }

    fn unstartable(&self, error: &std::io::Error) -> String {
        let kind = self.settings.kind;
        let (name, install) = (kind.name(), kind.install());
        if error.kind() == std::io::ErrorKind::NotFound {
            format!(
                "{name} is not installed, or not on the PATH; get it from {install}, or let any \
                 other tunnel lead to {} and give its URL with --public-url",
                self.settings.address
            )
        } else {
            format!("{name} cannot be started: {error}; run `{name} version` to see why")
        }
    }
}

fn explained(what: &str, trouble: &str, kind: TunnelKind) -> String {
    let said = if trouble.is_empty() { String::new() } else { format!(": {trouble}") };
    format!("{what}{said}; {}", kind.advice(trouble))
}
