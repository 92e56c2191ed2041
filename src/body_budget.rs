//! Memory that the bodies in progress share.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// Unit of the budget in bytes, and units acquired at a time.
const UNIT: usize = 1 << 10;
const STEP: usize = 256;

/// Memory for bodies. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct BodyBudget(Arc<Semaphore>);

/// The part of the budget that one body holds.
#[derive(Debug, Default)]
pub(crate) struct Room {
    permit: Option<OwnedSemaphorePermit>,
    /// Time that the body has waited for room so far.
    waited: Duration,
}

/// A body with the room that it holds until every reference to it is dropped.
struct HeldBody {
    bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for HeldBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl BodyBudget {
    /// Bytes of a body that are not counted, so that small bodies are always received.
    pub(crate) const FREE: usize = 64 << 10;

    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / UNIT).min(Semaphore::MAX_PERMITS))))
    }
}

impl Room {
    /// Acquires the room that a body of this size still needs; false if others do not release it in
    /// time.
    ///
    /// The time limit is for all waits of a body together. Otherwise bodies that each hold a part
    /// and wait for more would be refused one after the other, and no other body would get room
    /// until the last one was.
    pub(crate) async fn grow(&mut self, budget: &BodyBudget, size: usize, time: Duration) -> bool {
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let needed = size.saturating_sub(BodyBudget::FREE).div_ceil(UNIT).next_multiple_of(STEP);
        let Some(more) = needed.checked_sub(held).filter(|more| *more > 0) else { return true };
        let Ok(more) = u32::try_from(more) else { return false };
        let acquiring = Arc::clone(&budget.0).acquire_many_owned(more);
        let begun = Instant::now();
        let acquired = timeout(time.saturating_sub(self.waited), acquiring).await;
        self.waited += begun.elapsed();
        let Ok(Ok(permit)) = acquired else { return false };
        match &mut self.permit {
            Some(room) => room.merge(permit),
            None => self.permit = Some(permit),
        }
        true
    }

    /// Ties the room to the body.
    pub(crate) fn hold(self, bytes: Vec<u8>) -> Bytes {
        match self.permit {
            Some(room) => Bytes::from_owner(HeldBody { bytes, _room: room }),
            None => bytes.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn room_is_released_with_the_last_reference_to_a_body() {
        let budget = BodyBudget::new(1 << 20);
        let size = 1 << 20;
        let mut room = Room::default();
        assert!(room.grow(&budget, size, Duration::ZERO).await);
        let body = room.hold(vec![0; size]);
        let part = body.slice(..1);
        drop(body);
        assert!(!Room::default().grow(&budget, size, Duration::ZERO).await);
        drop(part);
        assert!(Room::default().grow(&budget, size, Duration::ZERO).await);
    }

    #[tokio::test]
    async fn a_body_that_has_waited_does_not_wait_again() {
        let budget = BodyBudget::new(0);
        let time = Duration::from_hours(1);
        let mut room = Room { permit: None, waited: time };
        assert!(!room.grow(&budget, 1 << 20, time).await);
    }

    #[tokio::test]
    async fn small_bodies_need_no_room() {
        let mut room = Room::default();
        assert!(room.grow(&BodyBudget::new(0), 64 << 10, Duration::ZERO).await);
    }
}
