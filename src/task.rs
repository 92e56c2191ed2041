//! Results of tasks, and blocking work.

use tokio::task::JoinError;

/// Returns what a task returned, or none if it was stopped. A panic in a task is a panic of the
/// program.
pub(crate) fn join_or_panic<T>(ended: Result<T, JoinError>) -> Option<T> {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(returned) => Some(returned),
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => None,
    }
}

/// Runs work that blocks, or computes for long, on a thread for blocking work.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match join_or_panic(tokio::task::spawn_blocking(work).await) {
        Some(done) => done,
        // Work that has begun is never stopped; before that, the program ends.
        None => std::future::pending().await,
    }
}
