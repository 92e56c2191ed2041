//! Detail of the selected delivery: the tab, the loaded data, and the scroll position.

use std::collections::VecDeque;
use std::sync::Arc;

use super::document_view::DocumentView;
use super::effect::{DecodeRequest, Effect};
use super::tab::Tab;
use super::target_responses::{TargetComparison, TargetResponse};
use crate::delivery::{Delivery, DeliveryId, Related, Summary, Verdict};
use crate::payload::{Document, DocumentSearch};
use crate::signature::{Diagnosis, Report};

/// Delivery prepared for display.
#[derive(Debug)]
pub struct Loaded {
    pub delivery: Delivery,
    pub document: Document,
    /// Request as received.
    pub raw: Document,
    /// `None` if no provider was recognized.
    pub examined: Option<Report>,
    /// Related deliveries.
    pub related: Related,
    /// Earlier delivery of the same object that has a later time.
    pub overtaken: Option<Summary>,
    /// Responses of the attempts, in order.
    pub answers: Vec<TargetResponse>,
    pub beside: Vec<TargetComparison>,
}

impl Loaded {
    /// Prepares a delivery for display.
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

    /// Adds the related deliveries.
    #[must_use]
    pub fn among(self, related: Related, overtaken: Option<Summary>) -> Self {
        Self { related, overtaken, ..self }
    }
}

/// State of the detail view.
#[derive(Debug, Default)]
pub struct Detail {
    pub tab: Tab,
    /// Last delivery that was loaded. Until the selected one is loaded, this is an earlier one.
    pub loaded: Option<Arc<Loaded>>,
    /// Reason why the selected delivery could not be loaded.
    pub failure: Option<String>,
    /// Attempts to explain the selected delivery's signature.
    pub diagnosis: Option<Diagnosis>,
    /// Verdict under a typed secret.
    pub typed: Option<Verdict>,
    wanted: Option<DeliveryId>,
    /// First visible line of a pane of lines; see [`Self::first_line`].
    top: usize,
    /// Line under the cursor in a pane of lines.
    cursor: usize,
    payload: DocumentView,
    /// The payload with strings decoded in place, or in narrow rows of hex.
    decoded: Option<Document>,
    raw: DocumentView,
    /// Body in hexadecimal, while it is shown that way.
    hex: Option<(Document, DocumentView)>,
    /// Views of earlier deliveries, so that cursor and folds are restored when one is shown again,
    /// e.g. while a filter is typed.
    earlier: VecDeque<EarlierView>,
}

#[derive(Debug)]
struct EarlierView {
    id: DeliveryId,
    payload: DocumentView,
    decoded: Option<Document>,
    raw: DocumentView,
}

/// Maximum number of remembered views.
const EARLIER: usize = 8;

/// Maximum size of a body with decoded strings whose view is remembered: the view keeps the body.
const KEPT_DECODED: usize = 1 << 20;

impl Detail {
    /// Records the selected delivery; true if it has to be loaded.
    pub fn want(&mut self, id: Option<DeliveryId>) -> bool {
        if self.wanted == id {
            return false;
        }
        self.remember();
        self.wanted = id;
        self.failure = None;
        (self.diagnosis, self.typed) = (None, None);
        (self.top, self.cursor) = (0, 0);
        self.hex = None;
        let known = self.earlier.iter().position(|view| Some(view.id) == id);
        let known = known.and_then(|at| self.earlier.remove(at));
        (self.payload, self.decoded, self.raw) =
            known.map(|view| (view.payload, view.decoded, view.raw)).unwrap_or_default();
        if id.is_none() {
            self.loaded = None;
        }
        id.is_some()
    }

    /// Remembers the views of the current delivery.
    fn remember(&mut self) {
        let Some(id) = self.wanted else { return };
        let mut payload = std::mem::take(&mut self.payload);
        let mut decoded = self.decoded.take();
        let raw = std::mem::take(&mut self.raw);
        if decoded.as_ref().is_some_and(|document| document.wire().len() > KEPT_DECODED) {
            // Its rows are those of the decoded document.
            (payload, decoded) = (DocumentView::default(), None);
        }
        self.earlier.push_back(EarlierView { id, payload, decoded, raw });
        if self.earlier.len() > EARLIER {
            self.earlier.pop_front();
        }
    }

    pub fn wanted(&self) -> Option<DeliveryId> {
        self.wanted
    }

