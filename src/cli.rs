//! The command line: what can be asked for, and one file for each command.

mod demo;
mod failure;
mod keyring;
mod list;
mod listen;
mod providers;
mod send;
mod show;
mod signals;
mod table;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use failure::Failure;
use keyring::Keyring;

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
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the command line")]
struct ListenArgs {
    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:4400]
    #[arg(long, value_name = "ADDR:PORT")]
    bind: Option<std::net::SocketAddr>,
    #[command(flatten)]
    provider: ProviderArgs,
    #[command(flatten)]
    store: StoreArgs,
    /// Keep nothing on disk; quitting forgets
    #[arg(long, conflicts_with = "store")]
    ephemeral: bool,
    /// Send each delivery on to this URL and return its answer to the sender
    #[arg(long, value_name = "URL")]
    forward: Option<crate::outbound::Target>,
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

#[derive(Debug, Args)]
struct ProviderArgs {
    /// The service that sends; several with commas between them, or `auto` for whichever is
    /// recognised [default: what hookglass.toml says, else cribbly]
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    #[command(flatten)]
    secrets: SecretArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Clone, Args)]
struct ConfigArgs {
    /// The configuration [default: hookglass.toml, where it is there]
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
struct SecretArgs {
    /// Read a webhook secret from this variable; more than one for rotation
    /// [default: the provider's own, for instance `CRIBBLY_WEBHOOK_SECRET`]
    #[arg(long, value_name = "VAR")]
    secret_env: Vec<String>,
    /// Read a webhook secret from this file, or from standard input with -
    #[arg(long, value_name = "PATH")]
    secret_file: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct StoreArgs {
    /// The file that keeps the deliveries [default: .hookglass/deliveries.db]
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// One JSON object a line
    #[default]
    Jsonl,
    /// A line for people
    Text,
}

#[derive(Debug, Args)]
struct SendArgs {
    /// An event type of the provider (`message.created`), or a file whose bytes are sent
    #[arg(value_name = "TYPE|FILE")]
    what: String,
    /// Where to send to
    #[arg(long, value_name = "URL")]
    to: crate::outbound::Target,
    #[command(flatten)]
    provider: ProviderArgs,
    /// How many to send
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u64,
    /// At most this many a second, for instance 5/s; as fast as it goes if left out
    #[arg(long, value_name = "N/s", value_parser = send::parse_rate)]
    rate: Option<f64>,
    /// Spoil what is sent
    #[arg(long, value_enum)]
    tamper: Option<TamperArg>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TamperArg {
    /// Change one byte of the body after signing
    Body,
    /// Change one digit of the signature
    Signature,
    /// Leave the signature out
    Missing,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    /// The service that sent it [default: the one whose signature header is there]
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    #[command(flatten)]
    secrets: SecretArgs,
    #[command(flatten)]
    config: ConfigArgs,
    /// A header as received, 'Name: value'; as many as there are
    #[arg(long, value_name = "HEADER", value_parser = verify::parse_header)]
    header: Vec<crate::delivery::Header>,
    /// The request method
    #[arg(long, value_name = "METHOD", default_value = "POST")]
    method: String,
    /// The public URL, for providers that sign it
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The file of the body, or - for standard input
    #[arg(long, value_name = "PATH", default_value = "-")]
    body: PathBuf,
    /// Check as of this time, in Unix seconds, instead of now
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
    at: Option<i64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ProvidersArgs {
    /// The one to explain
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Which ones, for instance 'type:message.* sig:!verified'
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    #[command(flatten)]
    store: StoreArgs,
    /// Print JSON lines
    #[arg(long)]
    json: bool,
    /// Only the newest N that pass the filter
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The number of the delivery, as `list` shows it
    id: crate::delivery::DeliveryId,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    form: ShowForm,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "flags of which at most one can be given")]
struct ShowForm {
    /// As one JSON line
    #[arg(long)]
    json: bool,
    /// The body, byte for byte
    #[arg(long)]
    body: bool,
    /// The header lines as received
    #[arg(long)]
    headers: bool,
    /// Head and body as on the wire
    #[arg(long)]
    raw: bool,
    /// As a curl command that sends it to the listener's default address, without the signature
    #[arg(long)]
    curl: bool,
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
    }
}

/// The flags of every command, for the README: command, flag, value, help.
pub fn flags() -> Vec<[String; 4]> {
    table::flags::<Cli>()
}
