//! The store: every delivery that was answered, in one SQLite file.
//!
//! One thread writes. It takes what waits into one transaction, commits it with
//! `synchronous=FULL` and only then lets the senders be answered, so that a commit's cost is
//! shared by all that came meanwhile. Readers have connections of their own; the write-ahead log
//! keeps them out of the writer's way. Whoever follows the store waits on [`Store::progress`]
//! and reads what has changed since, so nothing is lost however slowly it reads.

mod annotate;
mod attempt_writer;
mod error;
mod location;
mod lock;
mod maintenance;
mod raw;
mod read;
mod related;
mod rows;
mod schema;
mod schemas;
mod write;
mod writer;

use std::path::PathBuf;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use crate::delivery::{Attempt, DeliveryId, NewDelivery, Verdict};

pub use attempt_writer::AttemptWriter;
pub use error::{KeepError, StoreError};
pub use maintenance::{Maintenance, Pruned, Retention};
pub use raw::RawRequest;
pub use read::{AttemptTime, StoreChange, StoreReader, Tail};
pub use related::TypeMatch;
pub use schemas::SchemaRecord;
pub use writer::Writer;

/// Where deliveries are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorePlace {
    File(PathBuf),
    /// Nowhere: quitting forgets.
    Memory,
}

/// What a delivery got when it was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub id: DeliveryId,
    /// The first delivery with the same event id from the same provider.
    pub duplicate_of: Option<DeliveryId>,
    /// Whether its body is another one than that delivery's.
    pub differs: bool,
}

/// How far the store has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreProgress {
    /// The revision of the last commit; every new or changed delivery has a larger one than
    /// those before.
    pub revision: i64,
    /// Why the last commit failed; nothing once one has succeeded.
    pub trouble: Option<String>,
}

/// Something for the writer to do.
enum WriteJob {
    Keep(Box<NewDelivery>, oneshot::Sender<Result<Stored, KeepError>>),
    Answered(DeliveryId, u16, oneshot::Sender<Result<(), KeepError>>),
    Explained(DeliveryId, Box<Verdict>, oneshot::Sender<Result<(), KeepError>>),
    Attempted(Box<Attempt>, oneshot::Sender<Result<(), KeepError>>),
    Shape(Box<SchemaRecord>, oneshot::Sender<Result<(), KeepError>>),
    Edit(annotate::Annotation, oneshot::Sender<Result<(), KeepError>>),
    Finish,
}

/// The way into the store, and to readers of it. Clones share one writer.
#[derive(Debug, Clone)]
pub struct Store {
    jobs: mpsc::Sender<WriteJob>,
    progress: watch::Receiver<StoreProgress>,
    location: location::StoreLocation,
}

/// How many deliveries may wait for the writer; behind them, senders wait in their connections.
const WAITING: usize = 1024;

/// Makes the folder that a file of ours goes into: private, and ignored by git.
pub fn prepare_folder(path: &std::path::Path) -> Result<(), StoreError> {
    location::prepare(path)
}

impl Store {
    /// Opens a store for writing, or makes one. `holder` is what another listener that finds it
    /// taken is told, the URL for instance.
    pub fn open(place: &StorePlace, holder: &str) -> Result<(Self, Writer), StoreError> {
        let location = location::StoreLocation::of(place);
        let lock = match place {
            StorePlace::Memory => None,
            StorePlace::File(path) => {
                location::prepare(path)?;
                let lock = lock::take(path, holder)?;
                location::create(path)?;
                Some(lock)
            }
        };
        let connection = location::open_for_writing(&location)?;
        schema::migrate(&connection, &location)?;
        Self::start(connection, location, lock)
    }

    fn start(
        connection: Connection,
        location: location::StoreLocation,
        lock: Option<lock::Lock>,
    ) -> Result<(Self, Writer), StoreError> {
        let revision = read::revision(&connection).map_err(|error| location.error(error))?;
        let (jobs, queue) = mpsc::channel(WAITING);
        let (report, progress) = watch::channel(StoreProgress { revision, trouble: None });
        let writer =
            Writer::start(writer::WriterState { connection, queue, report, lock }, jobs.clone())
                .map_err(|source| location.unopenable(source))?;
        Ok((Self { jobs, progress, location }, writer))
    }

    /// Keeps a delivery; returns when it is on disk.
    pub async fn keep(&self, delivery: NewDelivery) -> Result<Stored, KeepError> {
        self.ask(|reply| WriteJob::Keep(Box::new(delivery), reply)).await
    }

    /// Notes what the sender of a delivery was answered.
    pub async fn answered(&self, id: DeliveryId, status: u16) -> Result<(), KeepError> {
        self.ask(|reply| WriteJob::Answered(id, status, reply)).await
    }

    /// Notes what the search for the cause of a verdict came to.
    pub async fn explained(&self, id: DeliveryId, verdict: Verdict) -> Result<(), KeepError> {
        self.ask(|reply| WriteJob::Explained(id, Box::new(verdict), reply)).await
    }

    /// Keeps an attempt to send a delivery onwards.
    pub async fn attempted(&self, attempt: Attempt) -> Result<(), KeepError> {
        self.ask(|reply| WriteJob::Attempted(Box::new(attempt), reply)).await
    }

    /// Keeps what is known of the bodies of a type by now, and what was new in one.
    pub async fn shape_seen(&self, seen: SchemaRecord) -> Result<(), KeepError> {
        self.ask(|reply| WriteJob::Shape(Box::new(seen), reply)).await
    }

    /// Marks deliveries, or takes their marks away. Those that are gone are passed over, here and
    /// below. Many ids are written in several commits, between which deliveries are kept; an
    /// error says that the rest was not done.
    pub async fn mark(&self, ids: &[DeliveryId], marked: bool) -> Result<(), KeepError> {
        self.edit(ids, |ids| annotate::Annotation::Mark(ids, marked)).await
    }

    /// Writes a note on a delivery, or takes it away.
    pub async fn note(&self, id: DeliveryId, note: Option<String>) -> Result<(), KeepError> {
        self.ask(|reply| WriteJob::Edit(annotate::Annotation::Note(id, note), reply)).await
    }

    /// Removes deliveries from everybody's sight. Until the writer finishes they can be brought
    /// back; then they are deleted for good, or if they are very many, beside the next run.
    pub async fn remove(&self, ids: &[DeliveryId]) -> Result<(), KeepError> {
        self.edit(ids, annotate::Annotation::Remove).await
    }

    /// Brings removed deliveries back.
    pub async fn restore(&self, ids: &[DeliveryId]) -> Result<(), KeepError> {
        self.edit(ids, annotate::Annotation::Restore).await
    }

    async fn edit(
        &self,
        ids: &[DeliveryId],
        edit: impl Fn(Vec<DeliveryId>) -> annotate::Annotation,
    ) -> Result<(), KeepError> {
        for some in ids.chunks(annotate::AT_ONCE) {
            self.ask(|reply| WriteJob::Edit(edit(some.to_vec()), reply)).await?;
        }
        Ok(())
    }

    async fn ask<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, KeepError>>) -> WriteJob,
    ) -> Result<T, KeepError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(job(reply)).await.map_err(|_| KeepError::Stopped)?;
        answer.await.unwrap_or(Err(KeepError::Stopped))
    }

    /// How far the store has come; changes with every commit.
    pub fn progress(&self) -> watch::Receiver<StoreProgress> {
        self.progress.clone()
    }

    /// A reader with a connection of its own.
    pub fn reader(&self) -> Result<StoreReader, StoreError> {
        StoreReader::connect(&self.location)
    }
}
