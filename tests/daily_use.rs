//! Key scripts for faults that a day of use found in version 0.1.

mod support;

use std::io::Write as _;
use std::sync::Arc;

use hookglass::app::{Event, Loaded};
use hookglass::delivery::{Delivery, DeliveryId, Head, Header, NewDelivery};
use hookglass::intake::diagnose_briefly;
use hookglass::provider::{self, Provider};
use hookglass::secret::Secret;
use hookglass::signature::{Credentials, Draft, Subject, Verifier, sign};
use support::Tested;
use support::stage::{Stage, at, session};

const KEY: &str = "test-key-not-a-real-one";

/// A verifier of these providers, each with the same secret.
fn verifier(names: &[&str], key: &str) -> Tested<Verifier> {
    let credentials = |name: &&str| {
        let provider = Provider::named(name)?;
        let provider = Arc::new(provider);
        Ok(Credentials { provider, secrets: vec![Secret::new("SECRET", key.to_owned())] })
    };
    let all: Tested<Vec<Credentials>> = names.iter().map(credentials).collect();
    Ok(Verifier::new(all?))
}

/// Headers of a signature by a provider.
fn signed(provider: &str, key: &str, body: &[u8]) -> Tested<Vec<Header>> {
    let found = provider::all().iter().find(|one| one.name == provider);
    let provider = found.ok_or("no such provider")?;
    let draft =
        Draft { body, headers: &[], method: "POST", url: None, id: "e1", now: at(0), like: None };
    Ok(sign(&provider.scheme, &Secret::new("SECRET", key.to_owned()), &draft)?.headers)
}

/// A delivery as a listener with this verifier stores it.
fn received(verifier: &Verifier, headers: &[Header], body: &[u8]) -> Delivery {
    let head = Head::build("POST", "/hooks", headers);
    let identified = verifier.identify(&Subject::new(&head, body), at(0));
    let mut new = NewDelivery::new(head, body.to_vec().into(), at(0));
    new.provider = identified.provider;
    new.event = identified.event;
    new.signature = identified.verdict;
    new.response = Some(200);
    let mut delivery = new.into_delivery(DeliveryId(1), None);
    if delivery.summary.signature.status.is_failed() {
        delivery.summary.signature = diagnose_briefly(verifier, &delivery).verdict;
    }
    delivery
}

/// The dashboard over one delivery.
fn open(size: (u16, u16), verifier: Verifier, delivery: Delivery) -> Stage {
    let rows = vec![delivery.summary.clone()];
    Stage::new(size, session(&["SECRET"], "in memory only"), 60, rows, move |_| {
        let report = verifier.examine(&delivery);
        Some(Event::Loaded(Arc::new(Loaded::new(delivery.clone(), report))))
    })
}

