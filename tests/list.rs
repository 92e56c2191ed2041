//! The list over its index, compared with a plain vector that does the same slowly.

use bytes::Bytes;
use hookglass::app::list::{JumpTarget, List, Seek};
use hookglass::app::sort::{SortKey, SortOrder};
use hookglass::delivery::{
    DeliveryId, EventRef, Head, NewDelivery, SignatureStatus, Summary, Verdict,
};
use hookglass::filter::Filter;
use jiff::Timestamp;

const HEIGHT: usize = 10;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap_or_default()
}

fn micros(count: u64) -> std::time::Duration {
    std::time::Duration::from_micros(count)
}

/// Returns a delivery with random properties.
fn summary(id: i64, random: &mut fastrand::Rng) -> Summary {
    let status = random.choice(SignatureStatus::ALL).unwrap_or(SignatureStatus::Missing);
    let kinds = [None, Some("message.created"), Some("message.updated"), Some("contact.created")];
    let event = random.choice([None, Some(""), Some("a"), Some("evt_00000000000000000001")]);
    // Some are older than earlier ones, as imported deliveries can be.
    let at = Timestamp::from_second(1_700_000_000 + id * 7 - random.i64(0..40));
    let head = Head::build("POST", format!("/{}", random.u8(0..5)), &[]);
    let mut new = NewDelivery::new(head, Bytes::new(), at.unwrap_or_default());
    new.request.body_size = random.u64(0..4);
    "cribbly".clone_into(&mut new.provider);
    new.event = EventRef {
        id: event.flatten().map(|event| format!("{event}{}", random.u8(0..3))),
        event_type: random.choice(kinds).flatten().map(str::to_owned),
    };
    new.signature = Verdict { status, cause: None, explanation: None, secret: None };
    new.response = random.choice([None, Some(200), Some(500)]).flatten();
    new.latency = new.response.filter(|_| random.bool()).map(|_| micros(random.u64(0..4)));
    let mut summary = new.into_delivery(DeliveryId(id), None).summary;
    summary.annotations.marked = random.u8(0..8) == 0;
    summary
}

/// The vector that the list is compared with.
#[derive(Default)]
struct Plain {
    rows: Vec<Summary>,
    filter: Filter,
    order: SortOrder,
}

impl Plain {
    fn put_all(&mut self, rows: impl IntoIterator<Item = Summary>) {
        for row in rows {
            self.put(row);
        }
    }

    fn put(&mut self, row: Summary) {
        match self.rows.binary_search_by_key(&row.id, |row| row.id) {
            Ok(at) => {
                if let Some(old) = self.rows.get_mut(at) {
                    *old = row;
                }
            }
            Err(at) => self.rows.insert(at, row),
        }
    }

    /// Returns the shown rows from the top.
    fn shown(&self) -> Vec<&Summary> {
        let passes = |row: &&Summary| self.filter.test(row, now()) == Some(true);
        let mut shown: Vec<&Summary> = self.rows.iter().filter(passes).collect();
        match self.order.by {
            SortKey::Time => {}
            SortKey::Type => shown.sort_by_key(|row| row.event.event_type.clone()),
            SortKey::Verdict => shown.sort_by_key(|row| {
                SignatureStatus::ALL.iter().position(|status| *status == row.signature.status)
            }),
            SortKey::EventId => shown.sort_by_key(|row| row.event.id.clone()),
            SortKey::Size => shown.sort_by_key(|row| row.request.body_size),
            SortKey::Answer => shown.sort_by_key(|row| row.response),
            SortKey::Latency => shown.sort_by_key(|row| row.latency),
        }
        if self.order.descending {
            shown.reverse();
        }
        shown
    }
}

fn ids(rows: &[&Summary]) -> Vec<DeliveryId> {
    rows.iter().map(|row| row.id).collect()
}

fn orders() -> Vec<SortOrder> {
    use SortKey::{Answer, EventId, Latency, Size, Time, Type, Verdict};
    let keys = [Time, Type, Verdict, EventId, Size, Answer, Latency];
    keys.into_iter()
        .flat_map(|by| [false, true].map(|descending| SortOrder { by, descending }))
        .collect()
}

/// Checks the whole list and its counts, and that the screen is full and contains the selection.
fn holds(list: &List, plain: &Plain, height: usize, step: impl std::fmt::Display) {
    let shown = ids(&plain.shown());
    let bad = plain.rows.iter().filter(|row| row.signature.status.is_failed()).count();
    let marked = plain.rows.iter().filter(|row| row.annotations.marked).count();
    let counts = (list.len(), list.shown(), list.bad(), list.marked());
    assert_eq!(counts, (plain.rows.len(), shown.len(), bad, marked), "after {step}");
    let mut rising = shown.clone();
    rising.sort_unstable();
    assert_eq!(list.shown_ids(), rising, "after {step}");
    let window: Vec<_> = list.window(height).map(|(row, selected)| (row.id, selected)).collect();
    assert_eq!(window.len(), height.min(shown.len()), "after {step}");
    let Some(&(first, _)) = window.first() else { return };
    let top = shown.iter().position(|id| *id == first).unwrap_or(usize::MAX);
    let expected = shown.iter().skip(top).take(height).copied();
    assert!(window.iter().map(|(id, _)| *id).eq(expected), "after {step}: {window:?} {shown:?}");
    assert_eq!(window.iter().filter(|(_, selected)| *selected).count(), 1, "after {step}");
    if list.is_following() {
        assert_eq!(list.selected().map(|row| row.id), rising.last().copied(), "after {step}");
    }
}

