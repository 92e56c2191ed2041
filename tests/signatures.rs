//! Verdicts on requests that were signed by independent code, from `tests/data/signatures`.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookglass::delivery::{Head, Header, SignatureStatus, Verdict};
use hookglass::provider::{Provider, SAMPLES, Seed};
use hookglass::secret::Secret;
use hookglass::signature::{Cause, Subject, sign, verify};
use jiff::Timestamp;
use proptest::prelude::*;
use serde::Deserialize;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// How many of them have a cause that can be proved.
const FOUND: usize = 53;

/// Cases of all files.
const SEEN: usize = 22 + 139;

#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    headers: Vec<(String, String)>,
    body_base64: String,
    secret: String,
    #[serde(default)]
    secrets: Vec<String>,
    expect: String,
    also_ok: Vec<String>,
    cause: Option<String>,
    #[serde(default)]
    why: String,
    #[serde(default = "cribbly")]
    provider: String,
    public_url: Option<String>,
    #[serde(default)]
    now: i64,
    #[serde(default = "post")]
    method: String,
}

fn cribbly() -> String {
    "cribbly".to_owned()
}

fn post() -> String {
    "POST".to_owned()
}

impl Case {
    fn judge(&self) -> Result<Verdict, Box<dyn Error>> {
        let headers: Vec<Header> =
            self.headers.iter().map(|(name, value)| Header::new(name, value.clone())).collect();
        let configured =
            if self.secrets.is_empty() { vec![self.secret.clone()] } else { self.secrets.clone() };
        let secrets: Vec<Secret> =
            configured.into_iter().map(|secret| Secret::new("TEST_SECRET", secret)).collect();
        let body = STANDARD.decode(&self.body_base64)?;
        let head = Head::build(&self.method, "/hooks", &headers);
        let subject = Subject { head: &head, body: &body, url: self.public_url.as_deref() };
        let provider = Provider::named(&self.provider)?;
        Ok(verify(&provider.scheme, &secrets, &subject, Timestamp::from_second(self.now)?))
    }
}

#[test]
fn verdicts_are_those_of_the_providers_own_verifiers() {
    let cases = [
        include_str!("data/signatures/cribbly.jsonl"),
        include_str!("data/signatures/providers.jsonl"),
    ];
    let (mut seen, mut found) = (0, 0);
    for line in cases.iter().flat_map(|file| file.lines()) {
        let case: Case = serde_json::from_str(line).unwrap();
        let verdict = case.judge().unwrap();
        let status = verdict.status.to_string();
        let allowed = case.expect == status || case.also_ok.contains(&status);
        assert!(allowed, "{}: {verdict:?}, but {}", case.id, case.why);
        // A cause may be left out, never wrong.
        if verdict.cause.is_some() {
            assert_eq!(verdict.cause, case.cause, "{}", case.id);
        }
        found += usize::from(verdict.cause.is_some());
        seen += 1;
    }
    assert_eq!(seen, SEEN);
    // What was proved once stays proved.
    assert!(found >= FOUND, "only {found} causes were found");
}

#[test]
fn what_can_be_told_at_a_glance_is_told() {
    let named = [
        ("cribbly/missing-header", Cause::HeaderMissing),
        ("cribbly/empty-header", Cause::HeaderEmpty),
        ("cribbly/duplicate-header-identical", Cause::HeaderDuplicate),
        ("cribbly/uppercase-hex", Cause::SigCase),
        ("cribbly/non-hex", Cause::SigNotHex),
        ("cribbly/rotation-signed-with-previous", Cause::PreviousSecret),
    ];
    let cases: Vec<Case> = include_str!("data/signatures/cribbly.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (id, cause) in named {
        let case = cases.iter().find(|case| case.id == id).unwrap();
        assert_eq!(case.judge().unwrap().cause.as_deref(), Some(cause.code()), "{id}");
    }
}

#[test]
fn without_a_secret_nothing_is_claimed() {
    let cribbly = Provider::named("cribbly").unwrap();
    let head = Head::build("POST", "/", &[]);
    let verdict = verify(&cribbly.scheme, &[], &Subject::new(&head, b"{}"), NOW);
    assert_eq!(verdict.status, SignatureStatus::Unchecked);
}

#[test]
fn samples_signed_by_us_verify() {
    let cribbly = Provider::named("cribbly").unwrap();
    let secret = Secret::new("TEST_SECRET", "test-secret-not-a-real-one");
    let mut seed = Seed { now: Timestamp::UNIX_EPOCH, random: fastrand::Rng::with_seed(7) };
    for sample in SAMPLES {
        let body = sample.body(&mut seed);
        let headers = sign(&cribbly.scheme, &secret, body.as_bytes(), ("", NOW)).unwrap();
        let head = Head::build("POST", "/", &headers);
        let subject = Subject::new(&head, body.as_bytes());
        let verdict = verify(&cribbly.scheme, std::slice::from_ref(&secret), &subject, NOW);
        assert_eq!(verdict.status, SignatureStatus::Verified);
        assert_eq!(verdict.secret.as_deref(), Some("TEST_SECRET"));
    }
}

proptest! {
    #[test]
    fn one_flipped_bit_never_verifies(
        body in proptest::collection::vec(any::<u8>(), 1..400),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let cribbly = Provider::named("cribbly").unwrap();
        let secrets = [Secret::new("TEST_SECRET", "test-secret-not-a-real-one")];
        let headers = sign(&cribbly.scheme, &secrets[0], &body, ("", NOW)).unwrap();
        let head = Head::build("POST", "/", &headers);
        let mut changed = body.clone();
        changed[at.index(body.len())] ^= 1 << bit;
        prop_assert_eq!(verify(&cribbly.scheme, &secrets, &Subject::new(&head, &body), NOW).status, SignatureStatus::Verified);
        prop_assert_eq!(verify(&cribbly.scheme, &secrets, &Subject::new(&head, &changed), NOW).status, SignatureStatus::Mismatch);
    }

    #[test]
    fn no_header_value_makes_it_panic(value in proptest::collection::vec(any::<u8>(), 0..200)) {
        let cribbly = Provider::named("cribbly").unwrap();
        let secrets = [Secret::new("TEST_SECRET", "test-secret-not-a-real-one")];
        let mut head = Head::build("POST", "/", &[]);
        head.headers.push(Header::new("x-cribbly-signature", value));
        prop_assert_ne!(verify(&cribbly.scheme, &secrets, &Subject::new(&head, b"{}"), NOW).status, SignatureStatus::Verified);
    }
}

#[test]
fn what_every_provider_signs_it_verifies() {
    let secret = Secret::new("TEST_SECRET", "whsec_dGVzdC1zZWNyZXQtbm90LXJlYWw=");
    let body = br#"{"webhookTimestamp":1700000000000}"#;
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let mut signed = 0;
    for name in hookglass::provider::names() {
        let scheme = Provider::named(name).unwrap().scheme;
        let Ok(headers) = sign(&scheme, &secret, body, ("msg_1", now)) else { continue };
        let head = Head::build("POST", "/", &headers);
        let secrets = std::slice::from_ref(&secret);
        let verdict = verify(&scheme, secrets, &Subject::new(&head, body), now);
        assert_eq!(verdict.status, SignatureStatus::Verified, "{name}: {verdict:?}");
        signed += 1;
    }
    assert!(signed > 50, "only {signed}");
}
