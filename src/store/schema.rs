//! The tables, and how those of older versions become those of today.

use rusqlite::Connection;

use super::StoreError;
use super::location::StoreLocation;

/// `HKGL`: tells our files from other SQLite files.
const APPLICATION_ID: i64 = 0x484b_474c;

/// One version of the schema.
struct SchemaVersion {
    /// Statements that lead here from the version before; the first one creates the tables.
    migration: &'static str,
    /// Columns that it added to `deliveries`, with the value to read from an older store.
    deliveries: &'static str,
    /// Columns that it added to `attempts`, likewise.
    attempts: &'static str,
}

/// Every version, the oldest first. Append one to change the schema.
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
];

/// The version of a store that this program writes.
pub(super) const KNOWN: u32 = 5;

/// A smaller store is checked whole when it is opened.
const CHECKED: i64 = 64 << 20;

const V1: &str = "
-- Deliveries: one HTTP request each, without its bytes, so that lists are quick to read.
CREATE TABLE deliveries (
  id              INTEGER PRIMARY KEY AUTOINCREMENT, -- rises with time, never used twice
  revision        INTEGER NOT NULL,  -- rises with every change of any delivery
  received_at     TEXT    NOT NULL,  -- UTC, RFC 3339, microseconds
  peer            TEXT,              -- ADDR:PORT of the sender's end of the connection
  method          TEXT    NOT NULL,
  target          TEXT    NOT NULL,  -- path and query as text; the bytes are in wire.head
  http_version    TEXT    NOT NULL,  -- HTTP/1.0 or HTTP/1.1
  body_size       INTEGER NOT NULL,  -- bytes; of a refused one what was declared or had come
  provider        TEXT    NOT NULL,
  event_id        TEXT,
  event_type      TEXT,
  signature       TEXT    NOT NULL,  -- verified, mismatch, missing, malformed, expired, unchecked
  cause           TEXT,              -- a code of the table of causes, where one was proved
  explanation     TEXT,
  secret_name     TEXT,              -- the NAME of the secret that verified, never the secret
  answer_status   INTEGER,           -- what the sender was answered; NULL while it waits
  refused_code    TEXT,              -- why the listener did not take it whole
  refused_reason  TEXT,
  source          TEXT    NOT NULL,  -- live, resend, replay, import
  duplicate_of    INTEGER REFERENCES deliveries (id) -- first one with this provider and event id
);
CREATE UNIQUE INDEX deliveries_by_revision ON deliveries (revision);
CREATE INDEX deliveries_by_event ON deliveries (provider, event_id) WHERE event_id IS NOT NULL;

-- Wire: the bytes of a delivery as they came.
CREATE TABLE wire (
  delivery_id     INTEGER PRIMARY KEY REFERENCES deliveries (id) ON DELETE CASCADE,
  head            BLOB    NOT NULL,  -- request line and headers, to the empty line
  body            BLOB    NOT NULL   -- chunk framing removed; empty for a refused delivery
);

