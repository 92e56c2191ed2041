//! Index of event ids, which finds the deliveries of an event.
//!
//! Ids of events are random: in an index on disk, each new one changes a page of its own, which
//! costs more than the rest of the delivery. The writer therefore collects new ids in memory, and
//! moves them to the table `events` in the order of the ids, so that many of them share a page.
//! Each commit moves a few, in its own transaction.
//!
//! `events_up_to` has the last delivery up to which every id is in the table. Readers find later ones
//! in the deliveries themselves, through the view `event_deliveries`. So does the writer when it opens
//! a store, whatever ended the one before it.
//!
//! After a rollback or a deletion, memory has more than the store. So whatever is found in memory is
//! looked up in the store as well.

use std::borrow::Cow;
use std::cell::RefCell;
use std::hash::{BuildHasher as _, Hash, Hasher};
use std::ops::Deref;

use hashbrown::{Equivalent, HashMap, HashSet};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::delivery::UNKNOWN_PROVIDER;
use crate::provider::same_service;

/// Events that wait in memory before they are moved to disk.
const WAITING: usize = 4096;

/// Fewest events that a commit moves.
const SLICE: usize = 64;

/// Part of the waiting events that a commit moves, so that they do not pile up.
const SLICES: usize = 32;

/// The first delivery of an event and a provider on disk.
pub(super) const FIRST: &str = "SELECT d.id FROM events e JOIN deliveries d ON d.id = e.delivery_id \
    WHERE e.event_id = ?1 AND e.provider = ?2 AND NOT d.removed ORDER BY e.delivery_id LIMIT 1";

const IS_FIRST: &str =
    "SELECT 1 FROM deliveries WHERE id = ?1 AND event_id = ?2 AND provider = ?3 AND NOT removed";

const MOVE: &str = "INSERT OR IGNORE INTO events SELECT event_id, provider, id FROM deliveries \
    WHERE id = ?1 AND event_id = ?2 AND provider = ?3";

/// Place for the event of a delivery.
#[derive(Debug, Clone, Copy)]
pub(super) enum EventTable {
    /// In memory, for the newest deliveries.
    Recent,
    /// On disk, for a delivery whose id may be one of those of which all are in the table.
    OnDisk,
}

/// A connection that writes, with the events that are not on disk yet.
#[derive(Debug)]
pub(super) struct WriteConnection {
    connection: Connection,
    recent: RefCell<RecentEvents>,
}

impl Deref for WriteConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

/// An event id and its provider.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct EventKey {
    id: Box<str>,
    provider: Box<str>,
}

/// Borrowed [`EventKey`].
struct EventKeyRef<'k>(&'k str, &'k str);

impl Hash for EventKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        EventKeyRef(&self.id, &self.provider).hash(state);
    }
}

impl Hash for EventKeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0, self.1).hash(state);
    }
}

impl Equivalent<EventKey> for EventKeyRef<'_> {
    fn equivalent(&self, key: &EventKey) -> bool {
        *self.0 == *key.id && *self.1 == *key.provider
    }
}

/// Ids of the deliveries of one event. Most events have one delivery.
#[derive(Debug)]
struct DeliveryIds {
    first: i64,
    others: Vec<i64>,
}

impl DeliveryIds {
    fn iter(&self) -> impl Iterator<Item = i64> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

/// Events of the newest deliveries.
#[derive(Debug, Default)]
struct RecentEvents {
    newest: HashMap<EventKey, DeliveryIds>,
    /// Older ones, which are being moved to disk in this order, and the hashes of their keys.
    moving: Vec<(EventKey, DeliveryIds)>,
    moving_hashes: HashSet<u64>,
    /// Number of these that are on disk.
    moved: usize,
    /// Number that will be once the transaction is committed.
    next: usize,
}

impl RecentEvents {
    fn add(&mut self, event_id: &str, provider: &str, delivery: i64) {
        if let Some(known) = self.newest.get_mut(&EventKeyRef(event_id, provider)) {
            known.others.push(delivery);
            return;
        }
        let key = EventKey { id: event_id.into(), provider: provider.into() };
        self.newest.insert(key, DeliveryIds { first: delivery, others: Vec::new() });
    }

    /// Returns the deliveries of an event, oldest first; empty for most.
    fn find(&self, event_id: &str, provider: &str) -> Vec<i64> {
        let key = EventKeyRef(event_id, provider);
        let newest = self.newest.get(&key).into_iter();
        let hash = self.newest.hasher().hash_one(&key);
        let moving = if self.moving_hashes.contains(&hash) { self.moving_ids(&key) } else { None };
        let mut found: Vec<i64> = newest.chain(moving).flat_map(DeliveryIds::iter).collect();
        found.sort_unstable();
        found
    }

