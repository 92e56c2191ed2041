//! Learns what the bodies of each type look like, off the path of the answers, and keeps what is
//! new in one beside it.
//!
//! It follows the store as a front end does, so that nothing waits for it. What it learnt stands in
//! the store as well; of a type that is new to it, it looks at earlier deliveries first.

use std::collections::HashMap;

use tokio_util::sync::CancellationToken;

use crate::delivery::{Delivery, DeliveryId, Summary};
use crate::payload::Document;
use crate::payload::schema::{Baseline, Schema};
use crate::store::{SchemaRecord, Store, StoreError, StoreReader};
use crate::task;

/// Deliveries that are looked at between two writings.
const PAGE: usize = 32;

/// Deliveries that may wait; of those that come on top the older ones are passed over.
const WAITING: i64 = 2000;

/// Earlier deliveries that are looked at for a type that is new.
const EARLIER: usize = 20;

/// Larger bodies are not looked at.
const LARGEST: u64 = 1 << 20;

/// Types that are held in memory; others are read again.
const TYPES: usize = 200;

/// Changes that are told of one body.
const TOLD: usize = 8;

/// Looks at each delivery that comes from now on, until `stop`.
pub fn learn_shapes(store: Store, stop: CancellationToken) -> impl Future<Output = ()> {
    // Before anything can come. If the store cannot be read, that is shown elsewhere.
    let last = store.reader().and_then(|reader| reader.last_id()).unwrap_or(DeliveryId(0));
    let learner = SchemaLearner { store: store.clone(), last, known: HashMap::new() };
    learn(learner, store, stop)
}

async fn learn(mut learner: SchemaLearner, store: Store, stop: CancellationToken) {
    let mut progress = store.progress();
    loop {
        let page = tokio::task::spawn_blocking(move || {
            let page = learner.page();
            (learner, page)
        });
        let Some((back, page)) = task::join_or_panic(page.await) else { return };
        learner = back;
        let Page { seen, is_last } = page.unwrap_or_default();
        for one in seen {
            let _ = store.shape_seen(one).await;
        }
        let more = async { is_last && progress.changed().await.is_err() };
        tokio::select! {
            ended = more => if ended { return },
            () = stop.cancelled() => return,
        }
    }
}

/// What came of some deliveries.
struct Page {
    seen: Vec<SchemaRecord>,
    is_last: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self { seen: Vec::new(), is_last: true }
    }
}

struct SchemaLearner {
    store: Store,
    /// The delivery that was looked at last.
    last: DeliveryId,
    /// By provider and event type.
    known: HashMap<(String, String), Baseline>,
}

impl SchemaLearner {
    fn page(&mut self) -> Result<Page, StoreError> {
        let reader = self.store.reader()?;
        let newest = reader.last_id()?;
        if self.last >= newest {
            return Ok(Page::default());
        }
        let from = DeliveryId(self.last.0.max(newest.0 - WAITING));
        let deliveries = reader.deliveries_after(from, PAGE)?;
        self.last = deliveries.last().map_or(newest, |delivery| delivery.summary.id);
        let mut seen = Vec::new();
        for delivery in &deliveries {
            seen.extend(self.look(&reader, delivery)?);
        }
        Ok(Page { seen, is_last: deliveries.is_empty() })
    }

    /// What a delivery teaches, if anything.
    fn look(
        &mut self,
        reader: &StoreReader,
        delivery: &Delivery,
    ) -> Result<Option<SchemaRecord>, StoreError> {
        let summary = &delivery.summary;
        let (Some(kind), Some(shape)) = (&summary.event.event_type, shape_of(delivery)) else {
            return Ok(None);
        };
        let place = (summary.provider.clone(), kind.clone());
        if !self.known.contains_key(&place) {
            if self.known.len() >= TYPES {
                self.known.clear();
            }
            if let Some(known) = known_before(reader, summary)? {
                self.known.insert(place.clone(), known);
            }
        }
        let (changes, known) = match self.known.get_mut(&place) {
            Some(known) => {
                let before = known.clone();
                let changes = known.take(&shape);
                if *known == before {
                    return Ok(None);
                }
                (changes, &*known)
            }
            None => (Vec::new(), &*self.known.entry(place).or_insert(Baseline::new(shape))),
        };
        let mut told: Vec<String> = changes.iter().take(TOLD).map(ToString::to_string).collect();
        if changes.len() > TOLD {
            told.push(format!("and {} more changes", changes.len() - TOLD));
        }
        Ok(Some(SchemaRecord {
            id: summary.id,
            provider: summary.provider.clone(),
            kind: kind.clone(),
            paths: known.to_text(),
            changes: told,
        }))
    }
}

/// What was kept of a type, or what its earlier deliveries show.
fn known_before(reader: &StoreReader, of: &Summary) -> Result<Option<Baseline>, StoreError> {
    let kind = of.event.event_type.as_deref().unwrap_or_default();
    let kept = reader.shape(&of.provider, kind)?;
    if let Some(known) = kept.as_deref().and_then(Baseline::from_text) {
        return Ok(Some(known));
    }
    let mut earlier = reader.of_type_before(of, EARLIER)?.into_iter();
    let mut known = earlier.find_map(|delivery| shape_of(&delivery)).map(Baseline::new);
    if let Some(known) = &mut known {
        for shape in earlier.filter_map(|delivery| shape_of(&delivery)) {
            known.take(&shape);
        }
    }
    Ok(known)
}

/// The shape of a body, if it is JSON that is not too large.
fn shape_of(delivery: &Delivery) -> Option<Schema> {
    let summary = &delivery.summary;
    if summary.request.refused.is_some() || summary.request.body_size > LARGEST {
        return None;
    }
    let kind = delivery.head.joined_text("content-type");
    let coding = delivery.head.joined_text("content-encoding");
    Schema::of(&Document::new(delivery.body.clone(), kind.as_deref(), coding.as_deref()))
}
