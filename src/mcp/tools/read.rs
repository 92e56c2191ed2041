//! `list_deliveries` and `get_delivery`.

use rmcp::handler::server::tool::ToolRoute;
use rmcp::schemars;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::delivery::{Delivery, DeliveryId};
use crate::mcp::shield::Shield;
use crate::mcp::tool::{Call, ToolEffect, ToolError, ToolName, route};
use crate::mcp::view::{self, AttemptView, BodyForm, BodyView, HeaderView, Row, UNTRUSTED};
use crate::mcp::{Connection, Server, select};
use crate::payload::pointer;

const LIST: ToolName = ToolName {
    name: "list_deliveries",
    title: "List deliveries",
    description: "List received webhooks, newest first. Filter examples: `sig:failed`, \
        `type:message.* since:10m`, `status:>=500`, `.data.object.id:cus_1`; terms side by side \
        mean and.",
    effect: ToolEffect::Reads,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListArguments {
    /// Filter; all deliveries if absent. The resource `hookglass://docs/filters` has the syntax.
    filter: Option<String>,
    /// Number of deliveries, 20 if absent.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
    /// `next_cursor` of the previous result.
    cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ListResult {
    untrusted: &'static str,
    deliveries: Vec<Row>,
    /// Cursor of older matches; null if there are none.
    next_cursor: Option<String>,
}

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 200;

pub(super) fn list() -> ToolRoute<Connection> {
    route(LIST, |call: Call, arguments: ListArguments| async move {
        let ListArguments { filter, limit, cursor } = arguments;
        let selection = select(filter.as_deref())?;
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(format!("invalid limit `{limit}`: expected 1 to {MAX_LIMIT}").into());
        }
        let before = cursor.as_deref().map(read_cursor).transpose()?;
        let _permit = call.permit().await?;
        call.server
            .read(move |server, reader| {
                // One more shows whether there are others.
                let mut rows = selection.newest(reader, before, limit + 1)?;
                let has_more = rows.len() > limit;
                rows.truncate(limit);
                let next_cursor = match rows.last() {
                    Some(last) if has_more => Some(last.id.0.to_string()),
                    _ => None,
                };
                let deliveries = rows.iter().map(|row| server.row(row)).collect();
                Ok(ListResult { untrusted: UNTRUSTED, deliveries, next_cursor })
            })
            .await
    })
}

fn read_cursor(text: &str) -> Result<DeliveryId, ToolError> {
    text.parse().map(DeliveryId).map_err(|_| {
        ToolError::new(format!(
            "invalid cursor `{text}`: pass the next_cursor of a result, or none"
        ))
    })
}

const GET: ToolName = ToolName {
    name: "get_delivery",
    title: "Get a delivery",
    description: "Show one delivery: headers, a part of the body, notes, and every attempt to \
        send it on. Signatures and credentials are withheld.",
    effect: ToolEffect::Reads,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetArguments {
    id: i64,
    /// Form of the body.
    #[serde(default)]
    body: BodyForm,
    /// Value to show instead of the whole body: a JSON pointer such as `/data/object/id`, or a path
    /// such as `.data.object.id` or `.items[0]`.
    select: Option<String>,
    /// Where the part of the body starts: a line of the decoded form, a byte of the others.
    #[serde(default)]
    offset: usize,
    /// Size limit of the part of the body in bytes, 16384 if absent.
    #[schemars(range(min = 1, max = 262_144))]
    max_bytes: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::mcp) struct GetResult {
    untrusted: &'static str,
    delivery: Row,
    received: GetReceived,
    /// Reason why the request was refused, in which case its body was not stored.
    refused: Option<String>,
    marked: bool,
    /// Note of the user.
    note: Option<String>,
    attempts: Vec<AttemptView>,
    /// Attempts that are not shown.
    more_attempts: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct GetReceived {
    headers: Vec<HeaderView>,
    body: Option<BodyView>,
    /// The selected value, as JSON text exactly as sent.
    selected: Option<String>,
}

const DEFAULT_BYTES: usize = 16 << 10;
const MAX_BYTES: usize = 256 << 10;

/// Attempts that are shown, newest last.
const MAX_ATTEMPTS: usize = 20;

pub(super) fn get() -> ToolRoute<Connection> {
    route(GET, |call: Call, arguments: GetArguments| async move {
        let limit = arguments.max_bytes.unwrap_or(DEFAULT_BYTES);
        if !(1..=MAX_BYTES).contains(&limit) {
            return Err(format!("invalid max_bytes `{limit}`: expected 1 to {MAX_BYTES}").into());
        }
        let _permit = call.permit().await?;
        call.server
            .read(move |server, reader| {
                let (delivery, shield) = server.delivery(reader, arguments.id)?;
                shown(server, &delivery, &shield, &arguments, limit)
            })
            .await
    })
}

/// Returns a delivery with the start of its body.
pub(in crate::mcp) fn overview(
    server: &Server,
    delivery: &Delivery,
    shield: &Shield,
) -> Result<GetResult, ToolError> {
    let arguments = GetArguments {
        id: delivery.summary.id.0,
        body: BodyForm::Decoded,
        select: None,
        offset: 0,
        max_bytes: None,
    };
    shown(server, delivery, shield, &arguments, DEFAULT_BYTES)
}

fn shown(
    server: &Server,
    delivery: &Delivery,
    shield: &Shield,
    arguments: &GetArguments,
    limit: usize,
) -> Result<GetResult, ToolError> {
    let GetArguments { body: form, select, offset, .. } = arguments;
    let document = view::document(delivery);
    let selected = select.as_deref().map(|path| selected(document.body(), path)).transpose()?;
    let body = match (form, &selected) {
        (_, Some(_)) => None,
        (BodyForm::Decoded, None) => Some(view::decoded(&document, *offset, limit, shield)),
        (BodyForm::Raw, None) => Some(view::raw(&document, *offset, limit, shield)),
        (BodyForm::Base64, None) if shield.is_in(document.wire()) => {
            return Err("the body contains a signature or a credential, which base64 would show; \
                 use body `raw`, or ask the user to start the server with --with-signature"
                .into());
        }
        (BodyForm::Base64, None) => Some(view::base64(&document, *offset, limit)),
    };
    let summary = &delivery.summary;
    let hidden = delivery.attempts.len().saturating_sub(MAX_ATTEMPTS);
    let attempts = delivery.attempts.iter().skip(hidden);
    Ok(GetResult {
        untrusted: UNTRUSTED,
        delivery: Row::new(summary, shield),
        received: GetReceived {
            headers: view::headers(&delivery.head, shield),
            body,
            selected: selected.map(|text| shield.lines(text, limit)),
        },
        refused: summary.request.refused.as_ref().map(|refusal| shield.line(&refusal.reason)),
        marked: summary.annotations.marked,
        note: summary.annotations.note.as_deref().map(|note| shield.line(note)),
        attempts: attempts
            .map(|attempt| AttemptView::new(attempt, shield, server.setup.with_signature))
            .collect(),
        more_attempts: hidden as u64,
    })
}

/// Finds a value in a JSON body.
fn selected<'b>(body: &'b [u8], path: &str) -> Result<&'b str, ToolError> {
    let steps = steps(path)?;
    pointer::raw(body, &steps).ok_or_else(|| {
        ToolError::new(format!(
            "no value at `{path}` in the body of this delivery; call get_delivery without `select` \
             to see its structure"
        ))
    })
}

/// Parses a JSON pointer, or a path with dots and brackets.
fn steps(path: &str) -> Result<Vec<String>, ToolError> {
    if path.starts_with('/') {
        return Ok(pointer::steps(path));
    }
    let path = path.strip_prefix('$').unwrap_or(path);
    let plain = path.replace('[', ".").replace([']', '"', '\''], "");
    let steps: Vec<String> =
        plain.split('.').filter(|step| !step.is_empty()).map(str::to_owned).collect();
    if steps.is_empty() {
        return Err(format!(
            "invalid path `{path}`: expected e.g. `.data.object.id`, `.items[0]`, or \
             `/data/object/id`"
        )
        .into());
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_several_spellings() {
        for path in ["/a/b/0/c", ".a.b[0].c", "a.b[0].c", "$.a.b[0]['c']", "a[\"b\"][0].c"] {
            assert_eq!(steps(path).unwrap(), ["a", "b", "0", "c"], "{path}");
        }
        assert!(steps("").is_err());
    }
}
