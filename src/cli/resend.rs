//! `hookglass resend`: sends stored deliveries again.

use std::io::{self, Write as _};
use std::time::Duration;

use clap::{ArgGroup, Args};
use tokio::sync::mpsc;

use super::keyring::ProviderArgs;
use super::number::whole;
use super::selection::{DeliveryRef, select};
use super::{CliError, StoreArgs, summary};
use crate::config::Keyring;
use crate::delivery::{DeliveryId, Summary};
use crate::formats::jsonl;
use crate::ops::resend::{
    AttemptRecorder, Destination, Fallback, PreparedRequest, ReSigning, Recorded, ResendEvent,
    ResendOutcome, ResendPace, ResendRun, Signing, SkipReason, signing_name,
};
use crate::ops::resign::EventIdPolicy;
use crate::ops::selection::Selection;
use crate::outbound::{Client, Target};
use crate::output;
use crate::signature::Credentials;
use crate::store::{AttemptWriter, StoreReader};
use crate::units;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["ids", "filter"]))]
pub(super) struct ResendArgs {
    /// Delivery numbers, as shown by `hookglass list`, ranges such as 3..7, or `last`
    #[arg(value_name = "ID")]
    ids: Vec<DeliveryRef>,
    /// Resend all matches of a filter, oldest first, e.g. 'sig:verified since:10m'
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    filter: Option<String>,
    /// URL to send to; without a path, each delivery's own path is kept
    #[arg(long, value_name = "URL")]
    to: Target,
    #[command(flatten)]
    signing: SigningArgs,
    /// Print each request byte for byte instead of sending it
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON line per attempt
    #[arg(long, short)]
    json: bool,
    /// Number of times to send each delivery
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |text: &str| whole::<u64>(text, 1..=u64::MAX), allow_negative_numbers = true)]
    count: u64,
    /// Pause between requests, e.g. 500ms
    #[arg(long, value_name = "TIME", value_parser = units::parse_duration)]
    interval: Option<Duration>,
    #[command(flatten)]
    provider: ProviderArgs,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
struct SigningArgs {
    /// Send the bytes as received, with the original signature
    #[arg(long)]
    exact: bool,
    /// Keep the original delivery id, as a retry does, if the provider signs one
    #[arg(long, conflicts_with = "exact")]
    keep_id: bool,
}

pub(super) fn run(args: &ResendArgs) -> Result<(), CliError> {
    let filter = args.filter.as_deref().map(select).transpose()?;
    let path = args.store.path();
    let reader = StoreReader::open(&path).map_err(CliError::environment)?;
    let chosen = match &filter {
        Some(filter) => passing(&reader, filter)?,
        None => named(args, &reader)?,
    };
    let keyring = if args.signing.exact { Vec::new() } else { keyring(args, &chosen)? };
    let destination = destination(args, &chosen, &keyring)?;
    if args.dry_run {
        return chosen.iter().try_for_each(|row| print(args, &reader, &destination, row.id));
    }
    writeln!(output::notes(), "{}", announcement(args, chosen.len(), &keyring))?;
    let recorder = AttemptWriter::open(&path).map_or_else(
        |error| {
            writeln!(output::notes(), "warning: attempts are not recorded: {error}")?;
            Ok::<_, io::Error>(AttemptRecorder::Off)
        },
        |writer| Ok(AttemptRecorder::Writer(Box::new(writer))),
    )?;
    let run = ResendRun {
        ids: chosen.iter().map(|row| row.id).collect(),
        destination,
        pace: ResendPace { times: args.count, interval: args.interval.unwrap_or_default() },
        reader,
        recorder,
        client: Client::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::environment)?;
    runtime.block_on(async {
        let (events, progress) = mpsc::channel(WAITING);
        let stop = std::future::pending();
        tokio::join!(run.run(events, stop), render(args, progress)).1
    })
}

/// Capacity of the queue of events to print.
const WAITING: usize = 16;

/// Prints the progress of a run. Its result determines the exit code.
async fn render(
    args: &ResendArgs,
    mut progress: mpsc::Receiver<ResendEvent>,
) -> Result<(), CliError> {
    let mut skipped = None;
    while let Some(event) = progress.recv().await {
        match event {
            ResendEvent::Started(_) => {}
            ResendEvent::Skipped { id, reason } => {
                writeln!(output::stderr(), "delivery {id} was not sent: {reason}")?;
                skipped = Some((id, reason));
            }
            ResendEvent::Sent { outcome, summary: counts } => {
                print_outcome(args, &outcome)?;
                summary::show_progress(&counts)?;
            }
            ResendEvent::Finished(counts) => {
                let verdict = summary::verdict(&counts, &args.to);
                return match skipped {
                    Some((id, reason)) if verdict.is_ok() => Err(unsent(id, &reason)),
                    _ => verdict,
                };
            }
        }
    }
    Ok(())
}

fn print_outcome(args: &ResendArgs, outcome: &ResendOutcome) -> io::Result<()> {
    let ResendOutcome { attempt, comparison, recorded, .. } = outcome;
    if let Recorded::Failed(error) = recorded {
        writeln!(output::notes(), "warning: this attempt is not recorded: {error}")?;
    }
    let mut out = output::stdout();
    if args.json {
        let line = jsonl::attempt_line(attempt, *comparison, recorded.is_recorded());
        writeln!(out, "{line}")?;
    } else {
        writeln!(out, "{}", summary::attempt_line(attempt, *comparison))?;
    }
    out.flush()
}

