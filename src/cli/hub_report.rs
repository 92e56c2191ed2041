//! Reports on standard error what happens with a hub.

use std::io::Write as _;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::hub::HubStatus;
use crate::output;
use crate::payload::escape;

/// Reports every change until `stop`.
pub(super) async fn report(mut status: watch::Receiver<HubStatus>, stop: CancellationToken) {
    let mut reported = HubStatus::default();
    loop {
        let now = status.borrow_and_update().clone();
        let unread = usize::try_from(now.noted - reported.noted).unwrap_or(usize::MAX);
        let first = now.notes.len().saturating_sub(unread);
        now.notes.iter().skip(first).for_each(|note| say(note));
        match (reported.trouble(), now.trouble()) {
            (before, Some(why)) if before.as_ref() != Some(&why) => {
                let is_first = reported == HubStatus::default();
                if !is_first {
                    say(&trouble(&now, &why));
                }
            }
            (Some(_), None) if !reported.stream.is_empty() => say("the hub is back"),
            _ => {}
        }
        reported = now;
        tokio::select! {
            () = stop.cancelled() => return,
            changed = status.changed() => if changed.is_err() { return },
        }
    }
}

fn trouble(status: &HubStatus, why: &str) -> String {
    if status.unpublished.is_some() {
        format!("deliveries are not published, clients get 503: {why}")
    } else {
        format!("the hub is not reachable, trying again: {why}")
    }
}

fn say(text: &str) {
    // Standard error may be closed; the program continues.
    let _ = writeln!(output::stderr(), "hookglass: {}", escape(text));
}
