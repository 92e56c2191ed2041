//! What the user does to deliveries: marks, notes, removal and its undoing; and the purge of what
//! was removed.
//!
//! Each row that changes gets a revision of its own, so that whoever follows the store hears of it.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::write::FIRST;
use crate::delivery::DeliveryId;

/// Rows of one change at most; more are written in several commits.
pub(super) const AT_ONCE: usize = 1024;

/// Removed deliveries that are deleted in one commit; a delivery that comes waits for them.
const PURGED_AT_ONCE: i64 = 500;

/// Such commits at the end, about a second's worth; the next run goes on with it beside its work.
const PURGES_AT_THE_END: usize = 100;

/// A change of what was kept.
#[derive(Debug)]
pub(super) enum Annotation {
    Mark(Vec<DeliveryId>, bool),
    Note(DeliveryId, Option<String>),
    Remove(Vec<DeliveryId>),
    Restore(Vec<DeliveryId>),
}

impl Annotation {
    /// How many rows it may change.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Mark(ids, _) | Self::Remove(ids) | Self::Restore(ids) => ids.len(),
            Self::Note(..) => 1,
        }
    }

    /// Makes the change; `revision` is the last one in use.
    pub(super) fn run(&self, connection: &Connection, revision: &mut i64) -> rusqlite::Result<()> {
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
    connection: &Connection,
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
            let repeats: Option<i64> = row.get(2)?;
            // Without one that repeats another, the others stay what they are.
            if let Some(event) = row.get::<_, Option<String>>(1)?
                && !(removed && repeats.is_some())
            {
                events.insert((row.get(0)?, event));
            }
        }
    }
    events.iter().try_for_each(|event| point_to_first(connection, event, revision))
}

/// Lets the deliveries of an event repeat the first one that is left.
fn point_to_first(
    connection: &Connection,
    (provider, event): &AnnotationEvent,
    revision: &mut i64,
) -> rusqlite::Result<()> {
    let first: Option<i64> =
        connection.prepare_cached(FIRST)?.query_row(params![provider, event], |row| row.get(0))?;
    let sql = "SELECT id FROM deliveries WHERE provider = ?1 AND event_id = ?2 AND NOT removed \
               AND duplicate_of IS NOT nullif(?3, id)";
    let mut statement = connection.prepare_cached(sql)?;
    let wrong = statement.query_map(params![provider, event, first], |row| row.get(0))?;
    let wrong: Vec<i64> = wrong.collect::<rusqlite::Result<_>>()?;
    let sql = "UPDATE deliveries SET duplicate_of = nullif(?2, id), revision = ?3, \
               differs = refused_code IS NULL \
               AND (SELECT refused_code IS NULL FROM deliveries WHERE id = ?2) \
               AND (SELECT body FROM wire WHERE delivery_id = ?1) \
                <> (SELECT body FROM wire WHERE delivery_id = ?2) WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    for id in wrong {
        *revision += 1;
        statement.execute(params![id, first, *revision])?;
    }
    Ok(())
}

/// Deletes a few of the deliveries that were removed by a revision. Returns whether more may be
/// left.
pub(super) fn purge(connection: &Connection, by: i64) -> rusqlite::Result<bool> {
    let found: Vec<i64> = connection
        .prepare_cached("SELECT id FROM deliveries WHERE removed AND revision <= ?1 LIMIT ?2")?
        .query_map(params![by, PURGED_AT_ONCE], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if found.is_empty() {
        return Ok(false);
    }
    delete(connection, |connection| {
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

/// Deletes what was removed, as far as nobody has to wait for it long.
pub(super) fn purge_at_the_end(connection: &Connection) -> rusqlite::Result<()> {
    let is_left = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE NOT removed)";
    let is_removed = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE removed)";
    let told = |sql| connection.query_row(sql, [], |row| row.get::<_, bool>(0));
    if told(is_removed)? && !told(is_left)? {
        // Without a condition SQLite drops whole tables at once.
        return delete(connection, |connection| {
            connection
                .execute_batch("DELETE FROM attempts; DELETE FROM wire; DELETE FROM deliveries;")
        });
    }
    for _ in 0..PURGES_AT_THE_END {
        if !purge(connection, i64::MAX)? {
            break;
        }
    }
    Ok(())
}

/// Deletes in one commit, and notes how far revisions had come.
///
/// References are not enforced meanwhile: each table is dealt with by itself, and for every
/// deleted row SQLite would look through all the others for one that repeats it.
fn delete(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE;")?;
    let noted = connection.execute_batch(
        "INSERT INTO purges SELECT max(revision) FROM deliveries; \
         DELETE FROM purges WHERE revision < (SELECT max(revision) FROM purges);",
    );
    let done =
        noted.and_then(|()| work(connection)).and_then(|()| connection.execute_batch("COMMIT"));
    if done.is_err() && !connection.is_autocommit() {
        // If this fails, so will the next BEGIN, and its error is told.
        let _ = connection.execute_batch("ROLLBACK");
    }
    connection.execute_batch("PRAGMA foreign_keys = ON")?;
    done
}
