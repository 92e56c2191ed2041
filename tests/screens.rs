//! Screens after a key script, with a legend of the styles.

mod support;

use std::sync::Arc;

use hookglass::app::keymap::{BINDINGS, KeyContext};
use hookglass::app::layout::Size;
use hookglass::app::routing::{
    PublicAddress, Routing, RoutingChange, RuleLine, RuleMistake, TargetLine,
};
use hookglass::app::tab::Tab;
use hookglass::app::theme::Theme;
use hookglass::app::{
    Copyable, EditDecision, Effect, Event, Loaded, Mode, MouseKind, Notice, ReleaseDecision,
    Removals, ResendRequest, Scope, Session,
};
use hookglass::dashboard::view::Glyphs;
use hookglass::delivery::{
    Annotations, Delivery, DeliveryId, EventRef, Explanation, Head, Header, NewDelivery, Proof,
    ProofRow, Refusal, SignatureStatus, Summary, Verdict,
};
use hookglass::ops::annotate::Annotation;
use hookglass::ops::resend::{ResendEvent, ResendPace, ResendSummary, RunEnd};
use hookglass::provider::Provider;
use hookglass::secret::Secret;
use hookglass::signature::{Credentials, Verifier};
use support::Tested;
use support::stage::{SIZES, Stage, at, ids, session};

fn copyable(format: &'static str) -> Copyable {
    Copyable::As { format, signed: false }
}

