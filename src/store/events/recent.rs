//! Events of the newest deliveries, which wait in memory until they are moved to disk.

use std::mem;

use hashbrown::HashMap;

/// Deliveries whose events wait in memory before they are moved to disk. The more there are, the more of
/// them share a page. A map of as many fills its room.
const WAITING: usize = if cfg!(test) { 4_000 } else { 14_000 };

/// Fewest deliveries whose events a commit moves.
const SLICE: usize = 64;

/// Part of the waiting ones that a commit moves, so that they do not pile up.
const SLICES: usize = 64;

/// Hash of an event id and its provider. Events with the same hash share an entry: whatever is
/// found is looked up in the store.
pub(super) type EventHash = u64;

/// Beginning of an event id, by which events are put in order.
type Beginning = [u8; 16];

/// Deliveries of one event. Most events have one.
#[derive(Debug)]
struct Entry {
    first: i64,
    beginning: Beginning,
    #[expect(
        clippy::box_collection,
        reason = "most are empty, and there are thousands of entries"
    )]
    others: Option<Box<Vec<i64>>>,
}

impl Entry {
    fn ids(&self) -> impl Iterator<Item = i64> {
        std::iter::once(self.first).chain(self.others.iter().flat_map(|ids| ids.iter().copied()))
    }
}

/// A delivery whose event is moved.
#[derive(Debug)]
pub(super) struct Move {
    beginning: Beginning,
    pub(super) hash: EventHash,
    pub(super) delivery: i64,
}

/// Events of the newest deliveries.
#[derive(Debug, Default)]
pub(super) struct RecentEvents {
    newest: HashMap<EventHash, Entry>,
    /// Deliveries in `newest`.
    count: usize,
    /// Older ones, which are being moved to disk.
    moving: HashMap<EventHash, Entry>,
    /// Their deliveries, in the order of the event ids.
    moves: Vec<Move>,
    /// Number of these that are on disk.
    moved: usize,
    /// Number that will be once the transaction is committed.
    next: usize,
}

impl RecentEvents {
    pub(super) fn add(&mut self, hash: EventHash, event_id: &str, delivery: i64) {
        self.count += 1;
        let entry = self.newest.entry(hash);
        entry
            .and_modify(|known| known.others.get_or_insert_default().push(delivery))
            .or_insert_with(|| Entry {
                first: delivery,
                beginning: beginning(event_id),
                others: None,
            });
    }

    /// Iterates over the lists of deliveries of an event, each oldest first; there are none for most.
    pub(super) fn find(&self, hash: EventHash) -> impl Iterator<Item = impl Iterator<Item = i64>> {
        [&self.moving, &self.newest]
            .into_iter()
            .filter_map(move |map| map.get(&hash).map(Entry::ids))
    }

    /// Returns the last delivery up to which all are on disk once all of these are moved. After a
    /// rollback, newer deliveries may have the ids of some of these.
    pub(super) fn up_to(&self) -> Option<i64> {
        let last = self.moves.iter().map(|one| one.delivery).max();
        let newer = self.newest.values().flat_map(Entry::ids).min();
        last.into_iter().chain(newer.map(|id| id - 1)).min()
    }

    /// Begins to move events if many are waiting; returns those that the transaction has to move.
    pub(super) fn next_slice(&mut self) -> &[Move] {
        if self.moves.is_empty() {
            if self.count <= WAITING {
                return &[];
            }
            self.begin_to_move();
        }
        let left = self.moves.len() - self.moved;
        let count = SLICE.max((self.count + self.moves.len()) / SLICES).min(left);
        self.next = self.moved + count;
        self.moves.get(self.moved..self.next).unwrap_or_default()
    }

    fn begin_to_move(&mut self) {
        // Both maps keep their room.
        mem::swap(&mut self.newest, &mut self.moving);
        self.newest.clear();
        let moves = self.moving.iter().flat_map(|(hash, entry)| {
            let (hash, beginning) = (*hash, entry.beginning);
            entry.ids().map(move |delivery| Move { beginning, hash, delivery })
        });
        self.moves.extend(moves);
        self.moves.sort_unstable_by_key(|one| (one.beginning, one.delivery));
        (self.count, self.moved) = (0, 0);
    }

    /// Returns whether the transaction moves the last ones.
    pub(super) fn is_last_slice(&self) -> bool {
        self.next == self.moves.len()
    }

    /// Notes that the transaction is committed.
    pub(super) fn note_commit(&mut self) {
        self.moved = self.next;
        if self.moved == self.moves.len() {
            self.moving.clear();
            self.moves.clear();
            (self.moved, self.next) = (0, 0);
        }
    }

    /// Notes that the transaction is rolled back.
    pub(super) fn note_rollback(&mut self) {
        self.next = self.moved;
    }
}

fn beginning(event_id: &str) -> Beginning {
    let mut beginning = Beginning::default();
    for (place, byte) in beginning.iter_mut().zip(event_id.bytes()) {
        *place = byte;
    }
    beginning
}
