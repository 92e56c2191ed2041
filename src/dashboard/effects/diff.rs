//! Comparisons of two deliveries, as effects.

use std::sync::Arc;

use tokio::sync::watch;

use super::Context;
use crate::app::Event;
use crate::app::diff::{DeliveryDiff, DiffRequest};
use crate::ops::diff::{DiffError, DiffPair, pair};
use crate::task;

/// Compares the pair requested last; earlier requests are skipped.
pub(super) async fn compare_wanted(
    context: Arc<Context>,
    mut wishes: watch::Receiver<Option<DiffRequest>>,
) {
    while wishes.changed().await.is_ok() {
        let Some(wish) = *wishes.borrow_and_update() else { continue };
        let one = Arc::clone(&context);
        let outcome = task::blocking(move || one.compare(wish)).await.map(Arc::new);
        if context.events.send(Event::Compared { wish, outcome }).await.is_err() {
            return;
        }
    }
}

impl Context {
    fn compare(&self, wish: DiffRequest) -> Result<DeliveryDiff, String> {
        let reader = self.setup.store.reader().map_err(|error| error.to_string())?;
        let found = pair(&reader, &self.setup.verifier.get(), wish.new, wish.old);
        let found = found.map_err(|error| match error {
            DiffError::NoEarlier | DiffError::NoType => {
                format!("{error}; mark another one and press d")
            }
            DiffError::Refused | DiffError::Gone(_) | DiffError::Store(_) => error.to_string(),
        })?;
        let DiffPair { old, new, reason, signature_headers, id_places } = found;
        // Event ids always differ.
        let volatile = self.setup.preferences.volatile.and(&id_places);
        let volatile = volatile.map_err(|error| error.to_string())?;
        let signing: Vec<&str> = signature_headers.iter().map(String::as_str).collect();
        Ok(DeliveryDiff::new(old, new, reason, &volatile, &signing))
    }
}
