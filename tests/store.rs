//! The store, on real files.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use hookglass::delivery::{
    Answered, Attempt, AttemptKind, DeliveryId, EventRef, Head, Header, Outcome, Refusal,
    SignatureStatus, Source, Timing, Verdict,
};
use hookglass::store::{Attempts, KeepError, NewDelivery, Place, Reader, Store, StoreError};
use jiff::Timestamp;
use rusqlite::Connection;

type Tested = Result<(), Box<dyn Error>>;

fn delivery(event: &str, body: impl Into<Bytes>) -> NewDelivery {
    let body = body.into();
    let headers = [Header::new("Host", "h"), Header::new("X-a", "1"), Header::new("x-A", "2")];
    NewDelivery {
        received_at: "2026-01-02T03:04:05.000006Z".parse().unwrap_or(Timestamp::UNIX_EPOCH),
        peer: Some("127.0.0.1:5".to_owned()),
        head: Head::build("POST", "/hook?x=%20", &headers),
        body_size: body.len() as u64,
        body,
        provider: "cribbly".to_owned(),
        event: EventRef { id: Some(event.to_owned()), kind: Some("message.created".to_owned()) },
        signature: Verdict {
            status: SignatureStatus::Verified,
            cause: Some("previous-secret".to_owned()),
            explanation: Some("why".to_owned()),
            secret: Some("OLD".to_owned()),
        },
        response: None,
        refused: None,
        source: Source::Live,
        origin: None,
        diagnosing: false,
    }
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
        changes: Some("X-Signature replaced".to_owned()),
        outcome,
    }
}

async fn finish(writer: hookglass::store::Writer) -> Tested {
    Ok(tokio::task::spawn_blocking(|| writer.finish()).await?)
}

#[tokio::test]
async fn what_is_kept_comes_back_after_a_restart() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("kept.db");
    let place = Place::File(path.clone());
    let (store, writer) = Store::open(&place, "first")?;
    let new = delivery("e1", &b"\x00\xff body"[..]);
    let kept = store.keep(new.clone()).await?;
    let edited = NewDelivery { origin: Some(kept.id), ..delivery("e1", "other") };
    let again = store.keep(edited).await?;
    store.answered(kept.id, 202).await?;
    let answered = Outcome::Answered(Answered {
        status: 404,
        headers: vec![Header::new("X-Y", &b"caf\xe9"[..])],
        body: "no".into(),
        body_size: 20,
    });
    let failed = Outcome::Failed { reason: "refused".to_owned(), timed_out: true };
    store.attempted(attempt(kept.id, answered.clone())).await?;
    store.attempted(attempt(kept.id, failed.clone())).await?;
    finish(writer).await?;

    let (_store, writer) = Store::open(&place, "second")?;
    let reader = Reader::open(&path)?;
    let found = reader.delivery(kept.id)?.ok_or("it is gone")?;
    assert_eq!((found.head, found.body), (new.head, new.body));
    assert_eq!(found.summary.received_at, new.received_at);
    assert_eq!(found.summary.signature, new.signature);
    assert_eq!(found.summary.event, new.event);
    assert_eq!(found.summary.response, Some(202));
    assert_eq!(found.attempts, [attempt(kept.id, answered), attempt(kept.id, failed)]);
    assert_eq!(again.duplicate_of, Some(kept.id));
    let newest = reader.newest(None, 10)?;
    assert_eq!(newest.iter().map(|row| row.id).collect::<Vec<_>>(), [again.id, kept.id]);
    assert_eq!(newest[0].duplicate_of, Some(kept.id));
    assert_eq!((newest[0].origin, newest[1].origin), (Some(kept.id), None));
    assert_eq!(reader.newest(Some(again.id), 10)?.len(), 1);
    assert_eq!(reader.last_id()?, again.id);
    finish(writer).await
}

#[tokio::test]
async fn a_refused_request_is_kept_with_its_reason() -> Tested {
    let (store, writer) = Store::open(&Place::Memory, "")?;
    let refused = Refusal { code: "head-malformed".to_owned(), reason: "no HTTP".to_owned() };
    let head = Head::lenient(Bytes::from_static(b"\x16\x03\x01 what"));
    let new = NewDelivery { head: head.clone(), refused: Some(refused), ..delivery("e", "") };
    let kept = store.keep(new.clone()).await?;
    let found = store.reader()?.delivery(kept.id)?.ok_or("it is gone")?;
    assert_eq!((found.head.raw, found.summary.refused), (head.raw, new.refused));
    finish(writer).await
}

#[tokio::test]
async fn a_tail_tells_each_change_once() -> Tested {
    let folder = tempfile::tempdir()?;
    for place in [Place::Memory, Place::File(folder.path().join("tail.db"))] {
        let (store, writer) = Store::open(&place, "")?;
        let before = store.keep(delivery("e0", "")).await?;
        let mut progress = store.progress();
        let mut tail = store.reader()?.tail()?;
        assert_eq!(tail.next(10)?.len(), 0);
        let first = store.keep(delivery("e1", "")).await?;
        let second = store.keep(delivery("e2", "")).await?;
        progress.changed().await?;
        store.answered(first.id, 200).await?;
        store.answered(before.id, 200).await?;
        let told = tail.next(2)?.into_iter().chain(tail.next(10)?);
        let told: Vec<_> = told.map(|row| (row.id, row.response)).collect();
        assert_eq!(told, [(second.id, None), (first.id, Some(200)), (before.id, Some(200))]);
        assert_eq!(tail.next(10)?.len(), 0);
        finish(writer).await?;
    }
    Ok(())
}

