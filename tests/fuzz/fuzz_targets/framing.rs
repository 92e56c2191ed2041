//! HTTP bodies: the end of a body does not depend on how its bytes are split.
#![no_main]

use bytes::Bytes;
use hookglass::delivery::Head;
use hookglass::listener::body_end;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8], &[u8])| {
    let (step, head, bytes) = input;
    let text = [b"POST / HTTP/1.1\r\n", head, b"\r\n\r\n"].concat();
    for head in [Bytes::from(text), Bytes::from_static(CHUNKED)] {
        let Ok(head) = Head::parse(head) else { continue };
        let whole = body_end(&head, bytes, bytes.len());
        assert_eq!(body_end(&head, bytes, usize::from(step)), whole);
        if let Ok(Some(end)) = whole {
            assert!(end <= bytes.len());
        }
    }
});

const CHUNKED: &[u8] = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
