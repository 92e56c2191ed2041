//! Events: everything that enters the core.

use std::sync::Arc;

use jiff::Timestamp;

use super::detail::Loaded;
use super::diff::{DeliveryDiff, DiffRequest};
use super::effect::DecodeRequest;
use super::keymap::Key;
use super::layout::Size;
use super::notice::Notice;
use super::routing::{Routing, RuleMistake};
use crate::delivery::{DeliveryId, Summary, Verdict};
use crate::ops::resend::{ResendEvent, ResendOutcome};
use crate::payload;
use crate::signature::Diagnosis;

/// Action of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    Click,
    /// Movement with the button pressed.
    Drag,
    Release,
    WheelUp,
    WheelDown,
}

/// Action of the mouse and its cell; the upper left one is 0, 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    pub kind: MouseKind,
    pub column: u16,
    pub row: u16,
}

/// Everything that enters the core.
#[derive(Debug)]
pub enum Event {
    Key(Key),
    Paste(String),
    Mouse(Mouse),
    Resize(Size),
    /// The current time, about once a second.
    Tick(Timestamp),
    /// New and changed deliveries, in order of their revisions.
    Kept(Vec<Summary>),
    /// Deliveries that were removed.
    Gone(Vec<DeliveryId>),
    /// Deliveries of earlier runs, newest first; each page is older than the previous one, and an
    /// empty page ends them.
    Older(Vec<Summary>),
    Loaded(Arc<Loaded>),
    NotLoaded {
        id: DeliveryId,
        reason: String,
    },
    /// Attempts to explain a failed signature with the current secrets.
    Diagnosed {
        id: DeliveryId,
        diagnosis: Diagnosis,
    },
    /// Result of [`super::Effect::TrySecret`].
    SecretTried {
        id: DeliveryId,
        verdict: Verdict,
    },
    /// Other secrets are in use now; includes their names.
    SecretsInUse {
        names: Vec<String>,
        notice: Notice,
    },
    /// Result of [`super::Effect::Search`].
    Matched {
        search: u64,
        ids: Vec<DeliveryId>,
        /// Number of deliveries tested since the last result.
        tested: usize,
    },
    /// Result of [`super::Effect::Find`].
    Found {
        number: u64,
        search: payload::DocumentSearch,
    },
    /// Result of [`super::Effect::Decode`].
    Decoded {
        request: DecodeRequest,
        document: payload::Document,
        /// The search of the document, if one was requested.
        search: Option<payload::DocumentSearch>,
    },
    /// Result of [`super::Effect::Compare`], or the reason why there is nothing to compare with.
    Compared {
        wish: DiffRequest,
        outcome: Result<Arc<DeliveryDiff>, String>,
    },
    /// Deliveries that the user removed; they can be restored.
    Removed(Vec<DeliveryId>),
    /// Deliveries that were removed and are back.
    Restored(Vec<DeliveryId>),
    /// Progress of [`super::Effect::Resend`].
    Resend {
        number: u64,
        target: String,
        event: ResendEvent,
    },
    /// An edited delivery was sent; includes its origin.
    EditSent {
        origin: DeliveryId,
        outcome: Box<ResendOutcome>,
    },
    /// A delivery was edited, and its target is wanted; includes what was typed last, and its
    /// mistake.
    Edited {
        number: u64,
        id: DeliveryId,
        target: String,
        error: Option<String>,
    },
    /// The edited delivery cannot be sent; includes the reason.
    Mistaken {
        number: u64,
        mistakes: String,
    },
    /// Rules, paused requests, targets, or the public address have changed.
    Routing(Box<Routing>),
    /// Result of [`super::routing::RoutingChange::Add`].
    RuleAdded(String),
    /// Result of [`super::routing::RoutingChange::Add`]: the typed text and its mistake.
    RuleWrong {
        typed: String,
        mistake: RuleMistake,
    },
    /// Result of [`super::Effect::SaveView`].
    ViewSaved {
        name: String,
        filter: String,
    },
    /// Reason why the store cannot save deliveries; none if it can again.
    Trouble(Option<String>),
    Notice(Notice),
    /// The terminal is closed, or a signal requested a shutdown.
    Ended,
}
