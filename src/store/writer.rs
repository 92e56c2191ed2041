//! The thread that writes, and its group commit.

use std::io;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::lock::Lock;
use super::write::{answered, attempted, explained, keep};
use super::{KeepError, StoreProgress, Stored, WriteJob, annotate, schemas};

/// A commit takes at most so many jobs, and so many bytes of bodies, so that none waits long.
const GROUP: usize = 512;
const GROUP_BYTES: usize = 32 << 20;

/// What a changed row counts for beside them.
const ROW_BYTES: usize = 16 << 10;

/// The thread that writes; it goes on until it is told to finish.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<()>,
    jobs: mpsc::Sender<WriteJob>,
}

/// What the thread works with.
pub(super) struct WriterState {
    pub(super) connection: Connection,
    pub(super) queue: mpsc::Receiver<WriteJob>,
    pub(super) report: watch::Sender<StoreProgress>,
    /// Given back when the connection is closed.
    pub(super) lock: Option<Lock>,
}

impl Writer {
    pub(super) fn start(desk: WriterState, jobs: mpsc::Sender<WriteJob>) -> io::Result<Self> {
        let thread = thread::Builder::new().name("store".to_owned()).spawn(move || write(desk))?;
        Ok(Self { thread, jobs })
    }

    /// Writes what was handed in before, closes the store and gives its lock back. Blocks.
    pub fn finish(self) {
        // It has ended already if nobody takes this.
        let _ = self.jobs.blocking_send(WriteJob::Finish);
        if let Err(panicked) = self.thread.join() {
            std::panic::resume_unwind(panicked);
        }
    }
}

fn write(desk: WriterState) {
    let WriterState { mut connection, mut queue, report, lock } = desk;
    let mut going_on = true;
    // What was removed in earlier runs; of this run, everything may still come back.
    let mut leftovers = Leftovers { before: report.borrow().revision, may_be_left: true };
    while going_on && let Some(first) = leftovers.purge_until_asked(&mut connection, &mut queue) {
        let mut group = Group::default();
        going_on = group.take(first);
        while going_on && group.has_room() {
            match queue.try_recv() {
                Ok(job) => going_on = group.take(job),
                Err(_) => break,
            }
        }
        group.commit(&mut connection, &report);
    }
    // What is not purged now stays hidden, and is purged in the next run.
    let _ = annotate::purge_at_the_end(&connection);
    // Fails only if the disk does; the log then stays and is read at the next opening.
    let _ = connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
    drop(connection);
    drop(lock);
}

/// Deliveries that were removed in earlier runs.
struct Leftovers {
    /// The revision of the last change of those runs.
    before: i64,
    may_be_left: bool,
}

