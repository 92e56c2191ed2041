//! The contract with the shell on one page: what happened, and what is to be done.

use std::sync::Arc;

use jiff::Timestamp;

use super::action::Copyable;
use super::keymap::Key;
use super::layout::Size;
use crate::delivery::{Attempt, Delivery, DeliveryId, Summary, Verdict};
use crate::filter::{Filter, Open};
use crate::payload::Rendered;
use crate::secret::Secret;
use crate::signature::{Diagnosis, Examined};

/// A delivery made ready to be shown.
#[derive(Debug)]
pub struct Loaded {
    pub delivery: Delivery,
    pub rendered: Rendered,
    /// Nothing where no provider was recognised.
    pub examined: Option<Examined>,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    Click,
    WheelUp,
    WheelDown,
}

/// What the mouse did, and in which cell; the upper left one is 0, 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    pub kind: MouseKind,
    pub column: u16,
    pub row: u16,
}

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    Done,
    Info,
    Failed,
}

/// A sentence for the user, shown for a few seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub kind: NoticeKind,
    pub text: String,
}

impl Notice {
    pub fn done(text: impl Into<String>) -> Self {
        Self { kind: NoticeKind::Done, text: text.into() }
    }

    pub fn info(text: impl Into<String>) -> Self {
        Self { kind: NoticeKind::Info, text: text.into() }
    }

    pub fn failed(text: impl Into<String>) -> Self {
        Self { kind: NoticeKind::Failed, text: text.into() }
    }
}

/// Everything that enters the core.
#[derive(Debug)]
pub enum Event {
    Key(Key),
    Paste(String),
    Mouse(Mouse),
    Resize(Size),
    /// The time, about once a second.
    Tick(Timestamp),
    /// Deliveries that are new or have changed, in the order in which they did.
    Kept(Vec<Summary>),
    /// Deliveries that were removed.
    Gone(Vec<DeliveryId>),
    /// Deliveries of earlier runs, newest first, each page older than the one before; an empty
    /// one ends them.
    Older(Vec<Summary>),
    Loaded(Arc<Loaded>),
    NotLoaded {
        id: DeliveryId,
        reason: String,
    },
    /// What was tried to explain a bad signature, with the secrets of now.
    Diagnosed {
        id: DeliveryId,
        diagnosis: Diagnosis,
    },
    /// An answer to [`Effect::TrySecret`].
    SecretTried {
        id: DeliveryId,
        verdict: Verdict,
    },
    /// An answer to [`Effect::Search`].
    Matched {
        search: u64,
        ids: Vec<DeliveryId>,
        /// How many more have been tested by now.
        tested: usize,
    },
    /// These were removed on the user's behalf, and can be brought back.
    Removed(Vec<DeliveryId>),
    /// A resend has ended, well or badly.
    Resent(Attempt),
    /// Why the store cannot take deliveries now; nothing when it can again.
    Trouble(Option<String>),
    Notice(Notice),
    /// The terminal has gone, or the system asks to end.
    Ended,
}

/// Everything that leaves the core.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Load a delivery; a later request replaces an earlier one.
    Load(DeliveryId),
    /// Test these deliveries whole, newest first; a later search replaces an earlier one.
    Search {
        search: u64,
        filter: Filter,
        open: Open,
    },
    /// Test these as well; they came while a search was on.
    SearchMore {
        search: u64,
        filter: Filter,
        open: Open,
    },
    Copy {
        id: DeliveryId,
        what: Copyable,
    },
    /// Send the exact bytes of a delivery to a URL, as it was typed or configured.
    Resend {
        id: DeliveryId,
        target: String,
    },
    /// Check a delivery with this secret instead of the configured ones.
    TrySecret {
        id: DeliveryId,
        secret: Secret,
    },
    SendSample,
    /// Mark deliveries, or take their marks away.
    Mark {
        ids: Vec<DeliveryId>,
        marked: bool,
    },
    /// Write a note on a delivery, or take it away.
    Note {
        id: DeliveryId,
        note: Option<String>,
    },
    /// Remove deliveries; answered by [`Event::Removed`] for those that were.
    Remove(Vec<DeliveryId>),
    /// Bring removed deliveries back.
    Restore(Vec<DeliveryId>),
    CaptureMouse(bool),
    Redraw,
    Suspend,
}
