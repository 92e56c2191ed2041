//! Arbitrary header values and bodies, under every provider: reading and diagnosing them never
//! panics, and an unsigned request never verifies.
#![no_main]

use std::sync::Arc;

use hookglass::delivery::{Head, Header, SignatureStatus};
use hookglass::provider::{self, Algorithm, ValueLocation};
use hookglass::secret::Secret;
use hookglass::signature::{Budget, Credentials, Subject, Verifier};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (u8, Vec<u8>, Vec<u8>, String)| {
    let (which, value, body, url) = data;
    let all = provider::all();
    let Some(provider) = all.get(usize::from(which) % all.len()) else { return };
    let scheme = &provider.scheme;
    let clock = scheme.timestamp.as_ref().map(|clock| &clock.from);
    let places = scheme.signature.iter().chain(clock).chain(scheme.id.as_ref());
    let mut head = Head::build("POST", "/", &[]);
    for place in places {
        if let ValueLocation::Header(name) = place {
            head.headers.push(Header::new(name, value.clone()));
        }
    }
    let secrets = vec![Secret::new("TEST", "whsec_dGVzdC1rZXktbm90LWEtcmVhbC1vbmU=")];
    let verifier = Verifier::new(vec![Credentials { provider: Arc::clone(provider), secrets }]);
    let subject = Subject { head: &head, body: &body, url: Some(&url) };
    let now = jiff::Timestamp::UNIX_EPOCH;
    let judged = verifier.judge(&subject, now);
    assert!(scheme.algorithm == Algorithm::Token || judged.verdict.status != SignatureStatus::Verified);
    let budget = Budget { bytes: 1 << 18, go_on: &|| true };
    let _ = verifier.explain(&judged, &subject, now, budget);
});
