//! The comparison and the timeline: what is on the screen, and what keys do there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookglass::app::diff::{DeliveryDiff, DiffRequest, Volatile};
use hookglass::app::keymap::{Key, KeyCode};
use hookglass::app::layout::Size;
use hookglass::app::theme::Theme;
use hookglass::app::{
    Effect, Event, Loaded, Model, Mouse, MouseKind, Preferences, Session, update,
};
use hookglass::dashboard::view::{Glyphs, Painter};
use hookglass::delivery::{
    Attempt, AttemptKind, Delivery, DeliveryFlags, DeliveryId, EventRef, Head, Header, NewDelivery,
    Outcome, Related, ResponseRecord, SignatureStatus, Timing, Verdict,
};
use hookglass::ops::annotate::Annotation;
use hookglass::ops::diff::BaselineReason;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const BODIES: [&str; 4] = [
    r#"{"id":"e1","type":"message.created","payload":{"id":"m1","contact":{"id":"k1","username":"Kevin Bean","phone":"+15550100007"},"message":"Did you see it?","tags":["a","b","c"],"reactions":[],"read_at":0,"updated_at":1800000000}}"#,
    r#"{"id":"e2","type":"message.updated","payload":{"id":"m1","contact":{"id":"k1","username":"Kevin Bean","phone":"+15550100007"},"message":"It’s the tiger 🐅","tags":["a","b","c"],"reactions":[],"read_at":0,"updated_at":1800000001}}"#,
    r#"{"id":"e3","type":"message.updated","payload":{"id":"m1","contact":{"id":"k1","username":"Kevin B. Bean","phone":null},"message":"It’s the tiger 🐅 from Thursday’s zoo trip, which was so long that nobody wants to read a line of it to its end, however wide the screen is","tags":["c","a","b"],"reactions":[{"emoji":"🐯","contact_id":"k1"}],"read_at":1800000050,"updated_at":1800000060}}"#,
    "no JSON\nat all\tand \u{202e}hostile\n",
];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap_or(Timestamp::UNIX_EPOCH)
}

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
        Some(status) => Outcome::Answered(ResponseRecord {
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
        changes: (second > 0).then(|| "X-Cribbly-Signature replaced".to_owned()),
        outcome,
    }
}

/// The third delivery with all that a timeline can tell of it.
fn storied() -> Loaded {
    let mut delivery = delivery(3);
    delivery.summary.duplicate_of = Some(DeliveryId(2));
    delivery.summary.request.origin = Some(DeliveryId(1));
    delivery.summary.flags = DeliveryFlags {
        differs: true,
        schema_changes: vec![".payload.contact.phone is null and was string".to_owned()],
        resent: true,
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
        made: vec![summary(7)],
    };
    Loaded::new(delivery, None).among(related, Some(summary(2)))
}

struct Stage {
    model: Model,
    size: (u16, u16),
    wishes: Vec<DiffRequest>,
}

impl Stage {
    fn new(size: (u16, u16)) -> Self {
        let session = Session {
            url: "http://127.0.0.1:4400".to_owned(),
            provider: "Cribbly".to_owned(),
            secret_env: "CRIBBLY_WEBHOOK_SECRET".to_owned(),
            secrets: Vec::new(),
            forward: None,
            keeps: "in memory only".to_owned(),
            demo: false,
        };
        let size_of = Size { width: size.0, height: size.1 };
        let clock = (at(300), TimeZone::UTC);
        let model = Model::new(session, Preferences::default(), size_of, clock);
        let mut stage = Self { model, size, wishes: Vec::new() };
        stage.happen(Event::Kept((1..=4).map(|id| delivery(id).summary).collect()));
        stage
    }

    fn happen(&mut self, event: Event) {
        for effect in update(&mut self.model, event) {
            match effect {
                Effect::Load(DeliveryId(3)) => self.happen(Event::Loaded(Arc::new(storied()))),
                Effect::Load(id) => {
                    let loaded = Loaded::new(delivery(id.0), None);
                    self.happen(Event::Loaded(Arc::new(loaded)));
                }
                Effect::Compare(wish) => {
                    self.wishes.push(wish);
                    let outcome = compared(wish);
                    self.happen(Event::Compared { wish, outcome });
                }
                Effect::Annotate(Annotation::Mark { ids, marked }) => {
                    let rows = ids.iter().map(|id| {
                        let mut summary = delivery(id.0).summary;
                        summary.annotations.marked = marked;
                        summary
                    });
                    self.happen(Event::Kept(rows.collect()));
                }
                _ => {}
            }
        }
    }

    fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split(' ') {
            let key = match key {
                "Tab" => Key::plain(KeyCode::Tab),
                "End" => Key::plain(KeyCode::End),
                "Home" => Key::plain(KeyCode::Home),
                "PageDown" => Key::plain(KeyCode::PageDown),
                letter => Key::char(letter.chars().next().unwrap_or(' ')),
            };
            self.happen(Event::Key(key));
        }
        self
    }

    fn screen(&self) -> String {
        let (width, height) = self.size;
        let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
        let mut painter = Painter::new(Theme::default(), Glyphs::Unicode);
        let Ok(_) = terminal.draw(|frame| painter.draw(&self.model, frame));
        let buffer = terminal.backend().buffer();
        let mut text = String::new();
        for row in buffer.area.rows() {
            let cells = row.columns().filter_map(|cell| buffer.cell((cell.x, cell.y)));
            let line: String = cells.map(ratatui::buffer::Cell::symbol).collect();
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn last_wish(&self) -> Option<(i64, Option<i64>)> {
        self.wishes.last().map(|wish| (wish.new.0, wish.old.map(|old| old.0)))
    }
}

fn compared(wish: DiffRequest) -> Result<Arc<DeliveryDiff>, String> {
    let (old, pick) = match wish.old {
        Some(old) => (old.0, BaselineReason::Chosen),
        None if wish.new.0 == 1 => return Err("there is no earlier one".to_owned()),
        None => (wish.new.0 - 1, BaselineReason::Object),
    };
    let names = [".id".to_owned()];
    let volatile = Volatile::read(&names).map_err(|error| error.to_string())?;
    let both = (delivery(old), delivery(wish.new.0));
    Ok(Arc::new(DeliveryDiff::new(both, pick, &volatile, &["x-cribbly-signature"])))
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 60)];

#[test]
fn panes_at_three_sizes() {
    for size in SIZES {
        let named = |name: &str| format!("{name}_{}x{}", size.0, size.1);
        let mut stage = Stage::new(size);
        insta::assert_snapshot!(named("diff"), stage.press("k 6 Tab").screen());
        insta::assert_snapshot!(named("diff_end"), stage.press("End").screen());
        insta::assert_snapshot!(named("timeline_storied"), stage.press("4").screen());
        insta::assert_snapshot!(named("timeline_end"), stage.press("z End").screen());
        insta::assert_snapshot!(named("diff_lines"), stage.press("6 z J").screen());
    }
}

#[test]
fn changes_are_gone_to_in_turn_and_expected_ones_are_passed_over() {
    let mut stage = Stage::new((200, 60));
    let place = |stage: &Stage| {
        let screen = stage.screen();
        let tabs = screen.lines().nth(1).unwrap_or_default();
        tabs.rsplit("  ").next().unwrap_or_default().trim().to_owned()
    };
    stage.press("k 6 Tab");
    let mut seen = vec![place(&stage)];
    for _ in 0..6 {
        seen.push(place(stage.press("n")));
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
    assert_eq!(place(stage.press("N")), "header X-New");
    assert_eq!(place(stage.press("Home")), "13 lines differ, 3 expected");
}

#[test]
fn marks_say_what_is_compared() {
    let mut stage = Stage::new((120, 36));
    stage.press("6");
    assert_eq!(stage.last_wish(), Some((4, None)));
    // One that is marked, with the selected one, whichever came first.
    stage.press("k k m k k d");
    assert_eq!(stage.last_wish(), Some((2, Some(1))));
    assert!(stage.screen().contains("delivery 2 against delivery 1"), "{}", stage.screen());
    assert_eq!(stage.press("j j").last_wish(), Some((3, Some(2))));
    // Again: the one before.
    assert_eq!(stage.press("d").last_wish(), Some((3, None)));
    // Two that are marked, wherever the selection goes.
    stage.press("j m d");
    assert_eq!(stage.last_wish(), Some((4, Some(2))));
    assert_eq!(stage.press("k k k").last_wish(), Some((4, Some(2))));
    let screen = stage.press("d").screen();
    assert!(screen.contains("there is no earlier one"), "{screen}");
}

#[test]
fn nothing_is_compared_before_it_is_asked_for_and_late_answers_are_dropped() {
    let mut stage = Stage::new((120, 36));
    stage.press("k k 4");
    assert_eq!(stage.wishes, []);
    let wish = DiffRequest { new: DeliveryId(3), old: None };
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
fn values_are_masked_whatever_became_of_them() {
    let mut stage = Stage::new((120, 60));
    for tab in ["6", "4"] {
        let screen = stage.press("k").press(tab).press("P").screen();
        for value in ["tiger", "Bean", "15550100007", "new \\x1b", "31m red"] {
            assert!(!screen.contains(value), "{value}: {screen}");
        }
        stage.press("P j");
    }
}

#[test]
fn wide_rows_move_to_the_side_and_nothing_hostile_is_drawn() {
    let mut stage = Stage::new((80, 24));
    stage.press("6 Tab z End");
    let screen = stage.screen();
    assert!(screen.contains("hostile") && !screen.contains('\u{202e}'), "{screen}");
    assert!(!screen.contains('\x1b') && !screen.contains('\t'), "{screen}");
    stage.press("z K z n");
    assert!(!stage.screen().contains("to its end"));
    stage.press("j l l l l l l l l");
    let screen = stage.screen();
    assert!(screen.contains("to its end") && screen.contains("~+ "), "{screen}");
    let click = |row| Event::Mouse(Mouse { kind: MouseKind::Click, column: 20, row });
    let top = stage.model.comparing.top;
    stage.happen(click(12));
    assert_eq!((stage.model.comparing.cursor, stage.model.comparing.top), (top + 10, top));
}
