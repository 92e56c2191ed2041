//! Progress bar of a long command, on standard error if it is a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::output;
use crate::units;

/// Commands shorter than this show no bar.
const PATIENCE: Duration = Duration::from_millis(400);

/// Time between two redraws.
const PACE: Duration = Duration::from_millis(100);

const WIDTH: usize = 24;

/// Progress bar that is redrawn at intervals and cleared at the end.
pub(super) struct ProgressLine {
    what: &'static str,
    total: usize,
    done: usize,
    next: Instant,
    is_shown: bool,
    is_terminal: bool,
}

impl ProgressLine {
    pub(super) fn new(what: &'static str, total: usize) -> Self {
        let is_terminal = io::stderr().is_terminal() && !output::is_quiet();
        Self { what, total, done: 0, next: now() + PATIENCE, is_shown: false, is_terminal }
    }

    pub(super) fn step(&mut self) {
        self.done += 1;
        if !self.is_terminal || now() < self.next {
            return;
        }
        self.next = now() + PACE;
        self.is_shown = true;
        let filled = self.done * WIDTH / self.total.max(1);
        let bar = format!("{}{}", "█".repeat(filled), "░".repeat(WIDTH.saturating_sub(filled)));
        let (done, total) =
            (units::format_count(self.done as u64), units::format_count(self.total as u64));
        // Progress is optional; a failed write does not stop the command.
        let _ = write!(output::raw_stderr(), "\r{} {bar} {done} of {total}\x1b[K", self.what);
    }

    /// Clears the line, so that other output can be printed.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _ = write!(output::raw_stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.clear();
    }
}

#[expect(clippy::disallowed_methods, reason = "the bar is drawn at intervals")]
fn now() -> Instant {
    Instant::now()
}
