//! `hookglass attach`: shows and forwards the deliveries of a hub.

mod respond;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::hub::{self, HubFlags};
use super::hub_report;
use super::keyring::{ProviderArgs, known_providers};
use super::listen::{OutputFormat, public_url, response_rule};
use super::selection::FilterArgs;
use super::session::watch_tasks;
use super::{CliError, place, session, signals};
use crate::app::Session;
use crate::config::{Config, Keyring};
use crate::dashboard;
use crate::filter::Filter;
use crate::headless::{self, Format};
use crate::hub::{Hub, HubServers, ReadFrom};
use crate::intake::{Controls, Diagnoser};
use crate::ops::attach::{AttachError, Attachment};
use crate::ops::hub_responses::HubResponses;
use crate::ops::secrets::{ReloadedSecrets, SecretReload};
use crate::ops::{KnownProviders, retention};
use crate::outbound::Target;
use crate::output::{self, MaskingWriter};
use crate::respond::ResponseRule;
use crate::secret::SecretMask;
use crate::signature::{Credentials, CurrentVerifier, PublicUrl, SourceRoute, Verifier};
use crate::store::{HubDelivery, Keep, Store, StorePlace};
use crate::units;
use respond::Responding;

#[derive(Debug, Args)]
pub(super) struct AttachArgs {
    /// NATS servers of the hub, e.g. `nats://127.0.0.1:4222`; several separated by commas
    #[arg(value_name = "URL[,URL…]")]
    servers: HubServers,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    hub: HubFlags,
    /// Where to begin: `now`, `all`, a sequence of the stream, or a time such as 2h or
    /// 2026-11-23T17:00:00Z [default: where the last run ended, else now]
    #[arg(long, value_name = "POSITION")]
    from: Option<Position>,
    /// Forward each delivery that matches to this URL, or port of localhost; repeat for more
    #[arg(long, value_name = "URL")]
    forward: Vec<Target>,
    /// Respond to requests for `hub:NAME` with a script instead of a target, as `hookglass listen
    /// --respond` does
    #[arg(long, value_name = "SPEC", value_parser = response_rule)]
    respond: Vec<Arc<ResponseRule>>,
    #[command(flatten)]
    provider: ProviderArgs,
    /// Public URL of the listener, for schemes that sign it
    #[arg(long, value_name = "URL", value_parser = public_url)]
    public_url: Option<String>,
    /// File for the copy of the stream [default: .hookglass/hub-STREAM.db]
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
    /// Keep the copy in a temporary store that is deleted on exit
    #[arg(long, conflicts_with = "store")]
    ephemeral: bool,
    /// Deliveries to keep in the copy: a count (`100k`), a total size (`10GiB`), or an age (`30d`)
    #[arg(long, value_name = "AMOUNT", default_value = "2GiB", value_parser = Keep::for_listener)]
    keep: Keep,
    /// Print deliveries instead of showing the dashboard (default if stdout is not a terminal)
    #[arg(long)]
    headless: bool,
    /// Output format in headless mode
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    output: OutputFormat,
}

impl AttachArgs {
    fn is_headless(&self) -> bool {
        self.headless || !std::io::stdout().is_terminal()
    }
}

/// Position of `--from`.
#[derive(Debug, Clone, Copy)]
struct Position(ReadFrom);

impl FromStr for Position {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix('#').unwrap_or(text).parse().ok();
        let position = match text {
            "now" => Some(ReadFrom::Now),
            "all" => Some(ReadFrom::Start),
            _ => number.map(ReadFrom::Sequence).or_else(|| time(text).map(ReadFrom::Time)),
        };
        position.map(Self).ok_or_else(|| {
            format!(
                "invalid position `{text}`: expected now, all, a sequence (123), an age (2h), or a \
                 time (2026-11-23T17:00:00Z)"
            )
        })
    }
}

/// Parses a time, or an age before now.
fn time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let age = units::parse_duration(text).ok()?;
    #[expect(clippy::disallowed_methods, reason = "an age counts from now")]
    let now = Timestamp::now();
    now.checked_sub(age).ok()
}

/// Deliveries that may wait to be printed.
const UNPRINTED: usize = 64;

/// Base of copied commands and exports without a target.
const LISTENER: &str = "http://127.0.0.1:4400";

impl From<AttachError> for CliError {
    fn from(error: AttachError) -> Self {
        Self::environment(error)
    }
}