fn verifier(session: &Session) -> Verifier {
    let secrets = session.secrets.iter().map(|name| Secret::new(name, "test-key-not-a-real-one"));
    let secrets: Vec<Secret> = secrets.collect();
    let keyed = Provider::named("cribbly")
        .map(|provider| Credentials { provider: provider.into(), secrets });
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
        explanation: Some("why it is so".into()),
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

/// Opens the dashboard over this many deliveries, each of which can be loaded.
fn open(size: (u16, u16), secrets: &[&str], count: i64) -> Stage {
    let session = session(secrets, "in memory only, until you quit");
    let (all, verifier) = (some(count), verifier(&session));
    let rows = all.iter().map(|delivery| delivery.summary.clone()).collect();
    Stage::new(size, session, 60, rows, move |effect| {
        let Effect::Load(id) = effect else { return None };
        let found = all.iter().find(|delivery| delivery.summary.id == *id).cloned()?;
        let examined = verifier.examine(&found);
        Some(Event::Loaded(Arc::new(Loaded::new(found, examined))))
    })
}

fn demo(size: (u16, u16)) -> Stage {
    let session = Session { demo: true, ..session(&["SECRET"], "in memory only") };
    Stage::new(size, session, 60, vec![delivery(1, SignatureStatus::Verified).summary], |_| None)
}

#[test]
fn the_demo_says_what_to_press_until_the_first_key() {
    let mut stage = demo((120, 36));
    let introduced = "b next failure · 3 why · r resend · ? keys · q quit";
    assert!(stage.screen().contains(introduced), "{}", stage.screen());
    assert!(!stage.press("j").screen().contains(introduced));
}

#[test]
fn the_demo_has_a_badge() {
    for size in SIZES {
        assert!(demo(size).screen().contains(" DEMO "));
    }
}

#[test]
fn screens_at_three_sizes() {
    for size in SIZES {
        let named = |name: &str| format!("{name}_{}x{}", size.0, size.1);
        insta::assert_snapshot!(named("welcome"), open(size, &[], 0).styled_screen());
        insta::assert_snapshot!(named("following"), open(size, &["SECRET"], 30).styled_screen());
        let mut stage = open(size, &["SECRET"], 9);
        insta::assert_snapshot!(named("signature"), stage.press("3<Up>").styled_screen());
        insta::assert_snapshot!(named("headers"), stage.press("2").styled_screen());
        insta::assert_snapshot!(named("timeline"), stage.press("4").styled_screen());
        insta::assert_snapshot!(named("refused"), stage.press("1<Home>j").styled_screen());
        insta::assert_snapshot!(named("help"), stage.press("?").styled_screen());
        stage.press("<Esc>/sig:!verified");
        insta::assert_snapshot!(named("filter"), stage.styled_screen());
        insta::assert_snapshot!(named("filter_error"), stage.press(" typ:x").styled_screen());
    }
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    insta::assert_snapshot!(open((40, 8), &[], 3).styled_screen());
}

#[test]
fn without_color_every_verdict_still_has_its_sign() {
    let cells =
        open((80, 24), &["SECRET"], 9).draw(Theme::default().without_color(), Glyphs::Unicode);
    assert!(cells.content().iter().all(|cell| cell.fg == ratatui::style::Color::Reset));
    let text: String = cells.content().iter().map(ratatui::buffer::Cell::symbol).collect();
    for sign in ["✓ verified", "✗ mismatch", "? missing", "! malformed", "⧗ expired", "· unchecked"]
    {
        assert!(text.contains(sign), "{sign}");
    }
}

#[test]
fn no_control_character_of_a_delivery_is_drawn() {
    let mut stage = open((120, 36), &[], 3);
    for tab in ["1", "2", "3", "4"] {
        let screen = stage.press(tab).screen();
        assert!(!screen.contains('\x1b') && !screen.contains('\t'), "{screen}");
    }
    assert!(stage.press("2").screen().contains(r"tab\there \x1b[31m"));
}

#[test]
fn a_payload_is_copied() {
    let mut stage = open((120, 36), &[], 9);
    stage.press("yp");
    assert_eq!(stage.effects, [Effect::Copy { id: DeliveryId(9), what: copyable("payload") }]);
}

#[test]
fn a_sample_is_sent() {
    let mut stage = open((120, 36), &[], 9);
    stage.press("s");
    assert_eq!(stage.effects, [Effect::SendSample]);
}

#[test]
fn the_target_of_a_resend_is_remembered() {
    let mut stage = open((120, 36), &[], 9);
    stage.press("r<Backspace>1<Enter>r");
    let order = |number| ResendRequest {
        number,
        ids: ids(&[9]),
        target: "http://127.0.0.1:3001".to_owned(),
        exact: false,
        pace: ResendPace::default(),
    };
    assert_eq!(stage.effects, [Effect::Resend(order(1)), Effect::Resend(order(2))]);
}

#[test]
fn a_refused_delivery_cannot_be_resent() {
    let mut stage = open((120, 36), &[], 9);
    stage.press("<Home>jr");
    assert_eq!(stage.effects, []);
    assert!(stage.screen().contains("cannot be resent"), "{}", stage.screen());
}

#[test]
fn q_quits() {
    let mut stage = open((120, 36), &[], 9);
    assert!(!stage.model.is_done());
    assert!(stage.press("q").model.is_done());
}

#[test]
fn moving_stops_following() {
    let mut stage = open((80, 24), &[], 30);
    stage.press("kk");
    stage.happen(Event::Kept(vec![delivery(31, SignatureStatus::Verified).summary]));
    assert_eq!(stage.selected(), Some(28));
}

#[test]
fn f_follows_new_deliveries_again() {
    let mut stage = open((80, 24), &[], 30);
    stage.press("kkf");
    assert_eq!(stage.selected(), Some(30));
    stage.happen(Event::Kept(vec![delivery(31, SignatureStatus::Verified).summary]));
    assert_eq!(stage.selected(), Some(31));
}

#[test]
fn a_click_selects_a_row() {
    assert_eq!(open((120, 36), &[], 9).click(5, 4).selected(), Some(3));
}

#[test]
fn the_wheel_moves_the_selection() {
    let mut stage = open((120, 36), &[], 9);
    assert_eq!(stage.click(5, 4).mouse(MouseKind::WheelDown, 5, 4).selected(), Some(6));
}

#[test]
fn a_click_opens_a_tab() {
    let mut stage = open((120, 36), &[], 9);
    let tabs = stage.screen().lines().nth(1).unwrap_or_default().to_owned();
    let before = tabs.split(" Sig").next().unwrap_or_default().chars().count();
    let screen = stage.click(u16::try_from(before + 2).unwrap_or(0), 1).screen();
    assert!(screen.contains("HMAC-SHA256"), "{screen}");
}

#[test]
fn the_window_holds_the_selection_whatever_happens() {
    let mut random = fastrand::Rng::with_seed(3);
    let rows = some(60).into_iter().map(|delivery| delivery.summary).collect();
    // No delivery is loaded, since the list does not depend on the other pane.
    let mut stage = Stage::new((80, 24), session(&[], "in memory only"), 60, rows, |_| None);
    for step in 0..1000_i64 {
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
    let mut stage = open((80, 24), &[], 3);
    let text = format!("{} the end", "a long story, ".repeat(12));
    stage.happen(Event::Notice(Notice::failed(text)));
    assert!(stage.screen().contains("the end"), "{}", stage.screen());
}

#[test]
fn a_typed_secret_is_not_shown() {
    let mut stage = open((120, 36), &["SECRET"], 3);
    let screen = stage.press("Stest-hush").screen();
    assert!(
        screen.contains("secret for delivery 3: •••••••••") && !screen.contains("hush"),
        "{screen}"
    );
}

#[test]
fn a_typed_secret_is_tried_on_the_selected_delivery() {
    let mut stage = open((120, 36), &["SECRET"], 3);
    stage.press("Stest-hush<Enter>");
    let tried = stage.effects.iter().find_map(|effect| match effect {
        Effect::TrySecret { id, secret } => Some((*id, secret.expose().to_vec())),
        _ => None,
    });
    assert_eq!(tried, Some((DeliveryId(3), b"test-hush".to_vec())));
}

#[test]
fn a_secret_to_use_from_now_on_names_its_provider_and_is_not_shown() {
    let mut stage = open((120, 36), &[], 3);
    let screen = stage.press(":set secret<Enter>test-hush").screen();
    assert!(
        screen.contains("secret of cribbly until you quit: •••••••••") && !screen.contains("hush"),
        "{screen}"
    );
}

#[test]
fn a_secret_to_use_from_now_on_is_that_of_the_selected_delivery() {
    let mut stage = open((120, 36), &[], 3);
    stage.press(":set secret<Enter>test-hush<Enter>");
    let used = stage.effects.iter().find_map(|effect| match effect {
        Effect::UseSecret { id, secret } => Some((*id, secret.expose().to_vec())),
        _ => None,
    });
    assert_eq!(used, Some((Some(DeliveryId(3)), b"test-hush".to_vec())));
}

/// Reports that a secret is in use now.
fn with_secret_in_use() -> Stage {
    let mut stage = open((120, 36), &[], 9);
    stage.happen(Event::SecretsInUse {
        names: vec!["the typed secret".to_owned()],
        notice: Notice::done("Cribbly uses the typed secret until you quit"),
    });
    stage
}

#[test]
fn the_title_shows_that_a_secret_is_in_use() {
    let screen = with_secret_in_use().screen();
    assert!(screen.lines().next().unwrap().contains("✓ secret"), "{screen}");
}

#[test]
fn deliveries_that_are_not_verified_are_checked_with_a_new_secret() {
    let mut stage = with_secret_in_use();
    let checked = stage.take_effects().into_iter().find_map(|effect| match effect {
        Effect::VerifyAgain(ids) => Some(ids.iter().map(|id| id.0).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(checked, Some(vec![9, 8, 6, 5, 4, 3, 2]));
}

#[test]
fn the_outcome_of_a_typed_secret_is_shown_with_its_delivery_only() {
    let mut stage = open((120, 36), &["SECRET"], 3);
    stage.press("Stest-hush<Enter>");
    let verdict = Verdict::explained(SignatureStatus::Mismatch, "why; what shows it");
    stage.happen(Event::SecretTried { id: DeliveryId(3), verdict });
    let screen = stage.screen();
    assert!(
        screen.contains("With the typed secret") && screen.contains("what shows it"),
        "{screen}"
    );
    assert!(!stage.press("k").screen().contains("With the typed secret"));
}

#[test]
fn esc_leaves_the_prompt_for_a_secret() {
    let mut stage = open((120, 36), &["SECRET"], 3);
    assert!(matches!(stage.press("S<Esc>").model.mode, Mode::Browse));
}

#[test]
fn risky_frameworks_are_named_for_verified_deliveries_only() {
    let mut stage = open((120, 60), &["SECRET"], 3);
    let shows = |stage: &mut Stage| stage.press("3").screen().contains("JSON.stringify");
    assert!(!shows(&mut stage));
    assert!(shows(stage.press("<Home>")));
}

#[test]
fn the_type_of_the_selected_delivery_becomes_a_filter() {
    let mut stage = open((120, 36), &[], 9);
    assert_eq!(stage.press("=t").filter(), "type:message.created");
    assert_eq!(stage.model.list.shown(), 3);
}

#[test]
fn a_value_is_excluded_in_addition_to_the_filter() {
    let mut stage = open((120, 36), &[], 9);
    assert_eq!(stage.press("=t!s").filter(), "type:message.created sig:!missing");
}

#[test]
fn a_key_that_names_no_value_leaves_the_filter_alone() {
    let mut stage = open((120, 36), &[], 9);
    assert_eq!(stage.press("=x").filter(), "");
    assert!(stage.screen().contains("x is not in this menu"), "{}", stage.screen());
}

#[test]
fn tab_completes_a_filter() {
    let mut stage = open((120, 36), &[], 9);
    let screen = stage.press("/type:m<Tab>").screen();
    assert!(screen.contains("filter: type:message.created"), "{screen}");
}

#[test]
fn esc_restores_the_filter_that_was_in_force() {
    let mut stage = open((120, 36), &[], 9);
    assert_eq!(
        stage.press("/type:m<Tab><Enter>/<Backspace>x<Esc>").filter(),
        "type:message.created"
    );
    assert_eq!(stage.press("0/<Up><Esc>").filter(), "");
}

#[test]
fn up_recalls_the_last_filter() {
    let mut stage = open((120, 36), &[], 9);
    assert_eq!(stage.press("/type:m<Tab><Enter>0/<Up>").filter(), "type:message.created");
}

/// Returns the words on the screen as one line.
fn words(screen: &str) -> String {
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_error_that_is_too_long_for_a_line_wraps() {
    let mut stage = open((80, 24), &[], 9);
    let screen = stage.press("/verdict:x").screen();
    let text = words(&screen);
    assert!(text.contains("filter: verdict:x ✗ column 1: unknown field `verdict:`"), "{screen}");
    assert!(text.contains("(put text with a colon in quotes)"), "{screen}");
}

#[test]
fn nothing_is_compared_if_nothing_matches() {
    let mut stage = open((80, 24), &[], 9);
    let screen = stage.press("6/type:nothing<Enter>").screen();
    assert!(screen.contains("No matches"), "{screen}");
    assert!(!screen.contains("compar"), "{screen}");
}

#[test]
fn the_palette_lists_matching_commands() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    insta::assert_snapshot!(stage.press(":copy").styled_screen());
}

#[test]
fn the_palette_runs_a_command() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.press(":copy curl<Enter>");
    assert_eq!(stage.effects, [Effect::Copy { id: DeliveryId(9), what: copyable("curl") }]);
}

#[test]
fn a_filter_is_saved_as_a_view() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.press("/sig:!verified<Enter><ctrl-s>bad ones<Enter>");
    let (name, filter) = ("bad ones".to_owned(), "sig:!verified".to_owned());
    let saved = Effect::SaveView { name, filter };
    assert!(stage.effects.contains(&saved), "{:?}", stage.effects);
}

#[test]
fn the_palette_opens_a_view() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let (name, filter) = ("bad ones".to_owned(), "sig:!verified".to_owned());
    stage.happen(Event::ViewSaved { name, filter });
    assert_eq!(stage.press("V<Enter>").filter(), "sig:!verified");
}

#[test]
fn a_click_on_a_hint_runs_it() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let line = stage.screen();
    let hints = line.lines().nth(35).unwrap_or_default();
    let column = hints.find("commands").and_then(|at| u16::try_from(at).ok()).unwrap_or_default();
    stage.click(column, 35);
    assert!(matches!(stage.model.mode, Mode::Palette(_)), "{hints}");
}

fn divider(stage: &Stage) -> Option<u16> {
    stage.model.areas().map(|areas| areas.divider.x)
}

#[test]
fn the_divider_is_dragged_until_the_button_is_released() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let column = divider(&stage).unwrap_or_default();
    stage.click(column, 9).mouse(MouseKind::Drag, 80, 9).mouse(MouseKind::Release, 80, 9);
    stage.mouse(MouseKind::Drag, 30, 9);
    assert_eq!(divider(&stage), Some(80));
}

#[test]
fn a_bar_stacks_the_panes() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.press("|");
    assert_eq!(stage.model.areas().map(|areas| areas.is_stacked()), Some(true));
}

#[test]
fn a_masked_value_keeps_only_its_shape() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    for tab in ["P1", "2", "3"] {
        let screen = stage.press(tab).screen();
        assert!(!screen.contains("tiger") && !screen.contains("abab"), "{tab}: {screen}");
    }
    assert!(stage.press("1").screen().contains("Xx’x xxx xxxxx"), "{}", stage.screen());
}

#[test]
fn a_terminal_without_unicode_gets_ascii() {
    let cells = open((120, 36), &["SECRET"], 9).draw(Theme::default(), Glyphs::Ascii);
    assert!(cells.content().iter().all(|cell| cell.symbol().is_ascii()));
}

#[test]
fn a_payload_is_folded() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("<Enter>-").screen();
    assert!(screen.contains("\"payload\": {id: \"p9\", message: \"It’s"), "{screen}");
}

#[test]
fn the_path_of_the_line_is_shown() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("<Enter>-jjj").screen();
    assert!(screen.lines().nth(1).is_some_and(|tabs| tabs.ends_with(" .payload")), "{screen}");
}

