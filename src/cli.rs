//! The command line: what can be asked for, and one file for each command.

mod demo;
mod failure;
mod keyring;
mod list;
mod listen;
mod providers;
mod resend;
mod send;
mod show;
mod signals;
mod table;
mod tally;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use failure::Failure;
use list::ListArgs;
use listen::ListenArgs;
use providers::ProvidersArgs;
use resend::ResendArgs;
use send::SendArgs;
use show::ShowArgs;
use verify::VerifyArgs;

/// Where deliveries are kept if nothing else is said, in the current folder.
const DEFAULT_STORE: &str = ".hookglass/deliveries.db";

/// A looking glass for webhooks: listens, verifies each delivery, keeps it and shows it live.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    listen: ListenArgs,
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

/// Carries out what was asked for.
pub fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command.unwrap_or(Command::Listen(cli.listen)) {
        Command::Listen(args) => listen::run(args),
        Command::Send(args) => send::run(args),
        Command::Verify(args) => verify::run(&args),
        Command::Providers(args) => providers::run(&args),
        Command::List(args) => list::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Resend(args) => resend::run(&args),
    }
}

/// The flags of every command, for the README: command, flag, value, help.
pub fn flags() -> Vec<[String; 4]> {
    table::flags::<Cli>()
}
