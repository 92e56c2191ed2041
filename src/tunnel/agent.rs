//! Child process of an agent: its output line by line, and its termination.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Split};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::Instant;

/// Time that an agent gets to terminate.
const GRACE: Duration = Duration::from_secs(2);

/// Time to wait for the last output of a terminated agent.
const LAST_OUTPUT: Duration = Duration::from_millis(500);

/// Meaning of a line of output.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AgentOutput {
    /// The public URL.
    Url(String),
    /// An error, in the agent's words.
    Error(String),
    /// The local address that reports whether it is connected.
    Metrics(SocketAddr),
    Other,
}

pub(super) struct Agent {
    child: Child,
    stdout: Option<Split<BufReader<ChildStdout>>>,
    stderr: Option<Split<BufReader<ChildStderr>>>,
    /// Deadline for the last output, once it has terminated.
    deadline: Option<Instant>,
}

impl Agent {
    /// Starts a program from the PATH in its own process group: a Ctrl-C in the terminal does not
    /// reach it, and its children end with it.
    pub(super) fn start(
        program: &str,
        arguments: &[String],
        secret_variables: &[OsString],
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for variable in secret_variables {
            command.env_remove(variable);
        }
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().map(|stdout| BufReader::new(stdout).split(b'\n'));
        let stderr = child.stderr.take().map(|stderr| BufReader::new(stderr).split(b'\n'));
        Ok(Self { child, stdout, stderr, deadline: None })
    }

    /// Returns the next line of output; none once it has terminated and all was read.
    pub(super) async fn line(&mut self) -> Option<String> {
        loop {
            let Self { child, stdout, stderr, deadline } = self;
            let (line, from_stdout) = tokio::select! {
                biased;
                line = next(stdout), if stdout.is_some() => (line, true),
                line = next(stderr), if stderr.is_some() => (line, false),
                // The last output may arrive after the end, and children may keep the pipes open.
                _ = child.wait(), if deadline.is_none() => {
                    *deadline = Some(Instant::now() + LAST_OUTPUT);
                    continue;
                }
                () = wait_until(*deadline), if stdout.is_some() || stderr.is_some() => return None,
                else => return None,
            };
            match line {
                Some(line) => return Some(String::from_utf8_lossy(&line).trim_end().to_owned()),
                None if from_stdout => self.stdout = None,
                None => self.stderr = None,
            }
        }
    }

    /// Returns the exit status as text.
    pub(super) async fn status(&mut self) -> String {
        self.child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string())
    }

    /// Returns true if the process is stopped by a signal, such as SIGSTOP.
    #[cfg(unix)]
    pub(super) fn is_suspended(&self) -> bool {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let process = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        // NOWAIT leaves the state to be read again.
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status =
            process.and_then(|process| waitid(WaitId::Pid(process), options).ok().flatten());
        status.is_some_and(|status| status.stopped())
    }

    #[cfg(not(unix))]
    pub(super) fn is_suspended(&self) -> bool {
        false
    }

    /// Terminates the agent, by force if it does not end in time.
    pub(super) async fn terminate(mut self) {
        self.signal(false);
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            self.signal(true);
            // Fails only if the process is already gone.
            let _ = self.child.wait().await;
        }
    }

    #[cfg(unix)]
    fn signal(&self, kill: bool) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let signal = if kill { Signal::KILL } else { Signal::TERM };
        // After `wait` the process has no id, and another process may have got it.
        let group = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            // Fails if the whole group has already ended.
            let _ = kill_process_group(group, signal);
        }
    }

    #[cfg(not(unix))]
    fn signal(&mut self, _kill: bool) {
        // Fails if it has already ended.
        let _ = self.child.start_kill();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.signal(true);
    }
}

async fn wait_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

async fn next<R: tokio::io::AsyncBufRead + Unpin>(lines: &mut Option<Split<R>>) -> Option<Vec<u8>> {
    match lines {
        Some(lines) => lines.next_segment().await.ok().flatten(),
        None => std::future::pending().await,
    }
}
