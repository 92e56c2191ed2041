//! `hookglass listen`: connects the listener, the store, and a front end.

mod process_limits;
mod routing;

use std::io::{IsTerminal as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, FromArgMatches as _, ValueEnum};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::hub::PublishFlags;
use super::hub_report;
use super::keyring::{ProviderArgs, known_providers};
use super::place::Origin;
use super::session::watch_tasks;
use super::{CliError, StoreArgs, demo, session, signals};
use crate::app::Session;
use crate::config::{Config, Dashboard, ForwardTo, Keyring, SourceConfig};
use crate::dashboard::{self, Ended};
use crate::delivery::DeliveryId;
use crate::headless::{self, Format, HeadlessError};
use crate::hub::{Hub, HubOptions, Publisher, ReadFrom};
use crate::intake::{
    Controls, Diagnoser, FilterShare, Intake, PausedRequests, Publishing, Sequencer, learn_schemas,
};
use crate::listener::{self, BindError, Limits};
use crate::mcp::{ListenerOptions, SendPolicy};
use crate::ops::secrets::{ReloadedSecrets, SecretReload};
use crate::ops::{KnownProviders, retention};
use crate::outbound::Target;
use crate::output;
use crate::respond::Rulebook;
use crate::signature::{Credentials, CurrentVerifier, PublicUrl, SourceRoute, Verifier};
#[cfg(unix)]
use crate::store::ControlSocket;
use crate::store::{Follower, Keep, Store, StorePlace};
use crate::tunnel;
use routing::{RoutingArgs, RoutingPlan};
pub(super) use routing::{public_url, response_rule};

#[derive(Debug, Args)]
pub(super) struct ListenArgs {
    /// Address to listen on, or a port of 127.0.0.1; port 0 picks a free port [default:
    /// `$HOOKGLASS_BIND`, else 127.0.0.1:4400]
    #[arg(long, value_name = "[ADDR:]PORT", value_parser = parse_address)]
    bind: Option<SocketAddr>,
    #[command(flatten)]
    provider: ProviderArgs,
    #[command(flatten)]
    store: StoreArgs,
    /// Keep deliveries in a temporary store that is deleted on exit
    #[arg(long, conflicts_with = "store")]
    ephemeral: bool,
    /// Deliveries to keep: a count (`100k`), a total size (`10GiB`), or an age (`30d`); older ones
    /// are deleted unless they are marked [default: all]
    #[arg(long, value_name = "AMOUNT", value_parser = Keep::for_listener)]
    keep: Option<Keep>,
    /// Path whose requests come from one provider, PATH=PROVIDER; repeat for more. Takes precedence
    /// over `[[source]]` in the configuration
    #[arg(long, value_name = "PATH=PROVIDER")]
    source: Vec<SourceConfig>,
    #[command(flatten)]
    routing: RoutingArgs,
    #[command(flatten)]
    hub: PublishFlags,
    /// Maximum body size, e.g. 512KiB or 25MiB; larger requests get 413
    #[arg(long, value_name = "SIZE", default_value = "25MiB", value_parser = crate::units::parse_size)]
    max_body: u64,
    /// Print deliveries instead of showing the dashboard (default if stdout is not a terminal)
    #[arg(long)]
    headless: bool,
    /// Output format in headless mode
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    output: OutputFormat,
    /// Send signed sample events to itself, some of them tampered with; in the dashboard, a sample
    /// application responds, unless there is a target or a rule. Keeps nothing without --store
    #[arg(long)]
    demo: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// One JSON object per line
    #[default]
    Jsonl,
    /// One readable line per delivery
    Text,
}

const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 4400);

/// Variable with the address to listen on.
const BIND: &str = "HOOKGLASS_BIND";

/// Parses an address with a port, or a port of the loopback address: `4400`, `:4400`,
/// `localhost:4400`.
fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost").unwrap_or(text);
    let port =
        if port == text { text.strip_prefix(':').or(Some(text)) } else { port.strip_prefix(':') };
    if let Some(port) = port.and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::new(DEFAULT_ADDRESS.ip(), port));
    }
    text.parse().map_err(|_| {
        format!(
            "invalid address `{text}`: expected a port or an address with a port, e.g. 4400, \
             127.0.0.1:4400, [::1]:4400, or 0 for a free port"
        )
    })
}

