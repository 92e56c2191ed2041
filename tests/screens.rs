//! Screens: a key script, and what is on the screen after it, with a legend of the styles.

use std::collections::BTreeMap;
use std::sync::Arc;

use hookglass::app::keymap::{Key, KeyCode};
use hookglass::app::layout::Size;
use hookglass::app::routing::{
    PublicAddress, Routing, RoutingChange, RuleLine, RuleMistake, TargetLine,
};
use hookglass::app::theme::Theme;
use hookglass::app::{
    Copyable, Effect, Event, Loaded, Mode, Model, Mouse, MouseKind, Notice, Preferences,
    ReleaseDecision, Removals, ResendRequest, Scope, Session, update,
};
use hookglass::dashboard::view::{Glyphs, Painter};
use hookglass::delivery::{
    Annotations, Delivery, DeliveryId, EventRef, Head, Header, NewDelivery, Refusal,
    SignatureStatus, Summary, Verdict,
};
use hookglass::ops::annotate::Annotation;
use hookglass::ops::resend::{ResendEvent, ResendPace, ResendSummary, RunEnd};
use hookglass::provider::Provider;
use hookglass::secret::Secret;
use hookglass::signature::{Credentials, Verifier};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn session(secrets: &[&str]) -> Session {
    Session {
        url: "http://127.0.0.1:4400".to_owned(),
        provider: "Cribbly".to_owned(),
        secret_env: "CRIBBLY_WEBHOOK_SECRET".to_owned(),
        secrets: secrets.iter().map(|&name| name.to_owned()).collect(),
        forward: None,
        keeps: "in memory only; quitting forgets them".to_owned(),
        demo: false,
    }
}

fn verifier(session: &Session) -> Verifier {
    let secrets = session.secrets.iter().map(|name| Secret::new(name, "test-key-not-a-real-one"));
    let secrets: Vec<Secret> = secrets.collect();
    let keyed = Provider::named("cribbly").map(|provider| Credentials { provider, secrets });
    Verifier::new(keyed.into_iter().collect())
}

fn delivery(id: i64, status: SignatureStatus) -> Delivery {
    let kinds = ["message.created", "contact.updated", "group.deleted"];
    let turn = usize::try_from(id).unwrap_or(0);
    let kind = kinds.into_iter().cycle().nth(turn).unwrap_or_default();
    let body = format!(
        r#"{{"id":"event{id:011}","type":"{kind}","payload":{{"id":"p{id}","message":"It’s the tiger 🐅","read_at":1.0,"tags":[]}}}}"#
    );
    let headers = [
        Header::new("Host", "127.0.0.1:4400"),
        Header::new("X-Odd", "tab\there \x1b[31m"),
        Header::new("X-Cribbly-Signature", "ab".repeat(32)),
    ];
    let head = Head::build("POST", "/hooks", &headers);
    let mut new = NewDelivery::new(head, body.into(), at(id));
    new.request.peer = Some("127.0.0.1:50000".to_owned());
    "cribbly".clone_into(&mut new.provider);
    new.event = EventRef { id: Some(format!("event{id:011}")), event_type: Some(kind.to_owned()) };
    new.signature = Verdict {
        status,
        cause: None,
        explanation: Some("why it is so".to_owned()),
        secret: (status == SignatureStatus::Verified).then(|| "SECRET".to_owned()),
    };
    new.response = Some(200);
    new.into_delivery(DeliveryId(id), (id == 4).then_some(DeliveryId(1)))
}

fn some(count: i64) -> Vec<Delivery> {
    let statuses = SignatureStatus::ALL;
    // The first of them verified.
    let turns = statuses.into_iter().cycle().skip(4);
    let mut all: Vec<Delivery> =
        (1..=count).zip(turns).map(|(id, status)| delivery(id, status)).collect();
    if let Some(second) = all.get_mut(1) {
        second.summary.request.refused = Some(Refusal {
            code: "body-too-large".to_owned(),
            reason: "the body is larger than 25.0M; --max-body sets how large it may be".to_owned(),
        });
        second.summary.response = Some(413);
        second.body = bytes::Bytes::new();
    }
    all
}

struct Stage {
    model: Model,
    all: Vec<Delivery>,
    /// Everything that was asked for, but for loading, which is done at once.
    effects: Vec<Effect>,
    size: (u16, u16),
}

