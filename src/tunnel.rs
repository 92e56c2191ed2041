//! Makes the listener reachable from the internet through a tunnel's agent.
//!
//! The agent is another program with its own configuration. A running one is used, or one is
//! started and stopped with hookglass; its output has the public URL, or the reason why there is
//! none. An agent that hookglass started is started again if it ends or no longer responds. The
//! listener works in any case.

mod agent;
mod cloudflared;
mod liveness;
mod ngrok;

use std::ffi::OsString;
use std::future::Future;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::outbound::Target;
use crate::words::words;
use agent::{Agent, AgentOutput};
use liveness::{Liveness, Pulse, Reaction};

/// Time after which an agent that is not up is reported as failed.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Interval of polling a starting agent for its tunnels, and a running one.
const POLL_STARTING: Duration = Duration::from_millis(300);
const POLL_RUNNING: Duration = Duration::from_secs(3);

/// Pause before an agent that ended is started again; each is twice the last. An agent that was up
/// for the longest pause begins with the first one again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_mins(1);

words! {
    /// Kind of agent.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum TunnelKind {
        Ngrok = "ngrok",
        Cloudflared = "cloudflared",
    }
}

/// State of a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TunnelState {
    Starting,
    /// The public URL.
    Up(String),
    /// Reason why there is no public URL, and what to do.
    Failed(String),
}

/// Configuration of a tunnel.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub kind: TunnelKind,
    /// The listener.
    pub address: SocketAddr,
    /// API addresses of a running ngrok agent.
    pub ngrok_api: Vec<Target>,
    /// Environment variables that the agent must not inherit.
    pub secret_variables: Vec<OsString>,
}

/// Default API address of an ngrok agent.
pub(crate) const NGROK_API: &str = "http://127.0.0.1:4040";

impl TunnelKind {
    /// Returns the arguments to start the agent with.
    fn arguments(self, address: SocketAddr) -> Vec<String> {
        match self {
            Self::Ngrok => ngrok::arguments(address),
            Self::Cloudflared => cloudflared::arguments(address),
        }
    }

    /// Parses a line of the agent's output.
    fn parse_line(self, line: &str) -> AgentOutput {
        match self {
            Self::Ngrok => ngrok::parse_line(line),
            Self::Cloudflared => cloudflared::parse_line(line),
        }
    }

    /// Returns what to do about the agent's last error.
    fn advice(self, message: &str, address: SocketAddr) -> Advice {
        match self {
            Self::Ngrok => ngrok::advice(message),
            Self::Cloudflared => cloudflared::advice(message, address),
        }
    }

    fn install(self) -> &'static str {
        match self {
            Self::Ngrok => "https://ngrok.com/download",
            Self::Cloudflared => "https://github.com/cloudflare/cloudflared/releases",
        }
    }
}

/// A tunnel that hookglass cannot start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown tunnel `{0}`: expected {known}; for any other tunnel use --public-url",
    known = TunnelKind::ALL.map(TunnelKind::as_str).join(" or ")
)]
pub(crate) struct UnknownTunnel(String);

impl FromStr for TunnelKind {
    type Err = UnknownTunnel;

    fn from_str(text: &str) -> Result<Self, UnknownTunnel> {
        Self::from_word(text).ok_or_else(|| UnknownTunnel(text.to_owned()))
    }
}

/// Returns the state of a tunnel and the work of keeping it up, which runs until `stop`.
pub(crate) fn open(
    settings: Settings,
    stop: CancellationToken,
) -> (watch::Receiver<TunnelState>, impl Future<Output = ()>) {
    let (state, states) = watch::channel(TunnelState::Starting);
    (states, Work { settings, state }.run(stop))
}

/// Reaction to an agent that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Advice {
    /// Only the user can fix it.
    Fix(&'static str),
    /// It may work the next time; the command shows the reason if it does not.
    TryAgain { diagnose: String },
}

/// Outcome of an agent that hookglass started.
struct Ended {
    was_up_for: Duration,
    can_start_again: bool,
}

struct Work {
    settings: Settings,
    state: watch::Sender<TunnelState>,
}

