//! The writer thread and its group commit.

use std::io;
use std::iter;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::annotate::{self, Purge};
use super::events::WriteConnection;
use super::feed::Feed;
use super::hub::{self, PageDelivery, PageOutcome};
use super::open_store::{Checked, OpenStore};
use super::progress::ProgressSender;
use super::replies::{JobReply, Replies, ReplySender};
use super::write::{
    Inserted, keep, record_attempt, record_client_gone, record_diagnosis, record_provider,
    record_response,
};
use super::{
    HubDelivery, HubKept, HubPage, KeepError, StoreChange, Stored, WriteJob, read, retention,
    schemas,
};
use crate::delivery::{DeliveryId, NewDelivery};

/// Limits on the jobs and body bytes of one commit, so that no job waits long.
const GROUP_JOBS: usize = 512;
const GROUP_BYTES: usize = 32 << 20;

/// `LIMIT` that returns all rows.
const NO_LIMIT: i64 = -1;

/// Size that a changed row counts as.
const ROW_BYTES: usize = 16 << 10;

/// The writer thread; it runs until [`Self::finish`].
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<()>,
    jobs: mpsc::Sender<WriteJob>,
}

/// State of the writer thread.
pub(super) struct WriterState {
    pub(super) store: OpenStore,
    pub(super) queue: mpsc::Receiver<WriteJob>,
    pub(super) report: ProgressSender,
    pub(super) feed: Feed,
    pub(super) replies: ReplySender,
}

impl Writer {
    pub(super) fn start(state: WriterState, jobs: mpsc::Sender<WriteJob>) -> io::Result<Self> {
        let thread = thread::Builder::new().name("store".to_owned()).spawn(move || write(state))?;
        Ok(Self { thread, jobs })
    }

