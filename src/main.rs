//! Parses the command line, runs what it asks for, and turns a failure into an exit code.

use std::io::Write as _;
use std::process::ExitCode;

use hookglass::cli::{Cli, CliError, run};

fn main() -> ExitCode {
    match run(Cli::read(std::env::args_os())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, CliError::Pipe) {
                // Nothing can be done about a standard error that cannot be written to.
                let _ = writeln!(std::io::stderr(), "error: {}", failure.report());
            }
            failure.exit_code()
        }
    }
}
