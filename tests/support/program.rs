//! The program under test as a process: the command, a headless listener, and what it prints.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};

use serde_json::Value;

use super::{SECRET, Tested};

/// Returns the program, isolated from the user's own environment.
pub(crate) fn hookglass(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hookglass"));
    command.current_dir(folder).env("CRIBBLY_WEBHOOK_SECRET", SECRET).env_remove("TMUX");
    command
}

/// A listener that runs headless until it is dropped.
pub(crate) struct Listener {
    pub(crate) child: Child,
    pub(crate) address: String,
    pub(crate) stderr: BufReader<ChildStderr>,
}

impl Listener {
    /// Starts a listener on a free port, and waits until it listens.
    pub(crate) fn start(command: &mut Command) -> Tested<Self> {
        Self::start_at(command, "127.0.0.1:0")
    }

    /// Starts a listener at an address, and waits until it listens.
    pub(crate) fn start_at(command: &mut Command, address: &str) -> Tested<Self> {
        let mut child = command
            .args(["--headless", "--bind", address])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stderr = BufReader::new(child.stderr.take().ok_or("no stderr")?);
        let mut line = String::new();
        stderr.read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on http://").map(str::to_owned);
        let address = address.ok_or_else(|| format!("it said {line:?}"))?;
        Ok(Self { child, address, stderr })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops the listener, and returns its status, standard output, and standard error. On systems
    /// without signals it is killed, and the status has no meaning.
    pub(crate) fn stop(mut self) -> Tested<(ExitStatus, String, String)> {
        #[cfg(unix)]
        signal(self.child.id(), "TERM")?;
        #[cfg(not(unix))]
        self.child.kill()?;
        let mut printed = String::new();
        self.child.stdout.take().ok_or("no stdout")?.read_to_string(&mut printed)?;
        let mut said = String::new();
        self.stderr.read_to_string(&mut said)?;
        Ok((self.child.wait()?, printed, said))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
pub(crate) fn signal(process: u32, name: &str) -> Tested {
    let status = Command::new("kill").arg(format!("-{name}")).arg(process.to_string()).status()?;
    if status.success() { Ok(()) } else { Err(format!("kill -{name}: {status}").into()) }
}

/// Returns standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns standard output, then standard error, as text.
pub(crate) fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(output))
}

/// Parses JSON lines.
pub(crate) fn json_lines(text: impl AsRef<[u8]>) -> Tested<Vec<Value>> {
    let text = std::str::from_utf8(text.as_ref())?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// Lists the deliveries in the store of a folder.
pub(crate) fn listed(folder: &Path) -> Tested<Vec<Value>> {
    json_lines(hookglass(folder).args(["list", "--json"]).output()?.stdout)
}

/// Waits until a process is stopped by a signal.
#[cfg(unix)]
pub(crate) fn wait_until_stopped(process: u32) -> Tested {
    for _ in 0..10_000 {
        let status =
            Command::new("ps").args(["-o", "stat=", "-p", &process.to_string()]).output()?;
        if status.stdout.starts_with(b"T") {
            return Ok(());
        }
    }
    Err("the process did not stop".into())
}
