//! The store: every delivery, in one SQLite file.
//!
//! One thread writes. It puts all waiting jobs into one transaction, commits it with
//! `synchronous=FULL`, and only then replies, so that deliveries that arrive together share the
//! cost of a commit. Readers have connections of their own; the write-ahead log keeps them from
//! blocking the writer. A [`Follower`] receives each commit in memory; one that falls behind reads
//! what it missed by revision, so nothing is lost however slow it is.

mod annotate;
mod attempt_writer;
mod control;
mod error;
mod events;
mod feed;
mod file_id;
mod hub;
mod index_file;
mod location;
mod lock;
mod maintenance;
mod open_store;
mod progress;
mod raw;
mod read;
mod related;
mod replies;
mod retention;
mod rows;
mod schema;
mod schemas;
mod shared_writer;
mod write;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::delivery::{Attempt, Delivery, DeliveryId, EventRef, NewDelivery, Verdict};
use open_store::OpenStore;

pub use attempt_writer::AttemptWriter;
#[cfg(unix)]
pub use control::{ControlClient, ControlSocket};
pub use control::{RuleRequest, listener_rules};
pub use error::{KeepError, StoreError};
pub use feed::{Commit, Followed, Follower};
pub use hub::{HubChange, HubDelivery, HubKept, HubPage, HubUpdate};
pub use lock::listener_of;
pub use maintenance::Maintenance;
pub use progress::StoreProgress;
pub use raw::RawParts;
pub use read::{AttemptTime, StoreChange, StoreReader, Tail};
pub use related::TypeMatch;
pub use retention::{Keep, Retention};
pub use schemas::SchemaRecord;
pub use shared_writer::SharedWriter;
pub use writer::Writer;

/// Place where deliveries are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorePlace {
    File(PathBuf),
    /// In memory only, lost at exit.
    Memory,
}

/// Result of storing a delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The delivery, complete.
    pub delivery: Arc<Delivery>,
    pub id: DeliveryId,
    /// The first delivery with the same event id from the same provider.
    pub duplicate_of: Option<DeliveryId>,
    /// The body differs from that delivery's.
    pub differs: bool,
}

/// Job for the writer.
enum WriteJob {
    Keep(Box<NewDelivery>, oneshot::Sender<Result<Stored, KeepError>>),
    /// Stores all of them, or none.
    KeepAll(Vec<NewDelivery>, oneshot::Sender<Result<u64, KeepError>>),
    /// Removes a batch of the deliveries beyond a retention, for good.
    Prune(Retention, oneshot::Sender<Result<u64, KeepError>>),
    RecordResponse(DeliveryId, u16, Option<Duration>, oneshot::Sender<Result<(), KeepError>>),
    RecordClientGone(DeliveryId, Duration, oneshot::Sender<Result<(), KeepError>>),
    RecordProvider(DeliveryId, Box<(String, EventRef)>, oneshot::Sender<Result<(), KeepError>>),
    RecordDiagnosis(DeliveryId, Box<Verdict>, oneshot::Sender<Result<(), KeepError>>),
    RecordAttempt(Arc<Attempt>, oneshot::Sender<Result<(), KeepError>>),
    RecordSchema(Box<SchemaRecord>, oneshot::Sender<Result<(), KeepError>>),
    Edit(annotate::AnnotationJob, oneshot::Sender<Result<(), KeepError>>),
    KeepPage(Box<HubPage>, hub::PageReply),
    RecordSequences(Vec<(DeliveryId, u64)>, oneshot::Sender<Result<(), KeepError>>),
    SetHubValue(String, String, oneshot::Sender<Result<(), KeepError>>),
    Finish,
}

/// Handle for writing to the store and creating readers. Clones share one writer.
#[derive(Debug, Clone)]
pub struct Store {
    jobs: mpsc::Sender<WriteJob>,
    progress: watch::Receiver<StoreProgress>,
    health: watch::Receiver<StoreProgress>,
    feed: feed::FeedHandle,
    location: location::StoreLocation,
}