/// Returns the row that a seek should find.
fn sought(
    list: &List,
    plain: &Plain,
    down: bool,
    wanted: impl Fn(&Summary) -> bool,
) -> Option<DeliveryId> {
    let shown = plain.shown();
    let selected = list.selected().map(|row| row.id)?;
    let at = shown.iter().position(|row| row.id == selected)?;
    let (ahead, behind) =
        (shown.get(at + 1..).unwrap_or_default(), shown.get(..at).unwrap_or_default());
    let in_turn: Vec<_> = if down {
        ahead.iter().chain(behind).collect()
    } else {
        behind.iter().rev().chain(ahead.iter().rev()).collect()
    };
    in_turn.into_iter().find(|row| wanted(row)).map(|row| row.id)
}

fn seeks(list: &mut List, plain: &Plain, random: &mut fastrand::Rng) {
    let down = random.bool();
    let passing: Filter = "type:message.*".parse().unwrap_or_default();
    let (kind, expected) = match random.u8(0..3) {
        0 => (JumpTarget::Bad, sought(list, plain, down, |row| row.signature.status.is_failed())),
        1 => (JumpTarget::Marked, sought(list, plain, down, |row| row.annotations.marked)),
        _ => {
            let wanted = |row: &Summary| passing.test(row, now()) == Some(true);
            (JumpTarget::Passing(&passing, now()), sought(list, plain, down, wanted))
        }
    };
    let before = list.selected().map(|row| row.id);
    assert_eq!(list.seek(kind, down) != Seek::NotFound, expected.is_some(), "{kind:?} {down}");
    assert_eq!(list.selected().map(|row| row.id), expected.or(before), "{kind:?} {down}");
}

fn jumps(list: &mut List, plain: &Plain, random: &mut fastrand::Rng) {
    let mut shown = plain.shown();
    shown.sort_by_key(|row| row.id);
    let newest = plain.rows.last().map_or(0, |row| row.id.0);
    if random.bool() {
        let id = DeliveryId(random.i64(-3..newest + 5));
        let nearest = shown.iter().min_by_key(|row| row.id.0.abs_diff(id.0)).map(|row| row.id);
        assert_eq!(list.jump_to_id(id), nearest);
        assert_eq!(list.selected().map(|row| row.id), nearest, "{id}");
    } else {
        let at = Timestamp::from_second(1_700_000_000 + random.i64(-100..newest * 7 + 100));
        let at = at.unwrap_or_default();
        let far = |row: &&&Summary| row.request.received_at.duration_since(at).abs();
        let nearest = shown.iter().min_by_key(far).map(|row| row.id);
        assert_eq!(list.jump_to_time(at), nearest.is_some());
        assert_eq!(list.selected().map(|row| row.id), nearest, "{at}");
    }
}

const FILTERS: [&str; 6] =
    ["", "type:message.*", "sig:!verified", "status:200 -marked:yes", "size:>2", "id:nothing"];

/// Adds, changes, or removes deliveries.
fn change(list: &mut List, plain: &mut Plain, random: &mut fastrand::Rng) -> &'static str {
    let newest = plain.rows.last().map_or(500, |row| row.id.0);
    match random.u8(0..5) {
        0 | 1 => {
            let new: Vec<Summary> =
                (1..random.i64(2..6)).map(|step| summary(newest + step, random)).collect();
            list.take(&new, &plain.filter, now());
            plain.put_all(new);
            "new ones"
        }
        2 => {
            let mut some = plain.rows.clone();
            random.shuffle(&mut some);
            let changed: Vec<Summary> =
                some.iter().take(random.usize(0..4)).map(|row| summary(row.id.0, random)).collect();
            let taken = list.take(&changed, &plain.filter, now());
            assert_eq!(taken.known.len(), changed.len());
            plain.put_all(changed);
            "changes"
        }
        3 => {
            let first = plain.rows.first().map_or(500, |row| row.id.0);
            let from = (first - random.i64(0..20)).max(0);
            let page: Vec<Summary> = (from..first).rev().map(|id| summary(id, random)).collect();
            let _ = list.take_older(&page, &plain.filter, now());
            assert_eq!(list.is_filling(), !page.is_empty());
            plain.put_all(page);
            "older ones"
        }
        _ => {
            let gone: Vec<DeliveryId> = (0..random.usize(0..30))
                .filter_map(|_| random.choice(&plain.rows).map(|row| row.id))
                .collect();
            list.remove(&gone);
            plain.rows.retain(|row| !gone.contains(&row.id));
            "a removal"
        }
    }
}

