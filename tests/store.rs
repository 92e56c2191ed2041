//! The store, on real files.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use hookglass::delivery::{
    Attempt, AttemptKind, DeliveryId, EventRef, Head, Header, NewDelivery, Outcome, Refusal,
    ResponseRecord, SignatureStatus, Summary, Timing, Verdict,
};
use hookglass::store::{
    AttemptWriter, Followed, Follower, KeepError, RawParts, Store, StoreChange, StoreError,
    StorePlace, StoreReader,
};
use jiff::Timestamp;
use proptest::prelude::*;
use rusqlite::Connection;
use support::Tested;

fn delivery(event: &str, body: impl Into<Bytes>) -> NewDelivery {
    let headers = [Header::new("Host", "h"), Header::new("X-a", "1"), Header::new("x-A", "2")];
    let at = "2026-01-02T03:04:05.000006Z".parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let mut new = NewDelivery::new(Head::build("POST", "/hook?x=%20", &headers), body.into(), at);
    new.request.peer = Some("127.0.0.1:5".to_owned());
    "cribbly".clone_into(&mut new.provider);
    new.event =
        EventRef { id: Some(event.to_owned()), event_type: Some("message.created".to_owned()) };
    new.signature = Verdict {
        status: SignatureStatus::Verified,
        cause: Some("previous-secret".to_owned()),
        explanation: Some("why".into()),
        secret: Some("OLD".to_owned()),
    };
    new
}

fn attempt(id: DeliveryId, outcome: Outcome) -> Attempt {
    Attempt {
        delivery: id,
        kind: AttemptKind::Resend,
        target: "http://127.0.0.1:9/".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        took: Duration::from_micros(1234),
        timing: Timing {
            connected: Some(Duration::from_micros(12)),
            first_byte: Some(Duration::from_micros(34)),
        },
        sender: None,
        changes: Some("X-Signature replaced".to_owned()),
        outcome,
    }
}

/// Returns the summaries among changes.
fn kept(changes: Vec<StoreChange>) -> impl Iterator<Item = Summary> {
    changes.into_iter().filter_map(|change| match change {
        StoreChange::Kept(summary) => Some(*summary),
        StoreChange::New(_) | StoreChange::Attempted(_) | StoreChange::Removed(_) => None,
    })
}

async fn finish(writer: hookglass::store::Writer) -> Tested {
    Ok(tokio::task::spawn_blocking(|| writer.finish()).await?)
}

#[tokio::test]
async fn stored_deliveries_are_read_after_a_restart() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("kept.db");
    let place = StorePlace::File(path.clone());
    let (store, writer) = Store::open(&place, "first")?;
    let new = delivery("e1", &b"\x00\xff body"[..]);
    let kept = store.keep(new.clone()).await?;
    let mut edited = delivery("e1", "other");
    edited.request.origin = Some(kept.id);
    let again = store.keep(edited).await?;
    store.record_response(kept.id, 202, Some(Duration::from_micros(1204))).await?;
    let answered = Outcome::Responded(ResponseRecord {
        status: 404,
        headers: vec![Header::new("X-Y", &b"caf\xe9"[..])],
        body: "no".into(),
        body_size: 20,
    });
    let failed = Outcome::Failed { reason: "refused".to_owned(), timed_out: true };
    store.record_attempt(attempt(kept.id, answered.clone())).await?;
    store.record_attempt(attempt(kept.id, failed.clone())).await?;
    finish(writer).await?;

    let (_store, writer) = Store::open(&place, "second")?;
    let reader = StoreReader::open(&path)?;
    let found = reader.delivery(kept.id)?.ok_or("it is gone")?;
    assert_eq!((found.head, found.body), (new.head, new.body));
    assert_eq!(found.summary.request.received_at, new.request.received_at);
    assert_eq!(found.summary.signature, new.signature);
    assert_eq!(found.summary.event, new.event);
    assert_eq!(found.summary.response, Some(202));
    assert_eq!(found.attempts, [attempt(kept.id, answered), attempt(kept.id, failed)]);
    assert_eq!(again.duplicate_of, Some(kept.id));
    let newest = reader.newest(None, 10)?;
    assert_eq!(newest.iter().map(|row| row.id).collect::<Vec<_>>(), [again.id, kept.id]);
    assert_eq!(newest[0].duplicate_of, Some(kept.id));
    assert_eq!((newest[0].request.origin, newest[1].request.origin), (Some(kept.id), None));
    assert_eq!(reader.newest(Some(again.id), 10)?.len(), 1);
    assert_eq!(reader.last_id()?, again.id);
    finish(writer).await
}