    fn moving_ids(&self, key: &EventKeyRef<'_>) -> Option<&DeliveryIds> {
        let EventKeyRef(id, provider) = *key;
        let at = self
            .moving
            .binary_search_by(|(key, _)| (&*key.id, &*key.provider).cmp(&(id, provider)));
        self.moving.get(at.ok()?).map(|(_, ids)| ids)
    }

    /// Returns the last delivery up to which all are on disk once all of these are moved. After a
    /// rollback, newer deliveries may have the ids of some of these.
    fn up_to(&self) -> Option<i64> {
        let last = self.moving.iter().flat_map(|(_, ids)| ids.iter()).max();
        let newer = self.newest.values().flat_map(DeliveryIds::iter).min();
        last.into_iter().chain(newer.map(|id| id - 1)).min()
    }

    /// Begins to move events if many are waiting; returns those that the transaction has to move.
    fn next_slice(&mut self) -> &[(EventKey, DeliveryIds)] {
        if self.moving.is_empty() {
            if self.newest.len() <= WAITING {
                return &[];
            }
            self.moving = self.newest.drain().collect();
            // Comparing the beginnings of the ids as numbers leaves little to compare as text.
            self.moving.sort_by_cached_key(|(key, _)| beginning(&key.id));
            self.moving.sort_by(|(one, _), (other, _)| one.cmp(other));
            let hash = |(key, _): &(EventKey, DeliveryIds)| self.newest.hasher().hash_one(key);
            self.moving_hashes = self.moving.iter().map(hash).collect();
            self.moved = 0;
        }
        let left = self.moving.len() - self.moved;
        let count = SLICE.max((self.newest.len() + self.moving.len()) / SLICES).min(left);
        self.next = self.moved + count;
        self.moving.get(self.moved..self.next).unwrap_or_default()
    }
}

impl WriteConnection {
    /// Prepares a connection to a store of the current version: loads the events that are not on disk
    /// yet.
    pub(super) fn new(connection: Connection) -> rusqlite::Result<Self> {
        connection.execute_batch("PRAGMA temp_store = MEMORY")?;
        let mut recent = RecentEvents::default();
        {
            let mut later = connection.prepare(
                "SELECT event_id, provider, id FROM deliveries \
                 WHERE id > (SELECT delivery_id FROM events_up_to) AND event_id IS NOT NULL \
                 ORDER BY id",
            )?;
            let mut rows = later.query([])?;
            while let Some(row) = rows.next()? {
                let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
                recent.add(text(0)?, text(1)?, row.get(2)?);
            }
        }
        Ok(Self { connection, recent: RefCell::new(recent) })
    }

    /// Wraps a connection to anything else.
    pub(super) fn bare(connection: Connection) -> Self {
        Self { connection, recent: RefCell::default() }
    }

    /// Adds a delivery of an event.
    pub(super) fn add_event(
        &self,
        table: EventTable,
        event_id: &str,
        provider: &str,
        delivery: i64,
    ) -> rusqlite::Result<()> {
        match table {
            EventTable::Recent => self.recent.borrow_mut().add(event_id, provider, delivery),
            EventTable::OnDisk => {
                let sql = "INSERT INTO events VALUES (?1, ?2, ?3)";
                self.prepare_cached(sql)?.execute(params![event_id, provider, delivery])?;
            }
        }
        Ok(())
    }

    /// Returns the first delivery of an event from any of the providers of a service.
    pub(super) fn first_of_event(
        &self,
        event_id: &str,
        provider: &str,
    ) -> rusqlite::Result<Option<i64>> {
        let mut first: Option<i64> = None;
        for name in service(provider).iter() {
            let mut statement = self.prepare_cached(FIRST)?;
            let on_disk =
                statement.query_row(params![event_id, name], |row| row.get(0)).optional()?;
            let in_memory = self.first_in_memory(event_id, name)?;
            first = first.into_iter().chain(on_disk).chain(in_memory).min();
        }
        Ok(first)
    }