/// Opens a payload and searches in it, which unfolds what it finds.
fn searching() -> Stage {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.press("<Enter>-jjjl/TIG<Backspace><Backspace><Backspace>tig");
    stage
}

#[test]
fn a_payload_is_searched() {
    insta::assert_snapshot!(searching().styled_screen());
}

#[test]
fn a_value_of_a_payload_is_copied() {
    let mut stage = searching();
    stage.press("<Enter>yv");
    let text = "It’s the tiger 🐅".to_owned();
    assert_eq!(stage.effects, [Effect::CopyText { text, what: Copyable::Value }]);
}

#[test]
fn the_jq_path_of_a_value_is_copied() {
    let mut stage = searching();
    stage.press("<Enter>yj");
    let text = ".payload.message".to_owned();
    assert_eq!(stage.effects, [Effect::CopyText { text, what: Copyable::JqPath }]);
}

#[test]
fn a_value_of_a_payload_becomes_a_filter() {
    let mut stage = searching();
    assert_eq!(stage.press("<Enter>=").filter(), ".payload.message:\"It’s the tiger 🐅\"");
}

#[test]
fn raw_and_hex_show_the_bytes() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("5").screen();
    assert!(screen.contains(r"POST /hooks HTTP/1.1\r\n"), "{screen}");
    assert!(screen.contains(r"X-Odd: tab\there \x1b[31m\r\n"), "{screen}");
    let screen = stage.press("<Enter>X").screen();
    assert!(screen.contains("7b 22 69 64 22 3a 22 65"), "{screen}");
    let screen = stage.press("X").screen();
    assert!(screen.contains("\"id\": \"event"), "{screen}");
}

/// Reads one older delivery, so that there are ten.
fn reading() -> Stage {
    let mut stage = open((200, 60), &[], 9);
    let older = Summary { id: DeliveryId(0), ..delivery(1, SignatureStatus::Missing).summary };
    stage.happen(Event::Older(vec![older]));
    stage
}

#[test]
fn the_title_counts_deliveries_while_the_store_is_read() {
    let mut stage = reading();
    assert!(stage.screen().contains("reading 10 deliveries …"), "{}", stage.screen());
    stage.happen(Event::Older(Vec::new()));
    assert!(!stage.screen().contains("reading"), "{}", stage.screen());
}

/// Searches ten deliveries for a word; returns the number of the search too.
fn searching_bodies() -> Tested<(Stage, u64)> {
    let mut stage = reading();
    stage.happen(Event::Older(Vec::new()));
    stage.press("/tiger");
    let search = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Search { search, open, .. } if open.rows() == 10 => Some(*search),
        _ => None,
    });
    let search = search.ok_or_else(|| format!("no search in {:?}", stage.effects))?;
    Ok((stage, search))
}

#[test]
fn the_title_shows_the_progress_of_a_search() -> Tested {
    let (mut stage, search) = searching_bodies()?;
    stage.happen(Event::Matched { search, ids: ids(&[7, 3]), tested: 4 });
    assert!(stage.screen().contains("searched 40 %"), "{}", stage.screen());
    Ok(())
}

#[test]
fn matches_of_an_earlier_search_and_of_unknown_deliveries_are_ignored() -> Tested {
    let (mut stage, search) = searching_bodies()?;
    stage.happen(Event::Matched { search, ids: ids(&[7, 3]), tested: 4 });
    stage.happen(Event::Matched { search: search - 1, ids: ids(&[1]), tested: 10 });
    stage.happen(Event::Matched { search, ids: ids(&[77]), tested: 6 });
    assert!(stage.screen().contains("2/10"), "{}", stage.screen());
    Ok(())
}

/// Opens the dashboard over three deliveries, the last of which is marked.
fn with_a_mark() -> Stage {
    let mut stage = open((120, 36), &[], 3);
    let row = delivery(3, SignatureStatus::Verified).summary;
    let annotations = Annotations { marked: true, ..row.annotations };
    stage.happen(Event::Kept(vec![Summary { annotations, ..row }]));
    stage
}

#[test]
fn a_mark_is_shown_once_it_is_stored() {
    let mut stage = open((120, 36), &[], 3);
    stage.press("m");
    assert_eq!(
        stage.effects,
        [Effect::Annotate(Annotation::Mark { ids: ids(&[3]), marked: true })]
    );
    assert!(!stage.screen().contains('◆'), "{}", stage.screen());
    assert!(with_a_mark().screen().contains('◆'));
}

#[test]
fn a_mark_is_taken_back() {
    let mut stage = with_a_mark();
    stage.press("m");
    assert_eq!(
        stage.effects,
        [Effect::Annotate(Annotation::Mark { ids: ids(&[3]), marked: false })]
    );
}

#[test]
fn a_removal_removes_exactly_its_scope() {
    let list = &with_a_mark().model.list;
    for (scope, numbers) in [
        (Scope::Selected, &[3][..]),
        (Scope::Marked, &[3]),
        (Scope::Shown, &[1, 2, 3]),
        (Scope::All, &[1, 2, 3]),
    ] {
        assert_eq!(
            Removals::remove(list, scope),
            [Effect::Annotate(Annotation::Remove(ids(numbers)))],
            "{scope:?}"
        );
    }
}

#[test]
fn the_row_before_a_removed_one_is_selected() {
    let mut stage = with_a_mark();
    stage.happen(Event::Gone(ids(&[3])));
    assert_eq!(stage.selected(), Some(2));
    assert_eq!(Removals::remove(&stage.model.list, Scope::Marked), []);
}

#[test]
fn a_removal_is_undone_once() {
    let mut stage = with_a_mark();
    assert_eq!(stage.model.removals.undo(), []);
    stage.happen(Event::Gone(ids(&[3])));
    stage.happen(Event::Removed(ids(&[3])));
    assert_eq!(stage.model.removals.undo(), [Effect::Annotate(Annotation::Restore(ids(&[3])))]);
    assert!(stage.model.removals.is_empty());
}

#[test]
fn one_delivery_is_removed_without_a_question() {
    let mut stage = open((120, 36), &[], 9);
    assert_eq!(stage.press("D").effects, [Effect::Annotate(Annotation::Remove(ids(&[9])))]);
}

#[test]
fn several_deliveries_are_removed_after_a_question() {
    let mut stage = open((120, 36), &[], 9);
    let screen = stage.press(":remove shown<Enter>").screen();
    assert!(screen.contains("Remove all 9 shown deliveries? U undoes until you quit."), "{screen}");
    assert_eq!(stage.press("n").effects, []);
}

/// Returns the ids that the last key marked.
fn marked(stage: &mut Stage) -> Vec<i64> {
    match stage.take_effects().pop() {
        Some(Effect::Annotate(Annotation::Mark { ids, marked: true })) => {
            ids.iter().map(|id| id.0).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn space_marks_and_goes_on() {
    let mut stage = open((120, 36), &[], 9);
    stage.press("gj<space>");
    assert_eq!((marked(&mut stage), stage.selected()), (vec![2], Some(3)));
}

#[test]
fn a_range_is_marked_at_once() {
    let mut stage = open((120, 36), &[], 9);
    stage.press("gjv3j");
    assert!(stage.screen().contains(" RANGE 4 "), "{}", stage.screen());
    assert_eq!(marked(stage.press("m")), [2, 3, 4, 5]);
    assert!(!stage.screen().contains("RANGE"), "{}", stage.screen());
}

#[test]
fn esc_leaves_a_range() {
    let mut stage = open((120, 36), &[], 9);
    assert_eq!(marked(stage.press("gvjj<Esc>m")), [3]);
}

#[test]
fn a_count_moves_that_many_rows_and_keeps_the_tab() {
    let mut stage = open((120, 36), &[], 30);
    stage.press("g5j");
    assert_eq!(stage.selected(), Some(6));
    assert_eq!(stage.model.detail.tab, Tab::Payload);
    assert_eq!(stage.press("12j2k").selected(), Some(16));
    assert_eq!(stage.press("20G").selected(), Some(20));
}

#[test]
fn a_digit_shows_its_tab_and_is_no_count_later() {
    let mut stage = open((120, 36), &[], 30);
    stage.press("g3");
    stage.happen(Event::Tick(at(62)));
    assert_eq!(stage.press("j").selected(), Some(2));
    assert_eq!(stage.model.detail.tab, Tab::Signature);
}

#[test]
fn gg_and_half_pages_move_as_in_editors() {
    let mut stage = open((120, 36), &[], 90);
    assert_eq!(stage.press("gg").selected(), Some(1));
    assert_eq!(stage.press("<ctrl-d>").selected(), Some(17));
    assert_eq!(stage.press("<ctrl-u>").selected(), Some(1));
}

#[test]
fn one_key_shows_only_failed_signatures_and_all_again() {
    let mut stage = open((120, 36), &[], 9);
    assert_eq!(stage.press("F").filter(), "sig:failed");
    assert_eq!(stage.press("F").filter(), "");
    stage.press("/type:message.*<Enter>F");
    assert_eq!(stage.filter(), "type:message.* sig:failed");
    assert_eq!(stage.press("F").filter(), "type:message.*");
}

#[test]
fn the_last_row_follows_again() {
    let mut stage = open((80, 24), &[], 30);
    stage.press("kkjj");
    stage.happen(Event::Kept(vec![delivery(31, SignatureStatus::Verified).summary]));
    assert_eq!(stage.selected(), Some(31));
}

#[test]
fn q_goes_back_from_the_detail() {
    let mut stage = open((120, 36), &[], 9);
    assert!(!stage.press("<Enter>q").model.is_done());
    assert!(stage.press("q").model.is_done());
}

#[test]
fn quitting_asks_if_requests_are_paused() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(routing());
    let screen = words(&stage.press("q").screen());
    assert!(screen.contains("Quit? 2 paused requests are closed, and the tunnel"), "{screen}");
    assert_eq!(stage.press("y").effects, [Effect::Quit]);
}

#[test]
fn ctrl_e_edits_the_current_filter() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.press("/sig:mismatch<Enter>/<ctrl-e> size:>1");
    assert_eq!(stage.filter(), "sig:mismatch size:>1");
}

#[test]
fn a_notice_covers_neither_keys_nor_prompt() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(Event::Notice(Notice::info("something to read")));
    let screen = stage.screen();
    assert!(screen.contains("something to read") && screen.contains("? help"), "{screen}");
    stage.press("/");
    stage.happen(Event::Notice(Notice::info("something to read")));
    let screen = stage.screen();
    assert!(screen.contains("something to read") && screen.contains(" filter:"), "{screen}");
}

