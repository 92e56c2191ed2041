//! Conversion between SQLite rows and the domain types.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, Type};

use crate::delivery::{
    Annotations, Attempt, AttemptKind, DeliveryFlags, DeliveryId, EventRef, Explanation, Head,
    Header, HubPlace, Outcome, Refusal, RequestFacts, ResponseRecord, SignatureStatus, Source,
    Summary, Timing, Verdict, Version,
};

/// Declares the columns that a reader selects: one list defines both the SQL and the positions, so
/// that rows are read by name at no cost.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident, $sql:ident: $($column:ident = $text:literal),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        enum $name { $($column),+ }

        impl $name {
            const TEXTS: &[&str] = &[$($text),+];

            fn get<T: FromSql>(self, row: &Row<'_>) -> rusqlite::Result<T> {
                row.get(self as usize)
            }
        }

        pub(super) static $sql: LazyLock<String> = LazyLock::new(|| $name::TEXTS.join(", "));
    };
}

columns! {
    /// The columns of [`summary`].
    SummaryColumn, SUMMARY:
    Id = "d.id",
    ReceivedAt = "d.received_at",
    Peer = "d.peer",
    Method = "d.method",
    Target = "d.target",
    HttpVersion = "d.http_version",
    BodySize = "d.body_size",
    Provider = "d.provider",
    EventId = "d.event_id",
    EventType = "d.event_type",
    Signature = "d.signature",
    Cause = "d.cause",
    Explanation = "d.explanation",
    SecretName = "d.secret_name",
    ResponseStatus = "d.answer_status",
    RefusedCode = "d.refused_code",
    RefusedReason = "d.refused_reason",
    Source = "d.source",
    DuplicateOf = "d.duplicate_of",
    Diagnosing = "d.diagnosing",
    Marked = "d.marked",
    Note = "d.note",
    Origin = "d.origin",
    Differs = "d.differs",
    SchemaChanges = "d.shape",
    Resent = "d.resent",
    ClientGone = "d.client_gone_us",
    Via = "d.via",
    HubMessage = "d.hub_message",
    HubStream = "d.hub_stream",
    HubSequence = "d.hub_sequence",
    HubListener = "d.hub_listener",
    Latency = "d.latency_us",
}

/// Number of columns in [`SUMMARY`]; columns selected after them start at this position.
pub(super) const SUMMARY_COLUMNS: usize = SummaryColumn::TEXTS.len();

columns! {
    /// The columns of [`attempt`].
    AttemptColumn, ATTEMPT:
    Delivery = "delivery_id",
    Kind = "kind",
    Target = "target_url",
    SentAt = "sent_at",
    Took = "took_us",
    Status = "status",
    ResponseHeaders = "answer_headers",
    ResponseBody = "answer_body",
    ResponseSize = "answer_size",
    Failure = "failure",
    TimedOut = "timed_out",
    Connected = "connected_us",
    FirstByte = "first_byte_us",
    Changes = "changes",
    Sender = "sender",
}

/// Inserts one row with a cached statement. Each value is written next to the name of its column.
macro_rules! insert {
    ($connection:expr, $table:literal, $first:literal = $value:expr
        $(, $column:literal = $other:expr)* $(,)?) => {{
        const SQL: &str = concat!(
            "INSERT INTO ", $table, " (", $first $(, ", ", $column)*, ") VALUES (?"
            $(, $crate::store::rows::insert!(@place $column))*, ")"
        );
        $connection
            .prepare_cached(SQL)
            .and_then(|mut statement| statement.execute(rusqlite::params![$value $(, $other)*]))
    }};
    (@place $column:literal) => { ", ?" };
}
pub(super) use insert;

/// Formats a time for the store, always with six decimals, so that text sorts as time.
pub(super) fn time_text(at: Timestamp) -> String {
    format!("{at:.6}")
}