    fn first_in_memory(&self, event_id: &str, provider: &str) -> rusqlite::Result<Option<i64>> {
        for id in self.recent.borrow().find(event_id, provider) {
            if self.prepare_cached(IS_FIRST)?.exists(params![id, event_id, provider])? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Returns the newest deliveries of an event from the providers of a service, of which some may not
    /// be stored any more, as a JSON array for a statement.
    pub(super) fn recent_of_event(&self, event_id: &str, provider: &str) -> String {
        let recent = self.recent.borrow();
        let names = service(provider);
        let found = names.iter().flat_map(|name| recent.find(event_id, name));
        let found: Vec<String> = found.map(|id| id.to_string()).collect();
        format!("[{}]", found.join(","))
    }

    /// Moves some events to disk if many are waiting. Call it in the transaction that added events.
    pub(super) fn move_events(&self) -> rusqlite::Result<()> {
        let mut recent = self.recent.borrow_mut();
        let slice = recent.next_slice();
        if slice.is_empty() {
            return Ok(());
        }
        let mut statement = self.prepare_cached(MOVE)?;
        for (key, ids) in slice {
            for id in ids.iter() {
                statement.execute(params![id, key.id, key.provider])?;
            }
        }
        if recent.next == recent.moving.len() {
            self.prepare_cached("UPDATE events_up_to SET delivery_id = ?1")?
                .execute([recent.up_to()])?;
        }
        Ok(())
    }

    /// Notes that the transaction is committed.
    pub(super) fn note_commit(&self) {
        let mut recent = self.recent.borrow_mut();
        recent.moved = recent.next;
        if recent.moved == recent.moving.len() {
            recent.moving = Vec::new();
            recent.moving_hashes = HashSet::new();
            (recent.moved, recent.next) = (0, 0);
        }
    }

    /// Notes that the transaction is rolled back.
    pub(super) fn note_rollback(&self) {
        let mut recent = self.recent.borrow_mut();
        recent.next = recent.moved;
    }
}

/// Returns the beginning of a text as a number that sorts like it.
fn beginning(text: &str) -> u128 {
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    u128::from_be_bytes(bytes)
}

/// Returns the names of the providers whose deliveries of one event have the same id. The ids of an
/// unknown sender may be those of objects, which several events share, so it has none.
fn service(provider: &str) -> Cow<'_, [&str]> {
    if provider == UNKNOWN_PROVIDER { Cow::Borrowed(&[]) } else { same_service(provider) }
}

/// Returns these names as a JSON array for a statement; none if there are none.
pub(super) fn service_json(provider: &str) -> Option<String> {
    let names = service(provider);
    if names.is_empty() { None } else { serde_json::to_string(&names).ok() }
}

/// Forgets a delivery that is about to be deleted.
pub(super) fn forget(connection: &Connection, delivery: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM events WHERE (event_id, provider, delivery_id) IN \
               (SELECT event_id, provider, id FROM deliveries WHERE id = ?1)";
    connection.prepare_cached(sql)?.execute([delivery]).map(drop)
}

/// Forgets all deliveries.
pub(super) fn forget_all(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("DELETE FROM events")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::delivery::{DeliveryId, EventRef, Head, NewDelivery};
    use crate::store::{StorePlace, location, schema, write};

    fn open_store() -> WriteConnection {
        let location = location::StoreLocation::of(&StorePlace::Memory);
        let connection = location::open_for_writing(&location).unwrap();
        schema::migrate(&connection, &location).unwrap();
        WriteConnection::new(connection).unwrap()
    }

    /// Stores deliveries of events with scattered ids; every tenth one repeats an earlier event.
    fn keep(connection: &WriteConnection, numbers: std::ops::Range<i64>) {
        for number in numbers {
            let mut new =
                NewDelivery::new(Head::build("POST", "/", &[]), "x".into(), Timestamp::UNIX_EPOCH);
            "cribbly".clone_into(&mut new.provider);
            new.event.id = Some(event_of(number));
            write::keep(connection, &new, number + 1).unwrap();
        }
    }

    /// Returns the event id of the delivery with this number.
    fn event_of(number: i64) -> String {
        event(if number % 10 == 9 { number / 2 } else { number })
    }

    fn event(number: i64) -> String {
        format!("{:08x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff)
    }

    fn begin(connection: &WriteConnection) {
        connection.execute_batch("BEGIN").unwrap();
    }

    fn commit(connection: &WriteConnection) {
        connection.execute_batch("COMMIT").unwrap();
        connection.note_commit();
    }

    fn roll_back(connection: &WriteConnection) {
        connection.execute_batch("ROLLBACK").unwrap();
        connection.note_rollback();
    }

    /// Counts the differences between what readers see and the deliveries.
    fn differences(connection: &WriteConnection) -> i64 {
        let own = "SELECT event_id, provider, delivery_id FROM event_deliveries";
        let all = "SELECT event_id, provider, id FROM deliveries";
        let count = |sql: String| -> i64 {
            connection
                .query_row(&format!("SELECT count(*) FROM ({sql})"), [], |row| row.get(0))
                .unwrap()
        };
        count(format!("{own} EXCEPT {all}"))
            + count(format!("{all} EXCEPT {own}"))
            + (count(own.to_owned()) - count(all.to_owned())).abs()
    }

    /// Counts the deliveries that the writer does not find by their events.
    fn unfound(connection: &WriteConnection) -> usize {
        let mut all =
            connection.prepare("SELECT event_id, min(id) FROM deliveries GROUP BY 1").unwrap();
        let all = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        all.filter(|row| {
            let (event, first): (String, i64) = row.as_ref().unwrap().clone();
            connection.first_of_event(&event, "cribbly").unwrap() != Some(first)
        })
        .count()
    }

    fn up_to(connection: &WriteConnection) -> i64 {
        connection.query_row("SELECT delivery_id FROM events_up_to", [], |row| row.get(0)).unwrap()
    }

    /// Commits groups of deliveries until a part of the events was moved to disk.
    fn filled() -> WriteConnection {
        let connection = open_store();
        for group in 0..150 {
            begin(&connection);
            keep(&connection, group * 40..(group + 1) * 40);
            connection.move_events().unwrap();
            commit(&connection);
        }
        connection
    }

    #[test]
    fn events_are_moved_to_disk() {
        assert!(up_to(&filled()) > 3600);
    }

    #[test]
    fn readers_and_the_writer_see_every_event_while_some_are_moved() {
        let connection = open_store();
        for group in 0..150 {
            begin(&connection);
            keep(&connection, group * 40..(group + 1) * 40);
            connection.move_events().unwrap();
            commit(&connection);
            if group % 10 == 9 {
                assert_eq!((differences(&connection), unfound(&connection)), (0, 0), "{group}");
            }
        }
    }

    #[test]
    fn a_repeated_event_is_found_on_disk_and_in_memory() {
        let connection = filled();
        for number in [0, 1, 4100, 5998] {
            let found = connection.first_of_event(&event(number), "cribbly").unwrap();
            assert_eq!(found, Some(number + 1), "{number}");
        }
    }

    #[test]
    fn a_move_that_is_rolled_back_changes_nothing() {
        let connection = filled();
        let before = up_to(&connection);
        begin(&connection);
        keep(&connection, 6000..9000);
        connection.move_events().unwrap();
        roll_back(&connection);
        assert_eq!(
            (up_to(&connection), differences(&connection), unfound(&connection)),
            (before, 0, 0)
        );
    }

    #[test]
    fn deliveries_that_are_rolled_back_are_not_found() {
        let connection = filled();
        begin(&connection);
        keep(&connection, 6000..6001);
        roll_back(&connection);
        assert_eq!(connection.first_of_event(&event(6000), "cribbly").unwrap(), None);
    }

    #[test]
    fn deliveries_with_the_ids_of_others_that_were_rolled_back_are_moved_as_well() {
        let connection = open_store();
        begin(&connection);
        keep(&connection, 0..5000);
        connection.move_events().unwrap();
        roll_back(&connection);
        for group in 0..150 {
            begin(&connection);
            keep(&connection, 10_000 + group * 40..10_000 + (group + 1) * 40);
            connection.move_events().unwrap();
            commit(&connection);
        }
        assert_eq!((differences(&connection), unfound(&connection)), (0, 0));
    }

    #[test]
    fn a_deleted_delivery_is_not_found() {
        let connection = filled();
        for id in [1, 5999] {
            forget(&connection, id).unwrap();
            connection.execute("DELETE FROM wire WHERE delivery_id = ?1", [id]).unwrap();
            connection.execute("UPDATE deliveries SET duplicate_of = NULL", []).unwrap();
            connection.execute("DELETE FROM deliveries WHERE id = ?1", [id]).unwrap();
        }
        assert_eq!((differences(&connection), unfound(&connection)), (0, 0));
        assert_eq!(connection.first_of_event(&event(0), "cribbly").unwrap(), None);
    }

    #[test]
    fn events_that_were_not_moved_are_loaded_again() {
        let connection = filled().connection;
        assert_eq!(unfound(&WriteConnection::new(connection).unwrap()), 0);
    }

    #[test]
    fn a_delivery_of_another_provider_is_found_under_its_new_one() {
        let connection = filled();
        for id in [1, 5999] {
            let identity =
                ("acme".to_owned(), EventRef { id: Some("e".into()), ..EventRef::default() });
            write::record_provider(&connection, DeliveryId(id), &identity, 9000 + id).unwrap();
        }
        let first = |event: &str, provider| connection.first_of_event(event, provider).unwrap();
        assert_eq!((first("e", "acme"), first(&event(0), "cribbly")), (Some(1), None));
    }

    #[test]
    fn looking_up_an_event_uses_the_order_of_the_table() {
        let connection = open_store();
        let plan: String = connection
            .query_row(&format!("EXPLAIN QUERY PLAN {FIRST}"), ["", ""], |row| row.get(3))
            .unwrap();
        assert!(plan.contains("USING PRIMARY KEY (event_id=? AND provider=?)"), "{plan}");
    }
}