/// Returns the error for a delivery that cannot be sent.
fn unsent(id: DeliveryId, reason: &SkipReason) -> CliError {
    let text = format!("delivery {id} was not sent: {reason}");
    match reason {
        SkipReason::Refused(_) => CliError::negative(text),
        SkipReason::Unsigned(_) => CliError::usage(format!("{text}; {WAYS_OUT}")),
        SkipReason::Gone | SkipReason::Store(_) => CliError::environment(text),
    }
}

/// Suggestion for a delivery that cannot be re-signed.
const WAYS_OUT: &str = "use --provider, --secret-env, or --secret-file, or send the bytes as they \
                        were received with --exact";

/// Returns the deliveries selected by id; fails if one of them cannot be sent.
fn named(args: &ResendArgs, reader: &StoreReader) -> Result<Vec<Summary>, CliError> {
    let mut ids = Vec::new();
    for named in &args.ids {
        ids.extend(named.all(reader)?);
    }
    let found = reader.summaries(&ids).map_err(CliError::environment)?;
    for id in &ids {
        let row = found.iter().find(|row| row.id == *id).ok_or_else(|| {
            let shown = args.store.path();
            CliError::negative(format!(
                "no delivery {id} in {} (see `hookglass list`)",
                shown.display()
            ))
        })?;
        if let Some(reason) = SkipReason::of(row) {
            return Err(unsent(*id, &reason));
        }
    }
    Ok(found)
}

/// Returns the deliveries that match a filter, except those that cannot be sent.
fn passing(reader: &StoreReader, picking: &Selection) -> Result<Vec<Summary>, CliError> {
    let ids = picking.ids(reader, None)?;
    let mut found = reader.summaries(&ids).map_err(CliError::environment)?;
    let all = found.len();
    found.retain(|row| SkipReason::of(row).is_none());
    if found.len() < all {
        let refused = units::format_count((all - found.len()) as u64);
        writeln!(
            output::notes(),
            "skipped {refused} refused deliveries, which have no stored bytes"
        )?;
    }
    if found.is_empty() {
        return Err(CliError::negative("no delivery matches; nothing was sent".to_owned()));
    }
    Ok(found)
}

/// Returns the providers to re-sign as, with their secrets.
fn keyring(args: &ResendArgs, chosen: &[Summary]) -> Result<Vec<Credentials>, CliError> {
    let config = args.provider.config.load()?;
    let mut names: Vec<String> = chosen.iter().map(|row| row.provider.clone()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| config.named(name).is_ok());
    let Keyring { candidates, notes, warnings } = args.provider.keyring_of(&names)?;
    for line in notes.iter().chain(&warnings) {
        writeln!(output::notes(), "hookglass: {line}")?;
    }
    Ok(candidates)
}

/// Returns the destination, after checking that all deliveries can be signed.
fn destination<'k>(
    args: &ResendArgs,
    chosen: &[Summary],
    keyring: &'k [Credentials],
) -> Result<Destination<'k>, CliError> {
    let keys = ReSigning {
        credentials: keyring,
        assume_first: args.provider.provider.is_some(),
        event_id: if args.signing.keep_id { EventIdPolicy::Kept } else { EventIdPolicy::Fresh },
    };
    let signing = if args.signing.exact { Signing::Exact } else { Signing::Resign(keys) };
    if let Signing::Resign(keys) = &signing {
        for row in chosen {
            keys.key(&row.provider).map_err(|why| unsent(row.id, &SkipReason::Unsigned(why)))?;
        }
    }
    Ok(Destination { target: args.to.clone(), signing, fallback: Fallback::Skip })
}

fn announcement(args: &ResendArgs, deliveries: usize, keyring: &[Credentials]) -> String {
    let many = match deliveries {
        1 => "1 delivery".to_owned(),
        many => format!("{} deliveries", units::format_count(many as u64)),
    };
    let often = match args.count {
        1 => String::new(),
        count => format!(", {} times each", units::format_count(count)),
    };
    let names: Vec<String> = keyring.iter().filter_map(signing_name).collect();
    let how = match names.as_slice() {
        [] => "exactly as received".to_owned(),
        names => format!("re-signed with {}", names.join(", ")),
    };
    format!("sending {many}{often} to {}, {how}", args.to)
}

/// Prints a request as it would be sent.
fn print(
    args: &ResendArgs,
    reader: &StoreReader,
    destination: &Destination<'_>,
    id: DeliveryId,
) -> Result<(), CliError> {
    let delivery = reader.delivery(id).map_err(CliError::environment)?;
    let delivery = delivery.ok_or_else(|| unsent(id, &SkipReason::Gone))?;
    let (prepared, _) = destination.prepare(&delivery).map_err(|why| unsent(id, &why))?;
    if let Signing::Resign(keys) = &destination.signing
        && let Ok((credentials, _)) = keys.key(&delivery.summary.provider)
    {
        summary::refuse_token(&credentials.provider)?;
    }
    let PreparedRequest { request, changes } = prepared;
    summary::print(Some(id), &request, changes.as_deref(), &args.to, args.json)
}