impl Stage {
    fn new(size: (u16, u16), secrets: &[&str], count: i64) -> Self {
        let (width, height) = size;
        let clock = (at(60), TimeZone::UTC);
        let size_of = Size { width, height };
        let model = Model::new(session(secrets), Preferences::default(), size_of, clock);
        let mut stage = Self { model, all: some(count), effects: Vec::new(), size };
        let rows = stage.all.iter().map(|delivery| delivery.summary.clone()).collect();
        stage.happen(Event::Kept(rows));
        stage
    }

    fn happen(&mut self, event: Event) {
        for effect in update(&mut self.model, event) {
            let Effect::Load(id) = effect else {
                self.effects.push(effect);
                continue;
            };
            let found = self.all.iter().find(|delivery| delivery.summary.id == id).cloned();
            if let Some(delivery) = found {
                let examined = verifier(&self.model.session).examine(&delivery);
                self.happen(Event::Loaded(Arc::new(Loaded::new(delivery, examined))));
            }
        }
    }

    /// Presses keys: letters as they are, others by name in angle brackets.
    fn press(&mut self, script: &str) -> &mut Self {
        let mut rest = script;
        while let Some(letter) = rest.chars().next() {
            let (key, length) = match rest.split_once('>').filter(|_| letter == '<') {
                Some((name, _)) => (named(name.trim_start_matches('<')), name.len() + 1),
                None => (Key::char(letter), letter.len_utf8()),
            };
            self.happen(Event::Key(key));
            rest = rest.get(length..).unwrap_or_default();
        }
        self
    }

    /// The screen as text, and the styles as letters with a legend.
    fn screen(&self) -> String {
        let (width, height) = self.size;
        let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
        let mut painter = Painter::new(Theme::default(), Glyphs::Unicode);
        let Ok(_) = terminal.draw(|frame| painter.draw(&self.model, frame));
        let buffer = terminal.backend().buffer().clone();
        let (mut text, mut marks) = (String::new(), String::new());
        let mut legend: BTreeMap<String, char> = BTreeMap::new();
        for row in buffer.area.rows() {
            let (mut line, mut styles) = (String::new(), String::new());
            for column in row.columns() {
                let Some(cell) = buffer.cell((column.x, column.y)) else { continue };
                line.push_str(cell.symbol());
                let style = format!("{:?} {:?}", cell.fg, cell.modifier);
                let next = char::from(b'a' + u8::try_from(legend.len()).unwrap_or(25));
                styles.push(match style.as_str() {
                    "Reset NONE" => '.',
                    _ => *legend.entry(style).or_insert(next),
                });
            }
            text.push_str(line.trim_end());
            marks.push_str(styles.trim_end_matches('.'));
            text.push('\n');
            marks.push('\n');
        }
        let mut legend: Vec<_> = legend.into_iter().map(|(style, mark)| (mark, style)).collect();
        legend.sort_unstable();
        let legend: Vec<String> =
            legend.iter().map(|(mark, style)| format!("{mark}: {style}")).collect();
        let legend = legend.join(
            "
",
        );
        format!("{}\n\n{}\n\n{legend}", text.trim_end(), marks.trim_end())
    }
}

fn named(name: &str) -> Key {
    Key::plain(match name {
        "Enter" => KeyCode::Enter,
        "Tab" => KeyCode::Tab,
        "Up" => KeyCode::Up,
        "Home" => KeyCode::Home,
        "PageDown" => KeyCode::PageDown,
        "Backspace" => KeyCode::Backspace,
        _ => KeyCode::Esc,
    })
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 60)];

#[test]
fn screens_at_three_sizes() {
    for size in SIZES {
        let named = |name: &str| format!("{name}_{}x{}", size.0, size.1);
        insta::assert_snapshot!(named("welcome"), Stage::new(size, &[], 0).screen());
        insta::assert_snapshot!(named("following"), Stage::new(size, &["SECRET"], 30).screen());
        let mut stage = Stage::new(size, &["SECRET"], 9);
        insta::assert_snapshot!(named("signature"), stage.press("3<Up>").screen());
        insta::assert_snapshot!(named("headers"), stage.press("2").screen());
        insta::assert_snapshot!(named("timeline"), stage.press("4").screen());
        insta::assert_snapshot!(named("refused"), stage.press("1<Home>j").screen());
        insta::assert_snapshot!(named("help"), stage.press("?").screen());
        stage.press("<Esc>/sig:!verified");
        insta::assert_snapshot!(named("filter"), stage.screen());
        insta::assert_snapshot!(named("filter_error"), stage.press(" typ:x").screen());
    }
}

