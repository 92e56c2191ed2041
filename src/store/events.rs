//! Index of event ids, which finds the deliveries of an event.
//!
//! Ids of events are random: in an index on disk, each new one changes a page of its own, which costs
//! more than the rest of the delivery. The writer therefore collects new ids in memory, and moves them
//! to the table `events` in the order of the ids, so that many of them share a page. Each commit moves
//! a few, in its own transaction.
//!
//! `events_up_to` has the last delivery up to which every id is in the table. Readers find later ones
//! in the deliveries themselves, through the view `event_deliveries`. So does the writer when it opens
//! a store, whatever ended the one before it.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::delivery::UNKNOWN_PROVIDER;
use crate::provider::same_service;

/// Deliveries that wait in memory before their ids are moved to disk.
const WAITING: i64 = 4096;

/// Fewest ids that a commit moves.
const SLICE: i64 = 64;

/// Part of the waiting ids that a commit moves, so that they do not pile up.
const SLICES: i64 = 32;

/// The first delivery of an event and a provider; `T` is one of the two tables.
macro_rules! first_in {
    ($table:literal) => {
        concat!(
            "SELECT d.id FROM ",
            $table,
            " e JOIN deliveries d ON d.id = e.delivery_id \
             WHERE e.event_id = ?1 AND e.provider = ?2 AND NOT d.removed \
             ORDER BY e.delivery_id LIMIT 1"
        )
    };
}

/// Statements that look for an event on disk and in memory.
pub(super) const FIRST: [&str; 2] = [first_in!("main.events"), first_in!("temp.recent_events")];

/// Table of events.
#[derive(Debug, Clone, Copy)]
pub(super) enum EventTable {
    /// In memory, for the newest deliveries.
    Recent,
    /// On disk, for a delivery whose id may be one of those of which all are in the table.
    OnDisk,
}

/// Returns the names of the providers whose deliveries of one event have the same id. The ids of an
/// unknown sender may be those of objects, which several events share, so it has none.
fn service(provider: &str) -> Vec<&str> {
    if provider == UNKNOWN_PROVIDER { Vec::new() } else { same_service(provider) }
}

/// Returns these names as a JSON array for a statement; none if there are none.
pub(super) fn service_json(provider: &str) -> Option<String> {
    let names = service(provider);
    if names.is_empty() { None } else { serde_json::to_string(&names).ok() }
}

/// Prepares a writing connection: loads the ids that are not in the table yet.
pub(super) fn open(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA temp_store = MEMORY;
         CREATE TEMP TABLE recent_events (
           event_id        TEXT    NOT NULL,
           provider        TEXT    NOT NULL,
           delivery_id     INTEGER NOT NULL,
           PRIMARY KEY (event_id, provider, delivery_id)
         ) WITHOUT ROWID;
         CREATE TEMP TABLE event_move (through INTEGER NOT NULL, after TEXT NOT NULL);
         CREATE TEMP VIEW event_deliveries AS
           SELECT event_id, provider, delivery_id FROM main.events
           UNION SELECT event_id, provider, delivery_id FROM temp.recent_events;
         INSERT INTO recent_events SELECT event_id, provider, id FROM deliveries
           WHERE id > (SELECT delivery_id FROM events_up_to) AND event_id IS NOT NULL;",
    )
}

/// Adds a delivery of an event to a table.
pub(super) fn add(
    connection: &Connection,
    table: EventTable,
    event_id: &str,
    provider: &str,
    delivery: i64,
) -> rusqlite::Result<()> {
    let sql = match table {
        EventTable::Recent => "INSERT INTO temp.recent_events VALUES (?1, ?2, ?3)",
        EventTable::OnDisk => "INSERT INTO main.events VALUES (?1, ?2, ?3)",
    };
    connection.prepare_cached(sql)?.execute(params![event_id, provider, delivery]).map(drop)
}

/// Returns the first delivery of an event from any of the providers of a service.
pub(super) fn first(
    connection: &Connection,
    event_id: &str,
    provider: &str,
) -> rusqlite::Result<Option<i64>> {
    let mut first: Option<i64> = None;
    for name in service(provider) {
        for sql in FIRST {
            let mut statement = connection.prepare_cached(sql)?;
            let found =
                statement.query_row(params![event_id, name], |row| row.get(0)).optional()?;
            first = first.into_iter().chain(found).min();
        }
    }
    Ok(first)
}

/// Forgets a delivery that is about to be deleted.
pub(super) fn forget(connection: &Connection, delivery: i64) -> rusqlite::Result<()> {
    for table in ["main.events", "temp.recent_events"] {
        let sql = format!(
            "DELETE FROM {table} WHERE (event_id, provider, delivery_id) IN \
             (SELECT event_id, provider, id FROM deliveries WHERE id = ?1)"
        );
        connection.prepare_cached(&sql)?.execute([delivery])?;
    }
    Ok(())
}

/// Forgets all deliveries.
pub(super) fn forget_all(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("DELETE FROM main.events; DELETE FROM temp.recent_events;")
}