#[test]
fn the_title_says_how_far_the_newest_delivery_is() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    assert!(stage.press("kk").screen().contains(" STOPPED +2 "), "{}", stage.screen());
}

#[test]
fn an_unchecked_certificate_has_a_badge() {
    let session = Session { insecure: true, ..session(&["SECRET"], "in memory only") };
    let stage = Stage::new((120, 36), session, 60, Vec::new(), |_| None);
    assert!(stage.screen().contains(" INSECURE "), "{}", stage.screen());
}

/// Opens the dashboard with a failed delivery whose cause is known, and selects it.
fn with_cause(width: u16) -> Stage {
    let mut failed = delivery(9, SignatureStatus::Mismatch).summary;
    failed.signature.cause = Some("body-whitespace".to_owned());
    let mut stage = open((width, 36), &["SECRET"], 9);
    stage.happen(Event::Kept(vec![failed]));
    stage
}

#[test]
fn the_cause_is_next_to_the_verdict() {
    assert!(with_cause(120).screen().contains("✗ body-whitespace"));
}

#[test]
fn the_narrowest_list_shows_the_verdict() {
    let mut stage = with_cause(120);
    let screen = stage.press("<<<<<<<<<<<<").screen();
    let row = screen.lines().find(|line| line.starts_with('▌')).unwrap_or_default();
    assert!(row.split('│').next().is_some_and(|list| list.contains('✗')), "{screen}");
}

#[test]
fn a_cut_cell_ends_in_an_angle() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    assert!(stage.press("<<<<<<<<").screen().contains('›'), "{}", stage.screen());
}

#[test]
fn the_selected_row_keeps_the_color_of_its_verdict() {
    for theme in [Theme::default(), Theme::named("night").unwrap_or_default()] {
        let buffer = with_cause(120).draw(theme, Glyphs::Unicode);
        let bad = theme.style(hookglass::app::StyleClass::Bad).fg;
        let selected = buffer.area.rows().nth(10).unwrap_or_default();
        let mut cells = selected.columns().filter_map(|at| buffer.cell((at.x, at.y)));
        let found = cells.find(|cell| cell.symbol() == "✗").map(|cell| cell.fg);
        assert_eq!(found, bad);
    }
}

#[test]
fn u_restores_the_last_removal() {
    let mut stage = open((120, 36), &[], 9);
    stage.happen(Event::Removed(ids(&[9])));
    stage.press("U");
    assert_eq!(stage.effects, [Effect::Annotate(Annotation::Restore(ids(&[9])))]);
}

#[test]
fn a_note_is_stored() {
    let mut stage = open((120, 36), &[], 9);
    stage.press("alook at this<Enter>");
    let note = Some("look at this".to_owned());
    assert_eq!(stage.effects, [Effect::Annotate(Annotation::Note { id: DeliveryId(9), note })]);
}

#[test]
fn a_number_or_a_time_is_jumped_to() {
    let mut stage = open((120, 36), &[], 9);
    assert_eq!(stage.press("#3<Enter>").selected(), Some(3));
    assert_eq!(stage.press("#08:00:05<Enter>").selected(), Some(5));
}

#[test]
fn a_jump_to_something_else_is_refused() {
    let mut stage = open((120, 36), &[], 9);
    let screen = stage.press("#tea<Enter>").screen();
    assert!(screen.contains("invalid delivery or time `tea`"), "{screen}");
}

#[test]
fn a_column_is_sorted_and_reversed() {
    let mut stage = open((120, 36), &[], 9);
    let screen = stage.press("oy").screen();
    assert!(screen.contains("type↑"), "{screen}");
    // The name of the column.
    let head = screen.lines().nth(1).unwrap_or_default();
    let before = head.split("type↑").next().unwrap_or_default();
    let column = u16::try_from(before.chars().count()).unwrap_or(0);
    let screen = stage.click(column, 1).screen();
    assert!(screen.contains("type↓"), "{screen}");
}

#[test]
fn b_goes_to_the_next_failed_signature_in_the_order_of_the_list() {
    let mut stage = open((120, 36), &[], 9);
    assert_eq!(stage.press("oy<Home>b").selected(), Some(4));
}

#[test]
fn n_goes_to_matches_of_the_last_filter() {
    let mut stage = open((120, 36), &[], 9);
    assert_eq!(stage.press("/type:group*<Enter>0<Home>nn").selected(), Some(5));
}

fn routing() -> Event {
    let rule = |text: &str, count, holds| RuleLine {
        text: text.to_owned(),
        count,
        holds,
        is_for_all: !text.contains("=>"),
        is_by_agent: false,
        is_off: false,
    };
    let target = |url: &str, down: Option<&str>| TargetLine {
        url: url.to_owned(),
        down: down.map(ToOwned::to_owned),
        waiting: 3,
    };
    Event::Routing(Box::new(Routing {
        hub: None,
        rules: vec![rule("type:contact.* => hold", 12, true), rule("500x2,200", 4, false)],
        held: vec![(DeliveryId(7), at(20)), (DeliveryId(8), at(55))],
        targets: vec![
            target("http://127.0.0.1:3000", Some("nothing listens at 127.0.0.1:3000")),
            target("http://127.0.0.1:3001", None),
        ],
        public: PublicAddress::Up("https://example-of-a-test.trycloudflare.com".to_owned()),
        has_tunnel: true,
    }))
}

#[test]
fn routing_pages_at_three_sizes() {
    for size in SIZES {
        let named = |name: &str| format!("{name}_{}x{}", size.0, size.1);
        let mut stage = open(size, &["SECRET"], 9);
        stage.happen(routing());
        insta::assert_snapshot!(named("target_down"), stage.styled_screen());
        insta::assert_snapshot!(named("answers"), stage.press("<Esc>Aj").styled_screen());
        let mistake = RuleMistake { message: "column 1: no".to_owned(), span: Some(0..1) };
        stage.press("a50x<Enter>");
        stage.happen(Event::RuleWrong { typed: "50x".to_owned(), mistake });
        insta::assert_snapshot!(named("rule_wrong"), stage.styled_screen());
        insta::assert_snapshot!(named("address"), stage.press("<Esc><Esc>Q").styled_screen());
        insta::assert_snapshot!(named("resend_to"), stage.press("<Esc>R").styled_screen());
    }
}

fn release(id: i64, decision: ReleaseDecision) -> Effect {
    Effect::Change(RoutingChange::Release { id: DeliveryId(id), decision })
}

#[test]
fn the_chosen_paused_request_is_released() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(routing());
    stage.press("Aj2");
    assert_eq!(stage.effects, [release(8, ReleaseDecision::Respond(200))]);
}

#[test]
fn where_a_rule_is_chosen_the_request_that_waits_longest_is_released() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(routing());
    stage.press("Ajjf");
    assert_eq!(stage.effects, [release(7, ReleaseDecision::Forward)]);
}

#[test]
fn rules_are_removed_added_and_reset() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(routing());
    stage.press("AjjjdE0");
    let removed = RoutingChange::Remove { at: 1, text: "500x2,200".to_owned() };
    let changes = [removed, RoutingChange::Add("500".to_owned()), RoutingChange::Reset];
    assert_eq!(stage.effects, changes.map(Effect::Change));
}

/// Returns an event that adds a rule of an agent.
fn with_rule_of_agent() -> Event {
    let text = "503".to_owned();
    let rule = RuleLine {
        text,
        count: 0,
        holds: false,
        is_for_all: true,
        is_by_agent: true,
        is_off: false,
    };
    Event::Routing(Box::new(Routing { rules: vec![rule], ..Routing::default() }))
}

