//! Relations between deliveries: repeated event ids, resends, earlier deliveries, and shapes.

mod support;

use bytes::Bytes;
use hookglass::delivery::{
    Attempt, AttemptKind, DeliveryFlags, DeliveryId, EventRef, Head, Header, NewDelivery, Outcome,
    Refusal, SignatureStatus, Summary, Verdict,
};
use hookglass::intake::learn_schemas;
use hookglass::store::{
    AttemptWriter, Store, StoreChange, StorePlace, StoreReader, Tail, TypeMatch, Writer,
};
use support::Tested;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

fn delivery(event: &str, kind: &str, body: &str) -> NewDelivery {
    let head = Head::build("POST", "/", &[Header::new("Content-Type", "application/json")]);
    let body = Bytes::copy_from_slice(body.as_bytes());
    let mut new = NewDelivery::new(head, body, jiff::Timestamp::UNIX_EPOCH);
    "cribbly".clone_into(&mut new.provider);
    new.event = EventRef { id: Some(event.to_owned()), event_type: Some(kind.to_owned()) };
    new.signature = Verdict::explained(SignatureStatus::Unchecked, "no secret");
    new.response = Some(200);
    new
}

async fn finish(writer: Writer) -> Tested {
    Ok(tokio::task::spawn_blocking(move || writer.finish()).await?)
}

fn differing(reader: &StoreReader) -> Tested<Vec<i64>> {
    let all = reader.newest(None, 100)?;
    Ok(all.iter().rev().filter(|row| row.flags.differs).map(|row| row.id.0).collect())
}

#[tokio::test]
async fn other_bytes_under_one_id_are_flagged() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let reader = store.reader()?;
    let refusal = Refusal { code: "body-too-large".to_owned(), reason: "why".to_owned() };
    let mut refused = delivery("a", "t", "");
    refused.request.refused = Some(refusal);
    let mut differs = Vec::new();
    for new in [
        delivery("a", "t", "1"),
        delivery("a", "t", "2"),
        delivery("a", "t", "1"),
        refused,
        delivery("b", "t", "2"),
        NewDelivery { provider: "stripe".to_owned(), ..delivery("a", "t", "3") },
    ] {
        differs.push(store.keep(new).await?.differs);
    }
    assert_eq!(differs, [false, true, false, false, false, false]);
    assert_eq!(differing(&reader)?, [2]);
    // The first one that was not removed is the one to compare with.
    store.remove(&[DeliveryId(1)]).await?;
    assert_eq!(differing(&reader)?, [3]);
    store.restore(&[DeliveryId(1)]).await?;
    assert_eq!(differing(&reader)?, [2]);
    drop(reader);
    finish(writer).await
}

#[tokio::test]
async fn a_resent_delivery_is_flagged_whichever_process_stores_the_attempt() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("resent.db");
    let (store, writer) = Store::open(&StorePlace::File(path.clone()), "")?;
    let attempt = |id, kind| Attempt {
        delivery: DeliveryId(id),
        kind,
        target: "http://127.0.0.1:9".to_owned(),
        at: jiff::Timestamp::UNIX_EPOCH,
        took: std::time::Duration::ZERO,
        timing: hookglass::delivery::Timing::default(),
        sender: None,
        changes: None,
        outcome: Outcome::Failed { reason: "refused".to_owned(), timed_out: false },
    };
    for event in ["a", "b", "c"] {
        store.keep(delivery(event, "t", "")).await?;
    }
    store.record_attempt(attempt(1, AttemptKind::Resend)).await?;
    store.record_attempt(attempt(1, AttemptKind::Forward)).await?;
    store.record_attempt(attempt(2, AttemptKind::Forward)).await?;
    AttemptWriter::open(&path)?.keep(&attempt(3, AttemptKind::Resend))?;
    let all = store.reader()?.newest(None, 9)?;
    let resent: Vec<_> = all.iter().map(|row| (row.id.0, row.flags.resent)).collect();
    assert_eq!(resent, [(3, true), (2, false), (1, true)]);
    finish(writer).await
}

#[tokio::test]
async fn related_deliveries_are_found_without_removed_ones() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let reader = store.reader()?;
    for event in ["a", "b", "a", "a"] {
        store.keep(delivery(event, "t", event)).await?;
    }
    let mut edited = delivery("a", "t", "edited");
    edited.request.origin = Some(DeliveryId(1));
    store.keep(edited).await?;
    store.remove(&[DeliveryId(4)]).await?;
    let summary =
        |id| -> Tested<Summary> { Ok(reader.summaries(&[DeliveryId(id)])?.pop().ok_or("gone")?) };
    let related = reader.related(&summary(1)?)?;
    let ids = |rows: &[Summary]| rows.iter().map(|row| row.id.0).collect::<Vec<_>>();
    assert_eq!((ids(&related.of_event), ids(&related.edited)), (vec![1, 3, 5], vec![5]));
    assert_eq!(ids(&reader.related(&summary(2)?)?.of_event), [2]);
    for _ in 0..210 {
        store.keep(delivery("many", "t", "")).await?;
    }
    let many = reader.related(&summary(100)?)?;
    assert_eq!((many.of_event.len(), many.more), (200, 10));
    drop(reader);
    finish(writer).await
}

