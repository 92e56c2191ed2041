//! The detail of the selected delivery: which tab, what is loaded, how far it is scrolled.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::document_view::DocumentView;
use super::message::Loaded;
use crate::delivery::{DeliveryId, Verdict};
use crate::payload::Document;
use crate::signature::Diagnosis;

/// From this width on tabs have their whole names.
const SPACIOUS: u16 = 76;

/// A view of the selected delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Payload,
    Headers,
    Signature,
    Timeline,
    Raw,
    Diff,
}

impl Tab {
    pub const ALL: [Self; 6] =
        [Self::Payload, Self::Headers, Self::Signature, Self::Timeline, Self::Raw, Self::Diff];

    /// Whether it shows a document, in which a cursor moves.
    pub fn is_document(self) -> bool {
        matches!(self, Self::Payload | Self::Raw)
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Payload => "Payload",
            Self::Headers => "Headers",
            Self::Signature => "Signature",
            Self::Timeline => "Timeline",
            Self::Raw => "Raw",
            Self::Diff => "Diff",
        }
    }

    /// What a line of tabs of this width calls it: beside the names there has to be room for where
    /// the cursor is.
    pub fn label(self, width: u16) -> &'static str {
        match self {
            Self::Headers if width < SPACIOUS => "Head",
            Self::Signature if width < SPACIOUS => "Sig",
            Self::Timeline if width < SPACIOUS => "Time",
            _ => self.title(),
        }
    }

    /// Where each tab stands in the line of tabs.
    pub fn places(line: Rect) -> impl Iterator<Item = (Self, Rect)> {
        let mut x = line.x.saturating_add(1);
        Self::ALL.into_iter().map(move |tab| {
            let width = u16::try_from(tab.label(line.width).len()).unwrap_or(0) + 2;
            let place = Rect { x, width, ..line }.intersection(line);
            x = x.saturating_add(width);
            (tab, place)
        })
    }

    fn beside(self, step: usize) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        Self::ALL.into_iter().cycle().nth(at + step).unwrap_or_default()
    }

    #[must_use]
    pub fn next(self) -> Self {
        self.beside(1)
    }

    #[must_use]
    pub fn previous(self) -> Self {
        self.beside(Self::ALL.len() - 1)
    }
}

/// What the detail shows.
#[derive(Debug, Default)]
pub struct Detail {
    pub tab: Tab,
    /// The last delivery that was loaded; for an instant it is not yet the selected one.
    pub loaded: Option<Arc<Loaded>>,
    /// Why the selected delivery could not be loaded.
    pub failure: Option<String>,
    /// What was tried to explain the selected delivery's signature.
    pub diagnosis: Option<Diagnosis>,
    /// The verdict under a secret that was typed in.
    pub typed: Option<Verdict>,
    wanted: Option<DeliveryId>,
    /// The first line shown where there is no cursor.
    pub top: usize,
    payload: DocumentView,
    raw: DocumentView,
    /// The body in hexadecimal, while that is wanted.
    hex: Option<(Document, DocumentView)>,
}

impl Detail {
    /// Notes which delivery is selected; true if it has to be loaded.
    pub fn want(&mut self, id: Option<DeliveryId>) -> bool {
        if self.wanted == id {
            return false;
        }
        self.wanted = id;
        self.failure = None;
        (self.diagnosis, self.typed) = (None, None);
        self.top = 0;
        (self.payload, self.raw, self.hex) =
            (DocumentView::default(), DocumentView::default(), None);
        if id.is_none() {
            self.loaded = None;
        }
        id.is_some()
    }

    pub fn wanted(&self) -> Option<DeliveryId> {
        self.wanted
    }

    /// Takes in what was loaded, unless another delivery is wanted by now.
    pub fn take(&mut self, loaded: Arc<Loaded>) {
        if self.wanted == Some(loaded.delivery.summary.id) {
            self.loaded = Some(loaded);
            self.failure = None;
        }
    }

    pub fn fail(&mut self, id: DeliveryId, reason: String) {
        if self.wanted == Some(id) {
            self.loaded = None;
            self.failure = Some(reason);
        }
    }

    pub fn show(&mut self, tab: Tab) {
        self.tab = tab;
        self.top = 0;
    }

    /// The document that is shown, and how far it is read.
    pub fn reading(&self) -> Option<(&Document, &DocumentView)> {
        let loaded = self.loaded.as_deref()?;
        match (self.tab, &self.hex) {
            (Tab::Payload, Some((document, reading))) => Some((document, reading)),
            (Tab::Payload, None) => Some((&loaded.document, &self.payload)),
            (Tab::Raw, _) => Some((&loaded.raw, &self.raw)),
            (Tab::Headers | Tab::Signature | Tab::Timeline | Tab::Diff, _) => None,
        }
    }

    /// Reads on in the document that is shown.
    pub fn read<R>(&mut self, go: impl FnOnce(&Document, &mut DocumentView) -> R) -> Option<R> {
        let loaded = self.loaded.as_deref()?;
        match (self.tab, &mut self.hex) {
            (Tab::Payload, Some((document, reading))) => Some(go(document, reading)),
            (Tab::Payload, None) => Some(go(&loaded.document, &mut self.payload)),
            (Tab::Raw, _) => Some(go(&loaded.raw, &mut self.raw)),
            (Tab::Headers | Tab::Signature | Tab::Timeline | Tab::Diff, _) => None,
        }
    }

    pub fn is_hex(&self) -> bool {
        self.hex.is_some()
    }

    /// Shows the body in hexadecimal as it came, or no longer does.
    pub fn toggle_hex(&mut self) {
        let wire = self.loaded.as_deref().map(|loaded| loaded.document.wire().clone());
        self.hex = match (&self.hex, wire) {
            (None, Some(wire)) => Some((Document::hex(wire), DocumentView::default())),
            _ => None,
        };
    }

    /// Moves the window; it never leaves the text.
    pub fn scroll(&mut self, by: isize, lines: usize, height: usize) {
        let last = lines.saturating_sub(height);
        self.top = self.top.saturating_add_signed(by).min(last);
    }
}
