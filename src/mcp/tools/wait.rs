//! `wait_for_delivery`.

use std::path::Path;
use std::time::Duration;

use rmcp::handler::server::tool::ToolRoute;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::schemars;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::delivery::{Delivery, DeliveryId};
use crate::mcp::tool::{Call, ToolEffect, ToolError, ToolName, route};
use crate::mcp::view::{Row, UNTRUSTED};
use crate::mcp::{Connection, select};
use crate::ops::wait::{Expectation, Goal, WaitEnd, wait as wait_in_store};
use crate::store::{self, StoreError};

const WAIT: ToolName = ToolName {
    name: "wait_for_delivery",
    title: "Wait for deliveries",
    description: "Wait until matching webhooks have arrived, or until the time is over. Pass \
        `after` (newest_id of listener_status, from before the event was triggered) so that a \
        delivery that is already there counts.",
    effect: ToolEffect::Reads,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WaitArguments {
    /// Filter; any delivery if absent.
    filter: Option<String>,
    /// Number of matches to wait for, 1 if absent. 0: no match may arrive before the time is over.
    #[schemars(range(max = 100))]
    count: Option<usize>,
    /// Time limit, 30 if absent.
    #[schemars(range(min = 0.0, max = 600.0))]
    timeout_seconds: Option<f64>,
    /// Count deliveries after this id; only those received from now on if absent.
    after: Option<i64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct WaitResult {
    untrusted: &'static str,
    /// True if the expectation was met.
    met: bool,
    deliveries: Vec<Row>,
    /// Deliveries that arrived and did not match.
    others: u64,
    /// What to check if nothing arrived.
    hint: Option<String>,
}

const MAX_COUNT: usize = 100;
const MAX_SECONDS: f64 = 600.0;
const DEFAULT_SECONDS: f64 = 30.0;

/// Time between two notifications without news, which keep clients from giving up.
const BEAT: Duration = Duration::from_secs(5);

pub(super) fn wait() -> ToolRoute<Connection> {
    route(WAIT, |call: Call, arguments: WaitArguments| async move {
        let WaitArguments { filter, count, timeout_seconds, after } = arguments;
        let selection = select(filter.as_deref())?;
        let count = count.unwrap_or(1);
        if count > MAX_COUNT {
            return Err(format!("invalid count `{count}`: expected 0 to {MAX_COUNT}").into());
        }
        let seconds = timeout_seconds.unwrap_or(DEFAULT_SECONDS);
        if !(0.0..=MAX_SECONDS).contains(&seconds) {
            return Err(format!(
                "invalid timeout_seconds `{seconds}`: expected 0 to {MAX_SECONDS}"
            )
            .into());
        }
        let _permit = call.waiting_permit().await?;
        let expectation = Expectation {
            selection,
            since: None,
            after: after.map(DeliveryId),
            goal: if count == 0 { Goal::Absent } else { Goal::Count(count) },
            timeout: Duration::from_secs_f64(seconds),
        };
        watch(&call, expectation, count).await
    })
}

/// Waits on a thread of its own, and reports progress to the client.
async fn watch(
    call: &Call,
    expectation: Expectation,
    count: usize,
) -> Result<WaitResult, ToolError> {
    let total = expectation.timeout.as_secs_f64();
    // The wait ends once this queue is closed: by a cancellation, or because the connection is.
    let (found, mut queue) = mpsc::channel::<Delivery>(1);
    let path = call.server.setup.store.clone();
    let waiting = tokio::task::spawn_blocking(move || wait_in_store(&path, expectation, &found));
    let mut progress = Progress::new(call, total);
    let mut rows = Vec::new();
    let mut beat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            biased;
            () = call.context.ct.cancelled() => {
                if call.server.stopping.is_cancelled() {
                    // The client no longer reads, and some fail over a response at that point.
                    std::future::pending::<()>().await;
                }
                return Err("the wait was canceled".into());
            }
            delivery = queue.recv() => {
                let Some(delivery) = delivery else { break };
                rows.push(Row::new(&delivery.summary, &call.server.shield(&delivery)));
                progress.report(rows.len(), count).await;
            }
            _ = beat.tick() => progress.report(rows.len(), count).await,
        }
    }
    let ended = crate::task::join_or_panic(waiting.await)
        .ok_or_else(|| ToolError::new("the server is shutting down"))?;
    result(&call.server.setup.store, rows, ended)
}

fn result(
    path: &Path,
    deliveries: Vec<Row>,
    ended: Result<WaitEnd, StoreError>,
) -> Result<WaitResult, ToolError> {
    let ended = ended.map_err(|error| crate::error_chain::with_sources(&error))?;
    let (met, others, hint) = match ended {
        WaitEnd::Met => (true, 0, None),
        WaitEnd::Unexpected(_) => (false, 0, None),
        WaitEnd::TimedOut(progress) => (false, progress.others as u64, Some(hint(path, &progress))),
        WaitEnd::NoStore => (false, 0, Some("there is no store; call start_listener".to_owned())),
        WaitEnd::Abandoned => return Err("the wait was canceled".into()),
    };
    Ok(WaitResult { untrusted: UNTRUSTED, met, deliveries, others, hint })
}

fn hint(path: &Path, progress: &crate::ops::wait::WaitProgress) -> String {
    if store::listener_of(path).is_none() {
        return "no listener has this store open; call start_listener".to_owned();
    }
    match progress.others {
        0 => "nothing arrived; check the URL that the sender uses, and pass `after` if the event \
              was triggered before this call"
            .to_owned(),
        _ => "other deliveries arrived; call list_deliveries to see them, and relax the filter"
            .to_owned(),
    }
}

/// Notifications of one call. Their value rises with each, as the protocol demands.
struct Progress<'c> {
    call: &'c Call,
    token: Option<ProgressToken>,
    total: f64,
    started: tokio::time::Instant,
}

impl<'c> Progress<'c> {
    fn new(call: &'c Call, total: f64) -> Self {
        let token = call.context.meta.get_progress_token();
        Self { call, token, total, started: tokio::time::Instant::now() }
    }

    async fn report(&mut self, matched: usize, count: usize) {
        let Some(token) = self.token.clone() else { return };
        let elapsed = self.started.elapsed().as_secs_f64();
        let notification = ProgressNotificationParam::new(token, elapsed)
            .with_total(self.total)
            .with_message(format!("{matched} of {count} arrived"));
        // A client that is gone closes the connection, which ends the wait.
        let _ = self.call.context.peer.notify_progress(notification).await;
    }
}
