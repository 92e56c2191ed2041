//! Learns the schema of each event type from its bodies, and records how a body differs from it.
//!
//! It follows the store as a front end does, off the response path. What it learned is stored too;
//! for an event type that is new to it, it first reads earlier deliveries.

use std::collections::HashMap;

use tokio_util::sync::CancellationToken;

use crate::delivery::{Delivery, DeliveryId, Summary};
use crate::payload::Document;
use crate::payload::schema::{Baseline, Schema};
use crate::store::{SchemaRecord, Store, StoreError, StoreReader};
use crate::task;

/// Deliveries read at a time.
const PAGE_SIZE: usize = 32;

/// Largest backlog; older deliveries are skipped.
const MAX_BACKLOG: i64 = 2000;

/// Earlier deliveries read for a new event type.
const EARLIER_DELIVERIES: usize = 20;

/// Larger bodies are skipped.
const MAX_BODY: u64 = 1 << 20;

/// Baselines in memory; others are loaded again.
const MAX_BASELINES: usize = 200;

/// Changes reported for one body.
const MAX_CHANGES: usize = 8;

/// Examines each delivery from now on, until `stop`.
pub fn learn_schemas(store: Store, stop: CancellationToken) -> impl Future<Output = ()> {
    // Read before the first request can arrive. If the store cannot be read, that is reported
    // elsewhere.
    let last = store.reader().and_then(|reader| reader.last_id()).unwrap_or(DeliveryId(0));
    let learner = SchemaLearner { store: store.clone(), last, baselines: HashMap::new() };
    learn(learner, store, stop)
}

async fn learn(mut learner: SchemaLearner, store: Store, stop: CancellationToken) {
    let mut progress = store.progress();
    loop {
        let page = tokio::task::spawn_blocking(move || {
            let page = learner.page();
            (learner, page)
        });
        let Some((returned, page)) = task::join_or_panic(page.await) else { return };
        learner = returned;
        let Page { records, is_last } = page.unwrap_or_default();
        for record in records {
            let _ = store.record_schema(record).await;
        }
        let more = async { is_last && progress.changed().await.is_err() };
        tokio::select! {
            ended = more => if ended { return },
            () = stop.cancelled() => return,
        }
    }
}

/// Records made from one page of deliveries.
struct Page {
    records: Vec<SchemaRecord>,
    is_last: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self { records: Vec::new(), is_last: true }
    }
}

struct SchemaLearner {
    store: Store,
    /// The last delivery examined.
    last: DeliveryId,
    /// By provider and event type.
    baselines: HashMap<(String, String), Baseline>,
}

impl SchemaLearner {
    fn page(&mut self) -> Result<Page, StoreError> {
        let reader = self.store.reader()?;
        let newest = reader.last_id()?;
        if self.last >= newest {
            return Ok(Page::default());
        }
        let from = DeliveryId(self.last.0.max(newest.0 - MAX_BACKLOG));
        let deliveries = reader.deliveries_after(from, PAGE_SIZE)?;
        self.last = deliveries.last().map_or(newest, |delivery| delivery.summary.id);
        let mut records = Vec::new();
        for delivery in &deliveries {
            records.extend(self.examine(&reader, delivery)?);
        }
        Ok(Page { records, is_last: deliveries.is_empty() })
    }

    /// Returns the record of a delivery that changes the baseline, if it does.
    fn examine(
        &mut self,
        reader: &StoreReader,
        delivery: &Delivery,
    ) -> Result<Option<SchemaRecord>, StoreError> {
        let summary = &delivery.summary;
        let (Some(kind), Some(schema)) = (&summary.event.event_type, schema_of(delivery)) else {
            return Ok(None);
        };
        let key = (summary.provider.clone(), kind.clone());
        if !self.baselines.contains_key(&key) {
            if self.baselines.len() >= MAX_BASELINES {
                self.baselines.clear();
            }
            if let Some(known) = initial_baseline(reader, summary)? {
                self.baselines.insert(key.clone(), known);
            }
        }
        let (changes, known) = match self.baselines.get_mut(&key) {
            Some(known) => {
                let before = known.clone();
                let changes = known.take(&schema);
                if *known == before {
                    return Ok(None);
                }
                (changes, &*known)
            }
            None => (Vec::new(), &*self.baselines.entry(key).or_insert(Baseline::new(schema))),
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
            paths: known.to_text(),
            changes: reported,
        }))
    }
}

/// Returns the stored baseline of an event type, or one learned from its earlier deliveries.
fn initial_baseline(reader: &StoreReader, of: &Summary) -> Result<Option<Baseline>, StoreError> {
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
