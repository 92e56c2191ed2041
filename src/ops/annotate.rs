//! Changes of the user to stored deliveries: marks, notes, removal, and its undo.

use crate::delivery::DeliveryId;
use crate::store::{KeepError, Store};

/// A change to stored deliveries. Deliveries that no longer exist are skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Annotation {
    Mark {
        ids: Vec<DeliveryId>,
        marked: bool,
    },
    /// Sets the note of a delivery, or deletes it.
    Note {
        id: DeliveryId,
        note: Option<String>,
    },
    /// Hides deliveries. They can be restored until the listener stops, which deletes them.
    Remove(Vec<DeliveryId>),
    Restore(Vec<DeliveryId>),
}

/// Reason why a change was not made, or not for all deliveries.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub struct AnnotateError {
    what: &'static str,
    source: KeepError,
}

impl Annotation {
    fn failure(&self) -> &'static str {
        match self {
            Self::Mark { .. } => "the mark was not stored",
            Self::Note { .. } => "the note was not stored",
            Self::Remove(_) => "not all were deleted",
            Self::Restore(_) => "not all were restored",
        }
    }
}

/// Makes a change; it is on disk when this returns. After an error, a change of many deliveries may
/// be incomplete, and can be made again.
pub async fn annotate(store: &Store, annotation: &Annotation) -> Result<(), AnnotateError> {
    let outcome = match annotation {
        Annotation::Mark { ids, marked } => store.mark(ids, *marked).await,
        Annotation::Note { id, note } => store.note(*id, note.clone()).await,
        Annotation::Remove(ids) => store.remove(ids).await,
        Annotation::Restore(ids) => store.restore(ids).await,
    };
    outcome.map_err(|source| AnnotateError { what: annotation.failure(), source })
}
