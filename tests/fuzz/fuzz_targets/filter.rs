//! Filters: any text is a filter or an error with a position in the text, and a filter prints so
//! that it reads back.
#![no_main]

use hookglass::filter::{Filter, complete};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<Filter>() {
        Ok(filter) => assert_eq!(filter.to_string().parse::<Filter>().as_ref(), Ok(&filter)),
        Err(error) => assert!(text.get(error.span.clone()).is_some(), "{error:?}"),
    }
    for at in [0, text.len() / 2, text.len()] {
        if text.is_char_boundary(at) {
            assert!(text.get(complete(text, at, &|_| Vec::new()).span).is_some());
        }
    }
});
