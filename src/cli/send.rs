//! `hookglass send`: signed sample events, or files.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::sync::mpsc;

use super::keyring::{Keyring, ProviderArgs};
use super::number::whole;
use super::{CliError, summary};
use crate::formats::jsonl;
use crate::ops::resend::throw_away_note;
use crate::ops::send::{EventSource, SendEvent, SendRun, Tamper, credentials_for};
use crate::outbound::{Client, Target};
use crate::output;
use crate::provider::Provider;

#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// Event type of the provider (e.g. `message.created`), or a file to send
    #[arg(value_name = "TYPE|FILE")]
    what: String,
    /// URL to send to
    #[arg(long, value_name = "URL")]
    to: Target,
    #[command(flatten)]
    provider: ProviderArgs,
    /// Number of requests
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |text: &str| whole::<u64>(text, 1..=u64::MAX), allow_negative_numbers = true)]
    count: u64,
    /// Maximum rate, e.g. 5/s [default: unlimited]
    #[arg(long, value_name = "N/s", value_parser = parse_rate)]
    rate: Option<f64>,
    /// Tamper with the request after signing it
    #[arg(long, value_enum)]
    tamper: Option<TamperArg>,
    /// Print each request byte for byte instead of sending it
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON line per attempt
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum TamperArg {
    /// Change one byte of the body after signing
    Body,
    /// Parse and serialize the JSON body after signing, like a framework does
    Reserialize,
    /// Change one character of the signature
    Signature,
    /// Omit the signature
    Missing,
}

/// Parses `N/s` or `N`.
pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    match number.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err(format!(
            "invalid rate `{text}`: expected a number of requests per second, e.g. 5/s"
        )),
    }
}

pub(super) fn run(args: &SendArgs) -> Result<(), CliError> {
    let Keyring { candidates, notes, warnings } = args.provider.keyring()?;
    let mut stderr = output::notes();
    for line in notes.iter().chain(&warnings) {
        writeln!(stderr, "hookglass: {line}")?;
    }
    let credentials = credentials_for(&candidates, &args.what)
        .ok_or_else(|| CliError::usage("no provider was named"))?;
    if let Some(note) = throw_away_note(credentials) {
        writeln!(stderr, "hookglass: {note}")?;
    } else if credentials.secrets.is_empty() {
        let variable = &credentials.provider.secret_env;
        writeln!(
            stderr,
            "hookglass: no secret is configured, so nothing is signed; set {variable} or use --secret-file"
        )?;
    }
    let run = SendRun {
        credentials,
        source: source(&args.what, &credentials.provider)?,
        target: args.to.clone(),
        tamper: args.tamper.map(|tamper| match tamper {
            TamperArg::Body => Tamper::Body,
            TamperArg::Reserialize => Tamper::Reserialize,
            TamperArg::Signature => Tamper::Signature,
            TamperArg::Missing => Tamper::Missing,
        }),
        count: args.count,
        period: args.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)).unwrap_or_default(),
    };
    if run.tamper.is_some()
        && let Some(note) = run.request().ok().and_then(|request| run.tampering_note(&request))
    {
        writeln!(stderr, "hookglass: {note}")?;
    }
    if args.dry_run {
        return (0..args.count).try_for_each(|_| print(args, &run));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::environment)?;
    runtime.block_on(async {
        let client = Client::new();
        let (events, progress) = mpsc::channel(WAITING);
        tokio::join!(run.run(&client, events), render(args, progress)).1
    })
}

/// Capacity of the queue of events to print.
const WAITING: usize = 16;

/// Resolves the argument to a sample of the provider or to a file.
fn source<'p>(what: &str, provider: &'p Provider) -> Result<EventSource<'p>, CliError> {
    if let Some(sample) = provider.sample(what) {
        return Ok(EventSource::Sample(sample));
    }
    std::fs::read(Path::new(what)).map(EventSource::File).map_err(|error| {
        let known: Vec<&str> = provider.samples.iter().map(|sample| sample.kind.as_str()).collect();
        CliError::usage(format!(
            "`{what}` is neither an event type of {} nor a file that can be read ({error}); \
             the types are {}",
            provider.title,
            known.join(", ")
        ))
    })
}

/// Prints a request as it would be sent.
fn print(args: &SendArgs, run: &SendRun<'_>) -> Result<(), CliError> {
    let request = run.request().map_err(CliError::usage)?;
    if !run.credentials.secrets.is_empty() {
        summary::refuse_token(&run.credentials.provider)?;
    }
    summary::print(None, (&request, None), &args.to, args.json)
}

/// Prints the progress of a run. Its result determines the exit code.
async fn render(args: &SendArgs, mut progress: mpsc::Receiver<SendEvent>) -> Result<(), CliError> {
    while let Some(event) = progress.recv().await {
        let (number, attempt, counts) = match event {
            SendEvent::Sent { number, attempt, summary } => (number, attempt, summary),
            SendEvent::Finished(counts) => {
                return summary::verdict(&counts.map_err(CliError::usage)?, &args.to);
            }
        };
        let mut out = output::stdout();
        if args.json {
            writeln!(out, "{}", jsonl::sent_line(&attempt))?;
        } else if let Some(status) = attempt.status() {
            writeln!(out, "{number} of {}: {} answered {status}", args.count, args.to)?;
        }
        summary::show_progress(&counts)?;
    }
    Ok(())
}
