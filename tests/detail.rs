//! The Headers pane, bodies in hex, and the third pane: screens and keys.

mod support;

use std::sync::Arc;

use bytes::Bytes;
use hookglass::app::document_view::{DocumentView, Tokens, Viewport, highlighted};
use hookglass::app::{Effect, Event, Loaded, Move, Setting};
use hookglass::delivery::{Delivery, DeliveryId, Head, Header, NewDelivery};
use jiff::tz::TimeZone;
use support::stage::{Stage, at, session};

fn delivery(id: i64, size: usize) -> Delivery {
    let target = format!("/shop/hooks?topic=orders%2Fcreate&empty=&long={}", "y".repeat(300));
    let headers = [
        Header::new("Host", "127.0.0.1:4400"),
        Header::new("X-Shop", "x.example"),
        Header::new("X-A-Rather-Long-Header-Name-Indeed", "v".repeat(90)),
        Header::new("X-Forwarded-For", "10.0.0.1"),
        Header::new("X-Hostile", "\x1b[31m"),
    ];
    let head = Head::build("POST", target, &headers);
    let body: Vec<u8> = (0..=255).cycle().take(size).collect();
    let mut new = NewDelivery::new(head, Bytes::from(body), at(id));
    new.request.peer = Some("10.0.0.7:50000".to_owned());
    new.response = Some(200);
    new.into_delivery(DeliveryId(id), None)
}

/// Opens a pane of the only delivery, and focuses it.
fn open(size: (u16, u16), keys: &str) -> Stage {
    let rows = vec![delivery(1, 100).summary];
    let mut stage = Stage::new(size, session(&[], "in memory only"), 9, rows, |effect| {
        let Effect::Load(id) = effect else { return None };
        Some(Event::Loaded(Arc::new(Loaded::new(delivery(id.0, 100), None))))
    });
    stage.press("<Enter>").press(keys);
    stage
}

/// Returns the lines of the detail, from its left edge.
fn detail(stage: &Stage) -> Vec<String> {
    let screen = stage.screen();
    let lines = screen.lines().skip(2).filter_map(|line| line.split_once('│'));
    lines.map(|(_, line)| line.replacen(['▌', ' '], "", 1).trim_end().to_owned()).collect()
}

/// Moves the cursor to the line that begins with a text.
fn go_to(stage: &mut Stage, start: &str) {
    let line = detail(stage).iter().position(|line| line.starts_with(start));
    assert!(line.is_some(), "{start}:\n{}", stage.screen());
    stage.press(&"j".repeat(line.unwrap_or_default()));
}

#[test]
fn headers_and_query_are_two_aligned_columns() {
    let lines = detail(&open((140, 36), "]"));
    let column = |start: &str, value: &str| {
        let line = lines.iter().find(|line| line.starts_with(start));
        line.and_then(|line| line.find(value)).unwrap_or_else(|| panic!("{start}: {lines:#?}"))
    };
    let of_query = column("topic", "orders/create");
    assert_eq!((column("Host", "127"), column("X-Shop", "x.ex")), (of_query, of_query));
}

#[test]
fn a_wrapped_value_stays_in_its_column() {
    let lines = detail(&open((140, 36), "]"));
    let host = lines.iter().find(|line| line.starts_with("Host")).unwrap();
    let column = host.find("127").unwrap();
    let at = lines.iter().position(|line| line.starts_with("X-A-Rather")).unwrap();
    let rest = lines.get(at + 1).unwrap();
    assert_eq!(rest.find('v'), Some(column), "{lines:#?}");
}

#[test]
fn a_long_url_does_not_fill_the_pane() {
    let lines = detail(&open((100, 40), "]"));
    let headers = lines.iter().position(|line| line.contains("headers"));
    assert!(headers.is_none_or(|line| line < 14), "{lines:#?}");
}

#[test]
fn a_proxy_header_has_its_badge_after_the_value() {
    let lines = detail(&open((140, 36), "]"));
    assert!(lines.iter().any(|line| line.ends_with("10.0.0.1  ◆ in transit")), "{lines:#?}");
}

#[test]
fn the_header_under_the_cursor_filters_the_list() {
    let mut stage = open((140, 36), "]");
    go_to(&mut stage, "X-Shop");
    stage.press("=");
    assert_eq!(stage.filter(), "header.x-shop:x.example");
}

#[test]
fn the_header_under_the_cursor_is_excluded() {
    let mut stage = open((140, 36), "]");
    go_to(&mut stage, "X-Shop");
    stage.press("!");
    assert_eq!(stage.filter(), "header.x-shop:!x.example");
}

#[test]
fn the_query_parameter_under_the_cursor_filters_the_list() {
    let mut stage = open((140, 36), "]");
    go_to(&mut stage, "topic");
    stage.press("=");
    assert_eq!(stage.filter(), r"path:*topic\=orders\%2Fcreate*");
}