#[test]
fn too_small_a_screen_says_so() {
    insta::assert_snapshot!(Stage::new((40, 8), &[], 3).screen());
}

#[test]
fn without_colour_nothing_is_lost() {
    let stage = Stage::new((80, 24), &["SECRET"], 9);
    let Ok(mut terminal) = Terminal::new(TestBackend::new(80, 24));
    let mut painter = Painter::new(Theme::default().without_colour(), Glyphs::Unicode);
    let Ok(_) = terminal.draw(|frame| painter.draw(&stage.model, frame));
    let cells = terminal.backend().buffer().content();
    assert!(cells.iter().all(|cell| cell.fg == ratatui::style::Color::Reset));
    let text: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
    for sign in ["✓ verified", "✗ mismatch", "? missing", "! malformed", "⧗ expired", "· unchecked"]
    {
        assert!(text.contains(sign), "{sign}");
    }
}

#[test]
fn no_control_character_of_a_delivery_is_drawn() {
    let mut stage = Stage::new((120, 36), &[], 3);
    for tab in ["1", "2", "3", "4"] {
        let screen = stage.press(tab).screen();
        assert!(!screen.contains('\x1b') && !screen.contains('\t'), "{screen}");
    }
    assert!(stage.press("2").screen().contains(r"tab\there \x1b[31m"));
}

#[test]
fn keys_ask_for_effects() {
    let id = DeliveryId(9);
    let mut stage = Stage::new((120, 36), &[], 9);
    stage.press("yp");
    assert_eq!(stage.effects, [Effect::Copy { id, what: Copyable::Payload }]);
    stage.effects.clear();
    stage.press("s");
    assert_eq!(stage.effects, [Effect::SendSample]);
    stage.effects.clear();
    stage.press("r<Backspace>1<Enter>r");
    let order = |number| ResendRequest {
        number,
        ids: vec![id],
        target: "http://127.0.0.1:3001".to_owned(),
        exact: false,
        pace: ResendPace::default(),
    };
    assert_eq!(stage.effects, [Effect::Resend(order(1)), Effect::Resend(order(2))]);
    stage.effects.clear();
    // A refused delivery has nothing to send.
    stage.press("<Home>jr");
    assert_eq!(stage.effects, []);
    assert!(stage.screen().contains("cannot be resent"));
    assert!(!stage.model.is_done());
    assert!(stage.press("q").model.is_done());
}

#[test]
fn moving_pauses_and_a_key_follows_again() {
    let mut stage = Stage::new((80, 24), &[], 30);
    let selected = |stage: &Stage| stage.model.list.selected().map(|row| row.id.0);
    assert_eq!(selected(&stage), Some(30));
    stage.press("kk");
    stage.happen(Event::Kept(vec![delivery(31, SignatureStatus::Verified).summary]));
    assert_eq!(selected(&stage), Some(28));
    stage.press("f");
    assert_eq!(selected(&stage), Some(31));
    stage.happen(Event::Kept(vec![delivery(32, SignatureStatus::Verified).summary]));
    assert_eq!(selected(&stage), Some(32));
}

#[test]
fn clicks_select_and_the_wheel_moves() {
    let mut stage = Stage::new((120, 36), &[], 9);
    let click = |column, row| Event::Mouse(Mouse { kind: MouseKind::Click, column, row });
    stage.happen(click(5, 4));
    assert_eq!(stage.model.list.selected().map(|row| row.id.0), Some(3));
    let wheel = Mouse { kind: MouseKind::WheelDown, column: 5, row: 4 };
    stage.happen(Event::Mouse(wheel));
    assert_eq!(stage.model.list.selected().map(|row| row.id.0), Some(6));
    stage.happen(click(79, 1));
    assert!(stage.screen().contains("HMAC-SHA256"), "{}", stage.screen());
}

