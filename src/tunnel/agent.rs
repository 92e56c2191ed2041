//! An agent as a process of ours: its output line by line, and its end with ours.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Split};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::Instant;

/// How long an agent may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How long to wait for what an agent said last.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What a line of an agent's output tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The public URL.
    Url(String),
    /// Something that went wrong, in the agent's words.
    Trouble(String),
    Nothing,
}

pub(super) struct Agent {
    child: Child,
    out: Option<Split<BufReader<ChildStdout>>>,
    err: Option<Split<BufReader<ChildStderr>>>,
    /// Until when its last words are waited for, once it has ended.
    last: Option<Instant>,
}

impl Agent {
    /// Starts a program of the PATH, in a process group of its own: a Ctrl-C in our terminal is
    /// ours, and what the agent starts ends with it.
    pub(super) fn start(program: &str, arguments: &[String]) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let out = child.stdout.take().map(|out| BufReader::new(out).split(b'\n'));
        let err = child.stderr.take().map(|err| BufReader::new(err).split(b'\n'));
        Ok(Self { child, out, err, last: None })
    }

    /// The next line of what it says; nothing once it has ended and said everything.
    pub(super) async fn line(&mut self) -> Option<String> {
        loop {
            let Self { child, out, err, last } = self;
            let (line, of_out) = tokio::select! {
                biased;
                line = next(out), if out.is_some() => (line, true),
                line = next(err), if err.is_some() => (line, false),
                // What it said last may arrive after its end, and its children may keep the pipes
                // open for ever.
                _ = child.wait(), if last.is_none() => {
                    *last = Some(Instant::now() + LAST_WORDS);
                    continue;
                }
                () = until(*last), if out.is_some() || err.is_some() => return None,
                else => return None,
            };
            match line {
                Some(line) => return Some(String::from_utf8_lossy(&line).trim_end().to_owned()),
                None if of_out => self.out = None,
                None => self.err = None,
            }
        }
    }

    /// How it ended.
    pub(super) async fn status(&mut self) -> String {
        self.child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string())
    }

    /// Asks it to end, and makes it end if it does not.
    pub(super) async fn end(mut self) {
        self.signal(false);
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            self.signal(true);
            // It is gone, or not ours any longer.
            let _ = self.child.wait().await;
        }
    }

    #[cfg(unix)]
    fn signal(&self, kill: bool) {
        use rustix::process::{Pid, Signal, kill_process_group};
        let signal = if kill { Signal::KILL } else { Signal::TERM };
        // Once it was waited for it has no number, and somebody else may have that.
        let group = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            // Fails if all of them have ended already.
            let _ = kill_process_group(group, signal);
        }
    }

    #[cfg(not(unix))]
    fn signal(&mut self, _kill: bool) {
        // Fails if it has ended already.
        let _ = self.child.start_kill();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.signal(true);
    }
}

async fn until(instant: Option<Instant>) {
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
