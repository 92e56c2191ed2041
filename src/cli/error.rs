//! Failures of commands and their exit codes.

use std::io;
use std::process::ExitCode;

use crate::error_chain::{self, BoxError, StepError};
use crate::payload::escape;

/// Reason why a command failed, by what the user can do about it.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The check failed: not verified, timed out, an expectation not met.
    #[error(transparent)]
    Negative(BoxError),
    /// Wrong usage, filter, or configuration.
    #[error(transparent)]
    Usage(BoxError),
    /// Environment error: port in use, store unreadable, target unreachable.
    #[error(transparent)]
    Environment(BoxError),
    /// The reader of standard output closed it, which is not a failure.
    #[error("the reader of the output closed it")]
    Pipe,
}

impl CliError {
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Pipe => 0,
            Self::Negative(_) => 1,
            Self::Usage(_) => 2,
            Self::Environment(_) => 3,
        })
    }

    /// Returns the name of the variant for the log, without any message text.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Negative(_) => "negative",
            Self::Usage(_) => "usage",
            Self::Environment(_) => "environment",
            Self::Pipe => "pipe",
        }
    }

    /// Returns the message to print: each source once, escaped for the terminal because sources may
    /// quote received data.
    pub fn report(&self) -> String {
        let text = error_chain::with_sources(self);
        let lines: Vec<_> = text.lines().map(escape).collect();
        lines.join("\n")
    }

    pub(super) fn negative(error: impl Into<BoxError>) -> Self {
        Self::Negative(error.into())
    }

    pub(super) fn usage(error: impl Into<BoxError>) -> Self {
        Self::Usage(error.into())
    }

    pub(super) fn environment(error: impl Into<BoxError>) -> Self {
        Self::Environment(error.into())
    }

    /// Wraps an error caused by the user's input in a description of the failed step.
    pub(super) fn usage_in(step: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::usage(StepError::new(step, source))
    }

    /// Wraps an error caused by the environment in a description of the failed step.
    pub(super) fn environment_in(step: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::environment(StepError::new(step, source))
    }
}

/// Converts an error of writing to standard output.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Pipe,
            _ => Self::environment_in("cannot write to standard output", error),
        }
    }
}

impl From<crate::store::StoreError> for CliError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::environment(error)
    }
}

impl From<crate::config::ConfigError> for CliError {
    fn from(error: crate::config::ConfigError) -> Self {
        Self::usage(error)
    }
}

impl From<crate::provider::ProviderError> for CliError {
    fn from(error: crate::provider::ProviderError) -> Self {
        Self::usage(error)
    }
}

impl From<crate::config::KeyringError> for CliError {
    fn from(error: crate::config::KeyringError) -> Self {
        Self::usage(error)
    }
}

impl From<crate::config::secrets::SecretError> for CliError {
    fn from(error: crate::config::secrets::SecretError) -> Self {
        Self::usage(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_names_every_source_once() {
        let error = CliError::usage_in("cannot read `a`", StepError::new("no file", "absent"));
        assert_eq!(error.report(), "cannot read `a`: no file: absent");
    }

    #[test]
    fn report_is_safe_for_a_terminal() {
        assert_eq!(CliError::negative("a\u{1b}[2J\nb").report(), "a\\x1b[2J\nb");
    }
}