#[tokio::test]
async fn attempts_are_kept_beside_the_listener_that_holds_the_store() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("shared.db");
    let (store, writer) = Store::open(&Place::File(path.clone()), "")?;
    let first = store.keep(delivery("e1", "")).await?.id;
    let mut tail = store.reader()?.tail()?;
    let failed = Outcome::Failed { reason: "refused".to_owned(), timed_out: false };
    let mut attempts = Attempts::open(&path)?;
    for _ in 0..3 {
        attempts.keep(&attempt(first, failed.clone()))?;
    }
    // The listener goes on where the others have come to, and tells of theirs.
    let second = store.keep(delivery("e2", "")).await?.id;
    let told: Vec<_> = tail.next(10)?.into_iter().map(|row| row.id).collect();
    assert_eq!(told, [first, second]);
    let found = store.reader()?.delivery(first)?.ok_or("it is gone")?;
    assert_eq!(found.attempts, vec![attempt(first, failed.clone()); 3]);
    finish(writer).await?;
    // And when nobody holds it.
    attempts.keep(&attempt(second, failed))?;
    assert_eq!(Reader::open(&path)?.delivery(second)?.ok_or("it is gone")?.attempts.len(), 1);
    Ok(())
}

#[tokio::test]
async fn large_deliveries_come_in_smaller_pages() -> Tested {
    let (store, writer) = Store::open(&Place::Memory, "")?;
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
    let (store, writer) = Store::open(&Place::File(folder.path().join("many.db")), "")?;
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
async fn one_that_fails_by_itself_harms_no_other() -> Tested {
    let folder = tempfile::tempdir()?;
    let (store, writer) = Store::open(&Place::File(folder.path().join("one.db")), "")?;
    let attempted = store
        .attempted(attempt(
            DeliveryId(77),
            Outcome::Failed { reason: String::new(), timed_out: false },
        ))
        .await;
    assert!(matches!(attempted, Err(KeepError::Failed(_))), "{attempted:?}");
    assert!(store.progress().borrow().trouble.is_some());
    store.keep(delivery("e", "")).await?;
    assert_eq!(store.progress().borrow().trouble, None);
    finish(writer).await
}

#[tokio::test]
async fn after_the_end_nothing_is_promised() -> Tested {
    let (store, writer) = Store::open(&Place::Memory, "")?;
    finish(writer).await?;
    assert_eq!(store.keep(delivery("e", "")).await, Err(KeepError::Stopped));
    Ok(())
}

#[test]
fn the_folder_is_private_and_ignored_by_git() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(".hookglass/deliveries.db");
    let (_store, writer) = Store::open(&Place::File(path.clone()), "")?;
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
fn a_second_listener_is_told_who_holds_the_store() -> Tested {
    let folder = tempfile::tempdir()?;
    let place = Place::File(folder.path().join("held.db"));
    let (_store, writer) = Store::open(&place, "http://127.0.0.1:4400")?;
    let error = Store::open(&place, "").err().ok_or("it was opened twice")?;
    assert!(matches!(error, StoreError::Held { .. }), "{error}");
    assert!(error.to_string().contains("http://127.0.0.1:4400"), "{error}");
    writer.finish();
    let (_store, writer) = Store::open(&place, "")?;
    writer.finish();
    Ok(())
}

/// Opens a file for writing and for reading, and makes sure that neither changed a byte of it.
fn refused(path: &Path) -> Result<[StoreError; 2], Box<dyn Error>> {
    let before = fs::read(path)?;
    let writing = Store::open(&Place::File(path.to_owned()), "").err().ok_or("it was opened")?;
    let reading = Reader::open(path).err().ok_or("it was read")?;
    assert_eq!(fs::read(path)?, before);
    Ok([writing, reading])
}

#[test]
fn what_is_no_store_is_left_alone() -> Tested {
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
    Store::open(&Place::File(path.clone()), "")?.1.finish();
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
    let (store, writer) = Store::open(&Place::File(path.clone()), "")?;
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
fn an_absent_store_is_not_made_by_reading() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("absent.db");
    assert!(matches!(Reader::open(&path), Err(StoreError::Absent { .. })));
    assert!(!path.exists());
    Ok(())
}

#[test]
fn columns_explain_themselves_to_sqlite() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("plain.db");
    Store::open(&Place::File(path.clone()), "")?.1.finish();
    let plain = Connection::open(&path)?;
    let schema: String =
        plain.query_row("SELECT group_concat(sql) FROM sqlite_schema", [], |row| row.get(0))?;
    assert!(schema.contains("-- what the sender was answered"), "{schema}");
    Ok(())
}
