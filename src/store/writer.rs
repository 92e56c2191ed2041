//! The writer thread and its group commit.

use std::io;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::lock::Lock;
use super::write::{keep, record_attempt, record_diagnosis, record_response};
use super::{KeepError, StoreProgress, Stored, WriteJob, annotate, schemas};

/// Limits on the jobs and body bytes of one commit, so that none waits long.
const GROUP_JOBS: usize = 512;
const GROUP_BYTES: usize = 32 << 20;

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
    pub(super) connection: Connection,
    pub(super) queue: mpsc::Receiver<WriteJob>,
    pub(super) report: watch::Sender<StoreProgress>,
    /// Released after the connection is closed.
    pub(super) lock: Option<Lock>,
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
    let WriterState { mut connection, mut queue, report, lock } = state;
    let mut running = true;
    // Purge only deliveries removed in earlier runs; those removed in this run may be restored.
    let mut removals = EarlierRemovals { before: report.borrow().revision, may_be_left: true };
    while running && let Some(first) = removals.purge_until_next_job(&mut connection, &mut queue) {
        let mut group = Group::default();
        running = group.add(first);
        while running && group.has_room() {
            match queue.try_recv() {
                Ok(job) => running = group.add(job),
                Err(_) => break,
            }
        }
        group.commit(&mut connection, &report);
    }
    // The rest stays hidden and is purged in the next run.
    let _ = annotate::purge_at_exit(&connection);
    // Fails only if the disk does; the log then remains and is read at the next opening.
    let _ = connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
    drop(connection);
    drop(lock);
}

/// Deliveries that were removed in earlier runs.
struct EarlierRemovals {
    /// The last revision of those runs.
    before: i64,
    may_be_left: bool,
}

impl EarlierRemovals {
    /// Returns the next job; until there is one, purges a few deliveries at a time.
    fn purge_until_next_job(
        &mut self,
        connection: &mut Connection,
        queue: &mut mpsc::Receiver<WriteJob>,
    ) -> Option<WriteJob> {
        while self.may_be_left {
            match queue.try_recv() {
                Ok(job) => return Some(job),
                Err(mpsc::error::TryRecvError::Disconnected) => return None,
                // A failure comes from the disk, and the next delivery reports it.
                Err(mpsc::error::TryRecvError::Empty) => {
                    self.may_be_left = annotate::purge(connection, self.before).unwrap_or(false);
                }
            }
        }
        queue.blocking_recv()
    }
}

/// Jobs that are committed together.
#[derive(Default)]
struct Group {
    jobs: Vec<WriteJob>,
    bytes: usize,
}

/// A reply that waits for the commit.
enum JobReply {
    Kept(oneshot::Sender<Result<Stored, KeepError>>, Result<Stored, KeepError>),
    Updated(oneshot::Sender<Result<(), KeepError>>, Result<(), KeepError>),
}

impl Group {
    /// Adds a job; false if it was the last one.
    fn add(&mut self, job: WriteJob) -> bool {
        match &job {
            WriteJob::Finish => return false,
            WriteJob::Keep(delivery, _) => self.bytes += delivery.body.len(),
            WriteJob::Edit(edit, _) => self.bytes += edit.rows() * ROW_BYTES,
            WriteJob::RecordResponse(..)
            | WriteJob::RecordDiagnosis(..)
            | WriteJob::RecordAttempt(..)
            | WriteJob::RecordSchema(..) => {}
        }
        self.jobs.push(job);
        true
    }

    fn has_room(&self) -> bool {
        self.jobs.len() < GROUP_JOBS && self.bytes < GROUP_BYTES
    }

    fn commit(self, connection: &mut Connection, report: &watch::Sender<StoreProgress>) {
        if self.jobs.is_empty() {
            return;
        }
        let mut revision = report.borrow().revision;
        let mut replies = Vec::with_capacity(self.jobs.len());
        let jobs = self.jobs;
        let committed = transact(connection, jobs, &mut revision, &mut replies);
        let failure = committed.as_ref().err().map(KeepError::from);
        let job_failure = replies.iter().find_map(JobReply::failure);
        if let Some(error) = &failure {
            tracing::error!(%error, "commit failed");
        }
        let failure_text = failure.as_ref().or(job_failure.as_ref()).map(ToString::to_string);
        report.send_modify(|progress| {
            progress.error = failure_text;
            if failure.is_none() {
                progress.revision = revision;
            }
        });
        for reply in replies {
            reply.send(failure.as_ref());
        }
    }
}