/// Applies one random operation to the list and the vector.
fn happen(list: &mut List, plain: &mut Plain, random: &mut fastrand::Rng) -> &'static str {
    match random.u8(0..12) {
        0..=4 => change(list, plain, random),
        5 => {
            plain.filter = random.choice(FILTERS).unwrap_or("").parse().unwrap_or_default();
            let _ = list.filter(&plain.filter, now());
            "a filter"
        }
        6 => {
            plain.order = random.choice(orders()).unwrap_or_default();
            list.sort(plain.order);
            "sorting"
        }
        7 => {
            list.follow(random.bool());
            plain.order = list.order();
            "following"
        }
        8 => {
            seeks(list, plain, random);
            "a seek"
        }
        9 => {
            jumps(list, plain, random);
            "a jump"
        }
        _ => {
            list.move_by(random.isize(-30..30));
            "a move"
        }
    }
}

#[test]
fn the_list_always_equals_a_plain_vector() {
    for seed in 0..40 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut list, mut plain) = (List::default(), Plain::default());
        for step in 0..150 {
            let what = happen(&mut list, &mut plain, &mut random);
            let height = random.usize(1..25);
            list.settle(height);
            holds(&list, &plain, height, format!("{what}, step {step} of seed {seed}"));
        }
    }
}

#[test]
fn rows_on_the_screen_stay_while_more_arrive() {
    for order in orders() {
        let mut random = fastrand::Rng::with_seed(5);
        let (mut list, mut plain) = (List::default(), Plain { order, ..Plain::default() });
        let mut rows: Vec<Summary> = (1000..1200).map(|id| summary(id, &mut random)).collect();
        list.take(&rows, &plain.filter, now());
        list.sort(order);
        list.follow(false);
        list.settle(HEIGHT);
        list.jump_to_id(DeliveryId(1100));
        list.settle(HEIGHT);
        let line = |list: &List| list.window(HEIGHT).position(|(_, selected)| selected);
        let before = line(&list);
        let older: Vec<Summary> = (900..1000).rev().map(|id| summary(id, &mut random)).collect();
        let newer: Vec<Summary> = (1200..1300).map(|id| summary(id, &mut random)).collect();
        let _ = list.take_older(&older, &plain.filter, now());
        list.take(&newer, &plain.filter, now());
        list.settle(HEIGHT);
        assert_eq!(list.selected().map(|row| row.id), Some(DeliveryId(1100)));
        assert_eq!(line(&list), before, "{order:?}");
        rows.extend(older.into_iter().chain(newer));
        plain.put_all(rows);
        holds(&list, &plain, HEIGHT, format!("{order:?}"));
    }
}

#[test]
fn many_rows_in_many_pages_equal_a_plain_vector() {
    let mut random = fastrand::Rng::with_seed(9);
    let (mut list, mut plain) = (List::default(), Plain::default());
    let mut rows: Vec<Summary> = (1..20_000).map(|id| summary(id, &mut random)).collect();
    for row in &mut rows {
        row.annotations.marked = row.id.0 % 6000 == 17;
    }
    // First the even ids page by page, as when a store is opened, then the odd ids between them, so
    // that pages split.
    let (even, mut odd): (Vec<Summary>, Vec<Summary>) =
        rows.iter().cloned().partition(|row| row.id.0 % 2 == 0);
    for page in even.rchunks(4096) {
        let page: Vec<Summary> = page.iter().rev().cloned().collect();
        let _ = list.take_older(&page, &plain.filter, now());
    }
    random.shuffle(&mut odd);
    for some in odd.chunks(700) {
        list.take(some, &plain.filter, now());
    }
    plain.rows = rows;
    for order in orders() {
        plain.order = order;
        list.sort(order);
        list.jump_to_id(DeliveryId(9000));
        list.settle(HEIGHT);
        holds(&list, &plain, HEIGHT, format!("{order:?}"));
        for _ in 0..12 {
            seeks(&mut list, &plain, &mut random);
        }
    }
    let mut gone: Vec<DeliveryId> = plain.rows.iter().map(|row| row.id).collect();
    random.shuffle(&mut gone);
    gone.truncate(12_000);
    // All rows of one page are removed.
    gone.extend((1..4200).map(DeliveryId));
    list.remove(&gone);
    let gone: std::collections::BTreeSet<DeliveryId> = gone.into_iter().collect();
    plain.rows.retain(|row| !gone.contains(&row.id));
    list.settle(HEIGHT);
    holds(&list, &plain, HEIGHT, "many removals");
}
