//! The contract with the shell on one page: what happened, and what is to be done.

use std::sync::Arc;

use jiff::Timestamp;

use super::action::{Copyable, ExportForm};
use super::diff::{DeliveryDiff, DiffRequest};
use super::keymap::Key;
use super::layout::Size;
use super::resend::ResendRequest;
use super::routing::{Routing, RoutingChange, RuleMistake};
use super::target_responses::{TargetComparison, TargetResponse};
use crate::delivery::{Delivery, DeliveryId, Related, Summary, Verdict};
use crate::filter::{Filter, Undecided};
use crate::ops::annotate::Annotation;
use crate::ops::resend::{ResendEvent, ResendOutcome};
use crate::payload::{self, Document};
use crate::secret::Secret;
use crate::signature::{Diagnosis, Report};

/// A delivery made ready to be shown.
#[derive(Debug)]
pub struct Loaded {
    pub delivery: Delivery,
    pub document: Document,
    /// The request as it was on the wire.
    pub raw: Document,
    /// Nothing where no provider was recognised.
    pub examined: Option<Report>,
    /// The deliveries that belong to it.
    pub related: Related,
    /// A delivery of the same object that came before and tells of a later time.
    pub overtaken: Option<Summary>,
    /// Beside the attempts, one by one.
    pub answers: Vec<TargetResponse>,
    pub beside: Vec<TargetComparison>,
}

impl Loaded {
    /// Reads what there is to show out of a delivery.
    pub fn new(delivery: Delivery, examined: Option<Report>) -> Self {
        let kind = delivery.head.joined_text("content-type");
        let coding = delivery.head.joined_text("content-encoding");
        let document = Document::new(delivery.body.clone(), kind.as_deref(), coding.as_deref());
        let raw = Document::raw([&delivery.head.raw[..], &delivery.body[..]].concat().into());
        let (answers, beside) =
            (TargetResponse::all(&delivery.attempts), TargetComparison::all(&delivery.attempts));
        let related = Related::default();
        Self { delivery, document, raw, examined, related, overtaken: None, answers, beside }
    }

    /// The same among the deliveries that belong to it.
    #[must_use]
    pub fn among(self, related: Related, overtaken: Option<Summary>) -> Self {
        Self { related, overtaken, ..self }
    }
}

/// A document of the delivery that was loaded last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentTab {
    Payload,
    Hex,
    Raw,
}

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
    /// An answer to [`Effect::Find`].
    Found {
        number: u64,
        search: payload::DocumentSearch,
    },
    /// An answer to [`Effect::Compare`]; the error says why there is nothing to compare.
    Compared {
        wish: DiffRequest,
        outcome: Result<Arc<DeliveryDiff>, String>,
    },
    /// These were removed on the user's behalf, and can be brought back.
    Removed(Vec<DeliveryId>),
    /// Progress of [`Effect::Resend`].
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
    /// An answer to [`RoutingChange::Add`].
    RuleAdded(String),
    /// An answer to [`RoutingChange::Add`]: the text that was typed, and its mistake.
    RuleWrong {
        typed: String,
        mistake: RuleMistake,
    },
    /// An answer to [`Effect::SaveView`].
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

/// Everything that leaves the core.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Load a delivery; a later request replaces an earlier one.
    Load(DeliveryId),
    /// Compare two deliveries; a later request replaces an earlier one.
    Compare(DiffRequest),
    /// Test these deliveries whole, newest first; a later search replaces an earlier one.
    Search {
        search: u64,
        filter: Filter,
        open: Undecided,
    },
    /// Test these as well; they came while a search was on.
    SearchMore {
        search: u64,
        filter: Filter,
        open: Undecided,
    },
    /// Search the rest of the document that is shown; a later search replaces an earlier one.
    Find {
        number: u64,
        typed: String,
        within: DocumentTab,
    },
    Copy {
        id: DeliveryId,
        what: Copyable,
    },
    /// Write deliveries to a folder or a file.
    Export {
        ids: Vec<DeliveryId>,
        form: ExportForm,
        to: String,
    },
    /// Copy a text that is at hand.
    CopyText {
        text: String,
        what: Copyable,
    },
    /// Resend deliveries; answered by [`Event::Resend`].
    Resend(ResendRequest),
    /// End this order, and those before it.
    StopResending(u64),
    /// Let the user change a delivery, then send it as a new one; answered by [`Event::Mistaken`]
    /// and [`Event::EditSent`].
    Edit(ResendRequest),
    /// Go back to the editor, or give up.
    EditAgain {
        number: u64,
        again: bool,
    },
    /// Change what becomes of deliveries; an added rule is answered by [`Event::RuleAdded`] or
    /// [`Event::RuleWrong`].
    Change(RoutingChange),
    /// Check a delivery with this secret instead of the configured ones.
    TrySecret {
        id: DeliveryId,
        secret: Secret,
    },
    SendSample,
    /// Keep a filter under a name, for this session and later ones.
    SaveView {
        name: String,
        filter: String,
    },
    /// Mark, note, remove, or restore deliveries; a removal is answered by [`Event::Removed`].
    Annotate(Annotation),
    CaptureMouse(bool),
    Redraw,
    Suspend,
}