impl Leftovers {
    /// The next job; until there is one, a few removed deliveries at a time are purged.
    fn purge_until_asked(
        &mut self,
        connection: &mut Connection,
        queue: &mut mpsc::Receiver<WriteJob>,
    ) -> Option<WriteJob> {
        while self.may_be_left {
            match queue.try_recv() {
                Ok(job) => return Some(job),
                Err(mpsc::error::TryRecvError::Disconnected) => return None,
                // A failure is one of the disk, which the next delivery meets as well.
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

/// An answer that is held back until the commit.
enum JobReply {
    Kept(oneshot::Sender<Result<Stored, KeepError>>, Result<Stored, KeepError>),
    Noted(oneshot::Sender<Result<(), KeepError>>, Result<(), KeepError>),
}

impl Group {
    /// False if this was the last job.
    fn take(&mut self, job: WriteJob) -> bool {
        match &job {
            WriteJob::Finish => return false,
            WriteJob::Keep(delivery, _) => self.bytes += delivery.body.len(),
            WriteJob::Edit(edit, _) => self.bytes += edit.rows() * ROW_BYTES,
            WriteJob::Answered(..)
            | WriteJob::Explained(..)
            | WriteJob::Attempted(..)
            | WriteJob::Shape(..) => {}
        }
        self.jobs.push(job);
        true
    }

    fn has_room(&self) -> bool {
        self.jobs.len() < GROUP && self.bytes < GROUP_BYTES
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
        let one_failed = replies.iter().find_map(JobReply::failure);
        let trouble = failure.as_ref().or(one_failed.as_ref()).map(ToString::to_string);
        report.send_modify(|progress| {
            progress.trouble = trouble;
            if failure.is_none() {
                progress.revision = revision;
            }
        });
        for reply in replies {
            reply.send(failure.as_ref());
        }
    }
}

/// Carries out jobs in one transaction. One that fails by itself is undone alone; an error is
/// returned if nothing was committed.
fn transact(
    connection: &mut Connection,
    jobs: Vec<WriteJob>,
    revision: &mut i64,
    replies: &mut Vec<JobReply>,
) -> rusqlite::Result<()> {
    let begun = connection.execute_batch("BEGIN IMMEDIATE");
    // Somebody beside us may have kept attempts since, and counted on.
    let counted = begun.and_then(|()| super::read::revision(connection));
    *revision = counted.as_ref().map_or(*revision, |counted| *counted.max(revision));
    let mut failed = counted.err();
    for job in jobs {
        let (reply, lost) = match &failed {
            // Nothing more is tried, but everybody is told.
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
        // If this fails, so will the next BEGIN, and its error is told.
        let _ = connection.execute_batch("ROLLBACK");
    }
}

impl WriteJob {
    fn refuse(self, error: KeepError) -> Option<JobReply> {
        match self {
            Self::Keep(_, reply) => Some(JobReply::Kept(reply, Err(error))),
            Self::Answered(_, _, reply)
            | Self::Explained(_, _, reply)
            | Self::Edit(_, reply)
            | Self::Shape(_, reply)
            | Self::Attempted(_, reply) => Some(JobReply::Noted(reply, Err(error))),
            Self::Finish => None,
        }
    }

    /// Does the job. The error says that the whole transaction is lost.
    fn run(
        self,
        connection: &Connection,
        counter: &mut i64,
    ) -> (Option<JobReply>, Option<rusqlite::Error>) {
        if let Self::Edit(edit, reply) = self {
            let (outcome, lost) = in_savepoint(connection, || edit.run(connection, counter));
            return (Some(JobReply::Noted(reply, outcome)), lost);
        }
        *counter += 1;
        let revision = *counter;
        match self {
            Self::Keep(delivery, reply) => {
                let (outcome, lost) =
                    in_savepoint(connection, || keep(connection, &delivery, revision));
                (Some(JobReply::Kept(reply, outcome)), lost)
            }
            Self::Answered(id, status, reply) => {
                let (outcome, lost) =
                    in_savepoint(connection, || answered(connection, id, status, revision));
                (Some(JobReply::Noted(reply, outcome)), lost)
            }
            Self::Explained(id, verdict, reply) => {
                let (outcome, lost) =
                    in_savepoint(connection, || explained(connection, id, &verdict, revision));
                (Some(JobReply::Noted(reply, outcome)), lost)
            }
            Self::Attempted(attempt, reply) => {
                let (outcome, lost) =
                    in_savepoint(connection, || attempted(connection, &attempt, revision));
                (Some(JobReply::Noted(reply, outcome)), lost)
            }
            Self::Shape(seen, reply) => {
                let (outcome, lost) =
                    in_savepoint(connection, || schemas::keep(connection, &seen, revision));
                (Some(JobReply::Noted(reply, outcome)), lost)
            }
            Self::Edit(..) | Self::Finish => (None, None),
        }
    }
}

/// Does work that is undone by itself if it fails, as long as SQLite can still go on.
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
            let told = Err(KeepError::from(&error));
            let undone = connection.execute_batch("ROLLBACK TO job; RELEASE job");
            (told, undone.is_err().then_some(error))
        }
    }
}

impl JobReply {
    fn failure(&self) -> Option<KeepError> {
        match self {
            Self::Kept(_, outcome) => outcome.as_ref().err().cloned(),
            Self::Noted(_, outcome) => outcome.as_ref().err().cloned(),
        }
    }

    /// Tells the one who asked. Nobody listens if the program is ending; the work is done.
    fn send(self, failure: Option<&KeepError>) {
        let failed = failure.cloned();
        match self {
            Self::Kept(reply, outcome) => drop(reply.send(failed.map_or(outcome, Err))),
            Self::Noted(reply, outcome) => drop(reply.send(failed.map_or(outcome, Err))),
        }
    }
}