#[test]
fn a_rule_of_an_agent_is_reported() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(with_rule_of_agent());
    assert!(stage.screen().contains("An agent set the rule 503"), "{}", stage.screen());
}

#[test]
fn a_rule_of_an_agent_is_marked_on_the_page_of_rules() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(with_rule_of_agent());
    let screen = stage.press("A").screen();
    assert!(screen.contains("503  (set by an agent)"), "{screen}");
}

#[test]
fn a_question_counts_what_is_going_to_be_resent() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("<ctrl-r><Tab> x2 1s<Enter>").screen();
    // One of the nine was refused and cannot be sent.
    assert!(screen.contains("all 8 shown deliveries"), "{screen}");
    assert!(screen.contains("exactly as received") && screen.contains("16 requests"), "{screen}");
    assert_eq!(stage.press("n").effects, []);
}

/// Resends eight deliveries twice, with the choices of the last time; returns the order.
fn resending() -> Tested<(Stage, ResendRequest)> {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.press("<ctrl-r><Tab> x2 1s<Enter>n<ctrl-r><Up><Enter>y");
    match stage.effects.pop() {
        Some(Effect::Resend(order)) => Ok((stage, order)),
        other => Err(format!("no resend, but {other:?}").into()),
    }
}

fn happened(order: &ResendRequest, event: ResendEvent) -> Event {
    Event::Resend { number: order.number, target: "t".to_owned(), event }
}

fn three_of_sixteen() -> ResendSummary {
    ResendSummary { accepted: 3, ..ResendSummary::new(16) }
}

#[test]
fn up_recalls_how_deliveries_were_resent() -> Tested {
    let (_, order) = resending()?;
    assert_eq!((order.ids.len(), order.total(), order.exact), (8, 16, true));
    Ok(())
}

#[test]
fn the_progress_of_a_resend_is_shown() -> Tested {
    let (mut stage, order) = resending()?;
    stage.happen(happened(&order, ResendEvent::Started(three_of_sixteen())));
    assert!(stage.screen().contains("3 of 16 sent"), "{}", stage.screen());
    Ok(())
}

#[test]
fn a_resend_is_stopped() -> Tested {
    let (mut stage, order) = resending()?;
    stage.happen(happened(&order, ResendEvent::Started(three_of_sixteen())));
    stage.press("<ctrl-x>");
    assert_eq!(stage.effects, [Effect::StopResending(order.number)]);
    Ok(())
}

#[test]
fn the_end_of_a_resend_is_shown() -> Tested {
    let (mut stage, order) = resending()?;
    let counts = ResendSummary { end: RunEnd::Stopped, ..three_of_sixteen() };
    stage.happen(happened(&order, ResendEvent::Finished(counts)));
    assert!(stage.screen().contains("accepted; stopped"), "{}", stage.screen());
    Ok(())
}

#[test]
fn a_copy_has_its_signature_only_on_request() {
    let mut stage = open((120, 36), &["SECRET"], 9);
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
        assert!(hookglass::formats::copy_format(format).is_some(), "{format}");
        stage.press(keys);
        let what = Copyable::As { format, signed };
        assert_eq!(stage.effects.pop(), Some(Effect::Copy { id, what }), "{keys}");
    }
    // After leaving without a copy, the next copy is without the signature again.
    stage.press("yw<Esc>yc");
    assert_eq!(stage.effects, [Effect::Copy { id, what: copyable("curl") }]);
}

#[test]
fn a_mistake_in_an_edit_is_corrected_or_dropped() {
    let mut stage = open((80, 24), &["SECRET"], 9);
    for (key, decision) in [("y", EditDecision::Again), ("<Esc>", EditDecision::Discard)] {
        let mistakes = "Line 3, column 4: expected `:`.".to_owned();
        stage.happen(Event::Mistaken { number: 5, mistakes });
        assert!(stage.screen().contains("column 4"), "{}", stage.screen());
        stage.press(key);
        assert_eq!(stage.effects.pop(), Some(Effect::Decide { number: 5, decision }));
    }
}

#[test]
fn every_mode_that_changes_responses_has_a_badge() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let title = |stage: &Stage| stage.screen().lines().next().unwrap_or_default().to_owned();
    for (text, is_for_all, badge) in [
        ("500", true, " ALL→500 "),
        ("timeout", true, " ALL→timeout "),
        ("close", true, " ALL→close "),
        ("type:a.* => 503", false, " 1 RULE "),
    ] {
        let text = text.to_owned();
        let rules = vec![RuleLine {
            text,
            count: 0,
            holds: false,
            is_for_all,
            is_by_agent: false,
            is_off: false,
        }];
        stage.happen(Event::Routing(Box::new(Routing { rules, ..Routing::default() })));
        assert!(title(&stage).contains(badge), "{badge}: {}", stage.screen());
    }
    stage.happen(Event::Trouble(Some("disk full".to_owned())));
    assert!(title(&stage).contains(" NOT STORED→503 "), "{}", stage.screen());
    assert!(title(stage.press("P")).contains(" MASKED "), "{}", stage.screen());
    assert!(title(stage.press("os")).contains(" SORT size ↓ "), "{}", stage.screen());
}

#[test]
fn restored_and_imported_deliveries_are_no_arrivals() {
    let mut stage = open((200, 60), &["SECRET"], 9);
    stage.happen(Event::Gone(ids(&[7])));
    let mut restored = delivery(7, SignatureStatus::Verified).summary;
    restored.request.received_at = at(59);
    let mut imported = delivery(10, SignatureStatus::Verified).summary;
    imported.request.received_at = at(59);
    imported.request.source = hookglass::delivery::Source::Import;
    stage.happen(Event::Kept(vec![restored, imported]));
    assert!(stage.screen().contains(" 0.0/s"), "{}", stage.screen());
}

#[test]
fn the_rate_weighs_recent_seconds_most() {
    let mut stage = open((200, 60), &["SECRET"], 9);
    let seconds = (57..60).flat_map(|second| std::iter::repeat_n(second, 50));
    for (id, second) in (10..160).zip(seconds) {
        let mut new = delivery(id, SignatureStatus::Verified).summary;
        new.request.received_at = at(second);
        stage.happen(Event::Kept(vec![new]));
    }
    assert!(stage.screen().contains(" 43.8/s"), "{}", stage.screen());
    stage.happen(Event::Tick(at(70)));
    assert!(stage.screen().contains(" 0.0/s"), "{}", stage.screen());
}

#[test]
fn a_notice_ends_at_the_next_key() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    assert!(stage.press("os").screen().contains("Sorted by size, descending"));
    let screen = stage.press("k").screen();
    assert!(!screen.contains("Sorted by size"), "{screen}");
}

#[test]
fn a_return_to_the_order_of_time_is_said() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("osG").screen();
    assert!(screen.contains("Sorted by time again") && !screen.contains("SORT"), "{screen}");
}

#[test]
fn menus_show_every_choice_on_any_screen() {
    for size in [(44, 30), (60, 30), (80, 24), (120, 36), (200, 60)] {
        for (menu, context) in [
            ("y", KeyContext::Copy),
            ("yd", KeyContext::Snippet),
            ("x", KeyContext::Export),
            ("=", KeyContext::Facet),
            ("!", KeyContext::Facet),
            ("o", KeyContext::Sort),
        ] {
            let mut stage = open(size, &["SECRET"], 9);
            let screen = stage.press(menu).screen();
            for choice in BINDINGS.iter().filter(|choice| choice.context == context) {
                let word = choice.hint.map_or(choice.name, |(word, _)| word).replace('-', " ");
                let is_shown = screen.contains(choice.help) || screen.contains(&word);
                assert!(is_shown, "{size:?} {menu} {word}: {screen}");
            }
        }
    }
}

#[test]
fn a_menu_scrolls_where_its_pane_is_too_low() {
    let mut stage = open((44, 12), &["SECRET"], 9);
    let mut seen = stage.press("y").screen();
    for _ in 0..30 {
        seen.push_str(&stage.press("<Down>").screen());
    }
    for choice in BINDINGS.iter().filter(|choice| choice.context == KeyContext::Copy) {
        let word = choice.hint.map_or(choice.name, |(word, _)| word).replace('-', " ");
        assert!(seen.contains(&word), "{word}: {}", stage.screen());
    }
}

#[test]
fn a_menu_covers_the_pane_that_it_is_not_about() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("y").screen();
    assert!(screen.contains("Copy: delivery 9") && screen.contains("▌"), "{screen}");
    let screen = stage.press("<Esc><Enter>jy").screen();
    assert!(screen.contains("Copy: delivery 9") && screen.contains("event00000000009"), "{screen}");
}

#[test]
fn a_choice_of_a_menu_is_clicked() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("y").screen();
    let found = screen.lines().position(|line| line.contains("curl command"));
    let row = found.and_then(|row| u16::try_from(row).ok()).unwrap_or(0);
    stage.click(90, row);
    assert_eq!(stage.effects, [Effect::Copy { id: DeliveryId(9), what: copyable("curl") }]);
}

