//! Records attempts.

use crate::delivery::Attempt;
use crate::store::{AttemptWriter, KeepError, Store, StoreError};
use crate::task;

/// Destination of recorded attempts.
#[derive(Debug)]
pub enum AttemptRecorder {
    /// The store that this process writes.
    Store(Store),
    /// A store that a listener in another process may write.
    Writer(Box<AttemptWriter>),
    /// Attempts are not recorded.
    Off,
}

/// Outcome of recording an attempt.
#[derive(Debug)]
pub enum Recorded {
    Yes,
    /// Recording is off.
    No,
    Failed(RecordError),
}

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum RecordError {
    Keep(#[from] KeepError),
    Store(#[from] StoreError),
}

impl Recorded {
    pub fn is_recorded(&self) -> bool {
        matches!(self, Self::Yes)
    }
}

impl AttemptRecorder {
    /// Records an attempt. It is on disk when this returns `Yes`.
    pub async fn record(&mut self, attempt: Attempt) -> Recorded {
        let outcome;
        (*self, outcome) = match std::mem::replace(self, Self::Off) {
            Self::Store(store) => {
                let outcome = store.record_attempt(attempt).await;
                (Self::Store(store), outcome.into())
            }
            // Another process may hold the lock for a while.
            Self::Writer(mut writer) => {
                task::blocking(move || {
                    let outcome = writer.keep(&attempt);
                    (Self::Writer(writer), outcome.into())
                })
                .await
            }
            Self::Off => (Self::Off, Recorded::No),
        };
        outcome
    }
}

impl<E: Into<RecordError>> From<Result<(), E>> for Recorded {
    fn from(outcome: Result<(), E>) -> Self {
        outcome.map_or_else(|error| Self::Failed(error.into()), |()| Self::Yes)
    }
}
