//! What the writer tells SQLite: new deliveries, and what becomes known of them later.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{NewDelivery, Stored, rows};
use crate::delivery::{Attempt, AttemptKind, DeliveryId, Outcome, Verdict};

const INSERT: &str = "INSERT INTO deliveries (revision, received_at, peer, method, target, \
    http_version, body_size, provider, event_id, event_type, signature, cause, explanation, \
    secret_name, answer_status, refused_code, refused_reason, source, duplicate_of, \
    diagnosing, origin, differs) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, \
    ?20, ?21, ?22)";

/// Whether a body, which was not refused, is another one than that of a delivery.
const DIFFERS: &str = "SELECT w.body <> ?2 FROM wire w JOIN deliveries d ON d.id = w.delivery_id \
    WHERE d.id = ?1 AND d.refused_code IS NULL";

/// The first delivery with an event id from a provider.
pub(super) const FIRST: &str =
    "SELECT min(id) FROM deliveries WHERE provider = ?1 AND event_id = ?2 AND NOT removed";

pub(super) fn keep(
    connection: &Connection,
    new: &NewDelivery,
    revision: i64,
) -> rusqlite::Result<Stored> {
    let first: Option<i64> = match &new.event.id {
        None => None,
        Some(event) => connection
            .prepare_cached(FIRST)?
            .query_row(params![new.provider, event], |row| row.get(0))?,
    };
    let differs = match first.filter(|_| new.refused.is_none()) {
        None => None,
        Some(first) => connection
            .prepare_cached(DIFFERS)?
            .query_row(params![first, &new.body[..]], |row| row.get(0))
            .optional()?,
    };
    let differs: bool = differs.unwrap_or(false);
    let NewDelivery { head, event, signature, refused, .. } = new;
    connection.prepare_cached(INSERT)?.execute(params![
        revision,
        rows::time_text(new.received_at),
        new.peer,
        head.method,
        head.target_text(),
        head.version.as_str(),
        i64::try_from(new.body_size).unwrap_or(i64::MAX),
        new.provider,
        event.id,
        event.event_type,
        signature.status.as_str(),
        signature.cause,
        signature.explanation,
        signature.secret,
        new.response,
        refused.as_ref().map(|refusal| &refusal.code),
        refused.as_ref().map(|refusal| &refusal.reason),
        new.source.as_str(),
        first,
        new.diagnosing,
        new.origin.map(|id| id.0),
        differs,
    ])?;
    let id = connection.last_insert_rowid();
    connection
        .prepare_cached("INSERT INTO wire (delivery_id, head, body) VALUES (?1, ?2, ?3)")?
        .execute(params![id, &head.raw[..], &new.body[..]])?;
    Ok(Stored { id: DeliveryId(id), duplicate_of: first.map(DeliveryId), differs })
}

pub(super) fn answered(
    connection: &Connection,
    id: DeliveryId,
    status: u16,
    revision: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE deliveries SET answer_status = ?2, revision = ?3 WHERE id = ?1")?
        .execute(params![id.0, status, revision])?;
    Ok(())
}

pub(super) fn explained(
    connection: &Connection,
    id: DeliveryId,
    verdict: &Verdict,
    revision: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE deliveries SET cause = ?2, explanation = ?3, diagnosing = 0, revision = ?4 \
             WHERE id = ?1",
        )?
        .execute(params![id.0, verdict.cause, verdict.explanation, revision])?;
    Ok(())
}

pub(super) fn attempted(
    connection: &Connection,
    attempt: &Attempt,
    revision: i64,
) -> rusqlite::Result<()> {
    let (answer, failure) = match &attempt.outcome {
        Outcome::Answered(answered) => (Some(answered), None),
        Outcome::Failed { reason, timed_out } => (None, Some((reason, *timed_out))),
    };
    let sql = format!(
        "INSERT INTO attempts ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
         ?13, ?14)",
        rows::ATTEMPT
    );
    connection.prepare_cached(&sql)?.execute(params![
        attempt.delivery.0,
        attempt.kind.as_str(),
        attempt.target,
        rows::time_text(attempt.at),
        rows::micros(attempt.took),
        answer.map(|answered| answered.status),
        answer.map(|answered| rows::header_bytes(&answered.headers)),
        answer.map(|answered| answered.body.to_vec()),
        answer.map(|answered| i64::try_from(answered.body_size).unwrap_or(i64::MAX)),
        failure.map(|(reason, _)| reason),
        failure.is_some_and(|(_, timed_out)| timed_out),
        attempt.timing.connected.map(rows::micros),
        attempt.timing.first_byte.map(rows::micros),
        attempt.changes,
    ])?;
    connection
        .prepare_cached("UPDATE deliveries SET revision = ?2, resent = resent OR ?3 WHERE id = ?1")?
        .execute(params![attempt.delivery.0, revision, attempt.kind == AttemptKind::Resend])?;
    Ok(())
}