#[tokio::test]
async fn a_refused_request_is_stored_with_its_reason() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let refused = Refusal { code: "head-malformed".to_owned(), reason: "no HTTP".to_owned() };
    let head = Head::lenient(Bytes::from_static(b"\x16\x03\x01 what"));
    let mut new = NewDelivery { head: head.clone(), ..delivery("e", "") };
    new.request.refused = Some(refused);
    let kept = store.keep(new.clone()).await?;
    let found = store.reader()?.delivery(kept.id)?.ok_or("it is gone")?;
    assert_eq!((found.head.raw, found.summary.request.refused), (head.raw, new.request.refused));
    finish(writer).await
}

#[tokio::test]
async fn a_tail_reports_each_change_once() -> Tested {
    let folder = tempfile::tempdir()?;
    for place in [StorePlace::Memory, StorePlace::File(folder.path().join("tail.db"))] {
        let (store, writer) = Store::open(&place, "")?;
        let before = store.keep(delivery("e0", "")).await?;
        let mut progress = store.progress();
        let mut tail = store.reader()?.tail()?;
        assert_eq!(tail.next(10)?.len(), 0);
        let first = store.keep(delivery("e1", "")).await?;
        let second = store.keep(delivery("e2", "")).await?;
        progress.changed().await?;
        store.record_response(first.id, 200, None).await?;
        store.record_response(before.id, 200, None).await?;
        let rows = kept(tail.next(2)?).chain(kept(tail.next(10)?));
        let rows: Vec<_> = rows.map(|row| (row.id, row.response)).collect();
        assert_eq!(rows, [(second.id, None), (first.id, Some(200)), (before.id, Some(200))]);
        assert_eq!(tail.next(10)?.len(), 0);
        finish(writer).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_commit_without_an_error_wakes_nobody_who_watches_the_health() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let health = store.health();
    store.keep(delivery("e0", "")).await?;
    assert!(!health.has_changed()?);
    drop(health);
    finish(writer).await
}

#[tokio::test]
async fn attempts_are_stored_while_a_listener_has_the_store_open() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("shared.db");
    let (store, writer) = Store::open(&StorePlace::File(path.clone()), "")?;
    let first = store.keep(delivery("e1", "")).await?.id;
    let mut tail = store.reader()?.tail()?;
    let failed = Outcome::Failed { reason: "refused".to_owned(), timed_out: false };
    let mut attempts = AttemptWriter::open(&path)?;
    for _ in 0..3 {
        attempts.keep(&attempt(first, failed.clone()))?;
    }
    // The listener continues after the changes of other processes, and reports them.
    let second = store.keep(delivery("e2", "")).await?.id;
    let ids: Vec<_> = kept(tail.next(10)?).map(|row| row.id).collect();
    assert_eq!(ids, [first, second]);
    let found = store.reader()?.delivery(first)?.ok_or("it is gone")?;
    assert_eq!(found.attempts, vec![attempt(first, failed.clone()); 3]);
    finish(writer).await?;
    // The same while no process has the store open.
    attempts.keep(&attempt(second, failed))?;
    assert_eq!(StoreReader::open(&path)?.delivery(second)?.ok_or("it is gone")?.attempts.len(), 1);
    Ok(())
}

#[tokio::test]
async fn large_deliveries_come_in_smaller_pages() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    for event in ["a", "b", "c"] {
        store.keep(delivery(event, vec![b'x'; 9 << 20])).await?;
    }
    let reader = store.reader()?;
    let page = reader.deliveries_after(DeliveryId(0), 10)?;
    assert_eq!(page.len(), 2);
    assert_eq!(reader.deliveries_after(page[1].summary.id, 10)?.len(), 1);
    drop(reader);
    finish(writer).await
}

