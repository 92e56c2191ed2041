//! Deliveries whose senders wait until somebody decides.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::delivery::DeliveryId;

/// The deliveries that are held. Clones share them.
#[derive(Debug, Clone)]
pub struct PausedRequests {
    held: watch::Sender<BTreeMap<DeliveryId, PausedRequest>>,
    stop: CancellationToken,
}

/// A delivery that is held.
#[derive(Debug)]
pub struct PausedRequest {
    pub since: Timestamp,
    release: oneshot::Sender<ReleaseAction>,
}

/// What becomes of a delivery that was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseAction {
    /// It is answered with this status.
    Answer(u16),
    /// It goes on to the targets, as if it had not been held.
    Forward,
    /// The connection ends without an answer.
    Close,
}

impl PausedRequests {
    /// Nothing is held; at `stop` everything that is held then is answered.
    pub fn new(stop: CancellationToken) -> Self {
        Self { held: watch::Sender::new(BTreeMap::new()), stop }
    }

    /// What is held now, and whenever that changes.
    pub fn changes(&self) -> watch::Receiver<BTreeMap<DeliveryId, PausedRequest>> {
        self.held.subscribe()
    }

    /// What is held and since when, the longest first.
    pub fn list(&self) -> Vec<(DeliveryId, Timestamp)> {
        let mut list: Vec<_> =
            self.held.borrow().iter().map(|(id, held)| (*id, held.since)).collect();
        list.sort_by_key(|(id, since)| (*since, *id));
        list
    }

    /// Lets a delivery go; false if it is not held.
    pub fn release(&self, id: DeliveryId, release: ReleaseAction) -> bool {
        let mut found = None;
        self.held.send_if_modified(|held| {
            found = held.remove(&id);
            found.is_some()
        });
        found.is_some_and(|held| held.release.send(release).is_ok())
    }

    /// Holds a delivery until it is let go; nothing if the program ends first.
    pub(super) async fn wait(&self, id: DeliveryId) -> Option<ReleaseAction> {
        let (release, released) = oneshot::channel();
        #[expect(clippy::disallowed_methods, reason = "people are told how long it waits")]
        let since = Timestamp::now();
        self.held.send_modify(|held| drop(held.insert(id, PausedRequest { since, release })));
        tokio::select! {
            biased;
            release = released => release.ok(),
            () = self.stop.cancelled() => {
                self.held.send_modify(|held| drop(held.remove(&id)));
                None
            }
        }
    }
}