/// Returns the last line of the screen.
fn hint_line(stage: &Stage) -> String {
    stage.screen().lines().last().unwrap_or_default().to_owned()
}

#[test]
fn the_first_hint_of_a_failed_delivery_explains_it() {
    assert!(hint_line(&with_cause(80)).starts_with(" 3 why it failed"));
    let mut stage = open((80, 24), &["SECRET"], 9);
    assert!(!hint_line(stage.press("g")).contains("why it failed"));
}

#[test]
fn an_empty_list_hints_at_nothing_that_needs_a_delivery() {
    let hints = hint_line(&open((120, 36), &[], 0));
    for word in ["filter", "resend", " copy  ", "export", "edit", "failed", "pane", "sort", "zoom"]
    {
        assert!(!hints.contains(word), "{word}: {hints}");
    }
    assert!(hints.contains("s send a sample") && hints.contains("q quit"), "{hints}");
}

#[test]
fn a_list_without_matches_hints_at_nothing_that_needs_a_delivery() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let hints = hint_line(stage.press("/type:nothing<Enter>"));
    assert!(hints.contains("/ filter") && !hints.contains("resend"), "{hints}");
}

/// Opens the dashboard with a delivery whose proof has a difference.
fn with_proof(size: (u16, u16)) -> Stage {
    let mut failed = delivery(9, SignatureStatus::Mismatch);
    let mut why = Explanation::from("the body was changed after it was signed");
    let (one, other) = (format!("{}x}}", "a".repeat(90)), format!("{}y}}", "a".repeat(90)));
    let help = why.help_mut();
    help.fix = Some("hash the raw bytes".to_owned());
    help.proof = Some(Proof::new(ProofRow::new("received", one), ProofRow::new("signed", other)));
    failed.summary.signature = Verdict {
        explanation: Some(why),
        ..Verdict::with_cause(SignatureStatus::Mismatch, "body-whitespace", "")
    };
    let rows = vec![failed.summary.clone()];
    Stage::new(size, session(&["SECRET"], "in memory only"), 60, rows, move |effect| {
        let Effect::Load(_) = effect else { return None };
        Some(Event::Loaded(Arc::new(Loaded::new(failed.clone(), None))))
    })
}

#[test]
fn the_signature_pane_opens_with_verdict_cause_and_fix() {
    let screen = with_proof((200, 60)).press("3").screen();
    let at = |text: &str| screen.find(text).unwrap_or(usize::MAX);
    assert!(at("✗ mismatch: body-whitespace") < at("The body was changed"), "{screen}");
    assert!(at("The body was changed") < at("Fix: hash the raw bytes."), "{screen}");
    assert!(at("Fix: hash") < at("received  aaa"), "{screen}");
}

#[test]
fn the_caret_is_below_the_first_difference_on_any_screen() {
    for size in [(60, 20), (80, 24), (120, 36), (200, 60)] {
        let screen = with_proof(size).press("3").screen();
        let lines: Vec<Vec<char>> = screen.lines().map(|line| line.chars().collect()).collect();
        let caret = lines.iter().position(|line| line.contains(&'^')).unwrap_or(2);
        let column = lines.get(caret).and_then(|line| line.iter().position(|one| *one == '^'));
        let above = |up: usize| {
            let line = lines.get(caret.checked_sub(up)?)?;
            line.get(column?).copied()
        };
        assert_eq!((above(2), above(1)), (Some('x'), Some('y')), "{size:?}: {screen}");
    }
}

#[test]
fn a_proved_cause_has_no_list_of_attempts() {
    use hookglass::signature::{Diagnosis, Tried};
    let diagnosis = || Diagnosis {
        verdict: Verdict::explained(SignatureStatus::Mismatch, "why"),
        tried: vec![Tried { what: "forms of the body", count: 7 }],
        complete: true,
    };
    for (mut stage, is_listed) in
        [(with_proof((120, 36)), false), (open((120, 36), &["SECRET"], 6), true)]
    {
        let id = stage.selected().map_or(DeliveryId(0), DeliveryId);
        stage.happen(Event::Diagnosed { id, diagnosis: diagnosis() });
        let screen = stage.press("3").screen();
        assert_eq!(screen.contains("7 × forms of the body"), is_listed, "{screen}");
    }
}

#[test]
fn values_of_the_signature_pane_are_copied_with_its_cursor() {
    let mut stage = open((120, 36), &["SECRET"], 6);
    stage.press("3<Enter>");
    let mut copied = Vec::new();
    for _ in 0..16 {
        stage.press("yvj");
    }
    for effect in stage.take_effects() {
        match effect {
            Effect::CopyText { text, .. } if !copied.contains(&text) => copied.push(text),
            Effect::Copy { what: Copyable::SignedPayload, .. }
                if !copied.contains(&String::new()) =>
            {
                copied.push(String::new());
            }
            _ => {}
        }
    }
    // Received, expected, and the bytes that are signed, which are not on the screen.
    assert_eq!(copied, ["ab".repeat(32), EXPECTED.to_owned(), String::new()]);
}

/// HMAC-SHA256 of the sixth delivery's body under the key of [`verifier`].
const EXPECTED: &str = "ef28de3a8dab925efa5754e1eb9715c8c86651db3e0eb99f00d8fb1ef5c5913d";

#[test]
fn the_expected_signature_is_copied_from_the_menu() {
    let mut stage = open((120, 36), &["SECRET"], 6);
    let what = Copyable::ExpectedSignature;
    stage.press("ye");
    assert_eq!(stage.effects, [Effect::CopyText { text: EXPECTED.to_owned(), what }]);
}

#[test]
fn help_is_searched() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("?/only failed").screen();
    assert!(screen.contains("show only failed signatures"), "{screen}");
    assert!(!screen.contains("redraw the screen"), "{screen}");
    let screen = stage.press("<Enter>").screen();
    assert!(screen.contains("show only failed") && !screen.contains("redraw"), "{screen}");
    assert!(stage.press("/<Esc>").screen().contains("Signs in the list"), "{}", stage.screen());
}

#[test]
fn help_without_a_match_says_so() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    assert!(stage.press("?/qqqqq").screen().contains("no match"), "{}", stage.screen());
}

#[test]
fn help_begins_with_the_legend_and_the_keys_of_the_focused_pane() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("?").screen();
    assert!(
        screen.lines().nth(2).is_some_and(|line| line.contains("Signs in the list")),
        "{screen}"
    );
    assert!(screen.contains("Keys: in the list  1 to 66 of "), "{screen}");
    let screen = stage.press("<Esc><Enter>?").screen();
    assert!(screen.contains("Keys: in the payload"), "{screen}");
}

#[test]
fn wide_help_continues_in_the_next_column() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("?").screen();
    let right: String = screen.lines().flat_map(|line| line.chars().skip(60)).collect();
    assert!(right.contains("filter the list"), "{screen}");
    assert!(stage.press("<PageDown>").screen().contains("  66 to 131 of "), "{}", stage.screen());
}

#[test]
fn the_palette_knows_other_names() {
    for (name, command) in [("delete", "remove"), ("replay", "resend"), ("shortcuts", "help")] {
        let mut stage = open((120, 36), &["SECRET"], 9);
        let screen = stage.press(&format!(":{name}")).screen();
        let first = screen.lines().nth(3).unwrap_or_default();
        assert!(first.contains(&format!("▌ {command}")), "{name}: {screen}");
    }
}

#[test]
fn a_column_names_the_source_of_deliveries_that_came_through_one() {
    let mut stage = open((200, 60), &["SECRET"], 3);
    let head = |stage: &Stage| stage.screen().lines().nth(1).unwrap_or_default().to_owned();
    assert!(!head(&stage).contains(" via "), "{}", stage.screen());
    let mut routed = delivery(4, SignatureStatus::Verified).summary;
    routed.request.via = Some("/stripe".to_owned());
    stage.happen(Event::Kept(vec![routed]));
    assert!(head(&stage).contains(" via "), "{}", stage.screen());
    assert!(stage.screen().contains("/stripe"), "{}", stage.screen());
}

#[test]
fn the_list_shows_event_id_and_status_at_120_columns() {
    let screen = with_cause(120).screen();
    let head = screen.lines().nth(1).unwrap_or_default();
    assert!(head.contains(" event id ") && head.contains(" status "), "{screen}");
}

#[test]
fn a_cause_that_is_too_long_is_cut() {
    let mut stage = with_cause(120);
    assert!(stage.press("<").screen().contains("✗ body-whit"), "{}", stage.screen());
}

#[test]
fn a_paused_request_is_released_from_the_list() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(routing());
    let hints = hint_line(stage.press("#8<Enter>"));
    assert!(hints.starts_with(" p respond"), "{hints}");
    stage.take_effects();
    assert!(stage.press("p").screen().contains(" Respond: delivery 8 "), "{}", stage.screen());
    assert_eq!(stage.press("5").effects, [release(8, ReleaseDecision::Respond(500))]);
}