pub(super) fn run(args: AttachArgs) -> Result<(), CliError> {
    let config = args.provider.config.load()?;
    let keyring = args.provider.listening_keyring(&config)?;
    let filter = args.filter.filter()?;
    let headless = args.is_headless();
    if let Some(rule) = args.respond.iter().find(|rule| rule.asks_hub()) {
        let why = format!("`{rule}` asks another program; an attached one responds itself");
        return Err(CliError::usage(why));
    }
    if let Some(rule) = args.respond.iter().find(|rule| headless && rule.holds()) {
        let why = format!("`{rule}` pauses requests, which only the dashboard can release");
        return Err(CliError::usage(why));
    }
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::environment)?;
    let ended = runtime.block_on(async {
        let (editing, is_editing) = watch::channel(false);
        let signal = signals::caught(is_editing).map_err(CliError::environment)?;
        // Boxed because the future holds the state of every front end.
        Box::pin(attach(args, config, keyring, filter, signal, editing)).await
    });
    runtime.shutdown_background();
    ended
}

async fn attach(
    args: AttachArgs,
    config: Config,
    mut keyring: Keyring,
    filter: Filter,
    signal: impl Future<Output = ()> + Send + 'static,
    editing: watch::Sender<bool>,
) -> Result<(), CliError> {
    let options = args.hub.options(args.servers.clone(), &config.hub, hub::person())?;
    let hub = Hub::open_for_reading(options).await.map_err(CliError::environment)?;
    let place = match &args.store {
        _ if args.ephemeral => StorePlace::Memory,
        Some(path) => StorePlace::File(path.clone()),
        None => StorePlace::File(place::hub_copy(hub.stream_name())),
    };
    let holder = format!("attached to {}", hub.servers());
    let (store, writer) = session::open_store(&place, holder).await?;
    let mut known = known_providers(&config);
    let sources = keyring.routes(&config.routes, &config)?;
    let own = keyring.candidates.iter().flat_map(|one| one.secrets.iter().cloned());
    known.secrets.extend(own);
    let Keyring { candidates, mut notes, warnings } = keyring;
    let secrets = candidates.iter().flat_map(|one| &one.secrets);
    let secrets: Vec<String> = secrets.map(|secret| secret.name().to_owned()).collect();
    let verifier = verifier(candidates, sources, args.public_url.clone());
    let reload = reload(args.provider.clone(), args.public_url.clone());
    notes.push(session::hub_note("attached to", &hub));
    let session = Session {
        url: hub.servers(),
        provider: format!("stream {}", hub.stream_name()),
        secret_env: "e.g. STRIPE_WEBHOOK_SECRET".to_owned(),
        secrets,
        forward: args.forward.first().map(ToString::to_string),
        keeps: session::storage(&place),
        demo: false,
        insecure: false,
        filter: filter.to_string(),
    };
    let front = AttachSession {
        headless: args.is_headless(),
        args,
        config,
        hub,
        store,
        verifier: CurrentVerifier::new(verifier),
        reload,
        known,
        filter,
        session,
        listener: LISTENER.parse().map_err(CliError::environment)?,
        notes,
        warnings,
        editing,
    };
    let outcome = front.run(signal).await;
    session::close_store(writer).await?;
    outcome
}

fn verifier(
    candidates: Vec<Credentials>,
    sources: Vec<SourceRoute>,
    public_url: Option<String>,
) -> Verifier {
    let verifier = Verifier::new(candidates).with_public_url(PublicUrl::new(public_url));
    verifier.with_sources(sources)
}

/// Returns what reads the secrets again.
fn reload(provider: ProviderArgs, public_url: Option<String>) -> SecretReload {
    SecretReload::new(move || {
        let read = || -> Result<ReloadedSecrets, CliError> {
            provider.secrets.require_files()?;
            let config = provider.config.load()?;
            let mut keyring = provider.listening_keyring(&config)?;
            let sources = keyring.routes(&config.routes, &config)?;
            let Keyring { candidates, warnings, .. } = keyring;
            let verifier = verifier(candidates, sources, public_url.clone());
            Ok(ReloadedSecrets { verifier, warnings })
        };
        read().map_err(|error| error.to_string())
    })
}

