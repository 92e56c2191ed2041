//! Loads deliveries from the store, ready to be shown and explained.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::{Context, read_from};
use crate::app::{DecodeRequest, Event, Loaded, Notice};
use crate::delivery::DeliveryId;
use crate::ops::diagnose::{diagnose, late_cause, report, try_secret};
use crate::ops::diff::relations;
use crate::payload::{Document, DocumentSearch, SearchPattern};
use crate::secret::Secret;
use crate::store::StoreReader;
use crate::task;

/// Bytes of a document searched before checking for cancellation.
const SLICE: usize = 1 << 20;

/// Minimum time between two loads: the selection may follow deliveries faster than anyone reads.
const PACE: Duration = Duration::from_millis(33);

/// Loads the delivery requested last; earlier requests are skipped.
pub(super) async fn load_wanted(
    context: Arc<Context>,
    mut wishes: watch::Receiver<Option<DeliveryId>>,
    latest: watch::Sender<Option<Arc<Loaded>>>,
) {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reader = None;
    while wishes.changed().await.is_ok() {
        pace.tick().await;
        let Some(id) = *wishes.borrow_and_update() else { continue };
        let one = Arc::clone(&context);
        let loading = tokio::task::spawn_blocking(move || {
            let event = one.load(&mut reader, id);
            (reader, event)
        });
        let Some((returned, event)) = task::join_or_panic(loading.await) else { return };
        reader = returned;
        if let Event::Loaded(loaded) = &event {
            latest.send_replace(Some(Arc::clone(loaded)));
        }
        if context.events.send(event).await.is_err() {
            return;
        }
    }
}

/// Explains a failed signature of the delivery loaded last.
pub(super) async fn explain_wanted(
    context: Arc<Context>,
    mut loaded: watch::Receiver<Option<Arc<Loaded>>>,
) {
    while loaded.changed().await.is_ok() {
        let Some(loaded) = loaded.borrow_and_update().clone() else { continue };
        let (one, delivery) = (Arc::clone(&context), Arc::clone(&loaded));
        let finding = move || diagnose(&one.setup.verifier.get(), &delivery.delivery);
        let Some(diagnosis) = task::blocking(finding).await else { continue };
        let summary = &loaded.delivery.summary;
        let id = summary.id;
        // The diagnosis queue was full when it was received.
        if let Some(verdict) = late_cause(&summary.signature, &diagnosis)
            && let Err(error) = context.setup.store.record_diagnosis(id, verdict).await
        {
            context.say(Notice::failed(format!("Cause not stored: {error}"))).await;
        }
        // The receiver is gone if the loop has ended.
        let _ = context.events.send(Event::Diagnosed { id, diagnosis }).await;
    }
}

impl Context {
    /// Loads a delivery with a reader that is opened once.
    fn load(&self, reader: &mut Option<StoreReader>, id: DeliveryId) -> Event {
        let opened = reader.take().map_or_else(|| self.setup.store.reader(), Ok);
        let reader = match opened {
            Ok(opened) => reader.insert(opened),
            Err(error) => return Event::NotLoaded { id, reason: error.to_string() },
        };
        match read_from(reader, id) {
            Ok(delivery) => {
                let verifier = self.setup.verifier.get();
                let examined = report(&verifier, &delivery);
                // On failure, the delivery itself can still be shown.
                let related = relations(reader, &verifier, &delivery);
                let (related, overtaken) = related.unwrap_or_default();
                let loaded = Loaded::new(delivery, examined).among(related, overtaken);
                Event::Loaded(Arc::new(loaded))
            }
            Err(error) => Event::NotLoaded { id, reason: error.to_string() },
        }
    }

    /// Searches a whole document and reports the matches at intervals.
    pub(super) fn find(&self, number: u64, typed: &str, document: &Document) {
        // The core has already parsed it.
        let Ok(pattern) = SearchPattern::read(typed) else { return };
        let mut search = DocumentSearch::new(pattern);
        let mut reported = 0;
        while search.advance(document, SLICE) {
            if self.finding.load(Ordering::Relaxed) != number {
                return;
            }
            // Report the first matches at once; later ones only change a count.
            if reported == 0 && search.count() > 0 {
                reported = search.count();
                self.send(Event::Found { number, search: search.clone() });
            }
        }
        self.send(Event::Found { number, search });
    }

    /// Decodes a string of a document.
    pub(super) fn decode(&self, request: DecodeRequest) {
        if let Some((document, search)) = request.carry_out() {
            self.send(Event::Decoded { request, document, search });
        }
    }

    /// Verifies a delivery with a secret that is not saved.
    pub(super) fn try_secret(&self, id: DeliveryId, secret: Secret) {
        match self.read(id) {
            Ok(delivery) => {
                let verdict = try_secret(&self.setup.verifier.get(), &delivery, secret);
                self.send(Event::SecretTried { id, verdict });
            }
            Err(error) => {
                self.send(Event::Notice(Notice::failed(format!("Not verified again: {error}"))));
            }
        }
    }
}
