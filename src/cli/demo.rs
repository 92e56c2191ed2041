//! Signed samples that arrive by real HTTP at a human pace, a few of them spoilt.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::ops::send::{EventSource, SendRun, Tamper};
use crate::outbound::{Client, Request, Target};
use crate::secret::Secret;
use crate::signature::Credentials;

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
pub(super) async fn run(credentials: Credentials, target: Target, stop: CancellationToken) {
    let client = Client::new();
    let mut random = fastrand::Rng::new();
    let mut last: Option<Request> = None;
    for (number, sample) in credentials.provider.samples.iter().cycle().enumerate() {
        let next = plan(number);
        let request = match (next, last.take()) {
            (DemoPlan::Again, Some(last)) => Ok(last),
            (next, _) => {
                let tamper = if let DemoPlan::Spoilt(tamper) = next { Some(tamper) } else { None };
                let run = SendRun {
                    credentials: &credentials,
                    source: EventSource::Sample(sample),
                    target: target.clone(),
                    tamper,
                    count: 1,
                    period: Duration::ZERO,
                };
                run.request()
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
enum DemoPlan {
    Sound,
    Spoilt(Tamper),
    /// The one before once more, as a retry would be.
    Again,
}

/// The turns are primes to the number of types, so that each type meets each fate in time.
fn plan(number: usize) -> DemoPlan {
    match number % 17 {
        4 => DemoPlan::Spoilt(Tamper::Body),
        8 => DemoPlan::Again,
        11 => DemoPlan::Spoilt(Tamper::Missing),
        14 => DemoPlan::Spoilt(Tamper::Signature),
        _ => DemoPlan::Sound,
    }
}
