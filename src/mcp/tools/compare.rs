//! `diff_deliveries`.

use rmcp::handler::server::tool::ToolRoute;
use rmcp::schemars;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::diff::{DeliveryDiff, DiffEntry, DiffSide};
use crate::delivery::DeliveryId;
use crate::mcp::shield::{MAX_LINE, Shield, WITHHELD};
use crate::mcp::tool::{Call, ToolEffect, ToolError, ToolName, route};
use crate::mcp::view::UNTRUSTED;
use crate::mcp::{Connection, Server};
use crate::ops::diff::{BaselineReason, pair};
use crate::payload::diff::Mark;
use crate::store::StoreReader;

const DIFF: ToolName = ToolName {
    name: "diff_deliveries",
    title: "Compare deliveries",
    description: "Compare the bodies and headers of two deliveries by structure. Times, signatures, \
        and other values that always differ are marked as expected.",
    effect: ToolEffect::Reads,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DiffArguments {
    id: i64,
    /// Delivery to compare with; the most similar earlier one if absent.
    with: Option<i64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DiffResult {
    untrusted: &'static str,
    old: i64,
    new: i64,
    /// Reason for comparing with `old`.
    reason: &'static str,
    /// Number of values, lines, or headers that differ.
    differences: u64,
    /// Number of expected ones among those.
    expected: u64,
    received: Vec<ChangeView>,
    /// True if there are more changes than are shown.
    truncated: bool,
}

/// One side of a change.
#[derive(Debug, Serialize, JsonSchema)]
struct ChangeView {
    /// `added`, `removed`, `changed`, or `moved`.
    change: &'static str,
    /// `old` or `new`.
    side: &'static str,
    /// Path in the body, or the header.
    place: Option<String>,
    text: String,
    expected: bool,
}

const MAX_CHANGES: usize = 200;

pub(super) fn diff() -> ToolRoute<Connection> {
    route(DIFF, |call: Call, arguments: DiffArguments| async move {
        let _permit = call.permit().await?;
        call.server.read(move |server, reader| compared(server, reader, &arguments)).await
    })
}

fn compared(
    server: &Server,
    reader: &StoreReader,
    arguments: &DiffArguments,
) -> Result<DiffResult, ToolError> {
    let old = arguments.with.map(DeliveryId);
    let found = pair(reader, &server.verifier, DeliveryId(arguments.id), old);
    let pair = found.map_err(|error| {
        ToolError::new(format!(
            "{}; list_deliveries shows the ids",
            crate::error_chain::with_sources(&error)
        ))
    })?;
    let (old, new) = (pair.old.summary.id.0, pair.new.summary.id.0);
    let reason = pair.reason;
    let shields = [server.shield(&pair.old), server.shield(&pair.new)];
    let volatile = server
        .setup
        .volatile
        .and(&pair.id_places)
        .map_err(|error| ToolError::new(error.to_string()))?;
    let signing: Vec<&str> = pair.signature_headers.iter().map(String::as_str).collect();
    let diff = DeliveryDiff::new(pair.old, pair.new, reason, &volatile, &signing);
    let changed = diff.lines.iter().filter(|line| line.mark() != Mark::Same);
    let [old_shield, new_shield] = &shields;
    let mut received: Vec<ChangeView> = changed
        .enumerate()
        .take(MAX_CHANGES + 1)
        .filter_map(|(_, line)| {
            let shield = if line.which() == Some(DiffSide::Old) { old_shield } else { new_shield };
            view(&diff, line, shield)
        })
        .collect();
    let truncated = received.len() > MAX_CHANGES;
    received.truncate(MAX_CHANGES);
    Ok(DiffResult {
        untrusted: UNTRUSTED,
        old,
        new,
        reason: name_of(reason),
        differences: diff.count as u64,
        expected: diff.muted as u64,
        received,
        truncated,
    })
}

fn view(diff: &DeliveryDiff, line: &DiffEntry, shield: &Shield) -> Option<ChangeView> {
    let side = line.which()?;
    let (place, text) = match line {
        DiffEntry::Row { row, is_folded, .. } => {
            let document = diff.document(side);
            let place = document.node(*row).map(|node| node.path().breadcrumb());
            let text = if *is_folded {
                document.folded_row(*row).map(|row| row.text())
            } else {
                document.line(*row)
            };
            (place, shield.lines(text.unwrap_or_default().trim(), MAX_LINE))
        }
        DiffEntry::Header { name, .. } if shield.withholds_header(name) => {
            (Some(format!("header {name}")), WITHHELD.to_owned())
        }
        DiffEntry::Header { name, value, .. } => {
            (Some(format!("header {name}")), shield.line(value))
        }
        DiffEntry::Said(_) | DiffEntry::Skipped(_) => return None,
    };
    let change = match line.mark() {
        Mark::Same => return None,
        Mark::Added => "added",
        Mark::Removed => "removed",
        Mark::Changed => "changed",
        Mark::Moved => "moved",
    };
    Some(ChangeView {
        change,
        side: if side == DiffSide::Old { "old" } else { "new" },
        place: place.map(|place| shield.line(&place)),
        text,
        expected: line.is_muted(),
    })
}

fn name_of(reason: BaselineReason) -> &'static str {
    match reason {
        BaselineReason::Object => "previous delivery of the same object and type",
        BaselineReason::ObjectOtherType => "previous delivery of the same object, different type",
        BaselineReason::Type | BaselineReason::TypeAlone => "previous delivery of the same type",
        BaselineReason::Chosen => "chosen",
    }
}
