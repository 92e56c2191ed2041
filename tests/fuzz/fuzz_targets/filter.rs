//! Filters: any text is a filter or an error with a position in the text, and a filter prints so
//! that it reads back.
#![no_main]

use hookglass::delivery::{DeliveryId, Head, Header, NewDelivery};
use hookglass::filter::{Filter, complete};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<Filter>() {
        Ok(filter) => {
            assert_eq!(filter.to_string().parse::<Filter>().as_ref(), Ok(&filter));
            // Judging the body first gives the same result as matching in one step.
            let head = Head::build("POST", "/a", &[Header::new("X-A", "1")]);
            let body = r#"{"type":"a","b":[1,"x"]}"#;
            let new = NewDelivery::new(head, body.into(), Timestamp::UNIX_EPOCH);
            let on_receipt = new.clone().into_delivery(DeliveryId(0), None);
            let stored = new.into_delivery(DeliveryId(7), Some(DeliveryId(3)));
            let found = filter.judge_body(&on_receipt);
            let now = Timestamp::UNIX_EPOCH;
            assert_eq!(filter.matches_with(&stored, now, &found), filter.matches(&stored, now));
        }
        Err(error) => assert!(text.get(error.span.clone()).is_some(), "{error:?}"),
    }
    for at in [0, text.len() / 2, text.len()] {
        if text.is_char_boundary(at) {
            assert!(text.get(complete(text, at, &|_| Vec::new()).span).is_some());
        }
    }
});
