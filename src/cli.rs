//! The command line: arguments and options, with one file per command.

mod attach;
mod columns;
mod config;
mod demo;
mod error;
mod export;
mod filter_words;
mod flag_docs;
mod help;
mod hub;
mod hub_report;
mod import;
mod keyring;
mod leading_flags;
mod list;
mod listen;
mod log;
mod man;
mod mcp;
mod number;
mod pending_file;
mod place;
mod progress;
mod providers;
mod prune;
mod replay;
mod resend;
mod selection;
mod send;
mod session;
mod show;
mod signals;
mod stats;
mod store;
mod summary;
mod verify;
mod wait;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::output::{self, ColorMode};
use crate::payload::escape;
use attach::AttachArgs;
use config::ConfigCommandArgs;
pub use error::CliError;
use export::ExportArgs;
use import::ImportArgs;
use list::ListArgs;
use listen::ListenArgs;
use man::CompletionsArgs;
use mcp::McpArgs;
use place::ChosenFile;
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

/// Inspect, verify, and replay webhooks from the terminal.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100, after_help = help::footer(""))]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    listen: ListenArgs,
    /// Append a log without bodies, header values, or secrets to this file (default
    /// `$HOOKGLASS_LOG`, level `$HOOKGLASS_LOG_LEVEL`)
    #[arg(long, global = true, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Print no notes, warnings, or progress on standard error
    #[arg(long, short, global = true)]
    quiet: bool,
    /// When to use colors [default: auto: on a terminal, unless `NO_COLOR` is set]
    #[arg(long, global = true, value_name = "WHEN", value_enum)]
    color: Option<ColorChoice>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ColorChoice {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive, verify, store, and show webhooks (the default command)
    #[command(after_help = help::footer("listen"))]
    Listen(ListenArgs),
    /// Show and forward the deliveries of a hub, which other listeners publish to
    #[command(after_help = help::footer("attach"))]
    Attach(AttachArgs),
    /// Send signed sample events or files
    #[command(after_help = help::footer("send"))]
    Send(SendArgs),
    /// Verify one signature and explain why it fails
    #[command(after_help = help::footer("verify"))]
    Verify(VerifyArgs),
    /// List the known providers, or describe one
    #[command(after_help = help::footer("providers"))]
    Providers(ProvidersArgs),
    /// List stored deliveries, oldest first
    #[command(after_help = help::footer("list"))]
    List(ListArgs),
    /// Show one delivery
    #[command(after_help = help::footer("show"))]
    Show(ShowArgs),
    /// Send stored deliveries again, re-signed or byte for byte
    #[command(after_help = help::footer("resend"))]
    Resend(ResendArgs),
    /// Wait for the deliveries that a test expects
    #[command(after_help = help::footer("wait"))]
    Wait(WaitArgs),
    /// Export deliveries as test fixtures, HAR, .http, curl, or JSON Lines
    #[command(after_help = help::footer("export"))]
    Export(ExportArgs),
    /// Import deliveries from fixtures, HAR, .http files, curl commands, and other programs
    #[command(after_help = help::footer("import"))]
    Import(ImportArgs),
    /// Send fixtures to an application and check its responses
    #[command(after_help = help::footer("replay"))]
    Replay(ReplayArgs),
    /// Summarize stored deliveries
    #[command(after_help = help::footer("stats"))]
    Stats(StatsArgs),
    /// Delete old deliveries
    #[command(after_help = help::footer("prune"))]
    Prune(PruneArgs),
    /// Check the store
    Store(StoreCommandArgs),
    /// Show the effective configuration and where each value comes from
    #[command(after_help = help::footer("config"))]
    Config(ConfigCommandArgs),
    /// Print a shell completion script
    #[command(after_help = help::footer("completions"))]
    Completions(CompletionsArgs),
    /// Print the man page
    #[command(after_help = help::footer("man"))]
    Man,
    /// Serve agents over standard input and output (Model Context Protocol)
    #[command(after_help = help::footer("mcp"))]
    Mcp(McpArgs),
    #[command(hide = true, about = help::filters(), help_template = "{about}\n")]
    Filters,
    #[command(hide = true, about = help::RESPOND, help_template = "{about}\n")]
    Respond,
}

