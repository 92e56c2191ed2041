PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
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
INSERT INTO deliveries VALUES(1,1,'2026-11-24T22:14:17.511330Z','127.0.0.1:50000','POST','/hooks','HTTP/1.1',63,'cribbly','event00000000001','message.created','unchecked',NULL,'no secret is configured, so the signature was not checked',NULL,200,NULL,NULL,'live',NULL);
INSERT INTO deliveries VALUES(2,2,'2026-11-24T22:14:17.523537Z','127.0.0.1:50000','POST','/hooks','HTTP/1.1',63,'cribbly','event00000000001','message.created','unchecked',NULL,'no secret is configured, so the signature was not checked',NULL,200,NULL,NULL,'live',1);
INSERT INTO deliveries VALUES(3,3,'2026-11-24T22:14:17.532454Z','127.0.0.1:50000','POST','/hooks','HTTP/1.1',63,'cribbly','event00000000002','message.created','unchecked',NULL,'no secret is configured, so the signature was not checked',NULL,200,NULL,NULL,'live',NULL);
CREATE TABLE wire (
  delivery_id     INTEGER PRIMARY KEY REFERENCES deliveries (id) ON DELETE CASCADE,
  head            BLOB    NOT NULL,  -- request line and headers, to the empty line
  body            BLOB    NOT NULL   -- chunk framing removed; empty for a refused delivery
);
INSERT INTO wire VALUES(1,X'504f5354202f686f6f6b7320485454502f312e310d0a486f73743a203132372e302e302e313a343439370d0a4163636570743a202a2f2a0d0a557365722d4167656e743a206375726c0d0a436f6e74656e742d4c656e6774683a2036330d0a436f6e74656e742d547970653a206170706c69636174696f6e2f782d7777772d666f726d2d75726c656e636f6465640d0a0d0a',X'7b226964223a226576656e743030303030303030303031222c2274797065223a226d6573736167652e63726561746564222c227061796c6f6164223a7b7d7d');
INSERT INTO wire VALUES(2,X'504f5354202f686f6f6b7320485454502f312e310d0a486f73743a203132372e302e302e313a343439370d0a4163636570743a202a2f2a0d0a557365722d4167656e743a206375726c0d0a436f6e74656e742d4c656e6774683a2036330d0a436f6e74656e742d547970653a206170706c69636174696f6e2f782d7777772d666f726d2d75726c656e636f6465640d0a0d0a',X'7b226964223a226576656e743030303030303030303031222c2274797065223a226d6573736167652e63726561746564222c227061796c6f6164223a7b7d7d');
INSERT INTO wire VALUES(3,X'504f5354202f686f6f6b7320485454502f312e310d0a486f73743a203132372e302e302e313a343439370d0a4163636570743a202a2f2a0d0a557365722d4167656e743a206375726c0d0a436f6e74656e742d4c656e6774683a2036330d0a436f6e74656e742d547970653a206170706c69636174696f6e2f782d7777772d666f726d2d75726c656e636f6465640d0a0d0a',X'7b226964223a226576656e743030303030303030303032222c2274797065223a226d6573736167652e63726561746564222c227061796c6f6164223a7b7d7d');
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
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 VALUES('deliveries','deliveries_by_event','3 3 2');
INSERT INTO sqlite_stat1 VALUES('deliveries','deliveries_by_revision','3 1');
ANALYZE sqlite_schema;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('deliveries',3);
CREATE UNIQUE INDEX deliveries_by_revision ON deliveries (revision);
CREATE INDEX deliveries_by_event ON deliveries (provider, event_id) WHERE event_id IS NOT NULL;
CREATE INDEX attempts_by_delivery ON attempts (delivery_id);
COMMIT;
