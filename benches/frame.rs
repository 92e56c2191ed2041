//! Measures frames and keys of the dashboard at 200x60, with a JSON body of 10 MB open and a million
//! deliveries in the list. The model is updated and drawn as in the program, into memory instead of
//! a terminal.
//!
//! Run with `cargo bench --bench frame`. `DELIVERIES=1000` makes a shorter list.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "it measures, prints what it measured, and its numbers are small"
)]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hookglass::app::keymap::Key;
use hookglass::app::layout::Size;
use hookglass::app::theme::Theme;
use hookglass::app::{Effect, Event, Loaded, Model, Preferences, Session, update};
use hookglass::dashboard::view::{Glyphs, Painter};
use hookglass::delivery::{DeliveryId, EventRef, Head, Header, NewDelivery, Summary};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SIZE: Size = Size { width: 200, height: 60 };

/// Frames of each measurement.
const FRAMES: usize = 200;

/// Deliveries that one event adds to the list.
const PAGE: i64 = 4096;

/// Returns a JSON body of about this size, like a list of events.
fn body(size: usize) -> Bytes {
    let mut out = br#"{"events":["#.to_vec();
    let mut number = 0_u32;
    while out.len() < size {
        let item = format!(
            "{{\"id\":\"evt_{number:08}\",\"created\":{},\"text\":\"a \\\"quoted\\\" word, café\",\
             \"tags\":[\"new\",\"vip\"],\"ratio\":1.0,\"who\":{{\"name\":\"Ada\",\"age\":null}}}},",
            1_700_000_000 + number
        );
        out.extend_from_slice(item.as_bytes());
        number += 1;
    }
    out.extend_from_slice(b"0]}");
    out.into()
}

fn delivery(number: i64, body: Bytes) -> NewDelivery {
    let headers = [
        Header::new("Host", "127.0.0.1:4400"),
        Header::new("Content-Type", "application/json"),
        Header::new("X-Cribbly-Signature", "ab".repeat(32)),
    ];
    let head = Head::build("POST", "/hooks", &headers);
    let at = Timestamp::from_second(1_800_000_000).unwrap_or_default();
    let mut new = NewDelivery::new(head, body, at + SignedDuration::from_millis(number));
    "cribbly".clone_into(&mut new.provider);
    let kind = ["message.created", "contact.updated", "group.deleted"][number as usize % 3];
    // Every tenth delivery is a retry of the one before.
    let event = if number % 10 == 9 { number - 1 } else { number };
    new.event =
        EventRef { id: Some(format!("evt{event:013x}")), event_type: Some(kind.to_owned()) };
    new.response = Some(200);
    new
}

fn row(number: i64) -> Summary {
    let first = (number % 10 == 9).then_some(DeliveryId(number - 1));
    delivery(number, Bytes::from_static(b"{}")).into_delivery(DeliveryId(number), first).summary
}

struct Dashboard {
    model: Box<Model>,
    painter: Painter,
    terminal: Terminal<TestBackend>,
    body: Bytes,
}

impl Dashboard {
    fn new(deliveries: i64, body: Bytes) -> Result<Self, Box<dyn Error>> {
        let session = Session {
            url: "http://127.0.0.1:4400".to_owned(),
            provider: "Cribbly".to_owned(),
            secret_env: "CRIBBLY_WEBHOOK_SECRET".to_owned(),
            secrets: vec!["CRIBBLY_WEBHOOK_SECRET".to_owned()],
            forward: None,
            keeps: "in memory only, until you quit".to_owned(),
            demo: false,
            insecure: false,
            filter: String::new(),
        };
        let now = Timestamp::from_second(1_800_000_000)?;
        let model = Model::new(session, Preferences::default(), SIZE, now, TimeZone::UTC);
        let painter = Painter::new(Theme::default(), Glyphs::Unicode);
        let terminal = Terminal::new(TestBackend::new(SIZE.width, SIZE.height))?;
        let mut dashboard = Self { model: Box::new(model), painter, terminal, body };
        for first in (1..=deliveries).step_by(PAGE as usize) {
            let last = (first + PAGE - 1).min(deliveries);
            dashboard.happen(Event::Kept((first..=last).map(row).collect()));
        }
        Ok(dashboard)
    }

    /// Applies an event; what it asks to load is there at once.
    fn happen(&mut self, event: Event) {
        for effect in update(&mut self.model, event) {
            if let Effect::Load(id) = effect {
                self.load(id);
            }
        }
    }

