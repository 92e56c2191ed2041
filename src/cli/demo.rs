//! Signed samples sent over real HTTP at a human pace, a few of them tampered with.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::ops::send::{EventSource, SendRun, Tamper};
use crate::outbound::{Client, Request, Target};
use crate::secret::Secret;
use crate::signature::Credentials;

/// Average interval between samples. The first few come faster to fill the list.
const PACE: Duration = Duration::from_millis(1300);
const FIRST_PACE: Duration = Duration::from_millis(250);
const FIRST: usize = 6;

/// Generates a throw-away secret.
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
                let tamper =
                    if let DemoPlan::Tampered(tamper) = next { Some(tamper) } else { None };
                let run = SendRun {
                    credentials: &credentials,
                    source: EventSource::Sample(sample),
                    headers: Vec::new(),
                    target: target.clone(),
                    tamper,
                    count: 1,
                    period: Duration::ZERO,
                };
                run.request()
            }
        };
        // The demo does not work for a provider whose samples cannot be signed.
        let Ok(request) = request else { return };
        let pace = if number < FIRST { FIRST_PACE } else { PACE };
        // Between 0.5 and 1.5 times the pace.
        let pause = pace.mul_f64(0.5 + random.f64());
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        // The result shows in the list.
        let _ = client.send(&target, &request).await;
        last = Some(request);
    }
}

/// Variant of the next sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DemoPlan {
    Intact,
    Tampered(Tamper),
    /// The previous sample again, like a retry.
    Again,
}

/// The periods are coprime to the number of types, so that every type gets every plan in time.
fn plan(number: usize) -> DemoPlan {
    match number % 17 {
        4 => DemoPlan::Tampered(Tamper::Reserialize),
        6 => DemoPlan::Tampered(Tamper::Body),
        8 => DemoPlan::Again,
        11 => DemoPlan::Tampered(Tamper::Missing),
        14 => DemoPlan::Tampered(Tamper::Signature),
        _ => DemoPlan::Intact,
    }
}
