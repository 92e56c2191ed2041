//! `hookglass store check`: integrity check of the store.

use std::io::Write as _;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{CliError, StoreArgs, help};
use crate::formats::jsonl;
use crate::output;
use crate::store::StoreReader;
use crate::units;

#[derive(Debug, Args)]
pub(super) struct StoreCommandArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Check the integrity of the whole store
    #[command(after_help = help::footer("store check"))]
    Check(CheckArgs),
}

#[derive(Debug, Args)]
struct CheckArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long, short)]
    json: bool,
}

pub(super) fn run(args: &StoreCommandArgs) -> Result<(), CliError> {
    let StoreCommand::Check(CheckArgs { store, json }) = &args.command;
    let path = store.path();
    let reader = StoreReader::open(&path).map_err(CliError::environment)?;
    let damages = reader.integrity_errors().map_err(CliError::environment)?;
    if *json {
        let size = std::fs::metadata(&path).map(|found| found.len()).ok();
        let object = json!({
            "schema": "hookglass.store-check/1",
            "store": path.display().to_string(),
            "intact": damages.is_empty(),
            "size": size,
            "newest": reader.last_id().ok().map(|id| id.0),
            "damages": damages.iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        writeln!(output::stdout(), "{}", jsonl::value_line(&object))?;
    }
    if damages.is_empty() && *json {
        return Ok(());
    }
    if damages.is_empty() {
        let size = std::fs::metadata(&path).map(|found| found.len()).unwrap_or_default();
        let (path, size) = (path.display(), units::format_size(size));
        let last = reader.last_id().map_err(CliError::environment)?;
        let newest = match last.0 {
            0 => "no deliveries".to_owned(),
            last => format!("newest delivery {last}"),
        };
        writeln!(output::stdout(), "{path} is intact: {size}, {newest}")?;
        return Ok(());
    }
    let mut out = output::stdout();
    if !json {
        for damage in &damages {
            writeln!(out, "{damage}")?;
        }
    }
    let path = path.display();
    Err(CliError::environment(format!(
        "the store {path} is damaged in {} places; stop the listener and save what can be read with \
         `sqlite3 {path} .recover`",
        damages.len()
    )))
}