    fn load(&mut self, id: DeliveryId) {
        let loaded = Loaded::new(delivery(id.0, self.body.clone()).into_delivery(id, None), None);
        update(&mut self.model, Event::Loaded(Arc::new(loaded)));
    }

    fn press(&mut self, keys: &str) {
        for key in keys.chars().map(key) {
            self.happen(Event::Key(key));
        }
    }

    fn draw(&mut self) {
        let Self { model, painter, terminal, .. } = self;
        // Drawing into memory does not fail.
        let _ = terminal.draw(|frame| painter.draw(model, frame));
    }

    /// Measures something and the frame after it.
    fn measure(&mut self, what: &str, mut step: impl FnMut(&mut Self, usize)) {
        let mut times: Vec<Duration> = (0..FRAMES)
            .map(|turn| {
                let start = Instant::now();
                step(self, turn);
                self.draw();
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        let (median, worst) = (times[FRAMES / 2], times[FRAMES - 1 - FRAMES / 100]);
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        println!("| {what} | {:.2} ms | {:.2} ms |", millis(median), millis(worst));
    }
}

fn key(letter: char) -> Key {
    match letter {
        '\n' => "Enter".parse().unwrap_or(Key::char(letter)),
        '\u{1b}' => "Esc".parse().unwrap_or(Key::char(letter)),
        '\u{4}' => Key::ctrl('d'),
        letter => Key::char(letter),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let deliveries = std::env::var("DELIVERIES").map_or(Ok(1_000_000), |count| count.parse())?;
    let body = body(10 << 20);
    let size = body.len();
    let start = Instant::now();
    let mut dashboard = Dashboard::new(deliveries, Bytes::from_static(b"{}"))?;
    println!("{deliveries} deliveries listed in {:.1?}; a body of {size} bytes", start.elapsed());
    dashboard.body = body;
    let Some(newest) = dashboard.model.list.selected().map(|row| row.id) else { return Ok(()) };
    let start = Instant::now();
    dashboard.load(newest);
    println!("opened in {:.1?}\n", start.elapsed());
    println!("| {FRAMES} times at {}x{} | median | 99 % |\n|---|---|---|", SIZE.width, SIZE.height);
    dashboard.press("\n50000j");
    dashboard.measure("a frame, scrolled to line 50,000", |_, _| {});
    dashboard.measure("`j` and its frame", |dashboard, _| dashboard.press("j"));
    dashboard.measure("`Ctrl-d` and its frame", |dashboard, _| dashboard.press("\u{4}"));
    dashboard.measure("folding or unfolding a value", |dashboard, _| dashboard.press("o"));
    dashboard.measure("going to the parent, and back", |dashboard, _| dashboard.press("hl"));
    dashboard.measure("folding or unfolding a level", |dashboard, turn| {
        dashboard.press(["-", "+"][turn % 2]);
    });
    dashboard.measure("a tab back and forth, and its frame", |dashboard, turn| {
        dashboard.press(["2", "3", "4", "1"][turn % 4]);
    });
    // No row of the list follows the newest delivery now, so that the payload stays.
    dashboard.press("\u{1b}k\n50000j");
    let mut next = deliveries;
    dashboard.measure("an arrival and its frame", |dashboard, _| {
        next += 1;
        dashboard.happen(Event::Kept(vec![row(next)]));
    });
    dashboard.body = Bytes::from_static(b"{\"small\":true}");
    dashboard.press("\u{1b}");
    dashboard.measure("`k` in the list and its frame", |dashboard, _| dashboard.press("k"));
    dashboard.press("os");
    dashboard.measure("the same, sorted by size", |dashboard, _| dashboard.press("j"));
    dashboard.measure("an arrival in that order", |dashboard, _| {
        next += 1;
        dashboard.happen(Event::Kept(vec![row(next)]));
    });
    dashboard.press("otO");
    dashboard.measure("`k` in the list with retries grouped", |dashboard, _| dashboard.press("k"));
    dashboard.measure("an arrival, grouped", |dashboard, _| {
        next += 1;
        dashboard.happen(Event::Kept(vec![row(next)]));
    });
    dashboard.measure("opening and closing a menu", |dashboard, _| dashboard.press("y\u{1b}"));
    dashboard.measure("typing a filter, and taking it back", |dashboard, _| {
        dashboard.press("/t\u{1b}");
    });
    Ok(())
}
