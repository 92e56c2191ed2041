//! `hookglass listen`: the listener, the store and a front end, wired together.

use std::io::{IsTerminal as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::keyring::{Keyring, ProviderArgs};
use super::{Failure, StoreArgs, demo, signals};
use crate::app::Session;
use crate::config::{Dashboard, GlyphChoice};
use crate::headless::{self, Format, HeadlessError};
use crate::intake::{Diagnoser, Intake};
use crate::listener::{self, BindError, Limits};
use crate::outbound::{Client, Forwarder, Target};
use crate::signature::{Keyed, Verifier};
use crate::store::{Place, Store};
use crate::task;
use crate::tui::{self, view::Glyphs};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the command line")]
pub(super) struct ListenArgs {
    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:4400]
    #[arg(long, value_name = "ADDR:PORT")]
    bind: Option<SocketAddr>,
    #[command(flatten)]
    provider: ProviderArgs,
    #[command(flatten)]
    store: StoreArgs,
    /// Keep nothing on disk; quitting forgets
    #[arg(long, conflicts_with = "store")]
    ephemeral: bool,
    /// Send each delivery on to this URL and return its answer to the sender
    #[arg(long, value_name = "URL")]
    forward: Option<Target>,
    /// The URL that the provider was given, for providers that sign it
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Refuse larger bodies with 413; for instance 512KiB or 25MiB
    #[arg(long, value_name = "SIZE", default_value = "25MiB", value_parser = crate::units::parse_size)]
    max_body: u64,
    /// Print deliveries instead of showing the dashboard; so it is without a terminal
    #[arg(long)]
    headless: bool,
    /// What to print for each delivery
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    output: Output,
    /// Let signed sample events arrive, a few of them spoilt; keeps nothing unless --store is given
    #[arg(long)]
    demo: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// One JSON object a line
    #[default]
    Jsonl,
    /// A line for people
    Text,
}

const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 4400);

pub(super) fn run(args: ListenArgs) -> Result<(), Failure> {
    let mut keyring = args.provider.keyring()?;
    if args.demo && keyring.candidates.iter().all(|keyed| keyed.secrets.is_empty()) {
        keyring.candidates.iter_mut().for_each(|keyed| keyed.secrets.push(demo::secret()));
    }
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::world)?;
    runtime.block_on(listen(args, keyring))
}

async fn listen(args: ListenArgs, keyring: Keyring) -> Result<(), Failure> {
    // From here on a signal ends it in order, whoever has been told that it listens.
    let told = signals::caught().map_err(Failure::world)?;
    // Before anything else: a taken port must not touch the store.
    let listener = bind(&args).await.map_err(Failure::world)?;
    let address = listener.local_addr().map_err(Failure::world)?;
    let url = format!("http://{address}");
    let place = if args.ephemeral || (args.demo && args.store.store.is_none()) {
        Place::Memory
    } else {
        Place::File(args.store.path())
    };
    let opened = {
        let (place, url) = (place.clone(), url.clone());
        tokio::task::spawn_blocking(move || Store::open(&place, &url)).await
    };
    let (store, writer) = opened.map_err(Failure::world)?.map_err(Failure::world)?;
    let headless = args.headless || !std::io::stdout().is_terminal();
    let Keyring { dashboard, candidates, notes, warnings: found } = keyring;
    let warnings = warnings(found, address);
    if headless {
        let mut stderr = std::io::stderr();
        writeln!(stderr, "listening on {url}")?;
        for line in notes.iter().chain(&warnings) {
            writeln!(stderr, "hookglass: {line}")?;
        }
    }
    let session = session(&args, &candidates, &url, &place);
    let verifier = Arc::new(Verifier::new(candidates).behind(args.public_url.clone()));
    let front = Front { args, verifier, store, session, dashboard, notes, warnings, headless };
    let outcome = front.run(listener, told).await;
    tokio::task::spawn_blocking(move || writer.finish()).await.map_err(Failure::world)?;
    outcome
}

/// Takes the address; the demo makes do with another port if nobody asked for a certain one.
async fn bind(args: &ListenArgs) -> Result<TcpListener, BindError> {
    match listener::bind(args.bind.unwrap_or(DEFAULT_ADDRESS)).await {
        Err(BindError::Taken(address)) if args.demo && args.bind.is_none() => {
            listener::bind(SocketAddr::new(address.ip(), 0)).await
        }
        bound => bound,
    }
}

fn warnings(mut warnings: Vec<String>, address: SocketAddr) -> Vec<String> {
    if !address.ip().is_loopback() {
        warnings.push(format!(
            "listening on {address}: other machines can reach this; everything they send is kept"
        ));
    }
    warnings
}

