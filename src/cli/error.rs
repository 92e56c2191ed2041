//! How a command can fail, and with which exit code.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub enum CliError {
    /// The answer is no: not verified, an expectation failed.
    Negative(String),
    /// Wrong usage, filter or configuration.
    Usage(String),
    /// The world failed: port taken, store unreadable, target unreachable.
    Environment(String),
    /// Whoever read our output has gone; that is their good right.
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

    pub(super) fn environment(error: impl fmt::Display) -> Self {
        Self::Environment(error.to_string())
    }

    pub(super) fn usage(error: impl fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Negative(text) | Self::Usage(text) | Self::Environment(text) => f.write_str(text),
            Self::Pipe => Ok(()),
        }
    }
}

/// An error of writing to standard output.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Pipe,
            _ => Self::Environment(format!("cannot write to standard output: {error}")),
        }
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

impl From<crate::config::secrets::SecretError> for CliError {
    fn from(error: crate::config::secrets::SecretError) -> Self {
        Self::usage(error)
    }
}
