//! Filters: what passes, what they print, and how they say what is wrong.

use bytes::Bytes;
use hookglass::delivery::{
    Delivery, DeliveryId, EventRef, Head, Header, SignatureStatus, Source, Summary, Verdict,
};
use hookglass::filter::{FIELDS, Filter, FilterError};
use jiff::Timestamp;
use proptest::prelude::*;

fn delivery(id: i64, kind: &str, status: SignatureStatus, body: &'static str) -> Delivery {
    let head = Head::build("POST", "/hooks/a?x=1", &[Header::new("User-Agent", "Cribbly/1")]);
    Delivery {
        summary: Summary {
            id: DeliveryId(id),
            received_at: Timestamp::UNIX_EPOCH,
            peer: Some("127.0.0.1:9".to_owned()),
            method: head.method.clone(),
            target: head.target_text().into_owned(),
            version: head.version,
            body_size: body.len() as u64,
            provider: "cribbly".to_owned(),
            event: EventRef { id: Some(format!("ev{id}")), kind: Some(kind.to_owned()) },
            signature: Verdict { status, cause: None, explanation: None, secret: None },
            response: Some(200),
            refused: None,
            source: Source::Live,
            duplicate_of: (id == 3).then_some(DeliveryId(1)),
        },
        head,
        body: Bytes::from_static(body.as_bytes()),
        attempts: Vec::new(),
    }
}

fn some() -> [Delivery; 3] {
    [
        delivery(1, "message.created", SignatureStatus::Verified, "{\"text\":\"Hello\"}"),
        delivery(2, "message.updated", SignatureStatus::Mismatch, "{\"text\":\"bye\"}"),
        delivery(3, "contact.created", SignatureStatus::Missing, ""),
    ]
}

fn passing(filter: &str) -> Result<Vec<i64>, FilterError> {
    let filter: Filter = filter.parse()?;
    let all = some();
    let passed = all.iter().filter(|delivery| filter.matches(delivery));
    Ok(passed.map(|delivery| delivery.summary.id.0).collect())
}

#[test]
fn terms_pick_deliveries() {
    for (filter, ids) in [
        ("", &[1, 2, 3][..]),
        ("type:message.*", &[1, 2]),
        ("type:MESSAGE.?reated", &[1]),
        ("type:!message.*", &[3]),
        ("type:message.created,contact.created", &[1, 3]),
        ("sig:verified", &[1]),
        ("sig:!verified type:message.*", &[2]),
        ("sig:m*", &[2, 3]),
        ("sig:verified or dup:yes", &[1, 3]),
        ("-sig:verified -dup:yes", &[2]),
        ("not (sig:verified or dup:yes)", &[2]),
        ("(type:contact.* or sig:verified) and size:>0", &[1]),
        ("size:0", &[3]),
        ("size:1..15", &[2]),
        ("status:>=400", &[]),
        ("status:200", &[1, 2, 3]),
        ("path:/hooks/a", &[1, 2, 3]),
        ("path:/hooks/a?x=1", &[1, 2, 3]),
        ("path:/hooks", &[]),
        ("method:post,put", &[1, 2, 3]),
        ("header.user-agent:cribbly*", &[1, 2, 3]),
        ("header.absent:*", &[]),
        ("hello", &[1]),
        ("Hello", &[1]),
        ("HELLO", &[]),
        ("body:bye", &[2]),
        ("\"text\\\":\"", &[1, 2]),
        ("ev2", &[2]),
        ("/hooks", &[1, 2, 3]),
        ("type:", &[1, 2, 3]),
        ("source:live", &[1, 2, 3]),
        ("\"or\"", &[]),
    ] {
        assert_eq!(passing(filter).unwrap(), ids, "{filter}");
    }
}

#[test]
fn the_summary_decides_what_it_can() {
    let all = some();
    for (filter, answers) in [
        ("type:message.*", [Some(true), Some(true), Some(false)]),
        ("hello", [None, None, Some(false)]),
        ("message", [Some(true), Some(true), Some(false)]),
        ("body:x sig:verified", [None, Some(false), Some(false)]),
        ("body:x or sig:verified", [Some(true), None, Some(false)]),
    ] {
        let filter: Filter = filter.parse().unwrap();
        assert_eq!([0, 1, 2].map(|at: usize| filter.test(&all[at].summary)), answers, "{filter}");
    }
}

#[test]
fn errors_say_where_and_what_was_meant() {
    for (filter, column, parts) in [
        ("typ:x", 1, &["`typ:`", "mean `type:`"][..]),
        ("a sig:verifed", 7, &["`verifed`", "mean `verified`"]),
        ("status:abc", 8, &["`abc` is no number"]),
        ("(a", 1, &["not closed"]),
        ("a)", 2, &["closes nothing"]),
        ("a or", 5, &["a term is missing"]),
        ("or a", 1, &["a term is missing"]),
        ("a not", 6, &["a term is missing"]),
        ("a \"b", 3, &["quote is not closed"]),
        ("dup:maybe", 5, &["none of yes, no"]),
        ("http://x", 1, &["no field `http:`", "quotes"]),
    ] {
        let error = filter.parse::<Filter>().unwrap_err();
        assert_eq!(error.column, column, "{filter}: {error}");
        for part in parts {
            assert!(error.to_string().contains(part), "{filter}: {error}");
        }
        assert!(error.caret(filter).contains('^'));
    }
}

#[test]
fn deep_nesting_is_refused_and_not_run_into() {
    for deep in ["(".repeat(100_000), "-".repeat(100_000), "not ".repeat(100_000)] {
        assert!(deep.parse::<Filter>().is_err());
    }
}

#[test]
fn every_example_of_the_table_parses() {
    for field in FIELDS {
        assert!(!field.example.parse::<Filter>().unwrap().is_all(), "{}", field.example);
    }
}

proptest! {
    #[test]
    fn what_is_printed_parses_back(text in "(type|sig|body|path|size|header\\.x|) ?:?[!a-zA-Z*?\",.:<>()\\\\ -]{0,20}( or |-| )[a-zé(): *\"]{0,8}") {
        if let Ok(filter) = text.parse::<Filter>() {
            let printed = filter.to_string();
            let back: Result<Filter, _> = printed.parse();
            prop_assert_eq!(back.map(|filter| filter.to_string()), Ok(printed), "{:?}", filter);
        }
    }

    #[test]
    fn nothing_makes_it_panic(text in any::<String>()) {
        if let Ok(filter) = text.parse::<Filter>() {
            for delivery in some() {
                if let Some(passes) = filter.test(&delivery.summary) {
                    prop_assert_eq!(passes, filter.matches(&delivery));
                }
            }
        }
    }
}