impl ListenArgs {
    /// Returns the address to listen on; none for the default one.
    fn address(&self) -> Result<Option<SocketAddr>, CliError> {
        if self.bind.is_some() {
            return Ok(self.bind);
        }
        let text = std::env::var(BIND).ok().filter(|text| !text.is_empty());
        let address = text.map(|text| parse_address(&text)).transpose();
        address.map_err(|wrong| CliError::usage(format!("{BIND}: {wrong}")))
    }

    /// Returns notes about files that were found in parent folders.
    fn found(&self, place: &StorePlace) -> Vec<String> {
        let config = self.provider.config.place();
        let store = matches!(place, StorePlace::File(_)).then(|| self.store.place());
        let found = [Some(("configuration", config)), store.map(|store| ("store", store))];
        let found = found.into_iter().flatten().filter(|(_, one)| one.origin == Origin::Parent);
        found.map(|(what, one)| format!("{what}: {}", one.path.display())).collect()
    }
}

pub(super) fn run(args: ListenArgs) -> Result<(), CliError> {
    let config = args.provider.config.load()?;
    let keyring = keyring(&args.provider, args.demo, &config)?;
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::environment)?;
    let ended = runtime.block_on(async {
        process_limits::set();
        // From here on a signal shuts down in order, even right after the address is printed.
        let (editing, is_editing) = watch::channel(false);
        let signal = signals::caught(is_editing).map_err(CliError::environment)?;
        listen(args, config, keyring, signal, editing, None).await
    });
    // Neither an output that nobody reads nor a long search may delay the end.
    runtime.shutdown_background();
    ended
}

/// Returns the providers to listen for with their secrets. A demo always has a secret.
fn keyring(provider: &ProviderArgs, demo: bool, config: &Config) -> Result<Keyring, CliError> {
    if !demo {
        return provider.listening_keyring(config);
    }
    let mut keyring = provider.keyring_under(config)?;
    if keyring.candidates.iter().all(|credentials| credentials.secrets.is_empty()) {
        keyring
            .candidates
            .iter_mut()
            .for_each(|credentials| credentials.secrets.push(demo::secret()));
    }
    Ok(keyring)
}

/// A listener without a front end, in a process that does something else.
#[derive(Debug)]
pub(super) struct BackgroundListener {
    /// Gets its URLs and controls once it accepts requests.
    pub(super) ready: oneshot::Sender<StartedListener>,
    pub(super) stop: CancellationToken,
    /// Targets that the configuration may forward to.
    pub(super) send_policy: SendPolicy,
}

/// A listener that accepts requests.
#[derive(Debug)]
pub(super) struct StartedListener {
    pub(super) url: String,
    pub(super) public_url: PublicUrl,
    pub(super) controls: Controls,
    /// Targets, rules, and secret files of the configuration, and warnings.
    pub(super) notes: Vec<String>,
}

/// Runs a listener without a front end until it is stopped. Blocks.
pub(super) fn run_in_background(
    args: ListenArgs,
    background: BackgroundListener,
) -> Result<(), CliError> {
    let config = args.provider.config.load()?;
    let mut targets = config.forwards.iter().map(ForwardTo::target);
    if let Some(target) = targets.find(|target| !background.send_policy.allows(target)) {
        return Err(CliError::usage(format!(
            "the configuration forwards to {}, which is not a loopback address; start the server \
             with `hookglass mcp --allow-send {}`",
            target.origin(),
            target.origin()
        )));
    }
    let keyring = args.provider.listening_keyring(&config)?;
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::environment)?;
    let stopped = background.stop.clone().cancelled_owned();
    let (editing, _) = watch::channel(false);
    runtime.block_on(listen(args, config, keyring, stopped, editing, Some(background)))
}

impl ListenArgs {
    /// Returns the store of the deliveries. A demo keeps them in memory unless a store is named.
    fn place(&self) -> StorePlace {
        if self.ephemeral || (self.demo && self.store.store.is_none()) {
            StorePlace::Memory
        } else {
            StorePlace::File(self.store.path())
        }
    }

    /// Returns the sources of the flags, then those of the configuration with other paths.
    fn sources(&self, config: &Config) -> Vec<SourceConfig> {
        let flags = self.source.iter().map(|source| {
            let written = config.routes.iter().find(|one| one.path == source.path);
            let secrets = written.filter(|one| one.provider == source.provider);
            SourceConfig { secrets: secrets.and_then(|one| one.secrets.clone()), ..source.clone() }
        });
        let is_free = |one: &&SourceConfig| self.source.iter().all(|flag| flag.path != one.path);
        let written = config.routes.iter().filter(is_free).cloned();
        flags.chain(written).collect()
    }

