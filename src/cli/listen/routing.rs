//! Responses, rules, targets, and tunnels, from flags and configuration.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cli::{CliError, selection};
use crate::config::{Config, ForwardTo};
use crate::delivery::Header;
use crate::input_file;
use crate::intake::{Forward, Forwards, Policy, Proxies, Strict};
use crate::outbound::{
    Client, ForwardOptions, Forwarder, ResponseTimeout, Target, TargetError, added_header,
};
use crate::output;
use crate::respond::{MAX_FILE, ResponseRule, RuleError};
use crate::secret::Secret;
use crate::signature::{Handshakes, PublicUrl, Verifier};
use crate::store::Store;
use crate::tunnel;

#[derive(Debug, Args)]
pub(super) struct RoutingArgs {
    #[command(flatten)]
    forward: ForwardArgs,
    /// Respond with a script, e.g. 500, `503;retry-after=5`, 500x2,200, 10%:500, timeout, close,
    /// hold, or hub:NAME; 'type:message.* => 500' applies to matching deliveries only. Takes
    /// precedence over rules in the configuration (see `hookglass help respond`)
    #[arg(long, value_name = "SPEC", value_parser = response_rule)]
    pub(super) respond: Vec<Arc<ResponseRule>>,
    /// Respond with 401 unless the signature is verified
    #[arg(long)]
    strict: bool,
    /// Do not answer provider URL-verification requests
    #[arg(long)]
    no_handshake: bool,
    #[command(flatten)]
    tunnel: TunnelArgs,
}

#[derive(Debug, Args)]
struct ForwardArgs {
    /// Forward each delivery to this URL, or port of localhost, and return its response to the
    /// client. Repeat to forward to more URLs; their responses are stored. `hub:NAME` asks the
    /// program NAME on the hub for the response first
    #[arg(long, value_name = "URL")]
    forward: Vec<ForwardFlag>,
    /// Keep the delivery's `Host` header when forwarding
    #[arg(long, requires = "forward")]
    preserve_host: bool,
    /// Header to add when forwarding, 'Name: value'
    #[arg(long, value_name = "HEADER", requires = "forward", value_parser = added_header)]
    add_header: Vec<Header>,
    /// Time that the target has to respond, e.g. 10m for a debugger, or `none`; the client gets 504
    /// after it, and a later response is recorded [default: 30s]
    #[arg(long, value_name = "TIME", requires = "forward")]
    forward_timeout: Option<ResponseTimeout>,
    /// Forward only deliveries that match this filter, e.g. '.user:42'; others are stored (see
    /// `hookglass help filters`)
    #[arg(long, value_name = "FILTER")]
    only: Option<String>,
    /// Accept any TLS certificate when forwarding, e.g. a self-signed one
    #[arg(long, requires = "forward")]
    insecure: bool,
}

#[derive(Debug, Args)]
struct TunnelArgs {
    /// Make the listener reachable from the internet through ngrok or cloudflared; uses a running
    /// agent or starts one
    #[arg(long, value_name = "AGENT", conflicts_with = "public_url")]
    tunnel: Option<tunnel::TunnelKind>,
    /// Public URL registered with the provider, for schemes that sign it and for other tunnels or
    /// proxies
    #[arg(long, value_name = "URL", value_parser = public_url)]
    public_url: Option<String>,
}

/// Destination of `--forward`.
#[derive(Debug, Clone)]
enum ForwardFlag {
    Target(Target),
    /// A rule that asks a program on the hub.
    Hub(Arc<ResponseRule>),
}

impl ForwardFlag {
    fn target(&self) -> Option<&Target> {
        match self {
            Self::Target(target) => Some(target),
            Self::Hub(_) => None,
        }
    }

    fn rule(&self) -> Option<&Arc<ResponseRule>> {
        match self {
            Self::Target(_) => None,
            Self::Hub(rule) => Some(rule),
        }
    }
}

impl FromStr for ForwardFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("hub:") {
            return response_rule(text).map(Self::Hub).map_err(|error| error.to_string());
        }
        text.parse().map(Self::Target).map_err(|error: TargetError| error.to_string())
    }
}

/// Parses a rule of `--respond`.
pub(in crate::cli) fn response_rule(text: &str) -> Result<Arc<ResponseRule>, RuleError> {
    ResponseRule::read(text, &|name| input_file::read(Path::new(name), MAX_FILE)).map(Arc::new)
}

