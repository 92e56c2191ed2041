//! Effects: everything that leaves the core.

use super::action::Copyable;
use super::diff::DiffRequest;
use super::resend::ResendRequest;
use super::routing::RoutingChange;
use crate::delivery::DeliveryId;
use crate::filter::{Filter, Undecided};
use crate::formats::ExportFormat;
use crate::ops::annotate::Annotation;
use crate::secret::Secret;

/// A document of the delivery that was loaded last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentTab {
    Payload,
    Hex,
    Raw,
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
        format: &'static ExportFormat,
        to: String,
    },
    /// Copy a text that is at hand.
    CopyText {
        text: String,
        what: Copyable,
    },
    /// Resend deliveries; answered by [`super::Event::Resend`].
    Resend(ResendRequest),
    /// End this order, and those before it.
    StopResending(u64),
    /// Let the user change a delivery, then send it as a new one; answered by
    /// [`super::Event::Mistaken`] and [`super::Event::EditSent`].
    Edit(ResendRequest),
    /// Go back to the editor, or give up.
    EditAgain {
        number: u64,
        again: bool,
    },
    /// Change what becomes of deliveries; an added rule is answered by [`super::Event::RuleAdded`] or
    /// [`super::Event::RuleWrong`].
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
    /// Mark, note, remove, or restore deliveries; a removal is answered by
    /// [`super::Event::Removed`].
    Annotate(Annotation),
    CaptureMouse(bool),
    Redraw,
    Suspend,
}
