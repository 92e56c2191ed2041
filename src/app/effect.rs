//! Effects: everything the core asks the dashboard to do.

use super::action::{Copyable, Setting};
use super::diff::DiffRequest;
use super::resend::{EditDecision, ResendRequest};
use super::routing::RoutingChange;
use crate::delivery::DeliveryId;
use crate::filter::{Filter, Undecided};
use crate::formats::ExportFormat;
use crate::ops::annotate::Annotation;
use crate::payload::{Document, DocumentSearch, SearchPattern};
use crate::secret::Secret;

/// A string to decode. It may take as long as a sender likes, and so may the search of the result.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodeRequest {
    pub document: Document,
    /// Row of the string.
    pub row: usize,
    /// Number and text of the search in the document.
    pub search: Option<(u64, String)>,
}

impl DecodeRequest {
    /// Decodes the string and searches the result; `None` if it has no encoded content.
    pub fn carry_out(&self) -> Option<(Document, Option<DocumentSearch>)> {
        let decoded = self.document.decoded_at(self.row)?;
        let typed = self.search.as_ref().map(|(_, typed)| typed.as_str());
        let mut search =
            typed.and_then(|typed| SearchPattern::read(typed).ok()).map(DocumentSearch::new);
        if let Some(search) = &mut search {
            while search.advance(&decoded, usize::MAX) {}
        }
        Some((decoded, search))
    }
}

/// Everything the core asks the dashboard to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Load a delivery; a later request replaces an earlier one.
    Load(DeliveryId),
    /// Compare two deliveries; a later request replaces an earlier one.
    Compare(DiffRequest),
    /// Test these deliveries by their bytes, newest first; a later search replaces an earlier one.
    Search {
        search: u64,
        filter: Filter,
        open: Undecided,
    },
    /// Test these as well; they arrived during the search.
    SearchMore {
        search: u64,
        filter: Filter,
        open: Undecided,
    },
    /// Search a document; a later search replaces an earlier one.
    Find {
        number: u64,
        typed: String,
        document: Document,
    },
    Decode(DecodeRequest),
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
    /// Copy the given text.
    CopyText {
        text: String,
        what: Copyable,
    },
    /// Resend deliveries; reported by [`super::Event::Resend`].
    Resend(ResendRequest),
    /// Stop this run and those before it.
    StopResending(u64),
    /// Let the user edit a delivery, then send it as a new one; reported by
    /// [`super::Event::Mistaken`], [`super::Event::Edited`], and [`super::Event::EditSent`].
    Edit {
        order: ResendRequest,
        /// Prompt for the target after editing.
        asks: bool,
    },
    /// Go on with an edit.
    Decide {
        number: u64,
        decision: EditDecision,
    },
    /// Change rules or release a request; an added rule is reported by [`super::Event::RuleAdded`]
    /// or [`super::Event::RuleWrong`].
    Change(RoutingChange),
    /// Verify a delivery with this secret instead of the configured ones.
    TrySecret {
        id: DeliveryId,
        secret: Secret,
    },
    /// Use this secret from now on, for the provider of a delivery or for the only provider;
    /// reported by [`super::Event::SecretsInUse`].
    UseSecret {
        id: Option<DeliveryId>,
        secret: Secret,
    },
    /// Read the configured secrets again; reported by [`super::Event::SecretsInUse`].
    ReloadSecrets,
    /// Verify these deliveries with the secrets in use.
    VerifyAgain(Vec<DeliveryId>),
    /// Describe the provider of a delivery in the configuration.
    AddProvider {
        id: DeliveryId,
        name: String,
        secret: Option<Secret>,
    },
    SendSample,
    /// Save a setting for later sessions.
    SaveSetting(Setting),
    /// Save a filter under a name, for this session and later ones.
    SaveView {
        name: String,
        filter: String,
    },
    /// Mark, note, remove, or restore deliveries; a removal is reported by
    /// [`super::Event::Removed`].
    Annotate(Annotation),
    CaptureMouse(bool),
    Redraw,
    Suspend,
    /// End the program.
    Quit,
}