/// Moves some ids to disk if many are waiting. Call it in the transaction that added ids.
pub(super) fn move_some(connection: &Connection) -> rusqlite::Result<()> {
    let (newest, up_to): (i64, i64) = connection
        .prepare_cached(
            "SELECT coalesce((SELECT max(id) FROM deliveries), 0), delivery_id FROM events_up_to",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let waiting = newest - up_to;
    let running: Option<(i64, String)> = connection
        .prepare_cached("SELECT through, after FROM event_move")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (through, after) = match running {
        Some(running) => running,
        None if waiting > WAITING => {
            connection
                .prepare_cached("INSERT INTO event_move VALUES (?1, '')")?
                .execute([newest])?;
            (newest, String::new())
        }
        None => return Ok(()),
    };
    // Ids in order; those of one event stay together.
    let end: Option<String> = connection
        .prepare_cached(
            "SELECT event_id FROM recent_events WHERE event_id > ?1 ORDER BY event_id \
             LIMIT 1 OFFSET ?2",
        )?
        .query_row(params![after, SLICE.max(waiting / SLICES)], |row| row.get(0))
        .optional()?;
    let before_end = if end.is_some() { "event_id <= ?2" } else { "?2 IS NULL" };
    let slice =
        format!("FROM recent_events WHERE event_id > ?1 AND {before_end} AND delivery_id <= ?3");
    connection
        .prepare_cached(&format!(
            "INSERT OR IGNORE INTO main.events SELECT event_id, provider, delivery_id {slice}"
        ))?
        .execute(params![after, end, through])?;
    connection.prepare_cached(&format!("DELETE {slice}"))?.execute(params![after, end, through])?;
    if let Some(end) = end {
        connection.prepare_cached("UPDATE event_move SET after = ?1")?.execute([end])?;
    } else {
        connection.prepare_cached("DELETE FROM event_move")?.execute([])?;
        connection
            .prepare_cached("UPDATE events_up_to SET delivery_id = ?1")?
            .execute([through])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::delivery::{Head, NewDelivery};
    use crate::store::{StorePlace, location, schema, write};

    fn open_store() -> Connection {
        let location = location::StoreLocation::of(&StorePlace::Memory);
        let connection = location::open_for_writing(&location).unwrap();
        schema::migrate(&connection, &location).unwrap();
        connection
    }

    /// Stores deliveries of events with scattered ids; every tenth one repeats an earlier event.
    fn keep(connection: &Connection, numbers: std::ops::Range<i64>) {
        for number in numbers {
            let mut new =
                NewDelivery::new(Head::build("POST", "/", &[]), "x".into(), Timestamp::UNIX_EPOCH);
            "cribbly".clone_into(&mut new.provider);
            new.event.id = Some(event(if number % 10 == 9 { number / 2 } else { number }));
            write::keep(connection, &new, number + 1).unwrap();
        }
    }

    fn event(number: i64) -> String {
        format!("{:08x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff)
    }

    /// Counts the differences between a view and the deliveries.
    fn differences(connection: &Connection, view: &str) -> i64 {
        let own = format!("SELECT event_id, provider, delivery_id FROM {view}");
        let all = "SELECT event_id, provider, id FROM deliveries";
        let count = |sql: String| -> i64 {
            connection
                .query_row(&format!("SELECT count(*) FROM ({sql})"), [], |row| row.get(0))
                .unwrap()
        };
        count(format!("{own} EXCEPT {all}"))
            + count(format!("{all} EXCEPT {own}"))
            + (count(own) - count(all.to_owned())).abs()
    }

    fn up_to(connection: &Connection) -> i64 {
        connection.query_row("SELECT delivery_id FROM events_up_to", [], |row| row.get(0)).unwrap()
    }

    /// Commits groups of deliveries until a part of the events was moved to disk.
    fn filled() -> Connection {
        let connection = open_store();
        for group in 0..150 {
            connection.execute_batch("BEGIN").unwrap();
            keep(&connection, group * 40..(group + 1) * 40);
            move_some(&connection).unwrap();
            connection.execute_batch("COMMIT").unwrap();
        }
        connection
    }

    #[test]
    fn events_are_moved_to_disk() {
        assert!(up_to(&filled()) > WAITING);
    }

    #[test]
    fn readers_and_the_writer_see_every_event_while_some_are_moved() {
        let connection = open_store();
        for group in 0..150 {
            keep(&connection, group * 40..(group + 1) * 40);
            move_some(&connection).unwrap();
            if group % 10 == 9 {
                assert_eq!(differences(&connection, "main.event_deliveries"), 0, "{group}");
                assert_eq!(differences(&connection, "temp.event_deliveries"), 0, "{group}");
            }
        }
    }

    #[test]
    fn a_repeated_event_is_found_on_disk_and_in_memory() {
        let connection = filled();
        for number in [0, 1, 4100, 5998] {
            let found = first(&connection, &event(number), "cribbly").unwrap();
            assert_eq!(found, Some(number + 1), "{number}");
        }
    }

    #[test]
    fn a_move_that_is_rolled_back_changes_nothing() {
        let connection = filled();
        let before = up_to(&connection);
        connection.execute_batch("BEGIN").unwrap();
        keep(&connection, 6000..9000);
        for _ in 0..100 {
            move_some(&connection).unwrap();
        }
        connection.execute_batch("ROLLBACK").unwrap();
        assert_eq!(
            (up_to(&connection), differences(&connection, "temp.event_deliveries")),
            (before, 0)
        );
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
        assert_eq!(differences(&connection, "temp.event_deliveries"), 0);
    }

    #[test]
    fn events_that_were_not_moved_are_loaded_again() {
        let connection = filled();
        connection
            .execute_batch(
                "DROP VIEW temp.event_deliveries; DROP TABLE recent_events; DROP TABLE event_move;",
            )
            .unwrap();
        open(&connection).unwrap();
        assert_eq!(differences(&connection, "temp.event_deliveries"), 0);
    }

    #[test]
    fn looking_up_an_event_uses_the_order_of_the_table() {
        let connection = open_store();
        for sql in FIRST {
            let plan: String = connection
                .query_row(&format!("EXPLAIN QUERY PLAN {sql}"), ["", ""], |row| row.get(3))
                .unwrap();
            assert!(plan.contains("USING PRIMARY KEY (event_id=? AND provider=?)"), "{plan}");
        }
    }
}
