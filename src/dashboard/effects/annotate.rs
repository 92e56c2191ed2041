//! Marks, notes, and removals, as effects; the list is updated through the store.

use std::sync::Arc;

use super::Context;
use crate::app::{Event, Notice};
use crate::ops::annotate::{Annotation, annotate};
use crate::units;

impl Context {
    pub(super) async fn annotate(self: Arc<Self>, annotation: Annotation) {
        let outcome = annotate(&self.setup.store, &annotation).await;
        let notice = match (&outcome, &annotation) {
            (Ok(()), Annotation::Mark { .. } | Annotation::Note { .. }) => None,
            (Ok(()), Annotation::Remove(ids)) => Some(Notice::done(format!(
                "removed {}; undo brings it back until you quit",
                counted(ids.len())
            ))),
            (Ok(()), Annotation::Restore(ids)) => {
                Some(Notice::done(format!("brought back {}", counted(ids.len()))))
            }
            (Err(error), _) => Some(Notice::failed(error.to_string())),
        };
        match (annotation, outcome) {
            // Some may be removed after an error; restoring the others changes nothing.
            (Annotation::Remove(ids), _) | (Annotation::Restore(ids), Err(_)) => {
                let _ = self.events.send(Event::Removed(ids)).await;
            }
            _ => {}
        }
        if let Some(notice) = notice {
            self.say(notice).await;
        }
    }
}

fn counted(count: usize) -> String {
    match count {
        1 => "1 delivery".to_owned(),
        _ => format!("{} deliveries", units::format_count(count as u64)),
    }
}
