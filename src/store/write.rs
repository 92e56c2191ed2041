//! Statements of the writer: new deliveries, and later updates.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::events::{self, EventTable, WriteConnection};
use super::rows::{self, insert};
use crate::delivery::{
    Attempt, AttemptKind, DeliveryId, EventRef, Explanation, NewDelivery, Outcome, Verdict,
};

/// Compares a body that was not refused with that of a delivery.
const DIFFERS: &str = "SELECT w.body <> ?2 FROM wire w JOIN deliveries d ON d.id = w.delivery_id \
    WHERE d.id = ?1 AND d.refused_code IS NULL";

const EXISTS: &str = "SELECT 1 FROM deliveries WHERE id = ?1";

/// Facts about a delivery that was inserted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inserted {
    pub(super) id: DeliveryId,
    /// The first delivery with the same event id from the same provider.
    pub(super) duplicate_of: Option<DeliveryId>,
    /// The body differs from that delivery's.
    pub(super) differs: bool,
}

pub(super) fn keep(
    connection: &WriteConnection,
    new: &NewDelivery,
    revision: i64,
) -> rusqlite::Result<Inserted> {
    insert_delivery(connection, new, None, revision)
}

/// Inserts a delivery with this id, or the next one.
pub(super) fn insert_delivery(
    connection: &WriteConnection,
    new: &NewDelivery,
    id: Option<i64>,
    revision: i64,
) -> rusqlite::Result<Inserted> {
    let first = match &new.event.id {
        Some(event) => connection.first_of_event(event, &new.provider)?,
        None => None,
    };
    let differs = match first {
        None => None,
        Some(_) if new.request.refused.is_some() => None,
        Some(first) => connection
            .prepare_cached(DIFFERS)?
            .query_row(params![first, &new.body[..]], |row| row.get(0))
            .optional()?,
    };
    let differs: bool = differs.unwrap_or(false);
    let NewDelivery { request, head, event, signature, .. } = new;
    // The original of an edited one may have been deleted meanwhile.
    let origin = match request.origin {
        Some(id) if connection.prepare_cached(EXISTS)?.exists([id.0])? => Some(id.0),
        _ => None,
    };
    let refused = request.refused.as_ref();
    let explanation = signature.explanation.as_ref().map(Explanation::to_lines);
    let hub = request.hub.as_deref();
    let sequence = hub.and_then(|hub| i64::try_from(hub.sequence?).ok());
    insert! { connection, "deliveries",
        "id" = id,
        "revision" = revision,
        "received_at" = rows::time_text(request.received_at),
        "peer" = request.peer,
        "method" = request.method,
        "target" = request.target,
        "http_version" = request.version.as_str(),
        "body_size" = i64::try_from(request.body_size).unwrap_or(i64::MAX),
        "provider" = new.provider,
        "event_id" = event.id,
        "event_type" = event.event_type,
        "signature" = signature.status.as_str(),
        "cause" = signature.cause,
        "explanation" = explanation,
        "secret_name" = signature.secret,
        "answer_status" = new.response,
        "latency_us" = new.latency.map(rows::micros),
        "refused_code" = refused.map(|refusal| &refusal.code),
        "refused_reason" = refused.map(|refusal| &refusal.reason),
        "source" = request.source.as_str(),
        "duplicate_of" = first,
        "diagnosing" = new.diagnosing,
        "origin" = origin,
        "via" = request.via,
        "differs" = differs,
        "hub_message" = hub.map(|hub| &hub.message),
        "hub_stream" = hub.map(|hub| &hub.stream),
        "hub_sequence" = sequence,
        "hub_listener" = hub.map(|hub| &hub.listener),
    }?;
    let table = if id.is_none() { EventTable::Recent } else { EventTable::OnDisk };
    let id = connection.last_insert_rowid();
    if let Some(event_id) = &event.id {
        connection.add_event(table, event_id, &new.provider, id)?;
    }
    insert! { connection, "wire",
        "delivery_id" = id,
        "head" = &head.with_trailer_lines()[..],
        "body" = &new.body[..],
    }?;
    Ok(Inserted { id: DeliveryId(id), duplicate_of: first.map(DeliveryId), differs })
}

pub(super) fn record_response(
    connection: &Connection,
    id: DeliveryId,
    status: u16,
    latency: Option<Duration>,
    revision: i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET answer_status = ?2, latency_us = ?3, revision = ?4 \
               WHERE id = ?1";
    let latency = latency.map(rows::micros);
    connection.prepare_cached(sql)?.execute(params![id.0, status, latency, revision])?;
    Ok(())
}

pub(super) fn record_client_gone(
    connection: &Connection,
    id: DeliveryId,
    after: Duration,
    revision: i64,
) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET answer_status = 0, client_gone_us = ?2, revision = ?3 \
               WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id.0, rows::micros(after), revision])?;
    Ok(())
}

