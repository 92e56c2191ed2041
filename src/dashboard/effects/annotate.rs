//! Marks, notes, and removals, as effects; the list is updated through the store.

use std::sync::Arc;

use super::Context;
use crate::app::{Event, Notice};
use crate::ops::annotate::{Annotation, annotate};

impl Context {
    pub(super) async fn annotate(self: Arc<Self>, annotation: Annotation) {
        let outcome = annotate(&self.setup.store, &annotation).await;
        let failure = outcome.as_ref().err().map(ToString::to_string);
        let event = match (annotation, outcome) {
            // Some may be removed after an error; restoring the others changes nothing.
            (Annotation::Remove(ids), _) | (Annotation::Restore(ids), Err(_)) => {
                Some(Event::Removed(ids))
            }
            (Annotation::Restore(ids), Ok(())) => Some(Event::Restored(ids)),
            (Annotation::Mark { .. } | Annotation::Note { .. }, _) => None,
        };
        // The receiver is gone if the loop has ended.
        if let Some(event) = event {
            let _ = self.events.send(event).await;
        }
        if let Some(failure) = failure {
            self.say(Notice::failed(failure)).await;
        }
    }
}
