//! `hookglass prune`: deletes deliveries beyond a retention limit and frees the disk space.

use std::io::Write as _;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{CliError, StoreArgs};
use crate::formats::jsonl;
use crate::output;
use crate::store::{Maintenance, Retention};
use crate::units;

#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    /// Deliveries to keep: a count (`100k`), a total size (`10GiB`), or an age (`30d`), newest first;
    /// marked deliveries are always kept
    #[arg(long, value_name = "AMOUNT", value_parser = parse_amount)]
    keep: Amount,
    /// Print what would be deleted, without deleting
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long, short)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Retention limit, relative to a time that is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    Count(u64),
    Bytes(u64),
    Time(std::time::Duration),
}

fn parse_amount(text: &str) -> Result<Amount, String> {
    let wrong = || {
        format!("invalid limit `{text}`: expected a count (100k), a size (10GiB), or an age (30d)")
    };
    let lower = text.trim().to_ascii_lowercase();
    if lower.ends_with('b') {
        return units::parse_size(&lower).map(Amount::Bytes).map_err(|_| wrong());
    }
    // `10m` is ten million deliveries, and `10min` is a duration.
    let count = units::parse_size(&lower).map(Amount::Count);
    count.or_else(|_| units::parse_duration(&lower).map(Amount::Time)).map_err(|_| wrong())
}

pub(super) fn run(args: &PruneArgs) -> Result<(), CliError> {
    let path = args.store.path();
    let store = Maintenance::open(&path, "a prune", false).map_err(CliError::environment)?;
    let retention = match args.keep {
        Amount::Count(count) => Retention::Count(count),
        Amount::Bytes(bytes) => Retention::Bytes(bytes),
        Amount::Time(time) => {
            #[expect(clippy::disallowed_methods, reason = "an age is relative to now")]
            let now = Timestamp::now();
            let ago = SignedDuration::try_from(time).map_err(CliError::usage)?;
            Retention::Since(now.checked_sub(ago).map_err(CliError::usage)?)
        }
    };
    let mut stderr = output::notes();
    if args.dry_run {
        let count = store.count_prunable(retention).map_err(CliError::environment)?;
        if args.json {
            return print(args, json!({ "deliveries": count }));
        }
        let would = units::format_count(count);
        writeln!(stderr, "would delete {would} deliveries from {}", path.display())?;
        return Ok(());
    }
    let pruned = store.prune(retention).map_err(CliError::environment)?;
    if args.json {
        let counts = json!({
            "deliveries": pruned.deliveries,
            "size_before": pruned.before,
            "size_after": pruned.after,
        });
        return print(args, counts);
    }
    writeln!(
        stderr,
        "deleted {} deliveries from {} ({} → {})",
        units::format_count(pruned.deliveries),
        path.display(),
        units::format_size(pruned.before),
        units::format_size(pruned.after)
    )?;
    Ok(())
}

/// Prints the result as one JSON object.
fn print(args: &PruneArgs, counts: Value) -> Result<(), CliError> {
    let mut object = json!({
        "schema": "hookglass.prune/1",
        "store": args.store.path().display().to_string(),
        "dry_run": args.dry_run,
    });
    if let (Some(object), Value::Object(counts)) = (object.as_object_mut(), counts) {
        object.extend(counts);
    }
    Ok(writeln!(output::stdout(), "{}", jsonl::value_line(&object))?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn unit_distinguishes_counts_from_durations() {
        for (text, amount) in [
            ("100k", Amount::Count(100_000)),
            ("7", Amount::Count(7)),
            ("10GiB", Amount::Bytes(10 << 30)),
            ("5MB", Amount::Bytes(5_000_000)),
            ("30d", Amount::Time(Duration::from_hours(720))),
        ] {
            assert_eq!(parse_amount(text), Ok(amount), "{text}");
        }
        for wrong in ["", "some", "-1", "5 parsecs", "d", "b"] {
            assert!(parse_amount(wrong).is_err(), "{wrong}");
        }
    }
}
