//! Verdicts on requests that were signed by independent code, from `tests/data/signatures`.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookglass::delivery::{Head, Header, SignatureStatus, Verdict};
use hookglass::provider::{Provider, SAMPLES, Seed};
use hookglass::secret::Secret;
use hookglass::signature::{Cause, sign, verify};
use proptest::prelude::*;
use serde::Deserialize;

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
    why: String,
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
        let head = Head::build("POST", "/hooks/cribbly", &headers);
        Ok(verify(&Provider::named("cribbly")?.scheme, &secrets, &head, &body))
    }
}

#[test]
fn verdicts_are_those_of_the_providers_own_verifier() {
    let cases = include_str!("data/signatures/cribbly.jsonl");
    let mut seen = 0;
    for line in cases.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let verdict = case.judge().unwrap();
        let status = verdict.status.to_string();
        let allowed = case.expect == status || case.also_ok.contains(&status);
        assert!(allowed, "{}: {verdict:?}, but {}", case.id, case.why);
        // A cause may be left out, never wrong.
        if verdict.cause.is_some() {
            assert_eq!(verdict.cause, case.cause, "{}", case.id);
        }
        seen += 1;
    }
    assert_eq!(seen, 22);
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
    assert_eq!(named.len(), Cause::ALL.len());
}

#[test]
fn without_a_secret_nothing_is_claimed() {
    let cribbly = Provider::named("cribbly").unwrap();
    let verdict = verify(&cribbly.scheme, &[], &Head::build("POST", "/", &[]), b"{}");
    assert_eq!(verdict.status, SignatureStatus::Unchecked);
}

#[test]
fn samples_signed_by_us_verify() {
    let cribbly = Provider::named("cribbly").unwrap();
    let secret = Secret::new("TEST_SECRET", "test-secret-not-a-real-one");
    let mut seed = Seed { now: jiff::Timestamp::UNIX_EPOCH, random: fastrand::Rng::with_seed(7) };
    for sample in SAMPLES {
        let body = sample.body(&mut seed);
        let value = sign(&cribbly.scheme, &secret, body.as_bytes());
        let headers = [Header::new("X-Cribbly-Signature", value)];
        let head = Head::build("POST", "/", &headers);
        let verdict =
            verify(&cribbly.scheme, std::slice::from_ref(&secret), &head, body.as_bytes());
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
        let value = sign(&cribbly.scheme, &secrets[0], &body);
        let head = Head::build("POST", "/", &[Header::new("x-cribbly-signature", value)]);
        let mut changed = body.clone();
        changed[at.index(body.len())] ^= 1 << bit;
        prop_assert_eq!(verify(&cribbly.scheme, &secrets, &head, &body).status, SignatureStatus::Verified);
        prop_assert_eq!(verify(&cribbly.scheme, &secrets, &head, &changed).status, SignatureStatus::Mismatch);
    }

    #[test]
    fn no_header_value_makes_it_panic(value in proptest::collection::vec(any::<u8>(), 0..200)) {
        let cribbly = Provider::named("cribbly").unwrap();
        let secrets = [Secret::new("TEST_SECRET", "test-secret-not-a-real-one")];
        let mut head = Head::build("POST", "/", &[]);
        head.headers.push(Header::new("x-cribbly-signature", value));
        prop_assert_ne!(verify(&cribbly.scheme, &secrets, &head, b"{}").status, SignatureStatus::Verified);
    }
}
