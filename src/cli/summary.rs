//! How the sendings of a round would look, and how they went, one by one and all together.

use std::io::{self, IsTerminal as _, Write as _};

use super::{CliError, show};
use crate::delivery::{Attempt, Comparison, DeliveryId, Outcome};
use crate::formats::jsonl;
use crate::outbound::{Request, Target, next_hop_head};
use crate::payload::escape;
use crate::provider::{Algorithm, Provider};
use crate::units;

/// How many attempts ended how.
#[derive(Default)]
pub(super) struct ResendReport {
    accepted: u64,
    refused: u64,
    failed: u64,
    /// Why there was no connection, which ends the round.
    unreached: Option<String>,
}

impl ResendReport {
    pub(super) fn count(&mut self, attempt: &Attempt, unreached: bool) {
        if let (Outcome::Failed { reason, .. }, true) = (&attempt.outcome, unreached) {
            self.unreached = Some(reason.clone());
        }
        match attempt.status() {
            None => self.failed += 1,
            Some(_) if attempt.is_accepted() => self.accepted += 1,
            Some(_) => self.refused += 1,
        }
    }

    fn sent(&self) -> u64 {
        self.accepted + self.refused + self.failed
    }

    /// Whether another delivery would fare no better.
    pub(super) fn is_over(&self) -> bool {
        self.unreached.is_some()
    }

    /// Shows on a terminal how far it has come, where nothing else does.
    pub(super) fn show_progress(&self, total: u64) -> io::Result<()> {
        let mut err = io::stderr();
        if total < 2 || !err.is_terminal() || io::stdout().is_terminal() {
            return Ok(());
        }
        let sent = self.sent();
        let end = if sent == total || self.is_over() { "\n" } else { "" };
        write!(err, "\r{} of {} sent{end}", units::format_count(sent), units::format_count(total))?;
        err.flush()
    }

    /// The exit of the command.
    pub(super) fn verdict(self, total: u64, target: &Target) -> Result<(), CliError> {
        let many = units::format_count(total);
        let unsent = total - self.sent();
        if let Some(reason) = self.unreached {
            let rest = match unsent {
                0 => String::new(),
                rest => format!("; {} of {many} were not sent", units::format_count(rest)),
            };
            return Err(CliError::environment(format!("{}{rest}", escape(&reason))));
        }
        if self.failed > 0 {
            let failed = units::format_count(self.failed);
            return Err(CliError::environment(format!(
                "{failed} of {many} got no answer from {target}"
            )));
        }
        if self.refused > 0 {
            let refused = units::format_count(self.refused);
            return Err(CliError::negative(format!(
                "{refused} of {many} were not answered with 2xx"
            )));
        }
        Ok(())
    }
}

/// An attempt in a line, beside the last one to the same target.
pub(super) fn told(attempt: &Attempt, compared: Option<Comparison>) -> String {
    let id = attempt.delivery;
    let took = units::format_duration(attempt.took);
    let outcome = match &attempt.outcome {
        Outcome::Answered(answered) => {
            let size = units::format_size(answered.body_size);
            format!("answered {} in {took}, {size}", answered.status)
        }
        Outcome::Failed { reason, .. } => format!("{} ({took})", escape(reason)),
    };
    let compared = compared.map(|compared| format!("; {compared}")).unwrap_or_default();
    let changes = attempt.changes.as_deref().map(|changes| format!(" ({})", escape(changes)));
    format!("delivery {id}: {outcome}{compared}{}", changes.unwrap_or_default())
}

/// A token is the secret itself, and that is printed nowhere.
pub(super) fn refuse_token(provider: &Provider) -> Result<(), CliError> {
    if provider.scheme.algorithm != Algorithm::Token {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "{} sends the secret itself, and no secret is printed, so there is no dry run of it",
        provider.title
    )))
}

/// Prints a request as it would go out, byte for byte or as a JSON line.
pub(super) fn print(
    id: Option<DeliveryId>,
    (request, changes): (&Request, Option<&str>),
    target: &Target,
    json: bool,
) -> Result<(), CliError> {
    let head = next_hop_head(&request.head, request.body.len(), target);
    let mut out = io::stdout().lock();
    if json {
        let line = jsonl::request_line((id, &target.to_string()), (&head, &request.body), changes);
        writeln!(out, "{line}")?;
    } else {
        show::write_bytes(&mut out, &head.raw)?;
        show::write_bytes(&mut out, &request.body)?;
    }
    out.flush()?;
    Ok(())
}
