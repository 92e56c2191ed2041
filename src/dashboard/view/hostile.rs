//! Key presses while deliveries are shown that were made to take long: the work of each is limited by
//! the screen and by fixed limits, whatever the size of the delivery.

use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{Glyphs, Painter};
use crate::app::keymap::{Key, KeyCode};
use crate::app::layout::Size;
use crate::app::theme::Theme;
use crate::app::{Effect, Event, Loaded, Model, Preferences, Session, update};
use crate::delivery::{Delivery, DeliveryId, Head, Header, NewDelivery};
use crate::payload::{DocumentSearch, SearchPattern};
use crate::work;

/// Size of the hostile part of a delivery.
const SIZE: usize = 6 << 20;

/// Maximum work of a key press and the frame after it.
const LIMIT: usize = 1 << 20;

/// Keys by which a user looks at a delivery: movement in the list and in each pane, folds, search,
/// and both ways to show long lines.
const KEYS: [&str; 4] = [
    "jkG",
    "\rjj\u{4}\u{15}Gkhhlg*#LLLHzZ-+",
    "/tiger\rnNLLHw jkGg nNwXGjX",
    "2jG3jG4jG5jGgnw6jG1",
];

struct Screen {
    model: Model,
    painter: Painter,
    terminal: Terminal<TestBackend>,
    deliveries: Vec<Delivery>,
    /// Work of effects, which other threads do.
    elsewhere: usize,
}

impl Screen {
    fn new(deliveries: Vec<Delivery>) -> Self {
        let session = Session {
            url: "http://127.0.0.1:4400".to_owned(),
            provider: "Cribbly".to_owned(),
            secret_env: String::new(),
            secrets: Vec::new(),
            forward: None,
            keeps: String::new(),
            demo: false,
            insecure: false,
            filter: String::new(),
        };
        let size = Size { width: 120, height: 36 };
        let (now, zone) = (Timestamp::UNIX_EPOCH, TimeZone::UTC);
        let model = Model::new(session, Preferences::default(), size, now, zone);
        let painter = Painter::new(Theme::default(), Glyphs::Unicode);
        let Ok(terminal) = Terminal::new(TestBackend::new(size.width, size.height));
        let rows = deliveries.iter().map(|one| one.summary.clone()).collect();
        let mut screen = Self { model, painter, terminal, deliveries, elsewhere: 0 };
        screen.happen(Event::Kept(rows));
        screen
    }

    /// Applies an event, and the results of its effects, whose work is not that of the loop.
    fn happen(&mut self, event: Event) {
        for effect in update(&mut self.model, event) {
            let mut next = None;
            self.elsewhere += work::of(|| next = self.carry_out(effect));
            if let Some(event) = next {
                self.happen(event);
            }
        }
        let Self { model, painter, terminal, .. } = self;
        let Ok(_) = terminal.draw(|frame| painter.draw(model, frame));
    }

    fn carry_out(&self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Load(id) => {
                let delivery = self.deliveries.iter().find(|one| one.summary.id == id)?;
                Some(Event::Loaded(Arc::new(Loaded::new(delivery.clone(), None))))
            }
            Effect::Find { number, typed, document } => {
                let mut search = DocumentSearch::new(SearchPattern::read(&typed).ok()?);
                while search.advance(&document, SIZE) {}
                Some(Event::Found { number, search })
            }
            Effect::Decode(request) => {
                let (document, search) = request.carry_out()?;
                Some(Event::Decoded { request, document, search })
            }
            _ => None,
        }
    }

    /// Presses keys; returns the one with the most work.
    fn press(&mut self, keys: &str) -> (usize, char) {
        let work = keys.chars().map(|letter| {
            let key = match letter {
                '\r' => Key::plain(KeyCode::Enter),
                '\u{4}' => Key::ctrl('d'),
                '\u{15}' => Key::ctrl('u'),
                _ => Key::char(letter),
            };
            self.elsewhere = 0;
            (work::of(|| self.happen(Event::Key(key))) - self.elsewhere, letter)
        });
        work.max().unwrap_or((0, ' '))
    }
}

fn delivery(id: i64, headers: &[Header], body: impl Into<Bytes>) -> Delivery {
    let head = Head::build("POST", "/hooks", headers);
    let new = NewDelivery::new(head, body.into(), Timestamp::UNIX_EPOCH);
    new.into_delivery(DeliveryId(id), None)
}

#[track_caller]
fn assert_limited(deliveries: Vec<Delivery>) {
    let mut screen = Screen::new(deliveries);
    for keys in KEYS {
        let (work, key) = screen.press(keys);
        assert!(work < LIMIT, "{work} steps for {key:?} of {keys:?}");
    }
}