#[test]
fn the_window_holds_the_selection_whatever_happens() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut stage = Stage::new((80, 24), &[], 60);
    for step in 0..3000_i64 {
        match random.u8(0..9) {
            0 => {
                let new = delivery(61 + step, SignatureStatus::Missing);
                stage.happen(Event::Kept(vec![new.summary]));
            }
            1 => {
                let (width, height) = (random.u16(20..200), random.u16(5..70));
                stage.happen(Event::Resize(Size { width, height }));
            }
            2 => drop(stage.press("/type:message*<Enter>")),
            3 => drop(stage.press("<Esc><Esc>")),
            _ => {
                let keys = ["k", "j", "<PageDown>", "<Home>", "G", "f", "z", "<Tab>"];
                stage.press(random.choice(keys).unwrap_or("k"));
            }
        }
        let Some(areas) = stage.model.areas() else { continue };
        let height = usize::from(areas.list.height);
        if height > 0 && stage.model.list.shown() > 0 {
            let selected =
                stage.model.list.window(height).filter(|(_, selected)| *selected).count();
            assert_eq!(selected, 1, "after step {step}");
        }
    }
}

#[test]
fn a_long_notice_is_shown_whole() {
    let mut stage = Stage::new((80, 24), &[], 3);
    let text = format!("{} the end", "a long story, ".repeat(12));
    stage.happen(Event::Notice(Notice::failed(text)));
    assert!(stage.screen().contains("the end"), "{}", stage.screen());
}

#[test]
fn a_typed_secret_is_not_shown_and_is_tried_on_the_selected_delivery() {
    let mut stage = Stage::new((120, 36), &["SECRET"], 3);
    let screen = stage.press("Stest-hush").screen();
    assert!(screen.contains("secret: •••••••••") && !screen.contains("hush"), "{screen}");
    stage.press("<Enter>");
    let tried = stage.effects.iter().find_map(|effect| match effect {
        Effect::TrySecret { id, secret } => Some((*id, secret.expose().to_vec())),
        _ => None,
    });
    assert_eq!(tried, Some((DeliveryId(3), b"test-hush".to_vec())));
    let verdict = Verdict::explained(SignatureStatus::Mismatch, "why; what shows it");
    stage.happen(Event::SecretTried { id: DeliveryId(3), verdict });
    let screen = stage.screen();
    assert!(
        screen.contains("With the typed secret") && screen.contains("what shows it"),
        "{screen}"
    );
    // Another delivery knows nothing of it.
    assert!(!stage.press("k").screen().contains("With the typed secret"));
    assert!(matches!(stage.press("S<Esc>").model.mode, Mode::Browse));
}

#[test]
fn what_a_framework_would_break_is_said_of_verified_deliveries_only() {
    let mut stage = Stage::new((120, 60), &["SECRET"], 3);
    let shows = |stage: &mut Stage| stage.press("3").screen().contains("JSON.stringify");
    assert!(!shows(&mut stage));
    assert!(shows(stage.press("<Home>")));
}

#[test]
fn a_value_that_is_pointed_at_narrows_the_list() {
    let mut stage = Stage::new((120, 36), &[], 9);
    stage.press("=t");
    assert_eq!(stage.model.search.text(), "type:message.created");
    assert_eq!(stage.model.list.shown(), 3);
    stage.press("!s");
    assert_eq!(stage.model.search.text(), "type:message.created sig:!missing");
    stage.press("0=x");
    assert_eq!(stage.model.search.text(), "");
    assert!(stage.screen().contains("x means nothing there"));
}

#[test]
fn filters_are_completed_recalled_and_left() {
    let mut stage = Stage::new((120, 36), &[], 9);
    let screen = stage.press("/type:m<Tab>").screen();
    assert!(screen.contains("filter: type:message.created"), "{screen}");
    stage.press("<Enter>/<Backspace>x<Esc>");
    assert_eq!(stage.model.search.text(), "type:message.created");
    stage.press("0/<Up>");
    assert_eq!(stage.model.search.text(), "type:message.created");
    stage.press("<Esc>");
    assert_eq!(stage.model.search.text(), "");
}

