//! Verdicts on requests that were signed by independent code, from `tests/data/signatures`.

use std::error::Error;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookglass::delivery::{Head, Header, SignatureStatus, Verdict};
use hookglass::provider::{self, Algorithm, Provider, Seed, TemplatePart};
use hookglass::secret::Secret;
use hookglass::signature::{
    Budget, Cause, Credentials, Draft, SignError, Subject, Verifier, sign, verify,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde::Deserialize;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Fewest cases expected, so that no file is read empty.
const FEWEST: usize = 190;

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
    /// True if something in the request can prove the cause.
    #[serde(default = "yes")]
    cause_findable: bool,
    /// Other causes that are equally right.
    #[serde(default)]
    accept: Vec<String>,
    #[serde(default)]
    why: String,
    #[serde(default = "cribbly")]
    provider: String,
    public_url: Option<String>,
    #[serde(default)]
    now: i64,
    #[serde(default = "post")]
    method: String,
    #[serde(default = "hooks")]
    path: String,
}

fn yes() -> bool {
    true
}

fn cribbly() -> String {
    "cribbly".to_owned()
}

fn hooks() -> String {
    "/hooks".to_owned()
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
        let head = Head::build(&self.method, &self.path, &headers);
        let subject = Subject { head: &head, body: &body, url: self.public_url.as_deref() };
        let provider = Provider::named(&self.provider)?;
        let now = Timestamp::from_second(self.now)?;
        let verifier = Verifier::new(vec![Credentials { provider: provider.into(), secrets }]);
        let budget = Budget { bytes: Budget::BYTES, go_on: &|| true };
        Ok(verifier.explain(&verifier.judge(&subject, now), &subject, now, budget).verdict)
    }
}

fn cases() -> Result<Vec<Case>, serde_json::Error> {
    let files = [
        include_str!("data/signatures/cribbly.jsonl"),
        include_str!("data/signatures/providers.jsonl"),
        include_str!("data/signatures/causes.jsonl"),
    ];
    let lines = files.iter().flat_map(|file| file.lines());
    lines.map(serde_json::from_str).collect()
}

fn is_known(cause: &str) -> bool {
    Cause::ALL.iter().any(|known| known.code() == cause)
}

/// Outcome of comparing every case.
#[derive(Debug, Default)]
struct Comparison {
    cases: usize,
    findable: usize,
    named: usize,
    wrong: Vec<String>,
}

fn compare(cases: &[Case]) -> Result<Comparison, Box<dyn Error>> {
    let mut compared = Comparison { cases: cases.len(), ..Comparison::default() };
    for case in cases {
        let verdict = case.judge()?;
        let status = verdict.status.to_string();
        let is_allowed = case.expect == status || case.also_ok.contains(&status);
        // Some causes cannot be derived from the request.
        let is_provable = case.cause_findable && case.cause.as_deref().is_some_and(is_known);
        let expected = case.cause.as_deref().filter(|_| is_provable);
        let found = verdict.cause.as_deref();
        let is_accepted = found.is_some_and(|found| case.accept.iter().any(|one| one == found));
        let is_named = found == expected || (is_accepted && is_provable);
        compared.findable += usize::from(is_provable);
        compared.named += usize::from(is_provable && is_named);
        if !is_allowed || !is_named {
            let Case { id, expect, why, .. } = case;
            compared.wrong.push(format!("{id}: {expect} {expected:?}, {why}; got {verdict:#?}"));
        }
    }
    Ok(compared)
}

#[test]
fn verdicts_and_causes_are_those_of_the_providers_own_verifiers() {
    let Comparison { cases, findable, named, wrong } = compare(&cases().unwrap()).unwrap();
    let count = format!("{} of {cases} wrong, {named} of {findable} causes named", wrong.len());
    assert!(wrong.is_empty(), "{count}:\n{}", wrong.join("\n"));
    assert!(cases >= FEWEST, "{cases} cases");
}

