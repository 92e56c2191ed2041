//! `set_response_rule`.

use std::io;

use rmcp::handler::server::tool::ToolRoute;
use rmcp::schemars;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error_chain;
use crate::mcp::Connection;
use crate::mcp::tool::{Call, ToolEffect, ToolError, ToolName, route};
use crate::respond::ResponseRule;

const SET: ToolName = ToolName {
    name: "set_response_rule",
    title: "Set a response rule",
    description: "Choose the responses of the listener that start_listener started, e.g. to test \
        retries: `500`, `503;retry-after=5`, `500x2,200`, `timeout`, `type:message.* => 500`, \
        `pass` to forward. The rule comes before the others; without a rule, the list is emptied.",
    effect: ToolEffect::Adds,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetArguments {
    /// `[FILTER =>] SCRIPT`; absent to remove all rules.
    rule: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SetResult {
    /// All rules; the first match decides.
    rules: Vec<String>,
}

pub(super) fn set() -> ToolRoute<Connection> {
    route(SET, |call: Call, arguments: SetArguments| async move {
        let server = &call.server;
        let rule = arguments.rule.as_deref().map(parse).transpose()?;
        let own = server.own.get().ok_or(
            "no listener of this connection is running; call start_listener. The rules of a \
             listener in another process are set in its dashboard, with --respond, or in \
             hookglass.toml",
        )?;
        match rule {
            Some(rule) => own.rules.put_first(rule),
            None => own.rules.replace([]),
        }
        let shield = server.secrets_shield();
        let rules = own.rules.rules();
        Ok(SetResult { rules: rules.iter().map(|rule| shield.line(&rule.to_string())).collect() })
    })
}

/// Parses a rule. One that reads a file or waits for the dashboard is refused.
pub(super) fn parse(text: &str) -> Result<ResponseRule, ToolError> {
    let refuse =
        |_: &str| Err(io::Error::other("a rule cannot read files here; write the body into it"));
    let rule = ResponseRule::read(text, &refuse);
    let rule = rule.map_err(|error| ToolError::new(error_chain::with_sources(&error)))?;
    if rule.holds() {
        return Err("`hold` needs the dashboard, which releases the request; use `timeout` or a \
             delay instead"
            .into());
    }
    Ok(rule)
}