/// Returns JSON whose string carries a large document, which begins with `tiger`.
fn json_in_json() -> Vec<Delivery> {
    let members = r#",[\"tiger\",1]"#.repeat(SIZE / 32);
    json(format!(r#"{{"carried":"[\"tiger\"{members}]","tiger":1}}"#))
}

#[test]
fn decoding_a_large_string_takes_limited_work() {
    let mut screen = Screen::new(json_in_json());
    let (work, _) = screen.press("G\rjl");
    assert!(work < LIMIT, "{work} steps");
    let payload = screen.model.detail.payload().unwrap();
    assert!(payload.row_count() > SIZE / 32, "it was not decoded");
}

#[test]
fn decoding_a_large_string_while_searching_takes_limited_work() {
    let mut screen = Screen::new(json_in_json());
    screen.press("G\r/tiger\rgj");
    let (work, _) = screen.press("\r");
    assert!(work < LIMIT, "{work} steps");
    let (_, view) = screen.model.detail.reading().unwrap();
    let search = &view.finding.as_ref().unwrap().search;
    assert_eq!((search.is_done(), search.count()), (true, 2 * (SIZE / 32 + 1) + 1));
}

fn json(body: impl Into<Bytes>) -> Vec<Delivery> {
    let headers = [Header::new("Content-Type", "application/json")];
    let small = delivery(1, &headers, "{}");
    vec![small, delivery(2, &headers, body)]
}

fn of_type(kind: &str, body: impl Into<Bytes>) -> Vec<Delivery> {
    vec![delivery(1, &[Header::new("Content-Type", kind.to_owned())], body)]
}

#[test]
fn keys_on_deeply_nested_json_take_limited_work() {
    let (open, close) = ("[".repeat(SIZE / 2), "]".repeat(SIZE / 2));
    assert_limited(json(format!("{open}\"tiger\"{close}")));
}

#[test]
fn keys_on_deep_json_with_long_keys_take_limited_work() {
    let key = "k".repeat(SIZE / 100);
    let open = format!("{{\"{key}\":").repeat(100);
    assert_limited(json(format!("{open}\"tiger\"{}", "}".repeat(100))));
}

#[test]
fn keys_on_a_huge_json_string_take_limited_work() {
    let text = r"\u0061\/é".repeat(SIZE / 10);
    assert_limited(json(format!("{{\"a\":\"{text}tiger\",\"b\":\"{text}\"}}")));
}

#[test]
fn keys_on_a_huge_json_key_take_limited_work() {
    let key = r"\u0061é".repeat(SIZE / 8);
    assert_limited(json(format!("{{\"{key}\":\"tiger\",\"{key}\":1}}")));
}

#[test]
fn keys_on_json_with_much_white_space_take_limited_work() {
    let space = " ".repeat(SIZE / 4);
    assert_limited(json(format!("{{\"a\"{space}:{space}\"tiger\"{space},\"b\":1{space}}}")));
}

#[test]
fn keys_on_a_huge_number_take_limited_work() {
    assert_limited(json(format!("[{},\"tiger\"]", "1".repeat(SIZE))));
}

#[test]
fn keys_on_json_with_many_members_take_limited_work() {
    let members: Vec<String> = (0..SIZE / 16).map(|at| format!("\"k{at:06}\":[1]")).collect();
    assert_limited(json(format!("{{{},\"z\":\"tiger\"}}", members.join(","))));
}

#[test]
fn keys_on_a_huge_line_take_limited_work() {
    for letter in ["x", "é", "漢\u{301}", "\u{1b}"] {
        let line = letter.repeat(SIZE / letter.len());
        assert_limited(of_type("text/plain", format!("tiger{line}tiger{line}")));
    }
}

#[test]
fn keys_on_a_million_short_lines_take_limited_work() {
    assert_limited(of_type("text/plain", "x\n".repeat(1_000_000) + "tiger"));
}

#[test]
fn keys_on_odd_xml_take_limited_work() {
    let tag = "'\"".repeat(SIZE / 2);
    assert_limited(of_type("application/xml", format!("<a x=\"{}\">tiger</a>", "'".repeat(SIZE))));
    assert_limited(of_type("application/xml", format!("<a><![CDATA[{tag}<>tiger]]></a>")));
    let many = "<>".repeat(SIZE / 2);
    assert_limited(of_type("application/xml", format!("<a><![CDATA[{many}tiger]]></a>")));
    let (open, close) = ("<a>".repeat(SIZE / 64), "</a>".repeat(SIZE / 64));
    assert_limited(of_type("application/xml", format!("{open}tiger{close}")));
}

#[test]
fn keys_on_compressed_zeros_take_limited_work() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 16 << 20]).unwrap();
    let headers = [Header::new("Content-Encoding", "gzip")];
    assert_limited(vec![delivery(1, &headers, encoder.finish().unwrap())]);
}

#[test]
fn keys_on_forms_and_parts_take_limited_work() {
    let form = "a=b&".repeat(SIZE / 4) + "c=tiger";
    assert_limited(of_type("application/x-www-form-urlencoded", form));
    let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ntiger\r\n";
    let parts = part.repeat(SIZE / 64) + "--b--\r\n";
    assert_limited(of_type("multipart/form-data; boundary=b", parts));
}

#[test]
fn keys_on_the_largest_heads_take_limited_work() {
    let headers: Vec<Header> =
        (0..256).map(|at| Header::new(format!("X-{at}"), "é".repeat(100))).collect();
    let heads = (0..40).map(|id| delivery(id, &headers, "{}"));
    assert_limited(heads.collect());
    let queries = (0..40).map(|id| {
        let head = Head::build("POST", format!("/?{}", "a&".repeat(30 << 10)), &[]);
        let new = NewDelivery::new(head, Bytes::new(), Timestamp::UNIX_EPOCH);
        new.into_delivery(DeliveryId(id), None)
    });
    assert_limited(queries.collect());
}
