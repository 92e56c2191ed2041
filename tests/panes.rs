//! The comparison and the timeline: screens and keys.

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookglass::app::diff::{DeliveryDiff, DiffRequest, Volatile};
use hookglass::app::{Effect, Event, Loaded};
use hookglass::delivery::{
    Attempt, AttemptKind, Delivery, DeliveryFlags, DeliveryId, EventRef, Head, Header, NewDelivery,
    Outcome, Related, ResponseRecord, SignatureStatus, Timing, Verdict,
};
use hookglass::ops::annotate::Annotation;
use hookglass::ops::diff::BaselineReason;
use support::stage::{SIZES, Stage, at, session};

const BODIES: [&str; 4] = [
    r#"{"id":"e1","type":"message.created","payload":{"id":"m1","contact":{"id":"k1","username":"Kevin Bean","phone":"+15550100007"},"message":"Did you see it?","tags":["a","b","c"],"reactions":[],"read_at":0,"updated_at":1800000000}}"#,
    r#"{"id":"e2","type":"message.updated","payload":{"id":"m1","contact":{"id":"k1","username":"Kevin Bean","phone":"+15550100007"},"message":"It’s the tiger 🐅","tags":["a","b","c"],"reactions":[],"read_at":0,"updated_at":1800000001}}"#,
    r#"{"id":"e3","type":"message.updated","payload":{"id":"m1","contact":{"id":"k1","username":"Kevin B. Bean","phone":null},"message":"It’s the tiger 🐅 from Thursday’s zoo trip, which was so long that nobody wants to read a line of it to its end, however wide the screen is","tags":["c","a","b"],"reactions":[{"emoji":"🐯","contact_id":"k1"}],"read_at":1800000050,"updated_at":1800000060}}"#,
    "no JSON\nat all\tand \u{202e}hostile\n",
];

fn delivery(id: i64) -> Delivery {
    let body = usize::try_from(id - 1).ok().and_then(|at| BODIES.get(at)).unwrap_or(&"{}");
    let kind = if id == 1 { "message.created" } else { "message.updated" };
    let mut headers = vec![
        Header::new("Host", "127.0.0.1:4400"),
        Header::new("Content-Type", if id == 4 { "text/plain" } else { "application/json" }),
        Header::new("X-Cribbly-Signature", format!("{id}").repeat(64)),
    ];
    if id == 3 {
        headers.push(Header::new("X-New", "\x1b[31m red"));
    }
    let head = Head::build("POST", "/hooks", &headers);
    let mut new = NewDelivery::new(head, Bytes::copy_from_slice(body.as_bytes()), at(id * 40));
    new.request.peer = Some("127.0.0.1:50000".to_owned());
    "cribbly".clone_into(&mut new.provider);
    new.event = EventRef { id: Some(format!("e{id}")), event_type: Some(kind.to_owned()) };
    new.signature = Verdict::explained(SignatureStatus::Unchecked, "no secret");
    new.response = Some(200);
    new.into_delivery(DeliveryId(id), None)
}

fn attempt(second: i64, target: &str, status: Option<u16>, body: &str) -> Attempt {
    let outcome = match status {
        Some(status) => Outcome::Responded(ResponseRecord {
            status,
            headers: vec![Header::new("X-Run", format!("{second}"))],
            body: Bytes::copy_from_slice(body.as_bytes()),
            body_size: body.len() as u64 + 7,
        }),
        None => Outcome::Failed { reason: "connection refused".to_owned(), timed_out: false },
    };
    Attempt {
        delivery: DeliveryId(3),
        kind: if second == 0 { AttemptKind::Forward } else { AttemptKind::Resend },
        target: target.to_owned(),
        at: at(120 + second),
        took: Duration::from_micros(12_300),
        timing: Timing {
            connected: status.map(|_| Duration::from_micros(400)),
            first_byte: status.map(|_| Duration::from_millis(11)),
        },
        sender: None,
        changes: (second > 0).then(|| "X-Cribbly-Signature replaced".to_owned()),
        outcome,
    }
}

