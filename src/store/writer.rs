//! The thread that writes, and its group commit.

use std::io;
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot, watch};

use super::lock::Lock;
use super::{Job, KeepError, Kept, NewDelivery, Progress, rows};
use crate::delivery::{Attempt, DeliveryId, Outcome, Verdict};

/// A commit takes at most so many jobs, and so many bytes of bodies, so that none waits long.
const GROUP: usize = 512;
const GROUP_BYTES: usize = 32 << 20;

/// The thread that writes; it goes on until it is told to finish.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<()>,
    jobs: mpsc::Sender<Job>,
}

/// What the thread works with.
pub(super) struct Desk {
    pub(super) connection: Connection,
    pub(super) queue: mpsc::Receiver<Job>,
    pub(super) report: watch::Sender<Progress>,
    /// Given back when the connection is closed.
    pub(super) lock: Option<Lock>,
}

impl Writer {
    pub(super) fn start(desk: Desk, jobs: mpsc::Sender<Job>) -> io::Result<Self> {
        let thread = thread::Builder::new().name("store".to_owned()).spawn(move || write(desk))?;
        Ok(Self { thread, jobs })
    }

    /// Writes what was handed in before, closes the store and gives its lock back. Blocks.
    pub fn finish(self) {
        // It has ended already if nobody takes this.
        let _ = self.jobs.blocking_send(Job::Finish);
        if let Err(panicked) = self.thread.join() {
            std::panic::resume_unwind(panicked);
        }
    }
}

