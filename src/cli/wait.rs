//! `hookglass wait`: waits until the listener has stored the deliveries that a test expects.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc;

use super::keyring::ConfigArgs;
use super::number::whole;
use super::selection::{FilterArgs, select};
use super::{CliError, StoreArgs};
use crate::delivery::Delivery;
use crate::headless::{self, Format};
use crate::ops::selection::Selection;
use crate::ops::wait::{Expectation, Goal, WaitEnd, WaitProgress, wait};
use crate::output::{self, MaskingWriter};
use crate::payload::escape;
use crate::secret::SecretMask;
use crate::store::listener_of;
use crate::units;

#[derive(Debug, Args)]
pub(super) struct WaitArgs {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    store: StoreArgs,
    /// Number of matching deliveries to wait for; 0 is --none
    #[arg(long, short = 'n', value_name = "N", default_value_t = 1, conflicts_with_all = ["sequence", "none", "exactly"], value_parser = |text: &str| whole::<usize>(text, 0..=u64::MAX), allow_negative_numbers = true)]
    count: usize,
    /// Fail unless exactly this number of matching deliveries arrives within the time limit
    #[arg(long, value_name = "N", conflicts_with_all = ["sequence", "none"], value_parser = |text: &str| whole::<usize>(text, 0..=u64::MAX), allow_negative_numbers = true)]
    exactly: Option<usize>,
    /// Time limit, e.g. 500ms, 30s, or 5m
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = units::parse_duration)]
    timeout: Duration,
    /// Also count deliveries received since then, e.g. 5m or 2026-11-24T10:00
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Filters that must match in this order; other deliveries may arrive in between
    #[arg(long, value_name = "FILTER", conflicts_with = "none", allow_hyphen_values = true)]
    sequence: Vec<String>,
    /// Fail if a matching delivery arrives before the time limit
    #[arg(long)]
    none: bool,
    /// Print JSON Lines
    #[arg(long, short)]
    json: bool,
}

/// Capacity of the queue of deliveries to print.
const WAITING: usize = 16;

pub(super) fn run(args: &WaitArgs) -> Result<(), CliError> {
    let steps: Vec<Selection> =
        args.sequence.iter().map(|step| select(step)).collect::<Result<_, _>>()?;
    let since = args.since.as_deref().map(|since| select(&format!("since:{since}")));
    let expectation = Expectation {
        selection: args.filter.picking()?,
        since: since.transpose()?,
        after: None,
        goal: match (args.exactly, steps.is_empty()) {
            _ if args.none => Goal::Absent,
            (Some(0), _) => Goal::Absent,
            (Some(count), _) => Goal::Exactly(count),
            (None, true) if args.count == 0 => Goal::Absent,
            (None, true) => Goal::Count(args.count),
            (None, false) => Goal::Sequence(steps),
        },
        timeout: args.timeout,
    };
    let expects_none = matches!(expectation.goal, Goal::Absent);
    let (found, deliveries) = mpsc::channel(WAITING);
    let path = args.store.path();
    let waiting = thread::spawn(move || wait(&path, expectation, &found));
    print(args, deliveries)?;
    let end = waiting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    match end.map_err(CliError::environment)? {
        // The receiver is dropped only when the process ends.
        WaitEnd::Met | WaitEnd::Abandoned => {
            if let (true, Some(text)) = (expects_none, nobody_listens(&args.store.path())) {
                writeln!(output::notes(), "hookglass: nothing can arrive: {text}")?;
            }
            Ok(())
        }
        WaitEnd::Unexpected(id) => {
            let expected = match args.exactly {
                Some(count @ 2..) => format!("only {count} were expected (--exactly)"),
                Some(1) => "only 1 was expected (--exactly)".to_owned(),
                Some(0) => "none was expected (--exactly)".to_owned(),
                None if args.none => "none was expected (--none)".to_owned(),
                None => "none was expected (--count 0)".to_owned(),
            };
            Err(CliError::negative(format!("delivery {id} arrived, but {expected}")))
        }
        WaitEnd::TimedOut(progress) => Err(missed(args, progress)),
        WaitEnd::NoStore => Err(no_store(args)),
    }
}

/// Prints deliveries as they match.
fn print(args: &WaitArgs, mut deliveries: mpsc::Receiver<Delivery>) -> Result<(), CliError> {
    let (format, mask) = if args.json {
        (Format::Jsonl, SecretMask::default())
    } else {
        (Format::Text, ConfigArgs::default().secret_mask())
    };
    let mut out = MaskingWriter::new(output::stdout(), mask);
    while let Some(delivery) = deliveries.blocking_recv() {
        headless::print(&mut out, &delivery, format)?;
        out.flush()?;
    }
    Ok(())
}

fn no_store(args: &WaitArgs) -> CliError {
    CliError::negative(format!(
        "no delivery within {}: no store at {}; start `hookglass --headless` in this folder, or \
         use --store",
        units::format_duration(args.timeout),
        args.store.path().display()
    ))
}

/// Describes an expectation that was not met in time.
fn missed(args: &WaitArgs, progress: WaitProgress) -> CliError {
    let came = match args.sequence.get(progress.steps) {
        Some(step) => format!(
            "step {} of {} did not arrive: {}",
            progress.steps + 1,
            args.sequence.len(),
            escape(step)
        ),
        None => {
            format!("{} of {} arrived", progress.matched, args.exactly.unwrap_or(args.count))
        }
    };
    let others = match progress.others {
        0 => "no other deliveries".to_owned(),
        1 => "1 other delivery did not match".to_owned(),
        others => format!("{others} other deliveries did not match"),
    };
    let mut text =
        format!("timed out after {}: {came}, {others}", units::format_duration(args.timeout));
    if args.since.is_none() {
        text.push_str(". Use --since to count earlier ones");
    }
    if progress.unchecked > 0 {
        let count = progress.unchecked;
        let were = if count == 1 { "was" } else { "were" };
        let _ = write!(text, "\n{count} {were} not verified: the listener has no secret for them");
    }
    let store = args.store.path();
    if let Some(note) = nobody_listens(&store) {
        let _ = write!(text, "\n{note}");
    }
    CliError::negative(text)
}

/// Says that no listener uses a store; none if one does.
fn nobody_listens(store: &Path) -> Option<String> {
    listener_of(store).is_none().then(|| format!("no listener is running on {}", store.display()))
}
