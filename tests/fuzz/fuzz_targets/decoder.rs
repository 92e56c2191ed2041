//! Compressed bodies: whatever they contain, decoding ends within its bound.
#![no_main]

use bytes::Bytes;
use hookglass::payload::{MAX_DECODED_SIZE, decoded, decoded_whole};
use libfuzzer_sys::fuzz_target;

const ENCODINGS: [&str; 6] = ["gzip", "deflate", "br", "zstd", "gzip, br", "identity"];

fuzz_target!(|input: (u8, &[u8])| {
    let (which, body) = input;
    let Some(encoding) = ENCODINGS.get(usize::from(which) % ENCODINGS.len()) else { return };
    let body = Bytes::copy_from_slice(body);
    let _ = decoded(&body, encoding);
    if let Some(whole) = decoded_whole(&body, encoding) {
        assert!(whole.len() <= MAX_DECODED_SIZE.max(body.len()));
    }
});
