//! Measures verifying and diagnosing against the bare digest of the same bytes in the same run.
//!
//! Run with `cargo bench`. Every figure is the best of several rounds; ratios are what counts.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it measures, and prints what it measured"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use hookglass::delivery::{Head, Header};
use hookglass::provider::Provider;
use hookglass::secret::Secret;
use hookglass::signature::{Budget, Credentials, Draft, Subject, Verifier, sign, verify};
use jiff::Timestamp;
use sha2::Sha256;

const KEY: &str = "test-key-not-a-real-one";

/// Returns the best time of one call, over rounds of enough calls to be measured.
fn best(mut call: impl FnMut()) -> Duration {
    const ROUND: Duration = Duration::from_millis(40);
    const ROUNDS: usize = 12;
    let mut calls = 1_u32;
    let mut best = Duration::MAX;
    let mut rounds = 0;
    while rounds < ROUNDS {
        let start = Instant::now();
        for _ in 0..calls {
            call();
        }
        let took = start.elapsed();
        if took < ROUND {
            calls = calls.saturating_mul(2);
        } else {
            rounds += 1;
            best = best.min(took / calls);
        }
    }
    best
}

fn rate(bytes: usize, took: Duration) -> f64 {
    // Megabytes a second; exact enough for any size that fits into memory.
    bytes as f64 / took.as_secs_f64() / 1e6
}

/// Returns a JSON body of about this size.
fn body(size: usize) -> Vec<u8> {
    let item = br#"{"id":"k3","text":"a \"quoted\" word, na\u00efve / caf\u00e9","n":1.0},"#;
    let mut out = br#"{"items":["#.to_vec();
    while out.len() + item.len() + 3 < size {
        out.extend_from_slice(item);
    }
    out.extend_from_slice(b"0]}");
    out
}

/// Returns the head of a request with this body, signed at the epoch.
fn signed_head(provider: &Provider, secret: &Secret, body: &[u8]) -> Option<Head> {
    let now = Timestamp::UNIX_EPOCH;
    let draft = Draft { body, headers: &[], method: "POST", url: None, id: "", now, like: None };
    let signed = sign(&provider.scheme, secret, &draft).ok()?;
    Some(Head::build("POST", "/", &signed.headers))
}

fn main() {
    let Ok(provider) = Provider::named("cribbly") else { return };
    let secret = Secret::new("TEST_SECRET", KEY);
    let secrets = [secret.clone()];
    let now = Timestamp::UNIX_EPOCH;
    println!("verification, against the bare HMAC-SHA256");
    for size in [1 << 10, 64 << 10, 1 << 20] {
        let body = body(size);
        let Some(head) = signed_head(&provider, &secret, &body) else { return };
        let subject = Subject::new(&head, &body);
        let verifying = best(|| {
            black_box(verify(&provider.scheme, &secrets, black_box(&subject), now));
        });
        let bare = best(|| {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()) else { return };
            mac.update(black_box(&body));
            black_box(mac.finalize());
        });
        let ratio = verifying.as_secs_f64() / bare.as_secs_f64();
        let speed = rate(body.len(), verifying);
        println!("{size:>9} B  {verifying:>10.1?}  {speed:>7.0} MB/s  {ratio:.2} × bare");
    }
    println!("recognition among all providers, against checking as the one that sent it");
    for size in [1 << 10, 1 << 20, 20 << 20] {
        let body = body(size);
        let Some(head) = signed_head(&provider, &secret, &body) else { return };
        let subject = Subject::new(&head, &body);
        let with_secret = |one: &Provider| {
            let secrets = if one.name == provider.name { secrets.to_vec() } else { Vec::new() };
            Credentials { provider: one.clone().into(), secrets }
        };
        let single = Verifier::new(vec![with_secret(&provider)]);
        let auto =
            Verifier::new(hookglass::provider::all().iter().map(|one| with_secret(one)).collect());
        let identify = |verifier: &Verifier| {
            best(|| {
                black_box(verifier.identify(black_box(&subject), now));
            })
        };
        let (single, auto) = (identify(&single), identify(&auto));
        let ratio = auto.as_secs_f64() / single.as_secs_f64();
        println!("{size:>9} B  {auto:>10.1?}  {ratio:.2} × single");
    }
    println!("diagnosis of a signature that nothing explains, against one verification");
    let verifier =
        Verifier::new(vec![Credentials { provider: provider.into(), secrets: secrets.to_vec() }]);
    for size in [1 << 10, 128 << 10, 25 << 20] {
        let body = body(size);
        let headers = [Header::new("X-Cribbly-Signature", "ab".repeat(32))];
        let head = Head::build("POST", "/", &headers);
        let subject = Subject::new(&head, &body);
        let judging = best(|| {
            black_box(verifier.judge(&subject, now));
        });
        let judged = verifier.judge(&subject, now);
        let (mut took, mut whole) = (Duration::MAX, true);
        for _ in 0..3 {
            let start = Instant::now();
            let until = start + Duration::from_secs(2);
            let go_on = || Instant::now() < until;
            let budget = Budget { bytes: Budget::BYTES, go_on: &go_on };
            let diagnosis = verifier.explain(&judged, &subject, now, budget);
            took = took.min(start.elapsed());
            whole = diagnosis.complete;
        }
        let ratio = took.as_secs_f64() / judging.as_secs_f64();
        let end = if whole { "all tried" } else { "ended by its budget" };
        println!("{size:>9} B  {took:>10.1?}  {ratio:>7.0} × verifying, {end}");
    }
}
