//! `hookglass send`: signed sample events, or files.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::sync::mpsc;

use super::keyring::ProviderArgs;
use super::number::whole;
use super::{CliError, StoreArgs, summary};
use crate::config::Keyring;
use crate::delivery::Header;
use crate::diagnostic::nearest;
use crate::formats::jsonl;
use crate::input_file;
use crate::ops::resend::throw_away_note;
use crate::ops::send::{EventSource, FileEvent, SendEvent, SendRun, Tamper, credentials_for};
use crate::outbound::{Client, Target, added_header};
use crate::output;
use crate::provider::Provider;
use crate::signature::Credentials;
use crate::store::listener_of;

#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// Event types of the provider (e.g. `message.created`), or files to send; - for standard input
    #[arg(value_name = "TYPE|FILE", required = true)]
    what: Vec<String>,
    /// URL to send to [default: the running listener of this store]
    #[arg(long, value_name = "URL")]
    to: Option<Target>,
    /// Header to set, 'Name: value'
    #[arg(long, short = 'H', value_name = "HEADER", value_parser = added_header)]
    header: Vec<Header>,
    /// Content type of a file [default: by its ending or content]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Event type of a file, for providers that name it in a header such as X-GitHub-Event
    /// [default: the name of the file, if the provider has a sample of that type]
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
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
    #[arg(long, short)]
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
    let standard_input = args.what.iter().filter(|what| *what == "-").count();
    if standard_input > 0 {
        args.provider.secrets.leave_standard_input("FILE")?;
    }
    if standard_input > 1 {
        return Err(CliError::usage("standard input (-) can be sent only once".to_owned()));
    }
    let Keyring { candidates, notes, warnings } = args.provider.keyring()?;
    let mut stderr = output::notes();
    for line in notes.iter().chain(&warnings) {
        writeln!(stderr, "hookglass: {line}")?;
    }
    // All of them are read before the first one is sent.
    let events = args.what.iter().map(|what| event(args, what, &candidates));
    let events = events.collect::<Result<Vec<_>, _>>()?;
    let target = target(args)?;
    let runs: Vec<_> = events.into_iter().map(|event| plan(args, &target, event)).collect();
    let mut noted: Vec<&str> = Vec::new();
    for run in &runs {
        let name = run.credentials.provider.name.as_str();
        if !noted.contains(&name) {
            noted.push(name);
            note_secret(run.credentials)?;
        }
        note_request(run)?;
    }
    if args.dry_run {
        let mut prints = runs.iter().flat_map(|run| (0..args.count).map(move |_| run));
        return prints.try_for_each(|run| print(args, run));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::environment)?;
    let mut outcome = Ok(());
    for run in runs {
        let sent = runtime.block_on(async {
            let client = Client::new();
            let (events, progress) = mpsc::channel(WAITING);
            tokio::join!(run.run(&client, events), render(args, &target, progress)).1
        });
        // Without a response, there is none for the others either.
        if matches!(sent, Err(CliError::Environment(_) | CliError::Pipe)) {
            return sent;
        }
        outcome = outcome.and(sent);
    }
    outcome
}

/// Returns the target: a URL, or the running listener.
fn target(args: &SendArgs) -> Result<Target, CliError> {
    if let Some(target) = &args.to {
        return Ok(target.clone());
    }
    let store = args.store.path();
    let url = listener_of(&store).ok_or_else(|| {
        CliError::environment(format!(
            "no listener is running on {}; start `hookglass` in this folder, or name a target with \
             --to",
            store.display()
        ))
    })?;
    writeln!(output::notes(), "hookglass: sending to the listener at {url}")?;
    url.parse().map_err(CliError::environment)
}

/// An event to send, and the provider that signs it.
struct NamedEvent<'c> {
    credentials: &'c Credentials,
    source: EventSource<'c>,
}

fn event<'c>(
    args: &SendArgs,
    what: &str,
    candidates: &'c [Credentials],
) -> Result<NamedEvent<'c>, CliError> {
    let credentials = credentials_for(candidates, what)
        .ok_or_else(|| CliError::usage("no provider was named".to_owned()))?;
    Ok(NamedEvent { credentials, source: source(args, what, &credentials.provider)? })
}