/// What is on the screen as one run of words, wherever its lines break.
fn words(screen: &str) -> String {
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn sentences_that_are_too_long_for_a_line_are_told_to_their_end() {
    let mut stage = Stage::new((80, 24), &[], 9);
    let screen = stage.press("/verdict:x").screen();
    let told = words(&screen);
    assert!(told.contains("filter: verdict:x ✗ column 1: `verdict:` is not known"), "{screen}");
    assert!(told.contains("(put text with a colon in quotes)"), "{screen}");
}

#[test]
fn nothing_is_compared_where_nothing_passes_the_filter() {
    let mut stage = Stage::new((80, 24), &[], 9);
    let screen = stage.press("6/method:nothing<Enter>").screen();
    assert!(screen.contains("nothing passes the filter"), "{screen}");
    assert!(!screen.contains("compar"), "{screen}");
}

#[test]
fn the_palette_runs_commands_and_views() {
    let mut stage = Stage::new((120, 36), &["SECRET"], 9);
    insta::assert_snapshot!(stage.press(":copy").screen());
    stage.press("<Esc>:copy curl<Enter>");
    assert_eq!(stage.effects, [Effect::Copy { id: DeliveryId(9), what: Copyable::Curl }]);
    stage.effects.clear();
    stage.press("/sig:!verified<Enter>");
    stage.happen(Event::Key(Key::ctrl('s')));
    stage.press("bad ones<Enter>0");
    let (name, filter) = ("bad ones".to_owned(), "sig:!verified".to_owned());
    let saved = Effect::SaveView { name: name.clone(), filter: filter.clone() };
    assert!(stage.effects.contains(&saved), "{:?}", stage.effects);
    stage.happen(Event::ViewSaved { name, filter });
    stage.press("V<Enter>");
    assert_eq!(stage.model.search.text(), "sig:!verified");
}

#[test]
fn hints_are_clicked_and_the_divider_is_dragged() {
    let mut stage = Stage::new((120, 36), &["SECRET"], 9);
    let mouse = |kind, column, row| Event::Mouse(Mouse { kind, column, row });
    let line = stage.screen();
    let hints = line.lines().nth(35).unwrap_or_default();
    let column = hints.find("commands").and_then(|at| u16::try_from(at).ok()).unwrap_or_default();
    stage.happen(mouse(MouseKind::Click, column, 35));
    assert!(matches!(stage.model.mode, Mode::Palette(_)), "{hints}");
    stage.press("<Esc>");
    let divider = stage.model.areas().map(|areas| areas.divider.x).unwrap_or_default();
    stage.happen(mouse(MouseKind::Click, divider, 9));
    stage.happen(mouse(MouseKind::Drag, 80, 9));
    stage.happen(mouse(MouseKind::Release, 80, 9));
    stage.happen(mouse(MouseKind::Drag, 30, 9));
    assert_eq!(stage.model.areas().map(|areas| areas.divider.x), Some(80));
    stage.press("v");
    assert_eq!(stage.model.areas().map(|areas| areas.is_stacked()), Some(true));
}

#[test]
fn what_is_masked_keeps_its_shape_alone() {
    let mut stage = Stage::new((120, 36), &["SECRET"], 9);
    for tab in ["P1", "2", "3"] {
        let screen = stage.press(tab).screen();
        assert!(!screen.contains("tiger") && !screen.contains("abab"), "{tab}: {screen}");
    }
    assert!(stage.press("1").screen().contains("Xx’x xxx xxxxx"), "{}", stage.screen());
}

#[test]
fn a_terminal_without_unicode_gets_ascii() {
    let stage = Stage::new((120, 36), &["SECRET"], 9);
    let Ok(mut terminal) = Terminal::new(TestBackend::new(120, 36));
    let mut painter = Painter::new(Theme::default(), Glyphs::Ascii);
    let Ok(_) = terminal.draw(|frame| painter.draw(&stage.model, frame));
    let cells = terminal.backend().buffer().content();
    assert!(cells.iter().all(|cell| cell.symbol().is_ascii()));
}

#[test]
fn a_payload_is_folded_searched_and_copied_from() {
    let mut stage = Stage::new((120, 36), &["SECRET"], 9);
    let screen = stage.press("<Enter>-").screen();
    assert!(screen.contains("\"payload\": {…} 4 keys"), "{screen}");
    stage.press("jjj");
    let screen = stage.screen();
    assert!(screen.lines().nth(1).is_some_and(|tabs| tabs.ends_with(" .payload")), "{screen}");
    insta::assert_snapshot!(stage.press("l/TIG<Backspace><Backspace><Backspace>tig").screen());
    stage.press("<Enter>yv");
    let text = "It’s the tiger 🐅".to_owned();
    assert_eq!(stage.effects, [Effect::CopyText { text, what: Copyable::Value }]);
    stage.effects.clear();
    stage.press("yj=");
    let text = ".payload.message".to_owned();
    assert_eq!(stage.effects[0], Effect::CopyText { text, what: Copyable::JqPath });
    assert_eq!(stage.model.search.text(), ".payload.message:\"It’s the tiger 🐅\"");
}

#[test]
fn raw_and_hex_show_what_came() {
    let mut stage = Stage::new((120, 36), &["SECRET"], 9);
    let screen = stage.press("5").screen();
    assert!(screen.contains(r"POST /hooks HTTP/1.1\r\n"), "{screen}");
    assert!(screen.contains(r"X-Odd: tab\there \x1b[31m\r\n"), "{screen}");
    let screen = stage.press("<Enter>X").screen();
    assert!(screen.contains("7b 22 69 64 22 3a 22 65"), "{screen}");
    let screen = stage.press("X").screen();
    assert!(screen.contains("\"id\": \"event"), "{screen}");
}

#[test]
fn the_title_says_how_far_reading_and_searching_have_come() {
    let mut stage = Stage::new((200, 60), &[], 9);
    let older =
        vec![Summary { id: DeliveryId(0), ..delivery(1, SignatureStatus::Missing).summary }];
    stage.happen(Event::Older(older));
    assert!(stage.screen().contains("reading 10 deliveries …"), "{}", stage.screen());
    stage.happen(Event::Older(Vec::new()));
    assert!(!stage.screen().contains("reading"), "{}", stage.screen());
    stage.press("/tiger");
    let asked = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Search { search, open, .. } => Some((*search, open.rows())),
        _ => None,
    });
    let Some((search, 10)) = asked else { panic!("{asked:?}") };
    let matched = |ids: &[i64], tested| {
        let ids = ids.iter().copied().map(DeliveryId).collect();
        Event::Matched { search, ids, tested }
    };
    stage.happen(matched(&[7, 3], 4));
    let screen = stage.screen();
    assert!(screen.contains("searched 40 %  2+ of 10 deliveries"), "{screen}");
    // What is not known, or not asked any more, is passed over.
    stage.happen(Event::Matched { search: search - 1, ids: vec![DeliveryId(1)], tested: 10 });
    stage.happen(matched(&[77], 6));
    assert!(stage.screen().contains("2 of 10 deliveries"), "{}", stage.screen());
}