#[derive(Debug, Args)]
struct StoreArgs {
    /// Store file [default: `$HOOKGLASS_STORE`, else .hookglass/deliveries.db here or in a parent
    /// folder]
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
}

impl StoreArgs {
    fn path(&self) -> PathBuf {
        self.place().path
    }

    fn place(&self) -> ChosenFile {
        place::store(self.store.as_deref())
    }
}

impl Cli {
    /// Parses the program's arguments, including the program name.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Self {
        let args: Vec<OsString> = args.into_iter().collect();
        let is_harmless = args.iter().all(|arg| {
            let arg = arg.to_string_lossy();
            escape(&arg) == arg
        });
        Self::try_read(args)
            .unwrap_or_else(|error| if is_harmless { error.exit() } else { escaped(error).exit() })
    }

    fn try_read(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let args: Vec<OsString> = args.into_iter().collect();
        let mut command = with_negative_numbers(Self::command()).color(color_of_help(&args));
        let args = leading_flags::move_behind(&command, args);
        let args = filter_words::separate(&command, args)?;
        let matches = command.try_get_matches_from_mut(args).map_err(without_escape_tip)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

/// Lets flags take negative numbers, so that the error is about the value and not about a flag
/// `-5`.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| {
        let takes_value = arg.get_long().is_some() && arg.get_action().takes_values();
        if takes_value { arg.allow_negative_numbers(true) } else { arg }
    });
    command.mut_subcommands(with_negative_numbers)
}

/// Removes the advice to write an unknown flag behind `--`, where it would be taken for a value.
fn without_escape_tip(mut error: clap::Error) -> clap::Error {
    let is_advice = |tip: &ContextValue| match tip {
        ContextValue::StyledStrs(tips) => tips.iter().any(|tip| tip.to_string().contains("'-- ")),
        _ => false,
    };
    if error.get(ContextKind::Suggested).is_some_and(is_advice) {
        error.remove(ContextKind::Suggested);
    }
    error
}

/// Escapes the arguments that a usage error repeats, which may be text of a delivery.
fn escaped(mut error: clap::Error) -> clap::Error {
    if !error.use_stderr() {
        return error;
    }
    let values = error.context().filter_map(|(kind, value)| match value {
        ContextValue::String(text) => Some((kind, escape(text).into_owned())),
        _ => None,
    });
    // The texts borrow the error.
    let values: Vec<(ContextKind, String)> = values.collect();
    for (kind, text) in values {
        error.insert(kind, ContextValue::String(text));
    }
    // The message of a value's parser repeats it as well.
    let text = error.render().to_string();
    let lines: Vec<_> = text.lines().map(escape).collect();
    let text = lines.join("\n");
    let message = text.strip_prefix("error: ").unwrap_or(&text);
    clap::Error::raw(error.kind(), format!("{message}\n"))
}

/// Returns the colors of help and usage errors, which are printed before the flags are parsed.
fn color_of_help(args: &[OsString]) -> clap::ColorChoice {
    let mut texts = args.iter().filter_map(|arg| arg.to_str());
    let value = texts.by_ref().find_map(|arg| match arg {
        "--color" => Some(None),
        _ => arg.strip_prefix("--color=").map(Some),
    });
    match value.map(|value| value.or_else(|| texts.next())) {
        Some(Some("always")) => clap::ColorChoice::Always,
        Some(Some("never")) => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    }
}

/// Runs the command.
pub fn run(cli: Cli) -> Result<(), CliError> {
    output::set_quiet(cli.quiet);
    output::set_color(match cli.color {
        None | Some(ColorChoice::Auto) => ColorMode::Auto,
        Some(ColorChoice::Always) => ColorMode::Always,
        Some(ColorChoice::Never) => ColorMode::Never,
    });
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
        Command::Attach(args) => attach::run(args),
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
        Command::Mcp(args) => mcp::run(args),
        Command::Resend(args) => resend::run(&args),
        Command::Filters => print(&help::filters()),
        Command::Respond => print(help::RESPOND),
    }
}

fn print(text: &str) -> Result<(), CliError> {
    writeln!(output::stdout(), "{text}")?;
    Ok(())
}

/// Returns the flags of every command for the documentation: command, flag, value, help.
pub fn flags() -> Vec<[String; 4]> {
    flag_docs::flags::<Cli>()
}