#[test]
fn respond_selects_the_request_that_waits_longest() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(routing());
    assert_eq!(stage.press("p2").effects.pop(), Some(release(7, ReleaseDecision::Respond(200))));
    assert_eq!(stage.selected(), Some(7));
}

#[test]
fn respond_without_a_paused_request_says_so() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    assert!(stage.press("p").screen().contains("No paused requests"), "{}", stage.screen());
}

#[test]
fn a_rule_is_made_from_a_row() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(routing());
    stage.press("#8<Enter>pr");
    stage.take_effects();
    stage.press("503<Enter>");
    let rule = "type:group.deleted => 503".to_owned();
    assert_eq!(stage.effects, [Effect::Change(RoutingChange::Add(rule))]);
}

#[test]
fn a_rule_is_edited_in_place() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(routing());
    stage.press("AGe<Backspace>1<Enter>");
    let (text, typed) = ("500x2,200".to_owned(), "500x2,201".to_owned());
    let replace = RoutingChange::Replace { at: 1, text, typed: typed.clone() };
    assert_eq!(stage.take_effects(), [Effect::Change(replace)]);
    stage.happen(Event::RuleAdded(typed));
    assert!(matches!(stage.model.mode, Mode::Answers(3)), "{:?}", stage.model.mode);
}

#[test]
fn a_rule_is_moved_up_and_stays_selected() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(routing());
    stage.press("AGKK");
    let text = "500x2,200".to_owned();
    let moved = RoutingChange::Move { at: 1, to: 0, text };
    assert_eq!(stage.effects, [Effect::Change(moved)]);
    let screen = stage.screen();
    assert!(screen.contains("▌  1.       4  500x2,200"), "{screen}");
}

#[test]
fn a_rule_is_switched_off() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(routing());
    stage.press("AG<space>");
    let text = "500x2,200".to_owned();
    assert_eq!(stage.effects, [Effect::Change(RoutingChange::Toggle { at: 1, text })]);
}

#[test]
fn a_rule_that_is_off_has_no_badge() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let rule = RuleLine {
        text: "500".to_owned(),
        count: 2,
        holds: false,
        is_by_agent: false,
        is_off: true,
        is_for_all: true,
    };
    let routing = Routing { rules: vec![rule], ..Routing::default() };
    stage.happen(Event::Routing(Box::new(routing)));
    assert!(!stage.screen().contains("ALL→"), "{}", stage.screen());
    assert!(stage.press("A").screen().contains("2  off  500"), "{}", stage.screen());
}

fn order(number: u64, target: &str) -> ResendRequest {
    ResendRequest {
        number,
        ids: ids(&[9]),
        target: target.to_owned(),
        exact: false,
        pace: ResendPace::default(),
    }
}

#[test]
fn the_editor_opens_before_the_prompt_for_a_target() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let suggested = order(1, "http://127.0.0.1:3000");
    assert_eq!(stage.press("e").take_effects(), [Effect::Edit { order: suggested, asks: true }]);
    let (number, id, target) = (1, DeliveryId(9), "http://127.0.0.1:3000".to_owned());
    stage.happen(Event::Edited { number, id, target, error: None });
    assert!(stage.screen().contains(" send edited delivery 9 to: "), "{}", stage.screen());
    let decision = EditDecision::Send { target: "http://127.0.0.1:3001".to_owned(), exact: false };
    stage.press("<Backspace>1<Enter>");
    assert_eq!(stage.take_effects(), [Effect::Decide { number: 1, decision }]);
    let again = order(2, "http://127.0.0.1:3001");
    assert_eq!(stage.press("e").effects, [Effect::Edit { order: again, asks: false }]);
}

#[test]
fn esc_discards_an_edit_that_waits_for_its_target() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let (number, id, target) = (4, DeliveryId(9), "http://127.0.0.1:3000".to_owned());
    stage.happen(Event::Edited { number, id, target, error: None });
    assert!(stage.screen().contains("Esc discards the edit"), "{}", stage.screen());
    let discard = Effect::Decide { number: 4, decision: EditDecision::Discard };
    assert_eq!(stage.press("<Esc>").effects, [discard]);
}

#[test]
fn a_newcomer_needs_few_keys() {
    let failed = |forward: &str| {
        let mut all = some(9);
        all.push(delivery(10, SignatureStatus::Mismatch));
        let forward = Some(forward.to_owned());
        let session = Session { forward, ..session(&["SECRET"], "in memory only") };
        let rows = all.iter().map(|delivery| delivery.summary.clone()).collect();
        let checks = verifier(&session);
        Stage::new((120, 36), session, 60, rows, move |effect| {
            let Effect::Load(id) = effect else { return None };
            let found = all.iter().find(|delivery| delivery.summary.id == *id).cloned()?;
            let examined = checks.examine(&found);
            Some(Event::Loaded(Arc::new(Loaded::new(found, examined))))
        })
    };
    let stage = || failed("http://127.0.0.1:3000");
    // Explain the failure: one key, the first hint.
    assert!(hint_line(&stage()).starts_with(" 3 why it failed"));
    assert!(stage().press("3").screen().contains("✗ mismatch"));
    // Resend it: one key.
    let mut resent = stage();
    assert!(matches!(resent.press("r").effects.last(), Some(Effect::Resend(_))));
    // Copy it as curl: two keys.
    let mut copied = stage();
    let curl = Effect::Copy { id: DeliveryId(10), what: copyable("curl") };
    assert_eq!(copied.press("yc").effects.last(), Some(&curl));
    // Show only failed deliveries: one key.
    assert_eq!(stage().press("F").filter(), "sig:failed");
    // Export it as a fixture: three keys.
    let mut exported = stage();
    assert!(matches!(exported.press("xf<Enter>").effects.last(), Some(Effect::Export { .. })));
}

#[test]
fn a_typed_filter_keeps_the_selection_that_d_removes() {
    let mut stage = open((120, 36), &["SECRET"], 30);
    stage.press("g/type:contact.*<Enter>");
    assert_eq!(stage.selected(), Some(1));
    stage.take_effects();
    assert_eq!(stage.press("D").effects, [Effect::Annotate(Annotation::Remove(ids(&[1])))]);
    let mut left = open((120, 36), &["SECRET"], 30);
    assert_eq!(left.press("gjj/zzz<Esc>").selected(), Some(3));
}

#[test]
fn b_finds_a_failed_signature_while_following() {
    let mut all = some(5);
    all.push(delivery(6, SignatureStatus::Verified));
    let rows = all.into_iter().map(|delivery| delivery.summary).collect();
    let mut stage = Stage::new((120, 36), session(&["SECRET"], ""), 60, rows, |_| None);
    assert!(stage.model.list.is_following());
    assert_eq!(stage.press("b").selected(), Some(3));
    assert!(stage.screen().contains("continued at the top"), "{}", stage.screen());
}

#[test]
fn the_arrow_of_a_sorted_column_is_never_cut() {
    for (key, width) in [("oa", 120), ("oa", 80), ("os", 200), ("ov", 60)] {
        let mut stage = open((width, 36), &["SECRET"], 9);
        let screen = stage.press(key).screen();
        let head = screen.lines().nth(1).unwrap_or_default();
        assert!(head.contains(['↑', '↓']), "{key} {width}: {screen}");
    }
}

#[test]
fn name_and_help_of_a_command_are_apart() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press(":filter by signature").screen();
    assert!(screen.contains("filter by signature  "), "{screen}");
}

#[test]
fn marked_deliveries_that_a_filter_hides_are_removed_only_after_a_question() {
    let mut stage = with_a_mark();
    assert!(stage.screen().contains(" 1 MARKED "), "{}", stage.screen());
    stage.press("/type:nothing<Enter>");
    stage.take_effects();
    assert!(stage.press("D").screen().contains("Remove "), "{}", stage.screen());
    assert_eq!(stage.effects, []);
}

#[test]
fn what_describes_a_body_does_not_look_like_a_warning() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.press("<Enter>X");
    let theme = Theme::default();
    let buffer = stage.draw(theme, Glyphs::Unicode);
    let warning = theme.style(hookglass::app::StyleClass::Warn).fg;
    let row = buffer.area.rows().nth(2).unwrap_or_default();
    let note = row.columns().filter_map(|at| buffer.cell((at.x, at.y))).skip(70);
    assert!(stage.screen().contains("body in hex"), "{}", stage.screen());
    assert!(note.into_iter().all(|cell| Some(cell.fg) != warning), "{}", stage.screen());
}

#[test]
fn the_status_of_a_paused_request_is_not_cut() {
    let mut stage = with_cause(120);
    let mut paused = delivery(9, SignatureStatus::Verified).summary;
    paused.response = None;
    stage.happen(Event::Kept(vec![paused]));
    let held = vec![(DeliveryId(9), at(50))];
    stage.happen(Event::Routing(Box::new(Routing { held, ..Routing::default() })));
    assert!(stage.screen().contains(" paused "), "{}", stage.screen());
}