#[test]
fn marks_and_removals_are_asked_for_and_shown_when_they_are_so() {
    let mut stage = Stage::new((120, 36), &[], 3);
    let mark = |marked| Effect::Annotate(Annotation::Mark { ids: vec![DeliveryId(3)], marked });
    assert_eq!(stage.press("m").effects, [mark(true)]);
    assert!(!stage.screen().contains('◆'));
    let row = delivery(3, SignatureStatus::Verified).summary;
    stage.happen(Event::Kept(vec![Summary {
        annotations: Annotations { marked: true, ..row.annotations },
        ..row
    }]));
    assert!(stage.screen().contains('◆'), "{}", stage.screen());
    stage.effects.clear();
    assert_eq!(stage.press("m").effects, [mark(false)]);

    let model = &mut stage.model;
    for (which, ids) in [
        (Scope::Selected, &[3][..]),
        (Scope::Marked, &[3]),
        (Scope::Shown, &[1, 2, 3]),
        (Scope::All, &[1, 2, 3]),
    ] {
        let ids: Vec<DeliveryId> = ids.iter().copied().map(DeliveryId).collect();
        assert_eq!(
            Removals::remove(&model.list, which),
            [Effect::Annotate(Annotation::Remove(ids))],
            "{which:?}"
        );
    }
    assert_eq!(model.removals.undo(), []);
    stage.happen(Event::Gone(vec![DeliveryId(3)]));
    stage.happen(Event::Removed(vec![DeliveryId(3)]));
    assert_eq!(stage.model.list.selected().map(|row| row.id), Some(DeliveryId(2)));
    assert_eq!(Removals::remove(&stage.model.list, Scope::Marked), []);
    assert_eq!(
        stage.model.removals.undo(),
        [Effect::Annotate(Annotation::Restore(vec![DeliveryId(3)]))]
    );
    assert!(stage.model.removals.is_empty());
}

