//! `hookglass replay`: sends fixtures to an application as a test.

mod cases;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;

use super::CliError;
use super::keyring::ProviderArgs;
use super::number::whole;
use super::pending_file::PendingFile;
use super::place;
use super::progress::ProgressLine;
use crate::error_chain;
use crate::formats::jsonl;
use crate::ops::replay::{
    self, CaseChange, CaseOutcome, ReplayEvent, ReplayHistory, ReplayPlan, ReplayRun, ReplayTiming,
    Statuses,
};
use crate::outbound::{Client, Target};
use crate::output;
use crate::payload::escape;
use crate::units;

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Fixtures and other files that `hookglass import` reads, or folders of these; - for standard
    /// input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// URL to send to
    #[arg(long, value_name = "URL")]
    to: Target,
    #[command(flatten)]
    provider: ProviderArgs,
    /// Expected statuses, e.g. 2xx or 200,202 [default: as stated in the fixture, else 2xx, or 4xx
    /// if the signature is bad]
    #[arg(long, value_name = "STATUS")]
    expect: Option<Statuses>,
    /// Pauses between requests: as recorded (`original`), a factor faster (`2x`), or `none`
    #[arg(long, value_name = "SPEED", default_value = "none", value_parser = parse_timing)]
    timing: ReplayTiming,
    /// Send in random order
    #[arg(long)]
    shuffle: bool,
    /// Seed of the random order [default: random; it is printed]
    #[arg(long, value_name = "N", requires = "shuffle", value_parser = |text: &str| whole::<u64>(text, 0..=u64::MAX))]
    seed: Option<u64>,
    /// Send each request this many times, to test that duplicates are harmless
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |text: &str| whole::<u16>(text, 1..=65_535), allow_negative_numbers = true)]
    duplicate: u16,
    /// Maximum number of requests in flight
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |text: &str| whole::<u16>(text, 1..=256), allow_negative_numbers = true)]
    concurrency: u16,
    /// Send the bytes as recorded, without re-signing
    #[arg(long)]
    exact: bool,
    /// Write a JUnit report to this file
    #[arg(long, value_name = "PATH")]
    junit: Option<PathBuf>,
    /// Print one JSON line per request
    #[arg(long, short)]
    json: bool,
}

fn parse_timing(text: &str) -> Result<ReplayTiming, String> {
    let speed = match text {
        "none" => return Ok(ReplayTiming::None),
        "original" => Some(1.0),
        _ => text.strip_suffix('x').and_then(|number| number.parse::<f64>().ok()),
    };
    match speed.filter(|speed| speed.is_finite() && *speed > 0.0) {
        Some(speed) => Ok(ReplayTiming::Original(speed)),
        None => {
            Err(format!("invalid speed `{text}`: expected original, none, or a factor, e.g. 2x"))
        }
    }
}

pub(super) fn run(args: &ReplayArgs) -> Result<(), CliError> {
    let cases = cases::load(args)?;
    let report = args.junit.as_deref().map(PendingFile::open).transpose()?;
    let shuffle = args.shuffle.then(|| args.seed.unwrap_or_else(|| fastrand::u64(..)));
    let mut stderr = output::notes();
    if let Some(seed) = shuffle {
        writeln!(stderr, "random order: --seed {seed}")?;
    }
    let plan = ReplayPlan {
        timing: args.timing,
        shuffle,
        duplicate: args.duplicate.into(),
        concurrency: args.concurrency.into(),
    };
    let runtime = tokio::runtime::Runtime::new().map_err(CliError::environment)?;
    let outcomes = runtime.block_on(async {
        let (events, progress) = mpsc::channel(WAITING);
        let client = Client::new();
        let run = ReplayRun { cases, target: args.to.clone(), plan };
        tokio::join!(run.run(&client, events), show_progress(progress)).1
    });
    let target = args.to.to_string();
    // In the store's folder, which git ignores, because it belongs to one machine and not to the
    // fixtures.
    let history_path = place::store(None).path.with_file_name("replays.json");
    let mut history = ReplayHistory::load(&history_path);
    let changes = history.note(&target, &outcomes);
    let mut out = output::buffered();
    for outcome in &outcomes {
        let change = changes.get(&outcome.name).copied().unwrap_or(CaseChange::New);
        if args.json {
            writeln!(out, "{}", jsonl::value_line(&line(outcome, change)))?;
        } else {
            write_row(&mut out, outcome, change)?;
        }
    }
    out.flush()?;
    if let Some(report) = report {
        report.finish(replay::junit(&target, &outcomes).as_bytes())?;
    }
    if let Err(error) = history.save(&history_path) {
        let error = error_chain::with_sources(&error);
        writeln!(stderr, "warning: the next run cannot be compared with this one: {error}")?;
    }
    verdict(args, &outcomes, changes.values().copied().collect())
}