#[test]
fn the_client_under_the_cursor_filters_the_list() {
    let mut stage = open((140, 36), "]");
    go_to(&mut stage, "from");
    stage.press("=");
    assert_eq!(stage.filter(), "peer:10.0.0.7");
}

#[test]
fn the_header_under_the_cursor_is_copied() {
    let mut stage = open((140, 36), "]");
    go_to(&mut stage, "X-Shop");
    stage.press("yv");
    let copied =
        |effect: &Effect| matches!(effect, Effect::CopyText { text, .. } if text == "x.example");
    assert!(stage.effects.iter().any(copied), "{:?}", stage.effects);
}

#[test]
fn hex_has_eight_bytes_per_row_in_a_narrow_pane() {
    let stage = open((120, 36), "");
    assert!(
        stage.screen().contains("00000008  08 09 0a 0b 0c 0d 0e 0f  ........"),
        "{}",
        stage.screen()
    );
}

#[test]
fn hex_has_sixteen_bytes_per_row_where_they_fit() {
    let mut stage = open((120, 36), "");
    stage.press("z");
    assert!(stage.screen().contains("00000010  10 11 12 13 14 15 16 17  18"), "{}", stage.screen());
}

#[test]
fn the_cursor_stays_at_its_bytes_when_hex_gets_wider() {
    let mut stage = open((120, 36), "jjjj");
    stage.press("z");
    let screen = stage.screen();
    assert!(screen.lines().any(|line| line.starts_with("▌00000020")), "{screen}");
}

#[test]
fn a_wide_screen_shows_the_signature_next_to_the_payload() {
    let screen = open((200, 60), "").screen();
    let heads = screen.lines().nth(1).unwrap();
    assert!(heads.contains(" Payload ") && heads.ends_with("│ Signature"), "{screen}");
}

#[test]
fn the_signature_has_the_timeline_next_to_it() {
    let screen = open((200, 60), "]]").screen();
    assert!(screen.lines().nth(1).unwrap().ends_with("│ Timeline"), "{screen}");
}

#[test]
fn the_third_pane_is_hidden_by_its_command() {
    let mut stage = open((200, 60), ":third<Enter>");
    assert!(!stage.screen().lines().nth(1).unwrap().ends_with("│ Signature"));
    stage.press(":third<Enter>");
    assert!(stage.screen().lines().nth(1).unwrap().ends_with("│ Signature"), "{}", stage.screen());
}

#[test]
fn a_click_on_the_third_pane_opens_its_tab() {
    let mut stage = open((200, 60), "");
    stage.click(190, 5);
    assert!(stage.screen().lines().nth(1).unwrap().ends_with("│ Timeline"), "{}", stage.screen());
}

#[test]
fn a_theme_of_the_palette_is_used_at_once_and_saved() {
    let mut stage = open((120, 36), ":theme day<Enter>");
    let day = hookglass::app::theme::Theme::named("day").ok();
    assert_eq!(stage.model.theme, day);
    let saved = Effect::SaveSetting(Setting::Theme("day".to_owned()));
    assert_eq!(stage.take_effects(), [saved]);
}

#[test]
fn a_column_of_the_palette_is_shown_and_hidden_again() {
    let mut stage = open((200, 60), ":column provider<Enter>");
    assert!(stage.screen().lines().nth(1).unwrap().contains(" provider "), "{}", stage.screen());
    stage.press(":column provider<Enter>");
    assert!(!stage.screen().lines().nth(1).unwrap().contains(" provider "), "{}", stage.screen());
}

#[test]
fn the_layout_is_saved_by_its_command() {
    let mut stage = open((120, 36), "|:save layout<Enter>");
    let saved = |effect: &Effect| matches!(effect, Effect::SaveSetting(Setting::Layout(layout)) if layout.stacked == Some(true));
    assert!(stage.take_effects().iter().any(saved));
}

/// Returns a body of about 10 MB.
fn large() -> Bytes {
    let item = r#"{"id":"evt_1","token":"eyJhIjoxfQ==","text":"a word","tags":["new"],"n":1.0},"#;
    format!("[{}0]", item.repeat((10 << 20) / item.len())).into()
}

#[test]
fn a_frame_lays_out_only_the_rows_on_the_screen() {
    let document = hookglass::payload::Document::new(large(), Some("application/json"), None);
    let mut reading = DocumentView::default();
    let window = Viewport { width: 100, height: 56, wrap: false };
    for step in [Move::Last, Move::PageUp, Move::First] {
        reading.travel(&document, window, step);
        reading.settle(&document, window);
        let lines = highlighted(&reading, &document, window, &TimeZone::UTC, &Tokens::new());
        let bytes: usize = lines.iter().map(|shown| shown.line.width()).sum();
        assert!(lines.len() == 56 && bytes < 56 * 200, "{step:?}: {bytes}");
    }
}