#[test]
fn removals_are_confirmed_and_undone() {
    let mut stage = Stage::new((120, 36), &[], 9);
    let screen = stage.press("D").screen();
    assert!(
        screen.contains("remove the selected delivery? U brings back until you quit"),
        "{screen}"
    );
    stage.press("n");
    assert_eq!(stage.effects, []);
    stage.press("Dy");
    assert_eq!(stage.effects, [Effect::Annotate(Annotation::Remove(vec![DeliveryId(9)]))]);
    stage.happen(Event::Removed(vec![DeliveryId(9)]));
    stage.effects.clear();
    stage.press("U");
    assert_eq!(stage.effects, [Effect::Annotate(Annotation::Restore(vec![DeliveryId(9)]))]);
}

#[test]
fn notes_orders_and_jumps() {
    let mut stage = Stage::new((120, 36), &[], 9);
    stage.press("alook at this<Enter>");
    let note = Some("look at this".to_owned());
    assert_eq!(stage.effects, [Effect::Annotate(Annotation::Note { id: DeliveryId(9), note })]);
    let selected = |stage: &Stage| stage.model.list.selected().map(|row| row.id.0);
    stage.press("#3<Enter>");
    assert_eq!(selected(&stage), Some(3));
    stage.press("#08:00:05<Enter>");
    assert_eq!(selected(&stage), Some(5));
    assert!(stage.press("#tea<Enter>").screen().contains("`tea` is neither"));
    stage.press("<Esc>oy");
    assert!(stage.screen().contains("type↑"), "{}", stage.screen());
    // Turned round by a click on the name of the column.
    stage.happen(Event::Mouse(Mouse { kind: MouseKind::Click, column: 14, row: 1 }));
    assert!(stage.screen().contains("type↓"), "{}", stage.screen());
    stage.press("f<Home>b");
    assert_eq!(selected(&stage), Some(3));
    stage.press("/type:group*<Enter>0<Home>nn");
    assert_eq!(selected(&stage), Some(5));
}

fn onward() -> Event {
    let rule = |text: &str, count, holds| RuleLine { text: text.to_owned(), count, holds };
    let target = |url: &str, down: Option<&str>| TargetLine {
        url: url.to_owned(),
        down: down.map(ToOwned::to_owned),
        waiting: 3,
    };
    Event::Onward(Box::new(Routing {
        rules: vec![rule("type:contact.* => hold", 12, true), rule("500x2,200", 4, false)],
        held: vec![(DeliveryId(7), at(20)), (DeliveryId(8), at(55))],
        targets: vec![
            target("http://127.0.0.1:3000", Some("nothing listens at 127.0.0.1:3000")),
            target("http://127.0.0.1:3001", None),
        ],
        public: PublicAddress::Up("https://example-of-a-test.trycloudflare.com".to_owned()),
    }))
}

#[test]
fn pages_of_sending_at_three_sizes() {
    for size in SIZES {
        let named = |name: &str| format!("{name}_{}x{}", size.0, size.1);
        let mut stage = Stage::new(size, &["SECRET"], 9);
        stage.happen(onward());
        insta::assert_snapshot!(named("target_down"), stage.screen());
        insta::assert_snapshot!(named("answers"), stage.press("<Esc>Aj").screen());
        let mistake = RuleMistake { message: "column 1: no".to_owned(), span: Some(0..1) };
        stage.press("a50x<Enter>");
        stage.happen(Event::RuleWrong { typed: "50x".to_owned(), mistake });
        insta::assert_snapshot!(named("rule_wrong"), stage.screen());
        insta::assert_snapshot!(named("address"), stage.press("<Esc><Esc>Q").screen());
        insta::assert_snapshot!(named("resend_to"), stage.press("<Esc>R").screen());
    }
}

