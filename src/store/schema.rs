//! The tables, and migrations from older versions.

use rusqlite::{Connection, ErrorCode};

use super::StoreError;
use super::location::StoreLocation;

/// `HKGL`: distinguishes hookglass's files from other SQLite files.
const APPLICATION_ID: i64 = 0x484b_474c;

/// One version of the schema.
struct SchemaVersion {
    /// Statements that migrate from the previous version; the first one creates the tables.
    migration: &'static str,
    /// Columns added to `deliveries`, with their values in an older store.
    deliveries: &'static str,
    /// Columns added to `attempts`, likewise.
    attempts: &'static str,
}

/// Every version, oldest first. Append one to change the schema.
const VERSIONS: [SchemaVersion; KNOWN as usize] = [
    SchemaVersion { migration: V1, deliveries: "", attempts: "" },
    SchemaVersion { migration: V2, deliveries: ", 0 AS diagnosing", attempts: "" },
    SchemaVersion {
        migration: V3,
        deliveries: ", 0 AS marked, NULL AS note, 0 AS removed",
        attempts: "",
    },
    SchemaVersion {
        migration: V4,
        deliveries: ", NULL AS origin",
        attempts: ", NULL AS connected_us, NULL AS first_byte_us, NULL AS changes",
    },
    SchemaVersion {
        migration: V5,
        deliveries: ", 0 AS differs, NULL AS shape, 0 AS resent",
        attempts: "",
    },
    SchemaVersion { migration: V6, deliveries: ", NULL AS client_gone_us", attempts: "" },
    SchemaVersion { migration: V7, deliveries: ", NULL AS via", attempts: "" },
    SchemaVersion { migration: V8, deliveries: "", attempts: "" },
    SchemaVersion {
        migration: V9,
        deliveries: ", NULL AS hub_message, NULL AS hub_stream, NULL AS hub_sequence, \
                     NULL AS hub_listener",
        attempts: ", NULL AS sender",
    },
    SchemaVersion { migration: V10, deliveries: ", NULL AS latency_us", attempts: "" },
];

/// The version of a store that this program writes.
pub(super) const KNOWN: u32 = 10;

/// Page size of new stores in bytes. Twice SQLite's default takes an eighth less CPU for each
/// delivery, since the log has a header and two system calls for each page; four times as much
/// costs a single client more than it saves.
const PAGE_SIZE: i64 = 8 << 10;

/// Smaller stores are checked completely when opened.
const MAX_CHECKED_SIZE: i64 = 64 << 20;

const V1: &str = "
-- Deliveries: one HTTP request each, without its bytes, so that lists are fast to read.
CREATE TABLE deliveries (
  id              INTEGER PRIMARY KEY AUTOINCREMENT, -- rises with time, never used twice
  revision        INTEGER NOT NULL,  -- rises with every change of any delivery
  received_at     TEXT    NOT NULL,  -- UTC, RFC 3339, microseconds
  peer            TEXT,              -- ADDR:PORT of the client
  method          TEXT    NOT NULL,
  target          TEXT    NOT NULL,  -- path and query as text; the bytes are in wire.head
  http_version    TEXT    NOT NULL,  -- HTTP/1.0 or HTTP/1.1
  body_size       INTEGER NOT NULL,  -- bytes; of a refused one: declared or received
  provider        TEXT    NOT NULL,
  event_id        TEXT,
  event_type      TEXT,
  signature       TEXT    NOT NULL,  -- verified, mismatch, missing, malformed, expired, unchecked
  cause           TEXT,              -- a code from the table of causes, if proved
  explanation     TEXT,
  secret_name     TEXT,              -- the NAME of the secret that verified, never the secret
  answer_status   INTEGER,           -- status of the response; NULL while the client waits
  refused_code    TEXT,              -- why it was not received completely
  refused_reason  TEXT,
  source          TEXT    NOT NULL,  -- live, resend, replay, import
  duplicate_of    INTEGER REFERENCES deliveries (id) -- first delivery of this event
);
CREATE UNIQUE INDEX deliveries_by_revision ON deliveries (revision);
CREATE INDEX deliveries_by_event ON deliveries (provider, event_id) WHERE event_id IS NOT NULL;

-- Wire: the bytes of a delivery as received.
CREATE TABLE wire (
  delivery_id     INTEGER PRIMARY KEY REFERENCES deliveries (id) ON DELETE CASCADE,
  head            BLOB    NOT NULL,  -- request line, headers, empty line; then trailers, if any
  body            BLOB    NOT NULL   -- chunk framing removed; empty for a refused delivery
);