/// Runs jobs in one transaction. A job that fails is rolled back alone; an error is returned if
/// nothing was committed.
fn transact(
    connection: &mut Connection,
    jobs: Vec<WriteJob>,
    revision: &mut i64,
    replies: &mut Vec<JobReply>,
) -> rusqlite::Result<()> {
    let begun = connection.execute_batch("BEGIN IMMEDIATE");
    // Another process may have written attempts and advanced the revision.
    let current = begun.and_then(|()| super::read::revision(connection));
    *revision = current.as_ref().map_or(*revision, |current| *current.max(revision));
    let mut failed = current.err();
    for job in jobs {
        let (reply, lost) = match &failed {
            // After a failure the remaining jobs are refused.
            Some(error) => (job.refuse(KeepError::from(error)), None),
            None => job.run(connection, revision),
        };
        failed = failed.or(lost);
        replies.extend(reply);
    }
    match failed {
        None => connection.execute_batch("COMMIT").inspect_err(|_| roll_back(connection)),
        Some(error) => {
            roll_back(connection);
            Err(error)
        }
    }
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit() {
        // If this fails, so does the next BEGIN, whose error is reported.
        let _ = connection.execute_batch("ROLLBACK");
    }
}

impl WriteJob {
    fn refuse(self, error: KeepError) -> Option<JobReply> {
        match self {
            Self::Keep(_, reply) => Some(JobReply::Kept(reply, Err(error))),
            Self::RecordResponse(_, _, reply)
            | Self::RecordDiagnosis(_, _, reply)
            | Self::Edit(_, reply)
            | Self::RecordSchema(_, reply)
            | Self::RecordAttempt(_, reply) => Some(JobReply::Updated(reply, Err(error))),
            Self::Finish => None,
        }
    }

    /// Runs the job. An error means that the whole transaction is lost.
    fn run(
        self,
        connection: &Connection,
        counter: &mut i64,
    ) -> (Option<JobReply>, Option<rusqlite::Error>) {
        if let Self::Edit(edit, reply) = self {
            let (outcome, lost) = in_savepoint(connection, || edit.run(connection, counter));
            return (Some(JobReply::Updated(reply, outcome)), lost);
        }
        *counter += 1;
        let revision = *counter;
        match self {
            Self::Keep(delivery, reply) => {
                let (outcome, lost) =
                    in_savepoint(connection, || keep(connection, &delivery, revision));
                (Some(JobReply::Kept(reply, outcome)), lost)
            }
            Self::RecordResponse(id, status, reply) => {
                let (outcome, lost) =
                    in_savepoint(connection, || record_response(connection, id, status, revision));
                (Some(JobReply::Updated(reply, outcome)), lost)
            }
            Self::RecordDiagnosis(id, verdict, reply) => {
                let (outcome, lost) = in_savepoint(connection, || {
                    record_diagnosis(connection, id, &verdict, revision)
                });
                (Some(JobReply::Updated(reply, outcome)), lost)
            }
            Self::RecordAttempt(attempt, reply) => {
                let (outcome, lost) =
                    in_savepoint(connection, || record_attempt(connection, &attempt, revision));
                (Some(JobReply::Updated(reply, outcome)), lost)
            }
            Self::RecordSchema(record, reply) => {
                let (outcome, lost) =
                    in_savepoint(connection, || schemas::keep(connection, &record, revision));
                (Some(JobReply::Updated(reply, outcome)), lost)
            }
            Self::Edit(..) | Self::Finish => (None, None),
        }
    }
}

/// Runs work in a savepoint, which is rolled back if it fails, unless SQLite cannot continue.
fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> (Result<T, KeepError>, Option<rusqlite::Error>) {
    if let Err(error) = connection.execute_batch("SAVEPOINT job") {
        return (Err(KeepError::from(&error)), Some(error));
    }
    match work().and_then(|done| connection.execute_batch("RELEASE job").map(|()| done)) {
        Ok(done) => (Ok(done), None),
        Err(error) => {
            let refused = Err(KeepError::from(&error));
            let undone = connection.execute_batch("ROLLBACK TO job; RELEASE job");
            (refused, undone.is_err().then_some(error))
        }
    }
}

impl JobReply {
    fn failure(&self) -> Option<KeepError> {
        match self {
            Self::Kept(_, outcome) => outcome.as_ref().err().cloned(),
            Self::Updated(_, outcome) => outcome.as_ref().err().cloned(),
        }
    }

    /// Sends the result. No one receives it if the program is ending; the work is done.
    fn send(self, failure: Option<&KeepError>) {
        let failed = failure.cloned();
        match self {
            Self::Kept(reply, outcome) => drop(reply.send(failed.map_or(outcome, Err))),
            Self::Updated(reply, outcome) => drop(reply.send(failed.map_or(outcome, Err))),
        }
    }
}
