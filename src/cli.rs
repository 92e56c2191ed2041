//! The command line: arguments and options, with one file per command.

mod atomic_file;
mod columns;
mod config;
mod demo;
mod error;
mod export;
mod filter_words;
mod flag_docs;
mod import;
mod keyring;
mod list;
mod listen;
mod log;
mod man;
mod progress;
mod providers;
mod prune;
mod replay;
mod resend;
mod selection;
mod send;
mod show;
mod signals;
mod stats;
mod store;
mod summary;
mod verify;
mod wait;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use config::ConfigCommandArgs;
pub use error::CliError;
use export::ExportArgs;
use import::ImportArgs;
use list::ListArgs;
use listen::ListenArgs;
use man::CompletionsArgs;
use providers::ProvidersArgs;
use prune::PruneArgs;
use replay::ReplayArgs;
use resend::ResendArgs;
use send::SendArgs;
use show::ShowArgs;
use stats::StatsArgs;
use store::StoreCommandArgs;
use verify::VerifyArgs;
use wait::WaitArgs;

/// Default store path, relative to the working directory.
const DEFAULT_STORE: &str = ".hookglass/deliveries.db";

/// A looking glass for webhooks: listens, verifies each delivery, keeps it and shows it live.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    listen: ListenArgs,
    /// Append a log without bodies, header values, or secrets to this file (default
    /// `$HOOKGLASS_LOG`, level `$HOOKGLASS_LOG_LEVEL`)
    #[arg(long, global = true, value_name = "FILE")]
    log: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Listen and show deliveries as they come (this is also what happens without a command)
    Listen(ListenArgs),
    /// Send signed sample events, or files
    Send(SendArgs),
    /// Check one signature
    Verify(VerifyArgs),
    /// List the providers, or explain one
    Providers(ProvidersArgs),
    /// List what was kept, oldest first
    List(ListArgs),
    /// Show one delivery whole
    Show(ShowArgs),
    /// Wait until deliveries have come that a test expects
    Wait(WaitArgs),
    /// Write deliveries down: as fixtures for tests, or for other tools
    Export(ExportArgs),
    /// Take deliveries in that were written down
    Import(ImportArgs),
    /// Send fixtures to an application, and check its answers
    Replay(ReplayArgs),
    /// Sum up what was kept
    Stats(StatsArgs),
    /// Let old deliveries go
    Prune(PruneArgs),
    /// Look after the store
    Store(StoreCommandArgs),
    /// Show the configuration that holds, and where it comes from
    Config(ConfigCommandArgs),
    /// Print a script that completes commands and flags
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
    /// Send kept deliveries again, signed anew or exactly as they came
    Resend(ResendArgs),
}

#[derive(Debug, Args)]
struct StoreArgs {
    /// The file that keeps the deliveries [default: .hookglass/deliveries.db]
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
}

impl StoreArgs {
    fn path(&self) -> PathBuf {
        self.store.clone().unwrap_or_else(|| DEFAULT_STORE.into())
    }
}

impl Cli {
    /// Parses the program's arguments, including the program name.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Self {
        Self::parse_from(filter_words::separate(Self::command(), args))
    }
}

/// Runs the command.
pub fn run(cli: Cli) -> Result<(), CliError> {
    log::start(cli.log.as_deref())?;
    let outcome = dispatch(cli);
    match &outcome {
        Ok(()) | Err(CliError::Pipe) => tracing::info!("stopped"),
        // Log only the kind: the message may quote input from the user or a client.
        Err(error) => tracing::error!(kind = error.kind(), "stopped"),
    }
    outcome
}

fn dispatch(cli: Cli) -> Result<(), CliError> {
    match cli.command.unwrap_or(Command::Listen(cli.listen)) {
        Command::Listen(args) => listen::run(args),
        Command::Send(args) => send::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Providers(args) => providers::run(&args),
        Command::List(args) => list::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Wait(args) => wait::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Stats(args) => stats::run(&args),
        Command::Prune(args) => prune::run(&args),
        Command::Store(args) => store::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Completions(args) => man::completions(&args),
        Command::Man => man::run(),
        Command::Resend(args) => resend::run(&args),
    }
}

/// Returns the flags of every command for the documentation: command, flag, value, help.
pub fn flags() -> Vec<[String; 4]> {
    flag_docs::flags::<Cli>()
}
