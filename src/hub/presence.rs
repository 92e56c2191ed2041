//! Presence: programs on a hub report to each other that they are connected.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;

use super::connection::Hub;
use super::subject;
use crate::payload::escape;

/// Interval of reports, and the time after which a program without one is gone.
const REPORT: Duration = Duration::from_secs(5);
const GONE: Duration = Duration::from_secs(12);

/// Programs that are listed.
const MAX_OTHERS: usize = 64;

/// Longest name.
const MAX_NAME: usize = 64;

/// Longest report.
const MAX_REPORT: usize = 1 << 10;

#[derive(Debug, Serialize, Deserialize)]
struct Report {
    name: String,
    instance: String,
}

/// Returns true if a text can be the name or instance of a program. Anyone may publish reports.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && escape(text) == text
}

impl Hub {
    /// Reports that this program is connected, and lists the others, until `stop`.
    pub async fn stay_present(self, instance: String, stop: CancellationToken) {
        let report = Report { name: self.name().to_owned(), instance };
        let Ok(mut others) = self.client.subscribe(subject::ALL_PRESENCE).await else { return };
        let mut seen: BTreeMap<String, (String, Instant)> = BTreeMap::new();
        let mut ticks = interval(REPORT);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {
                    let text = serde_json::to_vec(&report).unwrap_or_default();
                    // The next report follows soon.
                    let _ = self.client.publish(subject::presence(&report.name), text.into()).await;
                    let now = Instant::now();
                    seen.retain(|_, (_, at)| now.duration_since(*at) < GONE);
                }
                other = others.next() => {
                    let Some(other) = other else { return };
                    if other.payload.len() > MAX_REPORT {
                        continue;
                    }
                    let Ok(other) = serde_json::from_slice::<Report>(&other.payload) else { continue };
                    if !is_name(&other.name) || !is_name(&other.instance) {
                        continue;
                    }
                    let is_known = seen.contains_key(&other.instance);
                    if other.instance != report.instance && (is_known || seen.len() < MAX_OTHERS) {
                        seen.insert(other.instance, (other.name, Instant::now()));
                    }
                }
            }
            let names: Vec<String> = seen.values().map(|(name, _)| name.clone()).collect();
            self.report(|status| status.others = names);
        }
    }
}
