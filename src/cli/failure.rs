//! How a command can fail, and with which exit code.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// The answer is no: not verified, an expectation failed.
    No(String),
    /// Wrong usage, filter or configuration.
    Usage(String),
    /// The world failed: port taken, store unreadable, target unreachable.
    World(String),
    /// Whoever read our output has gone; that is their good right.
    Pipe,
}

impl Failure {
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Pipe => 0,
            Self::No(_) => 1,
            Self::Usage(_) => 2,
            Self::World(_) => 3,
        })
    }

    pub(super) fn world(error: impl fmt::Display) -> Self {
        Self::World(error.to_string())
    }

    pub(super) fn usage(error: impl fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::No(text) | Self::Usage(text) | Self::World(text) => f.write_str(text),
            Self::Pipe => Ok(()),
        }
    }
}

/// An error of writing to standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Pipe,
            _ => Self::World(format!("cannot write to standard output: {error}")),
        }
    }
}

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Self {
        Self::usage(error)
    }
}

impl From<crate::provider::ProviderError> for Failure {
    fn from(error: crate::provider::ProviderError) -> Self {
        Self::usage(error)
    }
}

impl From<crate::config::secrets::SecretError> for Failure {
    fn from(error: crate::config::secrets::SecretError) -> Self {
        Self::usage(error)
    }
}