/// Returns the third delivery with every kind of entry that a timeline can have.
fn storied() -> Loaded {
    let mut delivery = delivery(3);
    delivery.summary.duplicate_of = Some(DeliveryId(2));
    delivery.summary.request.origin = Some(DeliveryId(1));
    delivery.summary.flags = DeliveryFlags {
        differs: true,
        schema_changes: vec![".payload.contact.phone is null and was string".to_owned()],
        resent: true,
        ..DeliveryFlags::default()
    };
    delivery.attempts = vec![
        attempt(0, "http://127.0.0.1:3000", Some(200), r#"{"ok":true,"by":"old"}"#),
        attempt(0, "http://127.0.0.1:4000", Some(500), r#"{"ok":true,"by":"new \u001b"}"#),
        attempt(5, "http://127.0.0.1:4000", Some(204), ""),
        attempt(9, "http://127.0.0.1:5000", None, ""),
    ];
    let summary = |id: i64| {
        let mut summary = self::delivery(id).summary;
        summary.duplicate_of = (id > 2).then_some(DeliveryId(2));
        summary.flags.differs = id == 3;
        summary.response = [Some(500), Some(200), Some(0)]
            .get(usize::try_from(id - 2).unwrap_or(9))
            .copied()
            .flatten();
        summary
    };
    let related = Related {
        of_event: vec![summary(2), summary(3), summary(4)],
        more: 0,
        edited: vec![summary(7)],
    };
    Loaded::new(delivery, None).among(related, Some(summary(2)))
}

/// Opens the dashboard over the four deliveries; effects of comparing and marking are carried out
/// at once.
fn open(size: (u16, u16)) -> Stage {
    let rows = (1..=4).map(|id| delivery(id).summary).collect();
    Stage::new(size, session(&[], "in memory only"), 300, rows, |effect| match effect {
        Effect::Load(DeliveryId(3)) => Some(Event::Loaded(Arc::new(storied()))),
        Effect::Load(id) => Some(Event::Loaded(Arc::new(Loaded::new(delivery(id.0), None)))),
        &Effect::Compare(wish) => Some(Event::Compared { wish, outcome: compared(wish) }),
        Effect::Annotate(Annotation::Mark { ids, marked }) => {
            let mut rows: Vec<_> = ids.iter().map(|id| delivery(id.0).summary).collect();
            for row in &mut rows {
                row.annotations.marked = *marked;
            }
            Some(Event::Kept(rows))
        }
        _ => None,
    })
}

/// Returns the requested comparisons.
fn wishes(stage: &Stage) -> Vec<(i64, Option<i64>)> {
    let wish = |effect: &Effect| match effect {
        Effect::Compare(wish) => Some((wish.new.0, wish.old.map(|old| old.0))),
        _ => None,
    };
    stage.effects.iter().filter_map(wish).collect()
}

fn last_wish(stage: &Stage) -> Option<(i64, Option<i64>)> {
    wishes(stage).last().copied()
}

fn compared(wish: DiffRequest) -> Result<Arc<DeliveryDiff>, String> {
    let (old, pick) = match wish.old {
        Some(old) => (old.0, BaselineReason::Chosen),
        None if wish.new.0 == 1 => return Err("there is no earlier one".to_owned()),
        None => (wish.new.0 - 1, BaselineReason::Object),
    };
    let names = [".id".to_owned()];
    let volatile = Volatile::read(&names).map_err(|error| error.to_string())?;
    let (old, new) = (delivery(old), delivery(wish.new.0));
    Ok(Arc::new(DeliveryDiff::new(old, new, pick, &volatile, &["x-cribbly-signature"])))
}

#[test]
fn panes_at_three_sizes() {
    for size in SIZES {
        let named = |name: &str| format!("{name}_{}x{}", size.0, size.1);
        let mut stage = open(size);
        insta::assert_snapshot!(named("diff"), stage.press("k6<Tab>").screen());
        insta::assert_snapshot!(named("diff_end"), stage.press("<End>").screen());
        insta::assert_snapshot!(named("timeline_storied"), stage.press("4").screen());
        insta::assert_snapshot!(named("timeline_end"), stage.press("z<End>").screen());
        insta::assert_snapshot!(named("diff_lines"), stage.press("6zJ").screen());
    }
}

/// Returns the part of the tab line that describes the change at the cursor.
fn change(stage: &Stage) -> String {
    let screen = stage.screen();
    let tabs = screen.lines().nth(1).unwrap_or_default();
    tabs.rsplit("  ").next().unwrap_or_default().trim().to_owned()
}

#[test]
fn a_wide_pane_has_both_sides_of_a_change_in_a_row() {
    let mut stage = open((120, 36));
    let screen = stage.press("k6<Tab>z").screen();
    let row = screen.lines().find(|line| line.contains("Kevin B. Bean")).unwrap_or_default();
    let (old, new) = row.split_once('│').unwrap_or_default();
    assert!(old.contains("~- ") && old.contains("\"Kevin Bean\""), "{screen}");
    assert!(new.contains("~+ ") && new.contains("\"Kevin B. Bean\""), "{screen}");
}

#[test]
fn what_was_added_has_an_empty_row_on_the_other_side() {
    let mut stage = open((120, 36));
    let screen = stage.press("k6<Tab>z<End>").screen();
    let row = screen.lines().find(|line| line.contains("X-New")).unwrap_or_default();
    let (old, new) = row.split_once('│').unwrap_or_default();
    assert!(old.trim_matches(['▌', ' ']).is_empty() && new.contains("+  X-New"), "{screen}");
}

#[test]
fn a_row_with_both_sides_is_one_step() {
    let mut stage = open((120, 36));
    stage.press("k6<Tab>z");
    let row = stage.model.comparing.cursor;
    stage.press("j");
    assert_eq!(stage.model.comparing.cursor, row + 1);
    assert!(!change(&stage).contains("username"), "{}", stage.screen());
}

#[test]
fn the_cursor_stays_at_its_change_when_the_pane_gets_narrow() {
    let mut stage = open((170, 60));
    stage.press("k6<Tab>zn");
    let before = change(&stage);
    assert_eq!(change(stage.press("z")), before);
}

#[test]
fn n_goes_around_the_changes_and_skips_expected_ones() {
    let mut stage = open((170, 60));
    stage.press("k6<Tab>");
    let mut seen = vec![change(&stage)];
    for _ in 0..6 {
        seen.push(change(stage.press("n")));
    }
    assert_eq!(
        seen,
        [
            ".payload.contact.username",
            ".payload.message",
            ".payload.tags[0]",
            ".payload.reactions[0]",
            ".payload.read_at",
            "header X-New",
            ".payload.contact.username",
        ]
    );
}

#[test]
fn shift_n_goes_to_the_change_before() {
    let mut stage = open((170, 60));
    assert_eq!(change(stage.press("k6<Tab>N")), "header X-New");
}

#[test]
fn the_first_line_counts_the_changes() {
    let mut stage = open((170, 60));
    assert_eq!(change(stage.press("k6<Tab><Home>")), "13 lines differ, 3 expected");
}

#[test]
fn the_selected_delivery_is_compared_with_an_earlier_one() {
    let mut stage = open((120, 36));
    assert_eq!(last_wish(stage.press("6")), Some((4, None)));
}

#[test]
fn a_marked_delivery_is_compared_with_the_selected_one_in_order() {
    let mut stage = open((120, 36));
    stage.press("6<Up><Up>m<Up><Up>d");
    assert_eq!(last_wish(&stage), Some((2, Some(1))));
    assert!(stage.screen().contains("delivery 2 against delivery 1"), "{}", stage.screen());
    assert_eq!(last_wish(stage.press("jj")), Some((3, Some(2))));
}

#[test]
fn d_goes_back_to_the_earlier_delivery() {
    let mut stage = open((120, 36));
    assert_eq!(last_wish(stage.press("6<Up><Up>m<Up><Up>djjd")), Some((3, None)));
}

#[test]
fn two_marked_deliveries_are_compared_wherever_the_selection_is() {
    let mut stage = open((120, 36));
    assert_eq!(last_wish(stage.press("6<Up><Up>mjjmd")), Some((4, Some(2))));
    assert_eq!(last_wish(stage.press("kkk")), Some((4, Some(2))));
}

#[test]
fn the_first_delivery_has_nothing_to_be_compared_with() {
    let mut stage = open((120, 36));
    let screen = stage.press("6<Home>kkk").screen();
    assert!(screen.contains("there is no earlier one"), "{screen}");
}

#[test]
fn nothing_is_compared_in_another_tab() {
    let mut stage = open((120, 36));
    assert_eq!(wishes(stage.press("kk4")), []);
}

#[test]
fn a_second_outcome_of_the_same_comparison_is_ignored() {
    let mut stage = open((120, 36));
    let wish = DiffRequest { new: DeliveryId(3), old: None };
    stage.press("kk4");
    stage.happen(Event::Compared { wish, outcome: compared(wish) });
    stage.press("6");
    stage.happen(Event::Compared { wish, outcome: Err("too late".to_owned()) });
    let screen = stage.screen();
    assert!(
        screen.contains("delivery 2 against delivery 1") && !screen.contains("late"),
        "{screen}"
    );
}

#[test]
fn values_are_masked_in_every_pane() {
    let mut stage = open((120, 60));
    for tab in ["6", "4"] {
        let screen = stage.press("k").press(tab).press("P").screen();
        for value in ["tiger", "Bean", "15550100007", "new \\x1b", "31m red"] {
            assert!(!screen.contains(value), "{value}: {screen}");
        }
        stage.press("Pj");
    }
}

#[test]
fn nothing_hostile_is_drawn() {
    let mut stage = open((80, 24));
    let screen = stage.press("6<Tab>z<End>").screen();
    assert!(screen.contains("hostile") && !screen.contains('\u{202e}'), "{screen}");
    assert!(!screen.contains('\x1b') && !screen.contains('\t'), "{screen}");
}

/// Compares the third delivery, which has a row that is wider than the screen.
fn with_a_wide_row() -> Stage {
    let mut stage = open((80, 24));
    stage.press("6<Tab>z<End>zKznj");
    stage
}

#[test]
fn a_wide_row_scrolls_sideways() {
    let mut stage = with_a_wide_row();
    assert!(!stage.screen().contains("to its end"), "{}", stage.screen());
    let screen = stage.press("llllllll").screen();
    assert!(screen.contains("to its end") && screen.contains("~+ "), "{screen}");
}

#[test]
fn a_click_moves_the_cursor_and_does_not_scroll() {
    let mut stage = with_a_wide_row();
    let top = stage.model.comparing.top;
    stage.click(20, 12);
    assert_eq!((stage.model.comparing.cursor, stage.model.comparing.top), (top + 10, top));
}