/// The words of the detail, however they are wrapped.
fn words(stage: &Stage) -> String {
    let screen = stage.screen();
    let detail = screen.lines().filter_map(|line| Some(line.split_once('│')?.1));
    detail.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_weaker_signature_that_fits_does_not_hide_a_wrong_one() -> Tested {
    let verifier = verifier(&["github", "github-sha1"], KEY)?;
    let mut headers = signed("github-sha1", KEY, b"{}")?;
    headers.push(Header::new("X-GitHub-Event", "push"));
    headers.push(Header::new("X-Hub-Signature-256", format!("sha256={}", "0".repeat(64))));
    let delivery = received(&verifier, &headers, b"{}");
    let mut stage = open((120, 36), verifier, delivery);
    let shown = stage.press("3").screen();
    assert!(shown.contains("✗ mismatch") && shown.contains("x-hub-signature-256"), "{shown}");
    Ok(())
}

#[test]
fn a_delivery_of_another_provider_gets_no_advice_for_this_one() -> Tested {
    let verifier = verifier(&["cribbly"], KEY)?;
    let delivery = received(&verifier, &signed("github", "another key", b"{}")?, b"{}");
    let mut stage = open((120, 36), verifier, delivery);
    let shown = words(stage.press("3"));
    assert!(shown.contains("looks like a delivery from GitHub"), "{shown}");
    assert!(!shown.contains("did not sign"), "{shown}");
    Ok(())
}

#[test]
fn white_space_in_the_secret_of_the_sender_is_not_looked_for_in_ours() -> Tested {
    let verifier = verifier(&["cribbly"], KEY)?;
    let body = br#"{"id":"e1","type":"message.created"}"#;
    let delivery = received(&verifier, &signed("cribbly", &format!("{KEY}\n"), body)?, body);
    let mut stage = open((120, 36), verifier, delivery);
    let shown = words(stage.press("3"));
    assert!(shown.contains("the sender signs with white space after it"), "{shown}");
    Ok(())
}

#[test]
fn a_flag_is_drawn_as_letters_that_every_terminal_counts_alike() -> Tested {
    let verifier = verifier(&["cribbly"], KEY)?;
    let delivery = received(&verifier, &[], "{\"from\":\"Basel 🇨🇭\"}".as_bytes());
    let shown = open((120, 36), verifier, delivery).screen();
    assert!(shown.contains("Basel CH") && !shown.contains('\u{1f1ed}'), "{shown}");
    Ok(())
}

#[test]
fn a_compressed_delivery_has_its_type_in_the_list() -> Tested {
    let verifier = verifier(&["cribbly"], KEY)?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(br#"{"id":"event00000000001","type":"message.created"}"#)?;
    let body = gzip.finish()?;
    let mut headers = signed("cribbly", KEY, &body)?;
    headers.push(Header::new("Content-Encoding", "gzip"));
    let delivery = received(&verifier, &headers, &body);
    let shown = open((120, 36), verifier, delivery).screen();
    assert!(shown.contains("✓ verified message.created"), "{shown}");
    Ok(())
}

#[test]
fn a_note_is_on_every_tab() -> Tested {
    let verifier = verifier(&["cribbly"], KEY)?;
    let mut delivery = received(&verifier, &[], b"{}");
    delivery.summary.annotations.note = Some("ask Ada".to_owned());
    let mut stage = open((120, 36), verifier, delivery);
    for tab in ["1", "2", "3", "4", "5"] {
        let shown = stage.press(tab).screen();
        assert!(shown.contains("✎ ask Ada"), "{tab}: {shown}");
    }
    Ok(())
}

#[test]
fn the_command_of_the_welcome_sends_json_as_json() {
    let empty = Stage::new((80, 24), session(&[], "in memory only"), 60, Vec::new(), |_| None);
    let shown = empty.screen();
    assert!(shown.contains("curl http://127.0.0.1:4400/ --json '{"), "{shown}");
}

#[test]
fn an_active_filter_is_in_the_title_on_the_narrowest_screen() -> Tested {
    let verifier = verifier(&["cribbly"], KEY)?;
    let delivery = received(&verifier, &[], b"{}");
    let mut stage = open((60, 20), verifier, delivery);
    let shown = stage.press("/sig:missing,mismatch<Enter>").screen();
    assert!(shown.contains(" FILTER sig:"), "{shown}");
    Ok(())
}

#[test]
fn the_last_row_of_a_stopped_list_counts_nothing_below() -> Tested {
    let verifier = verifier(&["cribbly"], KEY)?;
    let delivery = received(&verifier, &[], b"{}");
    let shown = open((120, 36), verifier, delivery).press("f").screen();
    assert!(shown.contains(" STOPPED "), "{shown}");
    Ok(())
}

#[test]
fn the_page_of_rules_hints_at_nothing_that_needs_a_rule_or_a_paused_request() -> Tested {
    let verifier = verifier(&["cribbly"], KEY)?;
    let delivery = received(&verifier, &[], b"{}");
    let shown = open((120, 36), verifier, delivery).press("A").screen();
    let hints = shown.lines().last().unwrap_or_default();
    assert_eq!(hints, " a add  0 reset  ? help  Esc back");
    Ok(())
}