#[tokio::test]
async fn many_senders_share_commits_and_ids_rise() -> Tested {
    let folder = tempfile::tempdir()?;
    let (store, writer) = Store::open(&StorePlace::File(folder.path().join("many.db")), "")?;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..500 {
        let store = store.clone();
        tasks.spawn(async move { store.keep(delivery(&format!("e{number}"), "x")).await });
    }
    let mut ids = Vec::new();
    while let Some(kept) = tasks.join_next().await {
        ids.push(kept??.id);
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..=500).map(DeliveryId).collect::<Vec<_>>());
    finish(writer).await
}

#[tokio::test]
async fn a_failed_insert_leaves_the_others_of_its_commit_intact() -> Tested {
    let folder = tempfile::tempdir()?;
    let (store, writer) = Store::open(&StorePlace::File(folder.path().join("one.db")), "")?;
    let attempted = store
        .record_attempt(attempt(
            DeliveryId(77),
            Outcome::Failed { reason: String::new(), timed_out: false },
        ))
        .await;
    assert!(matches!(attempted, Err(KeepError::Failed(_))), "{attempted:?}");
    assert!(store.progress().borrow().error.is_some());
    store.keep(delivery("e", "")).await?;
    assert_eq!(store.progress().borrow().error, None);
    finish(writer).await
}

#[tokio::test]
async fn after_its_end_the_store_accepts_nothing() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    finish(writer).await?;
    assert_eq!(store.keep(delivery("e", "")).await, Err(KeepError::Stopped));
    Ok(())
}

#[test]
fn the_folder_is_private_and_ignored_by_git() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(".hookglass/deliveries.db");
    let (_store, writer) = Store::open(&StorePlace::File(path.clone()), "")?;
    writer.finish();
    assert_eq!(fs::read_to_string(folder.path().join(".hookglass/.gitignore"))?, "*\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).map(|data| data.permissions().mode() & 0o777);
        assert_eq!(mode(&path)?, 0o600);
        assert_eq!(mode(&folder.path().join(".hookglass"))?, 0o700);
    }
    Ok(())
}

#[test]
fn a_second_listener_gets_the_process_that_has_the_store_open() -> Tested {
    let folder = tempfile::tempdir()?;
    let place = StorePlace::File(folder.path().join("held.db"));
    let (_store, writer) = Store::open(&place, "http://127.0.0.1:4400")?;
    let error = Store::open(&place, "").err().ok_or("it was opened twice")?;
    assert!(matches!(error, StoreError::Held { .. }), "{error}");
    assert!(error.to_string().contains("http://127.0.0.1:4400"), "{error}");
    writer.finish();
    let (_store, writer) = Store::open(&place, "")?;
    writer.finish();
    Ok(())
}

/// Opens a file for writing and for reading, and checks that neither changed a byte of it.
fn refused(path: &Path) -> Result<[StoreError; 2], Box<dyn std::error::Error>> {
    let before = fs::read(path)?;
    let writing =
        Store::open(&StorePlace::File(path.to_owned()), "").err().ok_or("it was opened")?;
    let reading = StoreReader::open(path).err().ok_or("it was read")?;
    assert_eq!(fs::read(path)?, before);
    Ok([writing, reading])
}

