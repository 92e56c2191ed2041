//! Tells that an event is not on disk, without a statement.
//!
//! A Bloom filter in memory has every event on disk. It is loaded when the writer has nothing else
//! to do; until it is complete, every event may be on disk.

use std::hash::BuildHasher;

use fastbloom::BloomFilter;
use rusqlite::{Connection, params};

use super::recent::EventHash;

/// Events that the first part of the filter has room for; each further part has twice as much.
const FIRST_ROOM: usize = 16 << 10;

/// More events than this take too much memory: 10 bits each.
const MAX_EVENTS: usize = 4 << 20;

/// Part of the events that are not on disk, but are looked up nevertheless.
const FALSE_POSITIVES: f64 = 0.01;

/// Events loaded at a time.
const STEP: u32 = 1000;

const NEXT: &str = "SELECT event_id, provider, delivery_id FROM events \
    WHERE (event_id, provider, delivery_id) > (?1, ?2, ?3) \
    ORDER BY event_id, provider, delivery_id LIMIT ?4";

/// Which events on disk the filter has.
#[derive(Debug)]
enum Loaded {
    /// Those up to this one, and those that were added meanwhile.
    UpTo(String, String, i64),
    All,
    /// There are too many.
    Never,
}

/// Events on disk.
#[derive(Debug)]
pub(super) struct EventsOnDisk {
    /// Each has twice the room of the one before.
    parts: Vec<BloomFilter>,
    /// Events that still fit into the last one.
    room: usize,
    count: usize,
    loaded: Loaded,
}

impl Default for EventsOnDisk {
    fn default() -> Self {
        let loaded = Loaded::UpTo(String::new(), String::new(), 0);
        Self { parts: Vec::new(), room: 0, count: 0, loaded }
    }
}

impl EventsOnDisk {
    /// Returns false if no delivery of an event is on disk. True may be wrong.
    pub(super) fn may_have(&self, event: EventHash) -> bool {
        !matches!(self.loaded, Loaded::All) || self.parts.iter().any(|it| it.contains_hash(event))
    }

    pub(super) fn add(&mut self, event: EventHash) {
        if matches!(self.loaded, Loaded::Never) {
            return;
        }
        if self.count == MAX_EVENTS {
            *self = Self { loaded: Loaded::Never, ..Self::default() };
            return;
        }
        if self.room == 0 {
            self.room = FIRST_ROOM << self.parts.len();
            let part = BloomFilter::with_false_pos(FALSE_POSITIVES).expected_items(self.room);
            self.parts.push(part);
        }
        if let Some(part) = self.parts.last_mut() {
            part.insert_hash(event);
        }
        self.room -= 1;
        self.count += 1;
    }

    pub(super) fn is_loading(&self) -> bool {
        matches!(self.loaded, Loaded::UpTo(..))
    }

    /// Loads some events.
    pub(super) fn load(&mut self, connection: &Connection, hasher: &impl BuildHasher) {
        let Loaded::UpTo(event_id, provider, delivery) = &self.loaded else { return };
        let after = (event_id.clone(), provider.clone(), *delivery);
        let next = self.load_after(after, connection, hasher);
        // After a failure, each event is looked up.
        let next = next.unwrap_or(Loaded::Never);
        if self.is_loading() {
            self.loaded = next;
        }
    }

    fn load_after(
        &mut self,
        after: (String, String, i64),
        connection: &Connection,
        hasher: &impl BuildHasher,
    ) -> rusqlite::Result<Loaded> {
        let mut statement = connection.prepare_cached(NEXT)?;
        let mut rows = statement.query(params![after.0, after.1, after.2, STEP])?;
        let (mut last, mut count) = (after, 0);
        while let Some(row) = rows.next()? {
            last = row.try_into()?;
            self.add(hasher.hash_one((&*last.0, &*last.1)));
            count += 1;
        }
        let (event_id, provider, delivery) = last;
        Ok(if count < STEP { Loaded::All } else { Loaded::UpTo(event_id, provider, delivery) })
    }
}
