//! Selection of deliveries by a filter, parsed and applied the same way by all commands.

use clap::Args;
use jiff::Timestamp;

use super::CliError;
use crate::diagnostic::Diagnostic;
use crate::ops::selection::Selection;

#[derive(Debug, Args)]
pub(super) struct FilterArgs {
    /// Filter, e.g. 'type:message.* sig:!verified' (see `hookglass help filters`)
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
}

impl FilterArgs {
    pub(super) fn picking(&self) -> Result<Selection, CliError> {
        select(&self.filter.join(" "))
    }
}

/// Parses a filter. An error includes a caret under the mistake.
pub(super) fn select(typed: &str) -> Result<Selection, CliError> {
    let filter = typed.parse().map_err(|error: Diagnostic| {
        CliError::usage(format!("{error}\n{}", error.excerpt(typed)))
    })?;
    #[expect(clippy::disallowed_methods, reason = "since: and until: are relative to now")]
    let now = Timestamp::now();
    Ok(Selection::new(filter, now))
}
