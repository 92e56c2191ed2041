//! Signed samples sent over real HTTP at a human pace, a few of them tampered with, and an application
//! that responds to them.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::delivery::{Header, SignatureStatus};
use crate::listener::{self, ClientResponse, Limits, Received};
use crate::ops::send::{EventSource, SendRun, Tamper};
use crate::outbound::{Client, Request, Target};
use crate::secret::Secret;
use crate::signature::{Credentials, CurrentVerifier, Subject};

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

/// Binds an address for the application of the demo; none if that fails, since the demo works without.
pub(super) async fn bind_application() -> Option<(TcpListener, Target)> {
    let listener = listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.ok()?;
    let url = format!("http://{}", listener.local_addr().ok()?);
    Some((listener, url.parse().ok()?))
}

/// Runs an application that takes a moment for each delivery, and rejects those that are not verified.
pub(super) async fn run_application(
    listener: TcpListener,
    verifier: CurrentVerifier,
    stop: CancellationToken,
) {
    let respond = move |received: Received| {
        let verifier = verifier.get();
        async move {
            tokio::time::sleep(Duration::from_millis(fastrand::u64(3..60))).await;
            let subject = Subject::new(&received.head, &received.body);
            let verdict = verifier.judge(&subject, received.received_at).verdict;
            let (status, body) = match verdict.status {
                SignatureStatus::Verified => (200, r#"{"ok":true}"#),
                _ => (401, r#"{"error":"invalid signature"}"#),
            };
            let headers = vec![Header::new("Content-Type", "application/json")];
            ClientResponse { status, headers, body: Bytes::from_static(body.as_bytes()) }
        }
    };
    listener::serve(listener, Limits::default(), respond, stop).await;
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
