//! Parses the command line, runs the command, and turns an error into an exit code.

use std::io::Write as _;
use std::process::ExitCode;

use hookglass::cli::{Cli, CliError, run};

fn main() -> ExitCode {
    match run(Cli::read(std::env::args_os())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, CliError::Pipe) {
                // Nothing can be done if standard error cannot be written.
                let _ = writeln!(std::io::stderr(), "error: {}", failure.report());
            }
            failure.exit_code()
        }
    }
}