    /// Returns the arguments of a listener on a loopback address.
    pub(super) fn in_background(
        options: &ListenerOptions,
        provider: ProviderArgs,
        store: PathBuf,
    ) -> Result<Self, String> {
        let ListenerOptions { port, provider: name, forward, rules, public_url, strict } = options;
        let mut words = vec![format!("--bind=127.0.0.1:{port}")];
        words.extend(forward.iter().map(|url| format!("--forward={url}")));
        words.extend(public_url.iter().map(|url| format!("--public-url={url}")));
        words.extend(strict.then(|| "--strict".to_owned()));
        let command = Self::augment_args(clap::Command::new("listen").no_binary_name(true));
        let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
        let mut args = Self::from_arg_matches(&matches).map_err(|error| error.to_string())?;
        args.routing.respond.clone_from(rules);
        let provider =
            ProviderArgs { provider: name.clone().or(provider.provider.clone()), ..provider };
        Ok(Self { provider, store: StoreArgs { store: Some(store) }, ..args })
    }
}

async fn listen(
    args: ListenArgs,
    config: Config,
    mut keyring: Keyring,
    signal: impl Future<Output = ()> + Send + 'static,
    editing: watch::Sender<bool>,
    background: Option<BackgroundListener>,
) -> Result<(), CliError> {
    // Bind first: if the port is in use, the store must stay untouched.
    let wanted = args.address()?;
    let listener = bind(&args, wanted).await.map_err(CliError::environment)?;
    let address = listener.local_addr().map_err(CliError::environment)?;
    let hub = open_hub(args.hub.options(&config.hub)?).await?;
    let url = format!("http://{address}");
    let dashboard = config.dashboard.clone();
    let mut known = known_providers(&config);
    let keep = args.keep.or(config.keep);
    let sources = args.sources(&config);
    let routes = keyring.routes(&sources, &config)?;
    let mut plan = args.routing.plan(config, &args.provider.config.path())?;
    plan.check(address)?;
    plan.check_hub(hub.is_some())?;
    let headless = background.is_none() && (args.headless || !std::io::stdout().is_terminal());
    let needs_application = args.demo && !headless && hub.is_none() && plan.is_default();
    let application = if needs_application { demo::bind_application().await } else { None };
    let application = application.map(|(listener, target)| {
        plan.forward_all_to(target);
        listener
    });
    let place = args.place();
    let own = keyring.candidates.iter().chain(routes.iter().flat_map(SourceRoute::credentials));
    known.secrets.extend(own.flat_map(|one| one.secrets.iter().cloned()));
    let (store, writer) = session::open_store(&place, url.clone()).await?;
    tracing::info!(%address, store = ?place, providers = keyring.candidates.len(), "listening");
    let Keyring { candidates, mut notes, warnings: found } = keyring;
    notes.extend(args.found(&place));
    notes.extend(plan.announced.clone());
    let warnings = warnings(found.into_iter().chain(plan.warnings(headless)).collect(), address);
    notes.extend(hub.as_ref().map(|hub| session::hub_note("publishing to", hub)));
    if headless {
        writeln!(output::stderr(), "listening on {url}")?;
        session::print_notes(notes.iter().chain(&warnings))?;
    }
    let session = Session {
        forward: plan.main_target(),
        insecure: plan.is_insecure(),
        demo: args.demo,
        keeps: session::storage(&place),
        ..described(&candidates, &sources, &url)
    };
    let public_url = plan.public_url();
    let verifier = CurrentVerifier::new(verifier(candidates, routes, &public_url));
    let reload = reload(&args, sources, public_url.clone());
    let routing = Routing { plan, address, public_url };
    let front = ListenSession {
        args,
        routing,
        verifier,
        reload,
        known,
        store,
        session,
        dashboard,
        notes,
        warnings,
        headless,
        background,
        editing,
        keeps_running: signals::is_hangup_ignored(),
        keep,
        place,
        hub,
        application,
    };
    // Boxed because the future holds the state of every front end.
    let outcome = Box::pin(front.run(listener, signal)).await;
    session::close_store(writer).await?;
    outcome
}

