//! Arbitrary bytes as JSON: every reader of JSON agrees with `serde_json` on what is valid, and
//! none changes a token.
#![no_main]

use hookglass::payload::json::{self, Lexer};
use hookglass::payload::pointer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(text) = std::str::from_utf8(body) else { return };
    let expected = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    assert_eq!(json::is_valid(body), expected);
    if expected {
        let compact = json::compact(text);
        assert!(json::is_valid(compact.as_bytes()));
        assert_eq!(json::compact(&compact), compact);
        assert_eq!(pointer::raw(body, &[]), Some(text.trim_ascii()));
    }
    let mut end = 0;
    for token in Lexer::new(body).map_while(Result::ok) {
        assert!(token.start >= end && token.end > token.start);
        end = token.end;
    }
});
