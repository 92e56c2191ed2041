//! Actions hit the delivery under the cursor, whatever happened since it was pointed at.

mod support;

use std::sync::Arc;

use hookglass::app::{Effect, Event, Loaded, Session};
use hookglass::delivery::{
    Annotations, Delivery, DeliveryId, EventRef, Head, Header, NewDelivery, SignatureStatus,
    Summary, Verdict,
};
use hookglass::ops::annotate::Annotation;
use support::stage::{Stage, at, ids, session};

const SIZE: (u16, u16) = (200, 40);

fn delivery(id: i64, status: SignatureStatus) -> Delivery {
    let kinds = ["message.created", "contact.updated", "group.deleted"];
    let kind = kinds.into_iter().cycle().nth(usize::try_from(id).unwrap_or(0)).unwrap_or("x");
    let body = format!(r#"{{"id":"event{id:011}","a":{{"b":1,"c":"tiger"}},"d":[1,2]}}"#);
    let head = Head::build("POST", "/hooks", &[Header::new("Host", "127.0.0.1:4400")]);
    let mut new = NewDelivery::new(head, body.into(), at(id));
    "cribbly".clone_into(&mut new.provider);
    new.event = EventRef { id: Some(format!("event{id:011}")), event_type: Some(kind.to_owned()) };
    new.signature = Verdict::explained(status, "why");
    new.request.body_size = id.unsigned_abs() * 7 % 5 + 1;
    new.response = Some(200);
    new.into_delivery(DeliveryId(id), None)
}

fn row(id: i64) -> Summary {
    delivery(id, SignatureStatus::Verified).summary
}

/// Opens the dashboard over this many deliveries, with a target to resend to.
fn open(count: i64) -> Stage {
    let session = Session {
        forward: Some("http://127.0.0.1:3000".to_owned()),
        ..session(&["SECRET"], "in memory only")
    };
    Stage::new(SIZE, session, 60, (1..=count).map(row).collect(), |effect| {
        let Effect::Load(id) = effect else { return None };
        let found = delivery(id.0, SignatureStatus::Verified);
        Some(Event::Loaded(Arc::new(Loaded::new(found, None))))
    })
}

/// Reads the delivery under the cursor from the screen.
fn cursor(stage: &Stage) -> Option<i64> {
    let screen = stage.screen();
    let line = screen.lines().skip(2).find(|line| line.starts_with('▌'))?;
    let (_, rest) = line.split_once("event0")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Reports matches for some of the deliveries that the running search covers.
fn matched(stage: &mut Stage, ids: &[i64]) {
    let search = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Search { search, open, .. } => Some((*search, open.rows())),
        _ => None,
    });
    if let Some((search, tested)) = search {
        stage.happen(Event::Matched { search, ids: support::stage::ids(ids), tested });
    }
}

#[test]
fn typing_a_filter_keeps_the_selection() {
    let mut stage = open(500);
    stage.press("g/type:contact.updated<Enter>");
    assert_eq!(stage.press("0").selected(), Some(1));
}

#[test]
fn a_removal_after_typing_a_filter_is_of_the_selected_delivery() {
    let mut stage = open(500);
    stage.press("g/type:contact.updated<Enter>");
    stage.take_effects();
    stage.press("D");
    assert_eq!(stage.effects, [Effect::Annotate(Annotation::Remove(ids(&[1])))]);
}

#[test]
fn leaving_a_filter_prompt_restores_the_selection() {
    let mut stage = open(500);
    assert_eq!(stage.press("gjj/zzz<Esc>").selected(), Some(3));
}

#[test]
fn a_filter_that_matches_nothing_does_not_move_the_selection() {
    let mut stage = open(500);
    assert_eq!(stage.press("gjj/type:nothing<Enter>").selected(), None);
    assert_eq!(stage.press("0").selected(), Some(3));
}

/// Returns the number of the latest search.
fn last_search(stage: &Stage) -> u64 {
    let search = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Search { search, .. } => Some(*search),
        _ => None,
    });
    search.unwrap_or_default()
}

#[test]
fn the_selection_returns_when_its_delivery_is_matched_late() {
    let mut stage = open(9);
    stage.press("gjj/tiger<Enter>");
    let search = last_search(&stage);
    stage.happen(Event::Matched { search, ids: ids(&[8, 9]), tested: 2 });
    assert_eq!(stage.selected(), Some(8));
    stage.happen(Event::Matched { search, ids: ids(&[2, 3]), tested: 7 });
    assert_eq!(stage.selected(), Some(3));
}