/// Connects to the hub that deliveries are published to, if there is one.
async fn open_hub(options: Option<HubOptions>) -> Result<Option<Hub>, CliError> {
    let Some(options) = options else { return Ok(None) };
    // Boxed because the future holds the state of the connection.
    let hub = Box::pin(Hub::open_for_publishing(options)).await;
    hub.map(Some).map_err(CliError::environment)
}

/// Binds the address. The demo uses another port if the default one is in use.
async fn bind(args: &ListenArgs, wanted: Option<SocketAddr>) -> Result<TcpListener, BindError> {
    match listener::bind(wanted.unwrap_or(DEFAULT_ADDRESS)).await {
        Err(BindError::Taken(address)) if args.demo && wanted.is_none() => {
            listener::bind(SocketAddr::new(address.ip(), 0)).await
        }
        bound => bound,
    }
}

fn warnings(mut warnings: Vec<String>, address: SocketAddr) -> Vec<String> {
    if !address.ip().is_loopback() {
        warnings.push(format!(
            "listening on {address}, reachable from other machines; everything they send is stored"
        ));
    }
    warnings
}

/// Describes providers and sources to the user. The other facts are added by the caller.
fn described(candidates: &[Credentials], sources: &[SourceConfig], url: &str) -> Session {
    let names: Vec<&str> =
        candidates.iter().map(|credentials| credentials.provider.title.as_str()).collect();
    let secrets = candidates.iter().flat_map(|credentials| &credentials.secrets);
    let mut secret_env: Vec<&str> =
        candidates.iter().map(|credentials| credentials.provider.secret_env.as_str()).collect();
    // Providers may share one.
    secret_env.dedup();
    let is_any = names.len() > 3;
    let names = if is_any { vec!["any provider"] } else { names };
    let paths = sources.iter().map(|source| source.path.as_str());
    Session {
        url: url.to_owned(),
        provider: names.into_iter().chain(paths).collect::<Vec<_>>().join(", "),
        secret_env: if is_any {
            "e.g. STRIPE_WEBHOOK_SECRET".to_owned()
        } else {
            secret_env.join(", ")
        },
        secrets: secrets.map(|secret| secret.name().to_owned()).collect(),
        ..Session::default()
    }
}

fn verifier(
    candidates: Vec<Credentials>,
    routes: Vec<SourceRoute>,
    public_url: &PublicUrl,
) -> Verifier {
    let verifier = Verifier::new(candidates).with_public_url(public_url.clone());
    verifier.assuming_only_secret().with_sources(routes)
}

/// Returns what reads the secrets of a listener again.
fn reload(args: &ListenArgs, sources: Vec<SourceConfig>, public_url: PublicUrl) -> SecretReload {
    let (provider, demo) = (args.provider.clone(), args.demo);
    SecretReload::new(move || {
        let read = || -> Result<ReloadedSecrets, CliError> {
            provider.secrets.require_files()?;
            let config = provider.config.load()?;
            let mut keyring = keyring(&provider, demo, &config)?;
            let routes = keyring.routes(&sources, &config)?;
            let Keyring { candidates, warnings, .. } = keyring;
            Ok(ReloadedSecrets { verifier: verifier(candidates, routes, &public_url), warnings })
        };
        read().map_err(|error| error.to_string())
    })
}

/// Rules, targets, and the public address.
struct Routing {
    plan: RoutingPlan,
    /// Address of the listener.
    address: SocketAddr,
    public_url: PublicUrl,
}

/// Stages of the shutdown, in order.
#[derive(Clone, Default)]
struct Shutdown {
    /// Shutdown has been requested.
    stop: CancellationToken,
    /// The last request has its response.
    answered: CancellationToken,
    /// The last cause has been searched for, so that headless output includes it.
    finished: CancellationToken,
}

/// Everything that runs until shutdown.
struct ListenSession {
    args: ListenArgs,
    routing: Routing,
    verifier: CurrentVerifier,
    reload: SecretReload,
    known: KnownProviders,
    store: Store,
    session: Session,
    dashboard: Dashboard,
    notes: Vec<String>,
    warnings: Vec<String>,
    headless: bool,
    background: Option<BackgroundListener>,
    editing: watch::Sender<bool>,
    /// The listener keeps running after its terminal is closed.
    keeps_running: bool,
    /// Deliveries to keep.
    keep: Option<Keep>,
    place: StorePlace,
    /// Deliveries are published there.
    hub: Option<Hub>,
    /// Socket of the application of a demo.
    application: Option<TcpListener>,
}

