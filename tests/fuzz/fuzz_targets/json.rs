//! Arbitrary bytes as JSON: every reader of JSON agrees with `serde_json` on what is valid, and
//! none changes a token.
#![no_main]

use hookglass::payload::json::{self, Lexer};
use hookglass::payload::pointer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(text) = std::str::from_utf8(body) else { return };
    // Unlike serde_json, the readers accept a byte order mark.
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let expected = serde_json::from_str::<serde::de::IgnoredAny>(bare).is_ok();
    assert_eq!(json::is_valid(body), expected);
    if expected {
        let compact = json::compact(text);
        assert!(json::is_valid(compact.as_bytes()));
        assert_eq!(json::compact(&compact), compact);
        assert_eq!(pointer::raw(body, &[]), Some(bare.trim_ascii()));
    }
    let mut end = 0;
    for token in Lexer::new(bare.as_bytes()).map_while(Result::ok) {
        assert!(token.start >= end && token.end > token.start);
        end = token.end;
    }
});
