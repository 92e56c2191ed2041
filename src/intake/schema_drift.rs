//! Learns the schema of each event type from its bodies, and records how a body differs from it.
//!
//! It follows the store, off the response path. A body whose shape is known is recognized by a
//! hash; of the others, only a few of each commit are examined, so that learning never competes
//! with receiving. What it learned is stored too; for an event type that is new to it, it first
//! reads earlier deliveries.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use futures_util::future::join_all;
use hashbrown::{DefaultHashBuilder, Equivalent, HashMap, HashSet};
use tokio_util::sync::CancellationToken;

use crate::delivery::{Delivery, DeliveryId, Summary};
use crate::payload::Document;
use crate::payload::schema::{Baseline, Schema, fingerprint};
use crate::store::{
    Commit, Followed, Follower, SchemaRecord, Store, StoreChange, StoreError, StoreReader,
};
use crate::task;

/// Bodies of unknown shape examined in one commit; others are skipped.
const MAX_EXAMINED: usize = 16;

/// Earlier deliveries read for a new event type.
const EARLIER_DELIVERIES: usize = 20;

/// Larger bodies are skipped.
const MAX_BODY: u64 = 1 << 20;

/// Baselines in memory; others are loaded again.
const MAX_BASELINES: usize = 200;

/// Known shapes of one event type; others are compared field by field.
const MAX_SHAPES: usize = 256;

/// Changes reported for one body.
const MAX_CHANGES: usize = 8;

/// Examines each delivery from now on, until `stop`.
pub fn learn_schemas(store: Store, stop: CancellationToken) -> impl Future<Output = ()> {
    // Subscribe before the first request can arrive. If the store cannot be read, that is reported
    // elsewhere.
    let follower = store.follow().ok();
    async move {
        if let Some(follower) = follower {
            learn(store, follower, stop).await;
        }
    }
}

async fn learn(store: Store, mut follower: Follower, stop: CancellationToken) {
    let mut learner = SchemaLearner::new(store.clone());
    loop {
        let news = tokio::select! {
            news = follower.next() => news,
            () = stop.cancelled() => return,
        };
        let commit = match news {
            Some(Followed::Commit(commit)) => commit,
            // The next delivery shows how many were skipped.
            Some(Followed::Missed) => {
                follower.skip_missed();
                continue;
            }
            None => return,
        };
        let unknown = learner.unknown(&commit);
        if unknown.is_empty() {
            continue;
        }
        let examined = tokio::task::spawn_blocking(move || {
            let records = learner.examine_all(&unknown).unwrap_or_default();
            (learner, records)
        });
        let Some((returned, records)) = task::join_or_panic(examined.await) else { return };
        learner = returned;
        // A failure shows in the store's progress.
        join_all(records.into_iter().map(|record| store.record_schema(record))).await;
    }
}

/// Provider and event type.
type EventKey = (String, String);

/// Borrowed [`EventKey`].
struct EventKeyRef<'k>(&'k str, &'k str);

impl Hash for EventKeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0, self.1).hash(state);
    }
}

impl Equivalent<EventKey> for EventKeyRef<'_> {
    fn equivalent(&self, key: &EventKey) -> bool {
        self.0 == key.0 && self.1 == key.1
    }
}

/// Schema of an event type.
struct KnownSchema {
    baseline: Baseline,
    /// Fingerprints of bodies that would not change the baseline.
    shapes: HashSet<u64>,
}

struct SchemaLearner {
    store: Store,
    /// Opened for the first event type that is new.
    reader: Option<StoreReader>,
    known: HashMap<EventKey, KnownSchema>,
    hasher: DefaultHashBuilder,
    /// The last delivery seen.
    last: Option<DeliveryId>,
    /// Deliveries that were not examined.
    skipped: u64,
}

impl SchemaLearner {
    fn new(store: Store) -> Self {
        Self {
            store,
            reader: None,
            known: HashMap::new(),
            hasher: DefaultHashBuilder::default(),
            last: None,
            skipped: 0,
        }
    }

    /// Returns the deliveries of a commit whose shape is not known, as many as are examined.
    fn unknown(&mut self, commit: &Commit) -> Vec<Arc<Delivery>> {
        let mut unknown = Vec::new();
        let before = self.skipped;
        for change in commit.changes() {
            let StoreChange::New(delivery) = change else { continue };
            let id = delivery.summary.id;
            if let Some(last) = self.last.replace(id) {
                self.skipped += u64::try_from(id.0 - last.0 - 1).unwrap_or_default();
            }
            if !has_schema(&delivery.summary) || self.is_known(delivery) {
                continue;
            }
            if unknown.len() < MAX_EXAMINED {
                unknown.push(Arc::clone(delivery));
            } else {
                self.skipped += 1;
            }
        }
        if self.skipped > before {
            let skipped = self.skipped;
            tracing::info!(skipped, "schema changes are sampled under high load");
        }
        unknown
    }