impl Work {
    async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => return,
            found = self.running() => if let Some(url) = found {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.watch(url) => {}
                }
                return;
            },
        }
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(ended) = self.run_agent(&stop).await else { return };
            if !ended.can_start_again {
                return;
            }
            if ended.was_up_for >= MAX_PAUSE {
                pause = FIRST_PAUSE;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// Runs an agent until it ends or no longer responds; none after `stop`.
    async fn run_agent(&self, stop: &CancellationToken) -> Option<Ended> {
        let kind = self.settings.kind;
        let Settings { address, secret_variables, .. } = &self.settings;
        let started = Agent::start(kind.as_str(), &kind.arguments(*address), secret_variables);
        let mut agent = match started {
            Ok(agent) => agent,
            Err(error) => {
                self.report(TunnelState::Failed(self.start_error(&error)));
                return None;
            }
        };
        let ended = tokio::select! {
            () = stop.cancelled() => None,
            ended = self.follow(&mut agent) => Some(ended),
        };
        agent.terminate().await;
        ended
    }

    /// Returns the URL of a running agent's tunnel to the listener.
    async fn running(&self) -> Option<String> {
        match self.settings.kind {
            TunnelKind::Cloudflared => None,
            TunnelKind::Ngrok => {
                ngrok::tunnel(&self.settings.ngrok_api, self.settings.address).await
            }
        }
    }

    /// Polls an agent that was already running.
    async fn watch(&self, url: String) {
        self.report(TunnelState::Up(url));
        loop {
            tokio::time::sleep(POLL_RUNNING).await;
            self.report(match self.running().await {
                Some(url) => TunnelState::Up(url),
                None => TunnelState::Failed(format!(
                    "the ngrok agent has stopped; run `ngrok http {}` again, or restart hookglass",
                    self.settings.address.port()
                )),
            });
        }
    }

    /// Reads the output of an agent that hookglass started, until it ends or no longer responds.
    async fn follow(&self, agent: &mut Agent) -> Ended {
        let kind = self.settings.kind;
        let mut last_error = String::new();
        let mut metrics = None;
        let mut up: Option<(String, Instant)> = None;
        let mut liveness = Liveness::default();
        let start_timeout = tokio::time::sleep(START_TIMEOUT);
        tokio::pin!(start_timeout);
        let mut polls = tokio::time::interval(POLL_RUNNING);
        let mut waiting = true;
        let ended = loop {
            let starting = up.is_none();
            let found = tokio::select! {
                biased;
                line = agent.line() => match line.map(|line| kind.parse_line(&line)) {
                    None => break format!("ended ({})", agent.status().await),
                    Some(AgentOutput::Url(url)) => Some(url),
                    Some(AgentOutput::Metrics(address)) => {
                        metrics = Some(address);
                        None
                    }
                    Some(AgentOutput::Error(text)) => {
                        last_error = text;
                        None
                    }
                    Some(AgentOutput::Other) => None,
                },
                // Not every version prints the URL, but its local API has it.
                url = self.poll_url(), if starting => Some(url),
                () = &mut start_timeout, if starting && waiting => {
                    waiting = false;
                    self.report(self.failure("is not up yet", &last_error));
                    None
                }
                _ = polls.tick(), if !starting => {
                    match liveness.next(self.pulse(agent, metrics).await) {
                        Reaction::None => {}
                        Reaction::Report => self.report(self.failure("does not respond", &last_error)),
                        Reaction::Restart => break "no longer responds".to_owned(),
                        Reaction::Recovered => if let Some((url, _)) = &up {
                            self.report(TunnelState::Up(url.clone()));
                        },
                    }
                    None
                }
            };
            if let Some(url) = found {
                let since = up.map_or_else(Instant::now, |(_, since)| since);
                up = Some((url.clone(), since));
                self.report(TunnelState::Up(url));
            }
        };
        self.report(self.failure(&ended, &last_error));
        Ended {
            was_up_for: up.map_or(Duration::ZERO, |(_, since)| since.elapsed()),
            can_start_again: matches!(
                kind.advice(&last_error, self.settings.address),
                Advice::TryAgain { .. }
            ),
        }
    }

    /// Checks an agent: it may be suspended, or have lost its connection, e.g. while the computer
    /// slept.
    async fn pulse(&self, agent: &Agent, metrics: Option<SocketAddr>) -> Pulse {
        if agent.is_suspended() {
            return Pulse::Suspended;
        }
        let is_connected = match self.settings.kind {
            TunnelKind::Ngrok => self.running().await.is_some(),
            TunnelKind::Cloudflared => match metrics {
                Some(metrics) => cloudflared::is_connected(metrics).await,
                None => return Pulse::Unknown,
            },
        };
        if is_connected { Pulse::Connected } else { Pulse::Disconnected }
    }

    async fn poll_url(&self) -> String {
        loop {
            tokio::time::sleep(POLL_STARTING).await;
            if let Some(url) = self.running().await {
                return url;
            }
        }
    }

    /// Describes a failure: what happened, the agent's last error, and what to do.
    fn failure(&self, what: &str, last_error: &str) -> TunnelState {
        let (kind, address) = (self.settings.kind, self.settings.address);
        let detail = if last_error.is_empty() { String::new() } else { format!(": {last_error}") };
        let next = match kind.advice(last_error, address) {
            Advice::Fix(fix) => fix.to_owned(),
            Advice::TryAgain { diagnose } => {
                format!("hookglass keeps trying; run `{diagnose}` to see why")
            }
        };
        TunnelState::Failed(format!("{} {what}{detail}; {next}", kind.as_str()))
    }

    fn report(&self, state: TunnelState) {
        self.state.send_if_modified(|before| {
            let changed = *before != state;
            if changed {
                // Not why it failed: an agent may print its token.
                let state = match &state {
                    TunnelState::Starting => "starting",
                    TunnelState::Up(_) => "up",
                    TunnelState::Failed(_) => "failed",
                };
                tracing::info!(kind = self.settings.kind.as_str(), state, "tunnel");
            }
            *before = state;
            changed
        });
    }

    fn start_error(&self, error: &std::io::Error) -> String {
        let kind = self.settings.kind;
        let (name, install) = (kind.as_str(), kind.install());
        if error.kind() == std::io::ErrorKind::NotFound {
            format!(
                "{name} is not installed or not on the PATH; get it from {install}, or point \
                 another tunnel at {} and pass its URL with --public-url",
                self.settings.address
            )
        } else {
            format!("{name} cannot be started: {error}; run `{name} version` to see why")
        }
    }
}