/// Parses a public URL.
pub(in crate::cli) fn public_url(text: &str) -> Result<String, String> {
    if !text.contains("://") {
        return Err(format!(
            "invalid URL `{text}`: expected the URL as registered, e.g. https://example.com/hooks"
        ));
    }
    // Parse to validate only: the provider signs the text as written.
    text.parse::<Target>().map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// Combined result of flags and configuration.
pub(super) struct RoutingPlan {
    forwards: Vec<ForwardTo>,
    pub(super) rules: Vec<Arc<ResponseRule>>,
    strict: bool,
    handshakes: bool,
    tunnel: Option<tunnel::TunnelKind>,
    ngrok_api: Vec<Target>,
    public_url: Option<String>,
    /// Effects of the configuration that the user may not expect, because someone else wrote it.
    pub(super) announced: Option<String>,
}

impl RoutingArgs {
    /// Combines the flags with the configuration. Flags take precedence.
    pub(super) fn plan(&self, config: Config, path: &Path) -> Result<RoutingPlan, CliError> {
        let announced = announcement(&config, path);
        let ForwardArgs { forward, preserve_host, add_header, insecure, forward_timeout, only } =
            &self.forward;
        let manner = ForwardOptions {
            preserve_host: *preserve_host,
            add_headers: add_header.clone(),
            insecure: *insecure,
        };
        let timeout = forward_timeout.unwrap_or_default();
        let flags = forward.iter().filter_map(ForwardFlag::target);
        let flags = flags
            .map(|url| ForwardTo::everything(url.clone(), manner.clone()).with_timeout(timeout));
        let mut forwards: Vec<ForwardTo> = flags.chain(config.forwards).collect();
        if let Some(only) = only {
            if forwards.is_empty() {
                return Err(CliError::usage(
                    "--only needs a target to forward to: add --forward URL",
                ));
            }
            let only = selection::parse(only)?;
            forwards = forwards.into_iter().map(|forward| forward.only(only.clone())).collect();
        }
        let asking = forward.iter().filter_map(ForwardFlag::rule).cloned();
        let written = config.rules.into_iter().map(Arc::new);
        Ok(RoutingPlan {
            forwards,
            rules: self.respond.iter().cloned().chain(written).chain(asking).collect(),
            strict: self.strict || config.switches.strict,
            handshakes: !self.no_handshake && config.switches.handshakes,
            tunnel: self.tunnel.tunnel,
            ngrok_api: config.ngrok_api,
            public_url: self.tunnel.public_url.clone(),
            announced,
        })
    }
}

/// Describes what a configuration sends where, and which files it reads.
fn announcement(config: &Config, path: &Path) -> Option<String> {
    let targets = config.forwards.iter().map(|forward| match &forward.filter {
        filter if filter.is_all() => forward.target().to_string(),
        filter => format!("{} ({filter})", forward.target()),
    });
    let responses = config.rules.iter().flat_map(|rule| rule.files().iter().cloned());
    let secrets = config.secret_files().map(|file| file.display().to_string());
    let parts = [
        ("forwards to", targets.collect::<Vec<_>>()),
        ("responds with the content of", responses.collect()),
        ("reads secrets from", secrets.collect()),
    ];
    let parts = parts.into_iter().filter(|(_, objects)| !objects.is_empty());
    let parts: Vec<String> =
        parts.map(|(verb, objects)| format!("{verb} {}", objects.join(", "))).collect();
    (!parts.is_empty()).then(|| format!("{} {}", path.display(), parts.join("; ")))
}

impl RoutingPlan {
    /// Returns whether every delivery gets the default response.
    pub(super) fn is_default(&self) -> bool {
        self.forwards.is_empty() && self.rules.is_empty()
    }

    pub(super) fn forward_all_to(&mut self, target: Target) {
        self.forwards.push(ForwardTo::everything(target, ForwardOptions::default()));
    }

    /// Returns the first target without a filter, the most likely one for a resend.
    pub(super) fn main_target(&self) -> Option<String> {
        let whole = self.forwards.iter().find(|forward| forward.filter.is_all());
        whole.or(self.forwards.first()).map(|forward| forward.target().to_string())
    }

    /// Rejects a target that is the listener itself, which would forward in an endless loop.
    pub(super) fn check(&self, address: SocketAddr) -> Result<(), CliError> {
        let own = self.forwards.iter().map(ForwardTo::target).find(|one| one.leads_to(address));
        own.map_or(Ok(()), |target| {
            Err(CliError::usage(format!(
                "{target} is this listener, which would be a loop; forward to the address of your \
                 application"
            )))
        })
    }

    /// Rejects a rule that asks a program on the hub if no hub is configured.
    pub(super) fn check_hub(&self, has_hub: bool) -> Result<(), CliError> {
        let asking = self.rules.iter().find(|rule| !has_hub && rule.asks_hub());
        asking.map_or(Ok(()), |rule| {
            let why = format!("`{rule}` asks a program on a hub; name the hub with --hub");
            Err(CliError::usage(why))
        })
    }

    /// Returns true if the certificate of a target is not checked.
    pub(super) fn is_insecure(&self) -> bool {
        self.forwards.iter().any(|forward| forward.target().is_insecure())
    }

    /// Returns warnings about targets, and about rules if there is no dashboard.
    pub(super) fn warnings(&self, headless: bool) -> Vec<String> {
        let insecure = self.forwards.iter().map(ForwardTo::target).filter(Target::is_insecure);
        let warned =
            insecure.map(|target| format!("the certificate of {target} is not checked (insecure)"));
        let holding = self.rules.iter().filter(|rule| headless && rule.holds());
        let held = holding.map(|rule| {
            format!(
                "the rule `{rule}` pauses requests, which only the dashboard can release; without \
                 it, they get 503 when hookglass stops, and later deliveries are printed only then"
            )
        });
        warned.chain(held).collect()
    }

    pub(super) fn policy(&self, verifier: &Verifier) -> Policy {
        let proxies = match (&self.tunnel, &self.public_url) {
            (Some(_), _) => Proxies::Local,
            (None, Some(_)) => Proxies::Any,
            (None, None) => Proxies::None,
        };
        Policy {
            handshakes: self.handshakes.then(|| Handshakes::new(tokens(verifier))),
            strict: self.strict.then(Strict::default),
            proxies,
        }
    }

    pub(super) fn public_url(&self) -> PublicUrl {
        PublicUrl::new(self.public_url.clone())
    }

    /// Starts forwarding to the targets, until shortly after `stop`.
    pub(super) fn forwards(
        &self,
        tasks: &mut JoinSet<()>,
        store: Store,
        address: SocketAddr,
        stop: &CancellationToken,
    ) -> Arc<Forwards> {
        let client = Client::new().without_loop_to(address);
        let forwards = self.forwards.iter().map(|one| {
            let client = client.clone().with_response_timeout(one.timeout);
            let (forwarder, work) =
                Forwarder::with_retry(client, one.target(), one.pace(), one.retry, stop.clone());
            tasks.spawn(work);
            Forward { filter: one.filter.clone(), forwarder }
        });
        let (forwards, keeping) = Forwards::new(forwards.collect(), store);
        tasks.spawn(keeping);
        Arc::new(forwards)
    }

    /// Starts the configured tunnel, until `stop`. Its URL becomes the public URL.
    pub(super) fn tunnel(
        &self,
        tasks: &mut JoinSet<()>,
        address: SocketAddr,
        secret_variables: Vec<OsString>,
        public_url: PublicUrl,
        stop: &CancellationToken,
    ) -> Option<watch::Receiver<tunnel::TunnelState>> {
        let settings = tunnel::Settings {
            kind: self.tunnel?,
            address,
            ngrok_api: self.ngrok_api.clone(),
            secret_variables,
        };
        let (mut states, work) = tunnel::open(settings, stop.clone());
        tasks.spawn(work);
        let (sender, receiver) = watch::channel(tunnel::TunnelState::Starting);
        tasks.spawn(async move {
            loop {
                let state = states.borrow_and_update().clone();
                // Set it before reporting it: deliveries may arrive as soon as the URL is known.
                if let tunnel::TunnelState::Up(url) = &state {
                    public_url.set(Some(url.clone()));
                }
                sender.send_replace(state);
                if states.changed().await.is_err() {
                    return;
                }
            }
        });
        Some(receiver)
    }
}

/// Prints the state of the tunnel on standard error.
pub(super) async fn report_tunnel(mut states: watch::Receiver<tunnel::TunnelState>) {
    loop {
        let line = match &*states.borrow_and_update() {
            tunnel::TunnelState::Starting => None,
            tunnel::TunnelState::Up(url) => Some(format!("public URL: {url}")),
            tunnel::TunnelState::Failed(reason) => Some(format!("no tunnel: {reason}")),
        };
        if let Some(line) = line {
            // Standard error may be closed; the listener continues.
            let _ = writeln!(output::stderr(), "hookglass: {line}");
        }
        if states.changed().await.is_err() {
            return;
        }
    }
}

/// Reads the handshake tokens from their environment variables.
fn tokens(verifier: &Verifier) -> Vec<Secret> {
    let handshakes =
        verifier.all_candidates().flat_map(|credentials| &credentials.provider.handshakes);
    let variables = handshakes.filter_map(|handshake| Some(handshake.token.as_ref()?.env.as_str()));
    let set = variables.filter_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
        Some(Secret::new(name, value))
    });
    set.collect()
}