#[test]
fn no_prompt_hides_the_row_it_acts_on() {
    for keys in ["R", "<ctrl-r>", "/", "/size:x", "E", "a", "S", "y", "x", "=", "xf"] {
        let mut stage = open((80, 24), &["SECRET"], 40);
        let screen = stage.press(keys).screen();
        assert!(screen.contains("08:00:40"), "{keys}: {screen}");
    }
}

#[test]
fn views_without_any_saved_say_how_to_save_one() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("V").screen();
    assert!(screen.contains("No saved views") && screen.contains("Ctrl-s"), "{screen}");
}

#[test]
fn the_palette_says_that_nothing_matches() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    assert!(stage.press(":qqqqq").screen().contains("No command matches"));
}

#[test]
fn a_view_is_replaced_only_after_a_question() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let (name, filter) = ("bad".to_owned(), "sig:mismatch".to_owned());
    stage.happen(Event::ViewSaved { name, filter });
    let screen = stage.press("/size:>1<Enter><ctrl-s>bad<Enter>").screen();
    assert!(screen.contains("Replace the view `bad` (sig:mismatch)?"), "{screen}");
    let is_save = |effect: &Effect| matches!(effect, Effect::SaveView { .. });
    assert!(!stage.effects.iter().any(is_save));
    assert!(stage.press("y").effects.iter().any(is_save));
}

#[test]
fn a_filter_prompt_starts_empty() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    assert_eq!(stage.press("/sig:mismatch<Enter>/size:<100").filter(), "size:<100");
}

#[test]
fn an_untouched_filter_prompt_keeps_the_filter() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.press("/sig:mismatch<Enter>/");
    assert!(stage.screen().contains("now sig:mismatch"), "{}", stage.screen());
    assert_eq!(stage.press("<Enter>").filter(), "sig:mismatch");
}

#[test]
fn a_jump_to_an_absent_delivery_says_where_it_went() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("#999<Enter>").screen();
    assert!(screen.contains("No delivery 999; went to 9"), "{screen}");
}

#[test]
fn undoing_twice_says_that_nothing_is_left() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    stage.happen(Event::Removed(ids(&[9])));
    assert!(stage.press("UU").screen().contains("Nothing to undo"), "{}", stage.screen());
}

#[test]
fn an_own_edit_is_not_flagged_as_differing() {
    let mut stage = open((120, 36), &["SECRET"], 3);
    let mut edited = delivery(4, SignatureStatus::Verified).summary;
    edited.flags.differs = true;
    stage.happen(Event::Kept(vec![edited.clone()]));
    assert!(stage.screen().contains('≠'), "{}", stage.screen());
    edited.request.origin = Some(DeliveryId(1));
    stage.happen(Event::Kept(vec![edited]));
    assert!(!stage.screen().contains('≠'), "{}", stage.screen());
}

#[test]
fn older_days_keep_the_time_of_day() {
    let mut stage = open((200, 60), &["SECRET"], 9);
    stage.happen(Event::Tick(at(3 * 86_400)));
    assert!(stage.screen().contains("2027-01-15 08:00"), "{}", stage.screen());
}

#[test]
fn privacy_mode_masks_all_that_came_from_outside() {
    let headers = [
        Header::new("Host", "canary-host7.example"),
        Header::new("X-Canary7-Name", "canary7"),
        Header::new("X-Cribbly-Signature", "canary7"),
    ];
    let head = Head::build("POST", "/canary7?token=canary7", &headers);
    let body = r#"{"canary7@example.org":"canary7","created_at":1790000000,"type":"canary7.x"}"#;
    let mut new = NewDelivery::new(head, body.into(), at(30));
    new.request.peer = Some("203.0.113.77:50000".to_owned());
    "cribbly".clone_into(&mut new.provider);
    new.event =
        EventRef { id: Some("canary7".to_owned()), event_type: Some("canary7.x".to_owned()) };
    let why = "the secret is right but for whitespace around `canary7`; trim it with `trim()`";
    new.signature = Verdict::explained(SignatureStatus::Mismatch, why);
    new.response = Some(200);
    let found = new.into_delivery(DeliveryId(1), None);
    let session = session(&["SECRET"], "in memory only");
    let (rows, checks) = (vec![found.summary.clone()], verifier(&session));
    let mut stage = Stage::new((200, 40), session, 60, rows, move |effect| {
        let Effect::Load(_) = effect else { return None };
        let report = checks.examine(&found);
        Some(Event::Loaded(Arc::new(Loaded::new(found.clone(), report))))
    });
    stage.press("P");
    for tab in ["1", "2", "3", "4", "5", "1X", "X<Enter>jj", "<Esc>A", "<Esc><Esc>a"] {
        let screen = stage.press(tab).screen();
        for canary in ["anary7", "203.0.113", "2026-09-21", "canary-host7", "token=c"] {
            assert!(!screen.contains(canary), "{tab} {canary}: {screen}");
        }
        assert!(screen.contains(" MASKED "), "{tab}: {screen}");
    }
    let screen = stage.press("<Esc>3").screen();
    assert!(words(&screen).contains("trim it with"), "{screen}");
}

#[test]
fn a_hit_does_not_scroll_away_what_is_around_it() {
    let mut stage = open((120, 36), &["SECRET"], 9);
    let screen = stage.press("<Enter>/tiger<Enter>n").screen();
    assert!(
        screen.contains("\"message\": \"It’s the tiger") && screen.contains("\"type\""),
        "{screen}"
    );
}

#[test]
fn a_provider_is_described_with_a_name_and_a_masked_secret() {
    let mut stage = open((120, 36), &["SECRET"], 3);
    let screen = stage.press("Wacme<Enter>test-hush").screen();
    assert!(screen.contains("secret of acme: •••••••••") && !screen.contains("hush"), "{screen}");
    stage.press("<Enter>");
    let added = stage.effects.iter().find_map(|effect| match effect {
        Effect::AddProvider { id, name, secret } => {
            Some((*id, name.clone(), secret.as_ref()?.expose().to_vec()))
        }
        _ => None,
    });
    assert_eq!(added, Some((DeliveryId(3), "acme".to_owned(), b"test-hush".to_vec())));
}

/// Returns a delivery of an event whose first delivery is `first`.
fn retry(id: i64, first: Option<i64>) -> Summary {
    let head = Head::build("POST", "/hooks", &[]);
    let mut new = NewDelivery::new(head, "{}".into(), at(id));
    "cribbly".clone_into(&mut new.provider);
    new.event = EventRef {
        id: Some(format!("event{}", first.unwrap_or(id))),
        event_type: Some("message.created".to_owned()),
    };
    new.response = Some(200);
    new.into_delivery(DeliveryId(id), first.map(DeliveryId)).summary
}

/// Opens a list of the deliveries 1 to 4, of which 3 and 4 are retries of 1.
fn retries(keys: &str) -> Stage {
    let rows = vec![retry(1, None), retry(2, None), retry(3, Some(1)), retry(4, Some(1))];
    let mut stage = Stage::new((120, 36), session(&[], "in memory only"), 9, rows, |_| None);
    stage.press(keys);
    stage
}

/// Returns the numbers of the rows in the list.
fn rows_of(stage: &Stage) -> Vec<i64> {
    stage.model.list.window(30).map(|(row, _)| row.id.0).collect()
}

fn selected(stage: &Stage) -> Option<i64> {
    stage.model.list.selected().map(|row| row.id.0)
}

#[test]
fn grouped_retries_have_one_row_with_their_number() {
    let stage = retries("O");
    assert_eq!(rows_of(&stage), [2, 4]);
    assert!(stage.screen().contains("3× message"), "{}", stage.screen());
}

#[test]
fn grouped_retries_are_shown_in_the_title_until_they_are_not() {
    let mut stage = retries("O");
    assert!(stage.screen().contains("GROUPED"), "{}", stage.screen());
    stage.press("O");
    assert!(!stage.screen().contains("GROUPED"), "{}", stage.screen());
    assert_eq!(rows_of(&stage), [1, 2, 3, 4]);
}

#[test]
fn grouping_selects_the_last_delivery_of_the_selected_event() {
    assert_eq!(selected(&retries("gO")), Some(4));
}

#[test]
fn the_selection_of_a_group_follows_a_new_retry() {
    let mut stage = retries("gOg");
    assert_eq!(selected(&stage), Some(2));
    stage.happen(Event::Kept(vec![retry(5, Some(2))]));
    assert_eq!((rows_of(&stage), selected(&stage)), (vec![4, 5], Some(5)));
}

#[test]
fn a_group_shows_its_delivery_before_if_the_last_one_is_removed() {
    let mut stage = retries("O");
    stage.happen(Event::Gone(vec![DeliveryId(4)]));
    assert_eq!(rows_of(&stage), [2, 3]);
}

#[test]
fn a_filter_applies_to_the_last_delivery_of_each_event() {
    let mut stage = retries("O/dup:no<Enter>");
    assert_eq!(rows_of(&stage), [2]);
    stage.press("0");
    assert_eq!(rows_of(&stage), [2, 4]);
}