pub(super) fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    use SummaryColumn as Column;
    let refused: Option<String> = Column::RefusedCode.get(row)?;
    let refused = match refused {
        Some(code) => Some(Refusal { code, reason: Column::RefusedReason.get(row)? }),
        None => None,
    };
    Ok(Summary {
        id: DeliveryId(Column::Id.get(row)?),
        request: RequestFacts {
            received_at: time(row, Column::ReceivedAt as usize)?,
            peer: Column::Peer.get(row)?,
            method: Column::Method.get(row)?,
            target: Column::Target.get(row)?,
            version: version(row, Column::HttpVersion as usize)?,
            body_size: size(row, Column::BodySize as usize)?,
            refused,
            source: word(row, Column::Source as usize, Source::from_word)?,
            origin: Column::Origin.get::<Option<i64>>(row)?.map(DeliveryId),
            via: Column::Via.get(row)?,
            hub: hub_place(row)?.map(Box::new),
        },
        provider: Column::Provider.get(row)?,
        event: EventRef { id: Column::EventId.get(row)?, event_type: Column::EventType.get(row)? },
        signature: Verdict {
            status: word(row, Column::Signature as usize, SignatureStatus::from_word)?,
            cause: Column::Cause.get(row)?,
            explanation: Column::Explanation
                .get::<Option<String>>(row)?
                .map(|lines| Explanation::from_lines(&lines)),
            secret: Column::SecretName.get(row)?,
        },
        diagnosing: Column::Diagnosing.get(row)?,
        response: Column::ResponseStatus.get(row)?,
        latency: optional_duration(row, Column::Latency as usize)?,
        duplicate_of: Column::DuplicateOf.get::<Option<i64>>(row)?.map(DeliveryId),
        annotations: Annotations { marked: Column::Marked.get(row)?, note: Column::Note.get(row)? },
        flags: DeliveryFlags {
            differs: Column::Differs.get(row)?,
            client_gone: optional_duration(row, Column::ClientGone as usize)?,
            schema_changes: sentences(Column::SchemaChanges.get(row)?),
            resent: Column::Resent.get(row)?,
        },
    })
}

fn hub_place(row: &Row<'_>) -> rusqlite::Result<Option<HubPlace>> {
    use SummaryColumn as Column;
    let Some(message) = Column::HubMessage.get::<Option<String>>(row)? else { return Ok(None) };
    let sequence: Option<i64> = Column::HubSequence.get(row)?;
    Ok(Some(HubPlace {
        message,
        stream: Column::HubStream.get::<Option<String>>(row)?.unwrap_or_default(),
        sequence: sequence.and_then(|sequence| u64::try_from(sequence).ok()),
        listener: Column::HubListener.get::<Option<String>>(row)?.unwrap_or_default(),
    }))
}

fn sentences(lines: Option<String>) -> Vec<String> {
    lines.iter().flat_map(|lines| lines.lines()).map(str::to_owned).collect()
}

/// Reads head and body, selected after the columns of [`SUMMARY`]. The head of a delivery refused
/// for it parses only leniently.
pub(super) fn raw_request(row: &Row<'_>) -> rusqlite::Result<(Head, Bytes)> {
    let raw = Bytes::from(row.get::<_, Vec<u8>>(SUMMARY_COLUMNS)?);
    let body = Bytes::from(row.get::<_, Vec<u8>>(SUMMARY_COLUMNS + 1)?);
    let head = Head::parse_with_trailers(raw.clone()).unwrap_or_else(|_| Head::lenient(raw));
    Ok((head, body))
}

pub(super) fn attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    use AttemptColumn as Column;
    let status: Option<u16> = Column::Status.get(row)?;
    let outcome = match status {
        Some(status) => {
            let headers: Option<Vec<u8>> = Column::ResponseHeaders.get(row)?;
            let body: Option<Vec<u8>> = Column::ResponseBody.get(row)?;
            Outcome::Responded(ResponseRecord {
                status,
                headers: parse_headers(&headers.unwrap_or_default()),
                body: body.unwrap_or_default().into(),
                body_size: size(row, Column::ResponseSize as usize)?,
            })
        }
        None => Outcome::Failed {
            reason: Column::Failure.get::<Option<String>>(row)?.unwrap_or_default(),
            timed_out: Column::TimedOut.get(row)?,
        },
    };
    Ok(Attempt {
        delivery: DeliveryId(Column::Delivery.get(row)?),
        kind: word(row, Column::Kind as usize, AttemptKind::from_word)?,
        target: Column::Target.get(row)?,
        at: time(row, Column::SentAt as usize)?,
        took: Duration::from_micros(size(row, Column::Took as usize)?),
        timing: Timing {
            connected: optional_duration(row, Column::Connected as usize)?,
            first_byte: optional_duration(row, Column::FirstByte as usize)?,
        },
        changes: Column::Changes.get(row)?,
        sender: Column::Sender.get(row)?,
        outcome,
    })
}

fn optional_duration(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Duration>> {
    let micros: Option<i64> = row.get(column)?;
    micros.map(|_| size(row, column).map(Duration::from_micros)).transpose()
}

/// Converts a duration to microseconds for the store.
pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Writes headers as lines, for a column that people may read.
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

fn parse_headers(bytes: &[u8]) -> Vec<Header> {
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
    read(&word).ok_or_else(|| damaged(column, format!("unknown word `{word}`")))
}

fn damaged(column: usize, reason: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        Type::Text,
        Box::new(FromSqlError::Other(reason.into())),
    )
}
