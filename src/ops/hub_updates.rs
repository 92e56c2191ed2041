//! Shares changes of deliveries over a hub: publishes those of this store, and applies those of
//! others.
//!
//! Users share their attempts and notes; a listener also publishes the response, and the cause that
//! it found after a delivery was published.

use std::collections::{HashMap, VecDeque};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::delivery::{DeliveryId, HubPlace, Source, Summary, Verdict};
use crate::hub::{
    Hub, HubEvent, HubReader, Publisher, ReadFrom, SentUpdate, new_instance, subject,
};
use crate::store::{
    Followed, Follower, HubChange, HubPage, HubUpdate, KeepError, Store, StoreChange, StoreError,
};

/// Name of this store, for others.
const INSTANCE: &str = "instance";

/// Deliveries whose state is remembered, and updates that wait for their delivery.
const REMEMBERED: usize = 4096;
const MAX_EARLY: usize = 1024;

/// Capacity of the queue of updates, and the number stored in one commit.
const WAITING: usize = 64;

/// Returns the name of a store on a hub, which stays the same.
pub(crate) async fn instance(store: &Store) -> Result<String, InstanceError> {
    if let Some(known) = store.reader()?.hub_value(INSTANCE)? {
        return Ok(known);
    }
    let new = new_instance();
    store.set_hub_value(INSTANCE, &new).await?;
    Ok(new)
}

/// Reason why a store has no name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InstanceError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keep(#[from] KeepError),
}

/// Published state of a delivery.
#[derive(Debug, Clone, Default, PartialEq)]
struct Known {
    response: Option<u16>,
    verdict: Option<Verdict>,
    note: Option<String>,
}

impl Known {
    fn of(summary: &Summary) -> Self {
        Self {
            response: summary.response,
            verdict: Some(summary.signature.clone()),
            note: summary.annotations.note.clone(),
        }
    }
}

/// The changes of a store, and those of others.
#[derive(Debug)]
pub(crate) struct Updates {
    publisher: Publisher,
    store: Store,
    instance: String,
    /// Publish attempts and notes.
    shares: bool,
    known: HashMap<DeliveryId, (HubPlace, Known)>,
    order: VecDeque<DeliveryId>,
    /// Updates whose deliveries are not stored yet, by message.
    early: HashMap<String, Vec<HubUpdate>>,
}

impl Updates {
    pub(crate) fn new(hub: Hub, store: Store, instance: String, shares: bool) -> Self {
        let publisher = Publisher::new(hub);
        let (known, order, early) = (HashMap::new(), VecDeque::new(), HashMap::new());
        Self { publisher, store, instance, shares, known, order, early }
    }