    /// Writes the submitted jobs, closes the store, and releases its lock. Blocks.
    pub fn finish(self) {
        // Fails only if the thread has already ended.
        let _ = self.jobs.blocking_send(WriteJob::Finish);
        if let Err(panic) = self.thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

fn write(state: WriterState) {
    let WriterState { mut store, mut queue, report, feed, replies } = state;
    let mut running = true;
    // Purge only deliveries removed in earlier runs; those removed in this run may be restored.
    let earlier = Purge { by: report.revision(), ..Purge::ALL };
    let mut idle = IdleWork { purges: vec![earlier] };
    while running && let Some(first) = idle.run_until_next_job(&store.connection, &mut queue) {
        let mut group = Group::default();
        running = group.add(first);
        running = running && group.add_waiting(&mut queue);
        if running && group.is_shared() {
            // Others that are about to submit a job share the commit if they get the processor first.
            thread::yield_now();
            running = group.add_waiting(&mut queue);
        }
        if let Some(last) = group.commit(&mut store, &report, &feed, &replies) {
            idle.add_purge(Purge { by: report.revision(), last });
        }
    }
    store.prepare_to_close();
    let connection = &store.connection;
    // The remaining ones stay hidden and are purged in the next run.
    let _ = annotate::purge_at_exit(connection);
    // Fails only if the disk does; the log then remains and is read at the next opening.
    let _ = connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
}

/// Work that is done while no job waits.
struct IdleWork {
    /// Removed deliveries that nobody can restore: those of earlier runs, and pruned ones.
    purges: Vec<Purge>,
}

impl IdleWork {
    /// Adds pruned deliveries. A later prune reaches at least as far as the one before.
    fn add_purge(&mut self, purge: Purge) {
        self.purges.retain(|known| known.last == i64::MAX);
        self.purges.push(purge);
    }

    /// Returns the next job; until there is one, works in small steps.
    fn run_until_next_job(
        &mut self,
        connection: &WriteConnection,
        queue: &mut mpsc::Receiver<WriteJob>,
    ) -> Option<WriteJob> {
        while connection.is_loading_events() || !self.purges.is_empty() {
            match queue.try_recv() {
                Ok(job) => return Some(job),
                Err(mpsc::error::TryRecvError::Disconnected) => return None,
                Err(mpsc::error::TryRecvError::Empty) => self.run_step(connection),
            }
        }
        queue.blocking_recv()
    }

    /// A failure comes from the disk, and the next delivery reports it.
    fn run_step(&mut self, connection: &WriteConnection) {
        if connection.is_loading_events() {
            connection.load_events();
        } else if let Some(&purge) = self.purges.first()
            && !annotate::purge(connection, purge).unwrap_or(false)
        {
            self.purges.remove(0);
        }
    }
}

/// Jobs that are committed together.
#[derive(Default)]
struct Group {
    jobs: Vec<WriteJob>,
    bytes: usize,
}

impl Group {
    /// Adds a job; false if it was the last one.
    fn add(&mut self, job: WriteJob) -> bool {
        match &job {
            WriteJob::Finish => return false,
            WriteJob::Keep(delivery, _) => self.bytes += delivery.body.len(),
            WriteJob::KeepAll(all, _) => {
                self.bytes += all.iter().map(|delivery| delivery.body.len()).sum::<usize>();
            }
            WriteJob::Edit(edit, _) => self.bytes += edit.rows() * ROW_BYTES,
            WriteJob::Prune(..) => self.bytes += GROUP_BYTES,
            WriteJob::KeepPage(page, _) => {
                self.bytes += page.deliveries.iter().map(|one| one.body.len()).sum::<usize>();
                self.bytes += page.updates.len() * ROW_BYTES;
            }
            WriteJob::RecordSequences(published, _) => self.bytes += published.len() << 10,
            WriteJob::RecordResponse(..)
            | WriteJob::RecordClientGone(..)
            | WriteJob::RecordProvider(..)
            | WriteJob::RecordDiagnosis(..)
            | WriteJob::RecordAttempt(..)
            | WriteJob::SetHubValue(..)
            | WriteJob::RecordSchema(..) => {}
        }
        self.jobs.push(job);
        true
    }

    /// Adds the jobs that wait; false if one was the last.
    fn add_waiting(&mut self, queue: &mut mpsc::Receiver<WriteJob>) -> bool {
        while self.has_room()
            && let Ok(job) = queue.try_recv()
        {
            if !self.add(job) {
                return false;
            }
        }
        true
    }

    fn is_shared(&self) -> bool {
        self.jobs.len() > 1
    }

    fn has_room(&self) -> bool {
        self.jobs.len() < GROUP_JOBS && self.bytes < GROUP_BYTES
    }

    /// Commits the jobs. Returns the newest pruned delivery, if there is one.
    fn commit(
        self,
        store: &mut OpenStore,
        report: &ProgressSender,
        feed: &Feed,
        reply_sender: &ReplySender,
    ) -> Option<i64> {
        if self.jobs.is_empty() {
            return None;
        }
        let before = report.revision();
        let mut restored = None;
        let committed = store.ensure_intact().and_then(|checked| {
            restored = checked.restored();
            let committed = transact(store, &self.jobs, before, feed.has_followers());
            let committed = committed.map_err(|error| KeepError::from(&error))?;
            restored = check_readable(store, committed.revision)?.or(restored.take());
            Ok(committed)
        });
        let committed = committed.unwrap_or_else(|error| {
            tracing::error!(%error, "commit failed");
            Committed::failed(before, error, self.jobs.len())
        });
        let error = committed.outcomes.iter().find_map(|outcome| outcome.as_ref().err());
        let error = error.map(ToString::to_string);
        report.send(committed.revision, error, restored);
        let pruned = committed.outcomes.iter().filter_map(|outcome| match outcome {
            Ok(JobOutcome::Pruned { last, count: 1.. }) => Some(*last),
            _ => None,
        });
        let pruned = pruned.max();
        let mut changes = committed.changes;
        let jobs = self.jobs.into_iter().zip(committed.outcomes);
        let replies: Replies =
            jobs.filter_map(|(job, outcome)| job.reply(outcome, changes.as_mut())).collect();
        // First, since clients wait for the replies, and followers have a channel.
        reply_sender.send(replies);
        if committed.revision > before {
            feed.publish(before, committed.revision, changes.map(Changes::in_order));
        }
        pruned
    }
}

/// Result of a job in a transaction.
enum JobOutcome {
    Kept(Inserted),
    KeptAll(Vec<Inserted>),
    KeptPage(PageOutcome),
    Pruned {
        count: u64,
        /// The newest one.
        last: i64,
    },
    Updated,
}

/// Result of a transaction.
struct Committed {
    revision: i64,
    /// One for each job.
    outcomes: Vec<Result<JobOutcome, KeepError>>,
    /// None if followers have to read the store.
    changes: Option<Changes>,
}

impl Committed {
    /// The transaction was rolled back.
    fn failed(revision: i64, error: KeepError, jobs: usize) -> Self {
        let outcomes = iter::repeat_with(|| Err(error.clone())).take(jobs).collect();
        Self { revision, outcomes, changes: None }
    }
}

/// Changes of one commit.
#[derive(Default)]
struct Changes {
    new: Vec<StoreChange>,
    /// Changed deliveries.
    changed: Vec<StoreChange>,
}

impl Changes {
    fn in_order(self) -> Vec<StoreChange> {
        let mut changes = self.new;
        changes.extend(self.changed);
        changes
    }
}

/// Runs jobs in one transaction. A job that fails is rolled back alone; an error is returned if
/// nothing was committed.
fn transact(
    store: &OpenStore,
    jobs: &[WriteJob],
    known: i64,
    is_followed: bool,
) -> rusqlite::Result<Committed> {
    let connection = &store.connection;
    let work = || {
        let mut start = begin(connection)?;
        let mut revision = start.max(known);
        let together = run_together(connection, jobs, &mut revision);
        let outcomes = if let Ok(outcomes) = together {
            outcomes
        } else {
            // A savepoint for each job costs as much as a small job, so only a failure adds them.
            roll_back(connection)?;
            start = begin(connection)?;
            revision = start.max(known);
            run_separately(connection, jobs, &mut revision)?
        };
        // Another process may have written attempts.
        let is_ours = start <= known;
        let changes = if is_followed && is_ours {
            Some(changes(connection, jobs, &outcomes, known)?)
        } else {
            None
        };
        connection.move_events()?;
        store.check_index()?;
        execute(connection, "COMMIT")?;
        connection.note_commit();
        Ok(Committed { revision, outcomes, changes })
    };
    work().inspect_err(|_| {
        if !connection.is_autocommit() {
            // If this fails, so does the next BEGIN, whose error is reported.
            let _ = roll_back(connection);
        }
    })
}

fn roll_back(connection: &WriteConnection) -> rusqlite::Result<()> {
    connection.note_rollback();
    execute(connection, "ROLLBACK")
}

/// Checks that a commit is in the files that others read. Returns what happened if they had to be
/// restored.
fn check_readable(store: &mut OpenStore, revision: i64) -> Result<Option<String>, KeepError> {
    let checked = store.ensure_intact()?;
    if checked == Checked::Intact {
        return Ok(None);
    }
    match read::revision(&store.connection) {
        Ok(current) if current >= revision => Ok(checked.restored()),
        Ok(_) => Err(KeepError::Failed("its log was truncated by another program".to_owned())),
        Err(error) => Err(KeepError::from(&error)),
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// Begins a transaction and returns the last revision.
fn begin(connection: &Connection) -> rusqlite::Result<i64> {
    execute(connection, "BEGIN IMMEDIATE")?;
    read::revision(connection)
}

fn run_together(
    connection: &WriteConnection,
    jobs: &[WriteJob],
    revision: &mut i64,
) -> rusqlite::Result<Vec<Result<JobOutcome, KeepError>>> {
    jobs.iter().map(|job| job.run(connection, revision).map(Ok)).collect()
}

/// Runs each job in a savepoint. An error means that the whole transaction is lost.
fn run_separately(
    connection: &WriteConnection,
    jobs: &[WriteJob],
    revision: &mut i64,
) -> rusqlite::Result<Vec<Result<JobOutcome, KeepError>>> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        execute(connection, "SAVEPOINT job")?;
        let outcome = job.run(connection, revision);
        if let Err(error) = &outcome
            && execute(connection, "ROLLBACK TO job").is_err()
        {
            return Err(rusqlite::Error::ToSqlConversionFailure(error.to_string().into()));
        }
        execute(connection, "RELEASE job")?;
        outcomes.push(outcome.map_err(|error| KeepError::from(&error)));
    }
    Ok(outcomes)
}

/// Reads the changed deliveries. New ones are already in memory.
fn changes(
    connection: &Connection,
    jobs: &[WriteJob],
    outcomes: &[Result<JobOutcome, KeepError>],
    before: i64,
) -> rusqlite::Result<Changes> {
    let is_update = |job: &WriteJob| match job {
        WriteJob::Keep(..) | WriteJob::KeepAll(..) => false,
        WriteJob::KeepPage(page, _) => !page.updates.is_empty(),
        _ => true,
    };
    if !jobs.iter().any(is_update) {
        return Ok(Changes::default());
    }
    let attempts = jobs.iter().zip(outcomes).filter_map(|(job, outcome)| match (job, outcome) {
        (WriteJob::RecordAttempt(attempt, _), Ok(_)) => {
            Some(StoreChange::Attempted(Arc::clone(attempt)))
        }
        _ => None,
    });
    let mut changed: Vec<StoreChange> = attempts.collect();
    // Removing the first delivery of an event changes the others, even new ones.
    let may_change_new = jobs.iter().any(|job| {
        matches!(job, WriteJob::Edit(..) | WriteJob::Prune(..) | WriteJob::KeepPage(..))
    });
    let first_new = outcomes.iter().find_map(|outcome| match outcome {
        Ok(JobOutcome::Kept(inserted)) if !may_change_new => Some(inserted.id),
        Ok(JobOutcome::KeptAll(all)) if !may_change_new => all.first().map(|first| first.id),
        _ => None,
    });
    let is_old = |change: &StoreChange| match change {
        StoreChange::Kept(summary) => first_new.is_none_or(|first| summary.id < first),
        _ => true,
    };
    let found = read::changes_after(connection, before, NO_LIMIT)?;
    changed.extend(found.into_iter().map(|(_, change)| change).filter(is_old));
    Ok(Changes { new: Vec::new(), changed })
}

impl WriteJob {
    /// Runs the job; `counter` is the last revision used.
    fn run(&self, connection: &WriteConnection, counter: &mut i64) -> rusqlite::Result<JobOutcome> {
        if let Self::Edit(edit, _) = self {
            return edit.run(connection, counter).map(|()| JobOutcome::Updated);
        }
        if let Self::KeepAll(all, _) = self {
            let inserted = all.iter().map(|delivery| {
                *counter += 1;
                keep(connection, delivery, *counter)
            });
            return inserted.collect::<rusqlite::Result<_>>().map(JobOutcome::KeptAll);
        }
        if let Self::KeepPage(page, _) = self {
            return hub::keep_page(connection, page, counter).map(JobOutcome::KeptPage);
        }
        if let Self::RecordSequences(published, _) = self {
            hub::record_sequences(connection, published, counter)?;
            return Ok(JobOutcome::Updated);
        }
        if let Self::SetHubValue(key, value, _) = self {
            return hub::set(connection, key, value).map(|()| JobOutcome::Updated);
        }
        if let Self::Prune(retention, _) = self {
            let (ids, last) = retention::prunable(connection, *retention)?;
            let count = ids.len() as u64;
            let ids = ids.into_iter().map(DeliveryId).collect();
            annotate::AnnotationJob::Remove(ids).run(connection, counter)?;
            return Ok(JobOutcome::Pruned { count, last });
        }
        *counter += 1;
        let revision = *counter;
        let updated = match self {
            Self::Keep(delivery, _) => {
                return keep(connection, delivery, revision).map(JobOutcome::Kept);
            }
            Self::RecordClientGone(id, after, _) => {
                record_client_gone(connection, *id, *after, revision)
            }
            Self::RecordResponse(id, status, latency, _) => {
                record_response(connection, *id, *status, *latency, revision)
            }
            Self::RecordProvider(id, identity, _) => {
                record_provider(connection, *id, identity, revision)
            }
            Self::RecordDiagnosis(id, verdict, _) => {
                record_diagnosis(connection, *id, verdict, revision)
            }
            Self::RecordAttempt(attempt, _) => record_attempt(connection, attempt, revision),
            Self::RecordSchema(record, _) => schemas::keep(connection, record, revision),
            Self::Edit(..)
            | Self::KeepAll(..)
            | Self::KeepPage(..)
            | Self::RecordSequences(..)
            | Self::SetHubValue(..)
            | Self::Prune(..)
            | Self::Finish => Ok(()),
        };
        updated.map(|()| JobOutcome::Updated)
    }

    /// Prepares the reply; adds a new delivery to the changes.
    fn reply(
        self,
        outcome: Result<JobOutcome, KeepError>,
        changes: Option<&mut Changes>,
    ) -> Option<JobReply> {
        match self {
            Self::Keep(new, reply) => {
                let stored = outcome.and_then(|outcome| match outcome {
                    JobOutcome::Kept(inserted) => Ok(stored(*new, inserted)),
                    _ => Err(KeepError::Stopped),
                });
                if let (Ok(stored), Some(changes)) = (&stored, changes) {
                    changes.new.push(StoreChange::New(Arc::clone(&stored.delivery)));
                }
                Some(JobReply::Kept(reply, stored))
            }
            Self::KeepAll(new, reply) => {
                let inserted = outcome.and_then(|outcome| match outcome {
                    JobOutcome::KeptAll(inserted) => Ok(inserted),
                    _ => Err(KeepError::Stopped),
                });
                let count = inserted.map(|inserted| {
                    let count = inserted.len() as u64;
                    let kept = new.into_iter().zip(inserted).map(|(new, one)| stored(new, one));
                    if let Some(changes) = changes {
                        changes.new.extend(kept.map(|one| StoreChange::New(one.delivery)));
                    }
                    count
                });
                Some(JobReply::Counted(reply, count))
            }
            Self::KeepPage(page, reply) => {
                let kept = outcome.and_then(|outcome| match outcome {
                    JobOutcome::KeptPage(outcome) => Ok(kept_page(*page, outcome)),
                    _ => Err(KeepError::Stopped),
                });
                if let (Ok(kept), Some(changes)) = (&kept, changes) {
                    let new = kept.deliveries.iter().filter(|one| one.is_new);
                    changes.new.extend(new.map(|one| StoreChange::New(Arc::clone(&one.delivery))));
                }
                Some(JobReply::KeptPage(reply, kept))
            }
            Self::Prune(_, reply) => {
                let count = outcome.and_then(|outcome| match outcome {
                    JobOutcome::Pruned { count, .. } => Ok(count),
                    _ => Err(KeepError::Stopped),
                });
                Some(JobReply::Counted(reply, count))
            }
            Self::RecordResponse(_, _, _, reply)
            | Self::RecordClientGone(_, _, reply)
            | Self::RecordProvider(_, _, reply)
            | Self::RecordDiagnosis(_, _, reply)
            | Self::Edit(_, reply)
            | Self::RecordSequences(_, reply)
            | Self::SetHubValue(_, _, reply)
            | Self::RecordSchema(_, reply)
            | Self::RecordAttempt(_, reply) => Some(JobReply::Updated(reply, outcome.map(|_| ()))),
            Self::Finish => None,
        }
    }
}

fn stored(new: NewDelivery, inserted: Inserted) -> Stored {
    let Inserted { id, duplicate_of, differs } = inserted;
    let mut delivery = new.into_delivery(id, duplicate_of);
    delivery.summary.flags.differs = differs;
    Stored { delivery: Arc::new(delivery), id, duplicate_of, differs }
}

fn kept_page(page: HubPage, outcome: PageOutcome) -> HubKept {
    let deliveries = page.deliveries.into_iter().zip(outcome.deliveries);
    let deliveries = deliveries.filter_map(|(new, one)| match one {
        PageDelivery::New(inserted) => {
            Some(HubDelivery { delivery: stored(new, inserted).delivery, is_new: true })
        }
        PageDelivery::Known(id) => {
            let delivery = Arc::new(new.into_delivery(id, None));
            Some(HubDelivery { delivery, is_new: false })
        }
        PageDelivery::Repeated => None,
    });
    let deliveries = deliveries.collect();
    let updates = page.updates.into_iter().enumerate();
    let unknown = updates.filter(|(at, _)| outcome.unknown.contains(at));
    HubKept { deliveries, unknown: unknown.map(|(_, update)| update).collect() }
}