/// Everything that runs until the end.
struct AttachSession {
    args: AttachArgs,
    config: Config,
    hub: Hub,
    store: Store,
    verifier: CurrentVerifier,
    reload: SecretReload,
    known: KnownProviders,
    filter: Filter,
    session: Session,
    /// Target of copied commands and exports, unless one is configured.
    listener: Target,
    notes: Vec<String>,
    warnings: Vec<String>,
    headless: bool,
    editing: watch::Sender<bool>,
}

impl AttachSession {
    async fn run(self, signal: impl Future<Output = ()> + Send + 'static) -> Result<(), CliError> {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let attachment = Attachment::new(
            self.hub.clone(),
            self.store.clone(),
            self.verifier.clone(),
            &self.filter,
        );
        let attachment = attachment.await?;
        let responses = HubResponses::new(attachment.subject().to_owned());
        let reading = attachment.start(self.args.from.map(|from| from.0), stop.clone()).await?;
        let (asking, requests) = mpsc::channel(UNPRINTED);
        let asked = self.hub.subscribe_to_requests().await.map_err(CliError::environment)?;
        tasks.spawn(asked.run(asking, stop.clone()));
        let from = self.args.from.map_or(ReadFrom::Now, |from| from.0);
        let (hub, store) = (self.hub.clone(), self.store.clone());
        self.args.hub.share(&mut tasks, hub, store, from, &stop).await?;
        session::stop_at_signal(&mut tasks, signal, &stop);
        #[expect(clippy::disallowed_methods, reason = "an age is relative to now")]
        let now = Timestamp::now;
        tasks.spawn(retention::keep_within(self.store.clone(), self.args.keep, now, stop.clone()));
        let (found, deliveries) = mpsc::channel(UNPRINTED);
        tasks.spawn(reading.run(found));
        let (diagnoser, searching) =
            Diagnoser::new(self.verifier.clone(), self.store.clone(), stop.clone());
        tasks.spawn(searching);
        let responding = Responding::start(&mut tasks, &self, diagnoser, &stop);
        let controls = responding.controls();
        if self.headless {
            session::print_notes(self.notes.iter().chain(&self.warnings))?;
            tasks.spawn(hub_report::report(self.hub.status(), stop.clone()));
        }
        let (printer, lines) = mpsc::channel(UNPRINTED);
        let printer = self.headless.then_some(printer);
        let filter = self.filter.clone();
        tasks.spawn(responding.run(deliveries, filter, requests, responses, printer));
        let ended = if self.headless {
            let format = Format::from(self.args.output);
            let mask = format.mask(&self.known.secrets);
            let printing = tokio::task::spawn_blocking(move || print(lines, format, mask));
            let ended = watch_tasks(
                async {
                    tokio::select! {
                        ended = printing => ended.map_err(CliError::environment)?,
                        () = stop.cancelled() => Ok(()),
                    }
                },
                &mut tasks,
            );
            ended.await
        } else {
            let showing = dashboard::run(self.dashboard(controls), stop.clone());
            watch_tasks(showing, &mut tasks).await.map(drop).map_err(CliError::environment)
        };
        session::end_tasks(tasks, &stop).await;
        ended
    }

    fn dashboard(&self, controls: Controls) -> dashboard::Setup {
        let own = self.args.forward.first().cloned();
        dashboard::Setup {
            controls,
            tunnel: None,
            hub: Some(self.hub.status()),
            session: self.session.clone(),
            preferences: self.config.dashboard.preferences.clone(),
            theme: self.config.dashboard.theme,
            glyphs: session::glyphs(&self.config.dashboard),
            config: self.args.provider.config.path(),
            store: self.store.clone(),
            verifier: self.verifier.clone(),
            reload: self.reload.clone(),
            known: self.known.clone(),
            own: own.unwrap_or_else(|| self.listener.clone()),
            notes: self.notes.clone(),
            warnings: self.warnings.clone(),
            editing: self.editing.clone(),
        }
    }
}

/// Prints deliveries until there are no more. Blocks.
fn print(
    mut deliveries: mpsc::Receiver<HubDelivery>,
    format: Format,
    mask: SecretMask,
) -> Result<(), CliError> {
    let mut out = MaskingWriter::new(output::buffered(), mask);
    while let Some(first) = deliveries.blocking_recv() {
        let mut next = Some(first);
        while let Some(one) = next {
            headless::print(&mut out, &one.delivery, format)?;
            next = deliveries.try_recv().ok();
        }
        out.flush()?;
    }
    Ok(())
}
