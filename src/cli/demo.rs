//! Signed samples that arrive by real HTTP at a human pace, a few of them spoilt.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::outbound::{Client, Request, Target};
use crate::provider::{Provider, Sample, Seed};
use crate::secret::Secret;
use crate::send::{Tamper, request};
use crate::signature::SignError;

/// From one sample to the next, about; the first few come faster, so that there is something to
/// look at.
const PACE: Duration = Duration::from_millis(1300);
const FIRST_PACE: Duration = Duration::from_millis(250);
const FIRST: usize = 6;

/// A secret that nobody has to keep.
pub(super) fn secret() -> Secret {
    let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(32).collect();
    Secret::new("the demo's own secret", random)
}

/// Sends samples to the listener until it stops.
pub(super) async fn run(
    provider: Provider,
    secret: Option<Secret>,
    target: Target,
    stop: CancellationToken,
) {
    let client = Client::new();
    let mut random = fastrand::Rng::new();
    let samples: Vec<&Sample> = Sample::of(&provider.name).collect();
    let mut last: Option<Request> = None;
    for (number, sample) in samples.iter().cycle().enumerate() {
        let next = plan(number);
        let request = match (next, last.take()) {
            (Plan::Again, Some(last)) => Ok(last),
            (Plan::Again | Plan::Sound, _) => {
                new(&provider, secret.as_ref(), sample, &mut random, None)
            }
            (Plan::Spoilt(tamper), _) => {
                new(&provider, secret.as_ref(), sample, &mut random, Some(tamper))
            }
        };
        // A provider of which no sample can be signed has no demo.
        let Ok(request) = request else { return };
        let pace = if number < FIRST { FIRST_PACE } else { PACE };
        // Between half and one and a half of the pace.
        let pause = pace.mul_f64(0.5 + random.f64());
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        // What becomes of it is seen in the list.
        let _ = client.send(&target, &request).await;
        last = Some(request);
    }
}

/// What the next sample is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Sound,
    Spoilt(Tamper),
    /// The one before once more, as a retry would be.
    Again,
}

/// The turns are primes to the number of types, so that each type meets each fate in time.
fn plan(number: usize) -> Plan {
    match number % 17 {
        4 => Plan::Spoilt(Tamper::Body),
        8 => Plan::Again,
        11 => Plan::Spoilt(Tamper::Missing),
        14 => Plan::Spoilt(Tamper::Signature),
        _ => Plan::Sound,
    }
}

fn new(
    provider: &Provider,
    secret: Option<&Secret>,
    sample: &Sample,
    random: &mut fastrand::Rng,
    tamper: Option<Tamper>,
) -> Result<Request, SignError> {
    #[expect(clippy::disallowed_methods, reason = "a sample tells the time of sending")]
    let now = Timestamp::now();
    let body = sample.body(&mut Seed { now, random: random.fork() });
    request(provider, secret, body, tamper)
}