#[test]
fn a_file_that_is_not_a_store_is_left_alone() -> Tested {
    let folder = tempfile::tempdir()?;
    let text = folder.path().join("notes.txt");
    fs::write(&text, "dear diary")?;
    let other = folder.path().join("other.db");
    Connection::open(&other)?.execute_batch("CREATE TABLE mine (x); PRAGMA user_version = 1")?;
    for path in [text, other] {
        for error in refused(&path)? {
            assert!(matches!(error, StoreError::NotOurs { .. }), "{error}");
        }
    }
    Ok(())
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("newer.db");
    Store::open(&StorePlace::File(path.clone()), "")?.1.finish();
    Connection::open(&path)?.execute_batch("PRAGMA user_version = 99")?;
    for error in refused(&path)? {
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_damaged_store_is_left_alone() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("damaged.db");
    let (store, writer) = Store::open(&StorePlace::File(path.clone()), "")?;
    for number in 0..200 {
        store.keep(delivery(&format!("e{number}"), vec![b'x'; 300])).await?;
    }
    finish(writer).await?;
    let mut bytes = fs::read(&path)?;
    bytes[4096 * 2..4096 * 9].fill(0xaa);
    fs::write(&path, bytes)?;
    for error in refused(&path)? {
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
    Ok(())
}

#[test]
fn reading_does_not_create_a_store() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("absent.db");
    assert!(matches!(StoreReader::open(&path), Err(StoreError::Absent { .. })));
    assert!(!path.exists());
    Ok(())
}

#[test]
fn numbers_in_columns_have_names_in_sqlite() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("plain.db");
    Store::open(&StorePlace::File(path.clone()), "")?.1.finish();
    let plain = Connection::open(&path)?;
    let schema: String =
        plain.query_row("SELECT group_concat(sql) FROM sqlite_schema", [], |row| row.get(0))?;
    assert!(schema.contains("-- status of the response"), "{schema}");
    Ok(())
}

/// Creates a store as a program of an older version left it.
fn older(path: &Path, version: i64) -> Tested {
    let dump = match version {
        1 => include_str!("data/stores/version-1.sql"),
        _ => include_str!("data/stores/version-2.sql"),
    };
    let connection = Connection::open(path)?;
    connection.execute_batch(dump)?;
    let version = format!("PRAGMA user_version = {version}; PRAGMA application_id = 0x484b474c");
    Ok(connection.execute_batch(&version)?)
}

#[tokio::test]
async fn stores_of_older_versions_are_read_unchanged_and_migrated_by_a_listener() -> Tested {
    for version in [1, 2] {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("older.db");
        older(&path, version)?;
        let before = fs::read(&path)?;
        let rows = StoreReader::open(&path)?.newest(None, 10)?;
        let ids: Vec<_> = rows.iter().map(|row| (row.id.0, row.duplicate_of)).collect();
        assert_eq!(ids, [(3, None), (2, Some(DeliveryId(1))), (1, None)], "{version}");
        assert!(
            StoreReader::open(&path)?
                .delivery(DeliveryId(2))?
                .is_some_and(|it| !it.body.is_empty())
        );
        assert_eq!(fs::read(&path)?, before, "reading changed it");

        let (store, writer) = Store::open(&StorePlace::File(path.clone()), "")?;
        assert_eq!(store.reader()?.newest(None, 10)?, rows);
        store.mark(&[DeliveryId(2)], true).await?;
        store.remove(&[DeliveryId(1)]).await?;
        finish(writer).await?;
        let now = StoreReader::open(&path)?.newest(None, 10)?;
        let now: Vec<_> =
            now.iter().map(|row| (row.id.0, row.annotations.marked, row.duplicate_of)).collect();
        assert_eq!(now, [(3, false, None), (2, true, None)], "{version}");
    }
    Ok(())
}

#[tokio::test]
async fn a_store_of_an_older_version_keeps_the_latency_of_a_response() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("older.db");
    older(&path, 2)?;
    let (store, writer) = Store::open(&StorePlace::File(path.clone()), "")?;
    let latency = Some(Duration::from_micros(1204));
    store.record_response(DeliveryId(1), 200, latency).await?;
    finish(writer).await?;
    let read = StoreReader::open(&path)?.delivery(DeliveryId(1))?.ok_or("it is gone")?;
    assert_eq!(read.summary.latency, latency);
    Ok(())
}

#[tokio::test]
async fn a_store_of_an_older_version_keeps_the_path_of_a_source() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("older.db");
    older(&path, 2)?;
    let (store, writer) = Store::open(&StorePlace::File(path.clone()), "")?;
    let mut new = delivery("e1", "{}");
    new.request.via = Some("/stripe".to_owned());
    let id = store.keep(new).await?.id;
    finish(writer).await?;
    let read = StoreReader::open(&path)?.delivery(id)?.ok_or("it is gone")?;
    assert_eq!(read.summary.request.via.as_deref(), Some("/stripe"));
    Ok(())
}

