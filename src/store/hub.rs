//! Deliveries that were read from the stream of a hub, and facts about the stream.
//!
//! A delivery from a stream has its sequence as id, unless another delivery has that id. Its
//! message identifies it: one that was published twice is stored once.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::events::WriteConnection;
use super::rows;
use super::write::{Inserted, insert_delivery, record_attempt, record_diagnosis, record_response};
use super::{KeepError, StoreError, StoreReader};
use crate::delivery::{Attempt, Delivery, DeliveryId, NewDelivery, Verdict};

/// Deliveries and updates read from a stream, to be stored in one commit.
#[derive(Debug, Default)]
pub struct HubPage {
    pub deliveries: Vec<NewDelivery>,
    pub updates: Vec<HubUpdate>,
    /// Name of a position in the stream, and the sequence up to which it was read.
    pub position: Option<(String, u64)>,
}

/// Change that another program made to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubUpdate {
    /// Message of the delivery.
    pub message: String,
    pub change: HubChange,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HubChange {
    /// The id of its delivery is not known yet.
    Attempt(Box<Attempt>),
    /// See [`Summary::latency`](crate::delivery::Summary::latency).
    Response(u16, Option<Duration>),
    Verdict(Box<Verdict>),
    Note(Option<String>),
}

/// Result of storing a page.
#[derive(Debug, Default)]
pub struct HubKept {
    /// Deliveries of the page in its order, without those stored before from other messages of
    /// the stream.
    pub deliveries: Vec<HubDelivery>,
    /// Updates of deliveries that are not stored.
    pub unknown: Vec<HubUpdate>,
}

/// Delivery of a stored page.
#[derive(Debug, Clone)]
pub struct HubDelivery {
    pub delivery: std::sync::Arc<Delivery>,
    /// False if it was stored before.
    pub is_new: bool,
}

/// Outcome for a delivery of a page.
#[derive(Debug, Clone, Copy)]
pub(super) enum PageDelivery {
    New(Inserted),
    /// It was stored before, from the same message of the stream.
    Known(DeliveryId),
    /// It was published twice.
    Repeated,
}

/// Outcome of a page.
#[derive(Debug, Default)]
pub(super) struct PageOutcome {
    pub(super) deliveries: Vec<PageDelivery>,
    /// Positions of the updates whose deliveries are not stored.
    pub(super) unknown: Vec<usize>,
}

pub(super) fn keep_page(
    connection: &WriteConnection,
    page: &HubPage,
    revision: &mut i64,
) -> rusqlite::Result<PageOutcome> {
    let mut outcome = PageOutcome::default();
    for new in &page.deliveries {
        outcome.deliveries.push(keep_one(connection, new, revision)?);
    }
    for (at, update) in page.updates.iter().enumerate() {
        if !apply(connection, update, revision)? {
            outcome.unknown.push(at);
        }
    }
    if let Some((name, sequence)) = &page.position {
        set(connection, &position_key(name), &sequence.to_string())?;
    }
    Ok(outcome)
}

fn keep_one(
    connection: &WriteConnection,
    new: &NewDelivery,
    revision: &mut i64,
) -> rusqlite::Result<PageDelivery> {
    let place = new.request.hub.as_deref();
    let sequence = place.and_then(|place| i64::try_from(place.sequence?).ok());
    if let Some(place) = place
        && let Some((id, known)) = find(connection, &place.message)?
    {
        let is_same = known == sequence;
        return Ok(if is_same { PageDelivery::Known(id) } else { PageDelivery::Repeated });
    }
    let taken = "SELECT 1 FROM deliveries WHERE id = ?1";
    let id = match sequence {
        Some(id) if connection.prepare_cached(taken)?.exists([id])? => None,
        sequence => sequence,
    };
    *revision += 1;
    insert_delivery(connection, new, id, *revision).map(PageDelivery::New)
}

/// Returns the delivery of a message, and its sequence.
fn find(
    connection: &Connection,
    message: &str,
) -> rusqlite::Result<Option<(DeliveryId, Option<i64>)>> {
    let sql = "SELECT id, hub_sequence FROM deliveries WHERE hub_message = ?1";
    connection
        .prepare_cached(sql)?
        .query_row([message], |row| Ok((DeliveryId(row.get(0)?), row.get(1)?)))
        .optional()
}