-- Attempts: every outgoing send of a delivery.
CREATE TABLE attempts (
  id              INTEGER PRIMARY KEY,
  delivery_id     INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  kind            TEXT    NOT NULL,  -- forward, retry, resend, replay
  target_url      TEXT    NOT NULL,
  sent_at         TEXT    NOT NULL,  -- UTC, RFC 3339, microseconds
  took_us         INTEGER NOT NULL,  -- microseconds
  status          INTEGER,           -- NULL without a response
  answer_headers  BLOB,              -- header lines
  answer_body     BLOB,              -- the body or its beginning
  answer_size     INTEGER,           -- bytes that the target sent
  failure         TEXT,              -- why there is no response
  timed_out       INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX attempts_by_delivery ON attempts (delivery_id);
";

const V2: &str = "
-- The search for the cause of the verdict is still running.
ALTER TABLE deliveries ADD COLUMN diagnosing INTEGER NOT NULL DEFAULT 0;
";

const V3: &str = "
-- Annotations by the user.
ALTER TABLE deliveries ADD COLUMN marked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN note TEXT;
-- Removed deliveries are hidden, can be restored until the listener ends, and are then deleted.
ALTER TABLE deliveries ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
-- Few rows, needed whenever the store is opened.
CREATE INDEX deliveries_removed ON deliveries (id) WHERE removed;
CREATE INDEX deliveries_diagnosing ON deliveries (id) WHERE diagnosing;

-- Purges: the last revision when removed deliveries were deleted, so that none is used twice.
CREATE TABLE purges (revision INTEGER NOT NULL);
";

const V4: &str = "
-- When the connection was established and the response head received: microseconds from the start.
ALTER TABLE attempts ADD COLUMN connected_us INTEGER;
ALTER TABLE attempts ADD COLUMN first_byte_us INTEGER;
-- Changes made for a new signature; NULL if it was sent exactly as received.
ALTER TABLE attempts ADD COLUMN changes TEXT;
-- The delivery that this one was edited from.
ALTER TABLE deliveries ADD COLUMN origin INTEGER REFERENCES deliveries (id) ON DELETE SET NULL;
";

const V5: &str = "
-- The body differs from that of the event's first delivery.
ALTER TABLE deliveries ADD COLUMN differs INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET differs = 1 WHERE duplicate_of IS NOT NULL AND refused_code IS NULL
  AND (SELECT refused_code IS NULL FROM deliveries first WHERE first.id = deliveries.duplicate_of)
  AND (SELECT body FROM wire WHERE delivery_id = deliveries.id)
   <> (SELECT body FROM wire WHERE delivery_id = deliveries.duplicate_of);
-- Schema changes compared with earlier bodies of the event type, one sentence per line.
ALTER TABLE deliveries ADD COLUMN shape TEXT;
-- The user has resent it.
ALTER TABLE deliveries ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET resent = 1
  WHERE id IN (SELECT delivery_id FROM attempts WHERE kind = 'resend');
CREATE INDEX deliveries_by_type ON deliveries (provider, event_type) WHERE event_type IS NOT NULL;
CREATE INDEX deliveries_by_origin ON deliveries (origin) WHERE origin IS NOT NULL;

-- Shapes: the paths in the bodies of each event type so far, and the types of their values.
CREATE TABLE shapes (
  provider        TEXT    NOT NULL,
  event_type      TEXT    NOT NULL,
  paths           TEXT    NOT NULL,  -- one path per line, preceded by a number for its types
  PRIMARY KEY (provider, event_type)
) WITHOUT ROWID;
";

const V6: &str = "
-- Microseconds after which the client had gone without its response; NULL if it got one.
ALTER TABLE deliveries ADD COLUMN client_gone_us INTEGER;
";

const V7: &str = "
-- Path of the configured source that it came through.
ALTER TABLE deliveries ADD COLUMN via TEXT;
";

const V8: &str = "
-- Events: the deliveries of each event. New ones are added in the order of the event ids, later.
CREATE TABLE events (
  event_id        TEXT    NOT NULL,
  provider        TEXT    NOT NULL,
  delivery_id     INTEGER NOT NULL,
  PRIMARY KEY (event_id, provider, delivery_id)
) WITHOUT ROWID;
INSERT INTO events SELECT event_id, provider, id FROM deliveries WHERE event_id IS NOT NULL
  ORDER BY event_id, provider, id;
-- The last delivery up to which all are in `events`.
CREATE TABLE events_up_to (delivery_id INTEGER NOT NULL);
INSERT INTO events_up_to SELECT coalesce(max(id), 0) FROM deliveries;
DROP INDEX deliveries_by_event;
-- The deliveries of each event, complete.
CREATE VIEW event_deliveries AS
  SELECT event_id, provider, delivery_id FROM events
    WHERE delivery_id <= (SELECT delivery_id FROM events_up_to)
  UNION ALL SELECT event_id, provider, id FROM deliveries
    WHERE id > (SELECT delivery_id FROM events_up_to) AND event_id IS NOT NULL;
";

/// The version that has the table of events.
const WITH_EVENTS: i64 = 8;

const V9: &str = "
-- Place in the stream of a hub. A sequence is NULL until the stream acknowledged the message.
ALTER TABLE deliveries ADD COLUMN hub_message TEXT;
ALTER TABLE deliveries ADD COLUMN hub_stream TEXT;
ALTER TABLE deliveries ADD COLUMN hub_sequence INTEGER;
ALTER TABLE deliveries ADD COLUMN hub_listener TEXT;
CREATE INDEX deliveries_by_hub_message ON deliveries (hub_message) WHERE hub_message IS NOT NULL;
CREATE INDEX deliveries_unpublished ON deliveries (id)
  WHERE hub_message IS NOT NULL AND hub_sequence IS NULL;
-- Name of the person who sent it from another machine; NULL if it was sent from here.
ALTER TABLE attempts ADD COLUMN sender TEXT;

-- Hub: what is known about a stream, e.g. how far it was read.
CREATE TABLE hub (
  key             TEXT    PRIMARY KEY,
  value           TEXT    NOT NULL
) WITHOUT ROWID;
";

const V10: &str = "
-- Microseconds from the complete request to the response of a rule or a target; NULL if hookglass
-- responded at once by itself.
ALTER TABLE deliveries ADD COLUMN latency_us INTEGER;
";

/// Returns the versions after `from` up to `to`.
fn versions(from: u32, to: u32) -> impl Iterator<Item = &'static SchemaVersion> {
    (1..)
        .zip(&VERSIONS)
        .filter(move |(number, _)| *number > from && *number <= to)
        .map(|(_, it)| it)
}

