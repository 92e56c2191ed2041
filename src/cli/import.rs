//! `hookglass import`: deliveries from files.

use std::io::{self, Write as _};
use std::panic;
use std::path::PathBuf;
use std::thread;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::mpsc;

use super::keyring::ProviderArgs;
use super::progress::ProgressLine;
use super::{CliError, StoreArgs};
use crate::config::Keyring;
use crate::error_chain;
use crate::formats::jsonl;
use crate::ops::import::{ImportError, ImportEvent, ImportSummary, Importer};
use crate::ops::input::{self, InputError};
use crate::output;
use crate::signature::Verifier;

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// Files or folders: fixtures, JSON Lines, HAR, `.http`, curl commands, raw requests, mitmproxy
    /// flows, Postman and Insomnia collections, exports of ngrok, webhook.site, and Hookdeck; - for
    /// standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Skip invalid requests instead of importing nothing
    #[arg(long)]
    skip_invalid: bool,
    /// Print one JSON object
    #[arg(long, short)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    provider: ProviderArgs,
}

pub(super) fn run(args: &ImportArgs) -> Result<(), CliError> {
    let files = input::files(&args.paths)?;
    if files.iter().any(|file| input::is_standard_input(&file.path)) {
        args.provider.secrets.leave_standard_input("PATH")?;
    }
    let importer = Importer { skips_invalid: args.skip_invalid, ..importer(&args.provider)? };
    let path = args.store.path();
    let (events, queue) = mpsc::channel(WAITING);
    let import = |events: mpsc::Sender<ImportEvent>| {
        importer.import(&files, &mut io::stdin(), &path, &events)
    };
    let outcome = thread::scope(|scope| {
        let importing = scope.spawn(|| import(events));
        let shown = show_progress(queue);
        let outcome = importing.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked));
        shown.and(outcome.map_err(CliError::from))
    });
    let ImportSummary { count, skipped } = outcome?;
    if args.json {
        let object = json!({
            "schema": "hookglass.import/1",
            "store": path.display().to_string(),
            "deliveries": count,
            "skipped": skipped,
        });
        return Ok(writeln!(output::stdout(), "{}", jsonl::value_line(&object))?);
    }
    let noun = if count == 1 { "delivery" } else { "deliveries" };
    writeln!(output::notes(), "imported {count} {noun} into {}", path.display())?;
    Ok(())
}

/// Capacity of the queue of events to show.
const WAITING: usize = 64;

fn show_progress(mut queue: mpsc::Receiver<ImportEvent>) -> Result<(), CliError> {
    let mut bar = None;
    while let Some(event) = queue.blocking_recv() {
        match event {
            ImportEvent::Read { .. } => {}
            ImportEvent::Warning { path, text } => {
                writeln!(output::notes(), "warning: {}: {text}", path.display())?;
            }
            ImportEvent::Skipped { path, reason } => {
                writeln!(output::notes(), "skipped {}: {reason}", path.display())?;
            }
            ImportEvent::Verified { total, .. } => {
                bar.get_or_insert_with(|| ProgressLine::new("importing", total)).step();
            }
        }
    }
    Ok(())
}

fn importer(args: &ProviderArgs) -> Result<Importer, CliError> {
    let config = args.config.load()?;
    let Keyring { candidates, notes, warnings } = args.listening_keyring(&config)?;
    let mut stderr = output::notes();
    for line in notes.iter().chain(&warnings) {
        writeln!(stderr, "hookglass: {line}")?;
    }
    let providers = config.providers().cloned().collect();
    #[expect(clippy::disallowed_methods, reason = "requests without a time get the current one")]
    let now = Timestamp::now();
    let verifier = Verifier::new(candidates).assuming_only_secret();
    Ok(Importer { verifier, providers, now, skips_invalid: false })
}

impl From<InputError> for CliError {
    fn from(error: InputError) -> Self {
        Self::usage(error)
    }
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Malformed { ref source, .. } if source.is_skippable() => {
                let text = error_chain::with_sources(&error);
                Self::usage(format!("{text}; to import the others, use --skip-invalid"))
            }
            ImportError::Input(_) | ImportError::Malformed { .. } | ImportError::Empty => {
                Self::usage(error)
            }
            ImportError::Store(_) | ImportError::Stopped => Self::environment(error),
        }
    }
}
