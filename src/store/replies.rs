//! Replies to jobs, sent after their commit.
//!
//! A reply sent from the writer's thread wakes the runtime from outside, which takes a lock and often a
//! system call. So the writer hands all replies of a commit to a task, which sends them from within
//! the runtime.

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::hub::PageReply;
use super::{HubKept, KeepError, Stored};

/// Commits whose replies may wait for the task; those of others are sent directly.
const QUEUE: usize = 16;

/// A reply that waits for the commit.
#[derive(Debug)]
pub(super) enum JobReply {
    KeptPage(PageReply, Result<HubKept, KeepError>),
    Kept(oneshot::Sender<Result<Stored, KeepError>>, Result<Stored, KeepError>),
    Counted(oneshot::Sender<Result<u64, KeepError>>, Result<u64, KeepError>),
    Updated(oneshot::Sender<Result<(), KeepError>>, Result<(), KeepError>),
}

impl JobReply {
    /// Sends the result. No one receives it if the program is ending; the work is done.
    fn send(self) {
        match self {
            Self::Kept(reply, outcome) => drop(reply.send(outcome)),
            Self::KeptPage(reply, outcome) => drop(reply.send(outcome)),
            Self::Counted(reply, outcome) => drop(reply.send(outcome)),
            Self::Updated(reply, outcome) => drop(reply.send(outcome)),
        }
    }
}

/// Replies to the jobs of one commit. Dropping them sends them, so none gets lost.
#[derive(Debug)]
pub(super) struct Replies(Vec<JobReply>);

impl FromIterator<JobReply> for Replies {
    fn from_iter<I: IntoIterator<Item = JobReply>>(replies: I) -> Self {
        Self(replies.into_iter().collect())
    }
}

impl Drop for Replies {
    fn drop(&mut self) {
        for reply in self.0.drain(..) {
            reply.send();
        }
    }
}

/// Sends replies.
#[derive(Debug)]
pub(super) struct ReplySender {
    /// None outside a runtime.
    task: Option<mpsc::Sender<Replies>>,
}

impl ReplySender {
    /// Creates a sender with a task in the current runtime, if there is one.
    pub(super) fn new() -> Self {
        let task = Handle::try_current().ok().map(|runtime| {
            let (task, mut waiting) = mpsc::channel(QUEUE);
            runtime.spawn(async move { while waiting.recv().await.is_some() {} });
            task
        });
        Self { task }
    }

    pub(super) fn send(&self, replies: Replies) {
        if let (Some(task), 2..) = (&self.task, replies.0.len()) {
            // Replies that the task does not take are dropped, and so sent.
            drop(task.try_send(replies));
        }
    }
}
