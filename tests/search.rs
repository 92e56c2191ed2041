//! Searches in the bytes of deliveries, on real files.

mod support;

use std::cell::{Cell, RefCell};

use hookglass::app::list::List;
use hookglass::delivery::{DeliveryId, Head, Header, NewDelivery, SignatureStatus, Verdict};
use hookglass::filter::Filter;
use hookglass::ops::search::{SearchBatch, StoreSearch};
use hookglass::store::{Store, StorePlace, Writer};
use jiff::Timestamp;
use support::Tested;

fn delivery(number: i64) -> NewDelivery {
    let body = format!("body {number} {}", if number % 10 == 0 { "tiger" } else { "" });
    let headers = [Header::new("X-Number", number.to_string())];
    let head = Head::build("POST", "/", &headers);
    let mut new = NewDelivery::new(head, body.into(), Timestamp::UNIX_EPOCH);
    "cribbly".clone_into(&mut new.provider);
    new.event.event_type = Some(format!("kind{}", number % 3));
    new.signature = Verdict::explained(SignatureStatus::Unchecked, "why");
    new
}

/// Returns a store of this many deliveries, and a list of them.
async fn kept(place: &StorePlace, count: i64) -> Tested<(Store, Writer, List)> {
    let (store, writer) = Store::open(place, "")?;
    let mut keeping = tokio::task::JoinSet::new();
    // The writer takes them in order, so ids follow the order of submission.
    for number in 1..=count {
        let store = store.clone();
        if number % 500 == 0 {
            while let Some(kept) = keeping.join_next().await {
                kept??;
            }
        }
        keeping.spawn(async move { store.keep(delivery(number)).await.map(|_| ()) });
    }
    while let Some(kept) = keeping.join_next().await {
        kept??;
    }
    let mut list = List::default();
    let rows = store.reader()?.newest(None, usize::MAX)?;
    let _ = list.take_older(&rows, &Filter::default(), Timestamp::UNIX_EPOCH);
    Ok((store, writer, list))
}

/// Searches in two threads; returns the matches by rising id, and the number of reports.
fn found(store: &Store, list: &mut List, text: &str) -> Tested<(Vec<DeliveryId>, usize)> {
    let filter: Filter = text.parse()?;
    let open = list.filter(&filter, Timestamp::UNIX_EPOCH);
    let asked = open.rows();
    let search = StoreSearch::new(filter, open);
    let work = || -> Result<Vec<SearchBatch>, hookglass::store::StoreError> {
        let mut reports = Vec::new();
        let reader = store.reader()?;
        search.run(&reader, || true, |findings| reports.push(findings))?;
        Ok(reports)
    };
    let reports = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| thread.join().map_err(|_| "a thread panicked"))
    });
    let mut all = Vec::new();
    for report in reports {
        all.extend(report??);
    }
    assert_eq!(all.iter().map(|findings| findings.tested).sum::<usize>(), asked, "{text}");
    let times = all.len();
    list.show(all.into_iter().flat_map(|findings| findings.ids).collect());
    Ok((list.shown_ids(), times))
}

async fn finish(writer: Writer) -> Tested {
    Ok(tokio::task::spawn_blocking(|| writer.finish()).await?)
}

#[tokio::test]
async fn threads_together_find_what_the_filter_matches() -> Tested {
    let folder = tempfile::tempdir()?;
    for place in [StorePlace::Memory, StorePlace::File(folder.path().join("searched.db"))] {
        let (store, writer, mut list) = kept(&place, 5000).await?;
        let deliveries = store.reader()?.deliveries_after(DeliveryId(0), usize::MAX)?;
        for text in [
            "tiger",
            "body:tiger type:kind1",
            "tiger or header.x-number:77",
            "-body:tiger",
            "header.x-number:>4990 or type:kind0 tiger",
            "body:nothing",
        ] {
            let filter: Filter = text.parse()?;
            let passing = deliveries.iter();
            let passing =
                passing.filter(|delivery| filter.matches(delivery, Timestamp::UNIX_EPOCH));
            let expected: Vec<DeliveryId> = passing.map(|delivery| delivery.summary.id).collect();
            assert_eq!(found(&store, &mut list, text)?.0, expected, "{text}");
        }
        finish(writer).await?;
    }
    Ok(())
}

#[tokio::test]
async fn deliveries_removed_during_a_search_are_not_found() -> Tested {
    let (store, writer, mut list) = kept(&StorePlace::Memory, 300).await?;
    let all = found(&store, &mut list, "tiger")?.0;
    let gone: Vec<DeliveryId> = all.iter().copied().step_by(2).collect();
    store.remove(&gone).await?;
    let left: Vec<DeliveryId> = all.iter().copied().filter(|id| !gone.contains(id)).collect();
    assert_eq!((all.len(), found(&store, &mut list, "tiger")?.0), (30, left));
    finish(writer).await
}

#[tokio::test]
async fn the_newest_matches_are_reported_at_once_and_a_search_can_be_canceled() -> Tested {
    let (store, writer, mut list) = kept(&StorePlace::Memory, 5000).await?;
    let filter: Filter = "tiger".parse()?;
    let open = list.filter(&filter, Timestamp::UNIX_EPOCH);
    let search = StoreSearch::new(filter, open);
    let reader = store.reader()?;
    let reports = RefCell::new(Vec::new());
    let wanted = Cell::new(true);
    search.run(
        &reader,
        || wanted.get(),
        |findings| {
            reports.borrow_mut().push(findings);
            wanted.set(false);
        },
    )?;
    let reports = reports.into_inner();
    assert_eq!(reports[0].tested, 64, "few at first");
    assert!(reports[0].ids.iter().all(|id| id.0 > 4900), "{:?}", reports[0]);
    let tested: usize = reports.iter().map(|findings| findings.tested).sum();
    assert!(tested <= 1024, "{tested} were tested after it was given up");
    finish(writer).await
}
