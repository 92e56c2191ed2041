//! Output of the sending commands: requests, attempts, and a summary.

use std::io::{self, IsTerminal as _, Write as _};

use super::{CliError, show};
use crate::delivery::{Attempt, Comparison, DeliveryId, Outcome};
use crate::formats::jsonl;
use crate::ops::resend::{ResendSummary, RunEnd};
use crate::outbound::{Request, Target, next_hop_head};
use crate::output;
use crate::payload::escape;
use crate::provider::{Algorithm, Provider};
use crate::units;

/// Shows the progress of a run, if standard output is a terminal without other output.
pub(super) fn show_progress(counts: &ResendSummary) -> io::Result<()> {
    let mut err = output::raw_stderr();
    let (sent, total) = (counts.sent(), counts.total);
    if output::is_quiet() || total < 2 || !err.is_terminal() || io::stdout().is_terminal() {
        return Ok(());
    }
    let is_over = sent == total || counts.end != RunEnd::Complete;
    let end = if is_over { "\n" } else { "" };
    write!(err, "\r{} of {} sent{end}", units::format_count(sent), units::format_count(total))?;
    err.flush()
}

/// Returns the result of a command that sent requests.
pub(super) fn verdict(counts: &ResendSummary, target: &Target) -> Result<(), CliError> {
    let many = units::format_count(counts.total);
    if let RunEnd::Unreached(reason) = &counts.end {
        let rest = match counts.unsent() {
            0 => String::new(),
            rest => format!("; {} of {many} were not sent", units::format_count(rest)),
        };
        return Err(CliError::environment(format!("{}{rest}", escape(reason))));
    }
    if counts.failed > 0 {
        let failed = units::format_count(counts.failed);
        return Err(CliError::environment(format!(
            "{failed} of {many} got no response from {target}"
        )));
    }
    if counts.rejected > 0 {
        let rejected = units::format_count(counts.rejected);
        return Err(CliError::negative(format!("{rejected} of {many} did not get a 2xx response")));
    }
    Ok(())
}

/// Formats an attempt as one line, compared with the last attempt to the same target.
pub(super) fn attempt_line(attempt: &Attempt, compared: Option<Comparison>) -> String {
    let id = attempt.delivery;
    let took = units::format_duration(attempt.took);
    let outcome = match &attempt.outcome {
        Outcome::Responded(answered) => {
            let size = units::format_size(answered.body_size);
            format!("answered {} in {took}, {size}", answered.status)
        }
        Outcome::Failed { reason, .. } => format!("{} ({took})", escape(reason)),
    };
    let compared = compared.map(|compared| format!("; {compared}")).unwrap_or_default();
    let changes = attempt.changes.as_deref().map(|changes| format!(" ({})", escape(changes)));
    format!("delivery {id}: {outcome}{compared}{}", changes.unwrap_or_default())
}

/// Refuses to print a request whose token is the secret itself.
pub(super) fn refuse_token(provider: &Provider) -> Result<(), CliError> {
    if provider.scheme.algorithm != Algorithm::Token {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "{} sends the secret itself, which is never printed; --dry-run is not available",
        provider.title
    )))
}

/// Prints a request as it would be sent, as raw bytes or as a JSON line.
pub(super) fn print(
    id: Option<DeliveryId>,
    request: &Request,
    changes: Option<&str>,
    target: &Target,
    json: bool,
) -> Result<(), CliError> {
    let head = next_hop_head(&request.head, request.body.len(), target);
    let mut out = output::stdout();
    if json {
        let line = jsonl::request_line(id, &target.to_string(), &head, &request.body, changes);
        writeln!(out, "{line}")?;
    } else {
        show::write_bytes(&mut out, &head.raw)?;
        show::write_bytes(&mut out, &request.body)?;
    }
    out.flush()?;
    Ok(())
}