#[test]
fn held_senders_are_let_go_and_rules_removed() {
    let mut stage = Stage::new((120, 36), &["SECRET"], 9);
    stage.happen(onward());
    // The one that is chosen, and where a rule is chosen the one that waits longest.
    stage.press("Aj2jf");
    let release =
        |id, decision| Effect::Change(RoutingChange::Release { id: DeliveryId(id), decision });
    let (answer, forward) =
        (release(8, ReleaseDecision::Answer(200)), release(7, ReleaseDecision::Forward));
    assert_eq!(stage.effects, [answer, forward]);
    stage.effects.clear();
    stage.press("jdE0");
    let removed = RoutingChange::Remove { at: 1, text: "500x2,200".to_owned() };
    let changes = [removed, RoutingChange::Add("500".to_owned()), RoutingChange::Reset];
    assert_eq!(stage.effects, changes.map(Effect::Change));
}

#[test]
fn many_are_resent_after_a_question_that_counts_them() {
    let mut stage = Stage::new((120, 36), &["SECRET"], 9);
    stage.happen(Event::Key(Key::ctrl('r')));
    stage.press("<Tab> x2 1s<Enter>");
    // One of the nine was refused and cannot be sent.
    let screen = stage.screen();
    assert!(screen.contains("the 8 shown deliveries"), "{screen}");
    assert!(screen.contains("exactly as they came") && screen.contains("16 requests"), "{screen}");
    stage.press("n");
    assert_eq!(stage.effects, []);
    stage.happen(Event::Key(Key::ctrl('r')));
    // Signed or not as the last time.
    stage.press("<Up><Enter>y");
    let Some(Effect::Resend(order)) = stage.effects.pop() else { panic!("{:?}", stage.effects) };
    assert_eq!((order.ids.len(), order.total(), order.exact), (8, 16, true));
    let mut counts = ResendSummary { accepted: 3, ..ResendSummary::new(16) };
    let happened = |event| Event::Resend { number: order.number, target: "t".to_owned(), event };
    stage.happen(happened(ResendEvent::Started(counts.clone())));
    assert!(stage.screen().contains("3 of 16 sent"), "{}", stage.screen());
    stage.happen(Event::Key(Key::ctrl('x')));
    assert_eq!(stage.effects, [Effect::StopResending(order.number)]);
    counts.end = RunEnd::Stopped;
    stage.happen(happened(ResendEvent::Finished(counts)));
    assert!(stage.screen().contains("accepted; stopped"), "{}", stage.screen());
}

#[test]
fn every_form_is_copied_with_its_signature_only_if_asked() {
    let mut stage = Stage::new((120, 36), &["SECRET"], 9);
    let id = DeliveryId(9);
    for (keys, format, signed) in [
        ("yP", "pretty", false),
        ("yH", "httpie", false),
        ("yx", "xh", false),
        ("ywx", "xh", true),
        ("yr", "http", false),
        ("ywc", "curl", true),
        ("ywh", "headers", true),
        ("ydn", "node", false),
        ("ydp", "python", false),
        ("ydg", "go", false),
        ("ydr", "ruby", false),
        ("ydh", "php", false),
        ("ydu", "rust", false),
    ] {
        assert!(hookglass::formats::format(format).is_some(), "{format}");
        stage.press(keys);
        let what = Copyable::As { format, signed };
        assert_eq!(stage.effects.pop(), Some(Effect::Copy { id, what }), "{keys}");
    }
    // Left without copying, the next copy is without it again.
    stage.press("yw<Esc>yc");
    assert_eq!(stage.effects, [Effect::Copy { id, what: Copyable::Curl }]);
}

#[test]
fn what_was_edited_wrongly_goes_back_or_is_given_up() {
    let mut stage = Stage::new((80, 24), &["SECRET"], 9);
    for (key, again) in [("y", true), ("<Esc>", false)] {
        let mistakes = "Line 3, column 4: expected `:`.".to_owned();
        stage.happen(Event::Mistaken { number: 5, mistakes });
        assert!(stage.screen().contains("column 4"), "{}", stage.screen());
        stage.press(key);
        assert_eq!(stage.effects.pop(), Some(Effect::EditAgain { number: 5, again }));
    }
}
