//! Files of any format: each is read or has an error, and its deliveries can be written to JSON
//! Lines and read back, byte for byte.
#![no_main]

use hookglass::delivery::{DeliveryId, NewDelivery};
use hookglass::formats::{jsonl, read};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    // A compressed file may become large.
    if file.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    let next_to_it = |_: &str| Ok(b"{\"a\": \"b\"}".to_vec());
    for skips_invalid in [false, true] {
        let Ok(reading) = read::read(file, &next_to_it, skips_invalid) else { continue };
        for request in reading.requests {
            let at = request.received_at.unwrap_or(Timestamp::UNIX_EPOCH);
            let new = NewDelivery::new(request.head, request.body, at);
            let delivery = new.into_delivery(DeliveryId(1), None);
            let line = jsonl::line(&delivery);
            let again = read::stored_delivery(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_eq!((&again.head.raw, &again.body), (&delivery.head.raw, &delivery.body), "{line}");
        }
    }
});
