//! `hookglass import`: deliveries from files.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::keyring::{Keyring, ProviderArgs};
use super::{CliError, StoreArgs};
use crate::ops::import::{self, ImportError, ImportSummary, Importer};
use crate::ops::input::{self, InputError};
use crate::output;
use crate::signature::Verifier;

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// Fixtures, JSON Lines, HAR, `.http`, or raw request files, or folders of these; - for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    provider: ProviderArgs,
}

pub(super) fn run(args: &ImportArgs) -> Result<(), CliError> {
    let files = input::files(&args.paths)?;
    if files.iter().any(|path| input::is_standard_input(path)) {
        args.provider.secrets.leave_standard_input("PATH")?;
    }
    let recorded = import::read(&files, &mut io::stdin())?;
    let path = args.store.path();
    let ImportSummary { count } = importer(&args.provider)?.import(recorded, &path)?;
    let noun = if count == 1 { "delivery" } else { "deliveries" };
    writeln!(output::stderr(), "imported {count} {noun} into {}", path.display())?;
    Ok(())
}

fn importer(args: &ProviderArgs) -> Result<Importer, CliError> {
    let Keyring { candidates, notes, warnings } = args.keyring()?;
    let mut stderr = output::stderr();
    for line in notes.iter().chain(&warnings) {
        writeln!(stderr, "hookglass: {line}")?;
    }
    let providers = args.config.load()?.providers().cloned().collect();
    #[expect(clippy::disallowed_methods, reason = "requests without a time get the current one")]
    let now = Timestamp::now();
    Ok(Importer { verifier: Verifier::new(candidates), providers, now })
}

impl From<InputError> for CliError {
    fn from(error: InputError) -> Self {
        Self::usage(error)
    }
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> Self {
        Self::usage(error)
    }
}
