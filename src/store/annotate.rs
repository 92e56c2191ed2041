//! Changes by the user: marks, notes, removal and restoring; and the purge of removed deliveries.
//!
//! Each changed row gets its own revision, so that followers see the change.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::events::{self, WriteConnection, service_json};
use crate::delivery::DeliveryId;

/// Maximum number of rows in one change; more are written in several commits.
pub(super) const MAX_ROWS: usize = 1024;

/// Deliveries purged in one commit; a new delivery waits for them.
const PURGE_SIZE: i64 = 500;

/// Purge commits at exit, about a second's worth; the next run does the rest in the background.
const MAX_FINAL_PURGES: usize = 100;

/// A change to stored deliveries.
#[derive(Debug)]
pub(super) enum AnnotationJob {
    Mark(Vec<DeliveryId>, bool),
    Note(DeliveryId, Option<String>),
    Remove(Vec<DeliveryId>),
    Restore(Vec<DeliveryId>),
}

impl AnnotationJob {
    /// Returns the number of rows that it may change.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Mark(ids, _) | Self::Remove(ids) | Self::Restore(ids) => ids.len(),
            Self::Note(..) => 1,
        }
    }

    /// Makes the change; `revision` is the last one used.
    pub(super) fn run(
        &self,
        connection: &WriteConnection,
        revision: &mut i64,
    ) -> rusqlite::Result<()> {
        match self {
            Self::Mark(ids, marked) => mark(connection, ids, *marked, revision),
            Self::Note(id, note) => {
                *revision += 1;
                let sql = "UPDATE deliveries SET note = ?2, revision = ?3 \
                           WHERE id = ?1 AND note IS NOT ?2 AND NOT removed";
                connection.prepare_cached(sql)?.execute(params![id.0, note, *revision])?;
                Ok(())
            }
            Self::Remove(ids) => set_removed(connection, ids, true, revision),
            Self::Restore(ids) => set_removed(connection, ids, false, revision),
        }
    }
}

fn mark(
    connection: &Connection,
    ids: &[DeliveryId],
    marked: bool,
    revision: &mut i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET marked = ?2, revision = ?3 \
               WHERE id = ?1 AND marked <> ?2 AND NOT removed";
    let mut statement = connection.prepare_cached(sql)?;
    for id in ids {
        *revision += 1;
        statement.execute(params![id.0, marked, *revision])?;
    }
    Ok(())
}

/// A provider and one of its event ids.
type AnnotationEvent = (String, String);

fn set_removed(
    connection: &WriteConnection,
    ids: &[DeliveryId],
    removed: bool,
    revision: &mut i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET removed = ?2, revision = ?3 \
               WHERE id = ?1 AND removed <> ?2 RETURNING provider, event_id, duplicate_of";
    let mut statement = connection.prepare_cached(sql)?;
    let mut events = BTreeSet::new();
    for id in ids {
        *revision += 1;
        let mut changed = statement.query(params![id.0, removed, *revision])?;
        while let Some(row) = changed.next()? {
            let duplicate_of: Option<i64> = row.get(2)?;
            // Removing a duplicate does not affect the event's other deliveries.
            if let Some(event) = row.get::<_, Option<String>>(1)?
                && !(removed && duplicate_of.is_some())
            {
                events.insert((row.get(0)?, event));
            }
        }
    }
    events.iter().try_for_each(|event| update_duplicates(connection, event, revision))
}

/// Makes the deliveries of an event duplicates of the first one left.
fn update_duplicates(
    connection: &WriteConnection,
    (provider, event): &AnnotationEvent,
    revision: &mut i64,
) -> rusqlite::Result<()> {
    let Some(service) = service_json(provider) else { return Ok(()) };
    let first = connection.first_of_event(event, provider)?;
    let recent = connection.recent_of_event(event, provider);
    let sql = "SELECT id FROM deliveries WHERE id IN (SELECT delivery_id FROM events \
               WHERE event_id = ?2 AND provider IN (SELECT value FROM json_each(?1)) \
               UNION SELECT value FROM json_each(?4)) \
               AND event_id = ?2 AND provider IN (SELECT value FROM json_each(?1)) \
               AND NOT removed AND duplicate_of IS NOT nullif(?3, id)";
    let mut statement = connection.prepare_cached(sql)?;
    let outdated = statement.query_map(params![service, event, first, recent], |row| row.get(0))?;
    let outdated: Vec<i64> = outdated.collect::<rusqlite::Result<_>>()?;
    let sql = "UPDATE deliveries SET duplicate_of = nullif(?2, id), revision = ?3, \
               differs = refused_code IS NULL \
               AND (SELECT refused_code IS NULL FROM deliveries WHERE id = ?2) \
               AND (SELECT body FROM wire WHERE delivery_id = ?1) \
                <> (SELECT body FROM wire WHERE delivery_id = ?2) WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    for id in outdated {
        *revision += 1;
        statement.execute(params![id, first, *revision])?;
    }
    Ok(())
}

/// Removed deliveries to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Purge {
    /// Removed up to this revision.
    pub(super) by: i64,
    /// Received up to this one.
    pub(super) last: i64,
}

impl Purge {
    pub(super) const ALL: Self = Self { by: i64::MAX, last: i64::MAX };
}

/// Deletes some removed deliveries. Returns whether more may be left.
pub(super) fn purge(connection: &Connection, which: Purge) -> rusqlite::Result<bool> {
    let found: Vec<i64> = connection
        .prepare_cached(
            "SELECT id FROM deliveries WHERE removed AND revision <= ?1 AND id <= ?2 LIMIT ?3",
        )?
        .query_map(params![which.by, which.last, PURGE_SIZE], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if found.is_empty() {
        return Ok(false);
    }
    delete(connection, |connection| {
        for id in &found {
            events::forget(connection, *id)?;
        }
        for table in ["attempts WHERE delivery_id", "wire WHERE delivery_id", "deliveries WHERE id"]
        {
            let mut statement = connection.prepare_cached(&format!("DELETE FROM {table} = ?1"))?;
            for id in &found {
                statement.execute([id])?;
            }
        }
        Ok(())
    })?;
    Ok(true)
}

/// Deletes removed deliveries at exit, as far as that takes no noticeable time.
pub(super) fn purge_at_exit(connection: &Connection) -> rusqlite::Result<()> {
    let is_left = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE NOT removed)";
    let is_removed = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE removed)";
    let query = |sql| connection.query_row(sql, [], |row| row.get::<_, bool>(0));
    if query(is_removed)? && !query(is_left)? {
        // Without a condition SQLite drops all rows at once.
        return delete(connection, |connection| {
            events::forget_all(connection)?;
            connection
                .execute_batch("DELETE FROM attempts; DELETE FROM wire; DELETE FROM deliveries;")
        });
    }
    for _ in 0..MAX_FINAL_PURGES {
        if !purge(connection, Purge::ALL)? {
            break;
        }
    }
    Ok(())
}

/// Deletes in one commit, and records the last revision.
fn delete(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let recorded = connection.execute_batch(
        "INSERT INTO purges SELECT max(revision) FROM deliveries; \
         DELETE FROM purges WHERE revision < (SELECT max(revision) FROM purges);",
    );
    let done =
        recorded.and_then(|()| work(connection)).and_then(|()| connection.execute_batch("COMMIT"));
    if done.is_err() && !connection.is_autocommit() {
        // If this fails, so does the next BEGIN, whose error is reported.
        let _ = connection.execute_batch("ROLLBACK");
    }
    done
}
