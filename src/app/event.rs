//! Events: everything that enters the core.

use std::sync::Arc;

use jiff::Timestamp;

use super::detail::Loaded;
use super::diff::{DeliveryDiff, DiffRequest};
use super::keymap::Key;
use super::layout::Size;
use super::notice::Notice;
use super::routing::{Routing, RuleMistake};
use crate::delivery::{DeliveryId, Summary, Verdict};
use crate::ops::resend::{ResendEvent, ResendOutcome};
use crate::payload;
use crate::signature::Diagnosis;

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    Click,
    /// Moved with the button held down.
    Drag,
    Release,
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
    /// An answer to [`super::Effect::TrySecret`].
    SecretTried {
        id: DeliveryId,
        verdict: Verdict,
    },
    /// An answer to [`super::Effect::Search`].
    Matched {
        search: u64,
        ids: Vec<DeliveryId>,
        /// How many more have been tested by now.
        tested: usize,
    },
    /// An answer to [`super::Effect::Find`].
    Found {
        number: u64,
        search: payload::DocumentSearch,
    },
    /// An answer to [`super::Effect::Compare`]; the error says why there is nothing to compare.
    Compared {
        wish: DiffRequest,
        outcome: Result<Arc<DeliveryDiff>, String>,
    },
    /// These were removed on the user's behalf, and can be brought back.
    Removed(Vec<DeliveryId>),
    /// Progress of [`super::Effect::Resend`].
    Resend {
        number: u64,
        target: String,
        event: ResendEvent,
    },
    /// An edited delivery was sent, and which one it was made from.
    EditSent {
        origin: DeliveryId,
        outcome: Box<ResendOutcome>,
    },
    /// What was edited cannot be sent, and why.
    Mistaken {
        number: u64,
        mistakes: String,
    },
    /// Rules, held deliveries, targets and the public address have changed.
    Onward(Box<Routing>),
    /// An answer to [`super::routing::RoutingChange::Add`].
    RuleAdded(String),
    /// An answer to [`super::routing::RoutingChange::Add`]: the text that was typed, and its
    /// mistake.
    RuleWrong {
        typed: String,
        mistake: RuleMistake,
    },
    /// An answer to [`super::Effect::SaveView`].
    ViewSaved {
        name: String,
        filter: String,
    },
    /// Why the store cannot take deliveries now; nothing when it can again.
    Trouble(Option<String>),
    Notice(Notice),
    /// The terminal has gone, or the system asks to end.
    Ended,
}
