//! Between rows and the nouns that everyone shares.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type};

use crate::delivery::{
    Attempt, AttemptKind, DeliveryFlags, DeliveryId, EventRef, Head, Header, Outcome, Refusal,
    ResponseRecord, SignatureStatus, Source, Summary, Timing, Verdict, Version,
};

/// The columns that [`summary`] reads, in its order.
pub(super) const SUMMARY: &str = "d.id, d.received_at, d.peer, d.method, d.target, \
    d.http_version, d.body_size, d.provider, d.event_id, d.event_type, d.signature, d.cause, \
    d.explanation, d.secret_name, d.answer_status, d.refused_code, d.refused_reason, d.source, \
    d.duplicate_of, d.diagnosing, d.marked, d.note, d.origin, \
    d.differs, d.shape, d.resent";

/// How many columns those are.
pub(super) const SUMMARY_COLUMNS: usize = 26;

/// The columns that [`attempt`] reads, in its order.
pub(super) const ATTEMPT: &str = "delivery_id, kind, target_url, sent_at, took_us, status, \
    answer_headers, answer_body, answer_size, failure, timed_out, connected_us, first_byte_us, \
    changes";

/// A time as it is written into the store: always six decimals, so that text sorts as time.
pub(super) fn time_text(at: Timestamp) -> String {
    format!("{at:.6}")
}

pub(super) fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let refused: Option<String> = row.get(15)?;
    Ok(Summary {
        id: DeliveryId(row.get(0)?),
        received_at: time(row, 1)?,
        peer: row.get(2)?,
        method: row.get(3)?,
        target: row.get(4)?,
        version: version(row, 5)?,
        body_size: size(row, 6)?,
        provider: row.get(7)?,
        event: EventRef { id: row.get(8)?, event_type: row.get(9)? },
        signature: Verdict {
            status: word(row, 10, SignatureStatus::from_word)?,
            cause: row.get(11)?,
            explanation: row.get(12)?,
            secret: row.get(13)?,
        },
        response: row.get(14)?,
        refused: match refused {
            Some(code) => Some(Refusal { code, reason: row.get(16)? }),
            None => None,
        },
        source: word(row, 17, Source::from_word)?,
        duplicate_of: row.get::<_, Option<i64>>(18)?.map(DeliveryId),
        diagnosing: row.get(19)?,
        marked: row.get(20)?,
        note: row.get(21)?,
        origin: row.get::<_, Option<i64>>(22)?.map(DeliveryId),
        standing: DeliveryFlags {
            differs: row.get(23)?,
            shape: sentences(row.get(24)?),
            resent: row.get(25)?,
        },
    })
}

fn sentences(lines: Option<String>) -> Vec<String> {
    lines.iter().flat_map(|lines| lines.lines()).map(str::to_owned).collect()
}

/// The head and the body that stand behind the summary's columns. What was refused for its head
/// has one that can be read in part only.
pub(super) fn wire(row: &Row<'_>) -> rusqlite::Result<(Head, Bytes)> {
    let raw = Bytes::from(row.get::<_, Vec<u8>>(SUMMARY_COLUMNS)?);
    let body = Bytes::from(row.get::<_, Vec<u8>>(SUMMARY_COLUMNS + 1)?);
    let head = Head::parse(raw.clone()).unwrap_or_else(|_| Head::lenient(raw));
    Ok((head, body))
}

pub(super) fn attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    let status: Option<u16> = row.get(5)?;
    let outcome = match status {
        Some(status) => Outcome::Answered(ResponseRecord {
            status,
            headers: header_lines(&row.get::<_, Option<Vec<u8>>>(6)?.unwrap_or_default()),
            body: row.get::<_, Option<Vec<u8>>>(7)?.unwrap_or_default().into(),
            body_size: size(row, 8)?,
        }),
        None => Outcome::Failed {
            reason: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
            timed_out: row.get(10)?,
        },
    };
    Ok(Attempt {
        delivery: DeliveryId(row.get(0)?),
        kind: word(row, 1, AttemptKind::from_word)?,
        target: row.get(2)?,
        at: time(row, 3)?,
        took: Duration::from_micros(size(row, 4)?),
        timing: Timing { connected: moment(row, 11)?, first_byte: moment(row, 12)? },
        changes: row.get(13)?,
        outcome,
    })
}

fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Duration>> {
    let micros: Option<i64> = row.get(column)?;
    micros.map(|_| size(row, column).map(Duration::from_micros)).transpose()
}

/// A length of time in microseconds, as it is written into the store.
pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Headers as lines, for a column that people may read.
pub(super) fn header_bytes(headers: &[Header]) -> Vec<u8> {
    let mut out = Vec::new();
    for header in headers {
        out.extend_from_slice(header.name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(&header.value);
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn header_lines(bytes: &[u8]) -> Vec<Header> {
    let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let read = |line: &[u8]| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let name = std::str::from_utf8(line.get(..colon)?).ok()?;
        let value = line.get(colon + 1..)?.trim_ascii_start();
        Some(Header::new(name, Bytes::copy_from_slice(value)))
    };
    lines.filter_map(read).collect()
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: jiff::Error| damaged(column, error.to_string()))
}

fn size(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|error| damaged(column, error.to_string()))
}

fn version(row: &Row<'_>, column: usize) -> rusqlite::Result<Version> {
    word(row, column, |word| {
        [Version::Http10, Version::Http11].into_iter().find(|version| version.as_str() == word)
    })
}

fn word<T>(row: &Row<'_>, column: usize, read: impl Fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let word: String = row.get(column)?;
    read(&word).ok_or_else(|| damaged(column, format!("`{word}` is not a word that is known here")))
}

fn damaged(column: usize, reason: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        Type::Text,
        Box::new(FromSqlError::Other(reason.into())),
    )
}