#[tokio::test]
async fn marks_and_notes_are_stored_and_reported() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("marks.db");
    let (store, writer) = Store::open(&StorePlace::File(path.clone()), "")?;
    let one = store.keep(delivery("e1", "")).await?.id;
    let two = store.keep(delivery("e2", "")).await?.id;
    let mut tail = store.reader()?.tail()?;
    store.mark(&[two, one, DeliveryId(77)], true).await?;
    store.note(one, Some("look here".to_owned())).await?;
    store.mark(&[two], false).await?;
    let marks: Vec<_> = kept(tail.next(10)?)
        .map(|row| (row.id, row.annotations.marked, row.annotations.note))
        .collect();
    assert_eq!(marks, [(one, true, Some("look here".to_owned())), (two, false, None)]);
    // A change without an effect is not reported.
    store.mark(&[one], true).await?;
    store.note(one, Some("look here".to_owned())).await?;
    assert_eq!(tail.next(10)?, []);
    finish(writer).await?;
    let kept = StoreReader::open(&path)?.delivery(one)?.ok_or("it is gone")?.summary;
    assert_eq!(
        (kept.annotations.marked, kept.annotations.note.as_deref()),
        (true, Some("look here"))
    );
    Ok(())
}

/// Returns what readers see: ids, and the id that each one repeats.
fn seen(reader: &StoreReader) -> Result<Vec<(i64, Option<i64>)>, StoreError> {
    let page = reader.newest(None, 100)?;
    Ok(page.iter().rev().map(|row| (row.id.0, row.duplicate_of.map(|id| id.0))).collect())
}

#[tokio::test]
async fn removed_deliveries_are_hidden_until_they_are_restored() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let reader = store.reader()?;
    for event in ["a", "a", "b", "a"] {
        store.keep(delivery(event, "body")).await?;
    }
    let mut tail = store.reader()?.tail()?;
    store.remove(&[DeliveryId(1), DeliveryId(3)]).await?;
    assert_eq!(seen(&reader)?, [(2, None), (4, Some(2))]);
    assert_eq!(reader.delivery(DeliveryId(1))?, None);
    assert_eq!(reader.summaries(&[DeliveryId(1), DeliveryId(2)])?.len(), 1);
    assert_eq!(reader.deliveries_after(DeliveryId(0), 10)?.len(), 2);
    let mut bytes = Vec::new();
    let all = DeliveryId(1)..=DeliveryId(9);
    let parts = RawParts { head: false, body: true };
    let _ = reader.for_each_raw_request(&[all], parts, |id, wire| {
        bytes.push((id.0, wire.head.len(), wire.body.len()));
        std::ops::ControlFlow::Continue(())
    })?;
    assert_eq!(bytes, [(4, 0, 4), (2, 0, 4)]);
    let changes = tail.next(10)?;
    let gone: Vec<_> = changes
        .iter()
        .filter_map(|change| match change {
            StoreChange::Removed(id) => Some(id.0),
            StoreChange::New(_) | StoreChange::Attempted(_) | StoreChange::Kept(_) => None,
        })
        .collect();
    assert_eq!(gone, [1, 3]);
    assert_eq!(kept(changes).map(|row| row.id.0).collect::<Vec<_>>(), [2, 4]);
    // A delivery that repeats a removed one counts as the first.
    assert_eq!(store.keep(delivery("b", "")).await?.duplicate_of, None);
    store.restore(&[DeliveryId(3), DeliveryId(1), DeliveryId(99)]).await?;
    assert_eq!(seen(&reader)?, [(1, None), (2, Some(1)), (3, None), (4, Some(1)), (5, Some(3))]);
    assert_eq!(kept(tail.next(10)?).count(), 5);
    drop((reader, tail));
    finish(writer).await
}

