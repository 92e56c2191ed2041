//! Deletes old deliveries while a listener runs.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::store::{Keep, Store};

/// Minimum time between two checks of the store. Adding up the size of all deliveries takes a
/// while.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_FOR_SIZE: Duration = Duration::from_secs(10);

/// Maximum time between two checks, since deliveries expire without an event.
const MAX_PAUSE: Duration = Duration::from_mins(1);

/// Keeps a store within a limit until `stop` is canceled: now, and after new deliveries.
pub(crate) async fn keep_within(
    store: Store,
    keep: Keep,
    now: impl Fn() -> Timestamp,
    stop: CancellationToken,
) {
    let pause = if matches!(keep, Keep::Bytes(_)) { PAUSE_FOR_SIZE } else { PAUSE };
    let mut progress = store.progress();
    loop {
        match store.prune(keep.at(now())).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "deleted deliveries beyond the limit"),
            Err(error) => tracing::warn!(%error, "cannot delete deliveries beyond the limit"),
        }
        let seen = progress.borrow_and_update().revision;
        let grown = async {
            tokio::time::sleep(pause).await;
            // Fails only if the store has ended, and the listener with it.
            let _ = progress.wait_for(|progress| progress.revision > seen).await;
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = grown => {}
            () = tokio::time::sleep(MAX_PAUSE) => {}
        }
    }
}