    fn is_known(&self, delivery: &Delivery) -> bool {
        let Summary { provider, event, .. } = &delivery.summary;
        let event_type = event.event_type.as_deref().unwrap_or_default();
        let known = self.known.get(&EventKeyRef(provider, event_type));
        known.is_some_and(|known| {
            self.fingerprint(delivery).is_some_and(|shape| known.shapes.contains(&shape))
        })
    }

    /// Returns the fingerprint of a body that is not compressed.
    fn fingerprint(&self, delivery: &Delivery) -> Option<u64> {
        let is_plain = delivery.head.joined("content-encoding").is_none();
        is_plain.then(|| fingerprint(&delivery.body, &self.hasher)).flatten()
    }

    fn examine_all(
        &mut self,
        deliveries: &[Arc<Delivery>],
    ) -> Result<Vec<SchemaRecord>, StoreError> {
        let mut records = Vec::new();
        for delivery in deliveries {
            // An earlier one may have had the same shape.
            if !self.is_known(delivery) {
                records.extend(self.examine(delivery)?);
            }
        }
        Ok(records)
    }

    /// Returns the record of a delivery that changes the baseline, if it does.
    fn examine(&mut self, delivery: &Delivery) -> Result<Option<SchemaRecord>, StoreError> {
        let summary = &delivery.summary;
        let (Some(kind), Some(schema)) = (&summary.event.event_type, schema_of(delivery)) else {
            return Ok(None);
        };
        let shape = self.fingerprint(delivery);
        let key = (summary.provider.clone(), kind.clone());
        if !self.known.contains_key(&key) {
            if self.known.len() >= MAX_BASELINES {
                self.known.clear();
            }
            if let Some(baseline) = self.initial_baseline(summary)? {
                self.known.insert(key.clone(), KnownSchema { baseline, shapes: HashSet::new() });
            }
        }
        let (changes, known) = if let Some(known) = self.known.get_mut(&key) {
            let before = known.baseline.clone();
            let changes = known.baseline.take(&schema);
            if known.baseline == before {
                if known.shapes.len() < MAX_SHAPES {
                    known.shapes.extend(shape);
                }
                return Ok(None);
            }
            // Other shapes may lack what is new.
            known.shapes.clear();
            (changes, &*known)
        } else {
            let new = KnownSchema { baseline: Baseline::new(schema), shapes: HashSet::new() };
            (Vec::new(), &*self.known.entry(key).or_insert(new))
        };
        let mut reported: Vec<String> =
            changes.iter().take(MAX_CHANGES).map(ToString::to_string).collect();
        if changes.len() > MAX_CHANGES {
            reported.push(format!("and {} more changes", changes.len() - MAX_CHANGES));
        }
        Ok(Some(SchemaRecord {
            id: summary.id,
            provider: summary.provider.clone(),
            kind: kind.clone(),
            paths: known.baseline.to_text(),
            changes: reported,
        }))
    }

    /// Returns the stored baseline of an event type, or one learned from its earlier deliveries.
    fn initial_baseline(&mut self, of: &Summary) -> Result<Option<Baseline>, StoreError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(self.store.reader()?),
        };
        let kind = of.event.event_type.as_deref().unwrap_or_default();
        let stored = reader.baseline(&of.provider, kind)?;
        if let Some(known) = stored.as_deref().and_then(Baseline::from_text) {
            return Ok(Some(known));
        }
        let mut earlier = reader.earlier_of_type(of, EARLIER_DELIVERIES)?.into_iter();
        let mut known = earlier.find_map(|delivery| schema_of(&delivery)).map(Baseline::new);
        if let Some(known) = &mut known {
            for schema in earlier.filter_map(|delivery| schema_of(&delivery)) {
                known.take(&schema);
            }
        }
        Ok(known)
    }
}

fn has_schema(summary: &Summary) -> bool {
    let request = &summary.request;
    request.refused.is_none() && request.body_size <= MAX_BODY && summary.event.event_type.is_some()
}

/// Returns the schema of a body that is JSON and not too large.
fn schema_of(delivery: &Delivery) -> Option<Schema> {
    let summary = &delivery.summary;
    if summary.request.refused.is_some() || summary.request.body_size > MAX_BODY {
        return None;
    }
    let media_type = delivery.head.joined_text("content-type");
    let encoding = delivery.head.joined_text("content-encoding");
    Schema::of(&Document::new(delivery.body.clone(), media_type.as_deref(), encoding.as_deref()))
}
