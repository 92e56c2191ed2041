//! Edited deliveries: any file is a delivery or has mistakes, and a delivery can be written and
//! read back.
#![no_main]

use hookglass::ops::edit::{read, with_mistakes, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| match read(file) {
    Ok(request) => {
        let again = read(write(&request.head, &request.body, "").as_bytes());
        let again = again.unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        assert_eq!(again.head.headers, request.head.headers);
        assert_eq!(again.head.target, request.head.target);
        assert_eq!(again.body, request.body);
    }
    Err(mistakes) => {
        let _ = with_mistakes(&String::from_utf8_lossy(file), &mistakes);
    }
});
