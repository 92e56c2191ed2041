//! `hookglass mcp`: serves agents over standard input and output.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::thread;

use clap::Args;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::keyring::{ProviderArgs, known_providers};
use super::listen::{self, BackgroundListener, ListenArgs, StartedListener};
use super::{CliError, StoreArgs, signals};
use crate::config::{Keyring, defaults};
use crate::mcp::{ListenerOptions, McpSetup, RunningListener, SendPolicy, StartListener, serve};
use crate::outbound::Target;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct McpArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// URL that may be sent to besides loopback addresses; repeat for each. Without a path, every
    /// path is allowed
    #[arg(long, value_name = "URL")]
    allow_send: Vec<Target>,
    /// Show the signatures and credentials of deliveries, which are withheld otherwise
    #[arg(long)]
    with_signature: bool,
    #[command(flatten)]
    provider: ProviderArgs,
}

pub(super) fn run(args: McpArgs) -> Result<(), CliError> {
    // Standard input carries the protocol.
    args.provider.secrets.leave_standard_input("mcp")?;
    if std::io::stdin().is_terminal() {
        writeln!(
            output::stderr(),
            "hookglass: waiting for a client on standard input; add `hookglass mcp` to your agent \
             instead (docs/agents.md)"
        )?;
    }
    let config = args.provider.config.load()?;
    let listening = args.provider.listening_keyring(&config)?.candidates;
    let every =
        ProviderArgs { provider: Some(defaults::PROVIDER.to_owned()), ..args.provider.clone() };
    let Keyring { candidates, warnings, .. } = every.keyring_under(&config)?;
    let mut known = known_providers(&config);
    let secrets = candidates.iter().chain(&listening).flat_map(|one| &one.secrets);
    known.secrets.extend(secrets.cloned());
    let folder = std::env::current_dir().map_err(CliError::environment)?;
    let send_policy = SendPolicy { allowed: args.allow_send };
    let starter = Starter {
        store: args.store.path(),
        provider: args.provider,
        send_policy: send_policy.clone(),
    };
    let setup = McpSetup {
        store: args.store.path(),
        credentials: candidates,
        listening,
        known,
        warnings,
        send_policy,
        with_signature: args.with_signature,
        folder,
        volatile: config.dashboard.preferences.volatile,
        starter: Box::new(starter),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::environment)?;
    let outcome = runtime.block_on(async {
        // It runs no editor.
        let (_, is_editing) = tokio::sync::watch::channel(false);
        let signal = signals::caught(is_editing).map_err(CliError::environment)?;
        let (input, output) = rmcp::transport::stdio_pipes();
        serve(setup, input, output, signal).await.map_err(CliError::environment)
    });
    // A read of standard input cannot be canceled everywhere.
    runtime.shutdown_background();
    outcome
}

/// Starts listeners in this process, with the flags of the server.
#[derive(Debug)]
struct Starter {
    store: PathBuf,
    provider: ProviderArgs,
    send_policy: SendPolicy,
}

impl StartListener for Starter {
    fn start(&self, options: &ListenerOptions) -> Result<RunningListener, String> {
        let args = ListenArgs::in_background(options, self.provider.clone(), self.store.clone())?;
        let (ready, started) = oneshot::channel();
        let stop = CancellationToken::new();
        let ended = CancellationToken::new();
        let background =
            BackgroundListener { ready, stop: stop.clone(), send_policy: self.send_policy.clone() };
        let ending = ended.clone().drop_guard();
        let listening = thread::Builder::new().name("listener".to_owned()).spawn(move || {
            let _ending = ending;
            listen::run_in_background(args, background)
        });
        let listening = listening.map_err(|error| format!("cannot start a thread: {error}"))?;
        match started.blocking_recv() {
            Ok(StartedListener { url, public_url, controls, notes }) => {
                Ok(RunningListener { url, public_url, rules: controls.rules, notes, stop, ended })
            }
            // It ended before it listened.
            Err(_) => Err(match listening.join() {
                Ok(Err(error)) => error.report(),
                Ok(Ok(())) | Err(_) => "the listener ended at once".to_owned(),
            }),
        }
    }
}
