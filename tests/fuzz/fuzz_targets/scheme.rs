//! Arbitrary configurations of a provider: reading one returns a provider or an error.
#![no_main]

use hookglass::provider::CustomProvider;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(custom) = toml::from_str::<CustomProvider>(text) {
        let _ = custom.provider("fuzzed");
    }
});
