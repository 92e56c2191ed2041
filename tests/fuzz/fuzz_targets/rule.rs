//! Response rules: any text is one or an error, and what is read prints so that it reads back.
#![no_main]

use std::path::Path;

use hookglass::respond::{ResponseRule, Script};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(script) = text.parse::<Script>() {
        assert_eq!(script.to_string().parse::<Script>().as_ref(), Ok(&script));
    }
    // Nothing is read from the disk.
    if !text.contains("file")
        && let Ok(rule) = ResponseRule::read(text, Path::new(""))
    {
        assert!(ResponseRule::read(&rule.to_string(), Path::new("")).is_ok());
    }
});