/// Makes a store of an older version readable without changing it, since a reader cannot migrate
/// it: views supply the missing columns.
pub(super) fn bridge(connection: &Connection, version: i64) -> rusqlite::Result<()> {
    let missing = || versions(u32::try_from(version).unwrap_or_default(), KNOWN);
    let deliveries: String = missing().map(|version| version.deliveries).collect();
    let attempts: String = missing().map(|version| version.attempts).collect();
    let mut views = String::new();
    if !deliveries.is_empty() {
        views = format!(
            "CREATE TEMP VIEW deliveries AS SELECT *{deliveries} FROM main.deliveries; \
             CREATE TEMP VIEW attempts AS SELECT *{attempts} FROM main.attempts;"
        );
    }
    if version < WITH_EVENTS {
        views.push_str(
            " CREATE TEMP VIEW event_deliveries AS SELECT event_id, provider, id AS delivery_id \
             FROM main.deliveries WHERE event_id IS NOT NULL;",
        );
    }
    if version < 3 {
        views.push_str(" CREATE TEMP VIEW purges AS SELECT 0 AS revision;");
    }
    if version < 9 {
        views.push_str(" CREATE TEMP VIEW hub AS SELECT '' AS key, '' AS value WHERE 0;");
    }
    connection.execute_batch(&views)
}

/// Turns the write-ahead log on, and makes every commit durable.
///
/// Foreign keys are not checked, since that takes a tenth of the time of an insertion: a row is only
/// added for a delivery that was found in the same transaction, and [`super::annotate::purge`] deletes
/// from every table.
pub(super) fn set_up_for_writing(connection: &Connection) -> rusqlite::Result<()> {
    // Has an effect on a new store only.
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;")
}

/// Migrates a store to the version of this program, all or nothing.
pub(super) fn migrate(connection: &Connection, location: &StoreLocation) -> Result<(), StoreError> {
    let to_error = |error| location.error(error);
    let version = check(connection, location)?;
    // After the checks: this line is the first that writes.
    set_up_for_writing(connection).map_err(to_error)?;
    let version = u32::try_from(version).unwrap_or_default();
    if version == KNOWN {
        // Searches that were running when the last listener stopped will not finish.
        let reset = "UPDATE deliveries SET diagnosing = 0 WHERE diagnosing";
        match connection.execute_batch(reset) {
            // Pruning may make room, and a listener reports that it cannot store.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {}
            done => done.map_err(to_error)?,
        }
        return Ok(());
    }
    // Without the log, the file is then an empty store and not an empty file.
    connection
        .execute_batch(&format!("{} PRAGMA wal_checkpoint;", script(version, KNOWN)))
        .map_err(to_error)
}

/// Returns the statements that migrate from one version to a later one.
pub(super) fn script(from: u32, to: u32) -> String {
    let steps: String = versions(from, to).map(|version| version.migration).collect();
    format!(
        "BEGIN IMMEDIATE; {steps} PRAGMA application_id = {APPLICATION_ID}; \
         PRAGMA user_version = {to}; COMMIT;"
    )
}

/// Returns the version of a store, if this program supports it.
pub(super) fn check(connection: &Connection, location: &StoreLocation) -> Result<i64, StoreError> {
    let number = |sql: &str| {
        let found: rusqlite::Result<i64> = connection.query_row(sql, [], |row| row.get(0));
        found.map_err(|error| location.error(error))
    };
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if application != APPLICATION_ID && (application, version, tables) != (0, 0, 0) {
        let reason = "it is the database of another program".to_owned();
        return Err(StoreError::NotOurs { path: location.display(), reason });
    }
    if version > i64::from(KNOWN) {
        let path = location.display();
        return Err(StoreError::Newer { path, found: version, known: i64::from(KNOWN) });
    }
    let size = number("PRAGMA page_count")?.saturating_mul(number("PRAGMA page_size")?);
    if size <= MAX_CHECKED_SIZE {
        let found: rusqlite::Result<String> =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
        let found = found.map_err(|error| location.error(error))?;
        if found != "ok" {
            return Err(StoreError::Damaged { path: location.display(), reason: found });
        }
    }
    Ok(version)
}
