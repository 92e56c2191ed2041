//! Loads the cases that a replay sends, and reports their keys.

use std::io::{self, Write as _};

use super::{CliError, ReplayArgs};
use crate::ops::input;
use crate::ops::replay::{Case, CaseError, CaseReader, KeyCounts, LeftOutCase, LoadedCases};
use crate::output;
use crate::payload::escape;

/// Loads the cases from the files, in order.
pub(super) fn load(args: &ReplayArgs) -> Result<Vec<Case>, CliError> {
    if args.paths.iter().any(|path| input::is_standard_input(path)) {
        args.provider.secrets.leave_standard_input("PATH")?;
    }
    let config = args.provider.config.load()?;
    let keyring = args.provider.replaying_keyring(&config)?;
    let mut stderr = output::notes();
    for line in keyring.notes.iter().chain(&keyring.warnings) {
        writeln!(stderr, "hookglass: {line}")?;
    }
    let reader = CaseReader {
        candidates: keyring.candidates,
        providers: config.providers().cloned().collect(),
        statuses: args.expect.clone(),
        exact: args.exact,
    };
    let LoadedCases { cases, left_out, counts } = reader.read(&args.paths, &mut io::stdin())?;
    for LeftOutCase { name, reason } in left_out {
        writeln!(stderr, "skipped {}: {reason}", escape(&name))?;
    }
    if cases.is_empty() {
        return Err(CliError::negative("no delivery can be sent".to_owned()));
    }
    if !args.exact {
        report(counts)?;
    }
    Ok(cases)
}

fn report(counts: KeyCounts) -> Result<(), CliError> {
    let mut stderr = output::notes();
    for (count, how) in [
        (counts.configured, "re-signed with the configured secret"),
        (counts.test, "re-signed with the fixtures' test keys"),
        (counts.unsigned, "sent as recorded (no key)"),
    ] {
        if count > 0 {
            writeln!(stderr, "hookglass: {count} {how}")?;
        }
    }
    Ok(())
}

impl From<CaseError> for CliError {
    fn from(error: CaseError) -> Self {
        Self::usage(error)
    }
}