impl ListenSession {
    async fn run(
        mut self,
        listener: TcpListener,
        signal: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), CliError> {
        let ends = Shutdown::default();
        let stop = ends.stop.clone();
        // Only if it is read: what a follower has not taken stays in memory.
        let follower = self.headless.then(|| self.store.follow()).transpose();
        let follower = follower.map_err(CliError::environment)?;
        let last = self.store.reader().and_then(|reader| reader.last_id());
        let last = last.map_err(CliError::environment)?;
        let own: Target = self.session.url.parse().map_err(CliError::environment)?;
        let mut tasks = JoinSet::new();
        let (intake, controls) = self.intake(&mut tasks, ends.clone())?;
        self.maintain(&mut tasks, &controls.rules, &stop);
        if let Some(hub) = &self.hub {
            let (hub, store) = (hub.clone(), self.store.clone());
            self.args.hub.flags().share(&mut tasks, hub, store, ReadFrom::Now, &stop).await?;
        }
        let Routing { plan, address, public_url } = &self.routing;
        let hidden = self.known.secret_variables();
        let tunnel = plan.tunnel(&mut tasks, *address, hidden, public_url.clone(), &stop);
        self.accept(&mut tasks, listener, intake, &ends);
        session::stop_at_signal(&mut tasks, signal, &stop);
        if self.args.demo
            && let Some(credentials) = self.verifier.get().candidates().first()
        {
            tasks.spawn(demo::run(credentials.clone(), own.clone(), stop.clone()));
        }
        if let Some(listener) = self.application.take() {
            let (verifier, stop) = (self.verifier.clone(), ends.answered.clone());
            tasks.spawn(demo::run_application(listener, verifier, stop));
        }
        let ended = if let Some(background) = self.background.take() {
            self.serve_in_background(&mut tasks, background, controls).await
        } else if let Some(follower) = follower {
            if let Some(states) = tunnel {
                tasks.spawn(routing::report_tunnel(states));
            }
            self.print(&mut tasks, follower, last, ends).await
        } else {
            self.show(&mut tasks, self.dashboard(own, controls, tunnel), &stop).await
        };
        session::end_tasks(tasks, &stop).await;
        ended
    }

    /// Starts to accept connections.
    fn accept(
        &self,
        tasks: &mut JoinSet<()>,
        listener: TcpListener,
        intake: Arc<Intake>,
        ends: &Shutdown,
    ) {
        let (limits, stop, answered) = (self.limits(), ends.stop.clone(), ends.answered.clone());
        tasks.spawn(async move {
            let take = move |received| {
                let intake = Arc::clone(&intake);
                async move { intake.handle(received).await }
            };
            listener::serve(listener, limits, take, stop).await;
            answered.cancel();
        });
    }

    /// Hands the controls to the process around the listener, and waits until it is stopped.
    async fn serve_in_background(
        &self,
        tasks: &mut JoinSet<()>,
        background: BackgroundListener,
        controls: Controls,
    ) -> Result<(), CliError> {
        let BackgroundListener { ready, stop, .. } = background;
        let notes = self.notes.iter().chain(&self.warnings).cloned().collect();
        let (url, public_url) = (self.session.url.clone(), self.routing.public_url.clone());
        // The receiver is gone only if the process ends.
        let _ = ready.send(StartedListener { url, public_url, controls, notes });
        watch_tasks(stop.cancelled_owned(), tasks).await;
        Ok(())
    }

    /// Prints deliveries after `last` until shutdown.
    async fn print(
        &self,
        tasks: &mut JoinSet<()>,
        follower: Follower,
        last: DeliveryId,
        ends: Shutdown,
    ) -> Result<(), CliError> {
        let (store, stop) = (self.store.clone(), ends.stop);
        tasks.spawn(async move {
            tokio::select! {
                () = headless::report_store_errors(&store) => {}
                () = stop.cancelled() => {}
            }
        });
        let format = Format::from(self.args.output);
        let mask = format.mask(&self.known.secrets);
        let printing = headless::run(&self.store, last, follower, format, mask, ends.finished);
        watch_tasks(printing, tasks).await.map_err(CliError::from)
    }

    /// Shows the dashboard until it is quit or its terminal is closed.
    async fn show(
        &self,
        tasks: &mut JoinSet<()>,
        setup: dashboard::Setup,
        stop: &CancellationToken,
    ) -> Result<(), CliError> {
        let showing = dashboard::run(setup, stop.clone());
        let ended = watch_tasks(showing, tasks).await.map_err(CliError::environment)?;
        if ended == Ended::TerminalClosed && self.keeps_running {
            tracing::info!("the terminal was closed; receiving continues");
            watch_tasks(stop.cancelled(), tasks).await;
        }
        Ok(())
    }

