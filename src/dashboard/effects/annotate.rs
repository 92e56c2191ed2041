//! Marks, notes and removals, into the store; the list hears of them from there.

use super::Context;
use crate::app::{Event, Notice};
use crate::delivery::DeliveryId;
use crate::units;

impl Context {
    pub(super) async fn mark(&self, ids: &[DeliveryId], marked: bool) {
        if let Err(error) = self.setup.store.mark(ids, marked).await {
            self.say(Notice::failed(format!("the mark was not kept: {error}"))).await;
        }
    }

    pub(super) async fn note(&self, id: DeliveryId, note: Option<String>) {
        if let Err(error) = self.setup.store.note(id, note).await {
            self.say(Notice::failed(format!("the note was not kept: {error}"))).await;
        }
    }

    pub(super) async fn remove(&self, ids: Vec<DeliveryId>) {
        let notice = match self.setup.store.remove(&ids).await {
            Ok(()) => Notice::done(format!(
                "removed {}; undo brings it back until you quit",
                counted(ids.len())
            )),
            Err(error) => Notice::failed(format!("not all were deleted: {error}")),
        };
        // Some may have been removed all the same; bringing back the others changes nothing.
        let _ = self.events.send(Event::Removed(ids)).await;
        self.say(notice).await;
    }

    pub(super) async fn restore(&self, ids: Vec<DeliveryId>) {
        match self.setup.store.restore(&ids).await {
            Ok(()) => self.say(Notice::done(format!("brought back {}", counted(ids.len())))).await,
            Err(error) => {
                let _ = self.events.send(Event::Removed(ids)).await;
                self.say(Notice::failed(format!("not all were brought back: {error}"))).await;
            }
        }
    }
}

fn counted(count: usize) -> String {
    match count {
        1 => "1 delivery".to_owned(),
        _ => format!("{} deliveries", units::format_count(count as u64)),
    }
}