-- Attempts: every sending of a delivery onwards.
CREATE TABLE attempts (
  id              INTEGER PRIMARY KEY,
  delivery_id     INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  kind            TEXT    NOT NULL,  -- forward, resend, replay
  target_url      TEXT    NOT NULL,
  sent_at         TEXT    NOT NULL,  -- UTC, RFC 3339, microseconds
  took_us         INTEGER NOT NULL,  -- microseconds
  status          INTEGER,           -- NULL if no answer came
  answer_headers  BLOB,              -- header lines
  answer_body     BLOB,              -- the body or its beginning
  answer_size     INTEGER,           -- bytes that the target sent
  failure         TEXT,              -- why no answer came
  timed_out       INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX attempts_by_delivery ON attempts (delivery_id);
";

const V2: &str = "
-- Whether somebody is still looking for the cause of the verdict.
ALTER TABLE deliveries ADD COLUMN diagnosing INTEGER NOT NULL DEFAULT 0;
";

const V3: &str = "
-- What the user made of a delivery.
ALTER TABLE deliveries ADD COLUMN marked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN note TEXT;
-- Removed ones are seen by nobody, can be brought back until the listener ends, and are deleted then.
ALTER TABLE deliveries ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
-- Few, and looked for at every opening.
CREATE INDEX deliveries_removed ON deliveries (id) WHERE removed;
CREATE INDEX deliveries_diagnosing ON deliveries (id) WHERE diagnosing;

-- Purges: which revision had been reached when removed deliveries were deleted; none comes again.
CREATE TABLE purges (revision INTEGER NOT NULL);
";

const V4: &str = "
-- When the connection stood and the head of the answer was there: microseconds from the start.
ALTER TABLE attempts ADD COLUMN connected_us INTEGER;
ALTER TABLE attempts ADD COLUMN first_byte_us INTEGER;
-- What was changed for a new signature; NULL if it was sent exactly as it came.
ALTER TABLE attempts ADD COLUMN changes TEXT;
-- The delivery that an edited one was made from.
ALTER TABLE deliveries ADD COLUMN origin INTEGER REFERENCES deliveries (id) ON DELETE SET NULL;
";

const V5: &str = "
-- Whether the body is another one than that of the first delivery of its event.
ALTER TABLE deliveries ADD COLUMN differs INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET differs = 1 WHERE duplicate_of IS NOT NULL AND refused_code IS NULL
  AND (SELECT refused_code IS NULL FROM deliveries first WHERE first.id = deliveries.duplicate_of)
  AND (SELECT body FROM wire WHERE delivery_id = deliveries.id)
   <> (SELECT body FROM wire WHERE delivery_id = deliveries.duplicate_of);
-- What is new, gone or of another type against earlier bodies of its type: a sentence a line.
ALTER TABLE deliveries ADD COLUMN shape TEXT;
-- Whether it was sent onwards by hand.
ALTER TABLE deliveries ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET resent = 1
  WHERE id IN (SELECT delivery_id FROM attempts WHERE kind = 'resend');
CREATE INDEX deliveries_by_type ON deliveries (provider, event_type) WHERE event_type IS NOT NULL;
CREATE INDEX deliveries_by_origin ON deliveries (origin) WHERE origin IS NOT NULL;

-- Shapes: the paths that bodies of a type had so far, and what stood there.
CREATE TABLE shapes (
  provider        TEXT    NOT NULL,
  event_type      TEXT    NOT NULL,
  paths           TEXT    NOT NULL,  -- a path a line, with a number for its types before it
  PRIMARY KEY (provider, event_type)
) WITHOUT ROWID;
";

/// The versions after `from` up to `to`.
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
    if deliveries.is_empty() {
        return Ok(());
    }
    let mut views = format!(
        "CREATE TEMP VIEW deliveries AS SELECT *{deliveries} FROM main.deliveries; \
         CREATE TEMP VIEW attempts AS SELECT *{attempts} FROM main.attempts;"
    );
    if version < 3 {
        views.push_str(" CREATE TEMP VIEW purges AS SELECT 0 AS revision;");
    }
    connection.execute_batch(&views)
}

/// Brings a store up to the version of this program, all or nothing.
pub(super) fn migrate(connection: &Connection, location: &StoreLocation) -> Result<(), StoreError> {
    let trouble = |error| location.error(error);
    let version = check(connection, location)?;
    // After the checks: this line is the first that writes.
    connection.pragma_update(None, "journal_mode", "wal").map_err(trouble)?;
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        .map_err(trouble)?;
    let version = u32::try_from(version).unwrap_or_default();
    if version == KNOWN {
        // Whoever was looking was stopped.
        let forget = "UPDATE deliveries SET diagnosing = 0 WHERE diagnosing";
        return connection.execute_batch(forget).map_err(trouble);
    }
    connection.execute_batch(&script(version, KNOWN)).map_err(trouble)
}

/// What leads from one version to a later one.
pub(super) fn script(from: u32, to: u32) -> String {
    let steps: String = versions(from, to).map(|version| version.migration).collect();
    format!(
        "BEGIN IMMEDIATE; {steps} PRAGMA application_id = {APPLICATION_ID}; \
         PRAGMA user_version = {to}; COMMIT;"
    )
}

/// The version of a store that this program may use.
pub(super) fn check(connection: &Connection, location: &StoreLocation) -> Result<i64, StoreError> {
    let number = |sql: &str| {
        let found: rusqlite::Result<i64> = connection.query_row(sql, [], |row| row.get(0));
        found.map_err(|error| location.error(error))
    };
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if application != APPLICATION_ID && (application, version, tables) != (0, 0, 0) {
        let reason = "it is an SQLite file of another program".to_owned();
        return Err(StoreError::NotOurs { path: location.shown(), reason });
    }
    if version > i64::from(KNOWN) {
        let path = location.shown();
        return Err(StoreError::Newer { path, found: version, known: i64::from(KNOWN) });
    }
    let size = number("PRAGMA page_count")?.saturating_mul(number("PRAGMA page_size")?);
    if size <= CHECKED {
        let found: rusqlite::Result<String> =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
        let found = found.map_err(|error| location.error(error))?;
        if found != "ok" {
            return Err(StoreError::Damaged { path: location.shown(), reason: found });
        }
    }
    Ok(version)
}