/// Records the provider and the event of a delivery whose sender was unknown.
pub(super) fn record_provider(
    connection: &WriteConnection,
    id: DeliveryId,
    (provider, event): &(String, EventRef),
    revision: i64,
) -> rusqlite::Result<()> {
    events::forget(connection, id.0)?;
    let sql = "UPDATE deliveries SET provider = ?2, event_id = ?3, event_type = ?4, revision = ?5 \
               WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![
        id.0,
        provider,
        event.id,
        event.event_type,
        revision
    ])?;
    match &event.id {
        // In memory it could be behind the events that are being moved.
        Some(event) => connection.add_event(EventTable::OnDisk, event, provider, id.0),
        None => Ok(()),
    }
}

pub(super) fn record_diagnosis(
    connection: &Connection,
    id: DeliveryId,
    verdict: &Verdict,
    revision: i64,
) -> rusqlite::Result<()> {
    let explanation = verdict.explanation.as_ref().map(Explanation::to_lines);
    // A search for a cause that ends late does not undo a verification with a newer secret.
    connection
        .prepare_cached(
            "UPDATE deliveries SET signature = ?2, cause = ?3, explanation = ?4, secret_name = ?5, \
             diagnosing = 0, revision = ?6 WHERE id = ?1 AND signature <> 'verified'",
        )?
        .execute(params![
            id.0,
            verdict.status.as_str(),
            verdict.cause,
            explanation,
            verdict.secret,
            revision
        ])?;
    Ok(())
}

/// Records an attempt; fails if the delivery was deleted meanwhile.
pub(super) fn record_attempt(
    connection: &Connection,
    attempt: &Attempt,
    revision: i64,
) -> rusqlite::Result<()> {
    let changed = connection
        .prepare_cached("UPDATE deliveries SET revision = ?2, resent = resent OR ?3 WHERE id = ?1")?
        .execute(params![attempt.delivery.0, revision, attempt.kind == AttemptKind::Resend])?;
    if changed == 0 {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    }
    let (answer, failure) = match &attempt.outcome {
        Outcome::Responded(answered) => (Some(answered), None),
        Outcome::Failed { reason, timed_out } => (None, Some((reason, *timed_out))),
    };
    let body_size = answer.map(|answered| i64::try_from(answered.body_size).unwrap_or(i64::MAX));
    insert! { connection, "attempts",
        "delivery_id" = attempt.delivery.0,
        "kind" = attempt.kind.as_str(),
        "target_url" = attempt.target,
        "sent_at" = rows::time_text(attempt.at),
        "took_us" = rows::micros(attempt.took),
        "status" = answer.map(|answered| answered.status),
        "answer_headers" = answer.map(|answered| rows::header_bytes(&answered.headers)),
        "answer_body" = answer.map(|answered| &answered.body[..]),
        "answer_size" = body_size,
        "failure" = failure.map(|(reason, _)| reason),
        "timed_out" = failure.is_some_and(|(_, timed_out)| timed_out),
        "connected_us" = attempt.timing.connected.map(rows::micros),
        "first_byte_us" = attempt.timing.first_byte.map(rows::micros),
        "changes" = attempt.changes,
        "sender" = attempt.sender,
    }?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rusqlite::StatementStatus;

    use super::*;
    use crate::delivery::{Head, Timing};
    use crate::store::{StorePlace, events, location, schema};

    fn open_store() -> WriteConnection {
        let location = location::StoreLocation::of(&StorePlace::Memory);
        let connection = location::open_for_writing(&location).unwrap();
        schema::migrate(&connection, &location).unwrap();
        WriteConnection::new(connection).unwrap()
    }

    fn delivery() -> NewDelivery {
        NewDelivery::new(Head::build("POST", "/", &[]), "x".into(), Timestamp::UNIX_EPOCH)
    }

    fn count(connection: &WriteConnection, table: &str) -> i64 {
        connection
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn an_attempt_of_a_delivery_that_was_deleted_is_refused() {
        let connection = open_store();
        let attempt = Attempt {
            delivery: DeliveryId(1),
            kind: AttemptKind::Retry,
            target: String::new(),
            at: Timestamp::UNIX_EPOCH,
            took: Duration::ZERO,
            outcome: Outcome::Failed { reason: String::new(), timed_out: false },
            timing: Timing::default(),
            changes: None,
            sender: None,
        };
        record_attempt(&connection, &attempt, 1).unwrap_err();
        assert_eq!(count(&connection, "attempts"), 0);
    }

    #[test]
    fn a_delivery_edited_from_one_that_was_deleted_is_stored_without_an_original() {
        let connection = open_store();
        let mut edited = delivery();
        edited.request.origin = Some(DeliveryId(7));
        keep(&connection, &edited, 1).unwrap();
        assert_eq!(count(&connection, "deliveries WHERE origin IS NULL"), 1);
    }

    #[test]
    fn looking_up_an_event_prepares_the_statement_once() {
        let connection = open_store();
        for revision in 1..4 {
            let mut new = delivery();
            new.event.id = Some(format!("e{revision}"));
            keep(&connection, &new, revision).unwrap();
        }
        let statement = connection.prepare_cached(events::FIRST).unwrap();
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