#[tokio::test]
async fn removed_deliveries_are_deleted_at_the_end_and_revisions_are_unique() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("purged.db");
    let place = StorePlace::File(path.clone());
    let count = |table: &str| -> Result<i64, rusqlite::Error> {
        let sql = format!("SELECT count(*) FROM {table}");
        Connection::open(&path)?.query_row(&sql, [], |row| row.get(0))
    };
    let (store, writer) = Store::open(&place, "")?;
    for event in ["a", "a", "b"] {
        let id = store.keep(delivery(event, "body")).await?.id;
        let failed = Outcome::Failed { reason: String::new(), timed_out: false };
        store.record_attempt(attempt(id, failed)).await?;
    }
    store.remove(&[DeliveryId(1), DeliveryId(3)]).await?;
    assert_eq!(count("wire")?, 3, "it can still come back");
    finish(writer).await?;
    assert_eq!([count("deliveries")?, count("wire")?, count("attempts")?], [1, 1, 1]);

    let (store, writer) = Store::open(&place, "")?;
    assert_eq!(seen(&store.reader()?)?, [(2, None)]);
    let reached = store.progress().borrow().revision;
    store.remove(&[DeliveryId(2)]).await?;
    finish(writer).await?;
    assert_eq!([count("deliveries")?, count("wire")?, count("attempts")?], [0, 0, 0]);
    let (store, writer) = Store::open(&place, "")?;
    assert!(store.progress().borrow().revision > reached);
    assert_eq!(store.keep(delivery("a", "")).await?.id, DeliveryId(4), "ids are not used twice");
    finish(writer).await
}

#[tokio::test]
async fn deliveries_that_a_killed_listener_removed_are_deleted_by_the_next_one() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("killed.db");
    let place = StorePlace::File(path.clone());
    let (store, writer) = Store::open(&place, "")?;
    for event in ["a", "b", "c"] {
        store.keep(delivery(event, "body")).await?;
    }
    finish(writer).await?;
    Connection::open(&path)?.execute_batch("UPDATE deliveries SET removed = 1 WHERE id <> 2")?;
    let (store, writer) = Store::open(&place, "")?;
    // Deliveries removed in this run are deleted at its end.
    store.remove(&[DeliveryId(2)]).await?;
    let left = || -> Result<i64, rusqlite::Error> {
        Connection::open(&path)?.query_row("SELECT count(*) FROM deliveries", [], |row| row.get(0))
    };
    while left()? > 1 {
        tokio::task::yield_now().await;
    }
    store.restore(&[DeliveryId(2)]).await?;
    assert_eq!(seen(&store.reader()?)?, [(2, None)]);
    finish(writer).await
}

#[tokio::test]
async fn many_deliveries_are_removed_while_others_arrive() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..3000 {
        let store = store.clone();
        tasks.spawn(async move { store.keep(delivery(&format!("e{}", number % 10), "x")).await });
    }
    while let Some(kept) = tasks.join_next().await {
        kept??;
    }
    let ids: Vec<_> = (1..=2999).map(DeliveryId).collect();
    let (removed, kept) = tokio::join!(store.remove(&ids), store.keep(delivery("new", "x")));
    removed?;
    assert_eq!(kept?.id, DeliveryId(3001));
    assert_eq!(seen(&store.reader()?)?, [(3000, None), (3001, None)]);
    store.restore(&ids).await?;
    let repeats = store.reader()?.newest(None, 4000)?;
    assert_eq!(repeats.iter().filter(|row| row.duplicate_of.is_some()).count(), 2990);
    assert!(repeats.iter().all(|row| row.duplicate_of.is_none_or(|first| first < row.id)));
    finish(writer).await
}

/// Returns everything that a follower receives until it has all commits so far.
async fn followed(store: &Store, follower: &mut Follower) -> Tested<Vec<Followed>> {
    hand_out(store).await?;
    Ok(std::iter::from_fn(|| follower.try_next()).collect())
}

/// Returns once followers have everything that was stored so far: the writer replies first, and then
/// hands a commit out before the next one.
async fn hand_out(store: &Store) -> Tested {
    Ok(store.set_hub_value("read", "1").await?)
}