#[test]
fn verdicts_agree_with_those_recorded_from_the_providers_packages() {
    let lines = include_str!("data/signatures/sdks.jsonl").lines();
    let mut wrong = Vec::new();
    for line in lines {
        let case: Case = serde_json::from_str(line).unwrap();
        let status = case.judge().unwrap().status.to_string();
        if status != case.expect {
            wrong.push(format!("{}: {}, got {status}", case.id, case.expect));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn causes_that_need_no_secret_are_named() {
    let named = [
        ("cribbly/missing-header", Cause::HeaderMissing),
        ("cribbly/empty-header", Cause::HeaderEmpty),
        ("cribbly/duplicate-header-identical", Cause::HeaderDuplicate),
        ("cribbly/uppercase-hex", Cause::SigCase),
        ("cribbly/non-hex", Cause::SigNotHex),
        ("cribbly/rotation-signed-with-previous", Cause::PreviousSecret),
    ];
    let cases = cases().unwrap();
    for (id, cause) in named {
        let case = cases.iter().find(|case| case.id == id).unwrap();
        assert_eq!(case.judge().unwrap().cause.as_deref(), Some(cause.code()), "{id}");
    }
}

#[test]
fn without_a_secret_no_verdict_is_claimed() {
    let cribbly = Provider::named("cribbly").unwrap();
    let head = Head::build("POST", "/", &[]);
    let verdict = verify(&cribbly.scheme, &[], &Subject::new(&head, b"{}"), NOW);
    assert_eq!(verdict.status, SignatureStatus::Unchecked);
}

/// Returns a secret in the form of the scheme's secrets.
fn secret(provider: &Provider) -> Secret {
    use hookglass::provider::SecretForm;
    let key = b"test-key-not-a-real-one-32-bytes";
    let text = match provider.scheme.secret {
        SecretForm::Utf8 | SecretForm::Utf8Nfkd | SecretForm::Utf8Html | SecretForm::PublicKey => {
            "test-key-not-a-real-one".to_owned()
        }
        SecretForm::Base64 | SecretForm::Base64IfPrefixed => STANDARD.encode(key),
        SecretForm::Hex => hex::encode(key),
    };
    Secret::new("TEST_SECRET", format!("{}{text}", provider.scheme.secret_prefix))
}

/// A request as a provider would send it.
struct Sent {
    provider: Provider,
    secrets: [Secret; 1],
    head: Head,
    body: Vec<u8>,
    url: Option<&'static str>,
}

impl Sent {
    /// Returns the samples of every provider whose requests can be signed.
    fn all() -> Result<Vec<Self>, String> {
        let mut out = Vec::new();
        let mut seed = Seed { now: now(), random: fastrand::Rng::with_seed(7) };
        for provider in provider::all() {
            for sample in &provider.samples {
                let body = sample.body(&mut seed).into_bytes();
                let mut headers = vec![Header::new("Content-Type", sample.content_type.clone())];
                let own = sample.headers(&mut seed).into_iter();
                headers.extend(own.map(|(name, value)| Header::new(name, value)));
                out.extend(Self::signed(provider, headers, body)?);
            }
        }
        Ok(out)
    }

    fn signed(
        provider: &Provider,
        mut headers: Vec<Header>,
        body: Vec<u8>,
    ) -> Result<Option<Self>, String> {
        let secrets = [secret(provider)];
        let scheme = &provider.scheme;
        let signs_url =
            scheme.signed.has(&TemplatePart::Url) || scheme.signed.text().contains("{{query:");
        let url = signs_url.then_some("https://hooks.example/in?a=1&data.id=7");
        let draft = Draft {
            body: &body,
            headers: &headers,
            method: "POST",
            url,
            id: "msg_1",
            now: now(),
            like: None,
        };
        let signed = match sign(scheme, &secrets[0], &draft) {
            Ok(signed) => signed,
            Err(SignError::Unsupported(_) | SignError::PublicKey) => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", provider.name)),
        };
        headers.extend(signed.headers);
        let (provider, head) =
            (provider.clone(), Head::build("POST", "/in?a=1&data.id=7", &headers));
        let body = signed.body.unwrap_or(body);
        Ok(Some(Self { provider, secrets, head, body, url }))
    }

    fn status(&self) -> SignatureStatus {
        let subject = Subject { head: &self.head, body: &self.body, url: self.url };
        verify(&self.provider.scheme, &self.secrets, &subject, now()).status
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap_or_default()
}

#[test]
fn a_signed_sample_verifies_under_its_provider() {
    let all = Sent::all().unwrap();
    for sent in &all {
        assert_eq!(sent.status(), SignatureStatus::Verified, "{}", sent.provider.name);
    }
    assert!(all.len() > 100, "only {}", all.len());
}

#[test]
fn samples_are_recognized_among_all_providers() {
    for sent in Sent::all().unwrap() {
        let candidates = provider::all().iter().map(|provider| {
            let mine = provider.name == sent.provider.name;
            let secrets = if mine { sent.secrets.to_vec() } else { Vec::new() };
            Credentials { provider: Arc::clone(provider), secrets }
        });
        let verifier = Verifier::new(candidates.collect());
        let subject = Subject { head: &sent.head, body: &sent.body, url: sent.url };
        let judged = verifier.judge(&subject, now());
        let name = &judged.credentials.unwrap().provider.name;
        assert_eq!(*name, sent.provider.name);
        assert_eq!(judged.verdict.status, SignatureStatus::Verified, "{name}");
    }
}

#[test]
fn unsigned_samples_are_recognized_by_other_headers() {
    let everybody = provider::all().iter().map(|provider| Credentials {
        provider: Arc::clone(provider),
        secrets: vec![secret(provider)],
    });
    let verifier = Verifier::new(everybody.collect());
    for (header, value, name, status) in [
        ("X-GitHub-Event", "push", Some("github"), SignatureStatus::Missing),
        ("X-Slack-Request-Timestamp", "1700000000", Some("slack"), SignatureStatus::Missing),
        ("X-Shopify-Hmac-Sha256", " ", Some("shopify"), SignatureStatus::Missing),
        ("webhook-timestamp", "1700000000", Some("standard-webhooks"), SignatureStatus::Missing),
        ("X-Other", "push", None, SignatureStatus::Unchecked),
        ("Authorization", "Bearer test", None, SignatureStatus::Unchecked),
    ] {
        let head = Head::build("POST", "/", &[Header::new(header, value)]);
        let judged = verifier.judge(&Subject::new(&head, b"{}"), now());
        assert_eq!(judged.credentials.map(|keyed| keyed.provider.name.as_str()), name);
        assert_eq!(judged.verdict.status, status, "{header}");
    }
}

/// Returns whether a provider's signature covers every byte of the body.
fn covers_every_byte(provider: &Provider) -> bool {
    provider.scheme.covers_body && provider.scheme.signed.has(&TemplatePart::Body)
}

proptest! {
    #[test]
    fn one_flipped_bit_never_verifies(
        body in proptest::collection::vec(any::<u8>(), 1..400),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        for provider in provider::all().iter().filter(|provider| covers_every_byte(provider)) {
            // Schemes that read a value from the body need a valid one.
            let Ok(Some(mut sent)) = Sent::signed(provider, Vec::new(), body.clone()) else { continue };
            // A body without the field has no time.
            if sent.status() == SignatureStatus::Missing { continue }
            prop_assert_eq!(sent.status(), SignatureStatus::Verified, "{}", &provider.name);
            let changed = at.index(sent.body.len());
            sent.body[changed] ^= 1 << bit;
            prop_assert_eq!(sent.status(), SignatureStatus::Mismatch, "{}", &provider.name);
        }
    }

    #[test]
    fn one_changed_digit_of_the_signature_never_verifies(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let all = Sent::all().unwrap();
        let mut sent = all.into_iter().nth(which.index(100)).unwrap();
        let carrier = sent.provider.scheme.signature_headers().next().map(str::to_owned);
        let token = sent.provider.scheme.algorithm == Algorithm::Token;
        if let Some(header) = carrier.and_then(|name| sent.head.headers.iter_mut().find(|one| one.is(&name))) {
            let mut value = header.value.to_vec();
            let changed = at.index(value.len());
            value[changed] ^= 1 << bit;
            // The last digit of base64 has unused bits, and a scheme may ignore case or blanks, so
            // that the changed value can decode to the same bytes.
            let same = String::from_utf8_lossy(&value).trim() == header.text().trim();
            header.value = value.into();
            if !same && !token && sent.status() == SignatureStatus::Verified {
                prop_assert!(sent.provider.scheme.pairs.is_some() || sent.provider.scheme.list.is_some() || sent.provider.scheme.prefix.contains('*'), "{} {:?}", &sent.provider.name, header_of(&sent));
            }
        }
    }

    #[test]
    fn no_header_value_makes_it_panic(value in proptest::collection::vec(any::<u8>(), 0..200)) {
        for provider in provider::all() {
            let secrets = vec![secret(provider)];
            let mut head = Head::build("POST", "/", &[]);
            let scheme = &provider.scheme;
            let clock = scheme.timestamp.as_ref().map(|clock| &clock.from);
            let places = scheme.signature.iter().chain(clock).chain(scheme.id.as_ref());
            for place in places {
                if let provider::ValueLocation::Header(name) = place {
                    head.headers.push(Header::new(name, value.clone()));
                }
            }
            let subject = Subject { head: &head, body: b"{}", url: Some("http://h/") };
            let verifier = Verifier::new(vec![Credentials { provider: Arc::clone(provider), secrets }]);
            let judged = verifier.judge(&subject, now());
            prop_assert_ne!(judged.verdict.status, SignatureStatus::Verified, "{}", &provider.name);
            let budget = Budget { bytes: 1 << 16, go_on: &|| true };
            let _ = verifier.explain(&judged, &subject, now(), budget);
        }
    }
}

fn header_of(sent: &Sent) -> Vec<String> {
    sent.head.headers.iter().map(|header| format!("{}: {}", header.name, header.text())).collect()
}