    /// Shares changes from now on, until `stop`. Those of others are read from where the last run
    /// ended, or else from `from`.
    pub(crate) async fn run(mut self, from: ReadFrom, stop: CancellationToken) {
        let Ok(follower) = self.store.follow() else { return };
        let position =
            self.store.reader().and_then(|reader| reader.hub_position(subject::ATTEMPTS));
        let from = position.ok().flatten().map_or(from, |last| ReadFrom::Sequence(last + 1));
        let (events, queue) = mpsc::channel(WAITING);
        let hub = self.publisher.hub().clone();
        let opened = HubReader::open(hub, subject::ATTEMPTS.to_owned(), from, &events).await;
        let reader = match opened {
            Ok(reader) => reader,
            Err(error) => {
                tracing::warn!(%error, "changes of others are not read");
                return;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = reader.run(events, stop.clone()) => {}
            () = self.share(follower, queue) => {}
        }
    }

    async fn share(&mut self, mut follower: Follower, mut queue: mpsc::Receiver<HubEvent>) {
        let mut events = Vec::new();
        loop {
            tokio::select! {
                news = follower.next() => match news {
                    Some(Followed::Commit(commit)) => {
                        for change in commit.changes() {
                            self.publish(change).await;
                        }
                    }
                    Some(Followed::Missed) => {
                        tracing::warn!("changes were not published, since the hub is too slow");
                        follower.skip_missed();
                    }
                    None => return,
                },
                received = queue.recv_many(&mut events, WAITING) => {
                    if received == 0 {
                        return;
                    }
                    self.take(&mut events).await;
                }
            }
        }
    }

    /// Applies changes of others.
    async fn take(&mut self, events: &mut Vec<HubEvent>) {
        let mut page = HubPage::default();
        for event in events.drain(..) {
            match event {
                HubEvent::Data { payload, sequence } => {
                    page.position = Some((subject::ATTEMPTS.to_owned(), sequence));
                    let sent = SentUpdate::from_message(&payload);
                    page.updates.extend(
                        sent.filter(|sent| sent.instance != self.instance).map(|sent| sent.update),
                    );
                }
                HubEvent::Started { after, .. } => {
                    page.position = Some((subject::ATTEMPTS.to_owned(), after));
                }
                _ => {}
            }
        }
        self.apply(page).await;
    }

    async fn apply(&mut self, page: HubPage) {
        let notes: Vec<_> = page
            .updates
            .iter()
            .filter_map(|update| match &update.change {
                HubChange::Note(note) => Some((update.message.clone(), note.clone())),
                _ => None,
            })
            .collect();
        let Ok(kept) = self.store.keep_page(page).await else { return };
        // A note of someone else is not published again.
        for (message, note) in notes {
            let known = self.known.values_mut().find(|(place, _)| place.message == message);
            if let Some((_, known)) = known {
                known.note = note;
            }
        }
        for update in kept.unknown {
            if self.early.len() < MAX_EARLY {
                self.early.entry(update.message.clone()).or_default().push(update);
            }
        }
    }

    async fn publish(&mut self, change: &StoreChange) {
        match change {
            StoreChange::New(delivery) => {
                let summary = &delivery.summary;
                let Some(place) = summary.request.hub.as_deref() else { return };
                self.remember(summary.id, place.clone(), Known::of(summary));
                if let Some(updates) = self.early.remove(&place.message) {
                    self.apply(HubPage { updates, ..HubPage::default() }).await;
                }
            }
            StoreChange::Attempted(attempt) if self.shares && attempt.sender.is_none() => {
                let Some(place) = self.place(attempt.delivery) else { return };
                self.send(&place, HubChange::Attempt(Box::new((**attempt).clone()))).await;
            }
            StoreChange::Kept(summary) => self.publish_state(summary).await,
            StoreChange::Attempted(_) | StoreChange::Removed(_) => {}
        }
    }

    /// Publishes what has changed about a delivery.
    async fn publish_state(&mut self, summary: &Summary) {
        let Some(place) = summary.request.hub.as_deref() else { return };
        let now = Known::of(summary);
        let before = self.known.get(&summary.id).map(|(_, known)| known.clone());
        self.remember(summary.id, place.clone(), now.clone());
        let Known { response, verdict, note } =
            before.unwrap_or_else(|| Known { note: None, ..now.clone() });
        if self.shares && note != now.note {
            self.send(place, HubChange::Note(now.note)).await;
        }
        if summary.request.source != Source::Live {
            return;
        }
        if let Some(status) = now.response
            && response != now.response
        {
            self.send(place, HubChange::Response(status, summary.latency)).await;
        }
        if let Some(now) = now.verdict.filter(|now| verdict.as_ref() != Some(now)) {
            self.send(place, HubChange::Verdict(Box::new(now))).await;
        }
    }

    fn remember(&mut self, id: DeliveryId, place: HubPlace, known: Known) {
        if self.known.insert(id, (place, known)).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    fn place(&self, id: DeliveryId) -> Option<HubPlace> {
        if let Some((place, _)) = self.known.get(&id) {
            return Some(place.clone());
        }
        let rows = self.store.reader().and_then(|reader| reader.summaries(&[id])).ok()?;
        rows.into_iter().next()?.request.hub.map(|place| *place)
    }

    async fn send(&self, place: &HubPlace, change: HubChange) {
        let update = HubUpdate { message: place.message.clone(), change };
        let (by, instance) = (self.publisher.hub().name().to_owned(), self.instance.clone());
        let message = SentUpdate { by, instance, update }.to_message();
        if let Err(error) = self.publisher.publish_update(message).await {
            tracing::warn!(%error, "change not published");
        }
    }
}
