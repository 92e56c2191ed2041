//! Configurations that nobody writes: reading them gives a provider or an error.
#![no_main]

use hookglass::provider::Declared;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(declared) = toml::from_str::<Declared>(text) {
        let _ = declared.provider("fuzzed");
    }
});