/// Jobs that may wait for the writer; when the queue is full, clients wait in their connections.
const QUEUE: usize = 1024;

/// Creates the folder of a file that hookglass writes: private, and ignored by git.
pub fn prepare_folder(path: &std::path::Path) -> Result<(), StoreError> {
    location::prepare(path)
}

impl Store {
    /// Opens a store for writing, or creates it. `holder` identifies this process, e.g. by
    /// its URL, to others that find the store locked.
    pub fn open(place: &StorePlace, holder: &str) -> Result<(Self, Writer), StoreError> {
        let location = location::StoreLocation::of(place);
        let lock = match place {
            StorePlace::Memory => None,
            StorePlace::File(path) => {
                location::prepare(path)?;
                let lock = lock::take(path, holder)?;
                location::create(path)?;
                Some((lock, location::real_path(path)))
            }
        };
        let connection = location::open_for_writing(&location)?;
        schema::migrate(&connection, &location)?;
        let connection = events::WriteConnection::new(connection);
        let connection = connection.map_err(|error| location.error(error))?;
        let revision = read::revision(&connection).map_err(|error| location.error(error))?;
        let store = match lock {
            None => OpenStore::in_memory(connection),
            Some((lock, path)) => OpenStore::new(connection, path, holder, lock),
        };
        let (jobs, queue) = mpsc::channel(QUEUE);
        let report = progress::ProgressSender::new(revision);
        let (progress, health) = (report.subscribe(), report.subscribe_to_health());
        let feed = feed::Feed::new();
        let handle = feed.handle();
        let replies = replies::ReplySender::new();
        let state = writer::WriterState { store, queue, report, feed, replies };
        let writer = Writer::start(state, jobs.clone());
        let writer = writer.map_err(|source| location.unopenable(source))?;
        Ok((Self { jobs, progress, health, feed: handle, location }, writer))
    }

    /// Stores a delivery; returns when it is on disk.
    pub async fn keep(&self, delivery: NewDelivery) -> Result<Stored, KeepError> {
        self.submit(|reply| WriteJob::Keep(Box::new(delivery), reply)).await
    }

    /// Stores deliveries in one commit, and returns their number.
    pub async fn keep_all(&self, new: Vec<NewDelivery>) -> Result<u64, KeepError> {
        self.submit(|reply| WriteJob::KeepAll(new, reply)).await
    }

    /// Deletes unmarked deliveries beyond a retention, with new deliveries in between, and returns
    /// their number. The space is used again.
    pub async fn prune(&self, retention: Retention) -> Result<u64, KeepError> {
        let mut pruned = 0;
        loop {
            match self.submit(|reply| WriteJob::Prune(retention, reply)).await? {
                0 => return Ok(pruned),
                count => pruned += count,
            }
        }
    }

    /// Records the status of the response to a delivery; see [`Summary::latency`].
    ///
    /// [`Summary::latency`]: crate::delivery::Summary::latency
    pub async fn record_response(
        &self,
        id: DeliveryId,
        status: u16,
        latency: Option<Duration>,
    ) -> Result<(), KeepError> {
        self.submit(|reply| WriteJob::RecordResponse(id, status, latency, reply)).await
    }

    /// Records that the client of a delivery had gone before it got a response.
    pub async fn record_client_gone(
        &self,
        id: DeliveryId,
        after: Duration,
    ) -> Result<(), KeepError> {
        self.submit(|reply| WriteJob::RecordClientGone(id, after, reply)).await
    }

    /// Records the provider and the event of a delivery whose sender was unknown.
    pub async fn record_provider(
        &self,
        id: DeliveryId,
        provider: String,
        event: EventRef,
    ) -> Result<(), KeepError> {
        self.submit(|reply| WriteJob::RecordProvider(id, Box::new((provider, event)), reply)).await
    }

    /// Records the result of a search for the cause of a verdict.
    pub async fn record_diagnosis(
        &self,
        id: DeliveryId,
        verdict: Verdict,
    ) -> Result<(), KeepError> {
        self.submit(|reply| WriteJob::RecordDiagnosis(id, Box::new(verdict), reply)).await
    }