fn session(args: &ListenArgs, candidates: &[Keyed], url: &str, place: &Place) -> Session {
    let absolute = |path: &Path| {
        std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
    };
    let names: Vec<&str> = candidates.iter().map(|keyed| keyed.provider.title.as_str()).collect();
    let secrets = candidates.iter().flat_map(|keyed| &keyed.secrets);
    let secret_env: Vec<&str> =
        candidates.iter().map(|keyed| keyed.provider.secret_env.as_str()).collect();
    Session {
        url: url.to_owned(),
        provider: if names.len() > 3 { "any provider".to_owned() } else { names.join(", ") },
        secret_env: if names.len() > 3 { "its variable".to_owned() } else { secret_env.join(", ") },
        secrets: secrets.map(|secret| secret.name().to_owned()).collect(),
        forward: args.forward.as_ref().map(ToString::to_string),
        keeps: match place {
            Place::Memory => "in memory only; quitting forgets them".to_owned(),
            Place::File(path) => format!("in {}", absolute(path)),
        },
        demo: args.demo,
    }
}

/// Everything that runs until the end.
struct Front {
    args: ListenArgs,
    verifier: Arc<Verifier>,
    store: Store,
    session: Session,
    dashboard: Dashboard,
    notes: Vec<String>,
    warnings: Vec<String>,
    headless: bool,
}

impl Front {
    async fn run(
        self,
        listener: TcpListener,
        told: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Failure> {
        let stop = CancellationToken::new();
        // Cancelled once the last request is answered.
        let answered = CancellationToken::new();
        // Cancelled once the last cause is found as well, so that headless prints that too.
        let finished = CancellationToken::new();
        let last = self.store.reader().and_then(|reader| reader.last_id());
        let last = last.map_err(Failure::world)?;
        let own: Target = self.session.url.parse().map_err(Failure::world)?;
        let mut tasks = JoinSet::new();
        let intake = self.intake(&mut tasks, answered.clone(), finished.clone());
        let (limits, stopping, done) = (self.limits(), stop.clone(), answered.clone());
        tasks.spawn(async move {
            let take = move |received| {
                let intake = Arc::clone(&intake);
                async move { intake.take(received).await }
            };
            listener::serve(listener, limits, take, stopping).await;
            done.cancel();
        });
        let stopping = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = told => stopping.cancel(),
                () = stopping.cancelled() => {}
            }
        });
        if let Some(keyed) = self.verifier.candidates().first().filter(|_| self.args.demo) {
            tasks.spawn(demo::run(keyed.clone(), own.clone(), stop.clone()));
        }
        let ended = if self.headless {
            let format = match self.args.output {
                Output::Jsonl => Format::Jsonl,
                Output::Text => Format::Text,
            };
            let printing = headless::run(&self.store, last, format, finished);
            beside(printing, &mut tasks).await.map_err(Failure::from)
        } else {
            let showing = tui::run(self.dashboard(own), stop.clone());
            beside(showing, &mut tasks).await.map_err(Failure::world)
        };
        stop.cancel();
        while let Some(ended) = tasks.join_next().await {
            task::outcome(ended);
        }
        ended
    }

    fn intake(
        &self,
        tasks: &mut JoinSet<()>,
        answered: CancellationToken,
        finished: CancellationToken,
    ) -> Arc<Intake> {
        let (diagnoser, work) =
            Diagnoser::new(Arc::clone(&self.verifier), self.store.clone(), answered);
        tasks.spawn(async move {
            work.await;
            finished.cancel();
        });
        let forwarder = self.args.forward.clone().map(|target| {
            let (forwarder, work) = Forwarder::new(Client::new(), target);
            tasks.spawn(work);
            forwarder
        });
        Arc::new(Intake {
            verifier: Arc::clone(&self.verifier),
            diagnoser,
            store: self.store.clone(),
            forwarder,
        })
    }

    fn limits(&self) -> Limits {
        Limits { max_body: self.args.max_body, ..Limits::default() }
    }

    fn dashboard(&self, own: Target) -> tui::Setup {
        tui::Setup {
            session: self.session.clone(),
            preferences: self.dashboard.preferences.clone(),
            theme: self.dashboard.theme,
            glyphs: match self.dashboard.glyphs {
                GlyphChoice::Auto => None,
                GlyphChoice::Unicode => Some(Glyphs::Unicode),
                GlyphChoice::Ascii => Some(Glyphs::Ascii),
            },
            config: self.args.provider.config.path(),
            store: self.store.clone(),
            verifier: Arc::clone(&self.verifier),
            own,
            notes: self.notes.clone(),
            warnings: self.warnings.clone(),
        }
    }
}

impl From<HeadlessError> for Failure {
    fn from(error: HeadlessError) -> Self {
        match error {
            HeadlessError::Output(error) => error.into(),
            HeadlessError::Store(error) => Self::world(error),
        }
    }
}

/// Waits for the front end; a panic behind it ends the program.
async fn beside<T>(front: impl Future<Output = T>, tasks: &mut JoinSet<()>) -> T {
    tokio::pin!(front);
    loop {
        tokio::select! {
            biased;
            outcome = &mut front => return outcome,
            Some(ended) = tasks.join_next() => { task::outcome(ended); },
        }
    }
}
