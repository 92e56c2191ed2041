//! Payloads whose strings hold encoded content: decoded in place, by keys.

mod support;

use std::sync::Arc;

use bytes::Bytes;
use hookglass::app::{Effect, Event, Loaded};
use hookglass::delivery::{Delivery, DeliveryId, Head, Header, NewDelivery};
use support::stage::{Stage, at, session};

/// {"user":{"name":"Kevin"}} in base64, a token, and a right-to-left override in base64.
const BODY: &str = r#"{"data":"eyJ1c2VyIjp7Im5hbWUiOiJLZXZpbiJ9fQ==",
    "token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJrMSIsImV4cCI6MTc5NTQ1NzYwMH0.c2ln",
    "hostile":"eyJhIjoi4oCueCJ9",
    "plain":"word"}"#;

fn delivery(id: i64) -> Delivery {
    let head = Head::build("POST", "/", &[Header::new("Content-Type", "application/json")]);
    let body = if id == 1 { BODY } else { "{}" };
    let mut new = NewDelivery::new(head, Bytes::copy_from_slice(body.as_bytes()), at(id));
    new.response = Some(200);
    new.into_delivery(DeliveryId(id), None)
}

/// Opens the payload of the first of two deliveries.
fn open() -> Stage {
    let rows = (1..=2).map(|id| delivery(id).summary).collect();
    let mut stage =
        Stage::new((160, 36), session(&[], "in memory only"), 9, rows, |effect| match effect {
            Effect::Load(id) => Some(Event::Loaded(Arc::new(Loaded::new(delivery(id.0), None)))),
            _ => None,
        });
    stage.press("k<Enter>");
    stage
}

/// Returns the lines of the payload, trimmed.
fn payload(stage: &Stage) -> Vec<String> {
    let screen = stage.screen();
    let lines = screen.lines().skip(2).filter_map(|line| line.split_once('│'));
    let lines = lines.map(|(_, line)| line.replace('▌', "").trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn a_string_that_carries_json_names_its_encoding() {
    assert!(payload(&open()).iter().any(|line| line.ends_with("▸ base64 → JSON")));
}

#[test]
fn enter_decodes_a_string_in_place() {
    let mut stage = open();
    let lines = payload(stage.press("j<Enter>"));
    let shown: Vec<&str> = lines.iter().skip(2).take(5).map(String::as_str).collect();
    let expected =
        ["┊ {  base64 → JSON", "┊   \"user\": {", "┊     \"name\": \"Kevin\"", "┊   }", "┊ }"];
    assert_eq!(shown, expected);
}

#[test]
fn enter_folds_and_unfolds_what_it_decoded() {
    let mut stage = open();
    let decoded = payload(stage.press("j<Enter>"));
    assert_eq!(payload(stage.press("<Enter>")).len(), decoded.len() - 5);
    assert_eq!(payload(stage.press("<Enter>")), decoded);
}

#[test]
fn the_times_of_a_token_are_explained() {
    let mut stage = open();
    let lines = payload(stage.press("jjl"));
    assert!(lines.iter().any(|line| line.contains("\"exp\": 1795457600  2026-11-23 18:13:20")));
}

#[test]
fn the_path_leads_into_decoded_content() {
    let mut stage = open();
    stage.press("jlljl");
    assert!(stage.screen().contains(".data.user"), "{}", stage.screen());
    stage.press("y.");
    let copied = stage
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::CopyText { text, .. } if text == ".data.user.name"));
    assert!(copied, "{:?}", stage.effects);
}

#[test]
fn a_decoded_value_filters_the_list() {
    let mut stage = open();
    stage.press("jljjj=");
    assert_eq!(stage.filter(), ".data.user.name:Kevin");
}

#[test]
fn decoded_text_is_safe_for_the_terminal() {
    let mut stage = open();
    let screen = stage.press("jjjl").screen();
    assert!(screen.contains("┊   \"a\": \"\\u{202e}x\""), "{screen}");
}

#[test]
fn a_search_finds_decoded_text() {
    let mut stage = open();
    stage.press("jl/Kevin<Enter>");
    assert!(stage.screen().contains("/Kevin 1 of 1"), "{}", stage.screen());
}

/// Finds `word` in the body, then decodes a string before it that carries `Kevin`.
fn decode_while_searching() -> Stage {
    let mut stage = open();
    stage.press("//Kevin|word/<Enter>gjl");
    stage
}

#[test]
fn the_current_match_stays_the_same_when_a_string_is_decoded() {
    let screen = decode_while_searching().screen();
    assert!(screen.contains("/Kevin|word/ 2 of 2"), "{screen}");
}

#[test]
fn matches_are_visited_in_the_order_of_their_rows() {
    let mut stage = decode_while_searching();
    let screen = stage.press("n").screen();
    assert!(screen.contains("/Kevin|word/ 1 of 2"), "{screen}");
    let current = screen.lines().find(|line| line.contains('▌') && line.contains("Kevin"));
    assert!(current.is_some(), "{screen}");
}

#[test]
fn a_delivery_that_is_shown_again_is_still_decoded() {
    let mut stage = open();
    let decoded = payload(stage.press("jl"));
    stage.press("JK");
    assert_eq!(payload(&stage), decoded);
}

#[test]
fn an_ordinary_string_does_not_unfold() {
    let mut stage = open();
    let before = payload(stage.press("jjjj"));
    assert_eq!(payload(stage.press("<Enter>")), before);
}

#[test]
fn the_filter_completes_paths_of_the_selected_body() {
    let mut stage = open();
    stage.press("<Esc>/.pla<Tab>");
    assert!(stage.screen().contains("filter: .plain:"), "{}", stage.screen());
}

#[test]
fn the_filter_completes_paths_into_decoded_strings() {
    let mut stage = open();
    stage.press("jl<Esc>/.data.<Tab>.<Tab>");
    assert!(stage.screen().contains("filter: .data.user.name:"), "{}", stage.screen());
}