fn write(desk: Desk) {
    let Desk { mut connection, mut queue, report, lock } = desk;
    let mut going_on = true;
    while going_on && let Some(first) = queue.blocking_recv() {
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
    // Fails only if the disk does; the log then stays and is read at the next opening.
    let _ = connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
    drop(connection);
    drop(lock);
}

/// Jobs that are committed together.
#[derive(Default)]
struct Group {
    jobs: Vec<Job>,
    bytes: usize,
}

/// An answer that is held back until the commit.
enum Reply {
    Kept(oneshot::Sender<Result<Kept, KeepError>>, Result<Kept, KeepError>),
    Noted(oneshot::Sender<Result<(), KeepError>>, Result<(), KeepError>),
}

impl Group {
    /// False if this was the last job.
    fn take(&mut self, job: Job) -> bool {
        match &job {
            Job::Finish => return false,
            Job::Keep(delivery, _) => self.bytes += delivery.body.len(),
            Job::Answered(..) | Job::Explained(..) | Job::Attempted(..) => {}
        }
        self.jobs.push(job);
        true
    }

    fn has_room(&self) -> bool {
        self.jobs.len() < GROUP && self.bytes < GROUP_BYTES
    }

    fn commit(self, connection: &mut Connection, report: &watch::Sender<Progress>) {
        if self.jobs.is_empty() {
            return;
        }
        let mut revision = report.borrow().revision;
        let mut replies = Vec::with_capacity(self.jobs.len());
        let jobs = self.jobs;
        let committed = transact(connection, jobs, &mut revision, &mut replies);
        let failure = committed.as_ref().err().map(KeepError::from);
        let one_failed = replies.iter().find_map(Reply::failure);
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
    jobs: Vec<Job>,
    revision: &mut i64,
    replies: &mut Vec<Reply>,
) -> rusqlite::Result<()> {
    let begun = connection.execute_batch("BEGIN IMMEDIATE");
    // Somebody beside us may have kept attempts since, and counted on.
    let counted = begun.and_then(|()| super::read::revision(connection));
    *revision = counted.as_ref().map_or(*revision, |counted| *counted.max(revision));
    let mut failed = counted.err();
    for job in jobs {
        let next = *revision + 1;
        let (reply, lost) = match &failed {
            // Nothing more is tried, but everybody is told.
            Some(error) => (job.refuse(KeepError::from(error)), None),
            None => job.run(connection, next),
        };
        failed = failed.or(lost);
        *revision = next;
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

impl Job {
    fn refuse(self, error: KeepError) -> Option<Reply> {
        match self {
            Self::Keep(_, reply) => Some(Reply::Kept(reply, Err(error))),
            Self::Answered(_, _, reply)
            | Self::Explained(_, _, reply)
            | Self::Attempted(_, reply) => Some(Reply::Noted(reply, Err(error))),
            Self::Finish => None,
        }
    }

    /// Does the job. The error says that the whole transaction is lost.
    fn run(
        self,
        connection: &Connection,
        revision: i64,
    ) -> (Option<Reply>, Option<rusqlite::Error>) {
        match self {
            Self::Keep(delivery, reply) => {
                let (outcome, lost) = alone(connection, || keep(connection, &delivery, revision));
                (Some(Reply::Kept(reply, outcome)), lost)
            }
            Self::Answered(id, status, reply) => {
                let (outcome, lost) =
                    alone(connection, || answered(connection, id, status, revision));
                (Some(Reply::Noted(reply, outcome)), lost)
            }
            Self::Explained(id, verdict, reply) => {
                let (outcome, lost) =
                    alone(connection, || explained(connection, id, &verdict, revision));
                (Some(Reply::Noted(reply, outcome)), lost)
            }
            Self::Attempted(attempt, reply) => {
                let (outcome, lost) =
                    alone(connection, || attempted(connection, &attempt, revision));
                (Some(Reply::Noted(reply, outcome)), lost)
            }
            Self::Finish => (None, None),
        }
    }
}

/// Does work that is undone by itself if it fails, as long as SQLite can still go on.
fn alone<T>(
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

impl Reply {
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

const INSERT: &str = "INSERT INTO deliveries (revision, received_at, peer, method, target, \
    http_version, body_size, provider, event_id, event_type, signature, cause, explanation, \
    secret_name, answer_status, refused_code, refused_reason, source, duplicate_of, \
    diagnosing, origin) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, \
    ?20, ?21)";

fn keep(connection: &Connection, new: &NewDelivery, revision: i64) -> rusqlite::Result<Kept> {
    let first: Option<i64> = match &new.event.id {
        None => None,
        Some(event) => connection
            .prepare_cached("SELECT min(id) FROM deliveries WHERE provider = ?1 AND event_id = ?2")?
            .query_row(params![new.provider, event], |row| row.get(0))?,
    };
    let NewDelivery { head, event, signature, refused, .. } = new;
    connection.prepare_cached(INSERT)?.execute(params![
        revision,
        rows::time_text(new.received_at),
        new.peer,
        head.method,
        head.target_text(),
        head.version.as_str(),
        i64::try_from(new.body_size).unwrap_or(i64::MAX),
        new.provider,
        event.id,
        event.kind,
        signature.status.as_str(),
        signature.cause,
        signature.explanation,
        signature.secret,
        new.response,
        refused.as_ref().map(|refusal| &refusal.code),
        refused.as_ref().map(|refusal| &refusal.reason),
        new.source.as_str(),
        first,
        new.diagnosing,
        new.origin.map(|id| id.0),
    ])?;
    let id = connection.last_insert_rowid();
    connection
        .prepare_cached("INSERT INTO wire (delivery_id, head, body) VALUES (?1, ?2, ?3)")?
        .execute(params![id, &head.raw[..], &new.body[..]])?;
    Ok(Kept { id: DeliveryId(id), duplicate_of: first.map(DeliveryId) })
}

fn answered(
    connection: &Connection,
    id: DeliveryId,
    status: u16,
    revision: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE deliveries SET answer_status = ?2, revision = ?3 WHERE id = ?1")?
        .execute(params![id.0, status, revision])?;
    Ok(())
}

fn explained(
    connection: &Connection,
    id: DeliveryId,
    verdict: &Verdict,
    revision: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE deliveries SET cause = ?2, explanation = ?3, diagnosing = 0, revision = ?4 \
             WHERE id = ?1",
        )?
        .execute(params![id.0, verdict.cause, verdict.explanation, revision])?;
    Ok(())
}

pub(super) fn attempted(
    connection: &Connection,
    attempt: &Attempt,
    revision: i64,
) -> rusqlite::Result<()> {
    let (answer, failure) = match &attempt.outcome {
        Outcome::Answered(answered) => (Some(answered), None),
        Outcome::Failed { reason, timed_out } => (None, Some((reason, *timed_out))),
    };
    let sql = format!(
        "INSERT INTO attempts ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        rows::ATTEMPT
    );
    connection.prepare_cached(&sql)?.execute(params![
        attempt.delivery.0,
        attempt.kind.as_str(),
        attempt.target,
        rows::time_text(attempt.at),
        rows::micros(attempt.took),
        answer.map(|answered| answered.status),
        answer.map(|answered| rows::header_bytes(&answered.headers)),
        answer.map(|answered| answered.body.to_vec()),
        answer.map(|answered| i64::try_from(answered.body_size).unwrap_or(i64::MAX)),
        failure.map(|(reason, _)| reason),
        failure.is_some_and(|(_, timed_out)| timed_out),
        attempt.timing.connected.map(rows::micros),
        attempt.timing.first_byte.map(rows::micros),
        attempt.changes,
    ])?;
    connection
        .prepare_cached("UPDATE deliveries SET revision = ?2 WHERE id = ?1")?
        .execute(params![attempt.delivery.0, revision])?;
    Ok(())
}
