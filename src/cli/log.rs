//! The log file, off unless `--log FILE` or `HOOKGLASS_LOG` is given.
//!
//! Only hookglass's own events are written: those of libraries may print the data that they handle.
//! Events carry ids, names, sizes, and durations; never bodies, header values, queries, or secrets.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::CliError;
use crate::private_file;

/// Variable with the path of the log file, if `--log` is not given.
const FILE: &str = "HOOKGLASS_LOG";
/// Variable with the least severe level to write.
const LEVEL: &str = "HOOKGLASS_LOG_LEVEL";

/// Starts logging if the flag or the environment names a file.
pub(super) fn start(flag: Option<&Path>) -> Result<(), CliError> {
    let variable = env::var_os(FILE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let Some(path) = flag.map(Path::to_owned).or(variable) else { return Ok(()) };
    let level = level()?;
    let file = open(&path)?;
    let text = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(file);
    let own = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level);
    let started = tracing_subscriber::registry().with(text).with(own).try_init();
    started.map_err(|error| CliError::environment_in("cannot start to log", error))?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), process = std::process::id(), "started");
    Ok(())
}

fn open(path: &Path) -> Result<File, CliError> {
    let mut options = private_file::options();
    let file = options.append(true).create(true).open(path);
    file.map_err(|error| {
        CliError::environment_in(format!("cannot write the log to `{}`", path.display()), error)
    })
}

fn level() -> Result<LevelFilter, CliError> {
    match env::var(LEVEL) {
        Ok(word) if !word.is_empty() => word.parse().map_err(|_| {
            CliError::usage(format!(
                "invalid {LEVEL} `{word}`: expected error, warn, info, debug, or trace"
            ))
        }),
        _ => Ok(LevelFilter::DEBUG),
    }
}