    /// Stores an attempt.
    pub async fn record_attempt(&self, attempt: Attempt) -> Result<(), KeepError> {
        self.submit(|reply| WriteJob::RecordAttempt(Arc::new(attempt), reply)).await
    }

    /// Stores the baseline of an event type, and the changes found in one body.
    pub async fn record_schema(&self, record: SchemaRecord) -> Result<(), KeepError> {
        self.submit(|reply| WriteJob::RecordSchema(Box::new(record), reply)).await
    }

    /// Stores a page read from the stream of a hub: all of it, or nothing.
    pub async fn keep_page(&self, page: HubPage) -> Result<HubKept, KeepError> {
        self.submit(|reply| WriteJob::KeepPage(Box::new(page), reply)).await
    }

    /// Records the sequences of deliveries that a stream acknowledged.
    pub async fn record_sequences(
        &self,
        published: Vec<(DeliveryId, u64)>,
    ) -> Result<(), KeepError> {
        self.submit(|reply| WriteJob::RecordSequences(published, reply)).await
    }

    /// Stores a fact about a hub; see [`StoreReader::hub_value`].
    pub async fn set_hub_value(&self, key: &str, value: &str) -> Result<(), KeepError> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.submit(|reply| WriteJob::SetHubValue(key, value, reply)).await
    }

    /// Marks or unmarks deliveries. Deleted ones are skipped, here and below. Many ids are written
    /// in several commits, with new deliveries in between; after an error, the remaining commits
    /// are not made.
    pub async fn mark(&self, ids: &[DeliveryId], marked: bool) -> Result<(), KeepError> {
        self.edit(ids, |ids| annotate::AnnotationJob::Mark(ids, marked)).await
    }

    /// Sets or removes the note of a delivery.
    pub async fn note(&self, id: DeliveryId, note: Option<String>) -> Result<(), KeepError> {
        self.submit(|reply| WriteJob::Edit(annotate::AnnotationJob::Note(id, note), reply)).await
    }

    /// Hides deliveries from all readers. Until the writer finishes they can be restored; then they
    /// are deleted, or, if there are very many, in the background of the next run.
    pub async fn remove(&self, ids: &[DeliveryId]) -> Result<(), KeepError> {
        self.edit(ids, annotate::AnnotationJob::Remove).await
    }

    /// Restores removed deliveries.
    pub async fn restore(&self, ids: &[DeliveryId]) -> Result<(), KeepError> {
        self.edit(ids, annotate::AnnotationJob::Restore).await
    }

    async fn edit(
        &self,
        ids: &[DeliveryId],
        edit: impl Fn(Vec<DeliveryId>) -> annotate::AnnotationJob,
    ) -> Result<(), KeepError> {
        for chunk in ids.chunks(annotate::MAX_ROWS) {
            self.submit(|reply| WriteJob::Edit(edit(chunk.to_vec()), reply)).await?;
        }
        Ok(())
    }

    async fn submit<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, KeepError>>) -> WriteJob,
    ) -> Result<T, KeepError> {
        let (reply, result) = oneshot::channel();
        self.jobs.send(job(reply)).await.map_err(|_| KeepError::Stopped)?;
        result.await.unwrap_or(Err(KeepError::Stopped))
    }

    /// Watches the progress of the store, which changes with every commit.
    pub fn progress(&self) -> watch::Receiver<StoreProgress> {
        self.progress.clone()
    }

    /// Like [`Self::progress`], but changes only with the error and the restoration.
    pub fn health(&self) -> watch::Receiver<StoreProgress> {
        self.health.clone()
    }

    /// Follows every change from now on.
    pub fn follow(&self) -> Result<Follower, StoreError> {
        self.feed.follow(|| self.reader()?.tail())
    }

    /// Opens a reader with its own connection.
    pub fn reader(&self) -> Result<StoreReader, StoreError> {
        StoreReader::connect(&self.location)
    }
}