fn plan<'c>(args: &SendArgs, target: &Target, event: NamedEvent<'c>) -> SendRun<'c> {
    let NamedEvent { credentials, source } = event;
    SendRun {
        credentials,
        source,
        headers: args.header.clone(),
        target: target.clone(),
        tamper: args.tamper.map(|tamper| match tamper {
            TamperArg::Body => Tamper::Body,
            TamperArg::Reserialize => Tamper::Reserialize,
            TamperArg::Signature => Tamper::Signature,
            TamperArg::Missing => Tamper::Missing,
        }),
        count: args.count,
        period: args.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)).unwrap_or_default(),
    }
}

/// Says how requests are signed if it is not with a configured secret.
fn note_secret(credentials: &Credentials) -> io::Result<()> {
    let mut stderr = output::notes();
    if let Some(note) = throw_away_note(credentials) {
        writeln!(stderr, "hookglass: {note}")?;
    } else if credentials.secrets.is_empty() {
        let variable = &credentials.provider.secret_env;
        writeln!(
            stderr,
            "hookglass: no secret is configured, so nothing is signed; set {variable} or use --secret-file"
        )?;
    }
    Ok(())
}

/// Says what is missing in a request, and whether tampering with it has an effect.
fn note_request(run: &SendRun<'_>) -> io::Result<()> {
    let mut stderr = output::notes();
    if let EventSource::File(file) = &run.source
        && let Some(name) = file.missing_type(&run.credentials.provider)
        && !run.headers.iter().any(|header| header.is(&name))
    {
        writeln!(stderr, "hookglass: {name} is missing; name the event type with --type")?;
    }
    if run.tamper.is_some()
        && let Some(note) = run.request().ok().and_then(|request| run.tampering_note(&request))
    {
        writeln!(stderr, "hookglass: {note}")?;
    }
    Ok(())
}

/// Size limit of a body.
const MAX_BODY: u64 = 256 << 20;

/// Capacity of the queue of events to print.
const WAITING: usize = 16;

/// Resolves the argument to a sample of the provider or to a file.
fn source<'p>(
    args: &SendArgs,
    what: &str,
    provider: &'p Provider,
) -> Result<EventSource<'p>, CliError> {
    if let Some(sample) = provider.sample(what) {
        return Ok(EventSource::Sample(sample));
    }
    let path = Path::new(what);
    let body = if what == "-" {
        input_file::read_all(io::stdin(), MAX_BODY)
    } else {
        File::open(path).and_then(|file| input_file::read_all(file, MAX_BODY))
    };
    let body = body.map_err(|error| {
        let known: Vec<&str> = provider.samples.iter().map(|sample| sample.kind.as_str()).collect();
        let near = nearest(what, known.iter().copied());
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        CliError::usage(format!(
            "`{what}` is neither an event type of {} nor a file that can be read ({error}); \
             {near}the types are {}",
            provider.title,
            known.join(", ")
        ))
    })?;
    let mut file = FileEvent::new(body, path, provider);
    file.content_type = args.content_type.clone().unwrap_or(file.content_type);
    file.kind = args.kind.clone().or(file.kind);
    Ok(EventSource::File(file))
}

/// Prints a request as it would be sent.
fn print(args: &SendArgs, run: &SendRun<'_>) -> Result<(), CliError> {
    let request = run.request().map_err(CliError::usage)?;
    if !run.credentials.secrets.is_empty() {
        summary::refuse_token(&run.credentials.provider)?;
    }
    summary::print(None, &request, None, &run.target, args.json)
}

/// Prints the progress of a run. Its result determines the exit code.
async fn render(
    args: &SendArgs,
    target: &Target,
    mut progress: mpsc::Receiver<SendEvent>,
) -> Result<(), CliError> {
    while let Some(event) = progress.recv().await {
        let (number, attempt, counts) = match event {
            SendEvent::Sent { number, attempt, summary } => (number, attempt, summary),
            SendEvent::Finished(counts) => {
                return summary::verdict(&counts.map_err(CliError::usage)?, target);
            }
        };
        let mut out = output::stdout();
        if args.json {
            writeln!(out, "{}", jsonl::sent_line(&attempt))?;
        } else if let Some(status) = attempt.status() {
            writeln!(out, "{number} of {}: {target} answered {status}", args.count)?;
        }
        summary::show_progress(&counts)?;
    }
    Ok(())
}
