//! What becomes of tasks that have ended.

use tokio::task::JoinError;

/// What a task returned; nothing if it was stopped. A panic in a task is a panic of the program.
pub fn join_or_panic<T>(ended: Result<T, JoinError>) -> Option<T> {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(returned) => Some(returned),
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => None,
    }
}
