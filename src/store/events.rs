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

mod on_disk;
mod recent;

use std::borrow::Cow;
use std::cell::RefCell;
use std::hash::BuildHasher as _;
use std::ops::Deref;

use hashbrown::DefaultHashBuilder;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::delivery::UNKNOWN_PROVIDER;
use crate::provider::same_service;
use on_disk::EventsOnDisk;
use recent::{EventHash, RecentEvents};

/// The first delivery of an event and a provider on disk.
pub(super) const FIRST: &str = "SELECT d.id FROM events e JOIN deliveries d ON d.id = e.delivery_id \
    WHERE e.event_id = ?1 AND e.provider = ?2 AND NOT d.removed ORDER BY e.delivery_id LIMIT 1";

const IS_FIRST: &str =
    "SELECT 1 FROM deliveries WHERE id = ?1 AND event_id = ?2 AND provider = ?3 AND NOT removed";

const MOVE: &str = "INSERT OR IGNORE INTO events SELECT event_id, provider, id FROM deliveries \
    WHERE id = ?1 AND event_id IS NOT NULL";

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
    hasher: DefaultHashBuilder,
    recent: RefCell<RecentEvents>,
    on_disk: RefCell<EventsOnDisk>,
}

impl Deref for WriteConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl WriteConnection {
    /// Prepares a connection to a store of the current version: loads the events that are not on disk
    /// yet.
    pub(super) fn new(connection: Connection) -> rusqlite::Result<Self> {
        connection.execute_batch("PRAGMA temp_store = MEMORY")?;
        let new = Self::bare(connection);
        {
            let mut later = new.connection.prepare(
                "SELECT event_id, provider, id FROM deliveries \
                 WHERE id > (SELECT delivery_id FROM events_up_to) AND event_id IS NOT NULL \
                 ORDER BY id",
            )?;
            let mut rows = later.query([])?;
            while let Some(row) = rows.next()? {
                let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
                new.add_recent(text(0)?, text(1)?, row.get(2)?);
            }
        }
        Ok(new)
    }

    /// Wraps a connection to anything else.
    pub(super) fn bare(connection: Connection) -> Self {
        let hasher = DefaultHashBuilder::default();
        Self { connection, hasher, recent: RefCell::default(), on_disk: RefCell::default() }
    }

    fn hash(&self, event_id: &str, provider: &str) -> EventHash {
        self.hasher.hash_one((event_id, provider))
    }

    fn add_recent(&self, event_id: &str, provider: &str, delivery: i64) {
        let hash = self.hash(event_id, provider);
        self.recent.borrow_mut().add(hash, event_id, delivery);
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
            EventTable::Recent => self.add_recent(event_id, provider, delivery),
            EventTable::OnDisk => {
                self.on_disk.borrow_mut().add(self.hash(event_id, provider));
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
            let hash = self.hash(event_id, name);
            let on_disk = self.first_on_disk(hash, event_id, name)?;
            let in_memory = self.first_in_memory(hash, event_id, name)?;
            first = first.into_iter().chain(on_disk).chain(in_memory).min();
        }
        Ok(first)
    }

    fn first_on_disk(
        &self,
        hash: EventHash,
        event_id: &str,
        provider: &str,
    ) -> rusqlite::Result<Option<i64>> {
        if !self.on_disk.borrow().may_have(hash) {
            return Ok(None);
        }
        let mut statement = self.prepare_cached(FIRST)?;
        statement.query_row(params![event_id, provider], |row| row.get(0)).optional()
    }

    fn first_in_memory(
        &self,
        hash: EventHash,
        event_id: &str,
        provider: &str,
    ) -> rusqlite::Result<Option<i64>> {
        let mut first: Option<i64> = None;
        for ids in self.recent.borrow().find(hash) {
            for id in ids {
                if self.prepare_cached(IS_FIRST)?.exists(params![id, event_id, provider])? {
                    first = first.into_iter().chain([id]).min();
                    break;
                }
            }
        }
        Ok(first)
    }

    /// Returns the newest deliveries of an event from the providers of a service, of which some may not
    /// be stored any more, as a JSON array for a statement.
    pub(super) fn recent_of_event(&self, event_id: &str, provider: &str) -> String {
        let recent = self.recent.borrow();
        let names = service(provider);
        let found = names.iter().flat_map(|name| recent.find(self.hash(event_id, name))).flatten();
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
        let mut on_disk = self.on_disk.borrow_mut();
        let mut statement = self.prepare_cached(MOVE)?;
        for one in slice {
            on_disk.add(one.hash);
            statement.execute([one.delivery])?;
        }
        if recent.is_last_slice() {
            self.prepare_cached("UPDATE events_up_to SET delivery_id = ?1")?
                .execute([recent.up_to()])?;
        }
        Ok(())
    }