/// Makes a change; false if its delivery is not stored.
fn apply(
    connection: &Connection,
    update: &HubUpdate,
    revision: &mut i64,
) -> rusqlite::Result<bool> {
    let Some((id, _)) = find(connection, &update.message)? else { return Ok(false) };
    *revision += 1;
    match &update.change {
        HubChange::Response(status, latency) => {
            record_response(connection, id, *status, *latency, *revision)?;
        }
        // A verdict of local secrets stays.
        HubChange::Verdict(verdict) => {
            let is_open = "SELECT 1 FROM deliveries WHERE id = ?1 AND cause IS NULL \
                           AND signature = ?2";
            if connection.prepare_cached(is_open)?.exists(params![id.0, verdict.status.as_str()])? {
                record_diagnosis(connection, id, verdict, *revision)?;
            }
        }
        HubChange::Note(note) => {
            let sql = "UPDATE deliveries SET note = ?2, revision = ?3 WHERE id = ?1 \
                       AND note IS NOT ?2 AND NOT removed";
            connection.prepare_cached(sql)?.execute(params![id.0, note, *revision])?;
        }
        HubChange::Attempt(attempt) => {
            let known = "SELECT 1 FROM attempts WHERE delivery_id = ?1 AND sent_at = ?2 \
                         AND target_url = ?3";
            let at = rows::time_text(attempt.at);
            if !connection.prepare_cached(known)?.exists(params![id.0, at, attempt.target])? {
                let attempt = Attempt { delivery: id, ..Attempt::clone(attempt) };
                record_attempt(connection, &attempt, *revision)?;
            }
        }
    }
    Ok(true)
}

/// Records the sequences of published deliveries.
pub(super) fn record_sequences(
    connection: &Connection,
    published: &[(DeliveryId, u64)],
    revision: &mut i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET hub_sequence = ?2, revision = ?3 WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    for (id, sequence) in published {
        *revision += 1;
        statement.execute(params![
            id.0,
            i64::try_from(*sequence).unwrap_or(i64::MAX),
            *revision
        ])?;
    }
    Ok(())
}

pub(super) fn set(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO hub (key, value) VALUES (?1, ?2) \
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    connection.prepare_cached(sql)?.execute([key, value]).map(drop)
}

fn position_key(name: &str) -> String {
    format!("position:{name}")
}

impl StoreReader {
    /// Returns the sequence up to which a stream was read.
    pub fn hub_position(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let value = self.hub_value(&position_key(name))?;
        Ok(value.and_then(|value| value.parse().ok()))
    }

    /// Returns the sequence and the message of the newest delivery that was read from a stream or
    /// acknowledged by it.
    pub fn last_from_hub(&self) -> Result<Option<(u64, String)>, StoreError> {
        let sql = "SELECT hub_sequence, hub_message FROM deliveries \
                   WHERE hub_sequence IS NOT NULL AND hub_message IS NOT NULL \
                   ORDER BY id DESC LIMIT 1";
        let found = self.all(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?;
        let place = found.into_iter().next();
        Ok(place.and_then(|(sequence, message)| Some((u64::try_from(sequence).ok()?, message))))
    }

    /// Returns a value that [`super::Store::set_hub_value`] stored.
    pub fn hub_value(&self, key: &str) -> Result<Option<String>, StoreError> {
        let found = self.all("SELECT value FROM hub WHERE key = ?1", [key], |row| row.get(0))?;
        Ok(found.into_iter().next())
    }

    /// Returns the oldest deliveries after `last`, up to `end`, that no stream has acknowledged.
    pub fn unpublished(
        &self,
        last: DeliveryId,
        end: DeliveryId,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = "SELECT id FROM deliveries WHERE hub_message IS NOT NULL \
                   AND hub_sequence IS NULL AND id > ?1 AND id <= ?2 AND NOT removed \
                   ORDER BY id LIMIT ?3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let ids = self.all(sql, params![last.0, end.0, limit], |row| row.get(0).map(DeliveryId))?;
        ids.into_iter().filter_map(|id| self.delivery(id).transpose()).collect()
    }
}

/// Outcome of a job that stores a page.
pub(super) type PageReply = tokio::sync::oneshot::Sender<Result<HubKept, KeepError>>;