#[tokio::test]
async fn the_previous_delivery_of_a_type_or_family_is_found() -> Tested {
    let (store, writer) = Store::open(&StorePlace::Memory, "")?;
    let reader = store.reader()?;
    for (kind, body) in [
        ("message.created", "x"),
        ("message.updated", "y"),
        ("message.updated", "x"),
        ("messages", "x"),
        ("message.updated", "y"),
        ("message.updated", "z"),
    ] {
        store.keep(delivery("", kind, body)).await?;
    }
    store.remove(&[DeliveryId(5)]).await?;
    let of = reader.summaries(&[DeliveryId(6)])?.pop().ok_or("gone")?;
    let find = |kin, limit, wanted: &str| -> Tested<Option<i64>> {
        let fits = |_, _: &Head, body: &[u8]| wanted.is_empty() || body == wanted.as_bytes();
        Ok(reader.find_earlier(&of, kin, limit, fits)?.map(|id| id.0))
    };
    let kind = TypeMatch::Type("message.updated");
    assert_eq!(find(kind, 9, "")?, Some(3));
    assert_eq!(find(kind, 9, "y")?, Some(2));
    assert_eq!(find(kind, 1, "y")?, None);
    assert_eq!(find(kind, 9, "z")?, None);
    assert_eq!(find(TypeMatch::Family("message."), 9, "x")?, Some(3));
    assert_eq!(find(TypeMatch::Family("messages"), 9, "x")?, Some(4));
    let earlier = reader.earlier_of_type(&of, 9)?;
    assert_eq!(earlier.iter().map(|one| one.summary.id.0).collect::<Vec<_>>(), [2, 3]);
    drop(reader);
    finish(writer).await
}

/// Waits for the store's report on the shape of a delivery.
async fn shape_of(store: &Store, tail: &mut Tail, id: DeliveryId) -> Tested<Vec<String>> {
    let mut progress = store.progress();
    loop {
        for change in tail.next(100)? {
            if let StoreChange::Kept(row) = change
                && row.id == id
                && row.flags != DeliveryFlags::default()
            {
                return Ok(row.flags.schema_changes);
            }
        }
        progress.changed().await?;
    }
}

#[tokio::test]
async fn a_new_shape_is_flagged_and_known_shapes_outlive_the_program() -> Tested {
    let folder = tempfile::tempdir()?;
    let place = StorePlace::File(folder.path().join("shapes.db"));
    let run = || -> Tested<_> {
        let (store, writer) = Store::open(&place, "")?;
        let stop = CancellationToken::new();
        let mut learning = JoinSet::new();
        learning.spawn(learn_schemas(store.clone(), stop.clone()));
        Ok((store, writer, stop, learning))
    };
    let first = r#"{"id":1,"who":null}"#;
    // Nothing learned shapes while these were stored.
    let (store, writer) = Store::open(&place, "")?;
    store.keep(delivery("a", "t", first)).await?;
    store.keep(delivery("b", "t", r#"{"id":2,"who":{"name":"x"}}"#)).await?;
    finish(writer).await?;

    let (store, writer, stop, learning) = run()?;
    let mut tail = store.reader()?.tail()?;
    store.keep(delivery("c", "t", first)).await?;
    store.keep(delivery("d", "t", "no JSON")).await?;
    let odd = store.keep(delivery("e", "t", r#"{"id":"3","more":[]}"#)).await?;
    assert_eq!(
        shape_of(&store, &mut tail, odd.id).await?,
        [
            ".id is string (was number)",
            ".more is new (array)",
            ".who is missing (was null or object)"
        ]
    );
    assert!(store.reader()?.summaries(&[DeliveryId(3)])?[0].flags.schema_changes.is_empty());
    stop.cancel();
    learning.join_all().await;
    finish(writer).await?;

    let (store, writer, stop, learning) = run()?;
    let mut tail = store.reader()?.tail()?;
    store.keep(delivery("f", "t", r#"{"id":"4","more":[1]}"#)).await?;
    let odd = store.keep(delivery("g", "t", r#"{"id":true}"#)).await?;
    let changes = shape_of(&store, &mut tail, odd.id).await?;
    assert_eq!(changes, [".id is boolean (was number or string)"]);
    assert!(store.reader()?.summaries(&[DeliveryId(6)])?[0].flags.schema_changes.is_empty());
    stop.cancel();
    learning.join_all().await;
    finish(writer).await
}
