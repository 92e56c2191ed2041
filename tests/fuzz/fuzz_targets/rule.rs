//! Response rules: any text is a rule or an error, and a rule prints so that it reads back.
#![no_main]

use hookglass::respond::{ResponseRule, Script};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(script) = text.parse::<Script>() {
        assert_eq!(script.to_string().parse::<Script>().as_ref(), Ok(&script));
    }
    // Nothing is read from the disk.
    if !text.contains("file")
        && let Ok(rule) = ResponseRule::read(text, &no_file)
    {
        assert!(ResponseRule::read(&rule.to_string(), &no_file).is_ok());
    }
});

fn no_file(_: &str) -> std::io::Result<Vec<u8>> {
    Err(std::io::ErrorKind::NotFound.into())
}
