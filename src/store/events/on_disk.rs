//! Bloom filter of the events on disk, so that most new events are not searched there.
//!
//! It is loaded while the writer has nothing else to do. Until it is complete, each event is
//! searched.

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

/// Row of the table of events.
#[derive(Debug, Clone, Default)]
struct Row {
    event_id: String,
    provider: String,
    delivery: i64,
}

/// Events on disk that the filter has.
#[derive(Debug)]
enum Loaded {
    /// Those up to this one, and those that were added meanwhile.
    UpTo(Row),
    All,
    /// Not all: there are too many, or they could not be read.
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
        Self { parts: Vec::new(), room: 0, count: 0, loaded: Loaded::UpTo(Row::default()) }
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
        matches!(self.loaded, Loaded::UpTo(_))
    }

    /// Loads some events.
    pub(super) fn load(&mut self, connection: &Connection, hasher: &impl BuildHasher) {
        let Loaded::UpTo(last) = &self.loaded else { return };
        // After a failure, each event is looked up.
        let next = self.load_after(last.clone(), connection, hasher).unwrap_or(Loaded::Never);
        if self.is_loading() {
            self.loaded = next;
        }
    }

    fn load_after(
        &mut self,
        mut last: Row,
        connection: &Connection,
        hasher: &impl BuildHasher,
    ) -> rusqlite::Result<Loaded> {
        let mut statement = connection.prepare_cached(NEXT)?;
        let mut rows =
            statement.query(params![last.event_id, last.provider, last.delivery, STEP])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            last = Row { event_id: row.get(0)?, provider: row.get(1)?, delivery: row.get(2)? };
            self.add(hasher.hash_one((&*last.event_id, &*last.provider)));
            count += 1;
        }
        Ok(if count < STEP { Loaded::All } else { Loaded::UpTo(last) })
    }
}
