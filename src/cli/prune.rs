//! `hookglass prune`: deletes deliveries beyond a retention limit and frees the disk space.

use std::io::Write as _;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CliError, StoreArgs};
use crate::formats::jsonl;
use crate::output;
use crate::store::{Keep, SharedWriter, StoreReader};
use crate::units;

#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    /// Deliveries to keep: a count (`100k`), a total size (`10GiB`), or an age (`30d`), newest
    /// first; marked deliveries are always kept
    #[arg(long, value_name = "AMOUNT")]
    keep: Keep,
    /// Print what would be deleted, without deleting
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long, short)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn run(args: &PruneArgs) -> Result<(), CliError> {
    let path = args.store.path();
    #[expect(clippy::disallowed_methods, reason = "an age is relative to now")]
    let retention = args.keep.at(Timestamp::now());
    let mut stderr = output::notes();
    if args.dry_run {
        let reader = StoreReader::open(&path).map_err(CliError::environment)?;
        let count = reader.count_prunable(retention).map_err(CliError::environment)?;
        if args.json {
            return print(args, json!({ "deliveries": count }));
        }
        let would = units::format_count(count);
        writeln!(stderr, "would delete {would} deliveries from {}", path.display())?;
        return Ok(());
    }
    let mut store = SharedWriter::open(&path, "a prune", false).map_err(CliError::environment)?;
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