/// Returns the ids of new deliveries that a follower received in memory.
fn new_ids(followed: &[Followed]) -> Vec<i64> {
    let commits = followed.iter().filter_map(|followed| match followed {
        Followed::Commit(commit) => Some(commit),
        Followed::Missed => None,
    });
    let new = commits.flat_map(|commit| commit.changes()).filter_map(|change| match change {
        StoreChange::New(delivery) => Some(delivery.summary.id.0),
        StoreChange::Attempted(_) | StoreChange::Kept(_) | StoreChange::Removed(_) => None,
    });
    new.collect()
}

#[tokio::test]
async fn a_follower_is_handed_the_delivery_that_was_stored() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let mut follower = store.follow()?;
    let stored = store.keep(delivery("e1", "body")).await?;
    let Some(Followed::Commit(commit)) = follower.next().await else {
        return Err("there is no commit".into());
    };
    let changes: Vec<_> = commit.changes().cloned().collect();
    let [StoreChange::New(handed)] = changes.as_slice() else {
        return Err(format!("{changes:?}").into());
    };
    assert!(Arc::ptr_eq(handed, &stored.delivery));
    finish(writer).await
}

#[tokio::test]
async fn a_follower_receives_what_the_store_holds() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let mut follower = store.follow()?;
    store.keep(delivery("e1", "body")).await?;
    let stored = store.keep(delivery("e1", "other")).await?;
    assert_eq!(new_ids(&followed(&store, &mut follower).await?), [1, 2]);
    assert_eq!(store.reader()?.delivery(stored.id)?.as_ref(), Some(&*stored.delivery));
    finish(writer).await
}

#[tokio::test]
async fn a_follower_receives_attempts_and_changes_in_memory() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let id = store.keep(delivery("e1", "")).await?.id;
    let mut follower = store.follow()?;
    let failed = Outcome::Failed { reason: "refused".to_owned(), timed_out: false };
    store.record_attempt(attempt(id, failed.clone())).await?;
    let Some(Followed::Commit(commit)) = follower.next().await else {
        return Err("there is no commit".into());
    };
    let summary = store.reader()?.summaries(&[id])?.pop().ok_or("not kept")?;
    let expected = [
        StoreChange::Attempted(Arc::new(attempt(id, failed))),
        StoreChange::Kept(Box::new(summary)),
    ];
    assert_eq!(commit.changes().cloned().collect::<Vec<_>>(), expected);
    finish(writer).await
}

#[tokio::test]
async fn a_follower_that_lags_reads_what_it_missed() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let mut follower = store.follow()?;
    for number in 0..300 {
        store.keep(delivery(&format!("e{number}"), "")).await?;
    }
    assert!(matches!(follower.next().await, Some(Followed::Missed)));
    let mut ids = Vec::new();
    loop {
        let page = follower.read_missed(7)?;
        if page.is_empty() {
            break;
        }
        ids.extend(kept(page).map(|row| row.id.0));
    }
    assert_eq!(ids, (1..=300).collect::<Vec<_>>());
    finish(writer).await
}

/// Takes what a follower has received, at most this many times, and reads what it missed in pages;
/// returns the ids in order.
fn take_or_read(follower: &mut Follower, times: usize, page: usize) -> Tested<Vec<i64>> {
    let mut ids = Vec::new();
    for _ in 0..times {
        let Some(commit) = follower.try_next() else { break };
        ids.extend(new_ids(std::slice::from_ref(&commit)));
        let mut is_behind = matches!(commit, Followed::Missed);
        while is_behind {
            let missed = follower.read_missed(page)?;
            is_behind = missed.len() == page;
            ids.extend(kept(missed).map(|row| row.id.0));
        }
    }
    Ok(ids)
}

