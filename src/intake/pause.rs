//! Requests whose clients wait until the user decides on the response.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::delivery::DeliveryId;
use crate::listener::RequestClient;

/// The paused requests. Clones share them.
#[derive(Debug, Clone)]
pub struct PausedRequests {
    paused: watch::Sender<BTreeMap<DeliveryId, PausedRequest>>,
    stop: CancellationToken,
}

/// A request whose client waits.
#[derive(Debug)]
pub struct PausedRequest {
    pub since: Timestamp,
    client: Option<RequestClient>,
    release: oneshot::Sender<ReleaseAction>,
}

/// Ways to release a paused request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseAction {
    /// Respond with this status.
    Respond(u16),
    /// Forward it to its targets, as if it had not been paused.
    Forward,
    /// Close the connection without a response.
    Close,
}

impl PausedRequests {
    /// Creates an empty set; at `stop` every client that waits gets a response.
    pub fn new(stop: CancellationToken) -> Self {
        Self { paused: watch::Sender::new(BTreeMap::new()), stop }
    }

    /// Watches the set of paused requests.
    pub fn changes(&self) -> watch::Receiver<BTreeMap<DeliveryId, PausedRequest>> {
        self.paused.subscribe()
    }

    /// Returns ids and start times, oldest first.
    pub fn list(&self) -> Vec<(DeliveryId, Timestamp)> {
        let mut list: Vec<_> =
            self.paused.borrow().iter().map(|(id, request)| (*id, request.since)).collect();
        list.sort_by_key(|(id, since)| (*since, *id));
        list
    }

    /// Releases a request; false if it is not paused.
    pub fn release(&self, id: DeliveryId, release: ReleaseAction) -> bool {
        let mut found = None;
        self.paused.send_if_modified(|paused| {
            found = paused.remove(&id);
            found.is_some()
        });
        found.is_some_and(|request| request.release.send(release).is_ok())
    }

    /// Returns whether the client of a paused request has closed its end.
    pub fn has_client_closed(&self, id: DeliveryId) -> bool {
        let paused = self.paused.borrow();
        let client = paused.get(&id).and_then(|request| request.client.as_ref());
        client.is_some_and(RequestClient::has_closed)
    }

    /// Waits for the release of a request; none if the program stops first.
    pub(super) async fn wait(
        &self,
        id: DeliveryId,
        client: Option<RequestClient>,
    ) -> Option<ReleaseAction> {
        let (release, released) = oneshot::channel();
        #[expect(clippy::disallowed_methods, reason = "the dashboard shows how long it waits")]
        let since = Timestamp::now();
        let request = PausedRequest { since, client, release };
        self.paused.send_modify(|paused| drop(paused.insert(id, request)));
        tokio::select! {
            biased;
            release = released => release.ok(),
            () = self.stop.cancelled() => {
                self.paused.send_modify(|paused| drop(paused.remove(&id)));
                None
            }
        }
    }
}