    /// Stores a loaded delivery, unless another one is wanted by now.
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
        (self.top, self.cursor) = (0, 0);
    }

    /// Returns the visible document and its view.
    pub fn reading(&self) -> Option<(&Document, &DocumentView)> {
        let loaded = self.loaded.as_deref()?;
        match (self.tab, &self.hex) {
            (Tab::Payload, Some((document, reading))) => Some((document, reading)),
            (Tab::Payload, None) => {
                Some((self.decoded.as_ref().unwrap_or(&loaded.document), &self.payload))
            }
            (Tab::Raw, _) => Some((&loaded.raw, &self.raw)),
            _ => None,
        }
    }

    /// Returns the payload, including strings decoded in place.
    pub fn payload(&self) -> Option<&Document> {
        let document = self.loaded.as_deref().map(|loaded| &loaded.document);
        self.decoded.as_ref().or(document)
    }

    /// Runs a function on the visible document and its view.
    pub fn read<R>(&mut self, go: impl FnOnce(&Document, &mut DocumentView) -> R) -> Option<R> {
        let loaded = self.loaded.as_deref()?;
        match (self.tab, &mut self.hex) {
            (Tab::Payload, Some((document, reading))) => Some(go(document, reading)),
            (Tab::Payload, None) => {
                let document = self.decoded.as_ref().unwrap_or(&loaded.document);
                Some(go(document, &mut self.payload))
            }
            (Tab::Raw, _) => Some(go(&loaded.raw, &mut self.raw)),
            _ => None,
        }
    }

    /// Returns true if the wanted delivery is loaded.
    fn is_current(&self) -> bool {
        let loaded = self.loaded.as_ref().map(|loaded| loaded.delivery.summary.id);
        loaded.is_some() && loaded == self.wanted
    }

    /// Fits the rows of a body in hex to the width of the pane.
    pub fn fit_hex(&mut self, width: usize) {
        if !self.is_current() {
            return;
        }
        let Some((document, _)) = self.reading() else { return };
        let Some(fitted) = document.hex_fitted(width) else { return };
        let document = document.clone();
        match (self.tab, &mut self.hex) {
            (Tab::Payload, Some((hex, reading))) => {
                reading.moved(&document, &fitted);
                *hex = fitted;
            }
            (Tab::Payload, None) => {
                self.payload.moved(&document, &fitted);
                self.decoded = Some(fitted);
            }
            _ => {}
        }
    }

    /// Returns the effect that decodes the string under the cursor; `None` if there is none, or if
    /// it is decoded already.
    pub fn decode(&self) -> Option<Effect> {
        let (document, reading) = self.reading()?;
        let (row, is_shown) = (reading.cursor, self.tab == Tab::Payload && !self.is_hex());
        if !is_shown || !self.is_current() || !document.may_decode(row) {
            return None;
        }
        let finding = reading.finding.as_ref();
        let search = finding.map(|finding| (finding.number, finding.typed.clone()));
        Some(Effect::Decode(DecodeRequest { document: document.clone(), row, search }))
    }

    /// Shows a decoded string, unless the payload has changed since. Returns the effect that
    /// searches it if another search has begun in the meantime.
    pub fn take_decoded(
        &mut self,
        request: &DecodeRequest,
        decoded: Document,
        search: Option<DocumentSearch>,
    ) -> Option<Effect> {
        if self.payload() != Some(&request.document) || !self.is_current() {
            return None;
        }
        let rows = decoded.row_count() - request.document.row_count();
        let finding = self.payload.finding.as_ref();
        let mut place = finding.and_then(|finding| finding.place(&request.document));
        if let Some(place) = &mut place
            && place.row > request.row
        {
            place.row += rows;
        }
        self.payload.inserted(&decoded, request.row, rows);
        let requested = request.search.as_ref().map(|(number, _)| *number);
        let search = search
            .filter(|_| self.payload.finding.as_ref().map(|finding| finding.number) == requested);
        let effect = match (&mut self.payload.finding, search) {
            (Some(finding), Some(search)) => {
                finding.replace(&decoded, search, place);
                None
            }
            (Some(finding), None) => Some(finding.again(&decoded)),
            (None, _) => None,
        };
        self.decoded = Some(decoded);
        effect
    }

    pub fn is_hex(&self) -> bool {
        self.hex.is_some()
    }

    /// Switches between the payload and its bytes in hexadecimal.
    pub fn toggle_hex(&mut self) {
        let wire = self.loaded.as_deref().map(|loaded| loaded.document.wire().clone());
        self.hex = match (&self.hex, wire) {
            (None, Some(wire)) => Some((Document::hex(wire), DocumentView::default())),
            _ => None,
        };
    }

    /// Scrolls a pane of lines within its text, and keeps the cursor visible.
    pub fn scroll(&mut self, by: isize, lines: usize, height: usize) {
        let last = lines.saturating_sub(height);
        self.top = self.first_line(lines, height).saturating_add_signed(by).min(last);
        let bottom = (self.top + height).min(lines).saturating_sub(1);
        self.cursor = self.cursor.clamp(self.top, bottom.max(self.top));
    }

    /// Moves the cursor of a pane of lines and scrolls it into view. A page moves both.
    pub fn travel(&mut self, by: isize, lines: usize, height: usize) {
        let last = lines.saturating_sub(1);
        let cursor = self.cursor.min(last).saturating_add_signed(by).min(last);
        if by.unsigned_abs() > 1 {
            self.scroll(by, lines, height);
        }
        let top = self.first_line(lines, height);
        self.top = top.min(cursor).max((cursor + 1).saturating_sub(height));
        self.cursor = cursor;
    }

    /// Moves the cursor of a pane of lines to a line of the screen.
    pub fn select_line(&mut self, line: usize, lines: usize, height: usize) {
        let first = self.first_line(lines, height);
        self.cursor = (first + line).min(lines.saturating_sub(1));
    }

    /// Returns the line under the cursor of a pane of lines.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Returns the first visible line of a pane of lines. There may be fewer lines than when it was
    /// scrolled, because they are laid out only when they are drawn.
    pub fn first_line(&self, lines: usize, height: usize) -> usize {
        self.top.min(lines.saturating_sub(height))
    }
}