#[test]
fn a_move_during_a_search_is_not_taken_back() {
    let mut stage = open(9);
    stage.press("gjj/tiger<Enter>");
    let search = last_search(&stage);
    stage.happen(Event::Matched { search, ids: ids(&[8, 9]), tested: 2 });
    stage.press("j");
    stage.happen(Event::Matched { search, ids: ids(&[2, 3]), tested: 7 });
    assert_eq!(stage.selected(), Some(9));
}

#[test]
fn a_filter_by_a_payload_value_keeps_cursor_and_folds() {
    let mut stage = open(9);
    stage.press("g<Enter>-jjl");
    let before = stage.screen();
    stage.press("j=");
    matched(&mut stage, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(stage.selected(), Some(1));
    let payload = |screen: &str| -> Vec<String> {
        let right = screen.lines().skip(3).filter_map(|line| line.split_once('│'));
        right.map(|(_, right)| right.replace('▌', " ").trim_end().to_owned()).collect()
    };
    assert_eq!(payload(&stage.screen()), payload(&before));
}

#[test]
fn a_removed_delivery_that_is_restored_does_not_move_the_cursor() {
    let mut stage = open(9);
    stage.press("gjj");
    stage.happen(Event::Gone(ids(&[3])));
    assert_eq!(stage.selected(), Some(4));
    stage.happen(Event::Kept(vec![row(3)]));
    assert_eq!(stage.selected(), Some(4));
}

#[test]
fn a_note_is_for_the_delivery_it_was_begun_on() {
    let mut stage = open(9);
    stage.press("ahello");
    stage.happen(Event::Kept(vec![row(10)]));
    stage.press("<Enter>");
    let note = Some("hello".to_owned());
    assert_eq!(stage.effects, [Effect::Annotate(Annotation::Note { id: DeliveryId(9), note })]);
    assert_eq!(stage.selected(), Some(10));
}

#[test]
fn a_menu_acts_on_the_delivery_it_was_opened_on() {
    let mut stage = open(9);
    stage.press("y");
    stage.happen(Event::Kept(vec![row(10)]));
    stage.press("p");
    assert!(
        matches!(stage.effects.as_slice(), [Effect::Copy { id: DeliveryId(9), .. }]),
        "{:?}",
        stage.effects
    );
}

#[test]
fn a_removal_is_named_in_its_notice_and_its_undo() {
    let mut stage = open(9);
    stage.press("gjjD");
    stage.happen(Event::Gone(ids(&[3])));
    stage.happen(Event::Removed(ids(&[3])));
    let screen = stage.screen();
    assert!(screen.contains("Removed delivery 3 message.created · U undoes"), "{screen}");
    stage.happen(Event::Restored(ids(&[3])));
    assert!(stage.screen().contains("Restored delivery 3 message.created"), "{}", stage.screen());
}

/// Opens the dashboard over deliveries of which the first is marked.
fn marked() -> Stage {
    let mut stage = open(9);
    let row = row(1);
    let annotations = Annotations { marked: true, ..row.annotations };
    stage.happen(Event::Kept(vec![Summary { annotations, ..row }]));
    stage
}

#[test]
fn a_marked_delivery_is_counted_in_the_title() {
    let screen = marked().screen();
    assert!(screen.lines().next().is_some_and(|title| title.contains("1 MARKED")), "{screen}");
}

#[test]
fn an_action_on_a_mark_that_the_filter_hides_says_so() {
    let mut stage = marked();
    let screen = stage.press("/type:message.created<Enter>D").screen();
    assert!(screen.contains("Remove marked delivery 1 contact.updated (not shown)?"), "{screen}");
}

#[test]
fn b_wraps_around_and_works_while_following() {
    let mut stage = open(9);
    stage.happen(Event::Kept(vec![delivery(4, SignatureStatus::Mismatch).summary]));
    assert_eq!(stage.selected(), Some(9));
    let screen = stage.press("b").screen();
    assert_eq!(stage.selected(), Some(4));
    assert!(screen.contains("continued at the top"), "{screen}");
}

/// Does something that moves rows or the selection and does not act on a delivery.
fn disturb(stage: &mut Stage, random: &mut fastrand::Rng, newest: &mut i64) {
    let some = |random: &mut fastrand::Rng, newest: i64| -> Vec<i64> {
        (0..random.usize(0..6)).map(|_| random.i64(1..=newest)).collect()
    };
    match random.u8(0..12) {
        0 | 1 => {
            *newest += 1;
            stage.happen(Event::Kept(vec![row(*newest)]));
        }
        2 => {
            let status = random.choice(SignatureStatus::ALL).unwrap_or(SignatureStatus::Missing);
            let changed = some(random, *newest).into_iter();
            let changed = changed.map(|id| delivery(id, status).summary).collect();
            stage.happen(Event::Kept(changed));
        }
        3 => {
            let gone: Vec<DeliveryId> = some(random, *newest).into_iter().map(DeliveryId).collect();
            stage.happen(Event::Gone(gone));
        }
        4 => {
            let found = some(random, *newest);
            matched(stage, &found);
        }
        5 => {
            let filters = ["type:message", "type:contact.updated", "tiger", "sig:!verified", "zzz"];
            let filter = random.choice(filters).unwrap_or("x");
            stage.press(&format!("/{filter}"));
            if random.bool() {
                *newest += 1;
                stage.happen(Event::Kept(vec![row(*newest)]));
            }
            stage.press(if random.bool() { "<Enter>" } else { "<Esc>" });
        }
        _ => {
            let keys = [
                "j",
                "k",
                "jj",
                "g",
                "G",
                "f",
                "0",
                "oy",
                "os",
                "ot",
                "oi",
                "b",
                "B",
                "n",
                "'",
                "<PageUp>",
                "<PageDown>",
                "<Esc>",
                "#5<Enter>",
                "=t",
                "!s",
            ];
            stage.press(random.choice(keys).unwrap_or("j"));
        }
    }
}

/// Starts an action, lets more deliveries arrive, and finishes it.
fn act(stage: &mut Stage, random: &mut fastrand::Rng, newest: &mut i64) -> Option<DeliveryId> {
    let scripts = [("D", ""), ("r", ""), ("y", "p"), ("y", "c"), ("aword", "<Enter>"), ("m", "")];
    let (start, end) = random.choice(scripts).unwrap_or(("r", ""));
    stage.take_effects();
    stage.press(start);
    *newest += 1;
    stage.happen(Event::Kept(vec![row(*newest)]));
    stage.press(end);
    stage.take_effects().into_iter().find_map(|effect| match effect {
        Effect::Annotate(Annotation::Remove(ids) | Annotation::Mark { ids, .. }) => {
            ids.first().copied()
        }
        Effect::Annotate(Annotation::Note { id, .. }) | Effect::Copy { id, .. } => Some(id),
        Effect::Resend(order) => order.ids.first().copied(),
        _ => None,
    })
}

#[test]
fn an_action_hits_the_delivery_under_the_cursor_whatever_happened_before() {
    for seed in 0..12 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut newest = 20;
        let mut stage = open(newest);
        for step in 0..60 {
            for _ in 0..random.usize(1..4) {
                disturb(&mut stage, &mut random, &mut newest);
            }
            let pointed = cursor(&stage);
            assert_eq!(stage.selected(), pointed, "step {step} of seed {seed}: {}", stage.screen());
            // Without a cursor, the keys of a prompt would be commands.
            let Some(pointed) = pointed else { continue };
            let hit = act(&mut stage, &mut random, &mut newest);
            assert_eq!(
                hit,
                Some(DeliveryId(pointed)),
                "step {step} of seed {seed}: {}",
                stage.screen()
            );
        }
    }
}

#[test]
fn a_filter_that_is_typed_and_left_never_moves_the_selection() {
    for seed in 0..40 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut newest = 20;
        let mut stage = open(newest);
        for _ in 0..random.usize(1..12) {
            disturb(&mut stage, &mut random, &mut newest);
        }
        stage.press("0");
        let before = stage.press("k").selected();
        let filters = ["type:message", "tiger", "zzz", "sig:mismatch", "size:>2 type:group*"];
        for _ in 0..random.usize(1..4) {
            stage.press(&format!("/{}", random.choice(filters).unwrap_or("x")));
            stage.press("<Esc>");
        }
        assert_eq!(stage.selected(), before, "seed {seed}");
    }
}
