//! Heads: a parsed head keeps its bytes, and a change to one header leaves the others as they are.
#![no_main]

use bytes::Bytes;
use hookglass::delivery::Head;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let raw = Bytes::copy_from_slice(raw);
    let lenient = Head::lenient(raw.clone());
    assert_eq!(lenient.raw, raw);
    let Ok(head) = Head::parse(raw.clone()) else { return };
    // The body follows.
    assert!(raw.starts_with(&head.raw));
    let lines = head.with_trailer_lines();
    assert_eq!(Head::parse_with_trailers(lines).map(|again| again.headers), Ok(head.headers.clone()));
    let built = Head::build(&head.method, &head.target, &head.headers);
    let again = Head::parse(built.raw.clone());
    assert_eq!(again.as_ref().map(|again| &again.headers), Ok(&head.headers));
    assert_eq!(again.map(|again| again.target), Ok(head.target.clone()));
    if let Some(first) = head.headers.first() {
        assert!(head.without(&[&first.name]).headers.iter().all(|one| !one.is(&first.name)));
    }
});
