//! Status of a hub, for display.

use std::collections::VecDeque;
use std::sync::Arc;

/// Notes that are kept.
const MAX_NOTES: usize = 8;

/// State of a hub as this program sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HubStatus {
    pub stream: String,
    pub is_connected: bool,
    /// Reason why deliveries are not published; none once one is acknowledged again.
    pub unpublished: Option<Arc<str>>,
    /// Reason why the stream is not read; none while it is.
    pub interrupted: Option<Arc<str>>,
    /// Messages in the stream that were not read yet.
    pub lag: u64,
    /// Names of the others on the hub.
    pub others: Vec<String>,
    /// Messages that were lost or skipped, newest last.
    pub notes: VecDeque<Arc<str>>,
    /// Number of notes so far.
    pub noted: u64,
}

impl HubStatus {
    /// Adds a note.
    pub fn note(&mut self, note: String) {
        tracing::warn!(note, "hub");
        if self.notes.len() == MAX_NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back(note.into());
        self.noted += 1;
    }

    /// Returns the current problem, if there is one.
    pub fn trouble(&self) -> Option<Arc<str>> {
        if !self.is_connected {
            return Some("no connection".into());
        }
        self.unpublished.clone().or_else(|| self.interrupted.clone())
    }
}
