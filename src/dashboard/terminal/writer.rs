//! Writes to the terminal on a separate thread.
//!
//! A terminal that is not read (after Ctrl-S, or over a stalled connection) can block a write
//! indefinitely. Meanwhile the loop has to continue, or no signal could end the program.

use std::io::{self, Write as _};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

/// The job that is being written, and the next one.
const WAITING: usize = 2;

/// Time to wait for a terminal that may not be read.
const PATIENCE: Duration = Duration::from_secs(1);

struct Job {
    bytes: Vec<u8>,
    /// Signaled when the bytes are written.
    done: Option<SyncSender<()>>,
}

#[derive(Debug)]
pub(super) struct TerminalWriter {
    jobs: SyncSender<Job>,
    sent: u64,
    written: watch::Receiver<u64>,
    /// The error that ended the thread.
    error: oneshot::Receiver<io::Error>,
}

impl TerminalWriter {
    pub(super) fn start() -> io::Result<Self> {
        let (jobs, queue) = sync_channel(WAITING);
        let (progress, written) = watch::channel(0);
        let (failed, error) = oneshot::channel();
        // Not joined: it may be blocked when the program ends.
        thread::Builder::new().name("terminal".to_owned()).spawn(move || {
            if let Err(error) = work(&queue, &progress) {
                // Without a receiver the program is ending.
                let _ = failed.send(error);
            }
        })?;
        Ok(Self { jobs, sent: 0, written, error })
    }

    /// Returns whether everything sent so far is written.
    pub(super) fn is_idle(&self) -> bool {
        *self.written.borrow() == self.sent
    }

    pub(super) fn send(&mut self, bytes: Vec<u8>) {
        // Fails only if the thread has ended; `written` returns why.
        if self.jobs.try_send(Job { bytes, done: None }).is_ok() {
            self.sent += 1;
        }
    }

    /// Waits until more is written.
    pub(super) async fn written(&mut self) -> io::Result<()> {
        if self.written.changed().await.is_ok() {
            return Ok(());
        }
        Err(self.error.try_recv().unwrap_or_else(|_| io::ErrorKind::BrokenPipe.into()))
    }

    /// Writes bytes after everything else, and waits a moment for that. Blocks.
    pub(super) fn finish(&mut self, bytes: Vec<u8>) {
        let (done, is_done) = sync_channel(1);
        if self.jobs.try_send(Job { bytes, done: Some(done) }).is_ok() {
            self.sent += 1;
            // A terminal that is not read, or gone, cannot be restored.
            let _ = is_done.recv_timeout(PATIENCE);
        }
    }
}

fn work(queue: &Receiver<Job>, progress: &watch::Sender<u64>) -> io::Result<()> {
    while let Ok(Job { bytes, done }) = queue.recv() {
        write(&bytes)?;
        progress.send_modify(|written| *written += 1);
        if let Some(done) = done {
            let _ = done.send(());
        }
    }
    Ok(())
}

/// Writes bytes after a panic, when the writer may be inaccessible. Waits a moment. Blocks.
pub(super) fn write_at_once(bytes: Vec<u8>) {
    let (done, is_done) = sync_channel(1);
    let writing = thread::Builder::new().spawn(move || {
        let _ = write(&bytes);
        let _ = done.send(());
    });
    if writing.is_ok() {
        let _ = is_done.recv_timeout(PATIENCE);
    }
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}