    /// Returns whether [`Self::load_events`] has more to do.
    pub(super) fn is_loading_events(&self) -> bool {
        self.on_disk.borrow().is_loading()
    }

    /// Loads some of the events on disk, so that others need not be looked up there.
    pub(super) fn load_events(&self) {
        self.on_disk.borrow_mut().load(&self.connection, &self.hasher);
    }

    /// Notes that the transaction is committed.
    pub(super) fn note_commit(&self) {
        self.recent.borrow_mut().note_commit();
    }

    /// Notes that the transaction is rolled back.
    pub(super) fn note_rollback(&self) {
        self.recent.borrow_mut().note_rollback();
    }
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
    use rusqlite::StatementStatus;

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
        keep_of(connection, numbers, event_of);
    }

    fn keep_of(
        connection: &WriteConnection,
        numbers: std::ops::Range<i64>,
        event: impl Fn(i64) -> String,
    ) {
        for number in numbers {
            let mut new =
                NewDelivery::new(Head::build("POST", "/", &[]), "x".into(), Timestamp::UNIX_EPOCH);
            "cribbly".clone_into(&mut new.provider);
            new.event.id = Some(event(number));
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
        for group in 0..200 {
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
        for group in 0..200 {
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
        for number in [0, 1, 4100, 7998] {
            let found = connection.first_of_event(&event(number), "cribbly").unwrap();
            assert_eq!(found, Some(number + 1), "{number}");
        }
    }

    #[test]
    fn a_move_that_is_rolled_back_changes_nothing() {
        let connection = filled();
        let before = up_to(&connection);
        begin(&connection);
        keep(&connection, 8000..12_000);
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
        keep(&connection, 8000..8001);
        roll_back(&connection);
        assert_eq!(connection.first_of_event(&event(8000), "cribbly").unwrap(), None);
    }

    #[test]
    fn deliveries_with_the_ids_of_others_that_were_rolled_back_are_moved_as_well() {
        let connection = open_store();
        begin(&connection);
        keep(&connection, 0..5000);
        connection.move_events().unwrap();
        roll_back(&connection);
        for group in 0..200 {
            begin(&connection);
            keep(&connection, 10_000 + group * 40..10_000 + (group + 1) * 40);
            connection.move_events().unwrap();
            commit(&connection);
        }
        assert_eq!((differences(&connection), unfound(&connection)), (0, 0));
    }

    /// Loads the events on disk, and returns how many steps that took.
    fn load(connection: &WriteConnection) -> usize {
        let steps =
            std::iter::from_fn(|| connection.is_loading_events().then(|| connection.load_events()));
        steps.count()
    }

    /// Returns how often the table of events was searched.
    fn searches(connection: &WriteConnection) -> i32 {
        connection.prepare_cached(FIRST).unwrap().get_status(StatementStatus::Run)
    }

    #[test]
    fn events_on_disk_are_loaded_in_steps() {
        assert_eq!(load(&filled()), 5);
    }

    #[test]
    fn every_event_is_found_while_those_on_disk_are_loaded() {
        let connection = filled();
        for _ in 0..6 {
            assert_eq!(unfound(&connection), 0);
            connection.load_events();
        }
    }

    #[test]
    fn events_moved_after_the_others_were_loaded_are_found() {
        let connection = open_store();
        load(&connection);
        for group in 0..200 {
            begin(&connection);
            keep(&connection, group * 40..(group + 1) * 40);
            connection.move_events().unwrap();
            commit(&connection);
        }
        assert_eq!(unfound(&connection), 0);
    }

    #[test]
    fn a_new_event_is_not_searched_on_disk_once_those_there_are_loaded() {
        let connection = filled();
        load(&connection);
        let before = searches(&connection);
        for number in 20_000..21_000 {
            assert_eq!(connection.first_of_event(&event(number), "cribbly").unwrap(), None);
        }
        // One in a hundred is, and chance decides which.
        assert!(searches(&connection) - before < 100);
    }

    #[test]
    fn a_repeated_event_waits_once_for_each_delivery() {
        let connection = open_store();
        for group in 0..200 {
            begin(&connection);
            keep_of(&connection, group * 40..(group + 1) * 40, |_| event(0));
            connection.move_events().unwrap();
            commit(&connection);
        }
        assert!(up_to(&connection) > 3600);
    }

    #[test]
    fn a_deleted_delivery_is_not_found() {
        let connection = filled();
        for id in [1, 7999] {
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
        for id in [1, 7999] {
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