/// Stores deliveries in rounds, and lets a follower take some of the commits after each.
fn follow_in_rounds(rounds: &[(usize, usize)], page: usize) -> Tested<(Vec<i64>, usize)> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let mut follower = store.follow()?;
    let (mut ids, mut total) = (Vec::new(), 0);
    for (count, times) in rounds {
        for _ in 0..*count {
            total += 1;
            runtime.block_on(store.keep(delivery(&format!("e{total}"), "")))?;
        }
        runtime.block_on(hand_out(&store))?;
        ids.extend(take_or_read(&mut follower, *times, page)?);
    }
    ids.extend(take_or_read(&mut follower, usize::MAX, page)?);
    drop(store);
    writer.finish();
    Ok((ids, total))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    // The channel has room for 64 commits.
    #[test]
    fn a_follower_receives_each_delivery_once_however_far_it_falls_behind(
        rounds in proptest::collection::vec((0..100_usize, 0..80_usize), 1..6),
        page in 1..50_usize,
    ) {
        let outcome = follow_in_rounds(&rounds, page);
        let (ids, total) = outcome.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(ids, (1..=i64::try_from(total).unwrap_or(0)).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_follower_that_caught_up_receives_nothing_twice() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let mut follower = store.follow()?;
    for number in 0..300 {
        store.keep(delivery(&format!("e{number}"), "")).await?;
    }
    assert!(matches!(follower.next().await, Some(Followed::Missed)));
    while !follower.read_missed(100)?.is_empty() {}
    store.keep(delivery("last", "")).await?;
    let rest = followed(&store, &mut follower).await?;
    assert!(!rest.iter().any(|it| matches!(it, Followed::Missed)), "{rest:?}");
    assert_eq!(new_ids(&rest), [301]);
    finish(writer).await
}

#[tokio::test]
async fn a_follower_reads_large_bodies_from_the_store() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let mut follower = store.follow()?;
    store.keep(delivery("e1", vec![b'x'; 20 << 20])).await?;
    assert!(matches!(follower.next().await, Some(Followed::Missed)));
    assert_eq!(kept(follower.read_missed(10)?).count(), 1);
    finish(writer).await
}

#[tokio::test]
async fn a_follower_learns_what_another_process_wrote() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("shared.db");
    let (store, writer) = Store::open(&StorePlace::File(path.clone()), "")?;
    let first = store.keep(delivery("e1", "")).await?.id;
    let mut follower = store.follow()?;
    let failed = Outcome::Failed { reason: "refused".to_owned(), timed_out: false };
    AttemptWriter::open(&path)?.keep(&attempt(first, failed))?;
    let second = store.keep(delivery("e2", "")).await?.id;
    assert!(matches!(follower.next().await, Some(Followed::Missed)));
    let ids: Vec<_> = kept(follower.read_missed(10)?).map(|row| row.id).collect();
    assert_eq!(ids, [first, second]);
    finish(writer).await
}

#[tokio::test]
async fn a_follower_ends_with_the_writer() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let mut follower = store.follow()?;
    finish(writer).await?;
    assert!(follower.next().await.is_none());
    assert!(store.follow()?.next().await.is_none());
    Ok(())
}

#[tokio::test]
async fn a_job_that_fails_in_a_group_is_undone_alone() -> Tested {
    let folder = tempfile::tempdir()?;
    let (store, writer) = Store::open(&StorePlace::File(folder.path().join("one.db")), "")?;
    let mut follower = store.follow()?;
    let refused =
        || attempt(DeliveryId(77), Outcome::Failed { reason: String::new(), timed_out: false });
    // Submitted at once, so that most of them share a commit.
    let keeping = (0..50).map(|number| store.keep(delivery(&format!("e{number}"), "x")));
    let failing = (0..50).map(|_| store.record_attempt(refused()));
    let (stored, failed) = tokio::join!(join_all(keeping), join_all(failing));
    assert!(failed.iter().all(Result::is_err));
    let ids: Vec<_> =
        stored.into_iter().map(|it| it.map(|it| it.id.0)).collect::<Result<_, _>>()?;
    assert_eq!(ids, (1..=50).collect::<Vec<_>>());
    assert_eq!(new_ids(&followed(&store, &mut follower).await?), ids);
    assert_eq!(store.reader()?.newest(None, 100)?.len(), 50);
    finish(writer).await
}
