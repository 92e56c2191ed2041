//! Parses the command line, runs the command, and turns an error into an exit code.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use hookglass::cli::{Cli, CliError, run};

fn main() -> ExitCode {
    match run(Cli::read(std::env::args_os())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, CliError::Pipe) {
                report(failure.report());
            }
            failure.exit_code()
        }
    }
}

/// Prints the error, unless standard error is a terminal or pipe that nobody reads: writing to it
/// would block forever.
fn report(error: String) {
    let (done, is_done) = sync_channel(1);
    let writing = thread::Builder::new().spawn(move || {
        // Nothing can be done if standard error cannot be written.
        let _ = writeln!(std::io::stderr(), "error: {error}");
        let _ = done.send(());
    });
    if writing.is_ok() {
        let _ = is_done.recv_timeout(Duration::from_secs(1));
    }
}