/// Capacity of the queue of events to show.
const WAITING: usize = 16;

/// Shows the progress of a run, and returns its outcomes in the order of sending.
async fn show_progress(mut progress: mpsc::Receiver<ReplayEvent>) -> Vec<CaseOutcome> {
    let mut bar = None;
    while let Some(event) = progress.recv().await {
        match event {
            ReplayEvent::Started(total) => bar = Some(ProgressLine::new("replaying", total)),
            ReplayEvent::Done(_) => {
                if let Some(bar) = &mut bar {
                    bar.step();
                }
            }
            ReplayEvent::Finished(outcomes) => return outcomes,
        }
    }
    Vec::new()
}

fn line(outcome: &CaseOutcome, change: CaseChange) -> serde_json::Value {
    json!({
        "schema": "hookglass.replay/1",
        "name": outcome.name,
        "passed": outcome.failures.is_empty(),
        "change": change.as_str(),
        "status": outcome.status,
        "took_ms": units::millis(outcome.took),
        "failures": outcome.failures,
        "response_body": outcome.response_body,
    })
}

/// Lines of a response body that a failure shows; `--json` and JUnit have more.
const SHOWN_LINES: usize = 20;

fn write_row(out: &mut impl Write, outcome: &CaseOutcome, change: CaseChange) -> io::Result<()> {
    let passed = outcome.failures.is_empty();
    let word = if passed { "✓ passed" } else { "✗ failed" };
    let status = outcome.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let took = units::format_duration(outcome.took);
    let name = escape(&outcome.name);
    writeln!(out, "{word}  {:<6}  {status:>3}  {took:>8}  {name}", change.as_str())?;
    for failure in &outcome.failures {
        writeln!(out, "          {}", escape(failure))?;
    }
    if let Some(body) = &outcome.response_body {
        writeln!(out, "          response body:")?;
        for line in body.lines().take(SHOWN_LINES) {
            writeln!(out, "            {}", escape(line))?;
        }
        if body.lines().count() > SHOWN_LINES {
            writeln!(out, "            …")?;
        }
    }
    Ok(())
}

/// Summarizes the run as a line and an exit code.
fn verdict(
    args: &ReplayArgs,
    outcomes: &[CaseOutcome],
    changes: Vec<CaseChange>,
) -> Result<(), CliError> {
    let failed = outcomes.iter().filter(|outcome| !outcome.failures.is_empty()).count();
    let count = |wanted: CaseChange| changes.iter().filter(|change| **change == wanted).count();
    let (fixed, broken) = (count(CaseChange::Fixed), count(CaseChange::Broken));
    let (same, new) = (count(CaseChange::Same), count(CaseChange::New));
    let summary = format!(
        "{} sent to {}, {failed} failed; since the last run {fixed} fixed, {broken} broken, \
         {same} same, {new} new",
        outcomes.len(),
        args.to
    );
    if failed == 0 {
        writeln!(output::notes(), "{summary}")?;
        return Ok(());
    }
    if outcomes.iter().all(|outcome| outcome.is_unreachable) {
        let why = outcomes.first().and_then(|outcome| outcome.failures.first());
        return Err(CliError::environment(why.cloned().unwrap_or(summary)));
    }
    Err(CliError::negative(summary))
}