    fn intake(
        &self,
        tasks: &mut JoinSet<()>,
        ends: Shutdown,
    ) -> Result<(Arc<Intake>, Controls), CliError> {
        let Shutdown { stop, answered, finished } = ends;
        let (diagnoser, work) = Diagnoser::new(self.verifier.clone(), self.store.clone(), answered);
        tasks.spawn(async move {
            work.await;
            finished.cancel();
        });
        tasks.spawn(learn_schemas(self.store.clone(), stop.clone()));
        let plan = &self.routing.plan;
        let forwards = plan.forwards(tasks, self.store.clone(), self.routing.address, &stop);
        let rules = Rulebook::new(plan.rules.iter().cloned());
        let paused = PausedRequests::new(stop.clone());
        let (sequencer, work) =
            Sequencer::new(self.store.clone(), rules.clone(), Arc::clone(&forwards));
        tasks.spawn(work);
        let controls =
            Controls { rules: rules.clone(), paused: paused.clone(), targets: forwards.targets() };
        let publishing = match &self.hub {
            None => None,
            Some(hub) => {
                let publisher = Publisher::new(hub.clone());
                let (store, stopping) = (self.store.clone(), stop.clone());
                let (publishing, work) = Publishing::new(publisher, store, stopping)?;
                tasks.spawn(work);
                if self.headless {
                    tasks.spawn(hub_report::report(hub.status(), stop.clone()));
                }
                Some(publishing)
            }
        };
        let intake = Intake {
            verifier: self.verifier.clone(),
            diagnoser,
            store: self.store.clone(),
            sequencer,
            rules,
            forwards,
            paused,
            policy: plan.policy(&self.verifier.get()),
            filter_share: FilterShare::default(),
            publishing,
            stop,
        };
        Ok((Arc::new(intake), controls))
    }

    /// Starts to delete old deliveries, and to take requests of other processes.
    fn maintain(&self, tasks: &mut JoinSet<()>, rules: &Rulebook, stop: &CancellationToken) {
        if let Some(keep) = self.keep {
            #[expect(clippy::disallowed_methods, reason = "an age is relative to now")]
            let now = Timestamp::now;
            tasks.spawn(retention::keep_within(self.store.clone(), keep, now, stop.clone()));
        }
        #[cfg(unix)]
        if let StorePlace::File(path) = &self.place {
            match ControlSocket::bind(path) {
                Ok(socket) => {
                    tasks.spawn(socket.serve(self.store.clone(), rules.clone(), stop.clone()));
                }
                // Only commands beside the listener need it.
                Err(error) => tracing::warn!(%error, "cannot take requests of other commands"),
            }
        }
    }

    fn limits(&self) -> Limits {
        let usual = Limits::default();
        let max_connections = process_limits::connections(usual.max_connections);
        Limits { max_body: self.args.max_body, max_connections, ..usual }
    }

    fn dashboard(
        &self,
        own: Target,
        controls: Controls,
        tunnel: Option<watch::Receiver<tunnel::TunnelState>>,
    ) -> dashboard::Setup {
        dashboard::Setup {
            controls,
            tunnel,
            hub: self.hub.as_ref().map(Hub::status),
            session: self.session.clone(),
            preferences: self.dashboard.preferences.clone(),
            theme: self.dashboard.theme,
            glyphs: session::glyphs(&self.dashboard),
            config: self.args.provider.config.path(),
            store: self.store.clone(),
            verifier: self.verifier.clone(),
            reload: self.reload.clone(),
            known: self.known.clone(),
            own,
            notes: self.notes.clone(),
            warnings: self.warnings.clone(),
            editing: self.editing.clone(),
        }
    }
}

impl From<OutputFormat> for Format {
    fn from(output: OutputFormat) -> Self {
        match output {
            OutputFormat::Jsonl => Self::Jsonl,
            OutputFormat::Text => Self::Text,
        }
    }
}

impl From<HeadlessError> for CliError {
    fn from(error: HeadlessError) -> Self {
        match error {
            HeadlessError::Output(error) => error.into(),
            HeadlessError::Store(error) => Self::environment(error),
            error @ HeadlessError::Unread => Self::environment(error),
        }
    }
}
